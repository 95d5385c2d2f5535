"""Is the machine's clock right? Receipts, deadlines and seals carry its time."""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from drivers.base import Deadline, DriverError, Fault
from drivers.system.watched import Watched

_TIME_ERROR = 5
_STA_UNSYNC = 0x0040
_TIMEX_WORDS = 64
"""struct timex is 208 bytes on 64-bit Linux; here it has 512. ``modes`` is its first int, ``maxerror`` and ``status`` follow
``offset`` and ``freq`` (adjtimex(2), linux/timex.h)."""
EARLIEST = 1_767_225_600.0
"""2026-01-01: a clock before that has lost its battery."""
LARGEST_ERROR_SECONDS = 5.0


@dataclass(frozen=True)
class KernelClock:
    """What the kernel says of its clock: the largest error in seconds that it may have."""

    synchronised: bool
    largest_error: float


def ask_kernel() -> KernelClock:
    """Ask adjtimex(2), changing nothing. Raises ``OSError``."""
    library = ctypes.CDLL(None, use_errno=True)
    timex = (ctypes.c_long * _TIMEX_WORDS)()
    state = library.adjtimex(ctypes.byref(timex))
    if state < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    largest_error, status = timex[3], timex[5] & 0xFFFF_FFFF
    return KernelClock(state != _TIME_ERROR and not status & _STA_UNSYNC, largest_error / 1e6)


class Clock(Watched):
    """The system's clock. ``ask`` says whether it is synchronised, ``now`` what it shows (seconds since the epoch).

    The service's own unit forbids adjtimex; then systemd-timesyncd's file under ``root`` is believed, which is there once the
    clock was synchronised. With another time daemon the state is unknown there.
    """

    device_class = "clock"
    driver = "clock"

    def __init__(
        self,
        ask: Callable[[], KernelClock] = ask_kernel,
        now: Callable[[], float] = time.time,
        root: Path = Path("/"),
    ) -> None:
        super().__init__(now)
        self._ask = ask
        self._timesyncd = root / "run/systemd/timesync"

    def look(self, deadline: Deadline) -> tuple[Fault, ...]:
        """Ask the kernel, or else the time daemon. A clock that is not synchronised stops nothing: it is told."""
        del deadline
        try:
            found = self._ask()
        except PermissionError as error:
            if not self._timesyncd.is_dir():
                raise DriverError("clock.unknown", "adjtimex", f"errno {error.errno}") from error
            found = KernelClock((self._timesyncd / "synchronized").exists(), 0.0)
        except OSError as error:
            raise DriverError("clock.unknown", "adjtimex", f"errno {error.errno}") from error
        now = self._now()
        if now < EARLIEST:
            return (Fault("clock.wrong", evidence=time.strftime("%Y-%m-%d", time.gmtime(now))),)
        if not found.synchronised or found.largest_error > LARGEST_ERROR_SECONDS:
            error_words = f"largest error {found.largest_error:.0f} s" if found.largest_error else ""
            return (Fault("clock.not_synchronised", evidence=error_words),)
        return ()
