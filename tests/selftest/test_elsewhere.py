"""A device that is not found: is it elsewhere? And what is connected that nobody configured?"""

import json
from functools import partial

import pytest
from full_machine import PANEL, READER, SERIAL, Machine, full

from drivers.base import CheckOutcome
from drivers.discovery import Candidate, Certainty
from kiosk.config import ASSETS, DeviceSection
from kiosk.devices.discovery import Suggestion
from kiosk.devices_discover import connected
from kiosk.faults import Catalogue
from kiosk.selftest import command
from kiosk.selftest.command import Options, run_selftest
from kiosk.selftest.elsewhere import not_configured, with_places
from kiosk.selftest.examination import Finding
from kiosk.selftest.records import Records
from kiosk.selftest.words import TEXTS, Words
from kiosk.texts import Texts

A, B = "/dev/serial/by-id/A", "/dev/serial/by-id/B"
FAIL, PASS, SKIP = CheckOutcome.FAIL, CheckOutcome.PASS, CheckOutcome.SKIP


def words(language="en"):
    return Words(Texts(TEXTS), Catalogue.load(ASSETS / "faults"), {}, (), {}, language)


def lost(device="reader", device_class="card_reader", driver="sdt", check="connection", code="card_reader.not_found"):
    return Finding(device, device_class, driver, check, FAIL, code, "errno 2")


def there(driver="sdt", device_class="card_reader", place=B, certainty=Certainty.POSSIBLE, **options):
    options = options or {"port": place}
    return Suggestion(device_class, device_class, Candidate(place, driver, options, certainty, "FTDI"))


def sections(**devices):
    return {name: DeviceSection(driver=driver, options=options) for name, (driver, options) in devices.items()}


def evidence(finding, configured, *connected, language="en"):
    (told,) = with_places((finding,), configured, connected, words(language))
    return told.evidence


READER_AT_A = sections(reader=("sdt", {"port": A}))


# ---- is it elsewhere?


def test_what_is_connected_of_the_class_of_a_lost_device_is_told():
    assert evidence(lost(), READER_AT_A, there()) == f"errno 2\nconfigured: {A}\nconnected: {B}"
    assert evidence(lost(), READER_AT_A, there(), language="zh") == f"errno 2\n配置在：{A}\n另外连接着：{B}"


def test_another_driver_s_device_is_told_after_the_same_driver_s_and_with_its_name():
    reader = there("pcsc", place="PC/SC ACS", certainty=Certainty.ANSWERED, reader="ACS")
    assert evidence(lost(), READER_AT_A, reader, there()).endswith(f"connected: {B}\nACS [pcsc]")


def test_a_port_that_may_be_anything_is_told_for_its_own_driver_alone():
    reader = sections(reader=("pcsc", {"reader": "ACS"}))
    assert evidence(lost(driver="pcsc"), reader, there()) == "errno 2"


@pytest.mark.parametrize(
    "finding",
    [
        lost(code="device.hung"),
        lost(code="device.software_error"),
        lost(check="sam", code="card_reader.sam_failed"),
        Finding("reader", "card_reader", "sdt", "connection", PASS, "", "errno 2"),
        lost(device_class="io_board"),
    ],
)
def test_nothing_is_told_of_one_that_is_not_lost_or_of_another_class(finding):
    assert evidence(finding, READER_AT_A, there()) == "errno 2"


def test_a_place_that_is_configured_is_not_meant(tmp_path):
    """Neither the lost device's own, nor another device's, be it by another name of the same port."""
    node = tmp_path / "ttyUSB1"
    node.touch()
    (tmp_path / "by-id").symlink_to(node)
    mine = there(place=A)
    others = {**READER_AT_A, **sections(printer=("escpos", {"address": f"serial://{node}?baud=9600"}))}
    assert evidence(lost(), others, mine, there(place=str(tmp_path / "by-id"))) == "errno 2"


def test_many_places_are_cut_short():
    many = [there(place=f"/dev/ttyS{number}") for number in range(9)]
    assert evidence(lost(), READER_AT_A, *many).endswith("/dev/ttyS5\n…")


# ---- what is not configured


def told(configured, *connected, findings=()):
    return [(line.device_class, line.outcome) for line in not_configured(findings, configured, connected, words())]


CAMERA = (
    there("camera_scanner", "code_scanner", "/dev/video0", Certainty.LIKELY, device="/dev/video0"),
    there("document_camera", "document_camera", "/dev/video0", Certainty.LIKELY, device="/dev/video0"),
)


def test_what_is_surely_there_and_nowhere_configured_is_told_and_is_no_failure():
    assert told(READER_AT_A, *CAMERA) == [("code_scanner", SKIP), ("document_camera", SKIP)]
    (line, _) = not_configured((), READER_AT_A, CAMERA, words())
    assert (line.check, line.evidence, line.code) == ("not_configured", "/dev/video0: FTDI", "")


@pytest.mark.parametrize(
    ("seen", "note", "evidence"),
    [("FTDI", "device.in_use", "/dev/x: FTDI · 被占用"), ("", "device.in_use", "/dev/x: 被占用"), ("", "", "/dev/x")],
)
def test_what_is_noted_of_it_is_told_in_the_reader_s_language(seen, note, evidence):
    candidate = Candidate("/dev/x", "sdt", {"port": "/dev/x"}, Certainty.LIKELY, seen, note=note)
    (line,) = not_configured((), {}, (Suggestion("reader", "card_reader", candidate),), words("zh"))
    assert line.evidence == evidence


@pytest.mark.parametrize(
    "suggestion",
    [
        there(),  # only possible
        there("storage", "storage", "/var/lib/x", Certainty.LIKELY, directory="/var/lib/x"),  # of every machine
        there("loudspeaker", "loudspeaker", "/dev/snd/controlC0", Certainty.LIKELY, card="PCH"),
    ],
)
def test_what_may_be_anything_or_is_a_part_of_every_machine_is_not_told(suggestion):
    assert told(READER_AT_A, suggestion) == []


@pytest.mark.parametrize(
    ("driver", "options", "connected"),
    [
        ("document_camera", {"device": "/dev/video0"}, CAMERA),
        ("camera_scanner", {"device": 0}, CAMERA),
        ("pcsc", {}, (there("pcsc", place="PC/SC X", certainty=Certainty.ANSWERED, reader="ACS ACR 00 00"),)),
        (
            "pcsc",
            {"reader": "acr"},
            (there("pcsc", place="PC/SC X", certainty=Certainty.ANSWERED, reader="ACS ACR 00 00"),),
        ),
        ("nut", {}, (there("nut", "power_supply", "upsd hall", Certainty.ANSWERED, ups="hall"),)),
        ("sdt_usb", {}, (Suggestion("x", "card_reader", Candidate("USB", "sdt_usb", {}, Certainty.LIKELY, "")),)),
        (
            "ipp",
            {"uri": "ipp://127.0.0.1:60000/ipp/print"},
            (there("ipp", "document_printer", "X", Certainty.LIKELY, uri="ipp://localhost:60000/ipp/print"),),
        ),
        (
            "escpos",
            {"address": "file:///dev/usb/lp0", "profile": "clone"},
            (
                there(
                    "escpos",
                    "receipt_printer",
                    "/dev/usb/lp0",
                    Certainty.LIKELY,
                    address="file:///dev/usb/lp0",
                    profile="epson",
                ),
            ),
        ),
    ],
)
def test_what_a_configured_driver_would_take_is_configured(driver, options, connected):
    assert told(sections(device=(driver, options)), *connected) == []


@pytest.mark.parametrize(
    ("driver", "options", "connected"),
    [
        ("pcsc", {"reader": "Omnikey"}, there("pcsc", place="PC/SC X", certainty=Certainty.ANSWERED, reader="ACS")),
        ("nut", {"ups": "attic"}, there("nut", "power_supply", "upsd hall", Certainty.ANSWERED, ups="hall")),
    ],
)
def test_another_one_of_a_configured_class_is_told(driver, options, connected):
    assert told(sections(device=(driver, options)), connected) == [(connected.device_class, SKIP)]


def test_what_may_be_the_lost_device_itself_is_not_told_twice():
    reader = there("pcsc", place="PC/SC ACS", certainty=Certainty.ANSWERED, reader="ACS")
    assert told(READER_AT_A, reader, findings=(lost(),)) == []


# ---- the command


@pytest.fixture
def terminal(tmp_path, monkeypatch):
    """Writes a configuration and runs the command before a made-up machine."""
    around = full(tmp_path / "machine")
    monkeypatch.setattr(command, "connected", partial(connected, around=around))
    (tmp_path / "token").write_text("a-token", encoding="ascii")
    (tmp_path / "state").mkdir()
    disk = '[devices.disk]\ndriver = "storage"\n' + f'options = {{ directory = "{tmp_path}", nearly_full_mb = 1 }}\n'

    def run(devices="", profile="production", **options):
        training = f'[training]\nobserver_socket = "{tmp_path / "observer"}"\n' if profile == "training" else ""
        path = tmp_path / "kiosk.toml"
        path.write_text(
            f'profile = "{profile}"\n'
            '[terminal]\nid = "T-1"\nsite = "示例大厅"\nsite_en = "Example hall"\nlanguage = "en"\n'
            f'[central]\nurl = "http://127.0.0.1:9"\ntoken_file = "{tmp_path / "token"}"\n'
            f'[storage]\ndirectory = "{tmp_path / "state"}"\n'
            f'[services]\noffered = ["progress_query"]\n{training}{disk}{devices}',
            encoding="utf-8",
        )
        return run_selftest(Options(config=path, **options))

    return run


LOST_READER = f'[devices.reader]\ndriver = "sdt"\noptions = {{ port = "{A}" }}\n'


def test_the_table_the_json_the_report_and_the_record_say_it(terminal, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "150")
    assert terminal(LOST_READER, as_json=True) == 1
    lines = json.loads(capsys.readouterr().out)
    (reader,) = [line for line in lines if line["device"] == "reader"]
    assert reader["evidence"].splitlines()[1:] == [
        f"configured: {A}",
        f"connected: {SERIAL}",
        f"{READER} [pcsc]",
        "USB 0400:c35a [sdt_usb]",
    ]
    report = tmp_path / "report.html"
    assert terminal(LOST_READER, report=report, language="zh") == 1
    shown = capsys.readouterr().out
    for text in (shown, report.read_text(encoding="utf-8")):
        assert f"配置在：{A}" in text
        assert f"另外连接着：{SERIAL}" in text
        assert "未配置" in text
        assert PANEL in text.replace("\n", "")
    assert f"configured: {A}" in Records(tmp_path / "state").all()[0].lines[1].evidence


def test_what_is_not_configured_never_fails_a_self_test(terminal, capsys):
    assert terminal(as_json=True) == 0
    lines = json.loads(capsys.readouterr().out)
    found = {line["class"] for line in lines if line["check"] == "not_configured"}
    assert {"card_reader", "touch_panel", "document_camera", "document_printer", "power_supply"} <= found
    assert not found & {"storage", "clock", "temperature", "loudspeaker", "io_board"}
    assert {line["outcome"] for line in lines if line["check"] == "not_configured"} == {"skip"}
    assert len({line["device"] for line in lines if line["check"] == "not_configured"}) == len(
        [line for line in lines if line["check"] == "not_configured"]
    )


@pytest.mark.parametrize("options", [{"profile": "training"}, {"device": "disk"}])
def test_nobody_looks_in_a_virtual_hall_or_for_one_device_that_is_well(terminal, capsys, monkeypatch, options):
    monkeypatch.setattr(command, "connected", lambda taken: pytest.fail("it looked"))
    assert terminal(as_json=True, **options) == 0
    assert {line["device"] for line in json.loads(capsys.readouterr().out)} == {"disk"}


def test_one_lost_device_examined_alone_is_looked_for_and_others_are_not_told(terminal, capsys):
    assert terminal(LOST_READER, device="reader", as_json=True) == 1
    (line,) = json.loads(capsys.readouterr().out)
    assert SERIAL in line["evidence"]


def test_a_look_that_fails_takes_nothing_away(terminal, capsys, monkeypatch):
    def broken(taken):
        raise RuntimeError("a vendor's bug")

    monkeypatch.setattr(command, "connected", broken)
    assert terminal(LOST_READER, as_json=True) == 1
    said = capsys.readouterr()
    assert {line["device"] for line in json.loads(said.out)} == {"disk", "reader"}
    assert "RuntimeError: a vendor's bug" in said.err


def test_an_empty_machine_adds_nothing(terminal, tmp_path, capsys, monkeypatch):
    empty = Machine(tmp_path / "empty").around()
    monkeypatch.setattr(command, "connected", partial(connected, around=empty))
    assert terminal(LOST_READER, as_json=True) == 1
    (reader,) = [line for line in json.loads(capsys.readouterr().out) if line["device"] == "reader"]
    assert "connected" not in reader["evidence"]
