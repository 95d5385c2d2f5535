"""Records of self-tests: kept once, the newest of each terminal shown to operators with what did not pass."""

from __future__ import annotations

import os
import re
import uuid
from pathlib import Path
from typing import Any

import pytest
from central_world import PASSWORD, TOKEN, RunningCentral, report
from playwright.sync_api import sync_playwright
from sqlalchemy import func, select

from central.console.words import LANGUAGES, load_words
from central.store.self_tests import MOST_OF_A_TERMINAL, keep, newest_first
from central.store.tables import SelfTestRow
from kiosk.contract.self_tests import SelfTestRecord


def record(minute: int = 0, terminal: str = "T-1", *failed: tuple[str, str, str], **changes: Any) -> dict[str, Any]:
    """A record in which all passed but what is given as device, check and code."""
    line = {"device": "card_reader", "device_class": "card_reader", "driver": "pcsc", "check": "service"}
    wrong = [
        {"device": device, "device_class": device, "driver": "escpos", "check": check, "outcome": "fail", "code": code}
        for device, check, code in failed
    ]
    return {
        "format": 1,
        "record_id": str(uuid.uuid4()),
        "terminal_id": terminal,
        "taken_at": f"2026-03-02T09:{minute:02}:00+08:00",
        "software_version": "0.1.0",
        "guided": False,
        "lines": [{**line, "outcome": "pass"}, *wrong],
    } | changes


def count(central: RunningCentral) -> int:
    with central.platform.database.reading() as session:
        return session.scalars(select(func.count()).select_from(SelfTestRow)).one()


def test_a_record_is_kept_once_however_often_it_is_sent(central: RunningCentral) -> None:
    sent = record()
    for _ in range(3):
        assert central.post("self-tests", sent).status_code == 204
    assert count(central) == 1
    with central.platform.database.reading() as session:
        assert newest_first(session, "T-1") == [SelfTestRecord.model_validate(sent)]
        assert newest_first(session, "T-2") == []


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"terminal_id": "T-2"}, 422),
        ({"record_id": "../../x"}, 422),
        ({"format": 2}, 422),
        ({"picture": "aGVsbG8="}, 422),
        ({"lines": [{}]}, 422),
    ],
)
def test_what_is_no_record_of_this_terminal_is_refused(
    central_on_sqlite: RunningCentral, changes: dict[str, Any], status: int
) -> None:
    assert central_on_sqlite.post("self-tests", record(**changes)).status_code == status
    assert count(central_on_sqlite) == 0


def test_strangers_hand_in_nothing(central_on_sqlite: RunningCentral) -> None:
    assert central_on_sqlite.post("self-tests", record(), token=TOKEN + "x").status_code == 401


def test_the_newest_hundred_of_each_terminal_stay(central: RunningCentral) -> None:
    with central.platform.database.writing() as session:
        for number in range(MOST_OF_A_TERMINAL + 5):
            taken_at = f"2026-03-02T{number // 60:02}:{number % 60:02}:00+08:00"
            keep(session, SelfTestRecord.model_validate(record(taken_at=taken_at)), central.clock.now())
        keep(session, SelfTestRecord.model_validate(record(terminal="T-2")), central.clock.now())
    assert count(central) == MOST_OF_A_TERMINAL + 1
    with central.platform.database.reading() as session:
        found = newest_first(session, "T-1")
    moments = [record.taken_at for record in found]
    assert (moments[0].hour, moments[0].minute) == (1, 44)
    assert moments == sorted(moments, reverse=True)


def sign_in(central: RunningCentral) -> None:
    shown = central.client.get(f"{central.url}/console/sign-in").text
    token = re.findall(r'name="form_token" value="([^"]+)"', shown)[0]
    form = {"form_token": token, "name": "anna", "password": PASSWORD}
    assert central.client.post(f"{central.url}/console/sign-in", data=form).status_code == 303


def test_the_terminal_s_page_shows_the_newest_record_and_what_did_not_pass(central: RunningCentral) -> None:
    sign_in(central)
    words = load_words(central.platform.faults, central.platform.checks, central.platform.items)
    for language in LANGUAGES:
        central.client.get(f"/console/language/{language}")
        assert words[language].text("self_test.none") in central.client.get("/console/terminals/T-1").text
    central.post("self-tests", record(5, "T-1", ("receipt_printer", "paper", "printer.paper_out")))
    central.post("self-tests", record(1))
    page = central.client.get("/console/terminals/T-1").text
    assert "Failed" in page
    assert "1 passed, 0 warned, 1 failed" in page
    assert "Out of receipt paper: refill" in page
    assert "Other devices" not in page


def section(central: RunningCentral, language: str = "en") -> str:
    """What the terminal's page says of self-tests, without its markup."""
    central.client.get(f"/console/language/{language}")
    shown = central.client.get("/console/terminals/T-1").text.partition('id="self-test"')[2]
    return " ".join(re.sub(r"<[^>]*>", " ", shown).split())


def test_a_test_of_one_device_says_so_and_does_not_hide_what_was_wrong_elsewhere(central: RunningCentral) -> None:
    sign_in(central)
    central.post("reports", report())
    central.post("self-tests", record(5, "T-1", ("receipt_printer", "cutter", "printer.paper_out")))
    assert "Covers all devices" in section(central)
    central.post("self-tests", record(9))  # of the card reader alone
    shown = section(central)
    assert "Covers Card reader" in shown
    assert "1 passed, 0 warned, 0 failed" in shown
    newest, earlier = shown.split("Other devices, latest results")
    assert "Out of receipt paper" not in newest
    assert "receipt_printer · cutter · 09:05:00" in earlier
    assert "Out of receipt paper: refill" in earlier
    assert "Card reader" not in earlier, "it is in the newest test"
    assert "检查范围 读卡器" in section(central, "zh")
    assert "receipt_printer · 切纸 · 09:05:00" in section(central, "zh")


def test_of_each_other_device_only_the_latest_counts_and_none_that_is_gone(central_on_sqlite: RunningCentral) -> None:
    central = central_on_sqlite
    sign_in(central)
    central.post("reports", report())
    line = {"device_class": "touch_panel", "check": "crosses", "outcome": "fail"}
    lines = [line | {"device": "touch_panel", "driver": ""}, line | {"device": "old_panel", "driver": "touch_panel"}]
    central.post("self-tests", record(1, lines=lines, guided=True))
    central.post("self-tests", record(2, "T-1", ("receipt_printer", "paper", "printer.paper_out")))
    well = {"device": "receipt_printer", "device_class": "receipt_printer", "driver": "escpos", "check": "paper"}
    central.post("self-tests", record(3, lines=[well | {"outcome": "pass"}]))
    central.post("self-tests", record(4))
    newest, earlier = section(central).split("Other devices, latest results")
    assert "receipt_printer · 09:03:00" in earlier
    assert "Out of receipt paper" not in earlier, "it was mended since"
    assert "Touch panel touch_panel · crosses · 09:01:00" in earlier, (
        "a check that needs no device of the configuration"
    )
    assert "old_panel" not in earlier, "the terminal has no such device any more"
    assert "1 passed" in newest


def test_several_devices_of_a_class_are_told_by_name(central_on_sqlite: RunningCentral) -> None:
    sign_in(central_on_sqlite)
    line = {"device_class": "card_reader", "driver": "pcsc", "check": "service", "outcome": "pass"}
    toaster = line | {"device": "toaster_1", "device_class": "toaster"}
    lines = [line | {"device": "card_reader"}, line | {"device": "reader_2"}, toaster]
    central_on_sqlite.post("self-tests", record(lines=lines))
    assert "Covers Card reader, Card reader reader_2, toaster_1 Taken" in section(central_on_sqlite)


def troubled() -> dict[str, Any]:
    """A report of a terminal with a fault of each kind, and a device that a self-test has."""

    def device(name: str, state: str, driver: str, *faults: tuple[str, str, str], **supplies: str) -> dict[str, Any]:
        told = [{"code": code, "severity": severity, "action": action} for code, severity, action in faults]
        levels = [{"name": supply, "level": level} for supply, level in supplies.items()]
        return {
            "name": name,
            "device_class": name,
            "driver": driver,
            "state": state,
            "faults": told,
            "supplies": levels,
        }

    return report(
        devices=[
            device("card_reader", "online", "pcsc"),
            device("receipt_printer", "fault", "escpos", ("printer.paper_out", "error", "operator"), paper="out"),
            device("document_printer", "degraded", "ipp", toner="low", paper="ok"),
            device("io_board", "degraded", "modbus_io", ("io_board.door_open", "warning", "operator")),
            device("power_supply", "degraded", "nut", ("power.on_battery", "warning", "operator"), battery="low"),
            device("touch_panel", "offline", "touch_panel", ("device.lent", "info", "wait")),
            device("document_camera", "fault", "document_camera", ("camera.frozen", "error", "reset")),
        ],
        services=[{"service": "medical_insurance_enrolment", "available": False, "reason": "printer.paper_out"}],
    )


def test_the_page_fits_a_desk_and_a_telephone(live_central: RunningCentral, tmp_path: Path) -> None:
    """With faults, a whole self-test and a later one of a single device. CONSOLE_PICTURES keeps the pictures."""
    live_central.post("reports", troubled())
    failed = (("receipt_printer", "paper", "printer.paper_out"), ("receipt_printer", "cutter", "printer.cutter"))
    live_central.post("self-tests", record(5, "T-1", *failed))
    live_central.post("self-tests", record(9))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        for width in (1280, 390):
            page = browser.new_page(viewport={"width": width, "height": 900})
            page.set_default_timeout(20_000)
            page.goto(f"{live_central.url}/console")
            page.fill("input[name=name]", "anna")
            page.fill("input[name=password]", PASSWORD)
            page.click("button[type=submit]")
            page.goto(f"{live_central.url}/console/terminals/T-1")
            section = page.locator("#self-test")
            section.wait_for()
            assert "printer.cutter" in section.inner_text()
            assert "检查范围" in section.inner_text()
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), width
            folder = Path(os.environ.get("CONSOLE_PICTURES", tmp_path))
            page.screenshot(path=folder / f"console-self-test-{width}.png", full_page=True)
            page.context.clear_cookies()
        browser.close()
