"""One visit under way: walks the steps of its journey, minds who is idle, and leaves nothing of the citizen at its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import ceil

from kiosk.bus import Timers
from kiosk.config import IdleSection
from kiosk.journey import engine
from kiosk.journey.definition import ServiceDefinition
from kiosk.journey.engine import EndVisit, EnterStep, JourneyState, LeaveStep, Refuse, ShowFault
from kiosk.journey.steps import STEP_KINDS, Step, Tools
from kiosk.logs import EventLog
from kiosk.presentation import Presenter
from kiosk.session import IdleClock, Visit
from kiosk.ticket import collect
from kiosk.view import Activity, Cancel, Intent, Next, Pick, SetLanguage, StayHere, View
from kiosk.view import Back as BackIntent
from kiosk.visit_record import StepRecord, VisitRecord

FAULT_SCREEN_SECONDS = 90.0


@dataclass(frozen=True)
class Surroundings:
    """What a visit works with. ``publish`` shows what there is to see now; ``over`` takes the visit away at its end."""

    tools: Tools
    timers: Timers
    log: EventLog
    idle: IdleSection
    clock: Callable[[], float]
    publish: Callable[[], None]
    over: Callable[[Visiting], None]


class Visiting:
    """A visit from its first step to its end. Everything happens on the terminal's thread."""

    def __init__(
        self, number: int, service: ServiceDefinition, language: str, opened: str, around: Surroundings
    ) -> None:
        """``opened``: the code of what stands open at the cabinet already, which ends no visit."""
        now = around.clock()
        idle = around.idle
        self.visit = Visit(number, service, language)
        self.record = VisitRecord(number, service.id, began=now)
        self.step: Step | None = None
        self._around = around
        self._opened_before = opened
        self._idle = IdleClock(idle.warn_after, idle.answer_within, idle.extensions, now)
        self._state: JourneyState | None = None
        self._fault_code = ""
        self._refusal = ""
        self._step_timer: int | None = None

    def begin(self) -> None:
        """Enter the first step."""
        self._around.log.event("session.started", session=self.visit.number, service=self.visit.service.id)
        self._state, effects = engine.begin(self.visit.service)
        self._perform(effects)

    # ---- what happens

    def touched(self, intent: Intent) -> None:
        """Take a touch."""
        now = self._around.clock()
        self._idle.came_back(now)
        if isinstance(intent, StayHere):
            self._idle.stay(now)
        else:
            self._idle.active(now)
        match intent:
            case Activity() | StayHere() | SetLanguage():
                pass
            case Cancel():
                if self.step is not None and (self.step.may_leave or self._refusal):
                    self.leave("left_early" if self._committed else "cancelled")
            case BackIntent():
                if not self._refusal and (self._fault_code or self.step is None or not self.step.back()):
                    self._advance(engine.WentBack())
            case _:
                self._to_step(intent)

    def tick(self) -> None:
        """Once a second: end the visit of somebody who is gone."""
        now = self._around.clock()
        if self._at_work:
            self._idle.busy(now)
        if self._idle.expired(now):
            self.leave("walked_away" if self._idle.hurried else "idle")

    def mind_cabinet(self, opened: str, walked_away: bool, answer_within: float) -> None:
        """End the visit when the cabinet is opened, but not while the machine is at work; warn a citizen who walked away,
        and end that warning when somebody comes back.
        """
        if self._at_work or self.step is None:
            return
        if opened and opened != self._opened_before:
            self.leave(opened)
        elif walked_away:
            self._idle.hurry(answer_within, self._around.clock())
        else:
            self._idle.came_back(self._around.clock())

    def devices_settled(self) -> None:
        """Go on where a device held the visit up that is well again."""
        if self._state is not None and self._state.fault and self.step is not None:
            device_class = self.step.definition.device
            if device_class and not self._around.tools.devices.availability.reason(device_class):
                self._advance(engine.DeviceRecovered())

    def leave(self, reason: str) -> None:
        """End the visit before its end; one that was refused already ends with that reason."""
        if self._refusal:
            self.end(self._refusal)
        else:
            self._advance(engine.Left(reason))

    def crashed(self) -> None:
        """After a bug: wipe and say so."""
        if self._refusal:
            self.end(self._refusal)
            return
        self.refuse("software_error_handed_in" if self.visit.handed_in is not None else "software_error")
        self.visit.wipe()

    def refuse(self, outcome: str) -> None:
        """The visit cannot go on: say so on the fault screen; it ends at a touch or by the idle clock."""
        self._refusal = outcome
        self._leave_step()
        self._around.log.event("session.fault", session=self.visit.number, code=outcome)
        self._around.publish()

    def end(self, outcome: str) -> None:
        """Let go of the step and finish the record; what takes the visit away then wipes it."""
        self._leave_step()
        visit, record, tools = self.visit, self.record, self._around.tools
        if visit.ticket is not None:
            collect(tools.devices, tools.journal, self._around.log, visit.number, visit.ticket)
        record.outcome = outcome
        record.seconds = round(self._around.clock() - record.began, 3)
        if visit.handed_in is not None:
            record.local_no = visit.handed_in.local_no
        if tools.training:
            accepted = visit.handed_in.accepted if visit.handed_in is not None else None
            record.project_no = accepted.project_no if accepted is not None else visit.asked_for
        self.step = self._state = None
        self._around.over(self)

    # ---- what is seen

    @property
    def awaits_hand_at(self) -> str:
        """The class of the device at which the citizen has to do something now; empty for none."""
        return "" if self.step is None or self._held_up else self.step.awaits_hand_at

    def view(self, presenter: Presenter) -> View | None:
        """Return what is to be seen; None before the first step."""
        if self.step is None or self._state is None:
            return None
        code = self._refusal or self._fault_code
        if code:
            view = presenter.fault(self.visit, self.step, code, can_retry=not self._refusal)
        else:
            view = presenter.step(self.visit, self.step, engine.can_go_back(self.visit.service, self._state))
        left = self._idle.warning(self._around.clock())
        return replace(view, idle_seconds=None if left is None else ceil(left), idle_extendable=self._idle.extendable)

    # ---- the journey

    @property
    def _held_up(self) -> bool:
        return bool(self._fault_code or self._refusal)

    @property
    def _at_work(self) -> bool:
        return self.step is not None and self.step.busy and not self._held_up

    @property
    def _committed(self) -> bool:
        return self._state is not None and self._state.committed

    def _to_step(self, intent: Intent) -> None:
        if self._refusal:
            if isinstance(intent, Next | Pick):
                self.end(self._refusal)
        elif self._fault_code:
            if isinstance(intent, Pick) and intent.choice == "retry":
                self._advance(engine.DeviceRecovered())
            elif isinstance(intent, Pick) and intent.choice == "stop":
                self._advance(engine.Left(self._fault_code))
        elif self.step is not None:
            self.step.handle(intent)

    def _advance(self, event: engine.Event) -> None:
        if self._state is None:
            return
        self._state, effects = engine.advance(self.visit.service, self._state, event)
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
                    self._around.log.event("session.fault", session=self.visit.number, code=code)
                    self._step_timer = self._around.timers.after(FAULT_SCREEN_SECONDS, self._fault_timeout(code))
                case Refuse(outcome):
                    self.refuse(outcome)
                case EndVisit(outcome):
                    self.end(outcome)

    def _fault_timeout(self, code: str) -> Callable[[], None]:
        return lambda: self._then_publish(lambda: self._advance(engine.Left(code)))

    def _enter_step(self, name: str) -> None:
        self._leave_step()
        definition = self.visit.service.step(name)
        self._fault_code = ""
        self.step = STEP_KINDS[definition.kind](definition, self.visit, self._around.tools, _StepReport(self, name))
        self._around.log.event("session.step", session=self.visit.number, step=name)
        entered = StepRecord(name, definition.kind, self._since())
        self.record.steps.append(entered)
        self._step_timer = self._around.timers.after(definition.timeout, self._step_timeout(entered))
        self.step.enter()

    def _step_timeout(self, entered: StepRecord) -> Callable[[], None]:
        def out_of_time() -> None:
            if self.record.steps[-1] is entered:
                self._advance(engine.Left("left_early" if self._committed else "step_timeout"))
                self._around.publish()

        return out_of_time

    def _leave_step(self) -> None:
        if self._step_timer is not None:
            self._around.timers.cancel(self._step_timer)
            self._step_timer = None
        steps = self.record.steps
        if self.step is not None and steps and steps[-1].left is None:
            steps[-1].left = self._since()
            self.step.leave()

    def _since(self) -> int:
        return round((self._around.clock() - self.record.began) * 1000)

    def _then_publish(self, call: Callable[[], None]) -> None:
        call()
        self._around.publish()

    # ---- what a step reports (through _StepReport)

    def from_step(self, name: str, call: Callable[[], None]) -> None:
        """Act on a step's report, unless that step or the visit is over, or a fault screen stands in its place."""
        if not self._held_up and self.step is not None and self.step.definition.id == name:
            self._then_publish(call)

    def completed(self, values: Mapping[str, str]) -> None:
        """Go on to the next step."""
        self._idle.busy(self._around.clock())
        self._advance(engine.StepCompleted(tuple(values.items())))

    def device_failed(self, code: str) -> None:
        """Do what the step's policy says."""
        self._advance(engine.DeviceFailed(code))

    def take_alternative(self) -> None:
        """Go the other way that the citizen chose."""
        self._advance(engine.TookAlternative())

    def printed(self, outcome: str, accepted_bytes: int, code: str) -> None:
        """Take a print down."""
        kind = self.record.steps[-1].kind
        self.record.prints.append({"kind": kind, "outcome": outcome, "bytes": accepted_bytes})
        if outcome != "printed":
            self._around.log.event("print.failed", session=self.record.number, outcome=outcome, code=code)


@dataclass(frozen=True)
class _StepReport:
    """A step's way to its visit, bound to the step so that nothing late gets through."""

    visiting: Visiting
    step: str

    def changed(self) -> None:
        self.visiting.from_step(self.step, lambda: None)

    def completed(self, values: Mapping[str, str]) -> None:
        self.visiting.from_step(self.step, lambda: self.visiting.completed(values))

    def device_failed(self, code: str) -> None:
        self.visiting.from_step(self.step, lambda: self.visiting.device_failed(code))

    def left(self, outcome: str) -> None:
        self.visiting.from_step(self.step, lambda: self.visiting.refuse(outcome))

    def alternative(self) -> None:
        self.visiting.from_step(self.step, self.visiting.take_alternative)

    def printed(self, outcome: str, accepted_bytes: int, code: str) -> None:
        self.visiting.from_step(self.step, lambda: self.visiting.printed(outcome, accepted_bytes, code))
