"""Who may use the console: operators, their passwords as Argon2id hashes, and their sessions."""

from __future__ import annotations

import re
import secrets
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import delete
from sqlalchemy.orm import Session

from central.domain.numbering import digest
from central.store.tables import OperatorRow, OperatorSession

OPERATOR_NAME = re.compile(r"[\w.-]{1,40}")
SHORTEST_PASSWORD = 8
SESSION_HOURS = 12

_HASHER = PasswordHasher()
_ONE_HASH_AT_A_TIME = threading.Semaphore(1)  # each takes 64 MiB and several threads of its own


@dataclass(frozen=True)
class SignedIn:
    """The operator behind a session cookie, and the token that this session's forms must carry."""

    operator: str
    form_token: str


def add_operator(session: Session, name: str, password: str, now: datetime) -> bool:
    """Add an operator; True when the name was there and got a new password (its sessions end)."""
    hashed = _HASHER.hash(password)
    row = session.get(OperatorRow, name)
    if row is None:
        session.add(OperatorRow(name=name, password_hash=hashed, added_at=now))
        return False
    row.password_hash = hashed
    session.execute(delete(OperatorSession).where(OperatorSession.operator == name))
    return True


def password_matches(session: Session, name: str, password: str) -> bool:
    """Check a password; unknown names take as long as wrong passwords."""
    row = session.get(OperatorRow, name) if OPERATOR_NAME.fullmatch(name) else None
    known = row.password_hash if row else _hash_of_nobody()
    try:
        with _ONE_HASH_AT_A_TIME:
            _HASHER.verify(known, password)
    except VerifyMismatchError:
        return False
    return row is not None


def sign_in(session: Session, name: str, now: datetime) -> str:
    """Open a session of 12 hours and return its cookie (256 random bits); ended sessions are cleared away."""
    cookie = secrets.token_urlsafe(32)
    session.execute(delete(OperatorSession).where(OperatorSession.ends_at < now))
    session.add(
        OperatorSession(
            token_digest=digest(cookie),
            operator=name,
            form_token=secrets.token_urlsafe(24),
            ends_at=now + timedelta(hours=SESSION_HOURS),
        )
    )
    return cookie


def signed_in(session: Session, cookie: str, now: datetime) -> SignedIn | None:
    """Return who a cookie belongs to, None when it is unknown or its time is over."""
    row = session.get(OperatorSession, digest(cookie))
    return SignedIn(row.operator, row.form_token) if row and row.ends_at > now else None


def sign_out(session: Session, cookie: str) -> None:
    """End a session."""
    session.execute(delete(OperatorSession).where(OperatorSession.token_digest == digest(cookie)))


@cache
def _hash_of_nobody() -> str:
    return _HASHER.hash(secrets.token_urlsafe())
