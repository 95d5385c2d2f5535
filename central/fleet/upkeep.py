"""The work that goes on beside the requests: notice silent terminals, store the states of the others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from central.fleet.presence import Fleet
from central.store.database import Database
from central.store.terminals import StoredState, all_terminals, store_states, stored_states

SWEEP_SECONDS = 1.0
STORE_SECONDS = 3.0

_log = logging.getLogger(__name__)


async def recall(fleet: Fleet, database: Database) -> None:
    """Fill the fleet with what was stored before."""

    def read() -> tuple[list[StoredState], list[str]]:
        with database.reading() as session:
            return stored_states(session), all_terminals(session)

    states, terminal_ids = await run_in_threadpool(read)
    fleet.restore(states)
    fleet.enrolled(terminal_ids)


async def keep_watch(fleet: Fleet, sweep_seconds: float = SWEEP_SECONDS) -> None:
    """Notice the silent terminals, until cancelled."""
    while True:
        await asyncio.sleep(sweep_seconds)
        for terminal_id in sorted(fleet.sweep()):
            _log.warning("terminal %s is gone", terminal_id)


async def keep_stored(fleet: Fleet, database: Database) -> None:
    """Store new states and learn of new terminals, until cancelled. A failure is logged once, and its end once."""
    failing = False
    while True:
        await asyncio.sleep(STORE_SECONDS)
        try:
            await store_now(fleet, database)
        except SQLAlchemyError as error:
            if not failing:
                _log.error("terminal states cannot be stored: %s", type(error).__name__)
            failing = True
        else:
            if failing:
                _log.warning("terminal states are stored again")
            failing = False


async def store_now(fleet: Fleet, database: Database) -> None:
    """Store what is not stored yet, and take note of newly enrolled terminals."""
    states = fleet.take_unstored()
    try:
        terminal_ids = await run_in_threadpool(_exchange, database, states)
    except SQLAlchemyError:
        fleet.keep_unstored(states)
        raise
    fleet.enrolled(terminal_ids)


def _exchange(database: Database, states: Sequence[StoredState]) -> list[str]:
    if states:
        with database.writing() as session:
            store_states(session, states)
    with database.reading() as session:
        return all_terminals(session)
