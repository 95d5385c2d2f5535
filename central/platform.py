"""What a running central consists of, put together once and handed to the request handlers."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from central.domain.working_days import HALL_TIME, WorkingDays, load_working_days
from central.fleet.presence import Fleet
from central.store.catalogue import publish, read_items
from central.store.database import Database
from central.store.intake import Intake
from central.store.lookup import Lookup
from central.store.migrate import migrate
from central.store.sealing import KeyFileError, Seal, load_key
from central.store.tables import Setting
from central.store.upsert import insert_into
from kiosk.contract.items import Item

_KEY_CHECK = "key_check"
_AHEAD = timedelta(days=90)
_log = logging.getLogger(__name__)


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Platform:
    """The parts of a running central. ``clock`` counts seconds, ``now`` tells the time of day (aware)."""

    database: Database
    seal: Seal
    calendar: WorkingDays
    items: dict[str, Item]
    faults: Path | None
    checks: Path | None
    fleet: Fleet
    clock: Callable[[], float]
    now: Callable[[], datetime]
    sweep_seconds: float
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def intake(self) -> Intake:
        """What takes in submissions."""
        return Intake(self.seal, self.calendar)

    @property
    def lookup(self) -> Lookup:
        """What answers questions for cases."""
        return Lookup(self.seal, self.calendar)

    def today(self) -> date:
        """Return the present day in the halls' time zone."""
        return self.now().astimezone(HALL_TIME).date()

    def year_without_holidays(self) -> int | None:
        """Return the year, within 90 days, whose holidays are not known: its days are counted Monday to Friday."""
        for day in (self.today(), self.today() + _AHEAD):
            if day.year not in self.calendar.years:
                return day.year
        return None


def open_platform(
    database: Database,
    *,
    items: Path | None,
    faults: Path | None,
    checks: Path | None,
    key_file: Path | None,
    clock: Callable[[], float] = time.monotonic,
    now: Callable[[], datetime] = _utc_now,
    sweep_seconds: float = 1.0,
) -> Platform:
    """Upgrade the database, publish the items of the folder ``items`` and return a platform that is ready to serve.

    Without ``key_file`` the key lies beside an SQLite file and is made if need be. Raises ``KeyFileError``,
    ``ItemError`` and SQLAlchemy's errors.
    """
    migrate(database)
    seal = Seal(_key(database, key_file))
    published = read_items(items) if items else {}
    with database.writing() as session:
        _prove_key(session, seal)
        publish(session, list(published.values()))
    platform = Platform(
        database=database,
        seal=seal,
        calendar=load_working_days(),
        items=published,
        faults=faults,
        checks=checks,
        fleet=Fleet(clock, now),
        clock=clock,
        now=now,
        sweep_seconds=sweep_seconds,
    )
    if year := platform.year_without_holidays():
        _log.warning("no table of holidays for %d: its working days are counted as Monday to Friday", year)
    return platform


def _key(database: Database, key_file: Path | None) -> bytes:
    if key_file:
        return load_key(key_file, create=False)
    if database.file is None:
        raise KeyFileError("a PostgreSQL database needs --key-file (base64 of 32 random bytes)")
    return load_key(database.file.with_name(database.file.name + ".key"), create=True)


def _prove_key(session: Session, seal: Seal) -> None:
    """Refuse to work with a key other than the one the database was begun with."""
    check = seal.index(_KEY_CHECK).hex()
    session.execute(insert_into(session, Setting).values(name=_KEY_CHECK, value=check).on_conflict_do_nothing())
    if session.get_one(Setting, _KEY_CHECK).value != check:
        raise KeyFileError("this key does not belong to this database")
