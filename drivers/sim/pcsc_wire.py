"""The line between a process and its PC/SC service: passes messages on, and breaks, hangs or is late at any command.

What a process sees of a pcscd that is killed or stopped is seen here at a command of our choice, and without the second that a
real one takes to find its readers and cards again.

pcsc-lite's messages, protocol 4 (winscard_msg.h): a command is its body's length and its number (32 bits each, the machine's
order) and the body; behind SCARD_TRANSMIT (9) come as many bytes of APDU as the fourth number in its body says. Answers have no
head and are passed on as they come.
"""

from __future__ import annotations

import select
import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path
from threading import Condition, Thread, current_thread

_HEAD = struct.Struct("=II")
_TRANSMIT, _APDU_LENGTH_AT = 9, 12
_BLOCK = 65536


class _Line:
    """One process's connection to the service, both ends of it."""

    def __init__(self, near: socket.socket, far: socket.socket) -> None:
        self.near, self.far = near, far
        self.pending = b""
        self.late_until = 0.0

    def commands(self, data: bytes) -> list[bytes]:
        """Return the whole commands that have come."""
        self.pending += data
        found: list[bytes] = []
        while len(self.pending) >= _HEAD.size:
            size, number = _HEAD.unpack_from(self.pending)
            end = _HEAD.size + size
            if number == _TRANSMIT and len(self.pending) >= end:
                end += struct.unpack_from("=I", self.pending, _HEAD.size + _APDU_LENGTH_AT)[0]
            if len(self.pending) < end:
                break
            found.append(self.pending[:end])
            self.pending = self.pending[end:]
        return found

    def close(self) -> None:
        self.near.close()
        self.far.close()


class PcscWire:
    """Processes find the service at ``near``; it really is at ``far``. ``heard`` is called with each command, before it goes on."""

    def __init__(self, near: Path, far: Path, heard: Callable[[], None]) -> None:
        self._near, self._far = near, far
        self._heard = heard
        self._changed = Condition()
        self._wanted = self._is = True  # plugged
        self._hangs = False
        self._late = 0.0
        self._stopping = False
        self._lines: list[_Line] = []
        self._listener: socket.socket | None = None
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._thread = Thread(target=self._run, name="pcsc-wire", daemon=True)

    def start(self) -> None:
        """Begin to pass on."""
        self._near.parent.mkdir(parents=True, exist_ok=True)
        self._listen()
        self._thread.start()

    def stop(self) -> None:
        """Break every connection; no thread, descriptor or file is left."""
        self._stopping = True
        self._wake()
        self._thread.join()
        self._wake_reader.close()
        self._wake_writer.close()
        self._near.unlink(missing_ok=True)

    @property
    def descriptors(self) -> int:
        """How many descriptors the present connections have."""
        with self._changed:
            return 2 * len(self._lines)

    def unplug(self) -> None:
        """Break every connection and take no new one, until ``calm``; returns when it is so."""
        self._plug(False)

    def hang(self) -> None:
        """Pass nothing on in either direction, until ``calm``."""
        self._hangs = True
        self._wake()

    def late(self, seconds: float) -> None:
        """Hold the next answers back."""
        self._late = seconds

    def calm(self) -> None:
        """Go on as before; what was held back comes now."""
        self._hangs, self._late = False, 0.0
        for line in tuple(self._lines):
            line.late_until = 0.0
        self._plug(True)

    def _plug(self, plugged: bool) -> None:
        with self._changed:
            self._wanted = plugged
            self._wake()
            if current_thread() is not self._thread:
                self._changed.wait_for(lambda: self._is == self._wanted)

    def _wake(self) -> None:
        self._wake_writer.send(b"!")

    # ---- on the wire's own thread

    def _run(self) -> None:
        while not self._stopping:
            self._follow()
            ready, _, _ = select.select(self._sources(), [], [], self._patience())
            if self._wake_reader in ready:
                self._wake_reader.recv(_BLOCK)
            elif self._listener is not None and self._listener in ready:
                self._accept(self._listener)
            else:
                for line in tuple(self._lines):
                    self._pass(line, ready)
        self._break()

    def _sources(self) -> list[socket.socket]:
        sources = [self._wake_reader]
        if not self._hangs:
            now = time.monotonic()
            sources += [self._listener] if self._listener is not None else []
            sources += [line.near for line in self._lines]
            sources += [line.far for line in self._lines if line.late_until <= now]
        return sources

    def _patience(self) -> float | None:
        now = time.monotonic()
        return min((line.late_until - now for line in self._lines if line.late_until > now), default=None)

    def _follow(self) -> None:
        """Plug in or out as it is wanted."""
        with self._changed:
            if self._is != self._wanted:
                self._listen() if self._wanted else self._break()
                self._is = self._wanted
                self._changed.notify_all()

    def _listen(self) -> None:
        self._near.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._near))
        self._listener.listen(16)

    def _break(self) -> None:
        """Close everything; the file stays, as it does when a service is killed."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        while self._lines:
            self._drop(self._lines[-1])

    def _accept(self, listener: socket.socket) -> None:
        near, _ = listener.accept()
        far = socket.socket(socket.AF_UNIX)
        with self._changed:
            self._lines.append(line := _Line(near, far))
        try:
            far.connect(str(self._far))
        except OSError:
            self._drop(line)

    def _drop(self, line: _Line) -> None:
        with self._changed:
            self._lines.remove(line)
            line.close()

    def _pass(self, line: _Line, ready: list[socket.socket]) -> None:
        try:
            if line.near in ready and not self._ask(line):
                return
            if line.far in ready:
                answer = line.far.recv(_BLOCK)
                if not answer:
                    raise ConnectionError
                line.near.sendall(answer)
        except OSError:  # either end is gone
            self._drop(line)

    def _ask(self, line: _Line) -> bool:
        """Pass commands on; False when trouble came with one of them: the rest is for another turn."""
        data = line.near.recv(_BLOCK)
        if not data:
            raise ConnectionError
        for command in line.commands(data):
            self._heard()
            if self._wanted != self._is:
                return False
            if self._late:
                line.late_until, self._late = time.monotonic() + self._late, 0.0
            line.far.sendall(command)
        return not self._hangs
