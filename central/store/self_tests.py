"""Keeps the records of terminals' self-tests: each once, the newest hundred of a terminal."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from central.domain.working_days import HALL_TIME
from central.store.tables import SelfTestRow
from central.store.upsert import insert_into
from kiosk.contract.self_tests import SelfTestRecord

MOST_OF_A_TERMINAL = 100


def keep(session: Session, record: SelfTestRecord, now: datetime) -> None:
    """Keep a record; one that is here already stays as it is. The caller commits."""
    taken_at = record.taken_at if record.taken_at.tzinfo else record.taken_at.replace(tzinfo=HALL_TIME)
    insert = insert_into(session, SelfTestRow).values(
        terminal_id=record.terminal_id,
        record_id=record.record_id,
        taken_at=taken_at,
        received_at=now,
        outcome=record.outcome,
        record=record.model_dump_json(),
    )
    session.execute(insert.on_conflict_do_nothing())
    newest = (
        select(SelfTestRow.record_id)
        .where(SelfTestRow.terminal_id == record.terminal_id)
        .order_by(SelfTestRow.taken_at.desc(), SelfTestRow.record_id)
        .limit(MOST_OF_A_TERMINAL)
    )
    session.execute(
        delete(SelfTestRow).where(
            SelfTestRow.terminal_id == record.terminal_id, SelfTestRow.record_id.not_in(newest.scalar_subquery())
        )
    )


def newest_first(session: Session, terminal_id: str) -> list[SelfTestRecord]:
    """Return a terminal's records that are kept."""
    question = (
        select(SelfTestRow.record)
        .where(SelfTestRow.terminal_id == terminal_id)
        .order_by(SelfTestRow.taken_at.desc(), SelfTestRow.record_id)
    )
    return [SelfTestRecord.model_validate_json(record) for record in session.scalars(question)]
