"""Keeps a terminal and a self-test that runs without one from using the devices at once."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class DeviceLock:
    """Who uses the devices holds it: the terminal while it runs, a self-test or a trace while none does.

    It lies on the storage directory itself: no file of it can belong to the wrong user, and the kernel releases it with the
    process. Where there is no such directory yet no terminal has ever run, and there is nothing to hold.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._held: int | None = None

    def take(self) -> bool:
        """Take it at once, or return False: somebody else has it. Raises ``OSError``."""
        if self._held is not None:
            return True
        try:
            descriptor = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            return True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        except OSError:
            os.close(descriptor)
            raise
        self._held = descriptor
        return True

    def release(self) -> None:
        """Let others have it. May be called twice."""
        held, self._held = self._held, None
        if held is not None:
            os.close(held)
