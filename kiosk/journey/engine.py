"""The pure engine that walks a service: ``advance(service, state, event)``, without time, I/O or chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from kiosk.journey.definition import POINT_OF_NO_RETURN, ServiceDefinition, StepDefinition

# ---- events


@dataclass(frozen=True, repr=False)
class StepCompleted:
    """The present step is done and gave these values."""

    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class WentBack:
    """The citizen touched back."""


@dataclass(frozen=True)
class Left:
    """The visit ends before its end: ``cancelled`` by the citizen, ``idle``, ``step_timeout``, ``refused:<code>``."""

    reason: str


@dataclass(frozen=True)
class DeviceFailed:
    """The device of the present step cannot go on."""

    code: str


@dataclass(frozen=True)
class TookAlternative:
    """The citizen chose the step's other way."""


@dataclass(frozen=True)
class DeviceRecovered:
    """It is well again, or the citizen wants to try again."""


Event = StepCompleted | WentBack | Left | DeviceFailed | TookAlternative | DeviceRecovered

# ---- effects


@dataclass(frozen=True)
class EnterStep:
    """Show this step and start its work."""

    step: str


@dataclass(frozen=True)
class LeaveStep:
    """Stop this step's work: its device is let go."""

    step: str


@dataclass(frozen=True)
class ShowFault:
    """Tell the citizen that the present step must wait, and offer to try again or to stop."""

    step: str
    code: str


@dataclass(frozen=True)
class EndVisit:
    """The visit is over; ``outcome`` is ``done`` or the reason's code."""

    outcome: str


@dataclass(frozen=True)
class Refuse:
    """The visit cannot go on: tell the citizen why before it ends. ``outcome`` is the reason's code."""

    outcome: str


Effect = EnterStep | LeaveStep | ShowFault | EndVisit | Refuse


@dataclass(frozen=True, repr=False)
class JourneyState:
    """Where a visit stands. ``trail`` holds the steps that back leads to; ``fault`` is the code that holds the step up.
    ``committed``: something was handed in, so no way leads back any more.

    ``failed`` are steps whose device failed in this visit, so that two alternatives do not send the citizen in circles.
    """

    step: str
    values: Mapping[str, str]
    trail: tuple[str, ...] = ()
    fault: str = ""
    committed: bool = False
    failed: frozenset[str] = frozenset()
    outcome: str = ""

    def __repr__(self) -> str:
        return f"JourneyState({self.step}, fault={self.fault!r}, outcome={self.outcome!r})"


def begin(service: ServiceDefinition) -> tuple[JourneyState, tuple[Effect, ...]]:
    """Start a visit at the first step."""
    first = service.steps[0].id
    return JourneyState(first, {}), (EnterStep(first),)


def can_go_back(service: ServiceDefinition, state: JourneyState) -> bool:
    """Whether the back button is offered."""
    return bool(state.trail) and service.step(state.step).kind not in ("submit", "finish")


def successor(step: StepDefinition, values: Mapping[str, str]) -> str:
    """Return the step that follows: the first way whose condition holds."""
    return next(branch.to for branch in step.branches if not branch.field or values.get(branch.field) == branch.equals)


def advance(service: ServiceDefinition, state: JourneyState, event: Event) -> tuple[JourneyState, tuple[Effect, ...]]:
    """Return the state after ``event`` and what is to be done. Events after the end change nothing."""
    if state.outcome:
        return state, ()
    step = service.step(state.step)
    match event:
        case StepCompleted(values):
            return _complete(step, replace(state, values={**state.values, **dict(values)}, fault=""))
        case WentBack():
            if not can_go_back(service, state):
                return state, ()
            target = state.trail[-1]
            return replace(state, step=target, trail=state.trail[:-1], fault=""), (
                LeaveStep(step.id),
                EnterStep(target),
            )
        case Left(reason):
            return _end(step, state, reason)
        case DeviceFailed(code):
            return _fail(service, step, state, code)
        case TookAlternative():
            if not step.alternative:
                return state, ()
            return replace(state, step=step.alternative, fault=""), (LeaveStep(step.id), EnterStep(step.alternative))
        case DeviceRecovered():
            if not state.fault:
                return state, ()
            return replace(state, fault=""), (EnterStep(step.id),)


def _complete(step: StepDefinition, state: JourneyState) -> tuple[JourneyState, tuple[Effect, ...]]:
    if step.kind == "finish":
        return _end(step, state, "done")
    return _go(step, state, successor(step, state.values))


def _go(step: StepDefinition, state: JourneyState, target: str) -> tuple[JourneyState, tuple[Effect, ...]]:
    committed = state.committed or step.kind in POINT_OF_NO_RETURN
    trail = () if committed else (*state.trail, step.id)
    return replace(state, step=target, trail=trail, committed=committed, fault=""), (
        LeaveStep(step.id),
        EnterStep(target),
    )


def _end(step: StepDefinition, state: JourneyState, outcome: str) -> tuple[JourneyState, tuple[Effect, ...]]:
    return replace(state, outcome=outcome, fault="", trail=()), (LeaveStep(step.id), EndVisit(outcome))


def _fail(
    service: ServiceDefinition, step: StepDefinition, state: JourneyState, code: str
) -> tuple[JourneyState, tuple[Effect, ...]]:
    failed = state.failed | {step.id}
    if step.on_fault == "skip":
        return _go(step, replace(state, failed=failed), successor(step, state.values))
    if step.on_fault == "alternative" and step.alternative not in failed:
        target = step.alternative
        return replace(state, step=target, failed=failed, fault=""), (LeaveStep(step.id), EnterStep(target))
    if step.on_fault == "abort":
        return replace(state, outcome=code, fault="", trail=()), (LeaveStep(step.id), Refuse(code))
    if state.fault:
        return replace(state, fault=code), ()
    return replace(state, fault=code, failed=failed), (LeaveStep(step.id), ShowFault(step.id, code))
