"""Virtual cards: what a card answers to each APDU, and how it misbehaves when a test wants that."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from drivers.card_reader import IdentityDocument
from drivers.cards import resident_id

_OK = b"\x90\x00"
_INSTRUCTION_NOT_SUPPORTED = b"\x6d\x00"
_PAGE = 256


@dataclass(frozen=True)
class CardFaults:
    """What goes wrong. APDUs count from 0 at each insertion; pages from 0.

    ``pull_at``: the card leaves the reader when that APDU arrives, without an answer. ``refuse_at``: that APDU (first
    number) gets that status word (second). ``garbage_page``: that page comes with every bit turned. ``short_page``:
    it comes without its last byte.
    """

    pull_at: int | None = None
    refuse_at: tuple[int, int] | None = None
    garbage_page: int | None = None
    short_page: int | None = None


class VirtualCard:
    """A card that knows no command at all: the base of the others."""

    atr = bytes.fromhex("3B00")

    def __init__(self, faults: CardFaults | None = None) -> None:
        self.faults = faults or CardFaults()

    def reset(self) -> None:
        """Forget what was selected and agreed on: the card was reset, or its power was off."""

    def respond(self, index: int, apdu: bytes) -> bytes | None:
        """Return the answer to the APDU number ``index`` since the insertion; None when the card is pulled instead."""
        if index == self.faults.pull_at:
            return None
        if self.faults.refuse_at is not None and index == self.faults.refuse_at[0]:
            return struct.pack(">H", self.faults.refuse_at[1])
        return self.execute(apdu)

    def execute(self, apdu: bytes) -> bytes:
        """Return data and status word of one command."""
        return _INSTRUCTION_NOT_SUPPORTED


class SamBackedCard(VirtualCard):
    """A resident card as a reader with a SAM inside shows it: six pages (see ``drivers.pcsc.profiles``)."""

    atr = bytes.fromhex("3B8B800153414D2052454144209000D7")

    def __init__(self, document: IdentityDocument, photo: bytes = b"", faults: CardFaults | None = None) -> None:
        super().__init__(faults)
        photo = (photo or document.photo).ljust(resident_id.PHOTO_LENGTH, b"\0")
        lengths = struct.pack(">HH", resident_id.TEXT_LENGTH, resident_id.PHOTO_LENGTH)
        self._stream = lengths + resident_id.encode(document) + photo

    def execute(self, apdu: bytes) -> bytes:
        """Serve one page; past the end ``6B00``."""
        if apdu[:2] != b"\xff\xb0":
            return _INSTRUCTION_NOT_SUPPORTED
        number = apdu[2]
        page = self._stream[number * _PAGE : (number + 1) * _PAGE]
        if not page:
            return b"\x6b\x00"
        if number == self.faults.garbage_page:
            page = bytes(byte ^ 0xFF for byte in page)
        if number == self.faults.short_page:
            page = page[:-1]
        return page + _OK


class PlainTypeBCard(VirtualCard):
    """A resident card on a reader without a SAM: it gives its chip's serial number and nothing of its holder."""

    atr = bytes.fromhex("3B888001D10386050080800058")

    def execute(self, apdu: bytes) -> bytes:
        """Answer ``00 36 00 00 08`` with eight bytes of serial number."""
        if apdu == bytes.fromhex("0036000008"):
            return bytes.fromhex("0102030405060708") + _OK
        return _INSTRUCTION_NOT_SUPPORTED


class UnknownCard(VirtualCard):
    """A contactless storage card, such as a bus card."""

    atr = bytes.fromhex("3B8F8001804F0CA000000306030001000000006A")
