"""Knows every terminal's latest report and notices the silent ones; all calls come from the event loop's thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from central.store.terminals import StoredState
from kiosk.contract.reports import GONE_SECONDS, TerminalReport


@dataclass(frozen=True)
class Sighting:
    """What is known of one terminal. Without a report it was enrolled but has never been heard of."""

    terminal_id: str
    report: TerminalReport | None
    seen_at: datetime | None
    gone: bool


@dataclass
class _Known:
    report: TerminalReport
    seen_at: datetime
    silent_since: float
    gone: bool


@dataclass(eq=False)
class Subscription:
    """The terminals that changed since they were last taken: however slow the reader, never more than there are."""

    changed: set[str] = field(default_factory=set[str])
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self) -> set[str]:
        """Return what changed, and begin anew."""
        taken, self.changed = self.changed, set()
        self.news.clear()
        return taken


class Fleet:
    """``clock`` counts seconds and never jumps; ``now`` is the time of day that operators see."""

    def __init__(self, clock: Callable[[], float], now: Callable[[], datetime]) -> None:
        self._clock = clock
        self._now = now
        self._enrolled: set[str] = set()
        self._known: dict[str, _Known] = {}
        self._unstored: set[str] = set()
        self._subscriptions: set[Subscription] = set()

    def restore(self, states: Iterable[StoredState]) -> None:
        """Take over what was stored before a restart; a report that is old already counts as silence since then."""
        for state in states:
            age = max(0.0, (self._now() - state.received_at).total_seconds())
            self._known[state.report.terminal_id] = _Known(
                state.report, state.received_at, self._clock() - age, age > GONE_SECONDS
            )

    def enrolled(self, terminal_ids: Iterable[str]) -> None:
        """Take note of all terminals that were enrolled, so that the ones never heard of are listed too."""
        new = set(terminal_ids) - self._enrolled
        self._enrolled |= new
        self._announce(new)

    def receive(self, report: TerminalReport) -> bool:
        """Keep a report unless a later one is here: a lower sequence of the same start. True when it was kept."""
        known = self._known.get(report.terminal_id)
        if known and known.report.boot_id == report.boot_id and report.sequence < known.report.sequence:
            return False
        self._enrolled.add(report.terminal_id)
        self._known[report.terminal_id] = _Known(report, self._now(), self._clock(), gone=False)
        self._unstored.add(report.terminal_id)
        self._announce({report.terminal_id})
        return True

    def sweep(self) -> set[str]:
        """Mark the terminals that have been silent for more than ``GONE_SECONDS``; return the newly gone."""
        limit = self._clock() - GONE_SECONDS
        gone = {name for name, known in self._known.items() if not known.gone and known.silent_since < limit}
        for name in gone:
            self._known[name].gone = True
        self._announce(gone)
        return gone

    def take_unstored(self) -> list[StoredState]:
        """Return the reports that are not stored yet; give them back with ``keep_unstored`` if storing fails."""
        taken, self._unstored = self._unstored, set()
        return [StoredState(self._known[name].report, self._known[name].seen_at) for name in taken]

    def keep_unstored(self, states: Iterable[StoredState]) -> None:
        """Store these again next time."""
        self._unstored |= {state.report.terminal_id for state in states}

    def sighting(self, terminal_id: str) -> Sighting | None:
        """Return what is known of one terminal, None if it was never enrolled."""
        known = self._known.get(terminal_id)
        if known:
            return Sighting(terminal_id, known.report, known.seen_at, known.gone)
        return Sighting(terminal_id, None, None, gone=True) if terminal_id in self._enrolled else None

    def sightings(self) -> list[Sighting]:
        """Return what is known of all terminals, by id."""
        names = sorted(self._enrolled | self._known.keys())
        return [sighting for name in names if (sighting := self.sighting(name))]

    @contextmanager
    def subscribed(self) -> Generator[Subscription]:
        """Be told which terminals change, while the block runs."""
        subscription = Subscription()
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def wake_all(self) -> None:
        """Wake every subscriber, so that it notices the end of the server."""
        for subscription in self._subscriptions:
            subscription.news.set()

    def _announce(self, names: set[str]) -> None:
        if names:
            for subscription in self._subscriptions:
                subscription.changed |= names
                subscription.news.set()
