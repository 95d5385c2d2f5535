"""Reads a social security card through PC/SC: selects the application, then EF05 and EF06 record by record.

Cards differ in how a file is selected and a record asked for, so what is asked for in one way and not given is asked for in
the next. Byte values were read in public sources and tried on virtual cards only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from drivers.card_reader import CardRefused, IdentityDocument
from drivers.cards import social_security
from drivers.pcsc.apdu import Card, exchange, selects

APPLICATION = bytes.fromhex("7378312E73682EC9E7BBE1B1A3D5CF")
"""``sx1.sh.社会保障`` in GBK."""

_SELECT_APPLICATION = b"\x00\xa4\x04\x00" + bytes([len(APPLICATION)]) + APPLICATION
_BY_NUMBER, _BY_TAG = 0x04, 0x00  # P2 of READ RECORD
_CONTINUATION_NUMBER = 3  # between 2 = 09 and 4 = 0A
_NO_SUCH_RECORD = ("SW 6A83", "SW 6A88")


@dataclass(frozen=True)
class _File:
    """One file: its identifier, the P2 that reads it by its short identifier, how many records it has at most, their tags."""

    identifier: bytes
    by_short_identifier: int
    records: int
    tags: tuple[int, ...]


_CARD_FILE = _File(b"\xef\x05", 0x28, 7, social_security.CARD_FILE_TAGS)
# The number of a record of EF06 is not its tag (1 = 08, 2 = 09, 4 = 0A, 5 = 0B, 7 = 0D), so all are read and told by tag.
_HOLDER_FILE = _File(b"\xef\x06", 0x30, 7, social_security.HOLDER_FILE_TAGS)


def recognises(card: Card) -> bool:
    """Whether the card has the social security application; it is selected then."""
    return selects(card.transmit, _SELECT_APPLICATION)


def read(card: Card) -> IdentityDocument | CardRefused:
    """Read a first or second generation card; a third generation card is refused with what it gives freely."""
    card_file = _read_file(card, _CARD_FILE)
    if isinstance(card_file, CardRefused):
        return card_file
    if social_security.is_third_generation(card_file.get(social_security.VERSION, b"")):
        return social_security.refuse_third_generation(card_file)
    holder_file = _read_file(card, _HOLDER_FILE)
    if isinstance(holder_file, CardRefused):
        return holder_file
    cut_short = _read_continuation(card, holder_file)
    if cut_short is not None:
        return cut_short
    return social_security.parse(card_file, holder_file)


def _read_file(card: Card, file: _File) -> dict[int, bytes] | CardRefused:
    """Read every record that the card gives. ``card.unreadable`` when it gives none, with its last refusal."""
    found: dict[int, bytes] = {}
    refused = CardRefused("card.unreadable", "no record")
    # Some cards select a file below the application with P1=02 only.
    if any(selects(card.transmit, b"\x00\xa4" + p1 + b"\x00\x02" + file.identifier) for p1 in (b"\x00", b"\x02")):
        refused = _collect(card, ((number, _BY_NUMBER) for number in range(1, file.records + 1)), found) or refused
        refused = _collect(card, ((tag, _BY_TAG) for tag in _missing(file, found)), found) or refused
    refused = _collect(card, ((tag, file.by_short_identifier) for tag in _missing(file, found)), found) or refused
    return found or refused


def _missing(file: _File, found: dict[int, bytes]) -> tuple[int, ...]:
    """What is still to be asked for: of a third generation card only what it gives without authentication."""
    if social_security.is_third_generation(found.get(social_security.VERSION, b"")):
        return tuple(tag for tag in social_security.FREE_OF_THIRD if tag not in found)
    return tuple(tag for tag in file.tags if tag not in found)


def _read_continuation(card: Card, found: dict[int, bytes]) -> CardRefused | None:
    """Read the rest of a name that fills its record. It may be absent, but only the card's own word counts for that."""
    tag = social_security.NAME_CONTINUED
    if tag in found or not social_security.may_continue(found.get(social_security.NAME, b"")):
        return None
    absent = False
    for way in ((_CONTINUATION_NUMBER, _BY_NUMBER), (tag, _BY_TAG), (tag, _HOLDER_FILE.by_short_identifier)):
        refused = _collect(card, (way,), found)
        if tag in found:
            return None
        absent = absent or (refused is not None and refused.evidence in _NO_SUCH_RECORD)
    return None if absent else CardRefused("card.unreadable", "the name may go on and the card does not say")


def _collect(card: Card, ways: Iterable[tuple[int, int]], found: dict[int, bytes]) -> CardRefused | None:
    """Ask for records by (P1, P2) and put them into ``found`` by their own tags; return the last refusal."""
    refused: CardRefused | None = None
    for p1, p2 in ways:
        answer = exchange(card.transmit, bytes([0x00, 0xB2, p1, p2, 0x00]))
        if isinstance(answer, CardRefused):
            refused = answer
            continue
        record = social_security.record(answer)
        if record is None:
            refused = CardRefused("card.unreadable", f"a record of {len(answer)} bytes that breaks off")
            continue
        tag, value = record
        found.setdefault(tag, value)
    return refused
