"""The dock's page in headless Chromium: a click on the live screen is a touch, cards are put, receipts appear."""

import pytest
from playwright.sync_api import expect, sync_playwright
from Xlib import X

from drivers.base import Deadline
from kiosk.training.citizen import CITIZENS
from kiosk.training.display import ExistingDisplay
from kiosk.training.dock import DockServer, create_dock

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser, dock_url, empty_hall):
    """The dock's page; every complaint of the browser (policy, script, missing file) fails the test."""
    page = browser.new_page(viewport={"width": 1366, "height": 768}, locale="zh-CN")
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    page.goto(dock_url)
    expect(page.locator("#link")).to_have_class("link live")
    page.complaints = complaints
    yield page
    page.close()
    assert complaints == []


def wait_for_pixel(page, x, y, colour):
    """Wait until the live picture shows a colour (JPEG, so nearly) at a place in screen pixels."""
    page.wait_for_function(
        """([x, y, colour]) => {
            const data = document.getElementById("picture").getContext("2d").getImageData(x, y, 1, 1).data;
            return colour.every((part, index) => Math.abs(part - data[index]) < 12);
        }""",
        arg=[x, y, colour],
        timeout=10_000,
    )


def at(page, x, y):
    """Return where a pixel of the terminal's screen (540 x 960) lies on the page."""
    box = page.locator("#picture").bounding_box()
    return box["x"] + (x + 0.5) * box["width"] / 540, box["y"] + (y + 0.5) * box["height"] / 960


def near(event, x, y):
    """Whether an event is at a place, as exactly as the page's smaller picture allows."""
    return abs(event.event_x - x) <= 2 and abs(event.event_y - y) <= 2


def test_the_live_screen_shows_what_is_painted(page, window):
    window.paint(0x2060C0)
    wait_for_pixel(page, 270, 480, [0x20, 0x60, 0xC0])
    window.paint(0xE0A010)
    wait_for_pixel(page, 270, 480, [0xE0, 0xA0, 0x10])


def test_the_screen_keeps_its_aspect(page):
    box = page.locator("#picture").bounding_box()
    assert box["height"] / box["width"] == pytest.approx(960 / 540, rel=0.01)
    assert box["height"] > 600


def test_a_click_arrives_as_a_touch(page, window):
    page.mouse.click(*at(page, 200, 700))
    assert near(window.wait(X.ButtonPress), 200, 700)
    assert near(window.wait(X.ButtonRelease), 200, 700)


def test_a_drag_arrives_as_a_stroke(page, window):
    page.mouse.move(*at(page, 100, 100))
    page.mouse.down()
    page.mouse.move(*at(page, 300, 500), steps=20)
    page.mouse.up()
    assert near(window.wait(X.ButtonPress), 100, 100)
    strokes = []
    while (event := window.wait(X.MotionNotify, X.ButtonRelease)).type == X.MotionNotify:
        strokes.append(event)
    assert len(strokes) >= 15
    assert near(strokes[-1], 300, 500)
    assert near(event, 300, 500)


def test_a_card_is_put_and_taken(page, empty_hall):
    row = page.locator("[data-citizen='li-ceshi']")
    expect(row).to_contain_text("李测试")
    row.click()
    expect(row).to_have_class("on")
    assert empty_hall.state()["cards"] == {"pcsc": "", "sdt": "resident"}
    page.click("#take-card")
    expect(row).not_to_have_class("on")
    assert empty_hall.state()["cards"] == {"pcsc": "", "sdt": ""}


def test_a_card_goes_on_the_reader_that_was_chosen(page, empty_hall):
    page.locator("#reader label", has_text="PC/SC").click()
    page.click("[data-citizen='li-ceshi']")
    expect(page.locator("[data-citizen='li-ceshi']")).to_have_class("on")
    assert empty_hall.state()["cards"] == {"pcsc": "resident", "sdt": ""}


def test_codes_papers_and_uploads(page, empty_hall, tmp_path):
    page.fill("#code-text", "hello")
    page.press("#code-text", "Enter")
    expect(page.locator("#code-state")).to_contain_text("已出示")
    page.locator("#paper button", has_text="模糊").click()
    expect(page.locator("#paper-state")).to_contain_text("模糊")
    (tmp_path / "rubbish.png").write_bytes(b"rubbish")
    page.set_input_files("[data-upload='paper/picture']", tmp_path / "rubbish.png")
    expect(page.locator("#message")).to_contain_text("这不是可以识别的 PNG 或 JPEG 图片")
    expect(page.locator("#paper-state")).to_contain_text("模糊")
    assert "422" in page.complaints.pop()
    empty_hall.put_paper(None, sharp=True)
    shot = tmp_path / "paper.png"
    page.screenshot(path=shot)
    page.set_input_files("[data-upload='paper/picture']", shot)
    expect(page.locator("#paper-state")).to_contain_text("图片")


def test_printer_and_network_show_their_state(page, hall):
    hall.connect_network("127.0.0.1", 1)
    for action, back in (
        ("paper_out", "paper_ok"),
        ("cover_open", "cover_closed"),
        ("jam", "clear_jam"),
        ("head_hot", "head_cool"),
        ("cutter_stuck", "cutter_free"),
        ("ticket_left", "ticket_taken"),
        ("unplug", "plug"),
    ):
        page.click(f"[data-action={action}]")
        expect(page.locator(f"[data-action={action}]")).to_have_class("on bad")
        page.click(f"[data-action={back}]")
        expect(page.locator(f"[data-action={back}]")).to_have_class("on")
    page.click("[data-network=false]")
    expect(page.locator("[data-network=false]")).to_have_class("on bad")
    page.click("[data-network=true]")
    expect(page.locator("[data-network=true]")).to_have_class("on")


def test_receipts_appear_newest_first(page, hall, print_receipt):
    before = len(hall.papers())
    for text in ("CODE-1", "CODE-2"):
        print_receipt(text)
    pictures = page.locator("#papers img")
    expect(pictures).to_have_count(before + 2)
    assert pictures.first.get_attribute("src").endswith(f"/{before + 2}.png")
    page.wait_for_function("document.querySelector('#papers img').naturalWidth === 576")
    page.click("text=最近回执的码")
    expect(page.locator("#code-state")).to_contain_text("已出示")


def test_a_real_screen_is_named_instead_of_shown(browser, hall, display, token):
    existing = ExistingDisplay(display.name)
    server = DockServer(create_dock(hall, existing, CITIZENS, token))
    page = browser.new_page()
    page.goto(server.start(Deadline.after(10)))
    expect(page.locator("#own-screen")).to_be_visible()
    expect(page.locator("#picture")).to_be_hidden()
    page.close()
    server.stop()
    existing.stop()


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize(("width", "height"), [(1366, 768), (1920, 1080)])
def test_nothing_is_cut_off_at_usual_sizes(browser, dock_url, width, height, wide):
    page = browser.new_page(viewport={"width": width, "height": height})
    page.goto(dock_url)
    expect(page.locator("#link")).to_have_class("link live")
    expect(page.locator("#people button")).not_to_have_count(0)
    page.wait_for_function("document.getElementById('screen').dataset.started")
    page.evaluate(
        """(wide) => {
            document.querySelector("main").classList.toggle("wide", wide);
            if (wide) document.getElementById("picture").style = "--aspect: 1.7778; aspect-ratio: 1.7778";
        }""",
        wide,
    )
    overflow = page.evaluate(
        """() => {
            const root = document.documentElement;
            const sticksOut = (item) => item.scrollWidth > item.clientWidth + 1 ||
                item.getBoundingClientRect().right > item.closest(".card").getBoundingClientRect().right;
            const items = [...document.querySelectorAll(".card :is(button, .button, .choice > *, h2, small)")];
            return [root.scrollWidth > root.clientWidth, root.scrollHeight > root.clientHeight,
                items.filter((item) => item.clientWidth && sticksOut(item)).map((item) => item.textContent.trim())];
        }"""
    )
    page.close()
    assert overflow == [False, False, []]
