"""The world of central's tests: an item, a terminal, an operator, a clock that only the test moves, and a running central."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import uuid6
from sqlalchemy import create_engine, text

from central.platform import Platform
from central.store.database import Database
from central.store.migrate import migrate
from central.store.operators import add_operator
from central.store.tables import Table
from central.store.terminals import enrol

TASK_CODE = "11130983MB1234567R4000236001001"
TOKEN = "a token of terminal T-1, only for tests"
PASSWORD = "correct horse battery"
ITEM = f'''
[item]
task_code = "{TASK_CODE}"
task_name = "城乡居民医保参保登记"
task_name_en = "Medical insurance enrolment"
task_type = "20"
task_version = 1
dept_name = "示例市医疗保障局"
dept_name_en = "Example Bureau"
dept_code = "11130983MB1234567R"
use_level = "4"
anticipate_day = 20
promise_day = 10
assess_day = 8
project_type = "2"
server_type = ["1"]
limit_scene_num = 0
steps = ["受理", "审核", "批准", "办结"]
steps_en = ["Accepted", "Examined", "Approved", "Completed"]
effective_date = 2026-01-01
'''
FAULTS = """
[codes."printer.paper_out"]
operator_zh = "回执纸已用完，请加纸"
operator_en = "Out of receipt paper: refill"
[codes."printer.paper_low"]
operator_zh = "回执纸不足"
operator_en = "Receipt paper is low"
[codes."device.lent"]
operator_zh = "自检中"
operator_en = "Being tested"
"""
CHECKS = """
[zh]
"check.cutter" = "切纸"
[en]
"check.cutter" = "cutter"
"""


class HandClock:
    """Time that stands still until a test moves it. It starts on Monday 2026-03-02, 10:00 in the halls."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
        self.seconds = 1000.0

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.seconds += seconds
        self.moment += timedelta(seconds=seconds)


@dataclass
class Postgres:
    """A PostgreSQL of our own on a unix socket in ``folder``, without fsync: its data live as long as the tests."""

    folder: Path
    made: int = 0

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://postgres@/{name}?host={self.folder}"

    def execute(self, statement: str, name: str = "postgres") -> None:
        engine = create_engine(self.url(name), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()

    def new_database(self) -> str:
        self.made += 1
        self.execute(f"CREATE DATABASE test_{self.made} TEMPLATE template0")
        return f"test_{self.made}"


def prepare(url: str) -> None:
    database = Database(url)
    migrate(database)
    with database.writing() as session:
        enrol(session, "T-1", TOKEN, datetime(2026, 3, 1, tzinfo=UTC))
        enrol(session, "T-2", TOKEN + "2", datetime(2026, 3, 1, tzinfo=UTC))
        add_operator(session, "anna", PASSWORD, datetime(2026, 3, 1, tzinfo=UTC))
    database.close()


def emptied(postgres: Postgres, name: str) -> str:
    """The URL of a prepared database without what earlier tests left in it."""
    left = [table.name for table in Table.metadata.sorted_tables if table.name not in ("terminals", "operators")]
    postgres.execute(f"TRUNCATE {', '.join(left)}", name)
    return postgres.url(name)


def headers(terminal: str = "T-1", token: str = TOKEN, key: str | None = None) -> dict[str, str]:
    sent = {"Terminal-Id": terminal, "Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return sent | ({"Idempotency-Key": key} if key else {})


def new_key() -> str:
    return str(uuid6.uuid7())


def submission(local_no: str = "L-0001", **changes: Any) -> dict[str, Any]:
    """A submission of somebody who does not exist."""
    applicant = {
        "name": "张伟样",
        "sex": "1",
        "birth": "1990-01-01",
        "document_type": "resident",
        "document_number": "11010119900101123X",
        "address": "示例市样例路1号",
    }
    return {
        "task_code": TASK_CODE,
        "task_version": 1,
        "terminal_id": "T-1",
        "local_no": local_no,
        "handed_in_at": "2026-03-02T09:59:00+08:00",
        "training": False,
        "language": "zh",
        "applicant": applicant,
        "form": {"phone": "13800000000"},
        "materials": [{"code": "residence_proof", "content": base64.b64encode(b"\xff\xd8 a picture").decode()}],
        "signature_png": base64.b64encode(b"\x89PNG a signature").decode(),
    } | changes


def report(terminal: str = "T-1", sequence: int = 1, **changes: Any) -> dict[str, Any]:
    """A report of a terminal on which all is well."""
    device = {"driver": "virtual", "state": "online"}
    return {
        "terminal_id": terminal,
        "boot_id": "0192f0c0-boot",
        "sequence": sequence,
        "clock": "2026-03-02T10:00:00+08:00",
        "software_version": "0.1.0",
        "training": False,
        "in_session": False,
        "outbox_pending": 0,
        "devices": [
            {"name": "card_reader", "device_class": "card_reader", **device},
            {
                "name": "receipt_printer",
                "device_class": "receipt_printer",
                **device,
                "supplies": [{"name": "paper", "level": "ok"}],
            },
        ],
        "services": [{"service": "medical_insurance_enrolment", "available": True}],
    } | changes


@dataclass
class RunningCentral:
    """A central to be asked: at ``url``, which is empty when no network is between."""

    url: str
    platform: Platform
    clock: HandClock
    client: httpx.Client

    def post(self, path: str, body: Any, **of: Any) -> httpx.Response:
        return self.client.post(f"{self.url}/api/v1/{path}", json=body, headers=headers(**of))

    def get(self, path: str, **of: Any) -> httpx.Response:
        return self.client.get(f"{self.url}/api/v1/{path}", headers=headers(**of))

    def submit(self, body: dict[str, Any] | None = None, key: str | None = None) -> httpx.Response:
        return self.post("submissions", body or submission(), key=key or new_key())

    def query(self, **query: str) -> list[dict[str, Any]]:
        answer = self.post("case-queries", {"query": query})
        assert answer.status_code == 200, answer.text
        return answer.json()["cases"]


Starter = Callable[..., RunningCentral]
