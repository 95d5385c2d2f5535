"""How the test page should look, as a picture beside the question whether it does, and in the report."""

from __future__ import annotations

import io
from typing import Any

from drivers.escpos.dot_font import COLUMN_DOTS, GLYPH_DOTS, DotFont
from drivers.escpos.layout import columns_of, wrap
from drivers.receipt_printer import Align, QrCode, ReceiptDocument, Rule, Text

_LINE_DOTS = 30
_MARGIN = 24


def picture(document: ReceiptDocument, columns: int, font: DotFont) -> bytes:
    """Return a PNG of the texts, rules and codes of a document on paper of so many columns, in the dots of a printer's font."""
    from PIL import Image

    parts = [part for element in document.elements for part in _drawn(element, columns, font)]
    width = columns * COLUMN_DOTS + 2 * _MARGIN
    paper = Image.new("L", (width, sum(part.height for part in parts) + 2 * _MARGIN), 255)
    top = _MARGIN
    for part in parts:
        paper.paste(0, (_MARGIN + (columns * COLUMN_DOTS - part.width) // 2, top), part)
        top += part.height
    png = io.BytesIO()
    paper.save(png, "PNG", optimize=True)
    return png.getvalue()


def _drawn(element: object, columns: int, font: DotFont) -> list[Any]:
    """Return the masks (ink is 255) that one element needs, from top to bottom; those narrower than the paper are centred."""
    from PIL import Image

    width = columns * COLUMN_DOTS
    match element:
        case Text(text=text, align=align, scale=scale):
            return [_line(line, width, align, scale, font) for line in wrap(text, columns // scale)]
        case Rule():
            mask = Image.new("1", (width, _LINE_DOTS), 0)
            mask.paste(255, (0, _LINE_DOTS // 2, width, _LINE_DOTS // 2 + 2))
            return [mask]
        case QrCode(data=data, module=module):
            return [_code(data, module)]
        case _:
            return []


def _line(text: str, width: int, align: Align, scale: int, font: DotFont) -> Any:
    from PIL import Image

    drawn = Image.new("1", (max(1, sum(columns_of(each) for each in text) * COLUMN_DOTS), GLYPH_DOTS), 0)
    left = 0
    for character in text:
        glyph = font.glyph(character, columns_of(character))
        drawn.paste(glyph, (left, 0))
        left += glyph.width
    drawn = drawn.resize((drawn.width * scale, drawn.height * scale))
    mask = Image.new("1", (width, _LINE_DOTS * scale), 0)
    start = {Align.LEFT: 0, Align.CENTRE: (width - drawn.width) // 2, Align.RIGHT: width - drawn.width}[align]
    mask.paste(drawn, (start, 0))
    return mask


def _code(data: str, module: int) -> Any:
    import qrcode
    from PIL import Image

    code = qrcode.QRCode(box_size=module, border=2)
    code.add_data(data)
    rows = code.get_matrix()
    mask = Image.new("1", (len(rows[0]), len(rows)), 0)
    mask.putdata([255 if dark else 0 for row in rows for dark in row])
    return mask.resize((mask.width * module, mask.height * module))
