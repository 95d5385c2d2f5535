"""Keeps ratings (好差评), one for each visit of a case."""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.domain.numbering import PROJECT_NUMBER, SUBJECT, TASK_CODE
from central.domain.refusal import Refusal
from central.domain.working_days import HALL_TIME
from central.store.once import Answer, Request, once
from central.store.sealing import Seal
from central.store.tables import CaseRow, RatingRow
from central.store.upsert import insert_into
from kiosk.contract.cases import Rating

_FIRST_DISSATISFIED = 4
ALREADY_RATED = Refusal(409, "already_rated", "this subject has a rating with this number")
UNKNOWN_CASE = Refusal(404, "unknown_case", "no case has this project_no")


def rate(session: Session, seal: Seal, request: Request, rating: Rating, now: datetime) -> Answer | Refusal:
    """Keep one rating, once; the answer's body is ``{}``. The caller commits.

    A rating by local_no counts for the case that came with it; before that case has arrived, for the local_no itself.
    """
    if rating.satisfaction >= _FIRST_DISSATISFIED and not rating.text.strip() and not any(rating.reasons):
        return Refusal(422, "invalid", "satisfaction 4 and 5 need a reason or a text")
    if not SUBJECT.fullmatch(rating.subject_no) or not TASK_CODE.fullmatch(rating.task_code):
        return Refusal(422, "invalid", "subject_no or task_code is malformed")
    if not rating.assess_number < 2**31:
        return Refusal(422, "invalid", "assess_number is too large")
    return once(session, seal, request, now, lambda: _keep(session, seal, request.terminal_id, rating))


def _keep(session: Session, seal: Seal, terminal_id: str, rating: Rating) -> bytes | Refusal:
    by_number = PROJECT_NUMBER.fullmatch(rating.subject_no) is not None
    question = select(CaseRow.project_no)
    if by_number:
        question = question.where(CaseRow.project_no == rating.subject_no)
    else:
        question = question.where(CaseRow.local_no == rating.subject_no, CaseRow.terminal_id == terminal_id)
    project_no = session.scalars(question.order_by(CaseRow.id.desc()).limit(1)).one_or_none()
    if by_number and project_no is None:
        return UNKNOWN_CASE
    subject = project_no or rating.subject_no
    words = json.dumps({"reasons": rating.reasons, "text": rating.text}).encode()
    insert = insert_into(session, RatingRow).values(
        subject_no=subject,
        assess_number=rating.assess_number,
        terminal_id=terminal_id,
        task_code=rating.task_code,
        satisfaction=rating.satisfaction,
        sealed_words=seal.seal(words, f"rating {subject} {rating.assess_number}"),
        channel=rating.channel,
        rated_at=rating.rated_at if rating.rated_at.tzinfo else rating.rated_at.replace(tzinfo=HALL_TIME),
    )
    kept = session.execute(insert.on_conflict_do_nothing().returning(RatingRow.id)).scalar_one_or_none()
    return ALREADY_RATED if kept is None else b"{}"
