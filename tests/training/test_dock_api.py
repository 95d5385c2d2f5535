"""The dock's HTTP interface over a real hall and a real virtual screen, and who may not use it."""

import io
import json
import threading

import httpx
import pytest
from PIL import Image
from Xlib import X

from drivers import registry
from drivers.base import Deadline
from drivers.registry import Resources
from kiosk.config import ASSETS
from kiosk.training.citizen import CITIZENS
from kiosk.training.display import ExistingDisplay
from kiosk.training.dock import DockServer, create_dock
from kiosk.training.dock_upload import UPLOAD_LIMIT


@pytest.fixture
def dock(dock_url, token, empty_hall):
    with httpx.Client(base_url=dock_url, headers={"X-Dock-Token": token}, timeout=15, trust_env=False) as client:
        yield client


def picture(size=(400, 300), form="PNG", mode="RGB"):
    target = io.BytesIO()
    Image.new(mode, size).save(target, form)
    return target.getvalue()


def state(dock):
    return dock.get("/api/state").json()


def refusal(answer):
    return answer.status_code, answer.json()["code"]


# ---- who may use it


def test_a_foreign_host_name_is_refused(dock):
    for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example"):
        assert dock.get("/api/state", headers={"Host": host}).status_code == 400
        assert dock.post("/api/card/take", headers={"Host": host}).status_code == 400
    for host in ("localhost:1234", "127.0.0.1", "localhost"):
        assert dock.get("/api/state", headers={"Host": host}).status_code == 200


def test_a_post_without_the_token_does_nothing(dock):
    for headers in ({"X-Dock-Token": ""}, {"X-Dock-Token": "wrong"}, {"X-Dock-Token": "wö".encode()}):
        answer = dock.post("/api/card", json={"citizen": "li-ceshi"}, headers=headers)
        assert refusal(answer) == (403, "dock.token")
    assert state(dock)["hall"]["cards"] == {"pcsc": "", "sdt": ""}


def test_the_page_carries_the_token_and_may_not_be_framed_or_load_from_elsewhere(dock, token):
    page = dock.get("/", headers={"X-Dock-Token": ""})
    assert f'content="{token}"' in page.text
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert "http://" not in page.text
    assert "https://" not in page.text


def test_only_this_machine_can_connect(dock_url):
    assert dock_url.startswith("http://127.0.0.1:")


# ---- cards


def test_citizens_are_listed_with_kind_and_reader(dock):
    rows = {row["citizen"]: row for row in dock.get("/api/citizens").json()}
    assert rows["zhang-weiyang"]["name"] == "张伟样"
    assert rows["zhang-weiyang"]["reader"] == "pcsc"
    assert rows["li-ceshi"] == {
        "citizen": "li-ceshi",
        "name": "李测试",
        "kind": "resident",
        "reader": "sdt",
        "expires": "",
    }


def test_a_broken_citizen_file_is_told_in_the_list(hall, tmp_path):
    (tmp_path / "broken.toml").write_text("[card]\n")
    server = DockServer(create_dock(hall, None, tmp_path, "t"))
    url = server.start(Deadline.after(10))
    rows = httpx.get(f"{url}/api/citizens", trust_env=False).json()
    answer = httpx.post(f"{url}/api/card", json={"citizen": "broken"}, headers={"X-Dock-Token": "t"}, trust_env=False)
    server.stop()
    assert "card.number: is missing" in rows[0]["error"]
    assert refusal(answer) == (422, "citizen.invalid")


def test_a_card_is_put_on_its_own_reader_or_another_and_taken_away(dock):
    assert dock.post("/api/card", json={"citizen": "li-ceshi"}).status_code == 204
    assert state(dock)["hall"]["cards"] == {"pcsc": "", "sdt": "resident"}
    assert state(dock)["citizens"] == {"sdt": "li-ceshi"}
    assert dock.post("/api/card", json={"citizen": "lin-xugou", "reader": "pcsc"}).status_code == 204
    assert state(dock)["hall"]["cards"] == {"pcsc": "hmt_permit", "sdt": "resident"}
    assert dock.post("/api/card/plain").status_code == 204
    assert state(dock)["hall"]["cards"]["pcsc"] == "plain"
    assert state(dock)["citizens"] == {"sdt": "li-ceshi"}
    assert dock.post("/api/card/take").status_code == 204
    assert state(dock)["hall"]["cards"] == {"pcsc": "", "sdt": ""}
    assert state(dock)["citizens"] == {}


def test_a_citizen_file_of_ones_own_is_put(dock):
    text = (CITIZENS / "lin-xugou.toml").read_text(encoding="utf-8")
    assert dock.post("/api/card", json={"citizen": "/home/me/mine.toml", "toml": text}).status_code == 204
    assert state(dock)["citizens"] == {"sdt": "mine"}
    answer = dock.post(
        "/api/card", json={"citizen": "mine.toml", "toml": text.replace("820", "x").replace("830", "810")}
    )
    assert refusal(answer) == (422, "citizen.invalid")
    assert "mine.toml: card.number" in answer.json()["detail"]


@pytest.mark.parametrize("name", ["nobody", "", "../citizens/li-ceshi", "/etc/passwd", "li-ceshi.toml"])
def test_unknown_citizens_and_paths_are_refused(dock, name):
    assert refusal(dock.post("/api/card", json={"citizen": name})) == (404, "citizen.unknown")


# ---- code, paper, printer, network


def test_codes_are_held_and_taken(dock, hall):
    assert dock.post("/api/code", json={"text": "hello"}).status_code == 204
    assert state(dock)["hall"]["code"] == "text"
    assert dock.post("/api/code/picture", content=picture(form="JPEG")).status_code == 204
    assert state(dock)["hall"]["code"] == "picture"
    assert dock.post("/api/code/take").status_code == 204
    assert state(dock)["hall"]["code"] == ""
    assert refusal(dock.post("/api/code", json={"text": "x" * 4000})) == (422, "code.impossible")
    assert refusal(dock.post("/api/code", json={"text": ""})) == (422, "order.invalid")
    assert refusal(dock.post("/api/code", json={"texd": "a"})) == (422, "order.invalid")


def test_papers_are_put_and_taken(dock):
    for order, seen in (({"sharp": True}, "sharp"), ({"sharp": False}, "blurred"), ({}, "sharp")):
        assert dock.post("/api/paper", json=order).status_code == 204
        assert state(dock)["hall"]["paper"] == seen
    assert dock.post("/api/paper/picture", content=picture()).status_code == 204
    assert state(dock)["hall"]["paper"] == "picture"
    assert dock.post("/api/paper/take").status_code == 204
    assert state(dock)["hall"]["paper"] == ""


@pytest.mark.parametrize("content", [b"", b"rubbish" * 100, b"GIF89a", picture()[:200], picture(form="BMP")])
def test_uploads_that_are_no_pictures_are_refused_in_words(dock, content):
    for place in ("code", "paper"):
        answer = dock.post(f"/api/{place}/picture", content=content)
        assert refusal(answer) == (422, "picture.unreadable")
        assert "PNG or JPEG" in answer.json()["detail"]


def test_uploads_that_are_too_large_are_refused(dock):
    answer = dock.post("/api/paper/picture", content=bytes(UPLOAD_LIMIT + 1))
    assert refusal(answer) == (413, "picture.too_large")
    bomb = picture((9000, 9000), mode="1")
    assert len(bomb) < UPLOAD_LIMIT
    assert refusal(dock.post("/api/paper/picture", content=bomb)) == (413, "picture.too_large")


def test_the_printer_is_worked(dock):
    for action, place, value in (
        ("paper_low", "paper", "low"),
        ("paper_out", "paper", "out"),
        ("paper_ok", "paper", "ok"),
        ("cover_open", "cover_open", True),
        ("cover_closed", "cover_open", False),
        ("jam", "jammed", True),
        ("clear_jam", "jammed", False),
        ("head_hot", "head_hot", True),
        ("head_cool", "head_hot", False),
        ("cutter_stuck", "cutter_stuck", True),
        ("cutter_free", "cutter_stuck", False),
        ("ticket_left", "ticket_left", True),
        ("ticket_taken", "ticket_left", False),
        ("unplug", "plugged", False),
        ("plug", "plugged", True),
    ):
        assert dock.post("/api/printer", json={"action": action}).status_code == 204
        assert state(dock)["hall"]["printer"][place] == value
    assert refusal(dock.post("/api/printer", json={"action": "explode"})) == (422, "order.invalid")


def test_the_network_is_pulled_and_plugged(dock, hall):
    hall.connect_network("127.0.0.1", 1)
    assert dock.post("/api/network", json={"up": False}).status_code == 204
    assert state(dock)["hall"]["network"] is False
    assert dock.post("/api/network", json={"up": True}).status_code == 204
    assert state(dock)["hall"]["network"] is True


def test_the_a4_printer_is_worked_and_its_documents_are_handed_out(dock, hall):
    assert dock.post("/api/document-printer", json={"action": "jam"}).status_code == 204
    assert state(dock)["hall"]["document_printer"]["jammed"] is True
    assert dock.post("/api/document-printer", json={"action": "clear_jam"}).status_code == 204
    assert refusal(dock.post("/api/document-printer", json={"action": "burn"})) == (422, "order.invalid")
    number = len(hall.documents()) + 1
    assert refusal(dock.get(f"/api/documents/{number}.pdf")) == (404, "document.unknown")
    table = hall.device_tables()["document_printer"]
    printer = registry.find(table["driver"]).make("document_printer", table["options"], Resources(ASSETS / "fonts"))
    printer.open(Deadline.after(5))
    printer.print(b"%PDF-1.4 of nobody", "doc-dock", Deadline.after(20))
    printer.close()
    answer = dock.get(f"/api/documents/{number}.pdf")
    assert (answer.headers["Content-Type"], answer.content) == ("application/pdf", b"%PDF-1.4 of nobody")


def test_receipts_come_as_pictures_and_bytes_and_their_code_can_be_held(dock, hall, print_receipt):
    if not hall.papers():
        assert refusal(dock.post("/api/code/last-receipt")) == (409, "receipt.no_code")
    print_receipt("CODE-39402")
    number = state(dock)["hall"]["receipts"]
    paper = dock.get(f"/api/receipts/{number}.png")
    assert paper.headers["Content-Type"] == "image/png"
    assert Image.open(io.BytesIO(paper.content)).width == 576
    assert b"CODE-39402" in dock.get(f"/api/receipts/{number}.bin").content
    for wrong in (0, number + 1):
        assert refusal(dock.get(f"/api/receipts/{wrong}.png")) == (404, "receipt.unknown")
    assert dock.post("/api/code/last-receipt").status_code == 204
    assert state(dock)["hall"]["code"] == "text"


# ---- screen


def test_the_screen_is_a_long_poll_that_answers_on_change(dock, window):
    window.paint(0x204060)
    first = dock.get("/api/screen.jpg", params={"width": 270})
    assert Image.open(io.BytesIO(first.content)).size == (270, 480)
    number = int(first.headers["X-Frame"])
    answers = []
    waiting = threading.Thread(
        target=lambda: answers.append(dock.get("/api/screen.jpg", params={"after": number, "width": 270}))
    )
    waiting.start()
    window.paint(0xFF0000)
    waiting.join(10)
    red, green, _ = Image.open(io.BytesIO(answers[0].content)).getpixel((100, 100))
    assert int(answers[0].headers["X-Frame"]) > number
    assert red > 240
    assert green < 15


def test_the_screenshot_is_exact(dock, window):
    window.paint(0x123456)
    shot = Image.open(io.BytesIO(dock.get("/api/screen.png").content))
    assert (shot.size, shot.getpixel((7, 7))) == ((540, 960), (0x12, 0x34, 0x56))


def test_touches_arrive_in_order_and_a_short_click_rests_a_moment(dock, window):
    points = [{"kind": "press", "x": 20, "y": 30.4}, {"kind": "release", "x": 20, "y": 30}]
    assert dock.post("/api/touch", json={"points": points}).status_code == 204
    press, release = window.wait(X.ButtonPress), window.wait(X.ButtonRelease)
    assert (press.event_x, press.event_y) == (20, 30)
    assert release.time - press.time >= 50


def test_touches_outside_land_on_the_edge(dock, window):
    points = [
        {"kind": "press", "x": 500, "y": 900},
        {"kind": "move", "x": 9999, "y": -5},
        {"kind": "release", "x": 0, "y": 0},
    ]
    assert dock.post("/api/touch", json={"points": points}).status_code == 204
    moved = window.wait(X.MotionNotify)
    assert (moved.event_x, moved.event_y) == (539, 0)
    window.wait(X.ButtonRelease)


def test_with_a_real_screen_there_is_no_live_picture(hall, display, token):
    existing = ExistingDisplay(display.name)
    server = DockServer(create_dock(hall, existing, CITIZENS, token))
    with httpx.Client(base_url=server.start(Deadline.after(10)), trust_env=False) as dock:
        assert state(dock)["screen"] == {"width": 540, "height": 960, "live": False}
        assert refusal(dock.get("/api/screen.jpg")) == (409, "screen.not_live")
        assert dock.get("/api/screen.png").status_code == 200
    server.stop()
    existing.stop()


# ---- events, start and stop


def test_events_tell_the_state_at_once_and_on_every_change(dock):
    with dock.stream("GET", "/api/events") as events:
        lines = (line.removeprefix("data: ") for line in events.iter_lines() if line)
        assert json.loads(next(lines))["hall"]["code"] == ""
        threading.Thread(target=dock.post, args=("/api/code",), kwargs={"json": {"text": "a"}}).start()
        assert json.loads(next(lines))["hall"]["code"] == "text"


def test_stopping_ends_open_pages_quickly_and_frees_the_port(hall, display, token):
    before = {thread.name for thread in threading.enumerate()}
    server = DockServer(create_dock(hall, display, CITIZENS, token))
    url = server.start(Deadline.after(10))
    with (
        httpx.Client(base_url=url, trust_env=False, timeout=10) as client,
        client.stream("GET", "/api/events") as events,
    ):
        next(events.iter_raw())
        stopping = Deadline.after(5)
        server.stop()
        assert not stopping.expired
    assert "dock" not in {thread.name for thread in threading.enumerate()} - before
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/api/state", trust_env=False)
    server.stop()


def test_the_wanted_port_is_used_and_another_one_when_it_is_taken(hall, token):
    first = DockServer(create_dock(hall, None, CITIZENS, token))
    port = int(first.start(Deadline.after(10)).rsplit(":", 1)[1])
    second = DockServer(create_dock(hall, None, CITIZENS, token), port)
    url = second.start(Deadline.after(10))
    assert url != f"http://127.0.0.1:{port}"
    assert httpx.get(f"{url}/api/state", trust_env=False).status_code == 200
    first.stop()
    second.stop()
    third = DockServer(create_dock(hall, None, CITIZENS, token), port)
    assert third.start(Deadline.after(10)) == f"http://127.0.0.1:{port}"
    third.stop()
