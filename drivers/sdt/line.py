"""What an SDT reader is talked to over: a serial line or USB bulk endpoints, the same frames on both."""

from __future__ import annotations

from threading import Event
from typing import Protocol

from drivers.base import Deadline


class Line(Protocol):
    """A stream of bytes both ways; ``DriverError`` (``card_reader.not_found``, ``.no_answer``) when it is gone or stuck."""

    def open(self) -> None:
        """Take the device, alone; what had arrived before is dropped."""
        ...

    def close(self) -> None:
        """Let go of it; may be called twice and from another thread."""
        ...

    def check(self) -> None:
        """Raise ``DriverError`` when the device is gone, without taking any byte."""
        ...

    def read(self, deadline: Deadline, cancel: Event | None = None) -> bytes:
        """Return what arrives first, one byte or more; empty at the deadline or when ``cancel`` is set."""
        ...

    def write(self, data: bytes, deadline: Deadline) -> None:
        """Write everything by the deadline."""
        ...

    def discard(self) -> bytes:
        """Take what has arrived so far, without waiting."""
        ...
