"""Queries show a case to those who hold its code or its document, masked; ratings are kept once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from central_world import TASK_CODE, TOKEN, RunningCentral, new_key, submission
from sqlalchemy import select

from central.store.tables import RatingRow

DOCUMENT = {"by": "document", "document_type": "resident", "document_number": "11010119900101123X"}


def test_the_code_of_a_receipt_shows_the_case_masked(central: RunningCentral) -> None:
    accepted = central.submit().json()
    (case,) = central.query(by="code", query_code=accepted["query_code"])
    assert case["project_no"] == accepted["project_no"]
    assert (case["applicant_masked"], case["document_masked"]) == ("张**", "110***********123X")
    assert "张伟样" not in json.dumps(case, ensure_ascii=False)
    assert case["state"] == "accepted"
    assert [step["state"] for step in case["steps"]] == ["done", "waiting", "waiting", "waiting"]
    assert case["clocks"] == {
        "legal_date": "2026-03-30",
        "promise_date": "2026-03-16",
        "assess_date": "2026-03-12",
        "used_days": 0,
        "stage": "running",
    }


def test_a_receipt_without_a_number_finds_its_case_too(central: RunningCentral) -> None:
    key = new_key()
    assert central.query(by="code", query_code=f"CKL:{key}") == []
    number = central.submit(key=key).json()["project_no"]
    assert [case["project_no"] for case in central.query(by="code", query_code=f"CKL:{key}")] == [number]


def test_wrong_codes_find_nothing(central: RunningCentral) -> None:
    accepted = central.submit().json()
    token = accepted["query_code"].rpartition(":")[2]
    wrong_token = accepted["query_code"][:-1] + ("A" if token[-1] != "A" else "Q")
    other_number = f"CK1:{accepted['project_no'][:-4]}0002:{token}"
    for code in (
        wrong_token,
        other_number,
        f"CK1:{accepted['project_no']}:",
        "rubbish code",
        f"CKL:{new_key()}",
        "\0" * 9,
    ):
        assert central.query(by="code", query_code=code) == [], code


def test_a_document_shows_all_its_cases_newest_first(central: RunningCentral) -> None:
    numbers = [central.submit(submission(local_no=f"L-{number:04d}")).json()["project_no"] for number in range(22)]
    other = submission(applicant=submission()["applicant"] | {"document_number": "110101199001011248"})
    central.submit(other)
    found = [case["project_no"] for case in central.query(**DOCUMENT)]
    assert found == numbers[::-1][:20]
    assert central.query(**(DOCUMENT | {"document_number": "11010119900101123x"})) != []
    assert central.query(**(DOCUMENT | {"document_type": "hmt_permit"})) == []


@pytest.mark.parametrize(("kind", "number"), [("passport", "EX1234567"), ("exit_entry_permit", "C12345678")])
def test_a_travel_document_shows_its_holder_s_cases(central: RunningCentral, kind: str, number: str) -> None:
    holder = {"document_type": kind, "document_number": number}
    central.submit(submission(applicant=submission()["applicant"] | holder))
    (case,) = central.query(by="document", **holder)
    assert number not in case["document_masked"]
    assert central.query(by="document", document_type=kind, document_number="EX7654321") == []


def rating(**changes: Any) -> dict[str, Any]:
    return {
        "subject_no": "L-0001",
        "task_code": TASK_CODE,
        "assess_number": 1,
        "satisfaction": 1,
        "rated_at": "2026-03-02T10:05:00+08:00",
    } | changes


def test_a_rating_is_kept_once(central: RunningCentral) -> None:
    number = central.submit().json()["project_no"]
    key, kept = new_key(), rating(subject_no=number, satisfaction=4, text="等候时间长")
    first, replayed = central.post("ratings", kept, key=key), central.post("ratings", kept, key=key)
    assert [(answer.status_code, answer.json()) for answer in (first, replayed)] == [(201, {}), (200, {})]
    for subject in (number, "L-0001"):  # the local number stands for the same case
        again = central.post("ratings", rating(subject_no=subject), key=new_key())
        assert (again.status_code, again.json()["code"]) == (409, "already_rated")
    assert central.post("ratings", rating(assess_number=2), key=new_key()).status_code == 201
    with central.platform.database.reading() as session:
        rows = session.scalars(select(RatingRow).order_by(RatingRow.assess_number)).all()
    assert [(row.subject_no, row.satisfaction) for row in rows] == [(number, 4), (number, 1)]
    words = json.loads(central.platform.seal.open(rows[0].sealed_words, f"rating {number} 1"))
    assert words == {"reasons": [], "text": "等候时间长"}


def test_a_rating_may_come_before_its_case(central: RunningCentral) -> None:
    assert central.post("ratings", rating(), key=new_key()).status_code == 201
    assert central.post("ratings", rating(), key=new_key()).status_code == 409
    mine = central.post("ratings", rating(assess_number=2), terminal="T-2", token=TOKEN + "2", key=new_key())
    assert mine.status_code == 201


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"satisfaction": 4}, 422, "invalid"),
        ({"satisfaction": 5, "text": "  ", "reasons": [""]}, 422, "invalid"),
        ({"satisfaction": 6}, 422, "invalid"),
        ({"subject_no": "l 1;--"}, 422, "invalid"),
        ({"task_code": "\0"}, 422, "invalid"),
        ({"subject_no": TASK_CODE + "202603020009"}, 404, "unknown_case"),
    ],
)
def test_ratings_that_cannot_be(central: RunningCentral, changes: dict[str, Any], status: int, code: str) -> None:
    answer = central.post("ratings", rating(**changes), key=new_key())
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_bad_rating_with_a_reason_is_kept(central: RunningCentral) -> None:
    assert central.post("ratings", rating(satisfaction=5, reasons=["05"]), key=new_key()).status_code == 201
