"""What technicians get of cameras: a trace without content, and the tests that need a hand; and the optional text reader."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import cv2
import numpy as np
import pytest
from paper_frames import paper_frame
from phone_frames import empty_frame
from scripted import ScriptedSource

from drivers.base import Check, CheckOutcome, Deadline, DeviceState, Health
from drivers.camera.document_camera import FrameDocumentCamera
from drivers.camera.ocr import TextReader
from drivers.camera.qr_scanner import CameraQrScanner
from drivers.operator import Answer
from drivers.registry import Resources, check_options, find
from drivers.sim.camera import code_frame
from drivers.wire import WireEvent

NEVER = threading.Event()


class Person:
    """An operator who answers as told, and remembers what was asked."""

    def __init__(self, answer: Answer = Answer.YES, gives_up: bool = False) -> None:
        self.cancel = threading.Event()
        if gives_up:
            self.cancel.set()
        self._answer = answer
        self.asked: list[str] = []
        self.picture = b""
        self.laid = False

    def instruct(self, code: str, about: str = "") -> threading.Event:
        self.asked.append(code)
        return self.cancel

    def confirm(self, code: str, picture: bytes = b"", about: str = "") -> Answer:
        self.asked.append(code)
        self.picture = picture
        return Answer.YES if self.laid and code == "selftest.is_test_page_laid" else self._answer


def test_the_trace_tells_of_frames_and_never_what_they_show() -> None:
    secret = b"GK1:1101010000000000001"
    source = ScriptedSource([empty_frame(0), empty_frame(0), code_frame(secret, 1280, 720)])
    scanner, events = CameraQrScanner(source), list[WireEvent]()
    scanner.watcher = events.append
    assert scanner.scan(source.after(100), NEVER) is not None
    meanings = [event.meaning for event in events]
    assert [meaning.split(", ")[:2] for meaning in meanings] == [
        ["frame 1280x720", "changed"],
        ["frame 1280x720", "unchanged"],
        ["frame 1280x720", "changed"],
    ]
    assert meanings[-1].endswith("rung plain")
    assert all(event.shown == "" and secret.decode() not in event.meaning for event in events)


def test_any_code_that_is_shown_passes() -> None:
    person = Person()
    source = ScriptedSource([code_frame(b"anything", 1280, 720)])
    (check,) = CameraQrScanner(source).guided_test(person, source.after(100))
    assert (check.outcome, check.evidence, person.asked) == (
        CheckOutcome.PASS,
        "qr_code, 8 bytes",
        ["selftest.show_code"],
    )


@pytest.mark.parametrize(("gives_up", "outcome"), [(False, CheckOutcome.FAIL), (True, CheckOutcome.SKIP)])
def test_no_code_fails_and_giving_up_skips(gives_up: bool, outcome: CheckOutcome) -> None:
    source = ScriptedSource([])
    (check,) = CameraQrScanner(source).guided_test(Person(gives_up=gives_up), source.after(1))
    assert check.outcome is outcome
    assert (check.fault.code if check.fault else "") == ("" if gives_up else "code_scanner.no_code_seen")


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [(Answer.YES, CheckOutcome.PASS), (Answer.NO, CheckOutcome.FAIL), (Answer.UNABLE, CheckOutcome.SKIP)],
)
def test_a_person_judges_the_picture(answer: Answer, outcome: CheckOutcome) -> None:
    source, person = ScriptedSource([empty_frame(0)]), Person(answer)
    person.laid = True
    (check,) = FrameDocumentCamera(source).guided_test(person, source.after(10))
    assert (check.outcome, person.asked) == (outcome, ["selftest.is_test_page_laid", "selftest.is_picture_clear"])
    assert check.picture == person.picture
    assert cv2.imdecode(np.frombuffer(check.picture, np.uint8), cv2.IMREAD_COLOR).shape == (360, 640, 3)


@pytest.mark.parametrize("answer", [Answer.NO, Answer.UNABLE])
def test_no_picture_is_taken_before_the_glass_was_cleared(answer: Answer) -> None:
    """A paper that a citizen left there must come into no report."""
    person = Person(answer)
    (check,) = FrameDocumentCamera(ScriptedSource([empty_frame(0)])).guided_test(person, Deadline.after(10))
    assert (check.outcome, check.picture) == (CheckOutcome.SKIP, b"")
    assert person.asked == ["selftest.is_test_page_laid"]


# ---- text


def _jpeg() -> bytes:
    return cv2.imencode(".jpg", np.full((40, 60, 3), 200, np.uint8))[1].tobytes()


def _line(top: float, text: str, sure: float = 0.9) -> list[object]:
    return [[[0, top], [9, top], [9, top + 5], [0, top + 5]], text, sure]


def test_lines_come_from_top_to_bottom_and_doubtful_ones_not() -> None:
    found = [_line(30, "second"), _line(2, "first"), _line(20, "guess", 0.2)]
    reader = TextReader(lambda: lambda image: (found, None))
    assert reader.read(_jpeg(), Deadline.after(20), NEVER) == ("first", "second")
    assert TextReader(lambda: lambda image: (None, None)).read(_jpeg(), Deadline.after(20), NEVER) == ()


def test_a_broken_library_or_picture_gives_nothing() -> None:
    def broken(image: object) -> tuple[object, object]:
        raise RuntimeError("models")

    assert TextReader(lambda: broken).read(_jpeg(), Deadline.after(20), NEVER) is None
    assert TextReader(lambda: lambda image: ([], None)).read(b"rubbish", Deadline.after(20), NEVER) is None


def test_a_slow_reading_is_given_up_and_ends_by_itself() -> None:
    let_go = threading.Event()
    reader = TextReader(lambda: lambda image: (let_go.wait(60), ([], None))[1])
    started = time.monotonic()
    assert reader.read(_jpeg(), Deadline.after(0.05), NEVER) is None
    cancelled = threading.Event()
    cancelled.set()
    assert reader.read(_jpeg(), Deadline.after(60), cancelled) is None, "one at a time"
    assert time.monotonic() - started < 20
    let_go.set()
    limit = Deadline.after(20)
    while (read := reader.read(_jpeg(), limit, NEVER)) is None:
        assert not limit.expired
    assert read == ()


def test_text_is_read_only_where_the_configuration_asks_for_it(tmp_path: Path) -> None:
    check_options("document_camera", {"device": 0, "ocr": True})
    make = find("document_camera").make
    resources = Resources(font_directory=tmp_path)
    assert make("camera", {"ocr": True}, resources).reads_text
    assert not make("camera", {}, resources).reads_text


def _text_check(reader: TextReader) -> Check:
    source = ScriptedSource([empty_frame(0), empty_frame(1)])
    camera = FrameDocumentCamera(source, reader=reader)
    return next(check for check in camera.self_test(source.after(60)) if check.name == "text")


def test_reading_that_is_asked_for_and_not_installed_is_a_warning_and_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """The camera goes on to take pictures; only the self-test can know that nobody compares them."""
    monkeypatch.setattr("drivers.camera.ocr.find_spec", lambda name: None)
    camera = find("document_camera").make("camera", {"ocr": True}, Resources(Path()))
    assert not camera.reads_text
    assert not camera.reads_zone
    check = _text_check(TextReader())
    assert check.outcome is CheckOutcome.WARN
    assert check.fault.code == "document_camera.text_not_installed"
    source = ScriptedSource([empty_frame(0)])
    assert FrameDocumentCamera(source, reader=TextReader()).poll(source.after(10)) == Health(
        DeviceState.ONLINE, observed_at=ANY
    )


def test_the_self_test_proves_that_the_real_library_reads() -> None:
    check = _text_check(TextReader())
    assert check.outcome is CheckOutcome.PASS, check
    assert check.evidence.endswith(" s")


def test_a_camera_that_need_not_read_is_not_asked_to() -> None:
    source = ScriptedSource([empty_frame(0), empty_frame(1)])
    assert "text" not in {check.name for check in FrameDocumentCamera(source).self_test(source.after(60))}


def _cannot_load() -> object:
    raise ImportError("libgomp.so.1: cannot open shared object file")


@pytest.mark.parametrize(
    ("load", "evidence"),
    [
        (_cannot_load, "ImportError: libgomp.so.1"),
        (lambda: lambda image: ([_line(0, "5ELFTEST 246B")], None), "'5ELFTEST 246B' for 'SELFTEST 2468'"),
        (lambda: lambda image: (None, None), "'' for 'SELFTEST 2468'"),
        (lambda: lambda image: 1 / 0, "nothing after"),
    ],
)
def test_a_library_that_does_not_read_is_a_warning_that_says_what_came(load: Any, evidence: str) -> None:
    check = _text_check(TextReader(load))
    assert check.outcome is CheckOutcome.WARN
    assert check.fault.code == "document_camera.text_not_read"
    assert evidence in check.fault.evidence


def test_a_straightened_paper_is_read_by_the_real_library() -> None:
    frame = paper_frame("plain", 3, sheet="a5", table="dark")
    source = ScriptedSource([frame.image])
    camera = FrameDocumentCamera(source, reader=TextReader())
    taken = camera.capture(source.after(30), NEVER)
    lines = camera.read_text(taken.jpeg, Deadline.after(120), NEVER)
    assert lines is not None
    text = "".join(lines)
    assert "居住证明" in text
    assert "11010519491231002X" in text.replace(" ", "") or "1010519491231002X" in text
