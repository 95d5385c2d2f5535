"""The bytes of a receipt, and what a printer that reads them independently puts on paper."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import qrcode
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from printer_bench import RECEIPT, picture

from drivers.escpos.commands import qr
from drivers.escpos.dot_font import DotFont
from drivers.escpos.encode import ReceiptEncoder
from drivers.escpos.layout import clean, wrap
from drivers.receipt_printer import Align, Cell, Columns, Cut, Feed, QrCode, ReceiptDocument, Rule, Text
from drivers.sim.paper import KNIFE_DOTS, Sheet

Draw = Callable[[bytes], Sheet]
RARE = "𠮷㛃㙍𪨊㐱龦"


def ink(png: bytes) -> np.ndarray:
    """Return the paper as an array, True where it is black."""
    return np.asarray(picture(png)) < 128


def test_a_job_starts_clean_and_chinese_is_sent_in_kanji_mode(encoder: ReceiptEncoder):
    data = encoder.encode(ReceiptDocument((Text("张伟样 1"), Text("plain"), Cut())))
    assert data.startswith(b"\x1b@")
    assert b"\x1c&" + "张伟样 1".encode("gb18030") + b"\n" in data
    assert b"\x1c.plain\n" in data
    assert data.endswith(b"\x1dV\x00")


@pytest.mark.parametrize("character", RARE)
def test_rare_characters_are_never_sent_as_text(encoder: ReceiptEncoder, character: str):
    data = encoder.encode(ReceiptDocument((Text(f"张{character}样"),)))
    assert character.encode("gb18030") not in data
    assert b"\x1dv0" in data


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("align", list(Align))
def test_a_line_with_rare_characters_reads_in_order_and_aligned(
    encoder: ReceiptEncoder, draw: Draw, fonts: Path, align: Align, scale: int
):
    """The drawn line must be, dot for dot, where and what the printer's own font would have put there."""
    line = f"李{RARE}A1样"
    sheet = draw(encoder.encode(ReceiptDocument((Text(line, align, scale),))))
    font = DotFont(fonts)
    glyphs = [np.asarray(font.glyph(c, 1 if c.isascii() else 2)) for c in line]
    expected = np.concatenate(glyphs, axis=1).repeat(scale, 0).repeat(scale, 1)
    spare = 576 - expected.shape[1]
    left = {Align.LEFT: 0, Align.CENTRE: spare // 2, Align.RIGHT: spare}[align]
    page = ink(sheet.png)[KNIFE_DOTS:]
    assert (page[: expected.shape[0], left : left + expected.shape[1]] == expected).all()
    assert page.sum() == expected.sum()


def test_a_drawn_line_takes_the_height_of_a_text_line(encoder: ReceiptEncoder, draw: Draw):
    heights = [
        picture(draw(encoder.encode(ReceiptDocument((Text(name), Text("样"))))).png).height for name in ("张", "𠮷")
    ]
    assert heights[0] == heights[1]


def test_four_byte_characters_sent_as_text_come_out_as_garbage(draw: Draw):
    """The virtual printer knows the two-byte areas alone, like many real ones: otherwise it would hide the defect."""
    sheet = draw(b"\x1b@\x1c&" + "张𠮷样".encode("gb18030") + b"\n")
    assert sheet.lines[0].startswith("张")
    assert "𠮷" not in sheet.lines[0]


def test_chinese_outside_of_kanji_mode_comes_out_as_garbage(draw: Draw):
    assert "张" not in draw(b"\x1b@" + "张".encode("gb18030") + b"\n").lines[0]
    assert draw(b"\x1b@\x1c&" + "张".encode("gb18030") + b"\n").lines == ("张",)


def test_settings_reach_the_paper(encoder: ReceiptEncoder, draw: Draw):
    def dots(*texts: Text) -> int:
        return int(ink(draw(encoder.encode(ReceiptDocument(texts))).png).sum())

    assert dots(Text("样", scale=2)) == 4 * dots(Text("样"))
    assert dots(Text("样", bold=True)) > 1.2 * dots(Text("样"))
    assert dots(Text("样", bold=True), Text("样")) == dots(Text("样", bold=True)) + dots(Text("样"))


@pytest.mark.parametrize("align", list(Align))
def test_alignment_reaches_the_paper(encoder: ReceiptEncoder, draw: Draw, align: Align):
    columns = np.flatnonzero(ink(draw(encoder.encode(ReceiptDocument((Text("样样", align),)))).png).any(axis=0))
    middle = (columns[0] + columns[-1]) / 2
    assert abs(middle - {Align.LEFT: 24, Align.CENTRE: 288, Align.RIGHT: 552}[align]) < 4


def test_rule_runs_over_the_whole_width_and_columns_stand_under_each_other(encoder: ReceiptEncoder, draw: Draw):
    document = ReceiptDocument(
        (Rule(), Columns((Cell("申请人", 20), Cell("张伟样"))), Columns((Cell("Name", 20), Cell("𠮷样"))), Feed(2))
    )
    page = ink(draw(encoder.encode(document)).png)[KNIFE_DOTS:]
    assert page[:30].any(axis=0).all()
    for top in (30, 60):
        assert page[top : top + 30, 240:].any()
        assert not page[top : top + 30, 120:240].any()
    assert page.shape[0] == 5 * 30


@pytest.mark.parametrize("data", ["11430600MB1234567X4000123456789202503140042", "办件 𠮷", "x" * 600])
def test_the_code_on_the_paper_is_the_code_that_was_asked_for(encoder: ReceiptEncoder, draw: Draw, data: str):
    sheet = draw(encoder.encode(ReceiptDocument((Text("上"), QrCode(data), Text("下"), Cut()))))
    found = zxingcpp.read_barcodes(picture(sheet.png))
    assert [code.text for code in found] == [data]
    assert sheet.lines == ("上", "[qr]", "下")


def test_a_code_wider_than_the_paper_gets_smaller_modules_and_too_much_data_is_refused():
    assert b"\x1d(k\x03\x001C\x06" in qr("x" * 40, 6)
    assert b"\x1d(k\x03\x001C\x03" in qr("x" * 2331, 6)
    for data in ("", "x" * 2332):
        with pytest.raises(ValueError, match="QR"):
            qr(data, 6)


@pytest.mark.parametrize("size", [14, 15, 62, 63, 213, 214, 666, 1000, 2331])
def test_the_table_of_sizes_agrees_with_a_second_source(size: int):
    version = qrcode.util.BIT_LIMIT_TABLE[qrcode.constants.ERROR_CORRECT_M]
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M)
    code.add_data(b"x" * size, optimize=0)
    widest = 576 // (17 + 4 * code.best_fit())
    assert len(version) == 41
    assert b"\x1d(k\x03\x001C" + bytes((min(16, widest),)) in qr("x" * size, 16)


def test_a_citizen_cannot_send_commands(encoder: ReceiptEncoder):
    plain = encoder.encode(ReceiptDocument((Text("张样"),)))
    hostile = encoder.encode(ReceiptDocument((Text("张\x1b\x10\x14\x08\x1d\x00\u202e样"),)))
    assert hostile == plain


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.sampled_from(Align), st.sampled_from([1, 2]))
def test_any_text_can_be_printed_and_nothing_runs_over_the_edge(
    encoder: ReceiptEncoder, draw: Draw, covers: Callable[[str], bool], text: str, align: Align, scale: int
):
    sheet = draw(encoder.encode(ReceiptDocument((Text(text, align, scale), Cut()))))
    assert picture(sheet.png).width == 576
    # A line that is too wide would be broken again by the printer: then there are more lines than were sent.
    assert len(sheet.lines) == len(wrap(clean(text, covers), 48 // scale))


def test_unknown_scale_is_refused(encoder: ReceiptEncoder):
    with pytest.raises(ValueError, match="scale"):
        encoder.encode(ReceiptDocument((Text("x", scale=3),)))


def test_a_repr_of_a_receipt_tells_nothing_about_the_citizen():
    assert "张" not in repr(RECEIPT)


def test_the_library_s_cache_does_not_pile_up_in_the_temporary_directory(tmp_path: Path):
    ask = "from drivers.escpos.commands import feed; assert feed(3) == b'\\x1bd\\x03'; assert feed(2) == b'\\x1bd\\x02'"
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    for _ in range(2):
        subprocess.run([sys.executable, "-c", ask], env=environment, check=True, timeout=60)
    assert list(tmp_path.iterdir()) == []
    kept = tmp_path / "kept"
    kept.mkdir()
    subprocess.run(
        [sys.executable, "-c", ask],
        env=environment | {"ESCPOS_CAPABILITIES_PICKLE_DIR": str(kept)},
        check=True,
        timeout=60,
    )
    assert [file.suffix for file in kept.iterdir()] == [".pickle"]
