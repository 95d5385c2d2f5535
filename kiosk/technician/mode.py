"""Technician mode from the touched corner to the way back: entry, overview, checks, and a time limit that always holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from threading import Event

from drivers.base import Check, CheckOutcome, Deadline
from drivers.card_reader import CardReader, CardRefused, DocumentKind, IdentityDocument
from drivers.operator import Answer, Operator
from kiosk.background import Background
from kiosk.devices.desk import DeviceDesk, Request
from kiosk.devices.worker import JobFailed
from kiosk.lending import Lender, Loan, LoanEvent
from kiosk.logs import EventLog
from kiosk.selftest.examination import Examination, Finding, Guided, Progress, Stage
from kiosk.technician.credentials import Credentials, Lock
from kiosk.technician.screen_person import ScreenPerson, Task
from kiosk.view import Cancel, Intent, KeyPressed, Pick, Touched

MOST_DIGITS = 12
SKIP = "skip"
"""The choice of a technician who cannot do what is asked."""
ENTRY_SECONDS = 45.0
UNTOUCHED_SECONDS = 180.0
"""An overview that nobody touches for so long is left; while checks run, only the whole limit counts."""
CARD_SECONDS = 20.0
CHIP_KINDS = frozenset(
    {
        DocumentKind.RESIDENT,
        DocumentKind.HMT_PERMIT,
        DocumentKind.PERMANENT_RESIDENT_2017,
        DocumentKind.PERMANENT_RESIDENT_2023,
    }
)
"""Cards that only a security module opens. Others (a social security card's files are free to read) anybody can make."""


class Place(StrEnum):
    """Where in technician mode the terminal is."""

    CLOSED = "closed"
    ENTRY = "entry"
    OVERVIEW = "overview"
    CHECKING = "checking"


@dataclass(frozen=True)
class Surroundings:
    """What the mode works with; ``keep`` stores the record of an examination, not on the terminal's thread."""

    lender: Lender
    devices: DeviceDesk
    background: Background
    log: EventLog
    changed: Callable[[], None]
    keep: Callable[[tuple[Finding, ...], bool], None]
    window: tuple[int, int]
    seconds: float
    clock: Callable[[], float]


class TechnicianMode:
    """One mode of one terminal. Everything happens on the terminal's thread, but for what ``ScreenPerson`` takes in."""

    def __init__(self, credentials: Credentials, surroundings: Surroundings) -> None:
        self._credentials = credentials
        self._around = surroundings
        self._lock = Lock(surroundings.clock)
        self.place = Place.CLOSED
        self.pin = ""
        self.message = ""
        self.findings: tuple[Finding, ...] = ()
        self.examined = False
        self.progress: tuple[int, int] = (0, 0)
        self.task: Task | None = None
        self.device = ""
        """Whose turn it is with the technician."""
        self._ends = 0.0
        self._touched = 0.0
        self._requests: dict[str, Request] = {}
        self._loan: Loan | None = None
        self._examination: Examination | None = None
        self._person: ScreenPerson | None = None
        self._visit = 0

    @property
    def active(self) -> bool:
        """Whether the screen is the technician's."""
        return self.place is not Place.CLOSED

    @property
    def keypad(self) -> bool:
        """Whether a PIN would open it."""
        return bool(self._credentials.pin_hash)

    @property
    def entry(self) -> str:
        """The key of what is asked for at the entry."""
        if not self.keypad:
            return "technician.enter_card"
        return "technician.enter_pin_or_card" if self._credentials.card_hashes else "technician.enter_pin"

    @property
    def minutes_left(self) -> int:
        """Whole minutes until the terminal goes back to work by itself."""
        return max(0, ceil((self._ends - self._around.clock()) / 60))

    def open(self) -> bool:
        """Ask who is there; False when nobody may enter here."""
        if self.active or not self._credentials.any:
            return False
        now = self._around.clock()
        self._visit += 1
        self.place, self.pin, self.message = Place.ENTRY, "", ""
        self._ends, self._touched = now + ENTRY_SECONDS, now
        if self._lock.closed:
            self.message = "technician.locked"
        elif self._credentials.card_hashes:
            self._ask_readers()
        return True

    def close(self, reason: str) -> None:
        """Give everything back; the terminal serves citizens again."""
        if not self.active:
            return
        self._cancel_cards()
        self._end_checks()
        self._around.log.event("technician.left", reason=reason)
        self.place, self.pin, self.message, self.findings, self.examined = Place.CLOSED, "", "", (), False

    def tick(self) -> None:
        """Once a second: leave what nobody uses."""
        now = self._around.clock()
        if not self.active:
            return
        if now >= self._ends:
            self.close("time_is_up")
        elif self.place is Place.OVERVIEW and now - self._touched >= UNTOUCHED_SECONDS:
            self.close("left_alone")

    def handle(self, intent: Intent) -> None:
        """Take a touch."""
        self._touched = self._around.clock()
        if isinstance(intent, Cancel) or (isinstance(intent, Pick) and intent.choice == "leave"):
            self.close("by_hand")
        elif self.place is Place.ENTRY and isinstance(intent, KeyPressed):
            self._key(intent.key)
        elif self.place is Place.OVERVIEW and isinstance(intent, Pick) and intent.choice in ("check", "guided"):
            self._borrow(guided=intent.choice == "guided")
        elif self.place is Place.CHECKING:
            self._in_checks(intent)

    # ---- entry

    def _key(self, key: str) -> None:
        if self._lock.closed or not self.keypad:
            return
        if key == "backspace":
            self.pin = self.pin[:-1]
        elif key.isdecimal() and len(self.pin) < MOST_DIGITS:
            self.pin += key
        elif key == "done" and self.pin:
            pin, self.pin = self.pin, ""
            self.message = "technician.looking"
            self._check(lambda: self._credentials.opens_with_pin(pin), "pin")

    def _check(self, work: Callable[[], bool], how: str) -> None:
        visit = self._visit

        def done(right: bool) -> None:
            if self._visit != visit or self.place is not Place.ENTRY or self._lock.closed:
                return
            self._judged(right, how)
            self._around.changed()

        self._around.background.run("technician", work, done, lambda: done(False))

    def _judged(self, right: bool, how: str) -> None:
        if right:
            self._lock.right()
            self._cancel_cards()
            self._around.log.event("technician.entered", how=how)
            now = self._around.clock()
            self.place, self.message = Place.OVERVIEW, ""
            self._ends, self._touched = now + self._around.seconds, now
            return
        closed = self._lock.wrong()
        self._around.log.event("technician.refused", how=how, locked=closed)
        self.message = "technician.locked" if closed else f"technician.wrong_{how}"
        if closed:
            self._cancel_cards()

    def _ask_readers(self) -> None:
        for name in self._around.devices.availability.usable_devices("card_reader"):
            self._requests[name] = self._ask_reader(name)

    def _ask_reader(self, name: str) -> Request:
        def work(reader: CardReader, deadline: Deadline, cancel: Event) -> IdentityDocument | CardRefused | None:
            handle = reader.wait_card(deadline, cancel)
            return None if handle is None or cancel.is_set() else reader.read_identity(handle, deadline)

        return self._around.devices.ask(name, work, CARD_SECONDS, lambda result: self._read(name, result))

    def _read(self, name: str, result: IdentityDocument | CardRefused | JobFailed | None) -> None:
        self._requests.pop(name, None)
        if self.place is not Place.ENTRY:
            return
        match result:
            case IdentityDocument(kind=kind, number=number) if kind in CHIP_KINDS:
                self._check(lambda: self._credentials.opens_with_card(number), "card")
            case IdentityDocument() if not self._lock.closed:
                self._judged(False, "card")
            case IdentityDocument():
                pass
            case CardRefused():
                self.message = "technician.card_not_read"
            case JobFailed() | None:
                pass
        if not isinstance(result, JobFailed):
            self._requests[name] = self._ask_reader(name)
        self._around.changed()

    def _cancel_cards(self) -> None:
        for request in self._requests.values():
            request.cancel()
        self._requests.clear()

    # ---- checks

    def _borrow(self, guided: bool) -> None:
        visit = self._visit

        def tell(event: LoanEvent, held: frozenset[str]) -> None:
            if self._visit != visit or self.place is not Place.CHECKING:
                return
            if event is LoanEvent.ASIDE:
                self._examine(guided, held)
            elif event is LoanEvent.TIME_IS_UP:
                self.close("time_is_up")

        names = frozenset(entry.name for entry in self._around.devices.entries)
        left = max(1.0, self._ends - self._around.clock())
        self.place, self.message, self.progress = Place.CHECKING, "technician.closing_devices", (0, 0)
        self._loan = self._around.lender.lend(names, left, True, tell)
        if self._loan is None:
            self.place, self.message = Place.OVERVIEW, "technician.lent"

    def _examine(self, guided: bool, held: frozenset[str]) -> None:
        person = self._person = ScreenPerson(self._show) if guided else None
        extras: tuple[Guided, ...] = ()
        if person is not None:
            width, height = self._around.window

            def crosses(turn: Operator, deadline: Deadline) -> tuple[Check, ...]:
                return person.touch_crosses(width, height, deadline, turn.cancel)

            extras = (Guided("touch_panel", "touch_panel", crosses),)
        self.findings, self.examined, self.message = (), True, "technician.checking"
        post = self._around.devices.post

        def came_to(progress: Progress) -> None:
            post("technician", lambda: self._came_to(examination, progress))

        def finished(findings: tuple[Finding, ...]) -> None:
            post("technician", lambda: self._finished(examination, findings, guided))

        examination = self._examination = Examination(
            self._around.devices.entries, person, came_to, extras, held, clock=self._around.clock
        )
        examination.start(finished)

    def _came_to(self, examination: Examination, progress: Progress) -> None:
        if examination is not self._examination:
            return
        self.progress = (progress.done, progress.total)
        self.findings += progress.findings
        self.device = progress.device if progress.stage is Stage.GUIDED else ""
        if progress.stage is Stage.DONE:
            self.task = None
        self._around.changed()

    def _finished(self, examination: Examination, findings: tuple[Finding, ...], guided: bool) -> None:
        if examination is not self._examination:
            return
        self._examination = None
        self._end_checks()
        self.place, self.findings, self._touched = Place.OVERVIEW, findings, self._around.clock()
        failed = any(finding.outcome is CheckOutcome.FAIL for finding in findings)
        self.message = "technician.found_faults" if failed else "technician.all_well"
        self._around.background.run(
            "technician", lambda: self._around.keep(findings, guided), lambda _: None, lambda: None
        )
        self._around.changed()

    def _end_checks(self) -> None:
        examination, self._examination = self._examination, None
        if examination is not None:
            examination.cancel()
        loan, self._loan = self._loan, None
        if loan is not None:
            self._around.lender.give_back(loan)
        self._person, self.task, self.device = None, None, ""

    def _show(self, task: Task | None) -> None:
        """Bring a task to the screen, from the examination's thread."""
        person = self._person

        def show() -> None:
            if person is self._person:
                self.task = task
                self._around.changed()

        self._around.devices.post("technician", show)

    def _in_checks(self, intent: Intent) -> None:
        person, task = self._person, self.task
        if isinstance(intent, Pick) and intent.choice == "stop" and self._examination is not None:
            self._examination.cancel()
            self.message, self.task = "technician.stopping", None
        elif person is None or task is None:
            return
        elif isinstance(intent, Touched) and task.cross is not None:
            person.touched(task, intent.x, intent.y)
        elif isinstance(intent, Pick) and task.question and intent.choice in (*Answer,):
            self.task = None
            person.answered(task, Answer(intent.choice))
        elif isinstance(intent, Pick) and task.skipped is not None and intent.choice == SKIP:
            self.task = None
            task.skipped.set()
