"""Submissions: each key has its effect once, the numbers of a day have no gaps, and what is personal is sealed."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from central_world import TASK_CODE, TOKEN, RunningCentral, Starter, headers, new_key, report, submission
from sqlalchemy import func, inspect, select, text

from central.store.tables import CaseFile, CaseRow, DayCounter


def cases_in(central: RunningCentral) -> int:
    with central.platform.database.reading() as session:
        return session.scalar(select(func.count()).select_from(CaseRow)) or 0


def test_a_submission_becomes_a_case(central: RunningCentral) -> None:
    answer = central.submit()
    assert answer.status_code == 201
    accepted = answer.json()
    assert accepted["project_no"] == TASK_CODE + "202603020001"
    assert accepted["query_code"].startswith(f"CK1:{accepted['project_no']}:")
    assert (accepted["accept_date"], accepted["promise_date"]) == ("2026-03-02", "2026-03-16")


def test_the_same_key_gives_the_same_answer_and_no_second_case(central: RunningCentral) -> None:
    key = new_key()
    first, again = central.submit(key=key), central.submit(key=key)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.content == again.content
    assert cases_in(central) == 1


def test_the_same_key_with_another_body_is_refused(central: RunningCentral) -> None:
    key = new_key()
    central.submit(key=key)
    other = central.submit(submission(language="en"), key=key)
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")
    rating = {"subject_no": "L-0001", "task_code": TASK_CODE, "assess_number": 1, "satisfaction": 1}
    elsewhere = central.post("ratings", rating | {"rated_at": "2026-03-02T10:00:00+08:00"}, key=key)
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (422, "key_reused")
    assert cases_in(central) == 1


def test_the_same_key_of_another_terminal_is_another_key(central: RunningCentral) -> None:
    key = new_key()
    central.submit(key=key)
    other = central.post("submissions", submission(terminal_id="T-2"), terminal="T-2", token=TOKEN + "2", key=key)
    assert other.status_code == 201
    assert cases_in(central) == 2


def test_sixteen_at_once_with_one_key_make_one_case(central: RunningCentral) -> None:
    key, together = new_key(), threading.Barrier(16)

    def submit(_: int) -> tuple[int, Any]:
        together.wait(20)
        answer = central.submit(key=key)
        return answer.status_code, answer.json()

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(submit, range(16)))
    statuses = [status for status, _ in answers]
    assert statuses.count(201) == 1
    assert set(statuses) <= {200, 201, 409}
    assert {body["code"] for status, body in answers if status == 409} <= {"in_flight"}
    assert len({body["project_no"] for status, body in answers if status != 409}) == 1
    assert cases_in(central) == 1


def test_sixteen_at_once_get_the_numbers_one_to_sixteen(central: RunningCentral) -> None:
    together = threading.Barrier(16)

    def submit(number: int) -> str:
        together.wait(20)
        answer = central.submit(submission(local_no=f"L-{number:04d}"))
        assert answer.status_code == 201, answer.text
        return answer.json()["project_no"][-4:]

    with ThreadPoolExecutor(16) as pool:
        assert sorted(pool.map(submit, range(16))) == [f"{number:04d}" for number in range(1, 17)]


def test_a_refused_submission_leaves_no_gap_and_does_not_use_up_its_key(central: RunningCentral) -> None:
    key = new_key()
    unknown = central.submit(submission(task_version=2), key=key)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_item")
    assert central.submit(key=key).json()["project_no"].endswith("0001")


def test_numbers_begin_anew_each_day_and_days_are_the_halls_days(central: RunningCentral) -> None:
    central.submit()
    central.clock.advance(14 * 3600 - 1)  # 23:59:59 in the halls, 15:59:59 UTC
    assert central.submit().json()["project_no"][-12:] == "202603020002"
    central.clock.advance(1)
    assert central.submit().json()["project_no"][-12:] == "202603030001"


def test_a_full_day_is_said_and_changes_nothing(central: RunningCentral) -> None:
    with central.platform.database.writing() as session:
        session.add(DayCounter(task_code=TASK_CODE, day=date(2026, 3, 2), last_number=9998))
    assert central.submit().json()["project_no"].endswith("9999")
    for _ in range(2):
        full = central.submit()
        assert (full.status_code, full.json()["code"]) == (503, "overloaded")
    with central.platform.database.reading() as session:
        assert session.scalar(select(DayCounter.last_number)) == 9999


def test_a_key_that_is_held_by_a_stuck_request_is_in_flight(start: Starter, postgres_url: str) -> None:
    central = start(postgres_url, lock_seconds=0.1)
    key = new_key()
    with central.platform.database.writing() as session:
        claim = "INSERT INTO kept_answers (terminal_id, key, request_digest, answer, kept_at) "
        session.execute(text(claim + "VALUES ('T-1', :key, '', '', now())"), {"key": key})
        stuck = central.submit(key=key)
        assert (stuck.status_code, stuck.json()["code"]) == (409, "in_flight")
        assert stuck.headers["retry-after"]
        session.rollback()
    assert central.submit(key=key).status_code == 201


def test_a_locked_database_is_overloaded_and_not_an_error(start: Starter, sqlite_url: str) -> None:
    central = start(sqlite_url, lock_seconds=0.05)
    with central.platform.database.migrating() as connection:
        connection.execute(text("SELECT 1"))
        answer = central.submit()
    assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
    assert central.submit().status_code == 201


def test_nothing_personal_is_stored_in_clear(central: RunningCentral) -> None:
    central.submit()
    personal = [
        "张伟样",
        "11010119900101123X",
        "示例市样例路1号",
        "13800000000",
        "1990-01-01",
        "a picture",
        "a signature",
    ]
    with central.platform.database.reading() as session:
        for table in inspect(central.platform.database.engine).get_table_names():
            for row in session.execute(text(f"SELECT * FROM {table}")):
                for value in row:
                    found = bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
                    assert not [item for item in personal if item.encode() in found], table
        case = session.scalars(select(CaseRow)).one()
        first = session.scalars(select(CaseFile).order_by(CaseFile.position)).first()
        assert first is not None
        opened = central.platform.seal.open(first.sealed_content, f"file {case.project_no} 0")
    assert opened == b"\xff\xd8 a picture"


@pytest.mark.parametrize(
    "changed",
    [
        {"terminal_id": "T-2"},
        {"unknown": 1},
        {"local_no": "l\x00"},
        {"applicant": {}},
        {"handed_in_at": "yesterday"},
    ],
)
def test_invalid_submissions_are_refused_without_repeating_them(
    central_on_sqlite: RunningCentral, changed: dict[str, Any]
) -> None:
    answer = central_on_sqlite.submit(submission(**changed))
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert "yesterday" not in answer.text
    assert cases_in(central_on_sqlite) == 0


@pytest.mark.parametrize("key", [None, "1", "0b0b6a6e-7c39-4f0f-9f0e-0a4f6e2b7a11"])
def test_a_key_must_be_a_uuid_of_version_7(central_on_sqlite: RunningCentral, key: str | None) -> None:
    answer = central_on_sqlite.post("submissions", submission(), key=key)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


def test_bodies_beyond_the_limit_are_refused(central_on_sqlite: RunningCentral) -> None:
    url, sent = f"{central_on_sqlite.url}/api/v1/submissions", headers(key=new_key())
    large = central_on_sqlite.client.post(url, content=b"x" * (12 * 1024 * 1024 + 1), headers=sent)
    assert (large.status_code, large.json()["code"]) == (413, "too_large")
    pieces = central_on_sqlite.client.post(url, content=(b"x" * 1_000_000 for _ in range(13)), headers=sent)
    assert (pieces.status_code, pieces.json()["code"]) == (413, "too_large")
    allowed = central_on_sqlite.client.post(url, content=b"x" * (12 * 1024 * 1024), headers=sent)
    assert (allowed.status_code, allowed.json()["code"]) == (422, "invalid")


@pytest.mark.parametrize(
    ("terminal", "token"), [("T-1", "wrong"), ("T-1", TOKEN + "2"), ("T-9", TOKEN), ("T_1", TOKEN), ("", "x")]
)
def test_only_enrolled_terminals_get_in(central_on_sqlite: RunningCentral, terminal: str, token: str) -> None:
    central_on_sqlite.get("items")  # the right token is remembered: that must not let the wrong one in
    of = {"terminal": terminal, "token": token}
    answers = [central_on_sqlite.get("items", **of), central_on_sqlite.post("reports", report(), **of)]
    answers.append(central_on_sqlite.post("submissions", submission(), key=new_key(), **of))
    answers.append(central_on_sqlite.post("case-queries", {}, **of))
    answers.append(central_on_sqlite.post("ratings", {}, **of))
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(401, "unauthorised")] * 5


def test_a_replaced_token_ends_the_old_one(central_on_sqlite: RunningCentral) -> None:
    from central.store.terminals import enrol

    assert central_on_sqlite.get("items").status_code == 200
    with central_on_sqlite.platform.database.writing() as session:
        assert enrol(session, "T-1", "a new token, also for tests", central_on_sqlite.clock.now())
    assert central_on_sqlite.get("items", token="a new token, also for tests").status_code == 200
    assert central_on_sqlite.get("items").status_code == 401


def test_items_are_published_with_a_tag(central: RunningCentral) -> None:
    first = central.get("items")
    assert [item["task_code"] for item in first.json()["items"]] == [TASK_CODE]
    sent = headers() | {"If-None-Match": first.headers["etag"]}
    again = central.client.get(f"{central.url}/api/v1/items", headers=sent)
    assert (again.status_code, again.content) == (304, b"")


def test_health_and_the_api_document_need_no_token(central_on_sqlite: RunningCentral) -> None:
    client, url = central_on_sqlite.client, central_on_sqlite.url
    assert client.get(f"{url}/api/v1/health").json() == {"status": "ok"}
    document = client.get(f"{url}/api/v1/openapi.json").json()
    assert set(document["paths"]) == {
        f"/api/v1/{name}"
        for name in ("items", "submissions", "case-queries", "ratings", "reports", "self-tests", "health")
    }
    for name in ("Submission", "Applicant", "Accepted", "TerminalReport", "Problem", "CaseQuery", "Rating"):
        assert name in document["components"]["schemas"]
    assert client.get(f"{url}/docs").status_code == 404
    assert client.get(f"{url}/api/v1/nothing").json()["code"] == "not_found"
