"""Looks after the journal between visits: can it be written, and is there anything old enough to be removed."""

from __future__ import annotations

import time
from collections.abc import Callable

from kiosk.background import Background
from kiosk.journal import Journal, JournalUnavailable
from kiosk.logs import EventLog

PROBE_SECONDS = 10.0
TIDY_SECONDS = 24 * 3600.0


class JournalWatch:
    """What is known of the journal's health. All calls come on the terminal's thread; the disk is asked in the background."""

    def __init__(
        self,
        journal: Journal,
        background: Background,
        log: EventLog,
        keep_days: int,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self.well = True
        self._journal = journal
        self._background = background
        self._log = log
        self._keep_seconds = keep_days * 24 * 3600.0
        self._clock = clock
        self._wall_clock = wall_clock
        self._next_probe = clock()
        self._next_tidy = clock()
        self._asking = False

    def look(self) -> None:
        """Ask again when it is time to; returns at once."""
        now = self._clock()
        if self._asking or now < self._next_probe:
            return
        self._asking = True
        self._next_probe = now + PROBE_SECONDS
        tidy = now >= self._next_tidy
        self._background.run("journal", lambda: self._ask(tidy), self._answered, self._failed)

    def _ask(self, tidy: bool) -> JournalUnavailable | None:
        try:
            self._journal.probe()
            if tidy:
                self._journal.remove_settled_before(self._wall_clock() - self._keep_seconds)
                self._next_tidy = self._clock() + TIDY_SECONDS
        except JournalUnavailable as error:
            return error
        return None

    def _answered(self, error: JournalUnavailable | None) -> None:
        self._asking = False
        if error is not None and self.well:
            self._log.event("journal.unavailable", code=error.code)
        elif error is None and not self.well:
            self._log.event("journal.back")
        self.well = error is None

    def _failed(self) -> None:
        self._asking = False
        self.well = False
