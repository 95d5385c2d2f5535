"""Devices that go and come back under a running terminal: told once when lost, once when back, at work again without a restart."""

import json

import live_world
import pytest
from headless_citizen import HeadlessCitizen, wait_until

from drivers.base import Deadline
from drivers.hall import PrinterAction


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    with pytest.MonkeyPatch.context() as monkeypatch:
        world, told = live_world.start(tmp_path_factory.mktemp("live"), monkeypatch)
        try:
            HeadlessCitizen(world).offered(60.0)
            yield world, told
        finally:
            world.stop()


TROUBLES = {
    "pcscd killed and restarted": (
        "card_reader",
        "card_reader.service_down",
        lambda world, told: world.hall._pcsc.kill(),
        lambda world, told: world.hall._pcsc.start(Deadline.after(30)),
    ),
    "serial reader unplugged": (
        "card_reader_serial",
        "card_reader.not_found",
        lambda world, told: world.hall._sdt.unplug(),
        lambda world, told: world.hall._sdt.plug(),
    ),
    "printer powered off": (
        "receipt_printer",
        "printer.not_found",
        lambda world, told: world.hall.printer(PrinterAction.UNPLUG),
        lambda world, told: world.hall.printer(PrinterAction.PLUG),
    ),
    "camera frozen": (
        "document_camera",
        "camera.frozen",
        lambda world, told: told.write_text("frozen"),
        lambda world, told: told.write_text("live"),
    ),
    "camera unplugged": (
        "document_camera",
        "camera.not_found",
        lambda world, told: told.write_text("gone"),
        lambda world, told: told.write_text("live"),
    ),
}


@pytest.mark.parametrize("name", TROUBLES)
def test_a_device_that_goes_and_comes_back_is_told_once_each(live, name):
    world, told = live
    device, code, lose, give_back = TROUBLES[name]
    pid = world.terminal.pid
    log = world.directory / "terminal.log"
    before = len(log.read_text())

    def changes():
        lines = (json.loads(line) for line in log.read_text()[before:].splitlines() if line.startswith("{"))
        return [(line["state"], line["code"]) for line in lines if line.get("device") == device]

    lose(world, told)
    try:
        wait_until(lambda: ("offline", code) in changes(), "the loss to be told", 30.0, 0.05)
    finally:
        give_back(world, told)
    wait_until(lambda: ("online", "") in changes(), "the device to be back", 30.0, 0.05)
    HeadlessCitizen(world).offered(30.0)
    seen = changes()
    assert seen.count(("online", "")) == 1, seen
    lost = [change for change in seen if change[0] in ("offline", "fault")]
    assert len(lost) == len(set(lost)), f"told again and again: {seen}"
    assert seen[-1] == ("online", "")
    assert world.terminal.pid == pid
    assert world.terminal.poll() is None
