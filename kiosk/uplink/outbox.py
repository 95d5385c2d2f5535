"""Brings everything that citizens handed in to central, in order and each exactly once, however long it takes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import assert_never

from kiosk.contract.cases import Accepted
from kiosk.contract.reports import Problem
from kiosk.journal import Entry, EntryState, EntryTampered, Journal, JournalUnavailable
from kiosk.journal_values import Kind
from kiosk.logs import EventLog
from kiosk.uplink.client import CentralClient, Delivered, NotNow, Refused, Unreachable
from kiosk.uplink.link import Link

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 60.0
SEND_SECONDS = 20.0
SET_ASIDE_AFTER = 8
"""So many failures of central over one entry alone, one after the other, and the entries behind it go first."""
_ABOUT_ALL = frozenset({"unauthorised", "overloaded", "http_502", "http_503", "http_504"})
"""Reasons that lie with central as a whole, whatever entry is sent: no entry steps aside for them."""


@dataclass(frozen=True, repr=False)
class Settled:
    """Central's final word on one entry. ``accepted`` for an accepted submission, ``problem`` for a refused entry."""

    key: str
    kind: Kind
    local_no: str
    state: EntryState
    accepted: Accepted | None = None
    problem: Problem | None = None


@dataclass
class _Aside:
    """One entry over which central fails again and again: how often, and when it is its turn again."""

    failures: int = 0
    until: float = 0.0


class Outbox:
    """One thread that sends what is pending in the journal, oldest first, and waits with growing pauses when it cannot.

    Central sees each entry once: the same key always carries the same bytes, and the first answer is written down
    before anyone hears of it. ``on_settled`` is called in this thread, at most once; after a restart nobody waits.
    """

    def __init__(
        self,
        journal: Journal,
        client: CentralClient,
        link: Link,
        log: EventLog,
        random: Random | None = None,
        first_wait: float = FIRST_WAIT_SECONDS,
        longest_wait: float = LONGEST_WAIT_SECONDS,
        send_seconds: float = SEND_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._journal = journal
        self._client = client
        self._link = link
        self._log = log
        self._random = random or Random()  # noqa: S311 - spreads terminals in time, protects nothing
        self._first_wait = first_wait
        self._longest_wait = longest_wait
        self._send_seconds = send_seconds
        self._clock = clock
        self._wake = threading.Condition()
        self._woken = False
        self._stopping = False
        self._listeners: dict[str, Callable[[Settled], None]] = {}
        self._aside: dict[str, _Aside] = {}
        self._tampered: set[str] = set()
        self._failures = 0
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        link.listen(self._link_changed)

    def start(self) -> None:
        """Start sending; what an earlier run left in the journal goes first."""
        self._thread.start()

    def hand_in(
        self,
        kind: Kind,
        key: str,
        local_no: str,
        body: bytes,
        depends_on: str = "",
        on_settled: Callable[[Settled], None] | None = None,
    ) -> None:
        """Write the entry down and return; it is safe from now on and will be sent at once, or when central is there.

        Raises ``JournalUnavailable`` when it could not be written: then nothing has been handed in, and ``on_settled``
        will not be called. ``body`` is the contract's JSON.
        """
        with self._wake:
            if on_settled is not None:
                self._listeners[key] = on_settled  # before the thread can see the entry
        try:
            self._journal.add(key, kind, local_no, body, depends_on)
        except BaseException:
            with self._wake:
                self._listeners.pop(key, None)
            raise
        self.wake()

    def pending(self) -> int:
        """Return how many entries wait for central."""
        return len(self._journal.pending_keys())

    def wake(self) -> None:
        """Try now, without waiting for the pause to end. Any thread."""
        with self._wake:
            self._woken = True
            self._wake.notify()

    def stop(self, seconds: float) -> bool:
        """End the thread; return whether it ended within ``seconds`` (a request under way may take longer)."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        if self._thread.ident is not None:
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def _link_changed(self, up: bool) -> None:
        if up:
            self.wake()

    def _run(self) -> None:
        while not self._stopping:
            try:
                wait = self._step()
                if self._log.forget("journal"):
                    self._log.event("journal.back")
            except JournalUnavailable as error:
                self._log.change("journal", error.code, "journal.unavailable", code=error.code)
                wait = self._pause()
            except Exception as error:  # noqa: BLE001 - a bug must not strand what citizens handed in
                self._log.crash(error)
                wait = self._pause()
            if wait is None or wait > 0:
                with self._wake:
                    self._wake.wait_for(lambda: self._woken or self._stopping, wait)
                    self._woken = False

    def _step(self) -> float | None:
        """Send the next entry; return how long to pause then, in seconds, None until something is handed in."""
        key, wait = self._next()
        if not key:
            return wait
        try:
            entry = self._journal.entry(key)
        except EntryTampered:
            self._tampered.add(key)
            self._log.event("journal.tampered", key=key)
            return 0.0
        if entry is None or entry.state is not EntryState.PENDING:
            return 0.0
        self._journal.attempted(key)
        was_up = self._link.up is not False
        outcome = self._send(entry)
        self._link.note(outcome)
        match outcome:
            case Accepted() | Delivered():
                accepted = outcome if isinstance(outcome, Accepted) else None
                answer = accepted.model_dump_json().encode() if accepted else b"{}"
                self._settle(entry, answer, Settled(key, entry.kind, entry.local_no, EntryState.ACCEPTED, accepted))
                self._log.event("outbox.settled", key=key, kind=entry.kind, attempts=entry.attempts + 1)
            case Refused():
                problem = outcome.problem
                settled = Settled(key, entry.kind, entry.local_no, EntryState.REFUSED, problem=problem)
                self._settle(entry, problem.model_dump_json().encode(), settled)
                self._log.event("outbox.refused", key=key, kind=entry.kind, code=problem.code, status=outcome.status)
            case NotNow() | Unreachable():
                return self._failed(key, outcome, was_up)
            case _:
                assert_never(outcome)
        return 0.0

    def _next(self) -> tuple[str, float | None]:
        """Return the key to send now, or no key and how long to wait for the next one."""
        pending = self._journal.pending_keys()
        waiting = {key for key, _ in pending}
        now = self._clock()
        soonest: float | None = None
        for key, depends_on in pending:
            if key in self._tampered or depends_on in waiting:
                continue
            aside = self._aside.get(key)
            if aside is None or aside.until <= now:
                return key, None
            soonest = aside.until if soonest is None else min(soonest, aside.until)
        return "", None if soonest is None else soonest - now

    def _send(self, entry: Entry) -> Accepted | Delivered | Refused | NotNow | Unreachable:
        if entry.kind == "submission":
            return self._client.submit(entry.key, entry.body, self._send_seconds)
        return self._client.rate(entry.key, entry.body, self._send_seconds)

    def _settle(self, entry: Entry, answer: bytes, settled: Settled) -> None:
        self._journal.settle(entry.key, settled.state, answer)
        self._failures = 0
        self._aside.pop(entry.key, None)
        self._log.forget("outbox")
        with self._wake:
            listener = self._listeners.pop(entry.key, None)
        if listener is not None:
            try:
                listener(settled)
            except Exception as error:  # noqa: BLE001 - the listener's bug; the entry is settled all the same
                self._log.crash(error)

    def _failed(self, key: str, outcome: NotNow | Unreachable, was_up: bool) -> float:
        if isinstance(outcome, NotNow):
            self._log.change("outbox", outcome.reason, "outbox.waiting", code=outcome.reason)
            pause = max(self._pause(), outcome.retry_after)
            about_all = outcome.reason in _ABOUT_ALL
        else:
            pause = self._pause()
            # While nobody else gets through either, it is not the entry's fault, and the order is kept.
            about_all = not was_up
        if about_all:
            return pause
        aside = self._aside.setdefault(key, _Aside())
        aside.failures += 1
        if aside.failures < SET_ASIDE_AFTER:
            return pause
        if aside.failures == SET_ASIDE_AFTER:
            self._log.event("outbox.set_aside", key=key, code=outcome.reason, attempts=aside.failures)
        aside.until = self._clock() + self._longest_wait
        return 0.0

    def _pause(self) -> float:
        """Return the next pause, twice as long each time up to the longest, of which chance takes up to a half."""
        longest = min(self._longest_wait, self._first_wait * 2.0 ** min(self._failures, 30))
        self._failures += 1
        return longest * self._random.uniform(0.5, 1.0)
