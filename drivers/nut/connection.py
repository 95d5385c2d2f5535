"""A TCP connection to upsd that gives whole lines, each by its deadline, whatever the other end does."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable
from threading import Lock
from typing import TypeVar

from drivers.base import Deadline, DriverError
from drivers.nut.protocol import LONGEST_LINE

NOT_FOUND = "power.not_found"
NO_ANSWER = "power.no_answer"
_SLICE_SECONDS = 0.05
_CHUNK = 4096

_T = TypeVar("_T")


class NutConnection:
    """One connection to ``host`` and ``port``. ``close`` may come from another thread and twice."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._lock = Lock()
        self._socket: socket.socket | None = None
        self._pending = b""

    def open(self, deadline: Deadline) -> None:
        """Connect. Raises ``DriverError``."""
        self.close()
        try:
            connection = socket.create_connection(self._address, max(0.001, deadline.remaining()))
        except OSError as error:
            raise DriverError(NOT_FOUND, "cannot connect", _errno(error)) from error
        connection.setblocking(False)
        self._socket, self._pending = connection, b""

    def close(self) -> None:
        """Let go."""
        with self._lock:
            connection, self._socket = self._socket, None
            if connection is not None:
                connection.close()

    def discard(self) -> None:
        """Drop what came without being asked for, without waiting; at most a few thousand bytes."""
        self._pending = b""
        with self._lock:
            if self._ready(select.POLLIN, 0.0):
                self._receive()
        self._pending = b""

    def send_line(self, line: str, deadline: Deadline) -> None:
        """Send a line. Raises ``DriverError`` when it is not taken by the deadline."""
        left = line.encode("ascii") + b"\n"
        while left:
            with self._lock:
                if self._ready(select.POLLOUT, min(_SLICE_SECONDS, deadline.remaining())):
                    left = left[self._send(left) :]
            if left and deadline.expired:
                raise DriverError(NO_ANSWER, "takes no bytes")

    def line(self, deadline: Deadline) -> str:
        """Return the next line without its end. Raises ``DriverError`` when none is whole by the deadline, or far too long."""
        while b"\n" not in self._pending:
            if len(self._pending) > LONGEST_LINE:
                raise DriverError("power.unexpected_answer", "a line without an end")
            with self._lock:
                if self._ready(select.POLLIN, min(_SLICE_SECONDS, deadline.remaining())):
                    self._receive()
                    continue
            if deadline.expired:
                raise DriverError(NO_ANSWER, "no line", f"{len(self._pending)} bytes of one")
        line, _, self._pending = self._pending.partition(b"\n")
        if deadline.expired:
            raise DriverError(NO_ANSWER, "too late")
        return line[:LONGEST_LINE].decode("utf-8", "replace").rstrip("\r")

    def _ready(self, event: int, seconds: float) -> bool:
        if self._socket is None:
            raise DriverError(NOT_FOUND, "not connected")
        poller = select.poll()
        poller.register(self._socket.fileno(), event)
        return bool(poller.poll(seconds * 1000))

    def _receive(self) -> None:
        data = self._attempt(lambda connection: connection.recv(_CHUNK))
        if data == b"":
            raise DriverError(NOT_FOUND, "closed by the other end")
        self._pending += data or b""

    def _send(self, data: bytes) -> int:
        return self._attempt(lambda connection: connection.send(data)) or 0

    def _attempt(self, action: Callable[[socket.socket], _T]) -> _T | None:
        assert self._socket is not None  # noqa: S101 - looked at under the same lock
        try:
            return action(self._socket)
        except BlockingIOError:
            return None
        except OSError as error:
            raise DriverError(NOT_FOUND, "connection lost", _errno(error)) from error


def _errno(error: OSError) -> str:
    return f"errno {error.errno}" if error.errno is not None else type(error).__name__
