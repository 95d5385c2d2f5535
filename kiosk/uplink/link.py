"""Whether central can be reached, and the reports that tell it every few seconds how the terminal is."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from random import Random

from kiosk.contract.reports import REPORT_SECONDS, TerminalReport
from kiosk.logs import EventLog
from kiosk.uplink.catalogue import ItemCatalogue
from kiosk.uplink.client import CentralClient, Delivered, Failure, Refused, Unreachable

RETRY_SECONDS = 5.0
"""How soon an unreachable central is tried again by a report: small and without effect, so that nobody waits long."""
CHANGE_SECONDS = 1.0
"""Reports of changes are at least this far apart."""


class Link:
    """The state of the way to central, told by everyone who used it. Any thread; a change is logged once.

    ``listeners`` are called on each change, with True for up, in the thread that noticed it.
    """

    def __init__(self, log: EventLog, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._lock = threading.Lock()
        self._up: bool | None = None
        self._since = clock()
        self._listeners: list[Callable[[bool], None]] = []

    @property
    def up(self) -> bool | None:
        """True or False since somebody tried; None before."""
        with self._lock:
            return self._up

    @property
    def seconds(self) -> float:
        """How long the state has been as it is."""
        with self._lock:
            return self._clock() - self._since

    def listen(self, listener: Callable[[bool], None]) -> None:
        """Call ``listener`` on every change from now on."""
        with self._lock:
            self._listeners.append(listener)

    def note(self, outcome: object) -> None:
        """Learn from one outcome of ``CentralClient``: all but ``Unreachable`` means that central is there."""
        up = not isinstance(outcome, Unreachable)
        with self._lock:
            if self._up == up:
                return
            lost_seconds = round(self._clock() - self._since) if self._up is False else None
            self._up, self._since = up, self._clock()
            listeners = tuple(self._listeners)
        if isinstance(outcome, Unreachable):
            self._log.event("link.lost", code=outcome.reason)
        elif lost_seconds is not None:
            self._log.event("link.back", lost_seconds=lost_seconds)
        for listener in listeners:
            listener(up)


class Reporter:
    """The thread that reports to central and keeps the catalogue of items fresh.

    ``make_report(boot_id, sequence)`` is called in this thread. A report that fails is not kept: the next says it all.
    ``records`` sends what self-tests left behind, after a report that came through.
    """

    def __init__(
        self,
        client: CentralClient,
        link: Link,
        log: EventLog,
        make_report: Callable[[str, int], TerminalReport],
        catalogue: ItemCatalogue | None = None,
        records: Callable[[], Failure | None] | None = None,
        boot_id: str = "",
        random: Random | None = None,
        every: float = REPORT_SECONDS,
        retry_after: float = RETRY_SECONDS,
        apart: float = CHANGE_SECONDS,
    ) -> None:
        self.boot_id = boot_id or str(uuid.uuid4())
        self._client = client
        self._link = link
        self._log = log
        self._make_report = make_report
        self._catalogue = catalogue
        self._records = records
        self._random = random or Random()  # noqa: S311 - spreads terminals in time, protects nothing
        self._every = every
        self._retry_after = retry_after
        self._apart = apart
        self._sequence = 0
        self._changed = False
        self._stopping = False
        self._wake = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="reporter", daemon=True)

    def start(self) -> None:
        """Report now, and from now on."""
        self._thread.start()

    def changed(self) -> None:
        """Something that central should know has changed: report soon. Returns at once; any thread."""
        with self._wake:
            self._changed = True
            self._wake.notify()

    def stop(self, seconds: float) -> bool:
        """End the thread; return whether it ended within ``seconds`` (a request under way may take longer)."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        if self._thread.ident is not None:
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping:
            with self._wake:
                self._changed = False
            try:
                delivered = self._report()
            except Exception as error:  # noqa: BLE001 - a bug in one report must not silence the terminal for good
                self._log.crash(error)
                delivered = False
            # Not all terminals of a country at the same moment after central was away.
            wait = self._every if delivered else min(self._every, self._retry_after * self._random.uniform(1.0, 1.5))
            self._sleep(wait)

    def _report(self) -> bool:
        report = self._make_report(self.boot_id, self._sequence)
        self._sequence += 1
        outcome = self._client.report(report)
        if not isinstance(outcome, Delivered):
            self._note_failure("report", outcome)
            return False
        self._link.note(outcome)
        self._log.forget("report")
        if self._catalogue is not None:
            self._refresh(self._catalogue)
        if self._records is not None:
            failure = self._records()
            if failure is None:
                self._log.forget("self_tests")
            else:
                self._note_failure("self_tests", failure)
        return True

    def _refresh(self, catalogue: ItemCatalogue) -> None:
        failure = catalogue.refresh_when_due()
        if failure is None:
            self._log.forget("items")
        else:
            self._note_failure("items", failure)

    def _note_failure(self, subject: str, failure: Failure) -> None:
        self._link.note(failure)
        if not isinstance(failure, Unreachable):
            code = failure.problem.code if isinstance(failure, Refused) else failure.reason
            self._log.change(subject, code, "link.refused", code=code)

    def _sleep(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        with self._wake:
            self._wake.wait_for(lambda: self._stopping, min(self._apart, seconds))
            self._wake.wait_for(lambda: self._stopping or self._changed, max(0.0, end - time.monotonic()))
