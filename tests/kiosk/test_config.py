"""The configuration and the commands around it: every mistake is named, and the exit code says what happened."""

from __future__ import annotations

import json
import re
import shutil
import socket
import sys

import pytest
from kiosk_stage import CLASSES, KEY
from service_maker import as_toml
from typer.main import get_command
from typer.testing import CliRunner

from drivers import registry
from drivers.base import DriverError
from kiosk import cli
from kiosk.app import configuration_problems, device_entries
from kiosk.cli import app
from kiosk.config import ASSETS, ConfigurationError, load, parse
from kiosk.journal import Journal

REAL = {
    "reader": {"driver": "sdt", "options": {"port": "/dev/ttyS9"}},
    "printer": {"driver": "escpos", "options": {"address": "tcp://127.0.0.1:9"}},
}
VIRTUAL = {"camera": {"driver": "virtual_document_camera", "options": {"picture": "x.png"}}}


def table(directory, **changed):
    token = directory / "token"
    token.write_text("a-token", encoding="ascii")
    return {
        "profile": "production",
        "terminal": {"id": "T001", "site": "示例大厅", "site_en": "Example hall"},
        "central": {"url": "https://central.example", "token_file": str(token)},
        "storage": {"directory": str(directory / "storage")},
        "services": {"offered": ["progress_query"]},
        "devices": REAL,
        **changed,
    }


def written(directory, **changed):
    path = directory / "kiosk.toml"
    lines = [f"{name} = {as_toml(value)}" for name, value in table(directory, **changed).items()]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def kiosk(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


# ---- the file


def test_a_whole_file_is_read_with_its_defaults(tmp_path):
    configuration = load(written(tmp_path))
    assert configuration.terminal.id == "T001"
    assert (configuration.idle.warn_after, configuration.idle.answer_within, configuration.idle.extensions) == (
        60,
        30,
        3,
    )
    assert configuration.devices["printer"].options == {"address": "tcp://127.0.0.1:9"}
    assert configuration_problems(configuration) == []


SECTIONS = ["terminal", "central", "window", "idle", "storage", "services"]


@pytest.mark.parametrize("section", ["", *SECTIONS, "devices.printer", "training"])
def test_an_unknown_key_is_an_error_that_names_it(tmp_path, section):
    data = table(tmp_path, window={}, idle={}, profile="training", training={"observer_socket": "/tmp/x"})
    data["devices"] = {name: dict(device) for name, device in REAL.items()}
    place = data
    for part in filter(None, section.split(".")):
        place = place[part]
    place["colour"] = 1
    with pytest.raises(ConfigurationError) as error:
        parse(data, "kiosk.toml")
    assert str(error.value).startswith(f"kiosk.toml: {section + '.' if section else ''}colour: ")


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("terminal", "id", "x" * 26),  # the journal's local numbers leave no room for more
        ("terminal", "id", "T 1"),
        ("terminal", "language", "fr"),
        ("central", "url", "ftp://central"),
        ("central", "timeout_seconds", 0),
        ("window", "width", 10),
        ("idle", "warn_after", 0),
        ("idle", "extensions", -1),
        ("services", "offered", "progress_query"),
    ],
)
def test_a_wrong_value_is_named(tmp_path, section, key, value):
    data = table(tmp_path)
    data[section] = {**data.get(section, {}), key: value}
    with pytest.raises(ConfigurationError, match=f"{section}.{key}"):
        parse(data, "kiosk.toml")


def test_every_mistake_is_named_at_once(tmp_path):
    with pytest.raises(ConfigurationError) as error:
        parse(table(tmp_path, profile="test", terminal={}), "kiosk.toml")
    assert len(str(error.value).splitlines()) == 4


@pytest.mark.parametrize(("profile", "training"), [("production", {"observer_socket": "/tmp/x"}), ("training", None)])
def test_the_training_part_goes_with_the_training_profile_and_only_with_it(tmp_path, profile, training):
    data = table(tmp_path, profile=profile)
    if training:
        data["training"] = training
    with pytest.raises(ConfigurationError, match="training"):
        parse(data, "kiosk.toml")


def test_files_that_are_no_configuration_are_named(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load(tmp_path / "gone.toml")
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="is not TOML"):
        load(tmp_path / "bad.toml")


# ---- devices


def configuration(directory, devices, profile="production"):
    more = {"training": {"observer_socket": "/tmp/x"}} if profile == "training" else {}
    return parse(table(directory, devices=devices, profile=profile, **more), "kiosk.toml")


@pytest.mark.parametrize("driver", sorted(name for name, driver in registry._DRIVERS.items() if driver.virtual))
def test_production_refuses_every_virtual_driver_and_training_takes_it(tmp_path, driver):
    devices = {"it": {"driver": driver, "options": dict.fromkeys(registry.find(driver).required, "x")}}
    with pytest.raises(ConfigurationError, match=f"devices.it: {driver} is a virtual device"):
        device_entries(configuration(tmp_path, devices))
    (entry,) = device_entries(configuration(tmp_path, devices, "training"))
    assert (entry.name, entry.device_class) == ("it", registry.find(driver).device_class)


@pytest.mark.parametrize(
    ("device", "problem"),
    [
        ({"driver": "toaster"}, "no driver is called 'toaster'"),
        ({"driver": "sdt", "options": {"port": "/dev/ttyS0", "colour": "red"}}, "sdt takes no option colour"),
        ({"driver": "sdt"}, "sdt needs the option port"),
        ({"driver": "serial_scanner", "options": {"baud": 9600}}, "serial_scanner needs the option port"),
        ({"driver": "escpos"}, "escpos needs the option address"),
    ],
)
def test_a_wrong_driver_or_option_is_that_device_s_fault_and_stops_no_other(tmp_path, device, problem):
    settings = configuration(tmp_path, {"it": device, **REAL})
    wrong, *others = device_entries(settings)
    assert [entry.name for entry in others] == list(REAL)
    assert [entry.mistake for entry in others] == [None, None]
    assert problem in wrong.mistake.evidence
    for _ in range(2):  # each time the device's worker tries
        with pytest.raises(DriverError) as error:
            wrong.factory()
        assert error.value.fault == wrong.mistake
        assert error.value.fault.code == "device.misconfigured"
    (line,) = configuration_problems(settings)
    assert line.startswith(f"devices.it: {problem}")


@pytest.mark.parametrize(
    ("driver", "options"),
    [
        ("serial_scanner", {"port": "/dev/ttyS0", "framing": "morse"}),
        ("serial_scanner", {"port": "/dev/ttyS0", "baud": "fast"}),
    ],
)
def test_a_value_that_the_driver_refuses_is_no_bug_of_the_driver(tmp_path, driver, options):
    (entry,) = device_entries(configuration(tmp_path, {"it": {"driver": driver, "options": options}}))
    with pytest.raises(DriverError) as error:
        entry.factory()
    assert error.value.fault.code == "device.misconfigured"
    assert error.value.fault.evidence


def test_a_library_that_a_driver_lacks_is_a_broken_package(tmp_path, monkeypatch):
    """Drivers load large libraries only when the device is made."""
    monkeypatch.setitem(sys.modules, "drivers.serial_scanner.scanner", None)
    (entry,) = device_entries(configuration(tmp_path, {"it": {"driver": "serial_scanner", "options": {"port": "x"}}}))
    with pytest.raises(DriverError) as error:
        entry.factory()
    assert error.value.fault.code == "device.driver_broken"
    assert "serial_scanner" in error.value.fault.evidence


@pytest.mark.parametrize(
    ("name", "driver", "device_class"),
    [
        ("code_scanner", "gone", "code_scanner"),  # as discovery names them
        ("code_scanner_2", "gone", "code_scanner"),
        ("hall_scanner", "gone", ""),
        ("hall_scanner", "serial_scanner", "code_scanner"),  # the driver says it, though its option is not there
    ],
)
def test_a_device_without_its_driver_has_the_class_that_it_is_named_after(tmp_path, name, driver, device_class):
    (entry,) = device_entries(configuration(tmp_path, {name: {"driver": driver}}))
    assert (entry.device_class, entry.mistake.code) == (device_class, "device.misconfigured")


def test_a_virtual_driver_is_refused_also_where_its_options_are_wrong(tmp_path):
    settings = configuration(tmp_path, {"it": {"driver": "virtual_sdt", "options": {"colour": "red"}}})
    with pytest.raises(ConfigurationError, match="virtual_sdt is a virtual device"):
        device_entries(settings)
    assert len(configuration_problems(settings)) == 2


def test_a_vendor_s_package_can_bring_a_driver(monkeypatch):
    vendor = registry.Driver("card_reader", frozenset(), lambda *_: None)

    class Entry:
        name = "vendor_reader"

        def load(self):
            return vendor

    monkeypatch.setattr(
        registry, "entry_points", lambda group: [Entry()] if group == registry.ENTRY_POINT_GROUP else []
    )
    assert registry.find("vendor_reader") is vendor


WATCHED_CLASSES = (
    "document_printer",
    "io_board",
    "power_supply",
    "touch_panel",
    "loudspeaker",
    "clock",
    "storage",
    "temperature",
)
"""No step of a journey works with these."""


def test_every_driver_needs_only_options_that_it_takes():
    for driver in registry._DRIVERS.values():
        assert driver.required <= driver.options
        assert driver.device_class in {*CLASSES.values(), *WATCHED_CLASSES}


# ---- kiosk config check


def test_config_check_passes_a_whole_file(tmp_path):
    done = kiosk("config", "check", written(tmp_path))
    assert (done.exit_code, done.output.strip()) == (0, f"{tmp_path / 'kiosk.toml'}: ok")


def test_config_check_names_everything_that_is_wrong(tmp_path):
    wrong = {"scanner": {"driver": "toaster"}, "board": {"driver": "modbus_io"}}
    path = written(tmp_path, devices={**REAL, **wrong, **VIRTUAL}, services={"offered": ["progress_query", "nothing"]})
    (tmp_path / "token").unlink()
    done = kiosk("config", "check", path)
    assert done.exit_code == 1
    lines = done.output.splitlines()
    assert len(lines) == 5
    assert "service nothing: nothing.toml: cannot be read" in lines[0]
    assert "devices.scanner: no driver is called 'toaster'" in lines[1]
    assert "devices.board: modbus_io needs the option port" in lines[2]
    assert "devices.camera: virtual_document_camera is a virtual device, which production refuses" in lines[3]
    assert "central.token_file" in lines[4]


@pytest.mark.parametrize(
    ("driver", "options"),
    [
        ("escpos", {"address": "192.0.2.1"}),
        ("escpos", {"address": "tcp://192.0.2.1", "profile": "epsn"}),
        ("serial_scanner", {"port": "/dev/ttyS0", "framing": "crlf2"}),
        ("modbus_io", {"port": "/dev/ttyS0", "profile": "nope"}),
        ("ipp", {"uri": "http://192.0.2.1/ipp/print"}),
        ("sdt", {"port": "/dev/ttyS0", "baud": "fast"}),
    ],
)
def test_config_check_finds_values_that_a_driver_refuses(tmp_path, driver, options):
    done = kiosk("config", "check", written(tmp_path, devices={"odd": {"driver": driver, "options": options}}))
    assert done.exit_code == 1
    assert "devices.odd:" in done.output


def test_who_may_not_read_the_terminal_s_files_is_told_to_be_root(monkeypatch, capsys):
    def refused():
        raise PermissionError(13, "Permission denied", "/var/lib/civic-kiosk/journal.sqlite")

    monkeypatch.setattr(cli, "app", refused)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    assert "sudo" in capsys.readouterr().err


def test_config_check_of_a_file_with_a_wrong_key_or_without_a_file(tmp_path):
    done = kiosk("config", "check", written(tmp_path, colour=1))
    assert done.exit_code == 1
    assert "colour" in done.output
    done = kiosk("config", "check", tmp_path / "gone.toml")
    assert done.exit_code == 2
    assert "is not there" in done.output


def test_the_default_configuration_can_be_named_by_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("CIVIC_KIOSK_CONFIG", str(written(tmp_path)))
    assert kiosk("config", "check").exit_code == 0


# ---- kiosk services check


def test_services_check_passes_the_shipped_services():
    done = kiosk("services", "check")
    assert done.exit_code == 0
    assert done.output.splitlines() == ["medical_insurance_enrolment.toml: ok", "progress_query.toml: ok"]


def test_services_check_names_each_mistake_of_each_file(tmp_path):
    for path in (ASSETS / "services").glob("*.toml"):
        shutil.copy(path, tmp_path)
    broken = tmp_path / "progress_query.toml"
    broken.write_text(
        broken.read_text(encoding="utf-8").replace('next = "finish"', 'next = "finnish"'), encoding="utf-8"
    )
    done = kiosk("services", "check", tmp_path)
    assert done.exit_code == 1
    assert done.output.splitlines() == [
        "medical_insurance_enrolment.toml: ok",
        "progress_query.toml: 1 wrong",
        "  steps.result: leads to 'finnish', which is no step",
    ]
    assert kiosk("services", "check", broken).exit_code == 1
    assert kiosk("services", "check", tmp_path / "medical_insurance_enrolment.toml").exit_code == 0


def test_services_check_without_a_file_is_a_wrong_call(tmp_path):
    for place in (tmp_path, tmp_path / "gone.toml"):
        done = kiosk("services", "check", place)
        assert done.exit_code == 2
        assert "no service file" in done.output


# ---- kiosk status


@pytest.fixture
def central():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def status_of(tmp_path, url):
    central = {"url": url, "token_file": str(tmp_path / "token")}
    return written(tmp_path, central=central)


def open_journal(tmp_path):
    (tmp_path / "storage").mkdir(exist_ok=True)
    return Journal.open(tmp_path / "storage" / "journal.sqlite", KEY)


def test_status_of_a_terminal_that_runs(tmp_path, central):
    journal = open_journal(tmp_path)
    done = kiosk("status", "--json", "--config", status_of(tmp_path, central))
    journal.close()
    found = json.loads(done.output)
    assert (found["running"], found["central_reachable"], found["waiting"]) == (True, True, None)
    assert found["well"] == (done.exit_code == 0)
    assert (found["terminal"], found["profile"], found["journal_problem"]) == ("T001", "production", "")


def test_status_of_a_terminal_that_does_not_run_tells_what_waits(tmp_path, central):
    journal = open_journal(tmp_path)
    for number in range(3):
        journal.add(f"019a0000-0000-7000-8000-00000000000{number}", "submission", "T001", b"body")
    journal.close()
    config = status_of(tmp_path, central)
    done = kiosk("status", "--config", config, "--language", "en")
    assert done.exit_code == 1
    assert "program             does not run\n" in done.output
    assert "waiting for central 3\n" in done.output
    assert "central platform    reachable\n" in done.output
    chinese = kiosk("status", "--config", config).output
    assert "程序     没有运行\n" in chinese, "the configuration's own language, its columns straight"
    assert "待上报   3 条\n" in chinese


def test_status_without_a_journal_or_a_network(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    done = kiosk("status", "--json", "--config", status_of(tmp_path, url))
    assert done.exit_code == 1
    found = json.loads(done.output)
    assert (found["running"], found["central_reachable"], found["waiting"]) == (False, False, 0)


@pytest.mark.parametrize("content", [b"", b"no database" * 500])
def test_status_with_a_journal_that_nobody_can_read_says_so(tmp_path, central, content):
    (tmp_path / "storage").mkdir()
    (tmp_path / "storage" / "journal.sqlite").write_bytes(content)
    done = kiosk("status", "--config", status_of(tmp_path, central))
    assert done.exit_code == 1
    assert "业务日志无法读取" in done.output


def test_status_without_a_configuration_is_a_wrong_call(tmp_path):
    done = kiosk("status", "--config", tmp_path / "gone.toml")
    assert done.exit_code == 2
    assert "cannot be read" in done.output


# ---- the other commands' words


def commands(command, *path):
    """Every command and group of commands, by what is typed."""
    yield path
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, *path, name)


@pytest.mark.parametrize("arguments", sorted(commands(get_command(app))), ids=" ".join)
def test_every_command_has_help_that_reads_as_usual(arguments):
    """A flag has no value, and none is shown behind it."""
    done = kiosk(*arguments, "--help")
    assert done.exit_code == 0
    assert "Usage:" in done.output
    assert re.search(r"^  --help +Show this message and exit\.$", done.output, re.MULTILINE)
    assert "bool" not in done.output


def test_a_flag_is_shown_alone_and_a_value_with_its_name():
    lines = [line.split() for line in kiosk("selftest", "--help").output.splitlines()]
    assert ["--json", "As", "JSON."] in lines
    assert ["--device", "NAME", "Only", "this", "device."] in lines


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("tour", "nothing"), "there is no service"),
        (("tour", "progress_query", "--language", "fr"), "zh or en"),
        (("status", "--language", "fr"), "zh or en"),
        (("run", "--training", "--config", "x.toml"), "x.toml: cannot be read"),
        (("selftest", "--training", "--config", "x.toml"), "leave --config out"),
        (("dance",), "No such command"),
    ],
)
def test_a_wrong_call_is_said_to_be_one(arguments, words):
    done = kiosk(*arguments)
    assert done.exit_code == 2
    assert words in done.output


def test_run_with_a_wrong_configuration_fails_with_words(tmp_path):
    done = kiosk("run", "--config", written(tmp_path, colour=1))
    assert done.exit_code == 2
    assert "colour" in done.output
