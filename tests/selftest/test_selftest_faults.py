"""``kiosk selftest --json`` finds each injected fault by its code, and nothing else, over the devices of a whole terminal."""

from contextlib import contextmanager

import pytest

from drivers.base import Deadline
from drivers.hall import PrinterAction
from drivers.sdt.command import Command
from drivers.sim.printer_condition import Mishap
from drivers.sim.sdt import AnswerFault


@contextmanager
def printer(world, action, undo):
    world.hall.printer(action)
    try:
        yield
    finally:
        world.hall.printer(undo)


@contextmanager
def mishap(world, which):
    world.hall._printer.fail(which)
    try:
        yield
    finally:
        world.hall._printer.clear()


@contextmanager
def mute_printer(world):
    world.hall._printer.set_mute(True)
    try:
        yield
    finally:
        world.hall._printer.set_mute(False)


@contextmanager
def no_card_service(world):
    world.hall._pcsc.kill()
    try:
        yield
    finally:
        world.hall._pcsc.start(Deadline.after(30))


@contextmanager
def unplugged(thing):
    thing.unplug()
    try:
        yield
    finally:
        thing.plug()


@contextmanager
def sdt_answer(world, command, fault):
    world.hall._sdt.fail_repeatedly(command, fault)
    try:
        yield
    finally:
        world.hall._sdt.clear()


@contextmanager
def camera(world, mode):
    world.mode.write_text(mode)
    try:
        yield
    finally:
        world.mode.write_text("live")


@contextmanager
def switch(world, name, state):
    before = world.board.switch(name)
    world.board.set_switch(name, state)
    try:
        yield
    finally:
        world.board.set_switch(name, before)


@contextmanager
def no_picture(world):
    path = world.hall._code.path
    away = path.with_name("away")
    path.rename(away)
    try:
        yield
    finally:
        away.rename(path)


@contextmanager
def options(world, device, **changes):
    tables = world.devices()
    tables[device] = {**tables[device], "options": {**tables[device]["options"], **changes}}
    world.configure(devices=tables)
    try:
        yield
    finally:
        world.configure()


PAPER_OK, COVER_CLOSED = PrinterAction.PAPER_OK, PrinterAction.COVER_CLOSED
FAULTS = {
    "paper out": ("printer.paper_out", lambda w: printer(w, PrinterAction.PAPER_OUT, PAPER_OK)),
    "paper low": ("printer.paper_low", lambda w: printer(w, PrinterAction.PAPER_LOW, PAPER_OK)),
    "cover open": ("printer.cover_open", lambda w: printer(w, PrinterAction.COVER_OPEN, COVER_CLOSED)),
    "printer unplugged": ("printer.not_found", lambda w: printer(w, PrinterAction.UNPLUG, PrinterAction.PLUG)),
    "paper jam": ("printer.jam", lambda w: mishap(w, Mishap.JAM)),
    "cutter": ("printer.cutter", lambda w: mishap(w, Mishap.CUTTER)),
    "hot head": ("printer.overheated", lambda w: mishap(w, Mishap.HOT_HEAD)),
    "unrecoverable": ("printer.unrecoverable", lambda w: mishap(w, Mishap.UNRECOVERABLE)),
    "printer mute": ("printer.no_answer", mute_printer),
    "card service down": ("card_reader.service_down", no_card_service),
    "another reader than configured": (
        "card_reader.not_found",
        lambda w: options(w, "card_reader", reader="Reader That Is Not There"),
    ),
    "serial reader unplugged": ("card_reader.not_found", lambda w: unplugged(w.hall._sdt)),
    "serial reader mute": (
        "card_reader.no_answer",
        lambda w: sdt_answer(w, Command.STATUS, AnswerFault(keep=0)),
    ),
    "security module failed": (
        "card_reader.sam_failed",
        lambda w: sdt_answer(w, Command.STATUS, AnswerFault(status=0x60)),
    ),
    "camera absent": ("camera.not_found", lambda w: camera(w, "absent")),
    "camera frozen": ("camera.frozen", lambda w: camera(w, "frozen")),
    "camera dark": ("camera.dark", lambda w: camera(w, "dark")),
    "camera of small frames": ("camera.small_frames", lambda w: camera(w, "small")),
    "camera without frames": ("camera.no_frames", lambda w: camera(w, "mute")),
    "code camera gone": ("camera.not_found", no_picture),
    "scanner unplugged": ("code_scanner.not_found", lambda w: unplugged(w.scanner)),
    "door open": ("io_board.door_open", lambda w: switch(w, "door_open", True)),
    "tampered with": ("io_board.tamper", lambda w: switch(w, "tamper", True)),
    "board unplugged": ("io_board.not_found", lambda w: unplugged(w.board)),
    "disk nearly full": ("storage.nearly_full", lambda w: options(w, "disk", nearly_full_mb=10**9)),
    "disk away": ("storage.not_found", lambda w: options(w, "disk", directory="/nowhere/at/all")),
}


def codes(lines):
    return {(line["device"], line["code"]) for line in lines if line["outcome"] in ("fail", "warn")}


def test_nothing_is_found_while_all_is_well(tested):
    lines = tested.lines()
    assert codes(lines) == set()
    assert {line["device"] for line in lines} == set(tested.devices())


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_found_by_its_code_and_nothing_else(tested, name):
    code, inject = FAULTS[name]
    with inject(tested):
        found = tested.lines()
    assert {each for _, each in codes(found)} == {code}
    assert len({device for device, _ in codes(found)}) == 1
    (line, *_) = [line for line in found if line["code"] == code]
    assert line["reason"]
    assert line["remedy"]
    assert line["consequence"]


def test_there_are_twenty_different_codes():
    assert len({code for code, _ in FAULTS.values()}) >= 20
