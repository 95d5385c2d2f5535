"""Citizen files: invented people with their card and their answers, for the dock, the shell and the scripted citizen.

The format is documented in docs/citizen-files.md.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from drivers.card_reader import DocumentKind, IdentityDocument
from kiosk.config import ASSETS

LONG_TERM = "长期"

CITIZENS = ASSETS / "citizens"
"""The invented citizens that come with the terminal."""

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_HMT_PREFIXES = ("810000", "820000", "830000")


class CitizenFileError(Exception):
    """The file cannot be used; one line for each thing that is wrong, naming the file and the key."""


@dataclass(frozen=True, repr=False)
class Citizen:
    """One invented person: the card's content, the reader it is put on (``pcsc`` or ``sdt``), and answers to forms."""

    card: IdentityDocument
    reader: str
    answers: dict[str, str] = field(default_factory=dict[str, str])

    def __repr__(self) -> str:
        return f"Citizen({self.card.kind.value}, {self.reader}, ...)"


# What each kind's chip holds: key -> (room in UTF-16 units, whether it must be there). GA/T 490 layouts.
_COMMON = {"sex": (1, True), "birth": (8, True), "number": (18, True), "valid_from": (8, True), "valid_to": (8, True)}
_CHIPS: dict[DocumentKind, dict[str, tuple[int, bool]]] = {
    DocumentKind.RESIDENT: _COMMON
    | {"name": (15, True), "nation": (2, True), "address": (35, True), "issuer": (15, True)},
    DocumentKind.HMT_PERMIT: _COMMON
    | {
        "name": (15, True),
        "address": (35, True),
        "issuer": (15, True),
        "pass_number": (9, False),
        "issue_count": (2, False),
    },
    DocumentKind.PERMANENT_RESIDENT_2017: _COMMON
    | {
        "name": (15, False),
        "name_en": (60, True),
        "number": (15, True),
        "nationality": (3, True),
        "issuer": (4, False),
    },
    DocumentKind.PERMANENT_RESIDENT_2023: _COMMON
    | {"name": (15, False), "name_en": (46, True), "nationality": (3, True), "issue_count": (2, False)},
    DocumentKind.SOCIAL_SECURITY: _COMMON | {"name": (25, True), "nation": (2, True), "card_number": (9, True)},
}


def _codes(section: str) -> dict[str, str]:
    """Return every accepted spelling of a code (the code itself, its Chinese name, its English name) -> the code."""
    table = tomllib.loads((ASSETS / "codes" / "person.toml").read_text(encoding="utf-8"))
    spellings: dict[str, str] = {}
    for code, names in cast("dict[str, dict[str, str]]", table[section]).items():
        for spelling in (code, code.lstrip("0"), names["zh"], names["zh"] + "族", names["en"]):
            spellings.setdefault(spelling.casefold() or code, code)
    return spellings


_SEX = _codes("sex")
_NATIONS = _codes("nation")


def _text(value: object) -> object:
    """Take TOML integers for text, so that numbers need no quotation marks."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return value
    if any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in value):
        raise ValueError("holds a control character")
    return value.strip()


def _sex(value: object) -> object:
    return _spelled(value, _SEX, "a sex: 男, 女, male, female, or a code of GB/T 2261.1")


def _nation(value: object) -> object:
    return _spelled(value, _NATIONS, "a nation: its name (汉, Han) or its code of GB/T 3304")


def _spelled(value: object, spellings: dict[str, str], what: str) -> object:
    text = _text(value)
    if not isinstance(text, str) or not text:
        return text
    if text.casefold() not in spellings:
        raise ValueError(f"is not {what}")
    return spellings[text.casefold()]


def _day(value: object) -> object:
    if isinstance(value, date):
        return value  # a TOML date, or a date and time, of which pydantic then says what is wrong
    text = _text(value)
    if not isinstance(text, str) or not re.fullmatch(r"\d{4}-?\d\d-?\d\d", text, re.ASCII):
        raise ValueError("is not a day: write YYYYMMDD")
    digits = text.replace("-", "")
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        raise ValueError("no such day in the calendar") from None


def _day_or_long_term(value: object) -> object:
    return LONG_TERM if isinstance(value, str) and value.strip() == LONG_TERM else _day(value)


def _upper(value: object) -> object:
    text = _text(value)
    return text.upper() if isinstance(text, str) else text


def _two_digits(value: object) -> object:
    text = _text(value)
    if text == "":
        return text
    if isinstance(text, str) and re.fullmatch(r"\d{1,2}", text, re.ASCII):
        return text.zfill(2)
    raise ValueError("is not a number of at most two digits")


def _answer(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else _text(value)


_Text = Annotated[str, BeforeValidator(_text)]
_Day = Annotated[date, BeforeValidator(_day)]


class _CardTable(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: DocumentKind
    reader: Literal["pcsc", "sdt"] = "pcsc"
    number: Annotated[str, BeforeValidator(_upper)]
    name: _Text = ""
    name_en: _Text = ""
    sex: Annotated[str, BeforeValidator(_sex)]
    nation: Annotated[str, BeforeValidator(_nation)] = ""
    birth: _Day
    address: _Text = ""
    issuer: _Text = ""
    valid_from: _Day
    valid_to: Annotated[date | Literal["长期"], BeforeValidator(_day_or_long_term)]
    pass_number: Annotated[str, BeforeValidator(_upper)] = ""
    issue_count: Annotated[str, BeforeValidator(_two_digits)] = ""
    nationality: Annotated[str, BeforeValidator(_upper)] = ""
    card_number: Annotated[str, BeforeValidator(_upper)] = ""


class _CitizenFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    card: _CardTable
    answers: dict[str, Annotated[str, BeforeValidator(_answer)]] = {}


def check_digit(first17: str) -> str:
    """Return the 18th character of an identity number for its first 17 digits (GB 11643)."""
    return "10X98765432"[sum(int(digit) * weight for digit, weight in zip(first17, _WEIGHTS, strict=True)) % 11]


def load(path: Path) -> Citizen:
    """Read and check a citizen file. Raises ``CitizenFileError``."""
    try:
        return parse(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise CitizenFileError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise CitizenFileError(f"{path}: is not UTF-8: {error.reason}") from None


def parse(text: str, source: str) -> Citizen:
    """Check a citizen file's text; ``source`` names it in errors. Raises ``CitizenFileError``.

    Everything that is accepted here fits on the chip of its kind.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CitizenFileError(f"{source}: is not TOML: {error}") from None
    try:
        file = _CitizenFile.model_validate(data)
    except ValidationError as error:
        raise CitizenFileError("\n".join(_complaint(source, cast("Any", item)) for item in error.errors())) from None
    wrong = _misfits(file.card)
    if wrong:
        raise CitizenFileError("\n".join(f"{source}: card.{key}: {what}" for key, what in wrong))
    return Citizen(_document(file.card), file.card.reader, dict(file.answers))


def _complaint(source: str, item: dict[str, Any]) -> str:
    key = ".".join(str(part) for part in item["loc"])
    message = str(item["msg"]).removeprefix("Value error, ")
    if item["type"] == "missing":
        message = "is missing"
    elif item["type"] == "extra_forbidden":
        message = "is not a key of a citizen file"
    return f"{source}: {key}: {message}"


def _misfits(card: _CardTable) -> list[tuple[str, str]]:
    """Say what the chip of this kind could not hold, as (key, words)."""
    if card.kind not in _CHIPS:
        return [("kind", f"is not a card that training has: there are {', '.join(kind.value for kind in _CHIPS)}")]
    wrong: list[tuple[str, str]] = []
    for key, (room, required) in _CHIPS[card.kind].items():
        value = getattr(card, key)
        if required and value == "":
            wrong.append((key, f"is missing: a {card.kind.value} card has it"))
        elif isinstance(value, str) and len(value.encode("utf-16-le")) > 2 * room:
            wrong.append((key, f"is too long: a {card.kind.value} card has room for {room} characters"))
    if complaint := _wrong_number(card.kind, card.number):
        wrong.append(("number", complaint))
    if "nationality" in _CHIPS[card.kind] and card.nationality and not re.fullmatch("[A-Z]{3}", card.nationality):
        wrong.append(("nationality", "is not a country's three letters (ISO 3166 alpha-3), such as FRA"))
    if card.kind is DocumentKind.SOCIAL_SECURITY:
        if card.reader != "pcsc":
            wrong.append(("reader", "is not one that finds a social security card"))
        if card.valid_to == LONG_TERM:
            wrong.append(("valid_to", "is a day on a social security card"))
        if card.card_number and not re.fullmatch("[0-9A-Z]{9}", card.card_number):
            wrong.append(("card_number", "is not 9 letters and digits"))
    if isinstance(card.valid_to, date) and card.valid_to < card.valid_from:
        wrong.append(("valid_to", "is before valid_from"))
    return wrong


def _wrong_number(kind: DocumentKind, number: str) -> str:
    if kind is DocumentKind.PERMANENT_RESIDENT_2017:
        return "" if re.fullmatch("[0-9A-Z]{15}", number) else "is not 15 letters and digits"
    if not re.fullmatch("[0-9]{17}[0-9X]", number):
        return "is not 17 digits and a check digit"
    expected = check_digit(number[:17])
    if number[17] != expected:
        return f"has a wrong check digit: the last character must be {expected}"
    if kind is DocumentKind.HMT_PERMIT and not number.startswith(_HMT_PREFIXES):
        return f"does not begin with {', '.join(_HMT_PREFIXES)} (Hong Kong, Macau, Taiwan)"
    if kind is DocumentKind.PERMANENT_RESIDENT_2023 and not number.startswith("9"):
        return "does not begin with 9"
    return ""


def _document(card: _CardTable) -> IdentityDocument:
    """Build the identity, leaving out what the chip of this kind has no place for."""
    values: dict[str, Any] = {"name": "", "name_en": ""}
    values.update({key: getattr(card, key) for key in _CHIPS[card.kind]})
    if values["valid_to"] == LONG_TERM:
        values["valid_to"] = None
    return IdentityDocument(kind=card.kind, **values)
