"""Answers questions for cases, names and numbers masked: by a receipt's code, by a document, and for the console."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, cast

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from central.domain.clocks import clocks
from central.domain.masking import mask_name, mask_number
from central.domain.numbering import CaseCode, parse_code, same_digest
from central.domain.progress import CaseState
from central.domain.working_days import WorkingDays
from central.store.catalogue import find_item
from central.store.intake import document_index, open_applicant
from central.store.sealing import Seal
from central.store.tables import CaseRow, CaseStepRow
from kiosk.contract.cases import Case, CaseStep, QueryByCode, QueryByDocument

MOST_CASES = 20
_NO_DIGEST = bytes(32)


@dataclass(frozen=True)
class Lookup:
    """Reads cases with one key and one table of working days."""

    seal: Seal
    calendar: WorkingDays

    def find(self, session: Session, query: QueryByCode | QueryByDocument, today: date) -> tuple[Case, ...]:
        """Return the cases that a query may see, newest first; none for a wrong code, whatever is wrong with it."""
        if isinstance(query, QueryByDocument):
            index = document_index(self.seal, query.document_type, query.document_number)
            return self._cases(session, CaseRow.document_index == index, today)
        code = parse_code(query.query_code)
        if code is None:
            return ()
        if isinstance(code, CaseCode):
            # The digest is compared for an unknown number too, so that both take the same time.
            kept = session.scalars(
                select(CaseRow.token_digest).where(CaseRow.project_no == code.project_no)
            ).one_or_none()
            if not same_digest(code.token_digest, kept or _NO_DIGEST):
                return ()
            return self._cases(session, CaseRow.project_no == code.project_no, today)
        return self._cases(session, CaseRow.key == code.key, today)

    def public(self, session: Session, row: CaseRow, today: date) -> Case:
        """Return one case as the public may see it."""
        item = find_item(session, row.task_code, row.task_version)
        if item is None:
            raise LookupError(f"the item of case {row.project_no} is gone")
        applicant = open_applicant(self.seal, row)
        return Case(
            project_no=row.project_no,
            local_no=row.local_no,
            task_name=item.task_name,
            task_name_en=item.task_name_en,
            applicant_masked=mask_name(applicant.name),
            document_masked=mask_number(applicant.document_number),
            accept_date=row.accept_date,
            state=cast("CaseState", row.state),
            steps=steps_of(session, row),
            clocks=clocks(
                self.calendar,
                item.day_unit,
                row.accept_date,
                (row.legal_date, row.promise_date, row.assess_date),
                today,
                row.ended_date,
            ),
        )

    def newest(self, session: Session, today: date, limit: int) -> Sequence[tuple[CaseRow, Case]]:
        """Return the newest cases for the operators, as rows and as the public sees them."""
        rows = session.scalars(select(CaseRow).order_by(CaseRow.id.desc()).limit(limit)).all()
        return [(row, self.public(session, row, today)) for row in rows]

    def _cases(self, session: Session, condition: ColumnElement[bool], today: date) -> tuple[Case, ...]:
        rows = session.scalars(select(CaseRow).where(condition).order_by(CaseRow.id.desc()).limit(MOST_CASES)).all()
        return tuple(self.public(session, row, today) for row in rows)


def steps_of(session: Session, case: CaseRow) -> tuple[CaseStep, ...]:
    """Return a case's steps in their order."""
    rows = session.scalars(select(CaseStepRow).where(CaseStepRow.case_id == case.id).order_by(CaseStepRow.position))
    return tuple(
        CaseStep(
            name=row.name,
            name_en=row.name_en,
            state=cast('Literal["done", "current", "waiting", "returned"]', row.state),
            started_at=row.started_at,
            ended_at=row.ended_at,
        )
        for row in rows
    )
