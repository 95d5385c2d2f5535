"""Lets enrolled terminals in by their bearer tokens; known digests are remembered for a short while."""

from __future__ import annotations

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from central.api.problems import RefusedError
from central.domain.numbering import digest, same_digest
from central.domain.refusal import Refusal
from central.store.database import Database
from central.store.terminals import TERMINAL_ID, token_digest

REMEMBERED_SECONDS = 30.0
UNAUTHORISED = Refusal(401, "unauthorised", "Terminal-Id and its bearer token are needed")
_NOBODY = bytes(32)


class Gate:
    """Knows the digests of tokens, at most ``REMEMBERED_SECONDS`` old: a replaced token stops working after that."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock
        self._remembered: dict[str, tuple[bytes, float]] = {}

    async def admit(self, request: Request) -> str:
        """Return the id of the terminal that asks. Raises ``RefusedError``."""
        terminal_id = request.headers.get("terminal-id", "")
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token or not TERMINAL_ID.fullmatch(terminal_id):
            raise RefusedError(UNAUTHORISED)
        given = digest(token.strip())
        known, until = self._remembered.get(terminal_id, (_NOBODY, 0.0))
        if same_digest(given, known) and self._clock() < until:
            return terminal_id
        kept = await run_in_threadpool(self._look_up, terminal_id)
        if not same_digest(given, kept or _NOBODY):
            raise RefusedError(UNAUTHORISED)
        self._remembered[terminal_id] = (given, self._clock() + REMEMBERED_SECONDS)
        return terminal_id

    def _look_up(self, terminal_id: str) -> bytes | None:
        with self._database.reading() as session:
            return token_digest(session, terminal_id)
