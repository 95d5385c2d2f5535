"""What became of the ticket that a presenter held out: taken, or drawn back by the printer itself once its own time was over."""

from __future__ import annotations

import time
from collections.abc import Callable

from drivers.escpos.profile import Presenter
from drivers.receipt_printer import Ticket

_LONGEST_PAUSE = 5.0
"""Seconds between two looks at most, if the later one shall say when the ticket went."""


class HeldTicket:
    """Told of every look at the output, it knows what the looks mean; without a presenter nothing is known."""

    def __init__(self, presenter: Presenter | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._presenter = presenter
        self._clock = clock
        self._sent_at = self._seen_at = 0.0
        self.standing = Ticket.UNKNOWN if presenter is None else Ticket.TAKEN
        """What is known of it now; taken, too, where none was ever seen."""

    def sent(self) -> None:
        """A job goes out now: its ticket cannot be held out, nor be drawn back by itself, any earlier."""
        self._sent_at = self._clock()

    def held_out(self) -> None:
        """The job is confirmed: its ticket is held out, or was taken at once."""
        if self._presenter is not None:
            self.standing, self._seen_at = Ticket.WAITING, self._clock()

    def looked(self, waits: bool) -> None:
        """Take note of a look at the output."""
        if waits:
            self.held_out()
        elif self.standing is Ticket.WAITING:
            self.standing = self._gone()

    def drawn_back(self) -> None:
        """The printer was told to draw it back."""
        self.standing = Ticket.RETRACTED

    def _gone(self) -> Ticket:
        if self._presenter is None or not self._presenter.holds_seconds:
            return Ticket.TAKEN
        own_time = self._sent_at + self._presenter.holds_seconds
        if self._clock() < own_time:
            return Ticket.TAKEN
        seen_until_then = self._seen_at > own_time - _LONGEST_PAUSE
        return Ticket.RETRACTED if seen_until_then and self._presenter.then_retracts else Ticket.UNKNOWN
