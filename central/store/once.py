"""Does what a terminal asks once per idempotency key: key, request digest and answer commit with the effect."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from central.domain.refusal import Refusal
from central.store.sealing import Seal
from central.store.tables import KeptAnswer
from central.store.upsert import insert_into

_LOCK_NOT_AVAILABLE = "55P03"  # PostgreSQL, appendix A: error codes

KEY_REUSED = Refusal(422, "key_reused", "this idempotency key came with another request before")
IN_FLIGHT = Refusal(409, "in_flight", "the same request is being worked on")


@dataclass(frozen=True)
class Request:
    """Who asks, the idempotency key, and the digest of what is asked."""

    terminal_id: str
    key: str
    digest: bytes


@dataclass(frozen=True)
class Answer:
    """The answer's JSON; ``replayed`` when an earlier request had the effect."""

    body: bytes
    replayed: bool


def request_of(terminal_id: str, key: str, path: str, body: bytes) -> Request:
    """Return the request with the digest of its path and its raw bytes."""
    return Request(terminal_id, key, hashlib.sha256(path.encode() + b"\0" + body).digest())


def once(
    session: Session, seal: Seal, request: Request, now: datetime, effect: Callable[[], bytes | Refusal]
) -> Answer | Refusal:
    """Run ``effect`` in ``session``'s transaction unless the key has its answer already; the caller commits.

    Two requests with the same key at the same time: the row of the first makes the second wait until the first has
    committed (and get its answer) or rolled back (and do the work itself). One that waits too long gets ``IN_FLIGHT``.
    """
    values = {
        "terminal_id": request.terminal_id,
        "key": request.key,
        "request_digest": request.digest,
        "answer": b"",
        "kept_at": now,
    }
    claim = insert_into(session, KeptAnswer).values(values).on_conflict_do_nothing().returning(KeptAnswer.key)
    try:
        claimed = session.execute(claim).scalar_one_or_none() is not None
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            session.rollback()
            return IN_FLIGHT
        raise
    context = f"answer {request.terminal_id} {request.key}"
    if not claimed:
        kept = session.get_one(KeptAnswer, (request.terminal_id, request.key))
        if kept.request_digest != request.digest:
            return KEY_REUSED
        return Answer(seal.open(kept.answer, context), replayed=True)
    result = effect()
    if isinstance(result, Refusal):
        session.rollback()
        return result
    session.execute(
        update(KeptAnswer)
        .where(KeptAnswer.terminal_id == request.terminal_id, KeptAnswer.key == request.key)
        .values(answer=seal.seal(result, context))
    )
    return Answer(result, replayed=False)
