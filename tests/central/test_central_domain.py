"""The pure rules: numbers, masking, working days, clocks and steps."""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from central_world import ITEM, TASK_CODE

from central.domain import numbering, progress
from central.domain.clocks import clocks, limits
from central.domain.masking import mask_name, mask_number
from central.domain.working_days import load_working_days
from central.store.sealing import KeyFileError, Seal, load_key
from kiosk.contract.items import Item

CALENDAR = load_working_days()
THE_ITEM = Item.model_validate(tomllib.loads(ITEM)["item"])
AT = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("张伟样", "张**"),
        ("李测", "李*"),
        ("欧阳测试", "欧***"),
        ("𠮷测试", "𠮷**"),
        ("买买提·测试样例", "买***"),
        ("Maria Lopez", "M***"),
        ("Élodie", "É***"),
        ("", ""),
    ],
)
def test_names_keep_only_their_first_character(name: str, masked: str) -> None:
    assert mask_name(name) == masked


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("11010119900101123X", "110***********123X"),
        ("USA110012345678", "USA********5678"),
        ("1234567890", "1********0"),
        ("1234", "****"),
    ],
)
def test_numbers_keep_three_and_four_characters(number: str, masked: str) -> None:
    assert mask_number(number) == masked


def test_a_project_number_has_43_characters_and_four_digits_at_most() -> None:
    number = numbering.project_number(TASK_CODE, date(2026, 3, 2), 7)
    assert number == TASK_CODE + "202603020007"
    assert len(number) == 43
    for outside in (0, 10_000):
        with pytest.raises(ValueError, match="four digits"):
            numbering.project_number(TASK_CODE, date(2026, 3, 2), outside)


def test_codes_of_receipts_are_read_back_and_rubbish_is_not() -> None:
    number = numbering.project_number(TASK_CODE, date(2026, 3, 2), 7)
    token = numbering.new_token()
    assert len(token) == 22
    assert numbering.parse_code(numbering.case_code(number, token)) == numbering.CaseCode(
        number, numbering.digest(token)
    )
    key = "018f3c1e-7b1a-7c3d-8e4f-0123456789ab"
    assert numbering.parse_code("CKL:" + key.upper()) == numbering.LocalCode(key)
    for rubbish in ("", "CK1:", f"CK1:{number}", f"CK1:{number}:", "CKL:nonsense", f"CKL:{key[:14]}4{key[15:]}", "\0"):
        assert numbering.parse_code(rubbish) is None


def test_working_days_leave_out_holidays_and_count_make_up_days() -> None:
    before_spring_festival = date(2026, 2, 13)
    assert CALENDAR.is_working(date(2026, 2, 14))  # a Saturday, worked
    assert CALENDAR.add(before_spring_festival, 2, "working_day") == date(2026, 2, 24)
    assert CALENDAR.add(before_spring_festival, 2, "calendar_day") == date(2026, 2, 15)
    assert CALENDAR.between(before_spring_festival, date(2026, 2, 24), "working_day") == 2
    assert CALENDAR.between(before_spring_festival, before_spring_festival, "working_day") == 0


def test_a_day_in_the_wrong_year_of_the_table_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "days.toml").write_text("[2026]\nholidays = [2025-01-01]\n")
    with pytest.raises(ValueError, match="2025-01-01"):
        load_working_days(tmp_path / "days.toml")


@pytest.mark.parametrize(
    ("today", "stage"),
    [
        (date(2026, 3, 10), "running"),  # 6 of 10 days
        (date(2026, 3, 11), "reminder"),  # 7 of 10
        (date(2026, 3, 12), "reminder"),
        (date(2026, 3, 13), "warning"),  # 9 of 10
        (date(2026, 3, 16), "warning"),  # the promised day itself
        (date(2026, 3, 17), "breach"),
        (date(2026, 3, 30), "breach"),  # the legal day itself
        (date(2026, 3, 31), "over_legal"),
    ],
)
def test_the_clocks_alarm_in_stages(today: date, stage: str) -> None:
    accepted = date(2026, 3, 2)
    dates = limits(CALENDAR, THE_ITEM, accepted)
    assert dates == (date(2026, 3, 30), date(2026, 3, 16), date(2026, 3, 12))
    assert clocks(CALENDAR, "working_day", accepted, dates, today, None).stage == stage
    ended = clocks(CALENDAR, "working_day", accepted, dates, today, date(2026, 3, 4))
    assert (ended.stage, ended.used_days) == ("ended", 2)


def test_an_item_done_at_once_is_on_time_that_day_and_late_the_next() -> None:
    day = date(2026, 3, 2)
    for today, stage in ((day, "running"), (date(2026, 3, 3), "over_legal")):
        assert clocks(CALENDAR, "working_day", day, (day, day, day), today, None).stage == stage


def test_a_case_goes_through_its_steps_and_ends() -> None:
    steps = progress.begin(THE_ITEM.steps, THE_ITEM.steps_en, AT)
    seen = [(progress.state_of(steps), [step.state for step in steps])]
    while (moved := progress.advance(steps, AT)) is not None:
        steps = moved
        seen.append((progress.state_of(steps), [step.state for step in steps]))
    assert seen == [
        ("accepted", ["done", "waiting", "waiting", "waiting"]),
        ("in_review", ["done", "current", "waiting", "waiting"]),
        ("in_review", ["done", "done", "current", "waiting"]),
        ("approved", ["done", "done", "done", "current"]),
        ("completed", ["done", "done", "done", "done"]),
    ]
    assert progress.send_back(steps, AT) is None


def test_a_returned_case_moves_no_more() -> None:
    steps = progress.begin(THE_ITEM.steps, THE_ITEM.steps_en, AT)
    returned = progress.send_back(steps, AT)
    assert returned is not None
    assert progress.state_of(returned) == "returned"
    assert progress.advance(returned, AT) is None
    assert progress.position(returned) is None


def test_sealed_values_open_only_with_their_key_and_place() -> None:
    seal = Seal(bytes(32))
    sealed = seal.seal("张伟样".encode(), "here")
    assert "张伟样".encode() not in sealed
    assert seal.open(sealed, "here").decode() == "张伟样"
    for other, place in ((Seal(bytes(31) + b"1"), "here"), (seal, "there")):
        with pytest.raises(KeyFileError):
            other.open(sealed, place)
    assert seal.index("111", "1") != seal.index("1111", "")


def test_a_key_file_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "key"
    key = load_key(path, create=True)
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_key(path, create=True) == key
    assert [entry.name for entry in tmp_path.iterdir()] == ["key"]
    path.write_text("c2hvcnQ=")
    with pytest.raises(KeyFileError, match="32 bytes"):
        load_key(path, create=True)
    with pytest.raises(KeyFileError, match="cannot be read"):
        load_key(tmp_path / "none", create=False)
