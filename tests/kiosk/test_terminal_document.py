"""The document step at the terminal: printed once, sealed, journalled; skipped where there is nothing to print or to print on."""

from __future__ import annotations

import subprocess

import pytest
from kiosk_stage import ACCEPTED, CLASSES, ENROLMENT, ONLINE, Stage, document, with_policy

from drivers.base import DeviceState, DriverError, Fault, Health
from drivers.document_printer import DocumentPrintResult
from drivers.print_outcome import PrintOutcome
from drivers.receipt_printer import PrintResult
from kiosk.documents.job import DocumentJobs, JobPhase
from kiosk.documents.stock import Stock
from kiosk.documents.store import DATABASE, DocumentStore, DocumentStoreError
from kiosk.view import Next, Phase, Pick

STEP = "notice_of_acceptance"
PRINTED = DocumentPrintResult(PrintOutcome.PRINTED)
NO_PAPER = DocumentPrintResult(PrintOutcome.NOT_PRINTED, (Fault("document_printer.paper_out"),))
UNKNOWN = DocumentPrintResult(PrintOutcome.UNKNOWN, (Fault("document_printer.no_answer"),))


@pytest.fixture
def stage(tmp_path):
    stage = Stage(tmp_path, classes={**CLASSES, "a4": "document_printer"}, training=True)
    stage.directory = tmp_path
    yield stage
    stage.close()


def to_document(stage):
    stage.go_to("receipt")
    stage.do("printer", PrintResult(PrintOutcome.PRINTED))
    stage.touch(Next())


def phases(stage):
    store = DocumentStore(stage.directory / DATABASE)
    try:
        return [job.phase for job in DocumentJobs(store, Stock(store)).jobs()]
    finally:
        store.close()


def text_of(pdf):
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True, timeout=30)
    return done.stdout.decode()


def test_a_case_with_a_number_gets_its_notice_on_paper_once(stage):
    to_document(stage)
    assert (stage.at, stage.body.phase) == (STEP, Phase.WORKING)
    stage.do("a4", PRINTED)
    assert stage.body.phase is Phase.DONE
    assert "文件出纸口" in stage.body.message
    assert phases(stage) == [JobPhase.PRINTED]
    (pdf,) = stage.devices["a4"].printed
    text = text_of(pdf)
    for expected in (
        "受理通知书",
        "张伟样",
        "110***********002X",
        ACCEPTED.project_no,
        "2026年11月27日",
        "居住证明",
        "未加盖印章",
    ):
        assert expected in text.replace("\n", "") or expected in text, expected
    assert "训练文件" in text
    assert "11010519491231002X" not in text
    stage.wait(13)
    assert stage.at == "rate"


def test_the_visit_s_record_and_the_log_tell_what_became_of_it(stage):
    to_document(stage)
    stage.do("a4", UNKNOWN)
    (event,) = stage.events("print.failed")
    assert (event["outcome"], event["code"]) == ("unknown", "document_printer.no_answer")
    stage.touch(Next(), Pick("1"), Next())
    assert [entry["outcome"] for entry in stage.terminal.last_visit.prints] == ["printed", "unknown"]


def test_while_the_number_is_not_there_no_notice_can_be(stage):
    """The network is down: the receipt promises the number, and nothing is printed about a case that has none."""
    stage.go_to("submit")
    stage.wait(8)
    stage.do("printer", PrintResult(PrintOutcome.PRINTED))
    stage.touch(Next())
    assert stage.at == "rate"
    assert stage.workers["a4"].waiting() == []


@pytest.mark.parametrize("code", ["document_printer.paper_out", "document_printer.not_found"])
def test_a_printer_that_cannot_print_is_passed_over_without_a_word(stage, code):
    stage.health("a4", Health(DeviceState.FAULT, (Fault(code),)))
    to_document(stage)
    assert stage.at == "rate"


def test_a_terminal_without_such_a_printer_never_shows_the_step(tmp_path):
    stage = Stage(tmp_path)
    to_document(stage)
    assert stage.at == "rate"
    assert STEP not in {view.step for view in stage.shown}
    stage.close()


def test_a_service_that_cannot_do_without_it_waits_for_the_printer(stage, tmp_path):
    service = with_policy(stage.services[ENROLMENT], STEP, on_fault="wait")
    (tmp_path / "other").mkdir()
    other = Stage(tmp_path / "other", {ENROLMENT: service}, {**CLASSES, "a4": "document_printer"})
    other.health("a4", Health(DeviceState.FAULT, (Fault("document_printer.paper_out"),)))
    to_document(other)
    assert other.at == "fault"
    other.health("a4", ONLINE)
    other.wait(2)
    assert (other.at, other.body.phase) == (STEP, Phase.WORKING)
    other.close()


def test_what_was_not_printed_is_offered_again_as_a_job_of_its_own(stage):
    to_document(stage)
    stage.do("a4", NO_PAPER)
    assert [choice.id for choice in stage.body.choices] == ["retry"]
    stage.touch(Pick("retry"))
    stage.do("a4", PRINTED)
    assert stage.body.phase is Phase.DONE
    assert phases(stage) == [JobPhase.NOT_PRINTED, JobPhase.PRINTED]


@pytest.mark.parametrize("answer", [UNKNOWN, DriverError("document_printer.disconnected")])
def test_what_may_have_been_printed_is_never_printed_again(stage, answer):
    to_document(stage)
    stage.do("a4", answer)
    assert stage.body.choices == ()
    assert "无法确认" in stage.body.message
    stage.touch(Pick("retry"))
    assert stage.workers["a4"].waiting() == []
    assert len(stage.devices["a4"].printed) == 1


def test_a_printer_that_hangs_lets_the_citizen_go(stage):
    to_document(stage)
    stage.wait(71)
    assert stage.body.phase is Phase.REFUSED
    assert [choice.id for choice in stage.body.choices] == ["retry"]
    stage.touch(Next())
    assert stage.at == "rate"
    assert stage.workers["a4"].waiting() == []


def test_nothing_is_printed_that_cannot_be_written_down(stage):
    (stage.directory / DATABASE).mkdir()
    to_document(stage)
    stage.do("a4")
    assert stage.devices["a4"].printed == []
    assert [choice.id for choice in stage.body.choices] == ["retry"]
    assert stage.events("print.failed")[0]["code"] == "document.cannot_note"


def test_a_disk_that_fails_after_the_sheet_came_out_does_not_deny_the_sheet(stage, monkeypatch):
    to_document(stage)
    monkeypatch.setattr(DocumentJobs, "_settle", _full_disk)
    stage.do("a4", PRINTED)
    assert stage.body.phase is Phase.DONE
    assert phases(stage) == [JobPhase.SENT]


def test_a_character_that_no_face_has_prints_nothing_rather_than_a_box(stage):
    stage.go_to("receipt", holder=document(name="张\U0010fffd"))
    stage.do("printer", PrintResult(PrintOutcome.PRINTED))
    stage.touch(Next())
    stage.do("a4")
    assert stage.devices["a4"].printed == []
    (event,) = stage.events("print.failed")
    assert event["code"] == "document.cannot_draw"
    assert "\U0010fffd" not in stage.stream.getvalue()


def _full_disk(jobs, name, outcome):
    raise DocumentStoreError("disk full")
