"""The console: signing in, forms that only our own pages can send, cases that move, and terminals that change live."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import get_args

import httpx
import pytest
from central_world import PASSWORD, TOKEN, HandClock, RunningCentral, Starter, report, submission

from central.console.attempts import MOST_FOR_NAME, WINDOW_SECONDS, Attempts
from central.console.board import card_of
from central.console.words import LANGUAGES, load_words
from central.fleet.presence import Sighting
from drivers.base import DeviceState
from drivers.registry import drivers
from kiosk.config import ROOT
from kiosk.contract.reports import TerminalReport
from kiosk.faults import Action


def form_token(page: httpx.Response) -> str:
    return re.findall(r'name="form_token" value="([^"]+)"', page.text)[0]


def sign_in(central: RunningCentral, password: str = PASSWORD, name: str = "anna") -> httpx.Response:
    token = form_token(central.client.get(f"{central.url}/console/sign-in"))
    form = {"form_token": token, "name": name, "password": password}
    return central.client.post(f"{central.url}/console/sign-in", data=form)


def page(central: RunningCentral, path: str = "/console") -> httpx.Response:
    return central.client.get(f"{central.url}{path}")


def test_strangers_are_led_to_the_sign_in(central_on_sqlite: RunningCentral) -> None:
    for path in ("/console", "/console/cases", "/console/terminals/T-1"):
        answer = page(central_on_sqlite, path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/console/sign-in")
    assert page(central_on_sqlite, "/console/events").status_code == 401
    moved = central_on_sqlite.client.post("/console/cases/x/advance")
    assert (moved.status_code, moved.headers["location"]) == (303, "/console/sign-in")


def test_signing_in_and_out(central: RunningCentral) -> None:
    answer = sign_in(central)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console")
    cookie = next(value for value in answer.headers.get_list("set-cookie") if value.startswith("session="))
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    shown = page(central)
    assert shown.status_code == 200
    kept = central.client.cookies["session"]
    left = central.client.post("/console/sign-out", data={"form_token": form_token(shown)})
    assert left.headers["location"] == "/console/sign-in"
    central.client.cookies.set("session", kept)  # even one who kept the cookie is out
    assert page(central).status_code == 303


def test_a_session_ends_by_itself(central_on_sqlite: RunningCentral) -> None:
    sign_in(central_on_sqlite)
    central_on_sqlite.clock.advance(12 * 3600 - 1)
    assert page(central_on_sqlite).status_code == 200
    central_on_sqlite.clock.advance(2)
    assert page(central_on_sqlite).status_code == 303


@pytest.mark.parametrize(("name", "password"), [("anna", "wrong"), ("nobody", PASSWORD), ("\0", PASSWORD), ("", "")])
def test_wrong_sign_ins_are_refused_alike(central: RunningCentral, name: str, password: str) -> None:
    answer = sign_in(central, password, name)
    assert answer.status_code == 403
    assert "用户名或密码不正确" in answer.text
    assert page(central).status_code == 303


def test_guessing_is_slowed_down(central_on_sqlite: RunningCentral) -> None:
    for _ in range(MOST_FOR_NAME):
        assert sign_in(central_on_sqlite, "wrong").status_code == 403
    assert sign_in(central_on_sqlite).status_code == 429  # also with the right password
    central_on_sqlite.clock.advance(WINDOW_SECONDS + 1)
    assert sign_in(central_on_sqlite).status_code == 303


def test_guessing_many_names_is_slowed_down_too() -> None:
    clock = HandClock()
    attempts = Attempts(clock.monotonic)
    waits = [attempts.begin("here", f"name {number}") for number in range(21)]
    assert waits[:20] == [0.0] * 20
    assert waits[20] == WINDOW_SECONDS
    assert attempts.begin("elsewhere", "name 1") == 0.0


def test_forms_need_their_token_and_their_own_site(central_on_sqlite: RunningCentral) -> None:
    central = central_on_sqlite
    sign_in(central)
    number = central.submit().json()["project_no"]
    shown = page(central, f"/console/cases/{number}")
    seen = re.findall(r'name="seen" value="([^"]+)"', shown.text)[0]
    address, right = f"/console/cases/{number}/advance", form_token(shown)
    for form, sent in (
        ({"seen": seen}, {}),
        ({"seen": seen, "form_token": "wrong"}, {}),
        ({"seen": seen, "form_token": right}, {"Sec-Fetch-Site": "cross-site"}),
    ):
        assert central.client.post(address, data=form, headers=sent).status_code == 403
    assert central.client.post(address, data={"seen": seen, "form_token": right}).status_code == 303
    stale = central.client.post("/console/sign-in", data={"name": "anna", "password": PASSWORD, "form_token": "x"})
    assert stale.status_code == 403
    assert "页面已过期" in stale.text


def test_pages_let_in_no_foreign_content(central_on_sqlite: RunningCentral) -> None:
    sign_in(central_on_sqlite)
    for path in ("/console", "/console/cases", "/console/sign-in", "/console/terminals/T-1"):
        answer = page(central_on_sqlite, path)
        assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
        assert re.findall(r'(?:src|href|action)="(?!/console)([^"]*)"', answer.text) == []
        assert " style=" not in answer.text
        assert not re.findall(r"<script(?! src=)| on[a-z]+=", answer.text)


def test_over_https_cookies_are_bound_to_the_host(start: Starter, sqlite_url: str) -> None:
    central = start(sqlite_url)
    central.client.base_url = "https://testserver"
    answer = sign_in(central)
    cookie = next(value for value in answer.headers.get_list("set-cookie") if "session=" in value)
    assert cookie.startswith("__Host-session=")
    assert "Secure" in cookie
    assert "Path=/;" in cookie
    assert page(central).headers["strict-transport-security"]


def test_an_operator_moves_a_case_to_its_end(central: RunningCentral) -> None:
    sign_in(central)
    accepted = central.submit().json()
    address = f"/console/cases/{accepted['project_no']}"
    states: list[str] = []
    for _ in range(4):
        shown = page(central, address)
        seen = re.findall(r'name="seen" value="([^"]+)"', shown.text)[0]
        form = {"form_token": form_token(shown), "seen": seen}
        assert central.client.post(f"{address}/advance", data=form).status_code == 303
        twice = central.client.post(f"{address}/advance", data=form)  # a double click moves it once
        assert twice.status_code == 409
        assert "刚刚已被其他人处理" in twice.text
        (case,) = central.query(by="code", query_code=accepted["query_code"])
        states.append(case["state"])
    assert states == ["in_review", "in_review", "approved", "completed"]
    assert case["clocks"]["stage"] == "ended"
    ended = page(central, address)
    assert 'name="seen"' not in ended.text
    assert "anna 开始审核" in ended.text
    assert "anna 办结通过" in ended.text


def test_a_return_needs_a_reason_and_keeps_it_sealed(central: RunningCentral) -> None:
    sign_in(central)
    accepted = central.submit().json()
    address = f"/console/cases/{accepted['project_no']}"
    shown = page(central, address)
    form = {"form_token": form_token(shown), "seen": re.findall(r'name="seen" value="([^"]+)"', shown.text)[0]}
    missing = central.client.post(f"{address}/return", data=form | {"reason": "  "})
    assert missing.status_code == 422
    assert "退回必须写明原因" in missing.text
    assert central.client.post(f"{address}/return", data=form | {"reason": "照片不清楚"}).status_code == 303
    assert "照片不清楚" in page(central, address).text
    (case,) = central.query(by="code", query_code=accepted["query_code"])
    assert case["state"] == "returned"
    assert [step["state"] for step in case["steps"]] == ["done", "returned", "waiting", "waiting"]


def test_cases_are_listed_masked_and_moved_from_the_list(central_on_sqlite: RunningCentral) -> None:
    central = central_on_sqlite
    sign_in(central)
    central.submit(submission(training=True))
    shown = page(central, "/console/cases")
    assert "张**" in shown.text
    assert "张伟样" not in shown.text
    assert "培训" in shown.text
    assert page(central, "/console/cases/nothing").status_code == 404
    assert page(central, "/console/terminals/nothing").status_code == 404


def test_the_language_is_switched_and_leads_nowhere_else(central_on_sqlite: RunningCentral) -> None:
    central = central_on_sqlite
    sign_in(central)
    assert "尚未上线" in page(central).text
    switched = page(central, "/console/language/en?next=/console/cases")
    assert switched.headers["location"] == "/console/cases"
    assert "Never seen" in page(central).text
    assert page(central, "/console/language/en?next=https://example.org/").headers["location"] == "/console"


def test_both_languages_say_the_same_things() -> None:
    words = load_words(None, None, {})
    keys = [set(words[language].texts) for language in LANGUAGES]
    assert keys[0] == keys[1]
    for key in keys[0]:
        holes = [sorted(re.findall(r"{(\w+)}", words[language].texts[key])) for language in LANGUAGES]
        assert holes[0] == holes[1], key


def test_faults_are_shown_in_operators_words_and_escaped(central_on_sqlite: RunningCentral) -> None:
    central = central_on_sqlite
    sign_in(central)
    printer = {
        "name": "receipt_printer",
        "device_class": "receipt_printer",
        "driver": "<script>alert(1)</script>",
        "state": "degraded",
        "faults": [
            {"code": "printer.paper_out", "severity": "error", "action": "operator"},
            {"code": "printer.never_heard_of", "severity": "warning", "action": "never_heard_of"},
        ],
        "supplies": [{"name": "paper", "level": "out"}, {"name": "ink", "level": "unknown"}],
    }
    service = {"service": "medical_insurance_enrolment", "available": False, "reason": "printer.paper_out"}
    central.post("reports", report(devices=[printer], services=[service], training=True, outbox_pending=3))
    listed, shown = page(central).text, page(central, "/console/terminals/T-1").text
    for text in ("需要处理", "回执打印机：回执纸已用完，请加纸", "0 / 1", "培训"):
        assert text in listed, text
    for text in ("printer.never_heard_of（never_heard_of）", "ink余量未知", "暂停办理", "可用，有提示"):
        assert text in shown, text
    assert "回执纸已用完，请加纸（值守人员处理）" in shown
    assert "；纸已用完" not in shown, "the fault has said it"
    assert "<script>alert" not in shown
    assert "城乡居民医保参保登记" in shown


def test_a_fault_that_names_its_device_is_not_named_twice() -> None:
    code, now = "printer.paper_out", HandClock().now()
    fault = {"code": code, "severity": "error", "action": "operator"}
    printer = {"name": "receipt_printer", "device_class": "receipt_printer", "driver": "escpos", "state": "fault"}
    sighting = Sighting(
        "T-1", TerminalReport.model_validate(report(devices=[printer | {"faults": [fault]}])), now, False
    )
    words = load_words(None, None, {})["zh"]
    for said, why in (("回执打印机缺纸", "回执打印机缺纸"), ("缺纸", "回执打印机：缺纸")):
        card = card_of(sighting, replace(words, faults={code: said}), now)
        assert card.reasons == (f"{why}（值守人员处理）",)


def test_a_device_that_a_self_test_has_is_no_trouble(central_on_sqlite: RunningCentral) -> None:
    central = central_on_sqlite
    sign_in(central)
    lent = {"code": "device.lent", "severity": "info", "action": "wait"}
    devices = [device | {"state": "offline", "faults": [lent]} for device in report()["devices"]]
    service = {"service": "medical_insurance_enrolment", "available": False, "reason": "device.lent"}
    central.post("reports", report(devices=devices, services=[service]))
    shown = page(central, "/console/terminals/T-1").text
    assert 'id="terminal" class="is-well"' in shown
    assert "自检中" in shown
    assert "暂停办理" in shown
    assert "离线" not in shown
    assert "tone-bad" not in shown
    assert "正在自检" in page(central).text
    assert "全部正常" not in page(central).text


def test_every_class_and_supply_of_the_drivers_has_words() -> None:
    """What a terminal reports of its drivers, and what the catalogue asks for, is never shown as an identifier."""
    supplies = {
        node.args[0].value
        for path in (ROOT / "drivers").rglob("*.py")
        if "sim" not in path.parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") in ("Supply", "_supply")
        and isinstance(node.args[0], ast.Constant)
    }
    assert {"paper", "toner", "battery"} <= supplies
    classes = {driver.device_class for driver in drivers().values()}
    assert len(classes) > 10
    needed = {f"device_class.{name}" for name in classes} | {f"supply.{name}" for name in supplies}
    needed |= {f"action.{name}" for name in get_args(Action)} | {f"device_state.{state}" for state in DeviceState}
    for words in load_words(None, None, {}).values():
        assert needed - words.texts.keys() == set()
        left = {key for key in words.texts if key.startswith(("device_class.", "action."))} - needed
        assert left == set()


def test_a_wrong_clock_is_noticed(central_on_sqlite: RunningCentral) -> None:
    sign_in(central_on_sqlite)
    central_on_sqlite.post("reports", report(clock="2026-03-02T10:05:00+08:00"))
    assert "终端时钟相差 300 秒" in page(central_on_sqlite).text


def parts(lines: Iterator[str]) -> dict[str, str]:
    """The next event's parts."""
    for line in lines:
        if line.startswith("data: "):
            return json.loads(line.removeprefix("data: "))
        assert not line.startswith(":"), "nothing happened for 15 seconds"
    raise AssertionError("the stream ended")


def test_changes_arrive_by_themselves_and_silence_within_45_seconds(live_central: RunningCentral) -> None:
    central = live_central
    sign_in(central)
    with central.client.stream("GET", f"{central.url}/console/events") as stream:
        lines = stream.iter_lines()
        first = parts(lines)
        assert set(first) == {"terminal-T-1", "terminal-T-2", "counts"}
        assert "尚未上线" in first["terminal-T-1"]
        central.post("reports", report())
        reported = parts(lines)
        assert set(reported) == {"terminal-T-1", "counts"}
        assert 'class="terminal is-well"' in reported["terminal-T-1"]
        central.clock.advance(39)
        other = report(terminal="T-2", clock="2026-03-02T10:00:39+08:00")
        central.post("reports", other, terminal="T-2", token=TOKEN + "2")
        assert "is-well" in parts(lines)["terminal-T-2"]  # and nothing of T-1: it is not gone yet
        central.clock.advance(6)  # 45 s after its last report
        gone = parts(lines)
        assert set(gone) == {"terminal-T-1", "counts"}
        assert "失去联系" in gone["terminal-T-1"]
    with central.client.stream("GET", f"{central.url}/console/events?terminal=T-1") as stream:
        lines = stream.iter_lines()
        assert "失去联系" in parts(lines)["terminal"]
        central.post("reports", report(sequence=2))
        assert "失去联系" not in parts(lines)["terminal"]
