"""Reads small files of the kernel within a deadline, even when the path is a pipe in which nothing ever comes."""

from __future__ import annotations

import os
import select
from pathlib import Path

from drivers.base import Deadline, DriverError

LONGEST = 65536
_SLICE_SECONDS = 0.05


def read_text(path: Path, code: str, deadline: Deadline) -> str:
    """Return a file's text, at most 64 KB of it; bytes that are no text become marks.

    Raises ``DriverError(code)`` when it is not there or cannot be read, or is not read by the deadline.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise _failed(path, code, error) from error
    try:
        data = b""
        while len(data) < LONGEST:
            block = _read(descriptor, deadline)
            if block == b"":
                break
            if block is not None:
                data += block
            if deadline.expired:
                raise DriverError(code, f"{path} is not read to its end")
    except OSError as error:
        raise _failed(path, code, error) from error
    finally:
        os.close(descriptor)
    return data.decode("utf-8", "replace")


def _read(descriptor: int, deadline: Deadline) -> bytes | None:
    try:
        return os.read(descriptor, LONGEST)
    except BlockingIOError:  # a pipe without anything in it: files of the kernel never say so
        poller = select.poll()
        poller.register(descriptor, select.POLLIN)
        poller.poll(min(deadline.remaining(), _SLICE_SECONDS) * 1000)
        return None


def _failed(path: Path, code: str, error: Exception) -> DriverError:
    number = error.errno if isinstance(error, OSError) else None
    return DriverError(code, str(path), f"errno {number}" if number is not None else type(error).__name__)
