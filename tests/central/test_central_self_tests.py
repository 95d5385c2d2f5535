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
from central.store.self_tests import MOST_OF_A_TERMINAL, keep, latest
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
        found = latest(session, "T-1")
        assert latest(session, "T-2") is None
    assert found == SelfTestRecord.model_validate(sent)


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
        found = latest(session, "T-1")
    assert found is not None
    assert (found.taken_at.hour, found.taken_at.minute) == (1, 44)


def sign_in(central: RunningCentral) -> None:
    shown = central.client.get(f"{central.url}/console/sign-in").text
    token = re.findall(r'name="form_token" value="([^"]+)"', shown)[0]
    form = {"form_token": token, "name": "anna", "password": PASSWORD}
    assert central.client.post(f"{central.url}/console/sign-in", data=form).status_code == 303


def test_the_terminal_s_page_shows_the_newest_record_and_what_did_not_pass(central: RunningCentral) -> None:
    sign_in(central)
    words = load_words(central.platform.faults, central.platform.items)
    for language in LANGUAGES:
        central.client.get(f"/console/language/{language}")
        assert words[language].text("self_test.none") in central.client.get("/console/terminals/T-1").text
    central.post("self-tests", record(5, "T-1", ("receipt_printer", "paper", "printer.paper_out")))
    central.post("self-tests", record(1))
    page = central.client.get("/console/terminals/T-1").text
    assert "Failed" in page
    assert "1 passed, 0 warned, 1 failed" in page
    assert "Out of receipt paper: refill" in page
    central.post("self-tests", record(9))
    page = central.client.get("/console/terminals/T-1").text
    assert "1 passed, 0 warned, 0 failed" in page
    assert "Out of receipt paper" not in page


def test_the_page_fits_a_desk_and_a_telephone(live_central: RunningCentral, tmp_path: Path) -> None:
    live_central.post("reports", report())
    live_central.post(
        "self-tests",
        record(
            5, "T-1", ("receipt_printer", "paper", "printer.paper_out"), ("receipt_printer", "cutter", "printer.cutter")
        ),
    )
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
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), width
            folder = Path(os.environ.get("CONSOLE_PICTURES", tmp_path))
            page.screenshot(path=folder / f"console-self-test-{width}.png", full_page=True)
            page.context.clear_cookies()
        browser.close()
