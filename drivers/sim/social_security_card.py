"""A virtual social security card of any generation, with the quirks that real ones differ in."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.card_reader import IdentityDocument
from drivers.cards import social_security
from drivers.pcsc.social_security import APPLICATION
from drivers.sim.virtual_card import CardFaults, VirtualCard

VERSIONS = {1: "1.00", 2: "2.00", 3: "3.00"}
"""Generation -> what EF05 says."""

_EF05_NUMBERS = dict(enumerate(range(0x01, 0x08), start=1))
_EF06_NUMBERS = dict(enumerate((0x08, 0x09, 0x4E, 0x0A, 0x0B, 0x0C, 0x0D), start=1))
_SHORT_IDENTIFIERS = {0x28: "EF05", 0x30: "EF06"}
_BY_NUMBER, _BY_TAG = 0x04, 0x00

_OK = b"\x90\x00"
_NOT_FOUND, _NO_RECORD, _NOT_ALLOWED = b"\x6a\x82", b"\x6a\x83", b"\x69\x82"
_WRONG_PARAMETERS, _NOT_SUPPORTED = b"\x6a\x86", b"\x6d\x00"


@dataclass(frozen=True)
class Quirks:
    """How one model differs.

    ``select_p1``: the only P1 that selects a file below the application; None for no selection at all. ``ways``: the P2 of
    READ RECORD that it understands. ``exact_length``: it wants the exact Le and says so by ``6Cxx``. ``get_response``: it
    answers ``61xx`` and gives data to GET RESPONSE only.
    """

    select_p1: int | None = 0x00
    ways: frozenset[int] = frozenset({0x04, 0x00, 0x28, 0x30})
    exact_length: bool = False
    get_response: bool = False


class SocialSecurityCard(VirtualCard):
    """A card of this person; of the third generation it keeps all but records 01, 03 and 07 to itself."""

    atr = bytes.fromhex("3B8480015353433177")

    def __init__(
        self,
        document: IdentityDocument,
        generation: int = 2,
        quirks: Quirks | None = None,
        faults: CardFaults | None = None,
    ) -> None:
        super().__init__(faults)
        card_file, holder_file = social_security.encode(document, VERSIONS[generation])
        self._files = {"EF05": card_file, "EF06": holder_file}
        self._closed = generation == 3
        self._quirks = quirks or Quirks()
        self.reset()

    def reset(self) -> None:
        """Leave application and file."""
        self._in_application = False
        self._file = ""
        self._kept = b""

    def execute(self, apdu: bytes) -> bytes:
        """Select the application or a file, read a record, give what was kept."""
        if apdu[:2] == b"\x00\xa4":
            return self._select(apdu)
        if apdu[:2] == b"\x00\xc0" and self._kept:
            return self._kept + _OK
        if apdu[:2] == b"\x00\xb2" and self._in_application:
            return self._give(self._read(apdu[2], apdu[3]), apdu[4])
        return _NOT_SUPPORTED

    def _select(self, apdu: bytes) -> bytes:
        if apdu[2] == 0x04:
            self._in_application = apdu[5:] == APPLICATION
            return _OK if self._in_application else _NOT_FOUND
        if apdu[2] != self._quirks.select_p1 or not self._in_application:
            return _WRONG_PARAMETERS
        self._file = apdu[5:].hex().upper()
        return _OK if self._file in self._files else _NOT_FOUND

    def _read(self, p1: int, p2: int) -> bytes:
        if p2 not in self._quirks.ways:
            return _WRONG_PARAMETERS
        file = _SHORT_IDENTIFIERS.get(p2, self._file)
        if not file:
            return b"\x69\x86"  # no file selected
        numbers = _EF05_NUMBERS if file == "EF05" else _EF06_NUMBERS
        tag = numbers.get(p1, 0) if p2 == _BY_NUMBER else p1
        value = self._files[file].get(tag)
        if value is None:
            return _NO_RECORD
        if self._closed and tag not in social_security.FREE_OF_THIRD:
            return _NOT_ALLOWED
        return bytes([tag, len(value)]) + value + _OK

    def _give(self, answer: bytes, expected: int) -> bytes:
        length = len(answer) - 2
        if not length:
            return answer
        if self._quirks.exact_length and expected != length:
            return bytes([0x6C, length])
        if self._quirks.get_response:
            self._kept = answer[:-2]
            return bytes([0x61, length])
        return answer
