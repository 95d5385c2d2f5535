"""``kiosk sim`` against a running dock: each verb does its deed, and everything that is wrong is told with the right exit code."""

import json
import stat

import pytest
from PIL import Image
from typer.testing import CliRunner
from Xlib import X

from kiosk.training import dock_address
from kiosk.training.citizen import CITIZENS
from kiosk.training.dock_address import DockAddress
from kiosk.training.sim_commands import app


@pytest.fixture
def training(tmp_path, dock_url, token, empty_hall):
    dock_address.publish(tmp_path / "training", DockAddress(dock_url, token))
    return tmp_path / "training"


@pytest.fixture
def sim(training):
    return lambda *words: run(training, *words)


def run(training, *words):
    return CliRunner().invoke(app, ["--training-directory", str(training), *(str(word) for word in words)])


def test_cards_are_put_and_taken(sim, hall, tmp_path):
    assert sim("card", "put", "li-ceshi").exit_code == 0
    assert hall.state()["cards"] == {"pcsc": "", "sdt": "resident"}
    own = tmp_path / "own.toml"
    own.write_text((CITIZENS / "lin-xugou.toml").read_text(encoding="utf-8"), encoding="utf-8")
    assert sim("card", "put", own, "--reader", "pcsc").exit_code == 0
    assert hall.state()["cards"]["pcsc"] == "hmt_permit"
    assert "card on pcsc: hmt_permit (own)" in sim("state").output
    assert sim("card", "plain").exit_code == 0
    assert hall.state()["cards"]["pcsc"] == "plain"
    assert sim("card", "take").exit_code == 0
    assert hall.state()["cards"] == {"pcsc": "", "sdt": ""}


def test_cabinet_and_power(sim, hall):
    for words, place, value in (
        (("cabinet", "walk_away"), "present", False),
        (("cabinet", "come_back"), "present", True),
        (("cabinet", "open_door"), "door_open", True),
        (("cabinet", "close_door"), "door_open", False),
    ):
        assert sim(*words).exit_code == 0
        assert hall.state()["cabinet"][place] is value
    for action in ("mains_off", "battery_low", "mains_on"):
        assert sim("power", action).exit_code == 0
        assert f"power: {action}" in sim("state").output
    assert "cabinet: somebody there, door closed, lights: none, fan off" in sim("state").output
    assert sim("cabinet", "explode").exit_code == 2


def test_codes_and_papers(sim, hall, tmp_path):
    picture = tmp_path / "picture.png"
    Image.new("RGB", (300, 200), "white").save(picture)
    for words, place, value in (
        (("code", "hold", "hello"), "code", "text"),
        (("code", "hold", "--picture", picture), "code", "picture"),
        (("code", "take"), "code", ""),
        (("paper", "put"), "paper", "sharp"),
        (("paper", "put", "--blurred"), "paper", "blurred"),
        (("paper", "put", "--picture", picture), "paper", "picture"),
        (("paper", "take"), "paper", ""),
    ):
        assert sim(*words).exit_code == 0
        assert hall.state()[place] == value


def test_printer_and_network(sim, hall, tmp_path):
    hall.connect_network("127.0.0.1", 1)
    assert sim("printer", "cover_open").exit_code == 0
    assert hall.state()["printer"]["cover_open"] is True
    assert "cover open" in sim("state").output
    assert sim("printer", "cover_closed").exit_code == 0
    assert sim("document-printer", "paper_out").exit_code == 0
    assert "A4 printer: paper out, no jam, plugged in" in sim("state").stdout
    assert sim("document-printer", "paper_ok").exit_code == 0
    assert sim("documents", "--out", tmp_path / "documents").exit_code == 0
    assert sim("network", "down").exit_code == 0
    assert "network: down" in sim("state").output
    assert sim("network", "up").exit_code == 0
    assert json.loads(sim("state", "--json").output)["hall"]["network"] is True


def test_screenshot_and_touch(sim, window, tmp_path):
    window.paint(0x335577)
    assert sim("screenshot", tmp_path / "screen.png").exit_code == 0
    with Image.open(tmp_path / "screen.png") as picture:
        assert (picture.size, picture.getpixel((9, 9))) == ((540, 960), (0x33, 0x55, 0x77))
    assert sim("touch", 40, 50).exit_code == 0
    press = window.wait(X.ButtonPress)
    assert (press.event_x, press.event_y) == (40, 50)
    window.wait(X.ButtonRelease)


def test_receipts_are_saved_and_the_last_ones_code_is_held(sim, hall, print_receipt, tmp_path):
    print_receipt("CODE-1")
    print_receipt("CODE-2")
    assert sim("receipts", "--out", tmp_path / "out").exit_code == 0
    count = len(hall.papers())
    assert (tmp_path / "out" / f"receipt-{count}.png").read_bytes() == hall.papers()[-1]
    assert b"CODE-2" in (tmp_path / "out" / f"receipt-{count}.bin").read_bytes()
    assert b"CODE-1" in (tmp_path / "out" / f"receipt-{count - 1}.bin").read_bytes()
    assert sim("code", "hold", "--last-receipt").exit_code == 0
    assert hall.state()["code"] == "text"


def test_without_a_training_terminal_it_says_so(tmp_path):
    answer = run(tmp_path / "nothing", "card", "take")
    assert (answer.exit_code, answer.stderr.strip()) == (1, "no training terminal is running: start script/run")


def test_an_address_of_one_that_has_ended_says_so_too(tmp_path):
    dock_address.publish(tmp_path, DockAddress("http://127.0.0.1:1", "t"))
    answer = run(tmp_path, "state")
    assert (answer.exit_code, answer.stderr.strip()) == (1, "no training terminal is running: start script/run")


def test_a_damaged_address_is_told(tmp_path):
    (tmp_path / "dock.json").write_text("[]")
    answer = run(tmp_path, "state")
    assert answer.exit_code == 1
    assert "is damaged" in answer.stderr


def test_what_the_dock_refuses_is_told_with_exit_code_1(sim, tmp_path):
    assert "no citizen 'nobody'" in sim("card", "put", "nobody").stderr
    (tmp_path / "bad.toml").write_text("[card]\nkind = 'resident'\n")
    bad = sim("card", "put", tmp_path / "bad.toml")
    assert bad.exit_code == 1
    assert f"{tmp_path}/bad.toml: card.number: is missing" in bad.stderr
    (tmp_path / "rubbish.png").write_bytes(b"rubbish")
    rubbish = sim("paper", "put", "--picture", tmp_path / "rubbish.png")
    assert rubbish.exit_code == 1
    assert "PNG or JPEG" in rubbish.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("card", "put"),
        ("card", "put", "li-ceshi", "--reader", "usb"),
        ("card", "put", "/nowhere/nobody.toml"),
        ("code", "hold"),
        ("code", "hold", "text", "--last-receipt"),
        ("paper", "put", "--picture", "/nowhere.png"),
        ("paper", "put", "--picture", "/nowhere.png", "--blurred"),
        ("printer", "explode"),
        ("document-printer", "cover_open"),
        ("network", "sideways"),
        ("touch", "1"),
        ("receipts",),
        ("dance",),
    ],
)
def test_wrong_usage_has_exit_code_2(sim, words):
    assert sim(*words).exit_code == 2


@pytest.mark.parametrize("words", [(), ("card",), ("code",), ("paper",), ("printer",), ("touch",), ("documents",)])
def test_everything_has_help(sim, words):
    answer = sim(*words, "--help")
    assert answer.exit_code == 0
    assert "Usage" in answer.output


def test_the_address_file_is_for_its_owner_alone_and_can_be_withdrawn(tmp_path):
    dock_address.publish(tmp_path, DockAddress("http://127.0.0.1:1", "old"))
    (tmp_path / "dock.json").chmod(0o644)
    dock_address.publish(tmp_path, DockAddress("http://127.0.0.1:2", "new"))
    assert stat.S_IMODE((tmp_path / "dock.json").stat().st_mode) == 0o600
    assert dock_address.find(tmp_path) == DockAddress("http://127.0.0.1:2", "new")
    assert "new" not in repr(dock_address.find(tmp_path))
    dock_address.withdraw(tmp_path)
    dock_address.withdraw(tmp_path)
    assert dock_address.find(tmp_path) is None
