"""The command's words: what follows for services, narrow tables in two languages, the report, records, a person at the shell."""

import io
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from threading import Event, Thread
from types import SimpleNamespace

import pytest
from test_selftest_faults import FAULTS, PAPER_OK, printer
from typer.testing import CliRunner

from drivers.base import CheckOutcome, Deadline
from drivers.hall import PrinterAction
from drivers.operator import Answer
from kiosk.cli import app
from kiosk.config import ASSETS, ROOT, WindowSection, parse
from kiosk.devices.desk import DeviceEntry
from kiosk.faults import Catalogue
from kiosk.journey.inspection import check
from kiosk.selftest.closing import closing
from kiosk.selftest.crosses import crosses, judge
from kiosk.selftest.examination import Finding
from kiosk.selftest.person import ShellPerson
from kiosk.selftest.records import MOST_RECORDS, Records, record_of
from kiosk.selftest.words import TEXTS, Words
from kiosk.technician.build import build
from kiosk.texts import Texts
from kiosk.uplink.client import Delivered, Problem, Refused, Unreachable

SERVICES = {path.stem: check(path)[0] for path in (ASSETS / "services").glob("*.toml")}
ENTRIES = tuple(
    DeviceEntry(name, device_class, "toy", lambda: None)
    for name, device_class in (
        ("reader", "card_reader"),
        ("reader_2", "card_reader"),
        ("scanner", "code_scanner"),
        ("printer", "receipt_printer"),
        ("lamp", "io_board"),
    )
)
CLASSES = {entry.name: entry.device_class for entry in ENTRIES}


def words(language="en", entries=ENTRIES, closing=None):
    return Words(Texts(TEXTS), Catalogue.load(ASSETS / "faults"), SERVICES, entries, closing or {}, language)


def line(device, code="", outcome=CheckOutcome.FAIL):
    return Finding(device, CLASSES[device], "toy", "check", outcome, code)


def consequence(finding, *others, language="en"):
    return words(language).of(finding, (finding, *others)).consequence


# ---- what follows


def test_what_was_left_out_says_why():
    """A skipped line without a code: something else failed there, or nobody did it; evidence speaks for itself."""
    skipped = Finding("printer", "receipt_printer", "toy", "grid", CheckOutcome.SKIP)
    assert "failed" in words().of(skipped, (line("printer", "printer.paper_out"), skipped)).reason
    assert "not done" in words().of(skipped, (line("reader", "card_reader.not_found"), skipped)).reason
    assert words().of(replace(skipped, evidence="no fonts"), ()).reason == ""


def test_the_only_device_of_its_class_takes_services_with_it():
    said = consequence(line("printer", "printer.paper_out"))
    assert said.startswith("Not available: ")
    enrolment = SERVICES["medical_insurance_enrolment"].title
    assert enrolment.in_language("en") in said
    assert SERVICES["progress_query"].title.in_language("en") not in said
    assert enrolment.in_language("zh") in consequence(line("printer", "printer.paper_out"), language="zh")


def test_another_device_of_the_class_stands_in_until_it_fails_too():
    first, second = line("reader", "card_reader.not_found"), line("reader_2", "card_reader.not_found")
    said = consequence(first)
    assert "goes on with reader_2" in said
    assert Catalogue.load(ASSETS / "faults").entry("card_reader.not_found").operator_en in said
    assert consequence(first, second).startswith("Not available: ")


def test_a_warning_and_a_device_that_no_service_needs_leave_service_as_it_is():
    assert (
        consequence(line("printer", "printer.paper_low", CheckOutcome.WARN))
        == "Service goes on, but: Receipt printer: paper low"
    )
    assert consequence(line("lamp", "io_board.not_found")).startswith("Service goes on, but: ")
    assert consequence(line("printer", "", CheckOutcome.PASS)) == ""


def test_of_a_device_without_a_driver_all_that_lacks_a_device_is_told():
    """Nobody can say what it would be; here nothing else is the receipt printer."""
    strange = Finding("hall", "", "gone", "connection", CheckOutcome.FAIL, "device.driver_broken")
    entries = (
        *(entry for entry in ENTRIES if entry.device_class != "receipt_printer"),
        DeviceEntry("hall", "", "", int),
    )
    said = words(entries=entries).of(strange, (strange,))
    assert SERVICES["medical_insurance_enrolment"].title.in_language("en") in said.consequence
    assert SERVICES["progress_query"].title.in_language("en") not in said.consequence


def test_a_warning_beside_a_failure_of_the_same_device_does_not_say_that_service_goes_on():
    low, open_cover = line("printer", "printer.paper_low", CheckOutcome.WARN), line("printer", "printer.cover_open")
    assert consequence(low, open_cover) == ""
    assert consequence(open_cover, low).startswith("Not available: ")
    assert (
        consequence(low, line("reader", "card_reader.not_found")) == "Service goes on, but: Receipt printer: paper low"
    )


# ---- nobody is served at all


def configuration_of(folder, out_of_service_when_open=True, **devices):
    """A configuration, and its devices' entries."""
    data = {
        "profile": "production",
        "terminal": {"id": "T-1", "site": "示例大厅", "site_en": "Example hall"},
        "central": {"url": "http://127.0.0.1:9", "token_file": folder / "token"},
        "storage": {"directory": folder},
        "services": {"offered": ()},
        "cabinet": {"out_of_service_when_open": out_of_service_when_open},
        "devices": {name: {"driver": "toy", "options": options} for name, (_device_class, options) in devices.items()},
    }
    entries = tuple(DeviceEntry(name, device_class, "toy", int) for name, (device_class, _) in devices.items())
    return parse(data, "kiosk.toml"), entries


def terminal_of(folder, **choices):
    """A terminal's devices, and what closes it."""
    configuration, entries = configuration_of(folder, **choices)
    return entries, closing(configuration, entries)


@pytest.mark.parametrize(
    ("device", "code", "outcome", "said"),
    [
        ("board", "io_board.door_open", CheckOutcome.WARN, "The whole terminal is out of service"),
        ("board", "io_board.tamper", CheckOutcome.FAIL, "The whole terminal is out of service"),
        ("ups", "power.battery_low", CheckOutcome.WARN, "The whole terminal is out of service"),
        ("disk", "storage.read_only", CheckOutcome.FAIL, "The whole terminal is out of service"),
        (
            "disk",
            "storage.full",
            CheckOutcome.FAIL,
            "The whole terminal is out of service once the journal has no room",
        ),
        ("panel", "touch_panel.not_found", CheckOutcome.FAIL, "Nobody can work this terminal"),
        ("touch_panel", "crosses.none", CheckOutcome.FAIL, "Nobody can work this terminal"),
        ("touch_panel", "crosses.missed", CheckOutcome.FAIL, "Nobody can work this terminal"),
        ("board", "io_board.light_dark", CheckOutcome.WARN, "Service goes on, but: Guide light dark"),
        ("board_2", "io_board.tamper", CheckOutcome.FAIL, "Service goes on with board, but: Tamper alarm"),
        ("other_disk", "storage.read_only", CheckOutcome.FAIL, "Service goes on, but: Disk read-only"),
    ],
)
def test_a_fault_that_closes_the_terminal_never_says_that_service_goes_on(tmp_path, device, code, outcome, said):
    """The cabinet heeds the first board only; a disk without the journal takes nothing away."""
    classes = {"board": "io_board", "board_2": "io_board", "ups": "power_supply", "panel": "touch_panel"}
    devices = {name: (device_class, {}) for name, device_class in classes.items()}
    disks = {"disk": ("storage", {"directory": str(tmp_path)}), "other_disk": ("storage", {"directory": "/proc"})}
    entries, closes = terminal_of(tmp_path, **devices, **disks)
    found = Finding(device, classes.get(device, "storage"), "toy", "check", outcome, code)
    assert words(entries=entries, closing=closes).of(found, (found,)).consequence == said


def test_an_open_door_that_the_configuration_lets_pass_closes_nothing(tmp_path):
    entries, closes = terminal_of(tmp_path, out_of_service_when_open=False, lamp=("io_board", {}))
    found = line("lamp", "io_board.door_open", CheckOutcome.WARN)
    assert words(entries=entries, closing=closes).of(found, (found,)).consequence.startswith("Service goes on, but: ")


def test_beside_a_fault_that_closes_the_terminal_no_other_line_says_that_service_goes_on(tmp_path):
    entries, closes = terminal_of(tmp_path, ups=("power_supply", {}), printer=("receipt_printer", {}))
    low = line("printer", "printer.paper_low", CheckOutcome.WARN)
    empty = Finding("ups", "power_supply", "toy", "check", CheckOutcome.FAIL, "power.battery_low")
    assert words(entries=entries, closing=closes).of(low, (low, empty)).consequence == ""


def test_technician_mode_says_the_same(tmp_path):
    """Its findings are told with the terminal's own configuration, as the command's are."""
    configuration, entries = configuration_of(tmp_path, ups=("power_supply", {}))
    desk = SimpleNamespace(entries=entries)
    catalogue = Catalogue.load(ASSETS / "faults")
    _, painter = build(configuration, None, desk, None, None, SERVICES, catalogue, int, int)
    empty = Finding("ups", "power_supply", "toy", "check", CheckOutcome.FAIL, "power.battery_low")
    assert painter.words("zh").of(empty, (empty,)).consequence == "整机暂停服务"


# ---- the command


def test_the_table_says_everything_in_both_languages_and_fits_sixty_columns(tested):
    with printer(tested, PrinterAction.PAPER_OUT, PAPER_OK):
        english = tested.run()  # the configuration's own language
        chinese = tested.run("--language", "zh")
    assert english["code"] == chinese["code"] == 1
    for text in ("✗ fail", "The paper is out", "printer.paper_out", "Not available", "Put in a new roll"):
        assert text in english["out"]
    for text in ("✗ 故障", "打印纸用完", "无法办理", "换上新纸卷"):
        assert text in chinese["out"]
    assert max(len(row) for row in english["out"].splitlines()) <= 100
    every = len(tested.devices())
    assert f"[{every}/{every}]" in english["err"]
    assert tested.run()["code"] == 0


def test_without_a_language_it_speaks_the_configuration_s(tested):
    path = tested.configure("chinese.toml")
    path.write_text(path.read_text(encoding="utf-8").replace('language = "en"', 'language = "zh"'), encoding="utf-8")
    assert "✓ 通过" in tested.run("--device", "disk", config=path)["out"]
    assert "✓ pass" in tested.run("--device", "disk", "--language", "en", config=path)["out"]


def test_json_has_its_keys_and_stdout_nothing_else(tested):
    (reader, *_) = [each for each in tested.lines() if each["device"] == "card_reader"]
    assert set(reader) == {
        *("device", "class", "driver", "identity", "check", "outcome", "code", "reason", "consequence", "remedy"),
        "evidence",
    }
    assert (reader["class"], reader["driver"]) == ("card_reader", "virtual_pcsc")
    assert reader["identity"]["model"].startswith("Virtual Card Reader")


def test_one_device_alone_and_one_that_is_not_there(tested):
    assert {each["device"] for each in tested.lines("--device", "disk")} == {"disk"}
    wrong = tested.run("--device", "toaster")
    assert wrong["code"] == 2
    assert "there are card_reader" in wrong["err"]


def test_services_that_cannot_be_read_do_not_stop_the_self_test(tested):
    path = tested.configure("broken.toml")
    path.write_text(path.read_text().replace('"progress_query"', '"no_such_service"'))
    done = tested.run("--json", "--device", "disk", config=path)
    assert done["code"] == 0
    assert "kiosk config check" in done["err"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--language", "de"),
        ("--soak", "often"),
        ("--soak", "25h"),
        ("--faults",),
        ("--soak", "5s", "--interactive"),
        ("--config", "/nowhere.toml"),
    ],
)
def test_a_wrong_call_is_said_and_ends_with_two(arguments):
    assert CliRunner().invoke(app, ["selftest", *arguments]).exit_code == 2


def test_the_report_is_one_file_with_the_pictures_in_it(tested, tmp_path):
    report = tmp_path / "report.html"
    with FAULTS["cover open"][1](tested):
        assert tested.run("--report", report, "--language", "zh")["code"] == 1
    text = report.read_text(encoding="utf-8")
    assert 'lang="zh-CN"' in text
    assert "printer.cover_open" in text
    assert '<p class="evidence"><b>依据</b> ' in text, "a remedy may ask for what stands there"
    assert "无法办理" in text
    assert "示例大厅" in text
    assert "http://" not in text
    assert "src=" not in text or 'src="data:image/' in text
    assert tested.run("--device", "disk", "--report", tmp_path / "no" / "folder.html")["code"] == 2


# ---- a person at the shell


def test_a_guided_check_asks_at_the_shell_and_shows_its_picture(tested):
    path = tested.configure()
    command = [sys.executable, "-m", "kiosk.cli", "selftest", "--config", str(path), "--device", "document_camera"]
    done = subprocess.run(
        [*command, "--interactive", "--json"],
        cwd=ROOT,
        env=tested.environment,
        input="\nn\n",
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    light = [each for each in json.loads(done.stdout) if each["check"] == "light"]
    assert [each["outcome"] for each in light] == ["fail"]
    assert "→ Is the light at" in done.stderr
    assert ".png" in done.stderr


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        (b"y\n", Answer.YES),
        (b"\nNO\n", Answer.NO),
        ("是\n".encode(), Answer.YES),
        (b"?\n", Answer.UNABLE),
        (b"", Answer.UNABLE),
    ],
)
def test_answers(typed, answer):
    read, write = os.pipe()
    os.write(write, typed)
    os.close(write)
    try:
        person = ShellPerson(words(), io.StringIO(), read)
        assert person.ask("selftest.is_paper_cut", "", b"", Deadline.after(10), Event()) is answer
    finally:
        os.close(read)


def test_a_question_ends_when_the_examination_is_cancelled():
    read, write = os.pipe()
    person = ShellPerson(words(), io.StringIO(), read)
    answers, ended, given_up = [], Event(), Event()

    def ask():
        answers.append(person.ask("selftest.is_paper_cut", "", b"", Deadline.after(60), given_up))
        ended.set()

    Thread(target=ask, daemon=True).start()
    given_up.set()
    assert ended.wait(10)
    assert answers == [Answer.UNABLE]
    os.close(write)
    os.close(read)


def test_at_a_keyboard_an_instruction_can_be_skipped_and_what_was_typed_before_a_question_is_no_answer():
    keyboard, end = os.openpty()
    shown = io.StringIO()
    person = ShellPerson(words(), shown, end)
    try:
        skipped = Event()
        person.show("selftest.put_card", "", skipped)
        os.write(keyboard, b"what?\ns\n")
        assert skipped.wait(10)
        assert "s and Enter" in shown.getvalue()
        os.write(keyboard, b"y\n")
        answers = []
        asked = Thread(
            target=lambda: answers.append(
                person.ask("selftest.is_light_on", "card_reader", b"", Deadline.after(20), Event())
            )
        )
        asked.start()
        until(lambda: "Is the light at the card reader on?" in shown.getvalue())
        os.write(keyboard, b"n\n")
        asked.join(20)
        assert answers == [Answer.NO]
    finally:
        person.rest()
        os.close(keyboard)
        os.close(end)


def test_a_question_that_nobody_answers_ends_in_time():
    read, write = os.pipe()
    person = ShellPerson(words(), io.StringIO(), read)
    assert person.ask("selftest.is_paper_cut", "", b"", Deadline.after(0.05), Event()) is Answer.UNABLE
    os.close(write)
    os.close(read)


def until(reached):
    end = Deadline.after(10)
    while not reached():
        assert not end.expired


def test_pictures_that_were_shown_are_removed_also_when_the_technician_breaks_off(tested, tmp_path):
    path = tested.configure()
    command = [sys.executable, "-m", "kiosk.cli", "selftest", "--config", str(path), "--device", "document_camera"]
    environment = {**tested.environment, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [*command, "--interactive"], cwd=ROOT, env=environment, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        seen = ""
        while "? Is the light" not in seen:
            seen += process.stderr.read(1)
        assert list(tmp_path.glob("kiosk-selftest-*/*.png"))
        process.send_signal(signal.SIGINT)
        process.stderr.read()
        assert process.wait(30) == 130
    assert not list(tmp_path.glob("kiosk-selftest-*"))


# ---- the crosses' judgement


def test_without_a_screen_the_crosses_are_skipped_with_a_reason(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    (check,) = crosses(WindowSection()).run(None, Deadline.after(1))
    assert (check.outcome, check.fault.code) == (CheckOutcome.SKIP, "crosses.no_screen")


def touches(*distances):
    return {"width": 1080, "height": 1920, "touches": [{"distance": each} for each in distances]}


@pytest.mark.parametrize(
    ("result", "outcome", "code"),
    [
        (touches(3, 4, 5, 6, 7), CheckOutcome.PASS, ""),
        (touches(3, 4, 60, 6, 7), CheckOutcome.WARN, "crosses.inaccurate"),
        (touches(3, 4), CheckOutcome.FAIL, "crosses.missed"),
        (touches(), CheckOutcome.FAIL, "crosses.none"),
    ],
)
def test_the_crosses_are_judged(result, outcome, code):
    found = judge(result, b"picture")
    assert (found.outcome, found.fault.code if found.fault else "", found.picture) == (outcome, code, b"picture")


# ---- records


def kept(tmp_path, number=1, **changes):
    from datetime import UTC, datetime, timedelta

    records = Records(tmp_path)
    findings = (line("printer", "printer.paper_out"), line("reader", "", CheckOutcome.PASS))
    for index in range(number):
        taken_at = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(minutes=index)
        records.keep(record_of(findings, "T-1", taken_at, guided=False))
    return records


def test_records_are_kept_without_pictures_and_not_more_than_fifty(tmp_path):
    records = kept(tmp_path, MOST_RECORDS + 3)
    found = records.all()
    assert len(found) == MOST_RECORDS
    assert found[0].taken_at.minute == 3
    assert found[0].outcome == "fail"
    assert [each.code for each in found[0].lines] == ["printer.paper_out", ""]
    assert (tmp_path / "selftests").stat().st_mode & 0o077 == 0


def test_what_central_has_is_not_sent_again_and_what_it_has_not_waits(tmp_path):
    records, sent = kept(tmp_path, 3), []
    answers = iter((Delivered(), Unreachable("connection")))

    def send(record):
        sent.append(record.record_id)
        return next(answers)

    assert isinstance(records.deliver(send), Unreachable)
    assert records.waiting() == 2
    assert records.deliver(lambda record: sent.append(record.record_id) or Delivered()) is None
    assert records.waiting() == 0
    assert len(set(sent)) == 3
    assert len(sent) == 4
    assert len(records.all()) == 3


def test_a_record_that_central_refuses_or_nobody_can_read_does_not_hold_up_the_others(tmp_path):
    records = kept(tmp_path, 2)
    (tmp_path / "selftests" / "0-broken.waiting.json").write_text("{")
    refused = Refused(422, Problem(code="invalid"))
    assert records.deliver(lambda record: refused) is refused
    assert records.deliver(lambda record: Delivered()) is None
    assert records.waiting() == 0


def test_a_record_that_cannot_be_read_now_stays_for_later(tmp_path):
    """It was not refused by anybody; who may read it sends it."""
    (tmp_path / "selftests" / "20260101T000000000000-00000000.waiting.json").mkdir(parents=True)
    assert Records(tmp_path).deliver(lambda record: pytest.fail("there is nothing to send")) is None
    assert Records(tmp_path).waiting() == 1


def test_each_run_leaves_a_record(tested, tmp_path):
    path = tested.configure("records.toml", storage=tmp_path)
    done = tested.run("--device", "disk", "--language", "zh", config=path)
    assert "记录已保存，暂时无法上报" in done["err"]
    (record,) = Records(tmp_path).all()
    assert (record.terminal_id, record.guided, record.outcome) == ("T-1", False, "pass")
    assert {each.device for each in record.lines} == {"disk"}


def test_a_storage_that_cannot_be_written_is_said(tested, tmp_path):
    (tmp_path / "selftests").write_text("in the way")
    done = tested.run("--device", "disk", config=tested.configure("full.toml", storage=tmp_path))
    assert done["code"] == 0
    assert "cannot be kept" in done["err"]
