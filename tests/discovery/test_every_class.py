"""Discovery knows every class of device that a terminal has, and what it prints can be pasted as it is."""

import json

import pytest
from full_machine import PANEL, READER, SERIAL, Machine, full
from typer.testing import CliRunner

from drivers import registry, services
from drivers.discovery import Certainty, NetworkPrinter
from drivers.sim.ups import VirtualUps
from kiosk.app import device_entries
from kiosk.cli import app
from kiosk.config import load
from kiosk.devices_discover import connected, discover


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def found(driver, around):
    return tuple(registry.find(driver).candidates(around))


def test_every_driver_of_ours_looks_for_its_device():
    without = {name for name, driver in registry._DRIVERS.items() if driver.candidates is None and not driver.virtual}
    assert without == set()


def test_a_whole_terminal(tmp_path, capsys):
    """One of everything: each class is found, at its place, and nothing is said to be missing."""
    assert discover(False, (), as_json=True, around=full(tmp_path)) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told[0]) == {"name", "class", "place", "driver", "options", "certainty", "seen", "askable", "note"}
    sure = {(each["class"], each["driver"], each["place"]) for each in told if each["certainty"] != "possible"}
    assert sure == {
        ("card_reader", "pcsc", f"PC/SC {READER}"),
        ("card_reader", "sdt_usb", "USB 0400:c35a"),
        ("code_scanner", "serial_scanner", "/dev/ttyACM0"),
        ("code_scanner", "camera_scanner", "/dev/video0"),
        ("document_camera", "document_camera", "/dev/video0"),
        ("receipt_printer", "escpos", "/dev/usb/lp0"),
        ("document_printer", "ipp", "localhost:60000"),
        ("document_printer", "ipp", "Counter 3"),
        ("power_supply", "nut", "upsd hall"),
        ("touch_panel", "touch_panel", PANEL),
        ("loudspeaker", "loudspeaker", "/dev/snd/controlC0"),
        ("temperature", "temperature", "temperature sensors"),
        ("clock", "clock", "system clock"),
        ("storage", "storage", "/var/lib/civic-kiosk"),
    }
    assert {each["place"] for each in told if each["certainty"] == "possible"} == {SERIAL}
    classes = {driver.device_class for driver in registry._DRIVERS.values()}
    assert {each["class"] for each in told} == classes
    assert discover(False, (), as_json=False, around=full(tmp_path / "again")) == 0
    assert "Not found" not in capsys.readouterr().out


def test_what_is_printed_passes_the_check_of_configurations_unchanged(tmp_path, capsys):
    """The lines of a whole terminal, as they stand on the screen, under the rest of a configuration."""
    discover(False, (), as_json=False, around=full(tmp_path / "machine"))
    lines = capsys.readouterr().out.partition("is a comment):")[2]
    token = tmp_path / "token"
    token.write_text("a-token", encoding="ascii")
    path = tmp_path / "kiosk.toml"
    path.write_text(
        'profile = "production"\n'
        '[terminal]\nid = "T001"\nsite = "示例大厅"\nsite_en = "Example hall"\n'
        f'[central]\nurl = "https://central.example"\ntoken_file = "{token}"\n'
        f'[storage]\ndirectory = "{tmp_path}"\n'
        f'[services]\noffered = ["progress_query"]\n{lines}',
        encoding="utf-8",
    )
    done = CliRunner().invoke(app, ["config", "check", str(path)])
    assert (done.exit_code, done.output.strip()) == (0, f"{path}: ok")
    entries = device_entries(load(path))
    assert {entry.device_class for entry in entries} == {
        driver.device_class for driver in registry._DRIVERS.values() if driver.device_class != "io_board"
    }
    for entry in entries:
        assert entry.factory().identity().device_class == entry.device_class


# ---- power supplies


@pytest.fixture
def upsd(monkeypatch):
    ups = VirtualUps("hall")
    ups.start()
    monkeypatch.setattr("drivers.nut.ups.DEFAULT_PORT", ups.port)
    yield ups
    ups.stop()


def test_each_supply_of_this_machine_s_upsd_answers(upsd, machine):
    (only,) = found("nut", machine.around(power_supplies=services.power_supplies))
    assert (only.driver, only.options, only.certainty) == ("nut", {"ups": "hall"}, Certainty.ANSWERED)
    assert only.seen == "Virtual supply"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda answer: b"",
        lambda answer: None,
        lambda answer: b"what?\n",
        lambda answer: b"BEGIN LIST UPS\nVAR hall x y\n",
    ],
)
def test_an_upsd_that_does_not_answer_or_talks_nonsense_is_nothing_found(upsd, spoil, monkeypatch):
    monkeypatch.setattr(services, "PROBE_SECONDS", 0.3)
    upsd.spoil = spoil
    assert services.power_supplies() == {}


def test_no_upsd_or_one_that_refuses_is_nothing_found(upsd):
    upsd.refusal = "ACCESS-DENIED"
    assert services.power_supplies() == {}
    upsd.stop()
    assert services.power_supplies() == {}


# ---- touch panels, sound, temperature, storage


def test_a_panel_without_a_stable_path_is_named_by_its_own_name(machine):
    machine.panel("event1", "Goodix Capacitive TouchScreen")
    machine.panel("event2", "Mouse", absolute="0")
    machine.panel("event3", "Pen", absolute="3", properties="2")
    panel, pen = found("touch_panel", machine.around())
    assert (panel.place, panel.options) == ("/dev/input/event1", {"name": "Goodix Capacitive TouchScreen"})
    assert (pen.place, pen.certainty) == ("/dev/input/event3", Certainty.LIKELY)


def test_a_card_that_only_records_is_no_loudspeaker(machine):
    machine.sound_card(0, "PCH")
    machine.sound_card(1, "Webcam", plays=False)
    assert [each.options for each in found("loudspeaker", machine.around())] == [{"card": "PCH"}]


def test_sensors_that_read_nonsense_are_none(machine):
    assert found("temperature", machine.around()) == ()
    machine.write("sys/class/hwmon/hwmon0/name", "coretemp\n")
    machine.write("sys/class/hwmon/hwmon0/temp1_input", "41000\n")
    machine.write("sys/class/hwmon/hwmon0/temp2_input", "52000\n")
    machine.write("sys/class/thermal/thermal_zone0/temp", "-273000\n")
    assert [each.seen for each in found("temperature", machine.around())] == ["coretemp 52 °C"]


def test_a_storage_that_is_not_made_yet_is_told(machine):
    (told,) = found("storage", machine.around())
    assert told.note == "free_not_there_yet"
    (machine.root / "var/lib/civic-kiosk").mkdir(parents=True)
    (told,) = found("storage", machine.around())
    assert told.note == "free"
    assert told.seen.endswith(" GB")


# ---- A4 printers

IPP = ("070102", "070104", "070104")


def test_a_printer_on_usb_without_ipp_usb_says_so_and_is_no_receipt_printer(machine):
    place = machine.usb("1-5", "03f0", "c02a", "HP", "LaserJet", interfaces=IPP)
    machine.node("usbmisc", "lp0", place)
    machine.listens(22, 631)
    (printer,) = found("ipp", machine.around())
    assert (printer.certainty, printer.place) == (Certainty.POSSIBLE, "USB 03f0:c02a")
    assert (printer.seen, printer.note) == ("USB 03f0:c02a HP LaserJet", "ipp_usb_not_running")
    assert found("escpos", machine.around()) == ()


def test_each_port_of_ipp_usb_is_a_printer_to_be_asked(machine):
    machine.usb("1-5", "03f0", "c02a", "HP", "LaserJet", interfaces=IPP)
    machine.usb("1-6", "04a9", "1234", "Canon", "LBP", interfaces=IPP)
    machine.listens(60000, 60002, 60003)
    printers = found("ipp", machine.around())
    assert [each.options["uri"] for each in printers] == [
        "ipp://localhost:60000/ipp/print",
        "ipp://localhost:60002/ipp/print",
    ]
    assert all(each.askable and "LaserJet / USB 04a9:1234 Canon" in each.seen for each in printers)


def test_what_listens_where_no_such_printer_is_connected_is_none(machine):
    machine.usb("1-4", "04b8", "0202", "EPSON", "TM", interfaces=("070102",))
    machine.listens(60000)
    assert found("ipp", machine.around()) == ()


def test_a_printer_that_ipp_usb_announces_is_told_once(machine):
    machine.usb("1-5", "03f0", "c02a", "HP", "LaserJet", interfaces=IPP)
    machine.listens(60000)
    announced = (
        NetworkPrinter("HP LaserJet (USB)", "ipp://127.0.0.1:60000/ipp/print", ""),
        NetworkPrinter("Counter 3", "ipp://192.0.2.7:631/ipp/print", "Pantum"),
    )
    printers = found("ipp", machine.around(network_printers=lambda: announced))
    assert [each.place for each in printers] == ["localhost:60000", "Counter 3"]


# ---- this machine


def test_the_network_is_asked_only_when_it_may_be():
    assert services.this_machine().network_printers is not services.network_printers
    assert services.this_machine(network=True).network_printers is services.network_printers


def test_what_is_connected_has_names_of_its_own_and_asks_nothing(tmp_path):
    there = connected(("card_reader",), full(tmp_path))
    names = [each.name for each in there]
    assert len(set(names)) == len(names)
    assert "card_reader" not in names
    assert {each.candidate.certainty for each in there if each.candidate.driver == "ipp"} == {Certainty.LIKELY}
