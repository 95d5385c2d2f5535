"""What operators do to a case: move it on or return it, and the record of that, which is only ever added to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.domain.numbering import PROJECT_NUMBER
from central.domain.progress import advance, position, send_back, state_of
from central.domain.refusal import Refusal
from central.domain.working_days import HALL_TIME
from central.store.lookup import steps_of
from central.store.sealing import Seal
from central.store.tables import CaseAction, CaseRow, CaseStepRow

Move = Literal["advance", "return"]
UNKNOWN_CASE = Refusal(404, "unknown_case", "no such case")
MOVED_MEANWHILE = Refusal(409, "moved_meanwhile", "somebody else moved this case meanwhile")
REASON_MISSING = Refusal(422, "reason_missing", "a return needs a reason")


@dataclass(frozen=True)
class Record:
    """One line of a case's record."""

    at: datetime
    operator: str
    action: str
    step: str
    step_en: str
    reason: str


def find_case(session: Session, project_no: str, *, lock: bool = False) -> CaseRow | None:
    """Return a case by its number; ``lock`` keeps others from changing it until the transaction ends."""
    if not PROJECT_NUMBER.fullmatch(project_no):
        return None
    question = select(CaseRow).where(CaseRow.project_no == project_no)
    return session.scalars(question.with_for_update() if lock else question).one_or_none()


def stand(session: Session, case: CaseRow) -> str:
    """Return a text that changes with every move of a case: what a button was drawn for."""
    steps = steps_of(session, case)
    at = position(steps)
    return "ended" if at is None else f"{at}-{steps[at].state}"


def move(
    session: Session, seal: Seal, project_no: str, operator: str, action: Move, seen: str, reason: str, now: datetime
) -> Refusal | None:
    """Advance or return a case that still stands as ``seen``. The caller commits; None when it was done."""
    reason = reason.strip()
    if action == "return" and not reason:
        return REASON_MISSING
    case = find_case(session, project_no, lock=True)
    if case is None:
        return UNKNOWN_CASE
    steps = steps_of(session, case)
    at = position(steps)
    moved = advance(steps, now) if action == "advance" else send_back(steps, now)
    if at is None or moved is None or stand(session, case) != seen:
        return MOVED_MEANWHILE
    for index, step in enumerate(moved):
        if step != steps[index]:
            row = session.get_one(CaseStepRow, (case.id, index))
            row.state, row.started_at, row.ended_at = step.state, step.started_at, step.ended_at
    case.state = state_of(moved)
    if position(moved) is None:
        case.ended_date = now.astimezone(HALL_TIME).date()
    verb = action if action == "return" else ("take_up" if steps[at].state == "waiting" else "pass")
    session.add(
        CaseAction(
            case_id=case.id,
            at=now,
            operator=operator,
            action=verb,
            step=steps[at].name,
            step_en=steps[at].name_en,
            sealed_reason=seal.seal(reason.encode(), f"reason {project_no}") if reason else b"",
        )
    )
    return None


def record_of(session: Session, seal: Seal, case: CaseRow) -> list[Record]:
    """Return what was done to a case, oldest first."""
    rows = session.scalars(select(CaseAction).where(CaseAction.case_id == case.id).order_by(CaseAction.id))
    return [
        Record(
            at=row.at,
            operator=row.operator,
            action=row.action,
            step=row.step,
            step_en=row.step_en,
            reason=seal.open(row.sealed_reason, f"reason {case.project_no}").decode() if row.sealed_reason else "",
        )
        for row in rows
    ]
