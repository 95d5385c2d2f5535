"""The console in a real browser: it changes live, keeps to its own content policy, and fits a desk and a telephone."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest
from central_world import PASSWORD, TOKEN, RunningCentral, report, submission
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=OPTIONS)
        yield browser
        browser.close()


def opened(browser: Browser, central: RunningCentral, width: int, height: int, complaints: list[str]) -> Page:
    page = browser.new_page(viewport={"width": width, "height": height})
    page.set_default_timeout(20_000)

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{central.url}/console")
    return page


def picture(page: Page, name: str, folder: Path) -> None:
    """Take a picture of the page, and see that nothing is wider than the screen. CONSOLE_PICTURES keeps the pictures."""
    page.screenshot(path=Path(os.environ.get("CONSOLE_PICTURES", folder)) / f"console-{name}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name


def printer(**changes: object) -> dict[str, object]:
    return {
        "name": "receipt_printer",
        "device_class": "receipt_printer",
        "driver": "escpos",
        "state": "online",
    } | changes


def test_an_operator_sees_terminals_change_and_moves_a_case(
    browser: Browser, live_central: RunningCentral, tmp_path: Path
) -> None:
    central, complaints = live_central, list[str]()
    page = opened(browser, central, 1366, 768, complaints)
    picture(page, "sign-in", tmp_path)
    page.get_by_label("用户名").fill("anna")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.locator("#live")).to_have_text("实时更新")

    terminal = page.locator("#terminal-T-1")
    expect(terminal).to_contain_text("尚未上线")
    central.post("reports", report())
    expect(terminal).to_contain_text("正常")
    paper = {"code": "printer.paper_out", "severity": "error", "action": "operator"}
    faulty = [printer(state="fault", faults=[paper], supplies=[{"name": "paper", "level": "out"}])]
    service = {"service": "medical_insurance_enrolment", "available": False, "reason": "printer.paper_out"}
    troubled = report("T-2", devices=[*report()["devices"][:1], *faulty], services=[service], training=True)
    central.post("reports", troubled | {"outbox_pending": 2}, terminal="T-2", token=TOKEN + "2")
    expect(page.locator("#terminal-T-2")).to_contain_text("回执纸已用完，请加纸")
    picture(page, "terminals", tmp_path)

    central.clock.advance(45)
    expect(terminal).to_contain_text("失去联系")
    central.post(
        "reports", troubled | {"sequence": 2, "clock": "2026-03-02T10:00:45+08:00"}, terminal="T-2", token=TOKEN + "2"
    )
    expect(page.locator("#counts")).to_contain_text("1需要处理")
    picture(page, "gone", tmp_path)
    page.locator("#terminal-T-2 a").click()
    expect(page.locator("#terminal")).to_contain_text("暂停办理")
    expect(page.locator("#live")).to_have_text("实时更新")
    picture(page, "terminal", tmp_path)

    for number in range(3):
        central.submit(submission(local_no=f"L-000{number}", training=number == 0))
    page.get_by_role("link", name="办件").click()
    case = page.locator(".case").first
    case.get_by_role("button", name="开始审核").click()
    case.get_by_role("button", name="审核通过").click()
    expect(case.get_by_role("button", name="批准通过")).to_be_visible()
    picture(page, "cases", tmp_path)
    case.get_by_role("link").click()
    expect(page.get_by_text("anna 审核通过")).to_be_visible()
    page.get_by_label("退回原因").fill("居住证明照片不清楚，请重新拍摄")
    picture(page, "case", tmp_path)
    page.get_by_role("button", name="退回").click()
    expect(page.get_by_text("居住证明照片不清楚")).to_be_visible()
    page.get_by_role("link", name="English").click()
    expect(page.get_by_text("anna returned the case at: Approved")).to_be_visible()
    picture(page, "case-english", tmp_path)

    page.set_viewport_size({"width": 390, "height": 844})
    picture(page, "case-phone", tmp_path)
    for name, path in (("cases", "/cases"), ("terminal", "/terminals/T-2"), ("terminals", "")):
        page.goto(f"{central.url}/console{path}")
        if name != "cases":
            expect(page.locator("#live")).to_have_text("Live")
        picture(page, f"{name}-phone", tmp_path)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    picture(page, "sign-in-phone", tmp_path)
    assert complaints == []
