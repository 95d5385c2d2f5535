"""The IPP driver against a real ippeveprinter: what came out is compared with what the driver says."""

from __future__ import annotations

import dataclasses
import subprocess
import threading
import time
from uuid import uuid4

import pytest

from drivers.base import CheckOutcome, Deadline, DeviceState, DriverError, SupplyLevel
from drivers.document_printer import JobStanding, PrintOptions
from drivers.ipp.printer import IppPrinter
from drivers.ipp.test_page import test_page as page_for_tests
from drivers.operator import Answer
from drivers.print_outcome import PrintOutcome
from drivers.registry import OptionError, Resources, find
from drivers.sim.ipp_wire import Order, Trouble
from drivers.wire import Direction
from kiosk.config import ASSETS
from kiosk.faults import Catalogue


def within(seconds=20.0):
    return Deadline.after(seconds)


def name():
    return f"test-{uuid4()}"


def document(size=100):
    return b"%PDF-1.4 " + uuid4().hex.encode() + b"\n" * size


def codes(result):
    return {fault.code for fault in result.faults}


def test_a_document_arrives_byte_for_byte_and_once(printer, virtual):
    sent = document(300_000)
    result = printer.print(sent, name(), within())
    assert result.outcome is PrintOutcome.PRINTED
    assert result.printer_job
    assert virtual.papers() == (sent,)


def test_it_says_what_it_is(printer):
    assert printer.identity().model == "Example Printer"
    health = printer.poll(within())
    assert health.state is DeviceState.ONLINE
    assert {supply.level for supply in health.supplies} == {SupplyLevel.OK}


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("media-empty-error", "document_printer.paper_out"),
        ("media-jam-warning", "document_printer.jam"),
        ("cover-open", "document_printer.cover_open"),
        ("toner-empty-report", "document_printer.toner_out"),
        ("marker-supply-empty-error", "document_printer.toner_out"),
        ("input-tray-missing-error", "document_printer.tray_missing"),
        ("marker-waste-full-error", "document_printer.waste_full"),
        ("spool-area-full-error", "document_printer.memory_full"),
        ("paused", "document_printer.paused"),
    ],
)
def test_a_printer_that_cannot_print_gets_no_document(printer, virtual, reason, code):
    virtual.set_state(reason)
    assert {fault.code for fault in printer.poll(within()).faults} == {code}
    result = printer.print(document(), name(), within())
    assert (result.outcome, codes(result)) == (PrintOutcome.NOT_PRINTED, {code})
    virtual.set_state()
    assert printer.poll(within()).state is DeviceState.ONLINE
    assert virtual.papers() == ()


@pytest.mark.parametrize(("reason", "code"), [("media-low", "paper_low"), ("toner-low", "toner_low")])
def test_a_warning_is_told_and_does_not_stop_a_print(printer, virtual, reason, code):
    virtual.set_state(reason)
    health = printer.poll(within())
    assert (health.state, health.faults[0].code) == (DeviceState.DEGRADED, f"document_printer.{code}")
    assert printer.print(document(), name(), within()).outcome is PrintOutcome.PRINTED


def test_a_job_that_does_not_end_is_taken_back_and_not_called_printed(printer, virtual):
    virtual.hold()
    job = name()
    result = printer.print(document(), job, within(5.0))
    assert (result.outcome, codes(result)) == (PrintOutcome.UNKNOWN, {"document_printer.no_answer"})
    virtual.hold(False)
    virtual.wait_idle(within())
    assert printer.find(job, within()) is JobStanding.BROKEN_OFF


@pytest.mark.parametrize("question", ["Get-Jobs", "Cancel-Job", "Get-Printer-Attributes"])
def test_one_question_that_fails_in_the_end_leaves_no_late_job_in_the_printer(printer, virtual, question):
    """The first of this kind after the job was sent meets a cable that is out for a moment."""
    sent, failed = [], []

    def watch(event):
        if event.direction is Direction.OUT:
            if sent and event.shown == question and not failed:
                failed.append(question)
                virtual.wire.order(Order(Trouble.UNPLUGGED))
            elif event.shown == "Print-Job":
                sent.append(event)
        elif event.meaning in Catalogue.load(ASSETS / "faults").entries:
            virtual.wire.clear()

    printer.watcher = watch
    virtual.hold()
    job = name()
    assert printer.print(document(), job, within(5.0)).outcome is PrintOutcome.UNKNOWN
    assert failed == [question]
    virtual.hold(False)
    virtual.wait_idle(within())
    assert printer.find(job, within()) is JobStanding.BROKEN_OFF


def test_a_job_whose_end_is_not_seen_once_it_is_cancelled_is_withdrawn_all_the_same(printer, virtual):
    """The deadline falls into the last look: that is no broken connection."""

    def watch(event):
        if event.direction is Direction.OUT and event.shown == "Get-Job-Attributes":
            virtual.wire.order(Order(Trouble.HANG))

    virtual.hold()
    job = name()
    printer._send(document(), job, PrintOptions(), within())
    printer.watcher = watch
    assert printer.withdraw(job, within(2.0)) is JobStanding.PRINTING
    virtual.wire.clear()
    virtual.hold(False)
    virtual.wait_idle(within())
    assert printer.find(job, within()) is JobStanding.BROKEN_OFF


def test_a_late_job_that_cannot_be_taken_back_is_a_broken_connection_and_reset_takes_it_back(printer, virtual):
    """A result would be final; so whoever asked opens the printer anew, and withdraws the job then."""
    virtual.hold()
    job = name()
    with pytest.raises(DriverError):
        printer.print(document(), job, within(2.0), taken=lambda: virtual.set_plugged(False))
    virtual.set_plugged(True)
    printer.reset(within())
    virtual.hold(False)
    virtual.wait_idle(within())
    assert printer.find(job, within()) is JobStanding.BROKEN_OFF


def test_a_job_that_the_printer_aborts_is_unknown_because_it_had_begun(printer, virtual):
    virtual.fail_jobs()
    result = printer.print(document(), name(), within(5.0))
    assert result.outcome is PrintOutcome.UNKNOWN
    assert codes(result) == {"document_printer.refused"}


def test_a_printer_busy_with_another_terminal_s_document_is_asked_again_until_it_takes_ours(printer, virtual):
    other = IppPrinter(virtual.uri)
    other.open(within())
    virtual.hold()
    refused, done = threading.Event(), []
    printer.watcher = lambda event: refused.set() if event.shown == "0x0507" else None
    theirs, ours = document(), document()
    first = threading.Thread(target=lambda: done.append(other.print(theirs, name(), within(40))))
    first.start()
    until = within()
    while not virtual.busy() and not until.expired:
        threading.Event().wait(0.01)
    second = threading.Thread(target=lambda: done.append(printer.print(ours, name(), within(40))))
    second.start()
    assert refused.wait(20)
    virtual.hold(False)
    for thread in (first, second):
        thread.join(40)
    other.close()
    assert [result.outcome for result in done] == [PrintOutcome.PRINTED] * 2
    assert virtual.papers() == (theirs, ours)


def test_a_job_that_was_completed_with_errors_is_not_called_printed(printer, virtual, monkeypatch):
    ask = printer._client.ask

    def with_errors(*asked):
        answer = ask(*asked)
        jobs = tuple({**job, "job-state-reasons": ["job-completed-with-errors"]} for job in answer.jobs)
        return dataclasses.replace(answer, jobs=jobs)

    monkeypatch.setattr(printer._client, "ask", with_errors)
    result = printer.print(document(), name(), within())
    assert (result.outcome, codes(result)) == (PrintOutcome.UNKNOWN, {"document_printer.refused"})


def test_a_lost_answer_is_unknown_although_the_printer_lists_the_job_as_completed(printer, virtual):
    # The second connection is the one with the document; its answer breaks after 40 bytes.
    virtual.wire.order(Order(Trouble.CUT_ANSWER, at=40, connection=1))
    done = []
    sent = document()
    job = name()
    thread = threading.Thread(target=lambda: done.append(printer.print(sent, job, within())))
    thread.start()
    until = within()
    while not virtual.papers() and not until.expired:
        threading.Event().wait(0.01)
    virtual.wire.clear()
    thread.join(30)
    # Nothing says that the whole of it arrived: the next test shows why that matters.
    assert done[0].outcome is PrintOutcome.UNKNOWN
    assert printer.find(job, within()) is JobStanding.PRINTED
    assert virtual.papers() == (sent,)


def test_a_document_cut_off_on_its_way_never_counts_as_printed(printer, virtual):
    virtual.wire.order(Order(Trouble.CUT_REQUEST, at=50_000, connection=1))
    sent, job = document(400_000), name()
    result = printer.print(sent, job, within(4.0))
    assert result.outcome is PrintOutcome.UNKNOWN
    # ippeveprinter prints the part that came and calls it completed.
    assert printer.find(job, within()) is JobStanding.PRINTED
    assert len(virtual.papers()[0]) < len(sent)


def test_a_printer_switched_off_gets_nothing_and_is_back_after_switching_on(printer, virtual):
    job = name()
    assert printer.print(document(), job, within()).outcome is PrintOutcome.PRINTED
    virtual.power_off()
    result = printer.print(document(), name(), within(3.0))
    assert result.outcome is PrintOutcome.NOT_PRINTED
    with pytest.raises(DriverError):
        printer.poll(within(3.0))
    virtual.power_on()
    assert printer.poll(within()).state is DeviceState.ONLINE
    # Its memory is gone, so not being listed proves nothing.
    assert printer.find(job, within()) is JobStanding.NOT_LISTED
    assert JobStanding.NOT_LISTED.outcome(whole=True) is PrintOutcome.UNKNOWN


def test_power_lost_in_mid_job_is_a_broken_connection(printer, virtual):
    virtual.hold()
    raised = []

    def printing():
        with pytest.raises(DriverError):
            printer.print(document(), name(), within(5.0))
        raised.append(True)

    thread = threading.Thread(target=printing)
    thread.start()
    until = within()
    while not virtual.busy() and not until.expired:
        threading.Event().wait(0.01)
    virtual.power_off()
    thread.join(30)
    virtual.power_on()
    assert raised
    assert virtual.papers() == ()


@pytest.mark.parametrize("trouble", [Trouble.MUTE, Trouble.HANG, Trouble.BABBLE])
def test_every_call_returns_by_its_deadline_from_a_printer_that_never_ends_an_answer(printer, virtual, trouble):
    virtual.wire.order(Order(trouble, noise=b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100))
    for call in (
        lambda: printer.poll(within(0.5)),
        lambda: printer.find("a", within(0.5)),
        lambda: printer.reset(within(0.5)),
        lambda: printer.open(within(0.5)),
    ):
        began = time.monotonic()
        with pytest.raises(DriverError) as error:
            call()
        assert error.value.fault.code in Catalogue.load(ASSETS / "faults").entries
        assert time.monotonic() - began < 10
    assert printer.print(document(), name(), within(0.6)).outcome is PrintOutcome.NOT_PRINTED


def test_closing_from_another_thread_ends_a_call(printer, virtual):
    virtual.wire.order(Order(Trouble.HANG))
    raised = threading.Event()

    def poll():
        try:
            printer.poll(within(60.0))
        except DriverError:
            raised.set()

    thread = threading.Thread(target=poll)
    thread.start()
    until = within()
    while thread.is_alive() and not until.expired:
        printer.close()
        thread.join(0.05)
    assert raised.is_set()
    printer.close()


def test_paper_that_is_not_loaded_is_refused_before_anything_is_sent(printer, virtual):
    result = printer.print(document(), name(), within(), PrintOptions(media="iso_a3_297x420mm"))
    assert (result.outcome, codes(result)) == (PrintOutcome.NOT_PRINTED, {"document_printer.wrong_paper"})
    assert virtual.papers() == ()


@pytest.mark.parametrize("job", ["", "张伟", "a b", "x" * 128])
def test_a_name_that_could_say_who_somebody_is_is_not_sent(printer, virtual, job):
    with pytest.raises(ValueError, match="document"):
        printer.print(document(), job, within())
    with pytest.raises(ValueError, match="PDF"):
        printer.print(b"GIF89a", "a", within())
    assert virtual.papers() == ()


def test_the_wire_is_told_by_operation_and_status_alone(printer, virtual):
    events = []
    printer.watcher = events.append
    job = name()
    printer.print(b"%PDF-1.4 secret-name", job, within())
    told = " ".join(f"{event.shown} {event.meaning}" for event in events)
    assert {"Get-Printer-Attributes", "Print-Job", "Get-Job-Attributes", "0x0000"} <= set(told.split())
    assert "secret" not in told
    assert job not in told


def test_reset_leaves_the_job_of_another_terminal_at_the_same_printer_alone(printer, virtual):
    other = IppPrinter(virtual.uri)
    other.open(within())
    virtual.hold()
    job, done = name(), []
    thread = threading.Thread(target=lambda: done.append(other.print(document(), job, within(20))))
    thread.start()
    end = within(20)
    while printer.find(job, within()) is JobStanding.NOT_LISTED:
        assert not end.expired
    printer.reset(within())
    virtual.hold(False)
    thread.join(25)
    other.close()
    assert done[0].outcome is PrintOutcome.PRINTED


class Technician:
    def __init__(self, answer, before=lambda: None):
        self.cancel = threading.Event()
        self.answer = answer
        self.before = before
        self.asked = []

    def instruct(self, code, about=""):
        self.before()
        self.asked.append(code)
        return self.cancel

    def confirm(self, code, picture=b"", about=""):
        self.asked.append(code)
        return self.answer


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [(Answer.YES, CheckOutcome.PASS), (Answer.NO, CheckOutcome.FAIL), (Answer.UNABLE, CheckOutcome.SKIP)],
)
def test_the_guided_test_prints_a_page_and_asks(printer, virtual, monkeypatch, answer, outcome):
    page = document()  # drawing the real one takes seconds; it is looked at below
    monkeypatch.setattr("drivers.ipp.printer.test_page", lambda fonts: page)
    out_when_told = []
    technician = Technician(answer, lambda: out_when_told.append(virtual.papers()))
    checks = printer.guided_test(technician, within(60.0))
    assert [check.outcome for check in checks] == [CheckOutcome.PASS, outcome]
    assert technician.asked == ["selftest.take_paper", "selftest.is_grid_straight"]
    assert out_when_told == [(page,)], "nobody is sent for a page that is not out yet"


def test_the_self_test_names_what_is_wrong(printer, virtual):
    assert {check.outcome for check in printer.self_test(within())} == {CheckOutcome.PASS}
    virtual.set_state("media-jam", "toner-low")
    found = {check.name: check.outcome for check in printer.self_test(within())}
    assert (found["mechanism"], found["toner"], found["paper"]) == (
        CheckOutcome.FAIL,
        CheckOutcome.WARN,
        CheckOutcome.PASS,
    )


@pytest.mark.parametrize(
    ("reasons", "found"),
    [
        (("toner-low", "marker-supply-empty"), [("toner", "warn", "toner_low"), ("toner", "fail", "toner_out")]),
        (("media-low", "media-empty"), [("paper", "warn", "paper_low"), ("paper", "fail", "paper_out")]),
        (
            ("marker-waste-almost-full", "media-jam"),
            [("mechanism", "warn", "waste_nearly_full"), ("mechanism", "fail", "jam")],
        ),
        (("cover-open", "media-jam"), [("mechanism", "fail", "cover_open"), ("mechanism", "fail", "jam")]),
    ],
)
def test_two_faults_of_one_topic_are_two_checks_each_judged_by_its_own_code(printer, virtual, reasons, found):
    virtual.set_state(*reasons)
    checks = [check for check in printer.self_test(within()) if check.fault is not None]
    told = [(check.name, check.outcome.value, check.fault.code.removeprefix("document_printer.")) for check in checks]
    assert sorted(told) == sorted(found)


def test_nobody_there():
    absent = IppPrinter("ipp://127.0.0.1:1/ipp/print")
    with pytest.raises(DriverError) as error:
        absent.open(within(5.0))
    assert error.value.fault.code == "document_printer.not_found"
    absent.close()


def test_the_registry_makes_it_and_refuses_what_is_no_uri(virtual):
    resources = Resources(ASSETS / "fonts")
    device = find("ipp").make("document_printer", {"uri": virtual.uri}, resources)
    device.open(within())
    device.close()
    with pytest.raises(OptionError):
        find("ipp").make("document_printer", {"uri": "http://printer"}, resources)


def test_the_test_page_shows_the_rare_characters_too(tmp_path):
    path = tmp_path / "page.pdf"
    path.write_bytes(page_for_tests(ASSETS / "fonts"))
    text = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, text=True, check=True).stdout
    assert text.count("𠮷㛃䶮𪨊") == 4
