"""Where a running terminal listens: a Unix socket in its storage directory, also when that path is too long for one."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

NAME = "control.sock"
LONGEST_LINE = 65_536
"""Bytes of one JSON line, in both directions."""
_CREDENTIALS = struct.Struct("3i")


@contextmanager
def address(directory: Path) -> Generator[str]:
    """Give the socket's address for as long as it takes to bind or connect. ``sockaddr_un`` holds 107 bytes, so the
    directory goes by a descriptor.
    """
    descriptor = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}/{NAME}"
    finally:
        os.close(descriptor)


def peer_may_enter(connection: socket.socket) -> bool:
    """Whether who is at the other end is the terminal's own user, or root."""
    data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, user, _ = _CREDENTIALS.unpack(data)
    return user in (os.geteuid(), 0)
