"""The chip of a travel document: commands with or without secure messaging, and whole files read in short parts."""

from __future__ import annotations

from collections.abc import Callable

from drivers.base import Deadline
from drivers.travel_document import tlv
from drivers.travel_document.secure_messaging import SecureMessaging, SecureMessagingError

OK = 0x9000
APPLICATION = bytes.fromhex("A0000002471001")
"""The application of travel documents (ICAO Doc 9303 part 10, 3.6)."""

_SELECT_MASTER_FILE = bytes.fromhex("00A4000C")
_SELECT_APPLICATION = bytes.fromhex("00A4040C")
_SELECT_FILE = bytes.fromhex("00A4020C")
_GET_RESPONSE = bytes.fromhex("00C00000")
_MORE_DATA, _WRONG_LENGTH = 0x61, 0x6C
_MOST_PARTS = 4  # of one answer; a chip that promises more data for ever is not believed

# One protected answer must fit 256 bytes: cryptogram, status and checksum take 31 bytes more than the data (AES).
_PART = 0xDF
_AROUND = 4  # tag and length that the odd form puts before the data
_HEAD = 8  # enough for any file's tag and length
_FAR = 0x8000  # from here on an offset does not fit READ BINARY, and its odd form takes it as data


class ChipError(Exception):
    """The chip did not do what was asked for: a status word, or an answer that breaks the rules.

    ``status`` is the status word or 0. The message holds no personal data.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(f"{message}: SW {status:04X}" if status else message)
        self.status = status


class Chip:
    """One chip; ``messaging`` is set once the keys are agreed. ``transmit`` sends one APDU and may raise."""

    def __init__(self, transmit: Callable[[bytes], bytes], deadline: Deadline) -> None:
        self.messaging: SecureMessaging | None = None
        self._transmit = transmit
        self._deadline = deadline

    def command(self, header: bytes, data: bytes = b"", expected: int | None = None) -> tuple[bytes, int]:
        """Send a command (``header`` is CLA INS P1 P2) and return data and status word.

        Raises ``ChipError`` for an answer that cannot be believed and at the deadline.
        """
        if self.messaging is None:
            body = bytes([len(data)]) + data if data else b""
            return self._exchange(header + body + (b"" if expected is None else bytes([expected])))
        answer, status = self._exchange(self.messaging.protect(header, data, expected))
        if not answer:
            raise ChipError("the chip ended the session", status)
        try:
            return self.messaging.open(answer)
        except SecureMessagingError as error:
            raise ChipError(f"secure messaging: {error}") from None

    def select_master_file(self) -> None:
        """Leave the application; chips without anything outside of it refuse, and that is all right."""
        self.command(_SELECT_MASTER_FILE, b"\x3f\x00")

    def select_application(self) -> None:
        """Select the application. Raises ``ChipError`` when it is not there."""
        _, status = self.command(_SELECT_APPLICATION, APPLICATION)
        if status != OK:
            raise ChipError("SELECT application", status)

    def select_file(self, identifier: int) -> int:
        """Select a file by its two bytes and return the status word."""
        return self.command(_SELECT_FILE, identifier.to_bytes(2, "big"))[1]

    def read_file(self, identifier: int, tag: int, longest: int) -> bytes:
        """Return a whole file, which is one item with this tag and at most ``longest`` bytes. Raises ``ChipError``."""
        status = self.select_file(identifier)
        if status != OK:
            raise ChipError(f"SELECT {identifier:04X}", status)
        content = self._read_part(0, _HEAD)
        try:
            found, length, start = tlv.header(content)
        except tlv.InvalidDataError as error:
            raise ChipError(f"file {identifier:04X}: {error}") from None
        size = start + length
        if found != tag or size > longest:
            raise ChipError(f"file {identifier:04X}: tag {found:X}, {size} bytes")
        parts = [content[:size]]
        done = len(parts[0])
        while done < size:
            part = self._read_part(done, min(_PART, size - done))
            parts.append(part)
            done += len(part)
        return b"".join(parts)

    def _read_part(self, offset: int, length: int) -> bytes:
        """Return between one and ``length`` bytes of the file that is selected."""
        if offset < _FAR:
            data, status = self.command(bytes([0x00, 0xB0, offset >> 8, offset & 0xFF]), expected=length)
        else:
            where = tlv.encode(0x54, offset.to_bytes(3, "big"))
            wanted = min(length, _PART - _AROUND) + _AROUND
            data, status = self.command(bytes([0x00, 0xB1, 0x00, 0x00]), where, expected=wanted)
            if data:
                try:
                    data = tlv.find(data, 0x53)
                except tlv.InvalidDataError as error:
                    raise ChipError(f"READ BINARY: {error}") from None
        # 6282: the end of the file came before the length that was asked for.
        if status not in (OK, 0x6282) or not 0 < len(data) <= length:
            raise ChipError(f"READ BINARY: {len(data)} bytes at {offset}", status)
        return data

    def _exchange(self, command: bytes) -> tuple[bytes, int]:
        """Send one APDU; ``61xx`` is fetched by GET RESPONSE, ``6Cxx`` sent again with that length (ISO 7816-4)."""
        data = b""
        for _ in range(_MOST_PARTS):
            if self._deadline.expired:
                raise ChipError("out of time")
            answer = self._transmit(command)
            if len(answer) < 2:
                raise ChipError("no status word")
            data += answer[:-2]
            kind, length = answer[-2], answer[-1]
            if kind == _WRONG_LENGTH:
                command = command[:-1] + bytes([length])
            elif kind == _MORE_DATA:
                command = _GET_RESPONSE + bytes([length])
            else:
                return data, kind << 8 | length
        raise ChipError("no end of data")
