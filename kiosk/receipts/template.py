"""Receipt templates as data: what stands on which receipt is changed without touching code, and a mistake is named."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

from drivers.receipt_printer import Align

LANGUAGES = ("zh", "en")
"""Every text of a template is there in all of these."""

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_BRACE = re.compile(r"[{}]")

_T = TypeVar("_T")


class ReceiptTemplateError(Exception):
    """A template cannot be used; the message says where and why, for the person who wrote it."""


@dataclass(frozen=True)
class Line:
    """One element of a template. ``kind`` says which of the rest it uses; texts are by language.

    ``when`` names an optional value: without it the line is left out. A line that shows an optional value is left out
    too when that is absent.
    """

    kind: str
    text: Mapping[str, str]
    value: str = ""
    align: Align = Align.LEFT
    scale: int = 1
    bold: bool = False
    module: int = 6
    lines: int = 1
    widths: tuple[int, ...] = ()
    when: str = ""

    def placeholders(self) -> frozenset[str]:
        """Return the names of the values that the line shows."""
        return frozenset(name for text in (*self.text.values(), self.value) for name in _PLACEHOLDER.findall(text))


@dataclass(frozen=True)
class ReceiptTemplate:
    """A receipt: the values it must have, those it may have, and its lines from top to bottom."""

    name: str
    required: frozenset[str]
    optional: frozenset[str]
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class _Kind:
    needs: frozenset[str]
    may: frozenset[str] = frozenset()


_KINDS = {
    "text": _Kind(frozenset({"text"}), frozenset({"align", "scale", "bold"})),
    "field": _Kind(frozenset({"label", "value"}), frozenset({"bold"})),
    "number": _Kind(frozenset({"label", "value"})),
    "table": _Kind(frozenset({"value", "widths"})),
    "qr": _Kind(frozenset({"value"}), frozenset({"module"})),
    "rule": _Kind(frozenset()),
    "feed": _Kind(frozenset(), frozenset({"lines"})),
    "cut": _Kind(frozenset()),
}
"""Keys of each kind of line, besides ``kind`` and ``when``."""


def load(path: Path) -> ReceiptTemplate:
    """Read and check a template. Raises ``ReceiptTemplateError`` that names the file, the line and what is wrong."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ReceiptTemplateError(f"{path.name}: {error}") from error
    try:
        return _template(path.stem, table)
    except ReceiptTemplateError as error:
        raise ReceiptTemplateError(f"{path.name}: {error}") from error


def _template(name: str, table: Mapping[str, object]) -> ReceiptTemplate:
    _only(table, {"required", "optional", "line"}, "the file")
    required = _names(table, "required")
    optional = _names(table, "optional")
    _none(required & optional, "both required and optional")
    entries = table.get("line", [])
    if not isinstance(entries, list) or not entries:
        raise ReceiptTemplateError("there is no [[line]]")
    lines = tuple(_line(number, entry) for number, entry in enumerate(cast(list[object], entries), start=1))
    shown = frozenset[str]().union(*(line.placeholders() for line in lines))
    _none(shown - required - optional, "shown in a line, but neither required nor optional")
    _none(required - shown, "required, but shown in no line")
    conditions = frozenset(line.when for line in lines if line.when)
    _none(conditions - optional, "named by a `when`, but not optional")
    _none(optional - shown - conditions, "optional, but used in no line")
    return ReceiptTemplate(name, required, optional, lines)


def _line(number: int, entry: object) -> Line:
    where = f"line {number}"
    if not isinstance(entry, dict):
        raise ReceiptTemplateError(f"{where} is not a table")
    table = cast(dict[str, object], entry)
    kind = table.get("kind")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise ReceiptTemplateError(f"{where}: kind {kind!r}; there are {', '.join(_KINDS)}")
    where = f"{where} ({kind})"
    rule = _KINDS[kind]
    _only(table, rule.needs | rule.may | {"kind", "when"}, where)
    missing = sorted(rule.needs - table.keys())
    if missing:
        raise ReceiptTemplateError(f"{where}: {', '.join(missing)} missing")
    align = _read(table, "align", "left", str, where)
    if align not in tuple(Align):
        raise ReceiptTemplateError(f"{where}: align {align!r}; there are {', '.join(Align)}")
    scale = _read(table, "scale", 1, int, where)
    if scale not in (1, 2):
        raise ReceiptTemplateError(f"{where}: scale {scale}; there are 1 and 2")
    widths = _read(table, "widths", list[object](), list, where)
    columns = tuple(width for width in widths if isinstance(width, int))
    if len(columns) < len(widths):
        raise ReceiptTemplateError(f"{where}: widths are numbers of columns")
    return Line(
        kind=kind,
        text=_texts(table.get("text", table.get("label")), where),
        value=_braces(_read(table, "value", "", str, where), where),
        align=Align(align),
        scale=scale,
        bold=_read(table, "bold", False, bool, where),
        module=_read(table, "module", 6, int, where),
        lines=_read(table, "lines", 1, int, where),
        widths=columns,
        when=_read(table, "when", "", str, where),
    )


def _texts(value: object, where: str) -> Mapping[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ReceiptTemplateError(f"{where}: a text is a table such as {{ zh = ..., en = ... }}")
    table = cast(dict[str, object], value)
    _only(table, LANGUAGES, where)
    missing = [language for language in LANGUAGES if not isinstance(table.get(language), str)]
    if missing:
        raise ReceiptTemplateError(f"{where}: no text in {', '.join(missing)}")
    return {language: _braces(str(table[language]), where) for language in LANGUAGES}


def _braces(text: str, where: str) -> str:
    if _BRACE.search(_PLACEHOLDER.sub("", text)):
        raise ReceiptTemplateError(f"{where}: a placeholder is a name in small letters, such as {{project_no}}")
    return text


def _read(table: Mapping[str, object], key: str, default: _T, kind: type, where: str) -> _T:
    value = table.get(key, default)
    if type(value) is not kind:
        raise ReceiptTemplateError(f"{where}: {key} must be {kind.__name__}")
    return cast(_T, value)


def _names(table: Mapping[str, object], key: str) -> frozenset[str]:
    names = table.get(key, [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in cast(list[object], names)):
        raise ReceiptTemplateError(f"{key} must be a list of names")
    return frozenset(cast(list[str], names))


def _only(table: Mapping[str, object], known: Iterable[str], where: str) -> None:
    unknown = sorted(table.keys() - set(known))
    if unknown:
        raise ReceiptTemplateError(f"{where}: unknown key {', '.join(unknown)}")


def _none(names: frozenset[str], complaint: str) -> None:
    if names:
        raise ReceiptTemplateError(f"{', '.join(sorted(names))}: {complaint}")


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put values in the place of their placeholders; what is in a value is never taken for a placeholder."""
    return _PLACEHOLDER.sub(lambda match: values[match.group(1)], text)
