"""What the chip of a social security card says: the records of EF05 and EF06, in and out, with no I/O.

A record is tag, length, value (one byte each for tag and length). Tags and lengths as public sources give them; tried on
virtual cards only. Only whole identities leave this file: content that breaks its own rules is refused.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date

from drivers.card_reader import CardRefused, DocumentKind, IdentityDocument
from drivers.cards.codes import NATIONS, SEX
from drivers.cards.resident_id import check_digit

IDENTIFICATION, CATEGORY, VERSION, ORGANISATION, ISSUED, EXPIRES, CARD_NUMBER = range(0x01, 0x08)
"""EF05: card identification code (16 bytes BCD, the first 6 digits are the region), category (1), version (4 ASCII),
issuing organisation (12 BCD), issued and expires (4 BCD, yyyymmdd), card number (9 ASCII)."""

NUMBER, NAME, SEX_CODE, NATION, BIRTHPLACE, BIRTH, NAME_CONTINUED = 0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x4E
"""EF06: social security number (18 ASCII), name (30 bytes GBK, padded with 00), sex (1 ASCII), nation (1 BCD), birthplace
(3 BCD), birth (4 BCD), the name's continuation (20 GBK), which may be absent."""

_LENGTHS = {
    IDENTIFICATION: 16, CATEGORY: 1, VERSION: 4, ORGANISATION: 12, ISSUED: 4, EXPIRES: 4, CARD_NUMBER: 9,
    NUMBER: 18, NAME: 30, SEX_CODE: 1, NATION: 1, BIRTHPLACE: 3, BIRTH: 4, NAME_CONTINUED: 20,
}  # fmt: skip

CARD_FILE_TAGS = (VERSION, IDENTIFICATION, CARD_NUMBER, ORGANISATION, ISSUED, EXPIRES)
FREE_OF_THIRD = (IDENTIFICATION, VERSION, CARD_NUMBER)
"""All that a third generation card gives without mutual authentication."""
HOLDER_FILE_TAGS = (NUMBER, NAME, SEX_CODE, NATION, BIRTH)
"""What an identity needs of EF06."""

_PADDING = b"\0"
Records = Mapping[int, bytes]
"""Tag -> value."""


class _BrokenRuleError(Exception):
    """A record breaks its own rule; the message names record and rule, never the content."""


def record(answer: bytes) -> tuple[int, bytes] | None:
    """Take one record apart into tag and value; None when it is shorter than it says. What follows it is not looked at."""
    if len(answer) < 2 or len(answer) < 2 + answer[1]:
        return None
    return answer[0], answer[2 : 2 + answer[1]]


def may_continue(name: bytes) -> bool:
    """Whether the name record leaves no room for another character, so that 4E may hold the rest."""
    return len(name.rstrip(_PADDING)) >= _LENGTHS[NAME] - 1


def is_third_generation(version: bytes) -> bool:
    """Whether EF05's version record is that of a third generation card, which begins with ``3``."""
    return version.startswith(b"3")


def refuse_third_generation(card_file: Records) -> CardRefused:
    """Say what the free records say of the card, without its number."""
    region = card_file.get(IDENTIFICATION, b"")[:3].hex()
    version = card_file.get(VERSION, b"")
    return CardRefused(
        "card.social_security_third", f"version {_printable(version)}, region {_printable(region.encode())}"
    )


def parse(card_file: Records, holder_file: Records) -> IdentityDocument | CardRefused:
    """Put EF05 and EF06 together to an identity.

    Never raises on content: ``card.social_security_third`` for a third generation card, ``card.invalid_data`` for anything
    that lacks or breaks its own rules. ``valid_from`` is the day of issue; ``issuer`` the organisation's digits.
    """
    if is_third_generation(card_file.get(VERSION, b"")):
        return refuse_third_generation(card_file)
    try:
        return _document(card_file, holder_file)
    except _BrokenRuleError as broken:
        return CardRefused("card.invalid_data", str(broken))


def encode(document: IdentityDocument, version: str = "2.00") -> tuple[dict[int, bytes], dict[int, bytes]]:
    """Write a document as EF05 and EF06 of a virtual card, the inverse of ``parse``; a short name has no 4E record.

    Raises ``ValueError`` for a document that no such card can hold.
    """
    name = document.name.encode("gb18030")
    issuer = document.issuer or "0" * 24
    valid_from, valid_to = document.valid_from, document.valid_to
    if valid_from is None or valid_to is None or not re.fullmatch("[0-9]{24}", issuer):
        raise ValueError("social_security card: has a validity and an issuer of 24 digits")
    card_file = {
        IDENTIFICATION: bytes.fromhex(document.number[:6].ljust(32, "0")),
        CATEGORY: b"1",
        VERSION: version.encode("ascii"),
        ORGANISATION: bytes.fromhex(issuer),
        ISSUED: _as_bcd(valid_from),
        EXPIRES: _as_bcd(valid_to),
        CARD_NUMBER: document.card_number.encode("ascii"),
    }
    holder_file = {
        NUMBER: document.number.encode("ascii"),
        NAME: name[:30].ljust(30, _PADDING),
        SEX_CODE: document.sex.encode("ascii"),
        NATION: bytes.fromhex(document.nation or "00"),
        BIRTHPLACE: bytes.fromhex(document.number[:6]),
        BIRTH: _as_bcd(document.birth),
    }
    if name[30:]:
        holder_file[NAME_CONTINUED] = name[30:].ljust(20, _PADDING)
    read_back = parse(card_file | {VERSION: b"2.00"}, holder_file)
    if isinstance(read_back, CardRefused):
        raise ValueError(f"social_security card: {read_back.evidence}")
    lost = [
        field
        for field in vars(document)
        if field not in ("photo", "issuer") and getattr(document, field) != getattr(read_back, field)
    ]
    if lost:
        raise ValueError(f"social_security card: cannot hold {', '.join(lost)}")
    return card_file, holder_file


def _document(card_file: Records, holder_file: Records) -> IdentityDocument:
    number = _ascii("number", holder_file, NUMBER)
    if not re.fullmatch("[0-9]{17}[0-9X]", number):
        raise _BrokenRuleError("number: not 17 digits and a check digit")
    if check_digit(number[:17]) != number[17]:
        raise _BrokenRuleError("number: wrong check digit")
    valid_from, valid_to = _date("issued", card_file, ISSUED), _date("expires", card_file, EXPIRES)
    if valid_to < valid_from:
        raise _BrokenRuleError("expires: before issued")
    nation = _value("nation", holder_file, NATION).hex()
    if nation not in NATIONS:
        raise _BrokenRuleError("nation: not a code of GB/T 3304")
    return IdentityDocument(
        kind=DocumentKind.SOCIAL_SECURITY,
        number=number,
        name=_name(holder_file),
        name_en="",
        sex=_sex(holder_file),
        birth=_date("birth", holder_file, BIRTH),
        valid_from=valid_from,
        valid_to=valid_to,
        nation=nation,
        issuer=_value("organisation", card_file, ORGANISATION).hex(),
        card_number=_ascii("card number", card_file, CARD_NUMBER),
    )


def _value(name: str, records: Records, tag: int) -> bytes:
    value = records.get(tag)
    if value is None:
        raise _BrokenRuleError(f"{name}: missing")
    if len(value) != _LENGTHS[tag]:
        raise _BrokenRuleError(f"{name}: {len(value)} bytes, not {_LENGTHS[tag]}")
    return value


def _ascii(name: str, records: Records, tag: int) -> str:
    value = _value(name, records, tag).rstrip(b" \0")
    if not value or not all(0x21 <= byte <= 0x7E for byte in value):
        raise _BrokenRuleError(f"{name}: not plain characters")
    return value.decode("ascii")


def _name(records: Records) -> str:
    # Joined before decoding: a character may lie on the seam. No second byte of GBK is 00, so padding is padding.
    raw = _value("name", records, NAME).rstrip(_PADDING)
    if NAME_CONTINUED in records:
        raw += _value("name continued", records, NAME_CONTINUED).rstrip(_PADDING)
    try:
        name = raw.decode("gb18030").rstrip(" ")  # GBK, and what GB 18030 adds to it
    except UnicodeDecodeError:
        raise _BrokenRuleError("name: not GBK") from None
    if not name:
        raise _BrokenRuleError("name: missing")
    # A private-use character is a shape that only the issuing town knew: shown here it would be another one, or a box.
    if any(unicodedata.category(character) in ("Cc", "Co", "Zl", "Zp") for character in name):
        raise _BrokenRuleError("name: control or private-use character")
    return name


def _sex(records: Records) -> str:
    value = _ascii("sex", records, SEX_CODE)
    if value not in SEX:
        raise _BrokenRuleError("sex: not a code of GB/T 2261.1")
    return value


def _date(name: str, records: Records, tag: int) -> date:
    digits = _value(name, records, tag).hex()
    if not digits.isdecimal():
        raise _BrokenRuleError(f"{name}: not eight digits")
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        raise _BrokenRuleError(f"{name}: no such day") from None


def _as_bcd(day: date) -> bytes:
    return bytes.fromhex(f"{day.year:04d}{day.month:02d}{day.day:02d}")


def _printable(value: bytes) -> str:
    return "".join(chr(byte) if 0x21 <= byte <= 0x7E else "." for byte in value)
