"""The terminal at work: one thread that takes intents, device results and timers, walks the journey and publishes views."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING

from drivers.base import Health
from kiosk.bus import Bus, Timers
from kiosk.cabinet import Cabinet
from kiosk.config import CabinetSection, IdleSection
from kiosk.devices.desk import DeviceDesk
from kiosk.devices.worker import LENT
from kiosk.journal_watch import JournalWatch
from kiosk.journey import engine
from kiosk.journey.definition import ServiceDefinition
from kiosk.journey.engine import EndVisit, EnterStep, JourneyState, LeaveStep, Refuse, ShowFault
from kiosk.journey.steps import STEP_KINDS, Step, Tools
from kiosk.logs import LONGEST_CODE, EventLog
from kiosk.presentation import Presenter
from kiosk.session import IdleClock, Visit
from kiosk.texts import LANGUAGES
from kiosk.ticket import collect
from kiosk.view import (
    Activity,
    Cancel,
    Intent,
    Next,
    OpenTechnician,
    Pick,
    SetLanguage,
    StartService,
    StayHere,
    View,
)
from kiosk.view import Back as BackIntent
from kiosk.view_channel import ViewChannel
from kiosk.visit_record import StepRecord, VisitRecord

if TYPE_CHECKING:  # loaded after the home screen is drawn, with the mode itself
    from kiosk.technician.mode import TechnicianMode
    from kiosk.technician.picture import Painter

TICK_SECONDS = 1.0
HANG_SECONDS = 10.0
FAULT_SCREEN_SECONDS = 90.0
REMINDER_SECONDS = 20.0
"""How long the home screen reminds of the card after a visit that ended before its end."""


class Terminal:
    """Sessions one after the other. Everything but ``post`` and ``stop`` happens on the thread that calls ``run``."""

    def __init__(
        self,
        services: Mapping[str, ServiceDefinition],
        tools: Tools,
        devices: DeviceDesk,
        bus: Bus,
        timers: Timers,
        views: ViewChannel,
        log: EventLog,
        idle: IdleSection,
        default_language: str,
        clock: Callable[[], float] = time.monotonic,
        journal_watch: JournalWatch | None = None,
        first_number: int = 1,
        cabinet: CabinetSection | None = None,
    ) -> None:
        self._services = services
        self._tools = tools
        self._devices = devices
        self._bus = bus
        self._timers = timers
        self._views = views
        self._log = log
        self._idle_settings = idle
        self._default_language = default_language
        self._clock = clock
        self._journal_watch = journal_watch
        self._number = first_number - 1
        self._language = default_language
        self._visit: Visit | None = None
        self._state: JourneyState | None = None
        self._step: Step | None = None
        self._idle: IdleClock | None = None
        self._fault_code = ""
        self._refusal = ""
        self._aside = False
        self._technician: tuple[TechnicianMode, Painter] | None = None
        self._when_free: Callable[[], None] | None = None
        self._reminder: int | None = None
        self._language_timer: int | None = None
        self._beat = clock()
        self._cabinet_settings = cabinet or CabinetSection()
        self._cabinet = Cabinet(devices, self._cabinet_settings, self._presence_changed, clock)
        self._opened_before = ""
        self._step_timer: int | None = None
        self._stopping = threading.Event()
        self._revision = 0
        self.last_visit: VisitRecord | None = None
        self._record: VisitRecord | None = None

    # ---- from other threads

    def post(self, intent: Intent, session: int | None) -> None:
        """Hand over a touch; one that belongs to an earlier session is dropped."""
        self._bus.post("intent", lambda: self._take(intent, session))

    def after_posted(self, call: Callable[[], None]) -> None:
        """Call, on the terminal's thread, once all that was posted before is taken and its view published."""
        self._bus.post("after", call)

    def stop(self) -> None:
        """End ``run``."""
        self._stopping.set()
        self._bus.post("stop", lambda: None)

    @property
    def in_session(self) -> bool:
        """Whether a citizen is being served."""
        return self._visit is not None

    @property
    def responsive(self) -> bool:
        """Whether the thread still takes events; a screen that ticks over a thread that hangs is no living terminal."""
        return self._clock() - self._beat < HANG_SECONDS

    def services_state(self) -> tuple[tuple[str, str], ...]:
        """Return each service and the code of why it is not available, empty when it is. Safe from any thread."""
        return tuple((name, self._why_not(service)) for name, service in self._services.items())

    # ---- the thread

    def begin(self) -> None:
        """Show the home screen; from now on ``work`` is to be called."""
        self._publish()
        self._timers.after(TICK_SECONDS, self._tick)

    def run(self) -> None:
        """Work until ``stop``."""
        self.begin()
        while not self._stopping.is_set():
            self.work(self._timers.seconds_to_next(TICK_SECONDS))
        if self._visit is not None:
            self._end("terminal_stopped")

    def work(self, wait: float) -> bool:
        """Take at most one event, waiting ``wait`` seconds for it, and run what is due; whether there was one."""
        posted = self._bus.take(wait)
        self._beat = self._clock()
        try:
            if posted is not None:
                posted.call()
            self._timers.run_due()
        except Exception as error:  # noqa: BLE001 - a bug ends one visit, safely, and not the terminal
            self._crashed(error)
        return posted is not None

    def _crashed(self, error: Exception) -> None:
        """Wipe and say so; where even that fails, go home at once."""
        self._log.crash(error, "terminal")
        visit = self._visit
        if visit is None:
            return
        handed_in = visit.handed_in is not None
        try:
            if self._refusal:
                self._end(self._refusal)
            else:
                self.refuse("software_error_handed_in" if handed_in else "software_error")
                visit.wipe()
        except Exception as second:  # noqa: BLE001 - as above
            self._log.crash(second, "terminal")
            self._end("software_error")

    def let_in(self, mode: TechnicianMode, painter: Painter) -> None:
        """Let technicians enter their mode from the home screen; on the terminal's thread, once."""
        self._technician = (mode, painter)

    def step_aside(self, now: bool, free: Callable[[], None]) -> None:
        """Serve nobody until ``come_back``; ``free`` is called once no visit runs: one that does is ended with ``now``."""
        self._aside = True
        self._when_free = free
        if self._visit is not None and now:
            self._end("stepped_aside")
        elif self._visit is None:
            self._publish()
            self._tell_free()

    def come_back(self) -> None:
        """Serve citizens again."""
        self._aside, self._when_free = False, None
        self._publish()

    def _tell_free(self) -> None:
        free, self._when_free = self._when_free, None
        if free is not None:
            free()

    def device_changed(self, name: str, health: Health) -> None:
        """A device's health changed; what is shown follows."""
        codes = _joined(fault.code for fault in health.faults)
        self._log.change(
            name, (health.state, codes), "device.changed", device=name, state=health.state.value, code=codes
        )
        self._mind_cabinet()
        self._settle()

    def _presence_changed(self) -> None:
        self._mind_cabinet()
        self._publish()

    def _mind_cabinet(self) -> None:
        """End the visit when the cabinet is opened, but not while the machine is at work; warn a citizen who walked away,
        and end that warning when somebody comes back.
        """
        if self._idle is None or self._step is None or (self._step.busy and not (self._fault_code or self._refusal)):
            return
        opened = self._cabinet.opened
        if opened and opened != self._opened_before:
            self._leave(opened)
        elif self._cabinet.walked_away:
            self._idle.hurry(self._cabinet_settings.walked_away_answer_within, self._clock())
        else:
            self._idle.came_back(self._clock())

    def _settle(self) -> None:
        """Let devices count as usable once they were well for long enough, and go on where one held the visit up."""
        left = self._devices.availability.settle(self._clock())
        if left is not None:
            self._timers.after(left, self._settle)
        if self._state is not None and self._state.fault and self._step is not None:
            device_class = self._step.definition.device
            if device_class and not self._devices.availability.reason(device_class):
                self._advance(engine.DeviceRecovered())
        self._publish()

    def _tick(self) -> None:
        self._timers.after(TICK_SECONDS, self._tick)  # first, so that a bug below does not end the ticking
        self._devices.check_hung()
        if self._visit is None and self._journal_watch is not None:
            self._journal_watch.look()
        if self._technician is not None:
            self._technician[0].tick()
        self._cabinet.look()
        self._mind_cabinet()
        if self._visit is not None and self._idle is not None:
            now = self._clock()
            if self._step is not None and self._step.busy and not (self._fault_code or self._refusal):
                self._idle.busy(now)
            if self._idle.expired(now):
                self._leave("walked_away" if self._idle.hurried else "idle")
        self._publish()

    def _leave(self, reason: str) -> None:
        """End the visit before its end; one that was refused already ends with that reason."""
        if self._refusal:
            self._end(self._refusal)
        else:
            self._advance(engine.Left(reason))

    def _take(self, intent: Intent, session: int | None) -> None:
        current = self._visit.number if self._visit is not None else None
        if session != current:
            return
        self._cabinet.touched()
        if self._idle is not None:
            self._idle.came_back(self._clock())
        if self._technician is not None and self._visit is None:
            mode = self._technician[0]
            if mode.active and not isinstance(intent, SetLanguage):
                mode.handle(intent)
                self._publish()
                return
            if isinstance(intent, OpenTechnician) and not self._aside:
                mode.open()
        if self._idle is not None:
            if isinstance(intent, StayHere):
                self._idle.stay(self._clock())
            else:
                self._idle.active(self._clock())
        match intent:
            case Activity() | StayHere():
                pass
            case SetLanguage(language) if language in LANGUAGES:
                self._language = language
                if self._visit is not None:
                    self._visit.language = language
                else:
                    self._restore_language_later()
            case StartService(name):
                if self._visit is None:
                    self._start(name)
            case Cancel():
                if self._step is not None and (self._step.may_leave or self._refusal):
                    self._leave("left_early" if self._committed() else "cancelled")
            case BackIntent():
                if not self._refusal and (self._fault_code or self._step is None or not self._step.back()):
                    self._advance(engine.WentBack())
            case _:
                self._to_step(intent)
        self._publish()

    def _to_step(self, intent: Intent) -> None:
        if self._refusal:
            if isinstance(intent, Next | Pick):
                self._end(self._refusal)
        elif self._fault_code:
            if isinstance(intent, Pick) and intent.choice == "retry":
                self._advance(engine.DeviceRecovered())
            elif isinstance(intent, Pick) and intent.choice == "stop":
                self._advance(engine.Left(self._fault_code))
        elif self._step is not None:
            self._step.handle(intent)

    def _start(self, name: str) -> None:
        service = self._services.get(name)
        if service is None or self._why_not(service):
            return
        self._number += 1
        self._opened_before = self._cabinet.opened
        self._forget_reminder()
        now = self._clock()
        self._visit = Visit(self._number, service, self._language)
        settings = self._idle_settings
        self._idle = IdleClock(settings.warn_after, settings.answer_within, settings.extensions, now)
        self._record = VisitRecord(self._number, name, began=now)
        self._log.event("session.started", session=self._number, service=name)
        self._state, effects = engine.begin(service)
        self._perform(effects)

    def _committed(self) -> bool:
        return self._state is not None and self._state.committed

    def _advance(self, event: engine.Event) -> None:
        if self._visit is None or self._state is None:
            return
        self._state, effects = engine.advance(self._visit.service, self._state, event)
        self._perform(effects)

    def _perform(self, effects: tuple[engine.Effect, ...]) -> None:
        for effect in effects:
            match effect:
                case LeaveStep():
                    self._leave_step()
                case EnterStep(name):
                    self._enter_step(name)
                case ShowFault(_, code):
                    self._fault_code = code
                    self._log.event("session.fault", session=self._number, code=code)
                    self._step_timer = self._timers.after(FAULT_SCREEN_SECONDS, self._fault_timeout(code))
                case Refuse(outcome):
                    self.refuse(outcome)
                case EndVisit(outcome):
                    self._end(outcome)

    def _fault_timeout(self, code: str) -> Callable[[], None]:
        return lambda: self._then_publish(lambda: self._advance(engine.Left(code)))

    def _enter_step(self, name: str) -> None:
        visit, record = self._visit, self._record
        assert visit is not None  # noqa: S101 - effects come only within a visit
        assert record is not None  # noqa: S101 - as above
        self._leave_step()
        definition = visit.service.step(name)
        self._fault_code = ""
        step = STEP_KINDS[definition.kind](definition, visit, self._tools, _StepReport(self, visit.number, name))
        self._step = step
        self._log.event("session.step", session=visit.number, step=name)
        entered = StepRecord(name, definition.kind, self._since(record))
        record.steps.append(entered)
        self._step_timer = self._timers.after(definition.timeout, self._step_timeout(entered))
        step.enter()

    def _step_timeout(self, entered: StepRecord) -> Callable[[], None]:
        """``entered`` and not the step: what runs at the end of a visit must not hold what is wiped then."""

        def out_of_time() -> None:
            if self._record is not None and self._record.steps[-1] is entered:
                self._advance(engine.Left("left_early" if self._committed() else "step_timeout"))
                self._publish()

        return out_of_time

    def _leave_step(self) -> None:
        if self._step_timer is not None:
            self._timers.cancel(self._step_timer)
            self._step_timer = None
        record = self._record
        if self._step is not None and record is not None and record.steps and record.steps[-1].left is None:
            record.steps[-1].left = self._since(record)
            self._step.leave()

    def _since(self, record: VisitRecord) -> int:
        return round((self._clock() - record.began) * 1000)

    def _end(self, outcome: str) -> None:
        """Wipe and go home: whatever happened, nothing of the citizen stays."""
        visit, record = self._visit, self._record
        if visit is None or record is None:
            return
        self._leave_step()
        if visit.ticket is not None:
            collect(self._tools, self._log, visit.number, visit.ticket)
        record.outcome = outcome
        record.seconds = round(self._clock() - record.began, 3)
        if visit.handed_in is not None:
            record.local_no = visit.handed_in.local_no
        if self._tools.training:
            accepted = visit.handed_in.accepted if visit.handed_in is not None else None
            record.project_no = accepted.project_no if accepted is not None else visit.asked_for
        self._visit = self._state = self._step = self._idle = None
        self._fault_code = self._refusal = ""
        self._language = self._default_language
        if visit.card_reader and outcome != "done":
            self._reminder = self._timers.after(REMINDER_SECONDS, self._reminded)
        self._publish()
        record.wiped = visit.wipe()
        self.last_visit = record
        self._record = None
        self._log.event(
            "session.ended", session=record.number, outcome=outcome, wiped=record.wiped, seconds=record.seconds
        )
        self._tell_free()

    def _reminded(self) -> None:
        self._forget_reminder()
        self._publish()

    def _restore_language_later(self) -> None:
        """Whoever changed it and walked away must not decide for the next citizen."""
        if self._language_timer is not None:
            self._timers.cancel(self._language_timer)
        self._language_timer = self._timers.after(self._idle_settings.warn_after, self._restore_language)

    def _restore_language(self) -> None:
        self._language_timer = None
        if self._visit is None:
            self._language = self._default_language
            self._publish()

    def _forget_reminder(self) -> None:
        if self._reminder is not None:
            self._timers.cancel(self._reminder)
        self._reminder = None

    def refuse(self, outcome: str) -> None:
        """The visit cannot go on: say so on the fault screen; it ends at a touch or by the idle clock."""
        self._refusal = outcome
        self._leave_step()
        self._log.event("session.fault", session=self._number, code=outcome)
        self._publish()

    def _then_publish(self, call: Callable[[], None]) -> None:
        call()
        self._publish()

    # ---- what a step reports (through _StepReport)

    def from_step(self, number: int, step: str, call: Callable[[], None]) -> None:
        """Act on a step's report, unless that step or its visit is over, or a fault screen stands in its place."""
        if (
            self._refusal
            or self._fault_code
            or self._visit is None
            or self._visit.number != number
            or self._step is None
            or self._step.definition.id != step
        ):
            return
        self._then_publish(call)

    def completed(self, values: Mapping[str, str]) -> None:
        """Go on to the next step."""
        if self._idle is not None:
            self._idle.busy(self._clock())
        self._advance(engine.StepCompleted(tuple(values.items())))

    def device_failed(self, code: str) -> None:
        """Do what the step's policy says."""
        self._advance(engine.DeviceFailed(code))

    def take_alternative(self) -> None:
        """Go the other way that the citizen chose."""
        self._advance(engine.TookAlternative())

    def printed(self, outcome: str, accepted_bytes: int, code: str) -> None:
        """Take a print down."""
        if self._record is not None:
            kind = self._record.steps[-1].kind
            self._record.prints.append({"kind": kind, "outcome": outcome, "bytes": accepted_bytes})
            if outcome != "printed":
                self._log.event("print.failed", session=self._record.number, outcome=outcome, code=code)

    # ---- views

    def _closed(self) -> str:
        """Return the code of why nothing at all can be used, empty while it can."""
        if self._aside or (self._technician is not None and self._technician[0].active):
            return LENT
        if self._journal_watch is not None and not self._journal_watch.well:
            return "journal.unavailable"
        return self._cabinet.closed

    def _why_not(self, service: ServiceDefinition) -> str:
        """Return the code of why a service cannot be used now."""
        closed = self._closed()
        if closed:
            return closed
        for group in service.requires:
            reasons = [self._devices.availability.reason(device_class) for device_class in group]
            if all(reasons):
                return reasons[0]
        return ""

    def show_again(self) -> None:
        """Draw anew what changed outside; on the terminal's thread."""
        self._publish()

    def _publish(self) -> None:
        held_up = self._step is None or self._fault_code or self._refusal
        slot = "" if held_up or self._step is None else self._step.awaits_hand_at
        self._cabinet.light(frozenset({slot} if slot else ()))
        view = self._view()
        latest = self._views.latest()
        if latest is None or replace(latest, revision=0) != replace(view, revision=0):
            self._revision += 1
            self._views.publish(replace(view, revision=self._revision))

    def _view(self) -> View:
        why_not = {name: self._why_not(service) for name, service in self._services.items()}
        presenter = Presenter(self._tools, self._language, self._services)
        if self._technician is not None and self._technician[0].active:
            mode, painter = self._technician
            return presenter.technician(painter.picture(mode, self._language))
        if self._visit is None or self._step is None or self._state is None or self._idle is None:
            view = presenter.between_visits(self._closed(), why_not, self._reminder is not None)
            return replace(view, asleep=self._cabinet.asleep)
        left = self._idle.warning(self._clock())
        code = self._refusal or self._fault_code
        if code:
            view = presenter.fault(self._visit, self._step, code, can_retry=not self._refusal)
        else:
            view = presenter.step(self._visit, self._step, engine.can_go_back(self._visit.service, self._state))
        return replace(view, idle_seconds=None if left is None else ceil(left), idle_extendable=self._idle.extendable)


def _joined(codes: Iterable[str]) -> str:
    """Return codes joined by +, as many as a field of the log may hold."""
    joined = ""
    for code in dict.fromkeys(codes):
        longer = f"{joined}+{code}" if joined else code
        if len(longer) > LONGEST_CODE:
            break
        joined = longer
    return joined


@dataclass(frozen=True)
class _StepReport:
    """A step's way to the terminal, bound to its visit and step so that nothing late gets through."""

    terminal: Terminal
    number: int
    step: str

    def changed(self) -> None:
        self.terminal.from_step(self.number, self.step, lambda: None)

    def completed(self, values: Mapping[str, str]) -> None:
        self.terminal.from_step(self.number, self.step, lambda: self.terminal.completed(values))

    def device_failed(self, code: str) -> None:
        self.terminal.from_step(self.number, self.step, lambda: self.terminal.device_failed(code))

    def left(self, outcome: str) -> None:
        self.terminal.from_step(self.number, self.step, lambda: self.terminal.refuse(outcome))

    def alternative(self) -> None:
        self.terminal.from_step(self.number, self.step, self.terminal.take_alternative)

    def printed(self, outcome: str, accepted_bytes: int, code: str) -> None:
        self.terminal.from_step(self.number, self.step, lambda: self.terminal.printed(outcome, accepted_bytes, code))
