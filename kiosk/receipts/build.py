"""Makes the document that a printer prints from a template and one citizen's values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from drivers.receipt_printer import Align, Cell, Columns, Cut, Element, Feed, QrCode, ReceiptDocument, Rule, Text
from kiosk.receipts.template import LANGUAGES, Line, ReceiptTemplate, ReceiptTemplateError, fill

_LABEL_COLUMNS = 20
"""Columns for the two-language label of a field; the value has what is left of the line."""


def build(template: ReceiptTemplate, language: str, values: Mapping[str, str]) -> ReceiptDocument:
    """Fill a template. Labels stand in both languages, the citizen's first; texts stand in the citizen's alone.

    A ``table`` takes a value with a row a line, its cells parted by tabs. An optional value that is absent or empty
    leaves its lines out. Raises ``ReceiptTemplateError`` for a required value that is missing or empty, a value that
    the template does not know, and a language that there is not; the values themselves are never in the message.
    """
    if language not in LANGUAGES:
        raise ReceiptTemplateError(f"{template.name}: language {language!r}; there are {', '.join(LANGUAGES)}")
    present = {name for name, value in values.items() if value}
    missing = sorted(template.required - present)
    if missing:
        raise ReceiptTemplateError(f"{template.name}: no value for {', '.join(missing)}")
    unknown = sorted(values.keys() - template.required - template.optional)
    if unknown:
        raise ReceiptTemplateError(f"{template.name}: unknown value {', '.join(unknown)}")
    shown = (
        line for line in template.lines if line.placeholders() <= present and (not line.when or line.when in present)
    )
    return ReceiptDocument(tuple(element for line in shown for element in _elements(line, language, values)))


def _elements(line: Line, language: str, values: Mapping[str, str]) -> Iterator[Element]:
    value = fill(line.value, values)
    match line.kind:
        case "text":
            yield Text(fill(line.text[language], values), line.align, line.scale, line.bold)
        case "field":
            yield Columns((Cell(_label(line, language), _LABEL_COLUMNS), Cell(value)))
        case "number":
            yield Text(_label(line, language), Align.CENTRE)
            yield Text(value, Align.CENTRE, bold=True)
        case "table":
            for row in value.split("\n"):
                cells = row.split("\t")
                widths = (*line.widths, *(0 for _ in cells[len(line.widths) :]))
                yield Columns(tuple(Cell(text, width) for text, width in zip(cells, widths, strict=False)))
        case "qr":
            yield QrCode(value, line.module)
        case "rule":
            yield Rule()
        case "feed":
            yield Feed(line.lines)
        case "cut":
            yield Cut()
        case _:
            raise ValueError(f"a template has no lines of kind {line.kind}")


def _label(line: Line, language: str) -> str:
    others = (text for other, text in line.text.items() if other != language)
    return " ".join((line.text[language], *others))
