"""Takes in a submission: gives it its number, its dates and its steps, and keeps what is personal sealed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from central.domain.clocks import limits
from central.domain.numbering import LAST_NUMBER_OF_A_DAY, case_code, digest, new_token, project_number
from central.domain.progress import begin, state_of
from central.domain.refusal import Refusal
from central.domain.working_days import HALL_TIME, WorkingDays
from central.store.catalogue import find_item
from central.store.once import Answer, Request, once
from central.store.sealing import Seal
from central.store.tables import CaseFile, CaseRow, CaseStepRow, DayCounter
from central.store.upsert import insert_into
from kiosk.contract.cases import Accepted, Applicant, Submission

UNKNOWN_ITEM = Refusal(404, "unknown_item", "no such version of this item, or it was cancelled")
DAY_IS_FULL = Refusal(503, "overloaded", "all numbers of this item and day are given; try again tomorrow")


@dataclass(frozen=True)
class Intake:
    """Takes in submissions with one key and one table of working days."""

    seal: Seal
    calendar: WorkingDays

    def take(self, session: Session, request: Request, submission: Submission, now: datetime) -> Answer | Refusal:
        """Make a case of ``submission``, once; the answer's body is an ``Accepted``. The caller commits."""
        return once(session, self.seal, request, now, lambda: self._make_case(session, request, submission, now))

    def _make_case(self, session: Session, request: Request, submission: Submission, now: datetime) -> bytes | Refusal:
        item = find_item(session, submission.task_code, submission.task_version)
        today = now.astimezone(HALL_TIME).date()
        if item is None or (item.cancel_date and item.cancel_date <= _day(submission.handed_in_at)):
            return UNKNOWN_ITEM
        number = _next_number(session, item.task_code, today)
        if number > LAST_NUMBER_OF_A_DAY:
            return DAY_IS_FULL
        project_no = project_number(item.task_code, today, number)
        token = new_token()
        legal, promise, assess = limits(self.calendar, item, today)
        steps = begin(item.steps, item.steps_en, now)
        applicant = submission.applicant
        case = CaseRow(
            project_no=project_no,
            terminal_id=request.terminal_id,
            key=request.key,
            local_no=submission.local_no,
            task_code=item.task_code,
            task_version=item.task_version,
            training=submission.training,
            language=submission.language,
            document_index=document_index(self.seal, applicant.document_type, applicant.document_number),
            sealed_applicant=self.seal.seal(applicant.model_dump_json().encode(), f"applicant {project_no}"),
            sealed_form=self.seal.seal(json.dumps(submission.form).encode(), f"form {project_no}"),
            token_digest=digest(token),
            state=state_of(steps),
            handed_in_at=_aware(submission.handed_in_at),
            accepted_at=now,
            accept_date=today,
            legal_date=legal,
            promise_date=promise,
            assess_date=assess,
            ended_date=None,
        )
        session.add(case)
        session.flush()
        for position, step in enumerate(steps):
            session.add(CaseStepRow(case_id=case.id, position=position, **step.model_dump()))
        files = [(material.code, material.media_type, material.content) for material in submission.materials]
        if submission.signature_png:
            files.append(("signature", "image/png", submission.signature_png))
        for position, (code, media_type, content) in enumerate(files):
            sealed = self.seal.seal(content, f"file {project_no} {position}")
            session.add(
                CaseFile(case_id=case.id, position=position, code=code, media_type=media_type, sealed_content=sealed)
            )
        session.flush()
        accepted = Accepted(
            project_no=project_no,
            query_code=case_code(project_no, token),
            accept_date=today,
            promise_date=promise,
        )
        return accepted.model_dump_json().encode()


def document_index(seal: Seal, document_type: str, number: str) -> bytes:
    """Return the keyed hash under which the cases of a document are found; small and capital letters are the same."""
    return seal.index(document_type, number.strip().upper())


def open_applicant(seal: Seal, case: CaseRow) -> Applicant:
    """Return a case's applicant in clear."""
    return Applicant.model_validate_json(seal.open(case.sealed_applicant, f"applicant {case.project_no}"))


def _next_number(session: Session, task_code: str, day: date) -> int:
    first = insert_into(session, DayCounter).values(task_code=task_code, day=day, last_number=1)
    following = first.on_conflict_do_update(
        index_elements=[DayCounter.task_code, DayCounter.day], set_={"last_number": DayCounter.last_number + 1}
    )
    return session.execute(following.returning(DayCounter.last_number)).scalar_one()


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=HALL_TIME)


def _day(moment: datetime) -> date:
    return _aware(moment).astimezone(HALL_TIME).date()
