"""What is connected is found by what the kernel says, and asked only when told to; the lines shown can be pasted."""

import json
import tomllib
from pathlib import Path

import pytest

from drivers import registry
from drivers.discovery import Candidate, Certainty, Surroundings, best
from drivers.modbus.profile import load
from drivers.serial_line import SerialLine
from drivers.sim.io_board import VirtualIoBoard
from drivers.sim.printer import VirtualPrinter
from drivers.sim.pty import VirtualSerialPort
from drivers.sim.sdt import VirtualSdtReader
from kiosk.config import ASSETS, DeviceSection
from kiosk.devices import discovery
from kiosk.devices_discover import discover


class Machine:
    """A made-up /sys and /dev in a folder."""

    def __init__(self, root):
        self.root = root

    def write(self, path, text):
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        return place

    def usb(self, name, vendor, product, maker="", model=""):
        for key, value in (("idVendor", vendor), ("idProduct", product), ("manufacturer", maker), ("product", model)):
            self.write(f"sys/devices/usb1/{name}/{key}", f"{value}\n")
        return self.root / "sys/devices/usb1" / name

    def node(self, subsystem, node, device, /, **attributes):
        """A node of a class, with its device behind a link, as the kernel has it."""
        interface = device / f"{device.name}:1.0"
        interface.mkdir(parents=True, exist_ok=True)
        place = self.root / "sys/class" / subsystem / node
        place.mkdir(parents=True)
        (place / "device").symlink_to(interface)
        for key, value in attributes.items():
            (place / key).write_text(f"{value}\n")
        return interface

    def stable(self, directory, link, name):
        node = self.write(f"dev/{name}", "")
        (self.root / "dev" / directory / "by-id").mkdir(parents=True, exist_ok=True)
        (self.root / "dev" / directory / "by-id" / link).symlink_to(node)


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
    discovery.show((), as_json=False, asked=False)
    assert "pcscd" in capsys.readouterr().out


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
    (machine.root / "sys/bus/usb/devices").mkdir(parents=True)
    for name, vendor, product in (("1-6", "0400", "c35a"), ("1-7", "0400", "0001")):
        (machine.root / "sys/bus/usb/devices" / name).symlink_to(machine.usb(name, vendor, product, "", "IDR"))
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
    arguments = {"ask_ports": True, "serial_ports": ports, "as_json": True, "root": root}
    code = discover(**arguments)
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
    assert found[sdt_port, "sdt"]["seen"] != "serial port"


def test_a_port_in_use(machine, sdt_port, capsys):
    """The terminal's own port cannot be asked: it stays in the list, and says why."""
    line = SerialLine(sdt_port, 115200, "card_reader")
    line.open()
    try:
        _, found = found_by_asking(machine.root, sdt_port, capsys=capsys)
    finally:
        line.close()
    assert (found[sdt_port, "sdt"]["certainty"], found[sdt_port, "sdt"]["seen"]) == ("possible", "in use")


def test_the_lines_can_be_pasted():
    """The tables are valid, a second device of a class has a name of its own, and a mere possibility is a comment."""
    found = (
        Candidate("PC/SC A", "pcsc", {"reader": 'A "quoted" 00'}, Certainty.ANSWERED, "pcscd"),
        Candidate("PC/SC B", "pcsc", {"reader": "B"}, Certainty.ANSWERED, "pcscd"),
        Candidate("/dev/x", "serial_scanner", {"port": "/dev/x"}, Certainty.POSSIBLE, "serial port"),
    )
    text = discovery.as_configuration(discovery.suggest(found, lambda driver: registry.find(driver).device_class))
    tables = tomllib.loads(text)["devices"]
    assert list(tables) == ["card_reader", "card_reader_2"]
    for table in tables.values():
        section = DeviceSection.model_validate(table)
        registry.check_options(section.driver, section.options)
    uncommented = "\n".join(line.removeprefix("# ") for line in text.splitlines() if not line.startswith("# possible"))
    assert 'driver = "serial_scanner"' in uncommented


def test_the_table(capsys):
    """A person sees place, driver and how sure it is, the way to know more, and the lines."""
    found = discovery.suggest(
        (Candidate("/dev/x", "sdt", {"port": "/dev/x"}, Certainty.POSSIBLE, "serial port", askable=True),),
        lambda driver: registry.find(driver).device_class,
    )
    discovery.show(found, as_json=False, asked=False)
    shown = capsys.readouterr().out
    assert "--ask" in shown
    assert "/dev/x" in shown
    assert "# [devices.card_reader]" in shown
    discovery.show(found, as_json=False, asked=True)
    assert "--ask" not in capsys.readouterr().out


def test_the_stable_name_is_the_whole_path(machine):
    """What is pasted is a path that exists on the machine."""
    device = machine.usb("1-2", "0403", "6001")
    machine.node("tty", "ttyUSB7", device)
    machine.stable("serial", "usb-one", "ttyUSB7")
    port = Surroundings(machine.root).serial_ports()[0]
    assert (machine.root / Path(port.path).relative_to("/")).exists()
