"""The tables, in SQLAlchemy's typed form; the migrations make them, a test keeps the two the same."""

from __future__ import annotations

from datetime import UTC, date, datetime

from sqlalchemy import (
    DateTime,
    Dialect,
    ForeignKey,
    LargeBinary,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Moment(TypeDecorator[datetime]):
    """A point in time: always aware, kept in UTC, also where the database knows no time zones (SQLite)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times; turn the others to UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored moment needs a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the moment in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Table(DeclarativeBase):
    """What all tables share."""

    metadata = MetaData(naming_convention=NAMING)


class Setting(Table):
    """One fact about the database itself, such as which key it was sealed with."""

    __tablename__ = "settings"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class ItemRow(Table):
    """One version of an item; ``body`` is the JSON of ``kiosk.contract.items.Item``."""

    __tablename__ = "items"
    task_code: Mapped[str] = mapped_column(String(31), primary_key=True)
    task_version: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[str] = mapped_column(Text)


class DayCounter(Table):
    """The last number given to an item's cases on one day. Its row lock makes project_no unique and without gaps."""

    __tablename__ = "day_counters"
    task_code: Mapped[str] = mapped_column(String(31), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    last_number: Mapped[int]


class TerminalRow(Table):
    """A terminal that may talk to us; only the SHA-256 of its token is kept."""

    __tablename__ = "terminals"
    terminal_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    token_digest: Mapped[bytes] = mapped_column(LargeBinary)
    enrolled_at: Mapped[datetime] = mapped_column(Moment)


class TerminalState(Table):
    """The latest report of a terminal (JSON of ``TerminalReport``), so that a restart of central forgets nothing."""

    __tablename__ = "terminal_states"
    terminal_id: Mapped[str] = mapped_column(ForeignKey("terminals.terminal_id", ondelete="CASCADE"), primary_key=True)
    received_at: Mapped[datetime] = mapped_column(Moment)
    report: Mapped[str] = mapped_column(Text)


class SelfTestRow(Table):
    """The record of one self-test of a terminal; ``record`` is the JSON of ``SelfTestRecord``, which holds nothing personal."""

    __tablename__ = "self_tests"
    terminal_id: Mapped[str] = mapped_column(ForeignKey("terminals.terminal_id", ondelete="CASCADE"), primary_key=True)
    record_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    taken_at: Mapped[datetime] = mapped_column(Moment)
    received_at: Mapped[datetime] = mapped_column(Moment)
    outcome: Mapped[str] = mapped_column(String(4))
    record: Mapped[str] = mapped_column(Text)


class KeptAnswer(Table):
    """What was answered to an idempotency key, written in the transaction of the effect. The answer is sealed."""

    __tablename__ = "kept_answers"
    terminal_id: Mapped[str] = mapped_column(ForeignKey("terminals.terminal_id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(36), primary_key=True)
    request_digest: Mapped[bytes] = mapped_column(LargeBinary)
    answer: Mapped[bytes] = mapped_column(LargeBinary)
    kept_at: Mapped[datetime] = mapped_column(Moment)


class CaseRow(Table):
    """One case (办件). What is personal is sealed; ``document_index`` is the keyed hash of document type and number."""

    __tablename__ = "cases"
    id: Mapped[int] = mapped_column(primary_key=True)
    project_no: Mapped[str] = mapped_column(String(43), unique=True)
    terminal_id: Mapped[str] = mapped_column(ForeignKey("terminals.terminal_id"))
    key: Mapped[str] = mapped_column(String(36), index=True)
    local_no: Mapped[str] = mapped_column(String(40), index=True)
    task_code: Mapped[str] = mapped_column(String(31))
    task_version: Mapped[int]
    training: Mapped[bool]
    language: Mapped[str] = mapped_column(String(2))
    document_index: Mapped[bytes] = mapped_column(LargeBinary, index=True)
    sealed_applicant: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_form: Mapped[bytes] = mapped_column(LargeBinary)
    token_digest: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(String(10))
    handed_in_at: Mapped[datetime] = mapped_column(Moment)
    accepted_at: Mapped[datetime] = mapped_column(Moment)
    accept_date: Mapped[date]
    legal_date: Mapped[date]
    promise_date: Mapped[date]
    assess_date: Mapped[date]
    ended_date: Mapped[date | None]


class CaseStepRow(Table):
    """One step of a case."""

    __tablename__ = "case_steps"
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    name_en: Mapped[str] = mapped_column(String(80))
    state: Mapped[str] = mapped_column(String(10))
    started_at: Mapped[datetime | None] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)


class CaseFile(Table):
    """A photographed paper of a case, sealed; or its signature, whose ``code`` is ``signature``."""

    __tablename__ = "case_files"
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(80))
    media_type: Mapped[str] = mapped_column(String(40))
    sealed_content: Mapped[bytes] = mapped_column(LargeBinary)


class CaseAction(Table):
    """The record of what operators did to a case: only ever added to. ``sealed_reason`` is empty where none is due."""

    __tablename__ = "case_actions"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    at: Mapped[datetime] = mapped_column(Moment)
    operator: Mapped[str] = mapped_column(String(40))
    action: Mapped[str] = mapped_column(String(20))
    step: Mapped[str] = mapped_column(String(80))
    step_en: Mapped[str] = mapped_column(String(80))
    sealed_reason: Mapped[bytes] = mapped_column(LargeBinary)


class RatingRow(Table):
    """One rating (好差评). Free text may be personal: it is sealed, together with the reasons."""

    __tablename__ = "ratings"
    __table_args__ = (UniqueConstraint("subject_no", "assess_number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    subject_no: Mapped[str] = mapped_column(String(43))
    assess_number: Mapped[int]
    terminal_id: Mapped[str] = mapped_column(ForeignKey("terminals.terminal_id"))
    task_code: Mapped[str] = mapped_column(String(31))
    satisfaction: Mapped[int]
    sealed_words: Mapped[bytes] = mapped_column(LargeBinary)
    channel: Mapped[str] = mapped_column(String(1))
    rated_at: Mapped[datetime] = mapped_column(Moment)


class OperatorRow(Table):
    """Somebody who may sign in to the console; the password is kept as an Argon2id hash."""

    __tablename__ = "operators"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    added_at: Mapped[datetime] = mapped_column(Moment)


class OperatorSession(Table):
    """One sign-in to the console; only the digest of the cookie is kept."""

    __tablename__ = "operator_sessions"
    token_digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    operator: Mapped[str] = mapped_column(ForeignKey("operators.name", ondelete="CASCADE"))
    form_token: Mapped[str] = mapped_column(String(40))
    ends_at: Mapped[datetime] = mapped_column(Moment)
