"""What the chip of a resident card says: 256 bytes of text in four layouts, in and out, with no I/O.

Layouts (GA/T 490; offsets and lengths in bytes): UTF-16LE, padded with spaces. The character at offset 248 tells the
layout and is looked at first. Only whole identities leave this file: content that breaks its own rules is refused.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

from drivers.card_reader import CardRefused, DocumentKind, IdentityDocument
from drivers.cards.codes import NATIONS, SEX

TEXT_LENGTH = 256
PHOTO_LENGTH = 1024
ADDED_ADDRESS_LENGTH = 70
ADDED_ADDRESSES = 4
LONG_TERM = "长期"

_TYPE = slice(248, 250)
_KINDS = {
    " ": DocumentKind.RESIDENT,
    "J": DocumentKind.HMT_PERMIT,
    "I": DocumentKind.PERMANENT_RESIDENT_2017,
    "Y": DocumentKind.PERMANENT_RESIDENT_2023,
}
KINDS = tuple(_KINDS.values())
"""The kinds of card that share this chip."""

_PADDING = " \0"
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_HMT_PREFIXES = ("810000", "820000", "830000")


@dataclass(frozen=True)
class _Layout:
    """Where each field lies, as (offset, length) pieces that are joined *before* decoding.

    Joining first keeps a space or a surrogate pair whole that falls on the seam of two pieces.
    """

    fields: dict[str, tuple[tuple[int, int], ...]]
    required: tuple[str, ...]


_COMMON = {
    "name": ((0, 30),),
    "sex": ((30, 2),),
    "birth": ((36, 16),),
    "number": ((122, 36),),
    "valid_from": ((188, 16),),
    "valid_to": ((204, 16),),
}

_LAYOUTS = {
    DocumentKind.RESIDENT: _Layout(
        _COMMON | {"nation": ((32, 4),), "address": ((52, 70),), "issuer": ((158, 30),)},
        ("name", "address", "issuer"),
    ),
    DocumentKind.HMT_PERMIT: _Layout(
        _COMMON
        | {
            "address": ((52, 70),),
            "issuer": ((158, 30),),
            "pass_number": ((220, 18),),
            "issue_count": ((238, 4),),
        },
        ("name", "address", "issuer"),
    ),
    DocumentKind.PERMANENT_RESIDENT_2017: _Layout(
        {
            "name_en": ((0, 120),),
            "sex": ((120, 2),),
            "number": ((122, 30),),
            "nationality": ((152, 6),),
            "name": ((158, 30),),
            "valid_from": ((188, 16),),
            "valid_to": ((204, 16),),
            "birth": ((220, 16),),
            "issuer": ((240, 8),),
        },
        ("name_en",),
    ),
    DocumentKind.PERMANENT_RESIDENT_2023: _Layout(
        _COMMON
        | {
            "issue_count": ((32, 4),),
            "name_en": ((52, 70), (220, 22)),
            "nationality": ((242, 6),),
        },
        ("name_en",),
    ),
}


class _BrokenRuleError(Exception):
    """A field breaks its own rule; the message names field and rule, never the content."""


def check_digit(first17: str) -> str:
    """Return the 18th character of an identity number (GB 11643) for its first 17 digits."""
    if not re.fullmatch("[0-9]{17}", first17):
        raise ValueError("an identity number begins with 17 digits")
    return "10X98765432"[sum(int(digit) * weight for digit, weight in zip(first17, _WEIGHTS, strict=True)) % 11]


def parse(text: bytes, photo: bytes) -> IdentityDocument | CardRefused:
    """Read a card's text block (256 bytes) and WLT photo (1024 bytes, kept raw).

    Never raises on content: ``card.unknown`` for a layout we do not know, ``card.invalid_data`` for anything that
    breaks its own rules. The 2023 permanent resident card's number of renewals is given as ``issue_count``.
    """
    if len(text) != TEXT_LENGTH or len(photo) != PHOTO_LENGTH:
        return CardRefused("card.invalid_data", f"{len(text)} bytes of text, {len(photo)} of photo")
    kind = _KINDS.get(text[_TYPE].decode("utf-16-le", "replace"))
    if kind is None:
        return CardRefused("card.unknown", f"type character {int.from_bytes(text[_TYPE], 'little'):04X}")
    try:
        return _document(kind, text, photo)
    except _BrokenRuleError as broken:
        return CardRefused("card.invalid_data", str(broken))


def parse_added_address(data: bytes) -> str | CardRefused:
    """Return the newest of up to four addresses (70 bytes each) that were written after issue; empty when there is none."""
    if len(data) % ADDED_ADDRESS_LENGTH or len(data) > ADDED_ADDRESSES * ADDED_ADDRESS_LENGTH:
        return CardRefused("card.invalid_data", f"{len(data)} bytes of added addresses")
    try:
        addresses = [
            _text("added address", data[start : start + ADDED_ADDRESS_LENGTH])
            for start in range(0, len(data), ADDED_ADDRESS_LENGTH)
        ]
    except _BrokenRuleError as broken:
        return CardRefused("card.invalid_data", str(broken))
    return next((address for address in reversed(addresses) if address), "")


def encode(document: IdentityDocument) -> bytes:
    """Write a document as the 256 bytes of a virtual card, the exact inverse of ``parse``.

    Raises ``ValueError`` for a document that no card can hold (a name too long, a wrong check digit).
    """
    block = bytearray(" ".encode("utf-16-le") * (TEXT_LENGTH // 2))
    if document.kind not in KINDS:
        raise ValueError(f"{document.kind.value} card: does not have this chip")
    marker = next(character for character, kind in _KINDS.items() if kind is document.kind)
    block[_TYPE] = marker.encode("utf-16-le")
    for name, pieces in _LAYOUTS[document.kind].fields.items():
        encoded = _as_text(name, document).encode("utf-16-le", "surrogatepass")
        room = sum(length for _, length in pieces)
        if len(encoded) > room:
            raise ValueError(f"{document.kind.value} card: {name} takes {len(encoded)} bytes, has {room}")
        encoded += " ".encode("utf-16-le") * ((room - len(encoded)) // 2)
        for offset, length in pieces:
            block[offset : offset + length], encoded = encoded[:length], encoded[length:]
    read_back = parse(bytes(block), bytes(PHOTO_LENGTH))
    if isinstance(read_back, CardRefused):
        raise ValueError(f"{document.kind.value} card: {read_back.evidence}")
    elsewhere = ("photo", "added_address")
    lost = [
        name for name in vars(document) if name not in elsewhere and getattr(document, name) != getattr(read_back, name)
    ]
    if lost:
        raise ValueError(
            f"{document.kind.value} card: cannot hold {', '.join(lost)} (no such field, or spaces at its end)"
        )
    return bytes(block)


def _as_text(name: str, document: IdentityDocument) -> str:
    value: str | date | None = getattr(document, name)
    if value is None:
        return LONG_TERM
    return f"{value.year:04d}{value.month:02d}{value.day:02d}" if isinstance(value, date) else value


def _document(kind: DocumentKind, text: bytes, photo: bytes) -> IdentityDocument:
    layout = _LAYOUTS[kind]
    values = {
        name: _text(name, b"".join(text[offset : offset + length] for offset, length in pieces))
        for name, pieces in layout.fields.items()
    }
    for name in layout.required:
        if not values[name]:
            raise _BrokenRuleError(f"{name}: missing")
    _check_number(kind, values["number"])
    if values["sex"] not in SEX:
        raise _BrokenRuleError("sex: not a code of GB/T 2261.1")
    if "nation" in values and values["nation"] not in NATIONS:
        raise _BrokenRuleError("nation: not a code of GB/T 3304")
    if "nationality" in values and not re.fullmatch("[A-Z]{3}", values["nationality"]):
        raise _BrokenRuleError("nationality: not three letters")
    valid_from = _date("valid_from", values["valid_from"])
    valid_to = None if values["valid_to"] == LONG_TERM else _date("valid_to", values["valid_to"])
    if valid_to is not None and valid_to < valid_from:
        raise _BrokenRuleError("valid_to: before valid_from")
    return IdentityDocument(
        kind=kind,
        number=values["number"],
        name=values["name"],
        name_en=values.get("name_en", ""),
        sex=values["sex"],
        birth=_date("birth", values["birth"]),
        valid_from=valid_from,
        valid_to=valid_to,
        nation=values.get("nation", ""),
        nationality=values.get("nationality", ""),
        address=values.get("address", ""),
        issuer=values.get("issuer", ""),
        pass_number=values.get("pass_number", ""),
        issue_count=values.get("issue_count", ""),
        photo=photo,
    )


def _text(name: str, raw: bytes) -> str:
    try:
        value = raw.decode("utf-16-le").rstrip(_PADDING)
    except UnicodeDecodeError:
        # Half of a surrogate pair at the end of a field: the character was cut off, so the text is not whole.
        raise _BrokenRuleError(f"{name}: half a character") from None
    # Characters newer than our Unicode tables are let through: names come with characters of the latest extensions.
    if any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in value):
        raise _BrokenRuleError(f"{name}: control character")
    return value


def _date(name: str, value: str) -> date:
    if not re.fullmatch("[0-9]{8}", value):
        raise _BrokenRuleError(f"{name}: not eight digits")
    try:
        return date(int(value[:4]), int(value[4:6]), int(value[6:]))
    except ValueError:
        raise _BrokenRuleError(f"{name}: no such day") from None


def _check_number(kind: DocumentKind, number: str) -> None:
    if kind is DocumentKind.PERMANENT_RESIDENT_2017:
        if not re.fullmatch("[0-9A-Z]{15}", number):
            raise _BrokenRuleError("number: not 15 letters and digits")
        return
    if not re.fullmatch("[0-9]{17}[0-9X]", number):
        raise _BrokenRuleError("number: not 17 digits and a check digit")
    if check_digit(number[:17]) != number[17]:
        raise _BrokenRuleError("number: wrong check digit")
    if kind is DocumentKind.HMT_PERMIT and not number.startswith(_HMT_PREFIXES):
        raise _BrokenRuleError("number: not a prefix of Hong Kong, Macau or Taiwan")
    if kind is DocumentKind.PERMANENT_RESIDENT_2023 and not number.startswith("9"):
        raise _BrokenRuleError("number: does not begin with 9")
