"""Bytes to and from a printer with deadlines: python-escpos' own transports wait for ever or lose bytes unseen."""

from __future__ import annotations

import contextlib
import os
import select
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit

from drivers.base import Deadline, DriverError
from drivers.kept_from_us import code_of
from drivers.serial_line import SerialLine

LOST = "printer.not_found"
"""Fault code of a printer that cannot be reached, from the start or any more."""

_SEND_BUFFER_BYTES = 4096
"""Small, so that bytes counted as accepted are at most this far ahead of the printer (Linux doubles it)."""
_READ_BYTES = 4096
_SLICE_SECONDS = 0.05
_EMPTY_READ_SECONDS = 0.02

_T = TypeVar("_T")


class Transport(ABC):
    """One connection to one printer; ``open`` may be called again after ``close``."""

    @abstractmethod
    def open(self, deadline: Deadline) -> None:
        """Connect. Raises ``DriverError`` when the printer is not there before the deadline."""

    @abstractmethod
    def close(self) -> None:
        """Let go. Never raises, may be called twice."""

    @abstractmethod
    def write_some(self, data: bytes, deadline: Deadline) -> int:
        """Write as much as is taken at once; 0 when nothing was by the deadline. Raises ``DriverError`` when broken."""

    @abstractmethod
    def read_some(self, deadline: Deadline) -> bytes:
        """Return what has come, empty when nothing came by the deadline. Raises ``DriverError`` when broken."""


def _wait(descriptor: int, event: int, deadline: Deadline) -> int:
    """Return what happened on a descriptor by the deadline, as bits of poll(2)."""
    poller = select.poll()
    poller.register(descriptor, event)
    return sum(happened for _, happened in poller.poll(deadline.remaining() * 1000))


class TcpTransport(Transport):
    """A printer with a network interface, usually on port 9100."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._socket: socket.socket | None = None

    def open(self, deadline: Deadline) -> None:
        """Connect to the printer."""
        self.close()
        try:
            connection = socket.create_connection(self._address, timeout=max(0.001, deadline.remaining()))
        except OSError as error:
            raise DriverError(LOST, "cannot connect", evidence=_errno(error)) from error
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        connection.setblocking(False)
        self._socket = connection

    def close(self) -> None:
        """Close the connection."""
        connection, self._socket = self._socket, None
        if connection is not None:
            # Wakes a thread that waits for it: closing alone would leave that where it is.
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def write_some(self, data: bytes, deadline: Deadline) -> int:
        """Write what the socket takes."""
        return self._attempt(select.POLLOUT, deadline, lambda connection: connection.send(data), 0)

    def read_some(self, deadline: Deadline) -> bytes:
        """Read what has come; the printer's closing of the connection counts as broken."""
        data = self._attempt(select.POLLIN, deadline, lambda connection: connection.recv(_READ_BYTES) or None, b"")
        if data is None:
            self.close()
            raise DriverError(LOST, "connection closed by the printer")
        return data

    def _attempt(self, event: int, deadline: Deadline, action: Callable[[socket.socket], _T], nothing: _T) -> _T:
        connection = self._socket
        if connection is None:
            raise DriverError(LOST, "not open")
        try:
            return action(connection) if _wait(connection.fileno(), event, deadline) else nothing
        except BlockingIOError:
            return nothing
        except (OSError, ValueError) as error:  # ValueError: closed by another thread just now
            self.close()
            raise DriverError(LOST, "connection lost", evidence=_errno(error)) from error


class DeviceFileTransport(Transport):
    """A printer behind a character device, such as /dev/usb/lp0."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1
        self._lock = Lock()

    def open(self, deadline: Deadline) -> None:
        """Open the device for reading and writing."""
        self.close()
        if deadline.expired:
            raise DriverError(LOST, "no time left to open the device")
        try:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError as error:
            raise DriverError(code_of(error, LOST), f"device {self._path}", evidence=_errno(error)) from error

    def close(self) -> None:
        """Close the device."""
        with self._lock:
            descriptor, self._descriptor = self._descriptor, -1
            if descriptor >= 0:
                os.close(descriptor)

    def write_some(self, data: bytes, deadline: Deadline) -> int:
        """Write what the device takes."""
        return self._attempt(select.POLLOUT, deadline, lambda descriptor: os.write(descriptor, data), 0)

    def read_some(self, deadline: Deadline) -> bytes:
        """Read what has come. An empty read is no end: USB printers answer with empty packets."""
        data = self._attempt(select.POLLIN, deadline, lambda descriptor: os.read(descriptor, _READ_BYTES), b"")
        if not data and not deadline.expired:
            select.select([], [], [], deadline.within(_EMPTY_READ_SECONDS).remaining())
        return data

    def _attempt(self, event: int, deadline: Deadline, action: Callable[[int], _T], nothing: _T) -> _T:
        while True:
            # In slices, so that another thread can close the device between two of them and never within one.
            with self._lock:
                if self._descriptor < 0:
                    raise DriverError(LOST, "not open")
                try:
                    happened = _wait(self._descriptor, event, deadline.within(_SLICE_SECONDS))
                    if happened & (select.POLLHUP | select.POLLERR):
                        raise OSError("hung up")
                    if happened:
                        return action(self._descriptor)
                except BlockingIOError:
                    return nothing
                except OSError as error:
                    failed = error
                    break
            if deadline.expired:
                return nothing
        self.close()
        raise DriverError(LOST, "device gone", evidence=_errno(failed)) from failed


class SerialTransport(Transport):
    """A printer on a serial line, 8N1."""

    def __init__(self, path: str, baud: int) -> None:
        self._line = SerialLine(path, baud, "printer")

    def open(self, deadline: Deadline) -> None:
        """Open the port."""
        if deadline.expired:
            raise DriverError(LOST, "no time left to open the port")
        self._line.open()

    def close(self) -> None:
        """Close the port."""
        self._line.close()

    def write_some(self, data: bytes, deadline: Deadline) -> int:
        """Write what the port takes."""
        try:
            return self._line.write_some(data, deadline)
        except DriverError:
            self.close()
            raise

    def read_some(self, deadline: Deadline) -> bytes:
        """Read what has come."""
        try:
            return self._line.read(deadline)
        except DriverError:
            self.close()
            raise


def _errno(error: OSError | ValueError) -> str:
    number = error.errno if isinstance(error, OSError) else None
    return f"errno {number}" if number is not None else type(error).__name__


def transport_for(address: str) -> Transport:
    """Return the transport of ``tcp://host:port``, ``serial:///dev/ttyUSB0?baud=115200`` or ``file:///dev/usb/lp0``.

    Raises ``ValueError`` for any other address.
    """
    parts = urlsplit(address)
    options = parse_qs(parts.query, strict_parsing=True) if parts.query else {}
    match parts.scheme:
        case "tcp" if parts.hostname and not options:
            return TcpTransport(parts.hostname, parts.port or 9100)
        case "serial" if parts.path and not parts.netloc and options.keys() <= {"baud"}:
            return SerialTransport(parts.path, int(options.get("baud", ["115200"])[0]))
        case "file" if parts.path and not parts.netloc and not options:
            return DeviceFileTransport(Path(parts.path))
        case _:
            raise ValueError(f"not a printer's address: {address}")
