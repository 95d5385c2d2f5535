"""``kiosk selftest --json`` finds each injected fault by its code, and nothing else, over the devices of a whole terminal."""

from contextlib import contextmanager

import made_up_machine
import pytest

from drivers.base import Deadline
from drivers.hall import DocumentPrinterAction, PowerAction, PrinterAction
from drivers.sdt.command import Command
from drivers.serial_line import SerialLine
from drivers.sim.io_board import BoardFault
from drivers.sim.ipp_wire import Order, Trouble
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
def held_by_another_program(world, device):
    line = SerialLine(world.devices()[device]["options"]["port"], 9600, "thing")
    line.open()
    try:
        yield
    finally:
        line.close()


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


@contextmanager
def a4_printer(world, action, undo):
    world.hall.document_printer(action)
    try:
        yield
    finally:
        world.hall.document_printer(undo)


@contextmanager
def a4_state(world, reason):
    """What the real ippeveprinter says of itself over IPP."""
    world.hall._document_printer.set_state(reason)
    try:
        yield
    finally:
        world.hall._document_printer.set_state()


@contextmanager
def a4_cable(world, trouble):
    world.hall._document_printer.wire.order(Order(trouble))
    try:
        yield
    finally:
        world.hall._document_printer.wire.clear()


@contextmanager
def power(world, action):
    world.hall.power(action)
    try:
        yield
    finally:
        world.hall.power(PowerAction.MAINS_ON)


@contextmanager
def ups(world, status="OL CHRG", refusal=""):
    world.hall._ups.set_variables({"ups.status": status})
    world.hall._ups.refusal = refusal
    try:
        yield
    finally:
        world.hall._ups.refusal = ""
        world.hall.power(PowerAction.MAINS_ON)


@contextmanager
def board(world, **fault):
    world.board.always = BoardFault(**fault)
    try:
        yield
    finally:
        world.board.always = None


@contextmanager
def machine(world, **files):
    made_up_machine.write(world.machine, **files)
    try:
        yield
    finally:
        made_up_machine.write(world.machine)


ABS = "sys__class__input__event7__device__capabilities__abs"
HEAT = "sys__class__thermal__thermal_zone0__temp"
MUTED = made_up_machine.CODEC.format(amplifier="0x80")
FULL = "4096 4096 16000000 9000 9000 4000000 2000000 2000000 0 255"
READ_ONLY = "4096 4096 16000000 8000000 8000000 4000000 2000000 2000000 1 255"


@contextmanager
def no_issuers(world):
    (certificate,) = world.hall.csca.iterdir()
    kept = certificate.read_bytes()
    certificate.unlink()
    try:
        yield
    finally:
        certificate.write_bytes(kept)


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
    "no issuers' certificates": ("card_reader.no_issuers", no_issuers),
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
    "scanner held by another program": ("device.in_use", lambda w: held_by_another_program(w, "scanner_serial")),
    "scanner unplugged": ("code_scanner.not_found", lambda w: unplugged(w.scanner)),
    "door open": ("io_board.door_open", lambda w: switch(w, "door_open", True)),
    "tampered with": ("io_board.tamper", lambda w: switch(w, "tamper", True)),
    "board unplugged": ("io_board.not_found", lambda w: unplugged(w.board)),
    "disk nearly full": ("storage.nearly_full", lambda w: options(w, "disk", nearly_full_mb=10**9)),
    "disk away": ("storage.not_found", lambda w: options(w, "disk", directory="/nowhere/at/all")),
    "disk full": ("storage.full", lambda w: machine(w, statvfs=FULL)),
    "disk read only": ("storage.read_only", lambda w: machine(w, statvfs=READ_ONLY)),
    "A4 paper out": (
        "document_printer.paper_out",
        lambda w: a4_printer(w, DocumentPrinterAction.PAPER_OUT, DocumentPrinterAction.PAPER_OK),
    ),
    "A4 paper jam": (
        "document_printer.jam",
        lambda w: a4_printer(w, DocumentPrinterAction.JAM, DocumentPrinterAction.CLEAR_JAM),
    ),
    "A4 printer off the network": (
        "document_printer.disconnected",
        lambda w: a4_printer(w, DocumentPrinterAction.UNPLUG, DocumentPrinterAction.PLUG),
    ),
    "A4 printer mute": ("document_printer.no_answer", lambda w: a4_cable(w, Trouble.MUTE)),
    "A4 cover open": ("document_printer.cover_open", lambda w: a4_state(w, "cover-open-error")),
    "A4 toner low": ("document_printer.toner_low", lambda w: a4_state(w, "marker-supply-low-warning")),
    "A4 printer with other paper": (
        "document_printer.wrong_paper",
        lambda w: options(w, "document_printer", media="iso_a5_148x210mm"),
    ),
    "mains off": ("power.on_battery", lambda w: power(w, PowerAction.MAINS_OFF)),
    "battery low": ("power.battery_low", lambda w: power(w, PowerAction.BATTERY_LOW)),
    "battery worn out": ("power.replace_battery", lambda w: ups(w, "OL RB")),
    "UPS overloaded": ("power.overloaded", lambda w: ups(w, "OL OVER")),
    "UPS lost by its daemon": ("power.not_connected", lambda w: ups(w, refusal="DATA-STALE")),
    "UPS daemon down": ("power.not_found", lambda w: unplugged(w.hall._ups)),
    "another UPS than configured": ("power.unknown_ups", lambda w: options(w, "power_supply", ups="other")),
    "touch panel gone": ("touch_panel.not_found", lambda w: machine(w, **{ABS: None})),
    "another touch panel": ("touch_panel.wrong_device", lambda w: options(w, "touch_panel", name="Other Touch")),
    "sound card gone": ("loudspeaker.not_found", lambda w: machine(w, sys__class__sound__pcmC0D0p=None)),
    "loudspeaker muted": ("loudspeaker.muted", lambda w: machine(w, **{"proc__asound__card0__codec#0": MUTED})),
    "clock not synchronised": (
        "clock.not_synchronised",
        lambda w: machine(w, run__systemd__timesync__synchronized=None),
    ),
    "clock in the past": ("clock.wrong", lambda w: machine(w, now="1500000000")),
    "warm": ("temperature.high", lambda w: machine(w, **{HEAT: "78000"})),
    "too hot": ("temperature.too_hot", lambda w: machine(w, **{HEAT: "95000"})),
    "sensors gone": ("temperature.not_found", lambda w: machine(w, **{HEAT: None})),
    "board mute": ("io_board.no_answer", lambda w: board(w, keep=0)),
    "board of another wiring": ("io_board.wrong_profile", lambda w: board(w, exception=2)),
    "board says that it failed": ("io_board.failed", lambda w: board(w, exception=4)),
}

CLOSING = {"io_board.door_open", "io_board.tamper", "power.battery_low"}
"""With these the terminal of this configuration serves nobody (kiosk/cabinet.py)."""


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
    assert code not in CLOSING or line["consequence"] == "The whole terminal is out of service"


def test_there_are_twenty_different_codes_and_one_at_least_of_every_class_of_device(tested):
    codes = {code for code, _ in FAULTS.values()}
    assert len(codes) >= 20
    families = {"receipt_printer": "printer", "document_camera": "camera", "power_supply": "power"}
    for line in tested.lines():
        family = families.get(line["class"], line["class"])
        assert any(code.partition(".")[0] == family for code in codes), line["class"]
