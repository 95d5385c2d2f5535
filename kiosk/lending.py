"""Steps the terminal aside for somebody who examines its devices, and takes them back whatever becomes of that somebody."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from kiosk.bus import Timers
from kiosk.device_lock import DeviceLock
from kiosk.devices.desk import DeviceDesk

CLOSE_SECONDS = 9.0
"""A device that is just being opened (5 s) or hangs in a call is waited for this long."""


class LoanEvent(StrEnum):
    """What becomes of a loan."""

    WAITING = "waiting"
    """A citizen is being served; no other will be."""
    CLOSING = "closing"
    ASIDE = "aside"
    """The devices are closed, but for those ``held``."""
    TIME_IS_UP = "time_is_up"
    """The devices were taken back."""


_LOOK_SECONDS = 1.0

Tell = Callable[[LoanEvent, frozenset[str]], None]
"""Called on the terminal's thread, must return at once; the names of devices that hang come with ``ASIDE``."""


class Loan:
    """One loan of devices. Everything happens on the terminal's thread."""

    def __init__(self, names: frozenset[str], tell: Tell) -> None:
        self.names = names
        self.tell = tell
        self.open = set(names)
        self.timers: list[int] = []
        self.told = False


class StepsAside(Protocol):
    """The terminal, as far as lending knows it."""

    @property
    def in_session(self) -> bool:
        """Whether a citizen is being served."""
        ...

    def step_aside(self, now: bool, free: Callable[[], None]) -> None:
        """Serve nobody until ``come_back``; call ``free`` once no visit runs."""
        ...

    def come_back(self) -> None:
        """Serve citizens again."""
        ...


class Lender:
    """Lends the terminal's devices, to one at a time. Everything happens on the terminal's thread."""

    def __init__(self, terminal: StepsAside, devices: DeviceDesk, timers: Timers) -> None:
        self._terminal = terminal
        self._devices = devices
        self._timers = timers
        self._loan: Loan | None = None

    @property
    def lent(self) -> bool:
        """Whether somebody has devices, or waits for them."""
        return self._loan is not None

    def lend(self, names: frozenset[str], seconds: float, now: bool, tell: Tell) -> Loan | None:
        """Begin a loan; None when somebody else has one. A visit that runs is waited for, or ended with ``now``.

        ``seconds`` after the devices were closed they are taken back.
        """
        if self._loan is not None:
            return None
        loan = self._loan = Loan(names, tell)
        if self._terminal.in_session and not now:
            tell(LoanEvent.WAITING, frozenset())
        self._terminal.step_aside(now, lambda: self._close(loan, seconds))
        return loan

    def give_back(self, loan: Loan) -> None:
        """End a loan; nothing happens when it is over already."""
        if loan is not self._loan:
            return
        self._loan = None
        for timer in loan.timers:
            self._timers.cancel(timer)
        self._devices.take_back(loan.names)
        self._terminal.come_back()

    def wait_for(self, lock: DeviceLock) -> None:
        """Take the lock on the devices; while a self-test has it that began before this terminal, they are lent to that one.

        To be called before the devices' threads start. Raises ``OSError``.
        """
        if lock.take():
            return
        names = frozenset(entry.name for entry in self._devices.entries)
        loan = self.lend(names, math.inf, True, lambda event, held: None)
        assert loan is not None  # noqa: S101 - nobody can have borrowed yet

        def look() -> None:
            with contextlib.suppress(OSError):  # no descriptor to spare: it is looked at again
                if lock.take():
                    self.give_back(loan)
                    return
            self._timers.after(_LOOK_SECONDS, look)

        self._timers.after(_LOOK_SECONDS, look)

    def _close(self, loan: Loan, seconds: float) -> None:
        if loan is not self._loan:
            return
        loan.tell(LoanEvent.CLOSING, frozenset())
        loan.timers.append(self._timers.after(CLOSE_SECONDS, lambda: self._told(loan)))
        loan.timers.append(self._timers.after(CLOSE_SECONDS + seconds, lambda: self._time_is_up(loan)))
        self._devices.lend(loan.names, lambda name: self._away(loan, name))
        if not loan.names:
            self._told(loan)

    def _away(self, loan: Loan, name: str) -> None:
        loan.open.discard(name)
        if not loan.open:
            self._told(loan)

    def _told(self, loan: Loan) -> None:
        if loan is self._loan and not loan.told:
            loan.told = True
            loan.tell(LoanEvent.ASIDE, frozenset(loan.open))

    def _time_is_up(self, loan: Loan) -> None:
        if loan is self._loan:
            self.give_back(loan)
            loan.tell(LoanEvent.TIME_IS_UP, frozenset())
