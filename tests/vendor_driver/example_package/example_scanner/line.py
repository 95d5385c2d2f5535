"""The ES-1's lines: ``number text crc32`` and a line feed, over TCP, with every wait bounded."""

from __future__ import annotations

import select
import socket
from threading import Event, Lock
from zlib import crc32

from drivers.base import Deadline, DriverError

LONGEST_LINE = 16384
"""Bytes without a line feed that are dropped: no answer is longer."""
_SLICE_SECONDS = 0.05
_OLD_READS = 16
"""Reads of what is older than a command; a scanner that babbles must not keep us for ever."""


def encode(number: int, text: str) -> bytes:
    """Return one line; commands and answers look alike."""
    body = f"{number} {text}"
    return f"{body} {crc32(body.encode()):08x}\n".encode()


def decode(line: bytes) -> tuple[int, str] | None:
    """Return number and text of a line without its line feed, or None when it is damaged."""
    body, _, check = line.rpartition(b" ")
    number, _, text = body.partition(b" ")
    try:
        if check.decode("ascii") != f"{crc32(body):08x}":
            return None
        return int(number), text.decode("ascii")
    except ValueError:
        return None


class Line:
    """One connection. ``close`` may come from another thread: the lock is never held for longer than a slice."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._lock = Lock()
        self._socket: socket.socket | None = None
        self._pending = b""

    def open(self, deadline: Deadline) -> None:
        """Connect."""
        self.close()
        try:
            connection = socket.create_connection(self._address, max(0.001, deadline.remaining()))
        except OSError as error:
            raise DriverError("code_scanner.not_found", "cannot connect", f"errno {error.errno}") from error
        connection.setblocking(False)
        with self._lock:
            self._socket, self._pending = connection, b""

    def close(self) -> None:
        """Let go."""
        with self._lock:
            connection, self._socket = self._socket, None
            if connection is not None:
                connection.close()

    def write(self, data: bytes) -> None:
        """Write a command; it is short, so a line that does not take it at once is broken.

        What came before it answers something older. Half an answer that stayed would swallow the head of the next one.
        """
        for _ in range(_OLD_READS):
            if not self._some(Deadline.after(0.0)):
                break
        self._pending = b""
        try:
            with self._lock:
                sent = self._connection().send(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            raise DriverError("code_scanner.not_found", "connection lost", f"errno {error.errno}") from error
        if sent != len(data):
            raise DriverError("code_scanner.no_answer", "the scanner takes no bytes")

    def read(self, deadline: Deadline, cancel: Event) -> tuple[int, str] | None:
        """Return the next whole line; None at the deadline or when ``cancel`` is set. Damaged lines are dropped."""
        while True:
            while b"\n" in self._pending:
                line, _, self._pending = self._pending.partition(b"\n")
                answer = decode(line)
                if answer is not None:
                    return answer
            if deadline.expired or cancel.is_set():
                return None
            self._pending = (self._pending + self._some(deadline))[-LONGEST_LINE:]

    def _connection(self) -> socket.socket:
        if self._socket is None:
            raise DriverError("code_scanner.not_found", "the connection is closed")
        return self._socket

    def _some(self, deadline: Deadline) -> bytes:
        try:
            with self._lock:
                connection = self._connection()
                poller = select.poll()
                poller.register(connection, select.POLLIN)
                if not poller.poll(min(deadline.remaining(), _SLICE_SECONDS) * 1000):
                    return b""
                data = connection.recv(4096)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise DriverError("code_scanner.not_found", "connection lost", f"errno {error.errno}") from error
        if not data:
            raise DriverError("code_scanner.not_found", "the scanner closed the connection")
        return data
