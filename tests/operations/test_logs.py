"""No log line can hold what the catalogue does not list, and what the program writes is listed."""

from __future__ import annotations

import ast
import io
import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from kiosk.logs import EVENTS_FILE, EventLog, UnlistedError, load_events

ROOT = Path(__file__).resolve().parents[2]
NAME = "张伟样"
NUMBER = "11010519491231002X"


@pytest.fixture
def stream():
    return io.StringIO()


def lines(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_line_of_json_with_time_and_severity(stream):
    EventLog(stream, lambda: 1_795_320_000.25, strict=True).event("device.changed", device="printer", state="online")
    assert stream.getvalue().count("\n") == 1
    assert lines(stream) == [
        {
            "at": "2026-11-22T04:00:00.250+00:00",
            "severity": "info",
            "event": "device.changed",
            "device": "printer",
            "state": "online",
        }
    ]


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        ("session.began", {}),
        ("link.lost", {"reason": "tls"}),
        ("link.lost", {"code": NAME}),
        ("link.lost", {"code": NUMBER}),
        ("link.lost", {"code": "13800138000"}),
        ("link.lost", {"code": "two words"}),
        ("link.lost", {"code": "x" * 81}),
        ("link.lost", {"code": 7}),
        ("link.back", {"lost_seconds": "7"}),
        ("link.back", {"lost_seconds": True}),
        ("program.started", {"training": 1}),
        ("journal.tampered", {"key": NUMBER}),
    ],
)
def test_what_is_not_listed_is_an_error_in_tests_and_left_out_and_reported_in_production(stream, event, fields):
    with pytest.raises(UnlistedError):
        EventLog(stream, lambda: 0.0, strict=True).event(event, **fields)
    assert stream.getvalue() == ""
    EventLog(stream, lambda: 0.0).event(event, **fields)
    written = lines(stream)
    assert written[0]["event"] == "log.refused"
    assert written[0]["refused_event"] == event
    for line in written[1:]:
        assert set(line) == {"at", "severity", "event"}
    for secret in (NAME, NUMBER, "1949", "138001", "two words"):
        assert secret not in stream.getvalue()


def test_the_good_fields_of_an_event_with_a_bad_one_are_kept(stream):
    EventLog(stream, lambda: 0.0).event("device.changed", device="printer", colour="red")
    assert [line["event"] for line in lines(stream)] == ["log.refused", "device.changed"]
    assert lines(stream)[1]["device"] == "printer"


def test_a_change_is_written_once_until_it_changes_again(stream):
    log = EventLog(stream, lambda: 0.0, strict=True)
    states = ["online", "online", "fault", "fault", "online"]
    written = [log.change("printer", state, "device.changed", device="printer", state=state) for state in states]
    assert written == [True, False, True, False, True]
    assert [line["state"] for line in lines(stream)] == ["online", "fault", "online"]
    assert log.forget("printer") is True
    assert log.forget("printer") is False
    assert log.change("printer", "online", "device.changed", device="printer", state="online") is True


def test_a_log_that_cannot_be_written_stops_nobody_and_says_later_how_much_is_missing(stream):
    class Full(io.StringIO):
        full = True

        def write(self, text):
            if self.full:
                raise OSError(28, "No space left on device")
            return super().write(text)

    full = Full()
    log = EventLog(full, lambda: 0.0, strict=True)
    for _ in range(3):
        log.event("journal.back")
    full.full = False
    log.event("link.back", lost_seconds=1)
    assert [(line["event"], line.get("count")) for line in lines(full)] == [("log.lines_lost", 3), ("link.back", None)]
    full.close()
    log.event("journal.back")


def test_threads_never_tear_each_others_lines(stream):
    log = EventLog(stream, lambda: 0.0, strict=True)

    def write():
        for _ in range(200):
            log.event("link.lost", code="connection")

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(lines(stream)) == 800


CRASHES = f"""
import gc, sys, threading, time
from kiosk.logs import EventLog

log = EventLog(sys.stderr, time.time, strict=True)
log.catch_uncaught()

def work():
    raise ValueError("{NAME} {NUMBER}")

class Dying:
    def __del__(self):
        raise KeyError("{NAME} {NUMBER}")

thread = threading.Thread(target=work, name="card reader 1")
thread.start()
thread.join()
dying = Dying()
del dying
gc.collect()
import json
json.loads("{NUMBER}{NAME}")
"""


def test_every_uncaught_exception_is_an_event_without_its_message(tmp_path):
    script = tmp_path / "crashing.py"
    script.write_text(CRASHES, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=30, cwd=ROOT, check=False
    )
    assert done.returncode == 1
    written = [json.loads(line) for line in done.stderr.splitlines()]
    assert [(line["event"], line["type"]) for line in written] == [
        ("program.crashed", "ValueError"),
        ("program.crashed", "KeyError"),
        ("program.crashed", "JSONDecodeError"),
    ]
    assert written[0]["thread"] == "card_reader_1"
    assert written[0]["file"].endswith("crashing.py")
    assert written[0]["line"] == CRASHES.splitlines().index(f'    raise ValueError("{NAME} {NUMBER}")') + 1
    assert NAME not in done.stderr
    assert NUMBER not in done.stderr


def test_a_crash_inside_a_library_names_our_line(stream):
    log = EventLog(stream, lambda: 0.0, strict=True)
    try:
        json.loads("{")
    except json.JSONDecodeError as error:
        log.crash(error)
    assert lines(stream)[0]["file"] == "tests/operations/test_logs.py"


def written_events():
    """Every event that the source writes: (file and line, name, fields)."""
    positions = {"event": 0, "change": 2}
    for file in sorted(ROOT.glob("kiosk/**/*.py")) + sorted(ROOT.glob("screens/**/*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            owner = node.func.value
            called = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
            position = positions.get(node.func.attr)
            if position is None or (called.lstrip("_") != "log" and not (file.name == "logs.py" and called == "self")):
                continue
            name = node.args[position] if len(node.args) > position else None
            if isinstance(name, ast.Constant):
                yield f"{file.relative_to(ROOT)}:{node.lineno}", name.value, {word.arg for word in node.keywords}


def test_the_program_writes_only_listed_events_and_fields_and_lists_only_what_it_writes():
    events = load_events()
    found = list(written_events())
    wrong = [
        f"{where}: {name} {sorted(fields)}"
        for where, name, fields in found
        if name not in events or not fields <= set(events[name].fields)
    ]
    assert wrong == []
    by_itself = {"log.refused", "log.lines_lost"}
    assert set(events) - {name for _, name, _ in found} - by_itself == set()


@pytest.mark.parametrize(
    "text",
    [
        '["a"]\nseverity = "info"\nmeaning = "x"\n',
        '["a"]\nseverity = "fatal"\nmeaning = "x"\nfields = {}\n',
        '["a"]\nseverity = "info"\nmeaning = "x"\nfields = { text = "anything" }\n',
        '["a"]\nseverity = "info"\nmeaning = "x"\nfields = { event = "code" }\n',
        '["a"]\nseverity = "info"\nmeaning = "x"\nfields = {}\nextra = 1\n',
    ],
)
def test_a_catalogue_that_is_not_whole_is_refused(tmp_path, text):
    path = tmp_path / "events.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="event a"):
        load_events(path)
    assert load_events(EVENTS_FILE)
