"""The steps of a case and how they move: accepted at once, then taken up, passed one by one, or returned."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from kiosk.contract.cases import CaseStep

CaseState = Literal["accepted", "in_review", "approved", "completed", "returned"]
Steps = tuple[CaseStep, ...]


def begin(names: Sequence[str], names_en: Sequence[str], at: datetime) -> Steps:
    """Return the steps of a new case. The first (受理) is done by the acceptance itself, the next is not taken up.

    Raises ``ValueError`` when the two lists of names differ in length or are empty.
    """
    if not names:
        raise ValueError("an item needs at least one step")
    steps = [
        CaseStep(name=name, name_en=name_en, state="waiting") for name, name_en in zip(names, names_en, strict=True)
    ]
    steps[0] = _changed(steps[0], "done", at, at)
    return tuple(steps)


def position(steps: Steps) -> int | None:
    """Return the index of the step that is current or next; None once the case has ended."""
    for index, step in enumerate(steps):
        if step.state == "returned":
            return None
        if step.state != "done":
            return index
    return None


def advance(steps: Steps, at: datetime) -> Steps | None:
    """Take up the waiting step, or pass the current one and take up the one after it. None when the case has ended."""
    index = position(steps)
    if index is None:
        return None
    moved = list(steps)
    if steps[index].state == "waiting":
        moved[index] = _changed(steps[index], "current", at, None)
        return tuple(moved)
    moved[index] = _changed(steps[index], "done", steps[index].started_at, at)
    if index + 1 < len(steps):
        moved[index + 1] = _changed(steps[index + 1], "current", at, None)
    return tuple(moved)


def send_back(steps: Steps, at: datetime) -> Steps | None:
    """Return the case to the applicant (退回) at its current or next step. None when it has ended."""
    index = position(steps)
    if index is None:
        return None
    moved = list(steps)
    moved[index] = _changed(steps[index], "returned", steps[index].started_at or at, at)
    return tuple(moved)


def state_of(steps: Steps) -> CaseState:
    """Return the state of the whole case; of three or more steps the last but one is the approval (批准)."""
    states = [step.state for step in steps]
    if "returned" in states:
        return "returned"
    if all(state == "done" for state in states):
        return "completed"
    if len(steps) > 2 and states[-2] == "done":
        return "approved"
    if any(state != "waiting" for state in states[1:]):
        return "in_review"
    return "accepted"


def _changed(
    step: CaseStep,
    state: Literal["done", "current", "waiting", "returned"],
    started_at: datetime | None,
    ended_at: datetime | None,
) -> CaseStep:
    return CaseStep(name=step.name, name_en=step.name_en, state=state, started_at=started_at, ended_at=ended_at)
