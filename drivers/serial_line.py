"""A serial line whose every read and write ends by its deadline, for all devices on a serial port."""

from __future__ import annotations

import os
import select
import termios
from threading import Event, Lock

import serial

from drivers.base import Deadline, DriverError
from drivers.kept_from_us import code_of

_SLICE_SECONDS = 0.05
_CHUNK = 4096
_DISCARD_AT_MOST = 65536


class SerialLine:
    """One serial port, 8N1, no flow control. Works on a pseudo terminal too.

    ``device_class`` begins the codes of what is raised: ``<device_class>.not_found`` when the port is absent or gone,
    ``<device_class>.no_answer`` when it takes no more bytes. One that is there and cannot be opened is ``device.in_use`` or
    ``device.access_denied``. ``close`` may come from another thread.
    """

    def __init__(self, port: str, baud: int, device_class: str) -> None:
        self._port = port
        self._baud = baud
        self._device_class = device_class
        self._serial: serial.Serial | None = None
        self._lock = Lock()

    @property
    def is_open(self) -> bool:
        """Whether ``open`` succeeded and ``close`` was not called since."""
        return self._serial is not None

    def open(self) -> None:
        """Open the port, alone; what had arrived before is dropped."""
        self.close()
        try:
            self._serial = serial.Serial(self._port, self._baud, timeout=0, write_timeout=0, exclusive=True)
        except (OSError, ValueError, termios.error) as error:
            raise self._gone(error) from error

    def close(self) -> None:
        """Let go of the port; may be called twice."""
        with self._lock:
            if self._serial is not None:
                self._serial.close()
                self._serial = None

    def check(self) -> None:
        """Raise ``DriverError`` when the port is gone, without taking any byte."""
        with self._lock:
            self._wait(select.POLLIN, 0.0)

    def read(self, deadline: Deadline, cancel: Event | None = None) -> bytes:
        """Return what arrives first, one byte or more; empty at the deadline or when ``cancel`` is set."""
        while cancel is None or not cancel.is_set():
            with self._lock:
                if self._wait(select.POLLIN, min(deadline.remaining(), _SLICE_SECONDS)):
                    return self._take()
            if deadline.expired:
                break
        return b""

    def write(self, data: bytes, deadline: Deadline) -> None:
        """Write everything, in as many pieces as the port takes."""
        left = memoryview(data)
        while left:
            left = left[self.write_some(left, deadline) :]
            if left and deadline.expired:
                raise DriverError(
                    f"{self._device_class}.no_answer", "the port takes no bytes", f"{len(left)} unwritten"
                )

    def write_some(self, data: bytes | memoryview, deadline: Deadline) -> int:
        """Write what the port takes at once and return how much; 0 when it took nothing by the deadline."""
        while True:
            with self._lock:
                if self._wait(select.POLLOUT, min(deadline.remaining(), _SLICE_SECONDS)):
                    return self._give(memoryview(data))
            if deadline.expired:
                return 0

    def discard(self) -> bytes:
        """Take what has arrived so far (at most 64 KB) without waiting."""
        taken = bytearray()
        with self._lock:
            while len(taken) < _DISCARD_AT_MOST and self._wait(select.POLLIN, 0.0):
                taken += self._take()
        return bytes(taken)

    # The port is not blocking, and read and write are the system's own: pyserial's write spins without end when a port
    # with a zero write timeout takes nothing.

    def _descriptor(self) -> int:
        if self._serial is None:
            raise DriverError(f"{self._device_class}.not_found", "the port is not open")
        return self._serial.fileno()

    def _wait(self, events: int, seconds: float) -> bool:
        poller = select.poll()
        poller.register(self._descriptor(), events)
        happened = sum(event for _, event in poller.poll(seconds * 1000))
        if happened & (select.POLLHUP | select.POLLERR | select.POLLNVAL):
            raise self._gone(None)
        return bool(happened)

    def _take(self) -> bytes:
        try:
            data = os.read(self._descriptor(), _CHUNK)
        except OSError as error:
            raise self._gone(error) from error
        if not data:
            raise self._gone(None)  # readable and empty: the other end is gone
        return data

    def _give(self, data: memoryview) -> int:
        try:
            return os.write(self._descriptor(), data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise self._gone(error) from error

    def _gone(self, error: Exception | None) -> DriverError:
        number = error.errno if isinstance(error, OSError) else None
        return DriverError(
            code_of(error, f"{self._device_class}.not_found"),
            f"serial port {self._port}",
            f"errno {number}" if number is not None else "hung up" if error is None else type(error).__name__,
        )
