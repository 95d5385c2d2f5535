"""A central platform for each test, on SQLite and on PostgreSQL, with a clock that only the test moves."""

from __future__ import annotations

import asyncio
import base64
import os
import pwd
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
import warnings
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from central_world import CHECKS, FAULTS, ITEM, HandClock, Postgres, RunningCentral, Starter, emptied, prepare

from central.app import create_app
from central.platform import open_platform
from central.serving import CentralServer, listen
from central.store.database import LOCK_SECONDS, Database


@pytest.fixture(scope="session")
def postgres() -> Generator[Postgres]:
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    assert programs, "PostgreSQL is not installed"
    folder = Path(tempfile.mkdtemp(prefix="central-pg-", dir="/tmp"))
    as_owner: dict[str, Any] = {"check": True, "stdout": subprocess.DEVNULL, "cwd": "/"}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        owner = pwd.getpwnam("postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        as_owner |= {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    binaries = programs[-1].parent
    data = folder / "data"
    control = [str(binaries / "pg_ctl"), "-D", str(data), "-w", "-t", "30"]
    server = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off -c full_page_writes=off"
    try:
        subprocess.run(
            [
                binaries / "initdb",
                "-D",
                data,
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--no-locale",
                "--no-sync",
            ],
            timeout=60,
            **as_owner,
        )
        subprocess.run([*control, "-l", str(folder / "log"), "-o", server, "start"], timeout=60, **as_owner)
        try:
            yield Postgres(folder)
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], timeout=60, **as_owner)
    finally:
        shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/central.sqlite"
    postgres: Postgres = request.getfixturevalue("postgres")
    return postgres.url(postgres.new_database())


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "central.sqlite"
    prepare(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_postgres(postgres: Postgres) -> str:
    name = postgres.new_database()
    prepare(postgres.url(name))
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a migrated database with terminal T-1 and operator anna, once of each kind."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "central.sqlite")
        return f"sqlite:///{tmp_path}/central.sqlite"
    postgres: Postgres = request.getfixturevalue("postgres")
    return emptied(postgres, request.getfixturevalue("migrated_postgres"))


@pytest.fixture
def postgres_url(postgres: Postgres, migrated_postgres: str) -> str:
    """The same on PostgreSQL only."""
    return emptied(postgres, migrated_postgres)


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """The same on SQLite only, for what does not depend on the database."""
    shutil.copy(migrated_sqlite, tmp_path / "central.sqlite")
    return f"sqlite:///{tmp_path}/central.sqlite"


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    """Items, words for faults and checks, and a key file, as ``open_platform`` and ``central serve`` take them."""
    for name, content in (("items", ITEM), ("faults", FAULTS)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "medical_insurance_enrolment.toml").write_text(content, encoding="utf-8")
    (tmp_path / "checks.toml").write_text(CHECKS, encoding="utf-8")
    (tmp_path / "central.key").write_bytes(base64.b64encode(bytes(range(32))))
    return {
        "items": tmp_path / "items",
        "faults": tmp_path / "faults",
        "checks": tmp_path / "checks.toml",
        "key_file": tmp_path / "central.key",
    }


@pytest.fixture
def start(folders: dict[str, Path]) -> Generator[Starter]:
    """Open a central on a database URL, to be asked without a network; all of them end with the test."""
    with ExitStack() as ends:

        def started(url: str, lock_seconds: float = LOCK_SECONDS) -> RunningCentral:
            clock = HandClock()
            platform = open_platform(
                Database(url, lock_seconds), **folders, clock=clock.monotonic, now=clock.now, sweep_seconds=0.02
            )
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # it asks for a newer client than the one that the project has
                from starlette.testclient import TestClient
            client = ends.enter_context(TestClient(create_app(platform), follow_redirects=False))
            return RunningCentral("", platform, clock, client)

        yield started


@pytest.fixture
def central(start: Starter, database_url: str) -> RunningCentral:
    """A central, once on each database."""
    return start(database_url)


@pytest.fixture
def central_on_sqlite(start: Starter, sqlite_url: str) -> RunningCentral:
    """A central on SQLite only."""
    return start(sqlite_url)


@pytest.fixture
def live_central(sqlite_url: str, folders: dict[str, Path]) -> Generator[RunningCentral]:
    """A central that answers on a port of its own, for streams and browsers."""
    clock = HandClock()
    platform = open_platform(Database(sqlite_url), **folders, clock=clock.monotonic, now=clock.now, sweep_seconds=0.02)
    listener = listen("127.0.0.1", 0)
    announced: queue.Queue[tuple[str, asyncio.AbstractEventLoop]] = queue.Queue()
    server = CentralServer(platform, listener, lambda address: announced.put((address, asyncio.get_running_loop())))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    address, loop = announced.get(timeout=20)
    try:
        with httpx.Client(timeout=20) as client:
            yield RunningCentral(address, platform, clock, client)
    finally:
        loop.call_soon_threadsafe(server.handle_exit, signal.SIGTERM, None)
        thread.join(20)
    assert not thread.is_alive()
