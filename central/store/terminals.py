"""Who may talk to central: terminals and the digests of their tokens, and what they reported last."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.domain.numbering import digest
from central.store.tables import TerminalRow, TerminalState
from kiosk.contract.reports import TerminalReport

TERMINAL_ID = re.compile(r"[A-Za-z0-9-]{1,40}", re.ASCII)


@dataclass(frozen=True)
class StoredState:
    """A terminal's last known report and when it came."""

    report: TerminalReport
    received_at: datetime


def enrol(session: Session, terminal_id: str, token: str, now: datetime) -> bool:
    """Let a terminal in with ``token``, of which only the digest is kept; True when it replaces an earlier token."""
    row = session.get(TerminalRow, terminal_id)
    if row is None:
        session.add(TerminalRow(terminal_id=terminal_id, token_digest=digest(token), enrolled_at=now))
        return False
    row.token_digest = digest(token)
    row.enrolled_at = now
    return True


def token_digest(session: Session, terminal_id: str) -> bytes | None:
    """Return the digest of a terminal's token, None for a terminal that was never enrolled."""
    row = session.get(TerminalRow, terminal_id)
    return row.token_digest if row else None


def all_terminals(session: Session) -> list[str]:
    """Return the ids of all terminals that were enrolled."""
    return list(session.scalars(select(TerminalRow.terminal_id).order_by(TerminalRow.terminal_id)))


def stored_states(session: Session) -> list[StoredState]:
    """Return every terminal's last stored report."""
    rows = session.scalars(select(TerminalState))
    return [StoredState(TerminalReport.model_validate_json(row.report), row.received_at) for row in rows]


def store_states(session: Session, states: Iterable[StoredState]) -> None:
    """Keep reports in place of the earlier ones."""
    for state in states:
        report = state.report
        session.merge(
            TerminalState(
                terminal_id=report.terminal_id, received_at=state.received_at, report=report.model_dump_json()
            )
        )
