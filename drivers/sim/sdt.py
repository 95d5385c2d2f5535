"""A virtual SDT card reader on a virtual serial port, with the real one's states and the troubles it can have."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from threading import Lock

from drivers.card_reader import IdentityDocument
from drivers.cards import resident_id
from drivers.sdt.command import Command
from drivers.sdt.frame import FrameDecoder, encode
from drivers.sim.pty import VirtualSerialPort
from drivers.sim.usb import VirtualUsbPort

SAM_ID = bytes.fromhex("0500 0100 D2040000 2E160000 39300000")
"""Shown as 05.01-00001234-0000005678-0000012345."""


CARD_NUMBER = bytes(range(28))
"""What every virtual card gives as its management number."""


@dataclass(frozen=True, repr=False)
class _Chip:
    """What the card in the field holds."""

    text: bytes
    photo: bytes
    added_address: bytes = b""
    fingerprints: bytes = b""


@dataclass(frozen=True)
class AnswerFault:
    """What is wrong with one answer.

    A status in place of the true answer, bytes before it, one wrong bit in its checksum, its first bytes only
    (``keep=0`` is silence) or its first part (``share`` below 1), lateness in seconds, or the cable pulled after it.
    """

    status: int | None = None
    garbage: bytes = b""
    wrong_checksum: bool = False
    keep: int | None = None
    share: float = 1.0
    delay: float = 0.0
    unplug: bool = False


class _Phase(Enum):
    """How far the card in the field has come; a spent card answers no find until it has left the field."""

    FRESH = "fresh"
    FOUND = "found"
    SELECTED = "selected"
    SPENT = "spent"


class VirtualSdtReader:
    """A reader at ``path``, or on ``port``. ``insert`` lays a card on it, ``remove`` takes it away; both from any thread."""

    def __init__(self, link: Path, byte_seconds: float = 0.0, port: VirtualUsbPort | None = None) -> None:
        self._port = port or VirtualSerialPort(link, self._received, byte_seconds)
        if port is not None:
            port.received = self._received
        self._link = link
        self._lock = Lock()
        self._cable = Lock()
        self._lost_power = False
        self._decoder = FrameDecoder()
        self._card: _Chip | None = None
        self._phase = _Phase.FRESH
        self._next: dict[Command, deque[AnswerFault]] = {command: deque() for command in Command}
        self._always: dict[Command, AnswerFault] = {}
        self._whatever: deque[AnswerFault] = deque()
        self._pull_after: int | None = None
        self.heard: Callable[[], None] = lambda: None
        """Called on the reader's own thread with each request that was understood, before it is answered."""
        self.requests: deque[tuple[float, Command]] = deque(maxlen=256)
        """The last requests understood, with the monotonic time of each."""

    @property
    def path(self) -> Path:
        """What a driver opens."""
        return self._link

    def start(self) -> None:
        """Make the reader appear."""
        self._port.plug()

    def stop(self) -> None:
        """Make it vanish for good."""
        self._port.unplug()

    def plug(self) -> None:
        """Plug it in again, under the same path; nothing happens when it is there."""
        with self._cable:
            if self._lost_power:
                with self._lock:
                    self._decoder, self._phase, self._lost_power = FrameDecoder(), _Phase.FRESH, False
            self._port.plug()

    def unplug(self) -> None:
        """Pull its cable; it loses its power and what it knew of the card."""
        # Forgotten when it is plugged in again: a host that saw the hang-up may do that before this call has returned.
        self._lost_power = True
        self._port.unplug()

    def insert(self, document: IdentityDocument, photo: bytes = b"", fingerprints: bytes = b"") -> None:
        """Lay a card on the reader; ``ValueError`` for a document that no card can hold."""
        added = document.added_address.encode("utf-16-le")
        if len(added) > resident_id.ADDED_ADDRESS_LENGTH:
            raise ValueError("added_address: too long")
        self.insert_bytes(
            resident_id.encode(document),
            photo or document.photo or bytes(resident_id.PHOTO_LENGTH),
            added + b" \0" * ((resident_id.ADDED_ADDRESS_LENGTH - len(added)) // 2) if added else b"",
            fingerprints,
        )

    def insert_bytes(self, text: bytes, photo: bytes, added_address: bytes = b"", fingerprints: bytes = b"") -> None:
        """Lay a card with any content on the reader."""
        with self._lock:
            self._card, self._phase = _Chip(text, photo, added_address, fingerprints), _Phase.FRESH

    def remove(self) -> None:
        """Take the card away; nothing happens when there is none."""
        with self._lock:
            self._card = None

    def fail_next(self, command: Command, fault: AnswerFault) -> None:
        """Spoil the next answer to a command; several calls queue up."""
        with self._lock:
            self._next[command].append(fault)

    def fail_repeatedly(self, command: Command, fault: AnswerFault) -> None:
        """Spoil every answer to a command until ``clear``."""
        with self._lock:
            self._always[command] = fault

    def fail_always(self, fault: AnswerFault) -> None:
        """Spoil every answer to any command until ``clear``."""
        with self._lock:
            self._always = dict.fromkeys(Command, fault)

    def fail_at(self, request: int, fault: AnswerFault) -> None:
        """Spoil the answer to a request, whatever it asks for; 0 is the next one."""
        with self._lock:
            self._whatever = deque([AnswerFault()] * request + [fault])

    def babble(self, data: bytes) -> None:
        """Send something that nobody asked for."""
        self._port.send(data)

    def pull_after(self, offset: int) -> None:
        """Take the card away when ``offset`` bytes of the next answers to select and read are out.

        Inside an answer the rest of it is never sent; at its very beginning the reader still says what went wrong.
        """
        with self._lock:
            self._pull_after = offset

    def clear(self) -> None:
        """Forget every fault asked for."""
        with self._lock:
            self._always.clear()
            self._whatever.clear()
            self._pull_after = None
            for queue in self._next.values():
                queue.clear()

    def _received(self, data: bytes) -> None:
        self._decoder.feed(data)
        while (frame := self._decoder.next()) is not None:
            if not isinstance(frame, bytes):
                self._port.send(_answer(0x11 if frame.reason == "length" else 0x10))
                continue
            command = next((known for known in Command if known.code == frame), None)
            if command is None:
                self._port.send(_answer(0x21))
                continue
            self._reply(command)

    def _reply(self, command: Command) -> None:
        self.heard()
        with self._lock:
            self.requests.append((time.monotonic(), command))
            queue = self._next[command]
            fault = queue.popleft() if queue else self._always.get(command, AnswerFault())
            if self._whatever:
                fault = self._whatever.popleft()
            if self._pull_after == 0:
                self._card, self._pull_after = None, None
            answer = self._act(command) if fault.status is None else self._refuse(command, fault.status)
            if self._pull_after is not None and command in (Command.SELECT, Command.READ):
                if self._pull_after < len(answer):
                    answer, self._card, self._pull_after = answer[: self._pull_after], None, None
                else:
                    self._pull_after -= len(answer)
        if fault.wrong_checksum:
            answer = answer[:-1] + bytes([answer[-1] ^ 0x01])
        self._port.pause(fault.delay)
        with self._cable if fault.unplug else nullcontext():  # nobody plugs it in between the answer and the unplugging
            self._port.send(fault.garbage + answer[: int(len(answer) * fault.share)][: fault.keep])
            if fault.unplug:
                self.unplug()

    def _refuse(self, command: Command, status: int) -> bytes:
        if command in _READS:
            self._phase = _Phase.SPENT
        return _answer(status)

    def _act(self, command: Command) -> bytes:
        """Do what a command asks for and return the whole answer frame."""
        match command:
            case Command.RESET | Command.STATUS:
                return _answer(0x90)
            case Command.SAM_ID:
                return _answer(0x90, SAM_ID)
            case Command.FIND:
                if self._card is None or self._phase is _Phase.SPENT:
                    return _answer(0x80)
                self._phase = _Phase.FOUND
                return _answer(0x9F, bytes(4))
            case Command.SELECT:
                if self._card is None or self._phase is not _Phase.FOUND:
                    return _answer(0x81)
                self._phase = _Phase.SELECTED
                return _answer(0x90, bytes(8))
            case Command.READ | Command.READ_WITH_FINGERPRINTS | Command.CARD_NUMBER:
                readable = self._card is not None and self._phase is _Phase.SELECTED
                self._phase = _Phase.SPENT
                if self._card is None or not readable:
                    return _answer(0x41)
                if command is Command.CARD_NUMBER:
                    return _answer(0x90, CARD_NUMBER)
                parts = [self._card.text, self._card.photo]
                if command is Command.READ_WITH_FINGERPRINTS:
                    parts.append(self._card.fingerprints)
                lengths = b"".join(len(part).to_bytes(2, "big") for part in parts)
                return _answer(0x90, lengths + b"".join(parts))
            case Command.ADDED_ADDRESS:
                if self._card is None or self._phase is not _Phase.SPENT:
                    return _answer(0x41)
                return _answer(0x90, self._card.added_address) if self._card.added_address else _answer(0x91)


_READS = (Command.READ, Command.READ_WITH_FINGERPRINTS, Command.CARD_NUMBER)


def _answer(status: int, data: bytes = b"") -> bytes:
    return encode(bytes([0, 0, status]) + data)
