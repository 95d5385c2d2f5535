"""Reads resident cards through an SDT reader (GA/T 467 SAM interface): find, select, read.

Byte values are read in public sources and tried on a virtual reader, never on real hardware.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from dataclasses import replace
from threading import Event

from drivers.base import (
    Check,
    CheckOutcome,
    Deadline,
    DeviceIdentity,
    DeviceState,
    DriverError,
    Health,
)
from drivers.card_reader import AccessKey, CardHandle, CardReader, CardRefused, IdentityDocument
from drivers.cards import fingerprints, photo, resident_id
from drivers.cards.fingerprints import Fingerprint
from drivers.sdt.command import FIND_FAILED, ITEM_EMPTY, SELECT_FAILED, Answer, Command
from drivers.sdt.frame import DamagedFrame, FrameDecoder, encode
from drivers.sdt.line import Line
from drivers.wire import Direction, shown

_SAM_FAILED = (0x60, 0x66)
_DONE = 0x90
_LINE_NOISE = (0x10, 0x11)
_REFUSALS = {
    SELECT_FAILED: "card.removed",  # found a moment ago, and now it does not answer
    0x40: "card.unknown",
    **dict.fromkeys((*_LINE_NOISE, 0x31, 0x32, 0x33, 0x41, 0x47, 0x91), "card.unreadable"),
}


class SdtCardReader(CardReader):
    """One SDT reader on a serial port or USB.

    ``added_address``: read also the address written to the chip after issue, which most cards do not have. A card that does
    not give it is refused: the printed address would be handed in as the present one, and nobody can correct it on the form.

    What can be known of a card's presence: ``find`` fails (80) when no card is in the field, **and also** while a card
    lies there that was read, or failed to be read, since it came. So 80 proves that the field is empty only as long as
    no read was tried on the card last found. After a read this reader is blind until the next ``find`` succeeds, which
    proves that the card was lifted (and that one is there again). ``wait_removed`` says True only for what is proven.

    ``answer_timeout`` (s): the longest silence before an answer. ``byte_timeout`` (s): the longest silence inside one.
    ``find_interval`` (s): the pause between two finds; readers want 0.3 or more.
    """

    sees_removal = False

    def __init__(
        self,
        line: Line,
        name: str = "sdt",
        *,
        added_address: bool = False,
        answer_timeout: float = 3.0,
        byte_timeout: float = 0.5,
        find_interval: float = 0.3,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._line = line
        self._name = name
        self._reads_added_address = added_address
        self._answer_timeout = answer_timeout
        self._byte_timeout = byte_timeout
        self._find_interval = find_interval
        self._now = now
        self._sam_id = ""
        self._presence = 0
        self._present = False
        self._blind = True
        self._next_find = Deadline.after(0.0)
        self._silent_for = 0.0

    def identity(self) -> DeviceIdentity:
        """Say what this is; the serial number is the SAM's id, known after ``open``."""
        return DeviceIdentity("card_reader", "sdt", serial_number=self._sam_id)

    def open(self, deadline: Deadline) -> None:
        """Open the port and ask the SAM how it is and who it is."""
        self._line.open()
        self._present, self._blind, self._silent_for = False, True, 0.0
        try:
            self._expect(Command.STATUS, deadline)
            self._sam_id = _format_sam_id(self._expect(Command.SAM_ID, deadline).data)
        except DriverError:
            self._line.close()
            raise

    def close(self) -> None:
        """Let go of the port."""
        self._line.close()

    def poll(self, deadline: Deadline) -> Health:
        """Ask the SAM for its state; every trouble is a ``DriverError``."""
        self._expect(Command.STATUS, deadline)
        return Health(DeviceState.ONLINE, observed_at=self._now())

    def reset(self, deadline: Deadline) -> None:
        """Reset the SAM."""
        self._present, self._blind = False, True
        self._expect(Command.RESET, deadline)

    def self_test(self, deadline: Deadline) -> tuple[Check, ...]:
        """Check the port, the SAM's state and the SAM's id, in this order; what follows a failure is skipped.

        The last line says whether a card's picture can be decoded.
        """
        checks: list[Check] = []
        steps: tuple[tuple[str, Callable[[], str]], ...] = (
            ("port", self._check_port),
            ("sam_status", lambda: f"SW3 {self._expect(Command.STATUS, deadline).status:02X}"),
            ("sam_id", lambda: _format_sam_id(self._expect(Command.SAM_ID, deadline).data)),
        )
        for name, step in steps:
            if any(check.outcome is CheckOutcome.FAIL for check in checks):
                checks.append(Check(name, CheckOutcome.SKIP))
                continue
            try:
                checks.append(Check(name, CheckOutcome.PASS, evidence=step()))
            except DriverError as error:
                checks.append(Check(name, CheckOutcome.FAIL, error.fault))
        return (*checks, photo.check())

    def wait_card(self, deadline: Deadline, cancel: Event) -> CardHandle | None:
        """Wait for a card that has not been read yet; a card that was read must be lifted first."""
        while not deadline.expired and not cancel.is_set():
            if self._find(deadline, cancel):
                return CardHandle(self._name, self._presence)
        return None

    def wait_removed(self, deadline: Deadline, cancel: Event) -> bool:
        """Wait until it is *proven* that no card is on the reader; see the class for when that can be.

        After a read it stays False up to the deadline, unless the card is lifted, put back and lifted again: the caller
        should ask the citizen to take the card and not conclude from False that it was forgotten.
        """
        while not deadline.expired and not cancel.is_set():
            if self._find(deadline, cancel) is False and not self._blind:
                return True
        return False

    def read_identity(
        self, handle: CardHandle, deadline: Deadline, key: AccessKey | None = None
    ) -> IdentityDocument | CardRefused:
        """Select the card last found and read its text and photo, and its added address if this reader was made to.

        ``card.removed`` when it is another presence or does not answer any more, ``card.unreadable`` after a read error
        or half an answer: the card must be lifted and put back. Nothing at all from the reader is a ``DriverError``.
        """
        data = self._session(handle, deadline, Command.READ)
        if isinstance(data, CardRefused):
            return data
        document = _document(data)
        if isinstance(document, CardRefused) or not self._reads_added_address:
            return document
        added = self._ask(Command.ADDED_ADDRESS, deadline)
        address = added if isinstance(added, CardRefused) else resident_id.parse_added_address(added)
        return address if isinstance(address, CardRefused) else replace(document, added_address=address)

    def read_fingerprints(
        self, handle: CardHandle, deadline: Deadline
    ) -> tuple[IdentityDocument, tuple[Fingerprint, ...]] | CardRefused:
        """Read text, photo and up to two fingerprints in one: in place of ``read_identity``, not after it."""
        data = self._session(handle, deadline, Command.READ_WITH_FINGERPRINTS)
        if isinstance(data, CardRefused):
            return data
        # Three lengths of 2 bytes big-endian, then text, photo and fingerprints.
        text, photo, prints = struct.unpack(">HHH", data[:6])
        if 6 + text + photo + prints != len(data):
            # What stands where the lengths should may be the beginning of a name.
            return CardRefused("card.unreadable", f"{len(data)} bytes, which their lengths do not say")
        document = resident_id.parse(data[6 : 6 + text], data[6 + text : 6 + text + photo])
        if isinstance(document, CardRefused):
            return document
        found = fingerprints.parse(data[6 + text + photo :])
        return (
            CardRefused("card.invalid_data", f"{prints} bytes of fingerprints") if found is None else (document, found)
        )

    def read_card_number(self, handle: CardHandle, deadline: Deadline) -> bytes | CardRefused:
        """Read the card management number (28 bytes, raw): in place of ``read_identity``, not after it."""
        return self._session(handle, deadline, Command.CARD_NUMBER)

    def _session(self, handle: CardHandle, deadline: Deadline, command: Command) -> bytes | CardRefused:
        """Select the card last found and ask it for one thing; from then on this reader is blind."""
        if not self._present or handle != CardHandle(self._name, self._presence):
            return CardRefused("card.removed", "another presence")
        self._present, self._blind = False, True
        selected = self._ask(Command.SELECT, deadline)
        return selected if isinstance(selected, CardRefused) else self._ask(command, deadline)

    def _ask(self, command: Command, deadline: Deadline) -> bytes | CardRefused:
        """Return what a command gives; nothing for an added address that the card does not have."""
        answer = self._exchange(command, deadline)
        if answer is None:
            raise _no_answer(command)
        if isinstance(answer, DamagedFrame):
            return CardRefused("card.unreadable", f"{command.name}: {answer.reason}")
        if answer.succeeds(command):
            return answer.data
        if command is Command.ADDED_ADDRESS and answer.status == ITEM_EMPTY:
            return b""
        if answer.status == _DONE:
            return CardRefused("card.unreadable", f"{command.name}: {len(answer.data)} bytes")
        return self._refusal(command, answer)

    def _find(self, deadline: Deadline, cancel: Event) -> bool | None:
        """Ask once, when it is time to: whether a card answered, or None when nothing was learnt."""
        if cancel.wait(min(self._next_find.remaining(), deadline.remaining())) or deadline.expired:
            return None
        self._next_find = Deadline.after(self._find_interval)
        asked_at = deadline.clock()
        answer = self._exchange(Command.FIND, deadline, cancel)
        if not isinstance(answer, Answer):
            # The caller's deadlines may be shorter than the reader's patience: silence is counted across calls.
            self._silent_for += deadline.clock() - asked_at
            if self._silent_for >= self._answer_timeout:
                raise _no_answer(Command.FIND, answer)
            return None
        self._silent_for = 0.0
        if answer.succeeds(Command.FIND):
            self._presence += not self._present
            self._present, self._blind = True, False
            return True
        if answer.status == FIND_FAILED:
            self._present = False
            return False
        if answer.status not in _LINE_NOISE:
            raise _failed(Command.FIND, answer)
        return None

    def _check_port(self) -> str:
        self._line.check()
        return ""

    def _expect(self, command: Command, deadline: Deadline) -> Answer:
        answer = self._exchange(command, deadline)
        if not isinstance(answer, Answer):
            raise _no_answer(command, answer)
        if not answer.succeeds(command):
            raise _failed(command, answer)
        return answer

    def _refusal(self, command: Command, answer: Answer) -> CardRefused:
        code = _REFUSALS.get(answer.status)
        if code is None:
            raise _failed(command, answer)
        return CardRefused(code, f"{command.name}: SW3 {answer.status:02X}")

    def _exchange(
        self, command: Command, deadline: Deadline, cancel: Event | None = None
    ) -> Answer | DamagedFrame | None:
        """Send a command and wait for its answer; None when nothing came before the time-out, or when cancelled."""
        self._line.discard()
        request = encode(command.code)
        self.saw(Direction.OUT, len(request), shown(request), command.meaning)
        self._line.write(request, deadline)
        limit = deadline.within(self._answer_timeout)
        decoder = FrameDecoder()
        damage: DamagedFrame | None = None
        while not limit.expired:
            begun = damage is not None or decoder.pending > 0
            data = self._line.read(limit.within(self._byte_timeout) if begun else limit, cancel)
            if not data:
                break
            decoder.feed(data)
            while (frame := decoder.next()) is not None:
                if isinstance(frame, DamagedFrame):
                    self.saw(Direction.IN, 0, "", f"damaged frame: {frame.reason}")
                    damage = frame
                    continue
                answer = Answer.of(frame)
                # Status bytes are shown, data never: text, photo and fingerprints are all a person's.
                meaning = answer.meaning if answer is not None else "no answer of this protocol"
                self.saw(Direction.IN, len(frame), shown(frame, slice(3, None)), meaning)
                if answer is not None and answer.may_answer(command):
                    return answer
        return damage or (DamagedFrame("cut short") if decoder.pending else None)


def _document(data: bytes) -> IdentityDocument | CardRefused:
    """Take apart what a read gives: text and photo lengths (2 bytes big-endian each), text, photo."""
    text_end = 4 + int.from_bytes(data[:2], "big")
    return resident_id.parse(data[4:text_end], data[text_end:])


def _format_sam_id(data: bytes) -> str:
    return "{:02d}.{:02d}-{:08d}-{:010d}-{:010d}".format(*struct.unpack("<HHIII", data))


def _no_answer(command: Command, damaged: DamagedFrame | None = None) -> DriverError:
    return DriverError("card_reader.no_answer", command.name, damaged.reason if damaged else "")


def _failed(command: Command, answer: Answer) -> DriverError:
    code = "card_reader.sam_failed" if answer.status in _SAM_FAILED else "card_reader.unexpected_answer"
    return DriverError(code, command.name, f"SW3 {answer.status:02X}, {len(answer.data)} bytes")
