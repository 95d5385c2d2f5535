"""What is connected is found by what the kernel says, and asked only when told to; the lines shown can be pasted."""

import json
import tomllib
from pathlib import Path

import pytest
from full_machine import Machine

from drivers import registry
from drivers.base import DriverError
from drivers.candidates import FREE, FREE_NOT_THERE_YET, IPP_USB_NOT_RUNNING
from drivers.discovery import Candidate, Certainty, Surroundings, ask, best
from drivers.kept_from_us import ACCESS_DENIED, IN_USE
from drivers.modbus.profile import load
from drivers.serial_line import SerialLine
from drivers.sim.io_board import VirtualIoBoard
from drivers.sim.printer import VirtualPrinter
from drivers.sim.pty import VirtualSerialPort
from drivers.sim.sdt import VirtualSdtReader
from kiosk.config import ASSETS, DeviceSection
from kiosk.devices import discovery
from kiosk.devices_discover import discover
from kiosk.texts import Texts

TEXTS = Texts(discovery.TEXTS)


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def candidates(root, readers=(), ports=()):
    around = Surroundings(root, lambda: tuple(readers), tuple(ports))
    drivers = registry.drivers()
    named = {"pcsc", "sdt", "sdt_usb", "serial_scanner", "escpos", "camera_scanner", "document_camera"}
    return tuple(found for name in sorted(named) for found in drivers[name].candidates(around))


def test_nothing_there(machine, capsys):
    """An empty machine says what to look at, and fails."""
    assert candidates(machine.root) == ()
    assert discover(False, (), as_json=False, around=machine.around()) == 1
    said = capsys.readouterr().out
    for missing, hint in (("card_reader", "pcscd"), ("power_supply", "upsd"), ("document_printer", "--ask")):
        assert f"  {missing}: " in said
        assert hint in said
    assert "[devices.storage]" in said


def test_serial_ports_keep_their_name(machine):
    """A USB port is named by what survives plugging in another order; a placeholder without a chip is no port."""
    device = machine.usb("1-2", "0403", "6001", "FTDI", "FT232R")
    machine.node("tty", "ttyUSB0", device)
    machine.stable("serial", "usb-FTDI_FT232R-port0", "ttyUSB0")
    machine.node("tty", "ttyS3", machine.root / "sys/devices/platform", type=0)
    found = candidates(machine.root)
    assert {each.driver for each in found} == {"sdt", "serial_scanner", "escpos"}
    assert {each.place for each in found} == {"/dev/serial/by-id/usb-FTDI_FT232R-port0"}
    assert {each.certainty for each in found} == {Certainty.POSSIBLE}
    assert all("0403:6001 FTDI FT232R" in each.seen for each in found)


@pytest.mark.parametrize(
    ("vendor", "driver"), [("1eab", "serial_scanner"), ("0c2e", "serial_scanner"), ("04b8", "escpos")]
)
def test_a_known_maker(machine, vendor, driver):
    """A maker of scanners or printers leaves one driver, and makes it likely."""
    machine.node("tty", "ttyACM0", machine.usb("1-3", vendor, "0001"))
    found = candidates(machine.root)
    assert [(each.driver, each.certainty) for each in found] == [(driver, Certainty.LIKELY)]
    assert found[0].options.get("profile") == ("epson" if driver == "escpos" else None)


def test_printers_cameras_and_readers(machine):
    """USB printers by the kernel's port, a camera once (not its metadata node), PC/SC readers by name."""
    printer = machine.node("usbmisc", "lp0", machine.usb("1-4", "0dd4", "0186"))
    (printer / "ieee1284_id").write_text("MFG:CUSTOM;MDL:VKP80III;")
    camera = machine.usb("1-5", "046d", "0825")
    machine.node("video4linux", "video0", camera, index=0, name="Webcam C270")
    machine.node("video4linux", "video1", camera, index=1, name="Webcam C270")
    found = {each.driver: each for each in candidates(machine.root, readers=["Reader 00 00"])}
    assert set(found) == {"pcsc", "escpos", "camera_scanner", "document_camera"}
    assert found["pcsc"].options == {"reader": "Reader 00 00"}
    assert found["escpos"].options == {"address": "file:///dev/usb/lp0", "profile": "custom"}
    assert "MDL:VKP80III" in found["escpos"].seen
    assert found["camera_scanner"].options == {"device": "/dev/video0"}
    assert "Webcam C270" in found["document_camera"].seen


def test_the_usb_variant_of_the_sdt_reader(machine):
    """It has no port of the kernel's, only its numbers; another USB device is none."""
    for name, vendor, product in (("1-6", "0400", "c35a"), ("1-7", "0400", "0001")):
        machine.usb(name, vendor, product, "", "IDR")
    (found,) = candidates(machine.root)
    assert (found.driver, found.certainty, found.seen) == ("sdt_usb", Certainty.LIKELY, "USB 0400:c35a IDR")


def test_the_best_at_each_place():
    """What answered stands alone; what is only possible stands with its like."""
    place = [
        Candidate("/dev/a", "sdt", {}, Certainty.POSSIBLE, ""),
        Candidate("/dev/a", "escpos", {}, Certainty.ANSWERED, ""),
        Candidate("/dev/b", "sdt", {}, Certainty.POSSIBLE, ""),
        Candidate("/dev/b", "escpos", {}, Certainty.POSSIBLE, ""),
    ]
    assert [(each.place, each.driver) for each in best(place)] == [
        ("/dev/a", "escpos"),
        ("/dev/b", "sdt"),
        ("/dev/b", "escpos"),
    ]


@pytest.fixture
def sdt_port(tmp_path):
    reader = VirtualSdtReader(tmp_path / "sdt")
    reader.start()
    yield str(reader.path)
    reader.stop()


@pytest.fixture
def board_port(tmp_path):
    board = VirtualIoBoard(tmp_path / "board", load("generic_8x8"))
    board.start()
    yield str(tmp_path / "board")
    board.stop()


@pytest.fixture
def printer_port(tmp_path):
    printer = VirtualPrinter(ASSETS / "fonts")
    printer.start_pty(tmp_path / "printer")
    yield str(tmp_path / "printer")
    printer.stop()


@pytest.fixture
def silent_port(tmp_path):
    port = VirtualSerialPort(tmp_path / "silent", lambda data: None)
    port.plug()
    yield str(tmp_path / "silent")
    port.unplug()


def found_by_asking(root, *ports, capsys):
    around = Surroundings(root, extra_serial_ports=ports)
    code = discover(True, (), as_json=True, around=around)
    return code, {(each["place"], each["driver"]): each for each in json.loads(capsys.readouterr().out)}


def test_asking_finds_an_io_board(machine, board_port, capsys):
    _, found = found_by_asking(machine.root, board_port, capsys=capsys)
    assert found[board_port, "modbus_io"]["certainty"] == "answered"
    assert [key for key in found if key[0] == board_port] == [(board_port, "modbus_io")]


def test_asking_finds_what_answers(machine, sdt_port, printer_port, silent_port, capsys):
    """Each real driver finds its own device behind a port, and nothing is made of a port that stays silent."""
    code, found = found_by_asking(machine.root, sdt_port, printer_port, silent_port, capsys=capsys)
    here = {key: each["certainty"] for key, each in found.items() if key[0] in (sdt_port, printer_port, silent_port)}
    assert code == 0
    assert here == {
        (sdt_port, "sdt"): "answered",
        (printer_port, "escpos"): "answered",
        (silent_port, "serial_scanner"): "possible",
    }
    assert found[sdt_port, "sdt"]["seen"]


def test_a_port_in_use(machine, sdt_port, capsys):
    """The terminal's own port cannot be asked: all that it may be stays in the list, and says why."""
    line = SerialLine(sdt_port, 115200, "card_reader")
    line.open()
    try:
        _, found = found_by_asking(machine.root, sdt_port, capsys=capsys)
    finally:
        line.close()
    assert {driver for place, driver in found if place == sdt_port} == {"sdt", "serial_scanner", "escpos", "modbus_io"}
    assert (found[sdt_port, "sdt"]["certainty"], found[sdt_port, "sdt"]["note"]) == ("possible", "device.in_use")


class Silent:
    """A device that raises when it is opened."""

    def __init__(self, code):
        self.error = DriverError(code)

    def open(self, deadline):
        raise self.error

    def close(self):
        pass


@pytest.mark.parametrize(
    ("certainty", "device", "found"),
    [
        (Certainty.POSSIBLE, Silent("printer.no_answer"), None),
        (Certainty.LIKELY, Silent("printer.no_answer"), (Certainty.POSSIBLE, "printer.no_answer")),
        (Certainty.LIKELY, Silent("device.in_use"), (Certainty.LIKELY, "device.in_use")),
        (Certainty.LIKELY, Silent("device.access_denied"), (Certainty.LIKELY, "device.access_denied")),
    ],
)
def test_what_does_not_answer_is_told_where_it_is_there(certainty, device, found):
    """Its maker's name says that it is there: then silence is a fault to tell. One that is taken is not absent."""
    asked = ask(Candidate("/dev/usb/lp0", "escpos", {}, certainty, "EPSON"), device)
    assert (asked and (asked.certainty, asked.note)) == found
    assert asked is None or asked.seen == "EPSON"


def test_the_lines_can_be_pasted():
    """The tables are valid, a second device of a class has a name of its own, and a mere possibility is a comment."""
    found = (
        Candidate("PC/SC A", "pcsc", {"reader": 'A "quoted" 00'}, Certainty.ANSWERED, "pcscd"),
        Candidate("PC/SC B", "pcsc", {"reader": "B"}, Certainty.ANSWERED, "pcscd"),
        Candidate("/dev/x", "serial_scanner", {"port": "/dev/x"}, Certainty.POSSIBLE, ""),
    )
    suggestions = discovery.suggest(found, lambda driver: registry.find(driver).device_class)
    text = discovery.as_configuration(suggestions, TEXTS, "en")
    tables = tomllib.loads(text)["devices"]
    assert list(tables) == ["card_reader", "card_reader_2"]
    for table in tables.values():
        section = DeviceSection.model_validate(table)
        registry.check_options(section.driver, section.options)
    uncommented = "\n".join(line.removeprefix("# ") for line in text.splitlines() if not line.startswith("# possible"))
    assert 'driver = "serial_scanner"' in uncommented


def test_a_taken_name_is_not_given_again():
    found = (Candidate("PC/SC A", "pcsc", {"reader": "A"}, Certainty.ANSWERED, "pcscd"),)
    (suggestion,) = discovery.suggest(found, lambda driver: "card_reader", taken={"card_reader", "card_reader_2"})
    assert suggestion.name == "card_reader_3"


def test_a_mere_possibility_leaves_the_plain_name_to_what_is_there():
    found = (
        Candidate("/dev/a", "sdt", {"port": "/dev/a"}, Certainty.POSSIBLE, ""),
        Candidate("PC/SC A", "pcsc", {"reader": "A"}, Certainty.ANSWERED, ""),
    )
    suggestions = discovery.suggest(found, lambda driver: "card_reader")
    assert [(each.name, each.candidate.driver) for each in suggestions] == [
        ("card_reader_2", "sdt"),
        ("card_reader", "pcsc"),
    ]


def test_what_a_device_says_of_itself_stays_in_its_place():
    """Names come from devices and from the network: they end no comment and no text of the configuration."""
    name = 'Bad"\n[devices.x]\x1b[31m\x7f \U0001f600'
    found = (Candidate(name, "touch_panel", {"name": name}, Certainty.LIKELY, name),)
    text = discovery.as_configuration(discovery.suggest(found, lambda driver: "touch_panel"), TEXTS, "en")
    assert tomllib.loads(text) == {"devices": {"touch_panel": {"driver": "touch_panel", "options": {"name": name}}}}
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("seen", "note", "chinese", "english"),
    [
        ("FTDI", "", "# 有可能: FTDI", "# possible: FTDI"),
        ("FTDI", "device.access_denied", "# 有可能: FTDI · 无权打开", "# possible: FTDI · not permitted"),
        ("", "ipp_usb_not_running", "# 有可能: ipp-usb 没有运行", "# possible: ipp-usb is not running"),
        ("", "acme.\nbent", "# 有可能: acme. bent", "# possible: acme. bent"),
        ("", "", "# 有可能", "# possible"),
    ],
)
def test_what_is_noted_is_said_in_both_languages(seen, note, chinese, english):
    """A code without words here, as a vendor's, stands for itself, on one line."""
    candidate = Candidate("/dev/x", "sdt", {"port": "/dev/x"}, Certainty.POSSIBLE, seen, note=note)
    found = (discovery.Suggestion("card_reader", "card_reader", candidate),)
    for language, first in (("zh", chinese), ("en", english)):
        assert discovery.as_configuration(found, TEXTS, language).splitlines()[0] == first


@pytest.mark.parametrize("note", [FREE, FREE_NOT_THERE_YET, IPP_USB_NOT_RUNNING, IN_USE, ACCESS_DENIED])
def test_every_note_of_our_drivers_has_words(note):
    candidate = Candidate("/dev/x", "sdt", {}, Certainty.LIKELY, "", note=note)
    assert discovery.said(candidate, TEXTS, "zh") != note


def test_the_table(capsys):
    """A person sees place, driver and how sure it is, the way to know more, and the lines; in two languages."""
    found = discovery.suggest(
        (Candidate("/dev/x", "sdt", {"port": "/dev/x"}, Certainty.POSSIBLE, "", askable=True),),
        lambda driver: registry.find(driver).device_class,
    )
    discovery.show(found, {"card_reader"}, as_json=False, asked=False, language="en")
    shown = capsys.readouterr().out
    assert "--ask" in shown
    assert "/dev/x" in shown
    assert "# [devices.card_reader]" in shown
    assert "possible" in shown
    discovery.show(found, {"card_reader", "vendors_own"}, as_json=False, asked=True, language="zh")
    shown = capsys.readouterr().out
    assert "--ask" not in shown
    assert "有可能" in shown
    assert "vendors_own: " in shown


def test_a_mere_possibility_does_not_silence_where_to_look(capsys):
    """Any serial port may be a card reader: that pcscd may be down is still said, under a heading of its own."""
    found = discovery.suggest(
        (
            Candidate("/dev/ttyS0", "sdt", {"port": "/dev/ttyS0"}, Certainty.POSSIBLE, ""),
            Candidate("/dev/usb/lp0", "escpos", {"address": "file:///dev/usb/lp0"}, Certainty.LIKELY, ""),
        ),
        lambda driver: registry.find(driver).device_class,
    )
    known = {"card_reader", "receipt_printer", "touch_panel"}
    discovery.show(found, known, as_json=False, asked=False, language="en")
    shown = capsys.readouterr().out
    nothing, unsure = shown.index("Not found:"), shown.index("Only possible; if that is not it:")
    assert nothing < shown.index("  touch_panel: ") < unsure < shown.index("  card_reader: ")
    assert "systemctl status pcscd" in shown
    assert "  receipt_printer: " not in shown


def test_the_stable_name_is_the_whole_path(machine):
    """What is pasted is a path that exists on the machine."""
    device = machine.usb("1-2", "0403", "6001")
    machine.node("tty", "ttyUSB7", device)
    machine.stable("serial", "usb-one", "ttyUSB7")
    port = Surroundings(machine.root).serial_ports()[0]
    assert (machine.root / Path(port.path).relative_to("/")).exists()
