"""Is there room on the disk, and can it be written? That the journal itself cannot be written is the journal watch's to say."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from drivers.base import Deadline, DriverError, Fault
from drivers.system.watched import Watched

NEARLY_FULL_BYTES = 1024 * 1024 * 1024
FULL_BYTES = 200 * 1024 * 1024
"""The same limit as in ``kiosk status``."""
FEWEST_FILES = 1000


class Storage(Watched):
    """The file system that ``directory`` is on. ``ask`` is statvfs(3)."""

    device_class = "storage"
    driver = "storage"

    def __init__(
        self,
        directory: Path,
        nearly_full: int = NEARLY_FULL_BYTES,
        full: int = FULL_BYTES,
        ask: Callable[[Path], os.statvfs_result] = os.statvfs,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(now)
        self._directory = directory
        self._nearly_full = nearly_full
        self._full = full
        self._ask = ask

    def look(self, deadline: Deadline) -> tuple[Fault, ...]:
        """Ask how much is free for a program without privileges."""
        del deadline
        try:
            found = self._ask(self._directory)
        except (OSError, ValueError) as error:
            raise DriverError("storage.not_found", str(self._directory), type(error).__name__) from error
        free = found.f_bavail * found.f_frsize
        self.model = f"{found.f_blocks * found.f_frsize // 1024**2} MB"
        faults: list[Fault] = []
        if found.f_flag & os.ST_RDONLY:
            faults.append(Fault("storage.read_only", str(self._directory)))
        little = f"less than {(free // 100_000_000 + 1) * 100} MB free"
        if free < self._full:
            faults.append(Fault("storage.full", str(self._directory), little))
        elif found.f_files and found.f_favail < FEWEST_FILES:
            few = f"fewer than {FEWEST_FILES} files can be made"
            faults.append(Fault("storage.full", str(self._directory), few))
        elif free < self._nearly_full:
            faults.append(Fault("storage.nearly_full", str(self._directory), little))
        return tuple(faults)
