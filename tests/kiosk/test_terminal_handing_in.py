"""Handing in and printing: nothing is lost, nothing is told too early, nothing is printed twice by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest
from kiosk_stage import (
    ACCEPTED,
    ENROLMENT,
    NOT_PRINTED,
    PRINTED,
    PROJECT_NO,
    STROKES,
    UNKNOWN,
    document,
    texts_of,
)

from drivers.base import DriverError
from drivers.print_outcome import PrintOutcome
from drivers.receipt_printer import PrintResult, QrCode, Ticket
from kiosk.journal import JournalUnavailable
from kiosk.view import (
    Back,
    Cancel,
    FaultView,
    HomeView,
    Next,
    OutOfServiceView,
    Phase,
    Pick,
    Signature,
    StartService,
)

# ---- handing in


def test_without_a_network_the_receipt_carries_the_local_number(stage):
    stage.go_to("submit")
    assert stage.body.phase is Phase.WORKING
    stage.wait(6)
    assert stage.body.phase is Phase.DONE
    assert "办件编号稍后生成" in stage.body.message
    stage.wait(1.5)
    assert stage.at == "receipt"
    local_no = stage.outbox.handed_in[0].local_no
    assert local_no in [row.value for row in stage.body.rows]
    assert stage.body.code == f"CKL:{stage.outbox.key}"
    stage.do("printer", PRINTED)
    (paper,) = stage.devices["printer"].printed
    assert any(local_no in text for text in texts_of(paper))
    assert [element.data for element in paper.elements if isinstance(element, QrCode)] == [f"CKL:{stage.outbox.key}"]


def test_the_answer_that_comes_late_changes_nothing_on_the_screen_or_on_the_paper(stage):
    stage.go_to("submit")
    stage.wait(7.5)
    before = replace(stage.view, revision=0)
    stage.outbox.accept()
    stage.wait(2)
    assert replace(stage.view, revision=0) == before
    stage.do("printer", PRINTED)
    assert not any(PROJECT_NO in text for text in texts_of(stage.devices["printer"].printed[0]))


def test_an_answer_that_comes_before_the_journal_s_own_result_is_not_lost(stage):
    stage.outbox.at_once = stage.outbox.accept
    stage.go_to("submit")
    assert stage.body.phase is Phase.DONE
    stage.wait(1.5)
    assert PROJECT_NO in [row.value for row in stage.body.rows]


def test_the_receipt_says_what_central_said(stage):
    stage.go_to("receipt")
    stage.do("printer", PRINTED)
    said = "".join(texts_of(stage.devices["printer"].printed[0]))
    assert PROJECT_NO in said
    assert "2026年11月27日" in said
    assert "110***********002X" in said
    assert "11010519491231002X" not in said


@pytest.mark.parametrize("how", ["stop", "idle", "cancel"])
def test_a_refused_submission_is_told_and_ends_the_visit(stage, how):
    stage.go_to("submit")
    stage.outbox.refuse()
    stage.drain()
    assert isinstance(stage.body, FaultView)
    assert stage.body.message == "系统没有接受这次申请，您的信息没有被提交。"
    assert [choice.id for choice in stage.body.choices] == ["stop"]
    assert stage.view.title == "无法继续办理", "nobody is asked to wait for what does not come"
    stage.touch(Back())
    assert stage.at == "fault"
    if how == "stop":
        stage.touch(Pick("stop"))
    elif how == "cancel":
        stage.touch(Cancel())
    else:
        stage.wait(91)
    assert stage.at == "home"
    assert stage.terminal.last_visit.outcome == "submission_refused"


def test_without_a_journal_nothing_is_told_as_handed_in(stage):
    stage.go_to("sign")
    stage.outbox.trouble = JournalUnavailable("journal.full", "no room")
    stage.touch(Signature(STROKES), Next())
    assert isinstance(stage.body, FaultView)
    assert stage.body.message == "本机暂时不能受理业务"
    messages = [getattr(view.body, "message", "") for view in stage.shown]
    assert not any("提交成功" in message or "已收到" in message for message in messages)
    stage.wait(91)
    assert stage.at == "home"
    assert stage.outbox.handed_in == []


def test_a_journal_that_cannot_be_written_closes_the_terminal_until_it_can(stage):
    stage.watch.well = False
    stage.wait(1)
    assert isinstance(stage.body, OutOfServiceView)
    stage.touch(StartService(ENROLMENT))
    assert stage.at == "out_of_service"
    assert {reason for _, reason in stage.terminal.services_state()} == {"journal.unavailable"}
    stage.watch.well = True
    stage.wait(1)
    assert isinstance(stage.body, HomeView)


def test_who_touches_cancel_while_it_is_handed_in_is_not_told_that_it_was_cancelled(stage):
    stage.background.held = True
    stage.go_to("submit")
    stage.touch(Cancel())
    assert stage.at == "submit"
    stage.background.held = False
    stage.background.release()
    stage.outbox.accept()
    stage.drain()
    stage.wait(1.5)
    assert stage.at == "receipt"


def test_a_bug_in_handing_in_is_told_as_such(make_stage, services):
    stage = make_stage(services=services)
    stage.go_to("sign", document(nationality="nowhere"))
    stage.touch(Signature(STROKES), Next())
    assert stage.body.message == stage.tools.faults.for_citizen("software_error", "zh")
    assert len(stage.background.bugs) == 1


# ---- printing


def phases(stage):
    return [row[0] for row in stage.journal._connection.execute("SELECT phase FROM print_job ORDER BY rowid")]


def test_what_was_not_printed_is_offered_again_and_each_try_is_journalled(stage):
    stage.go_to("receipt")
    stage.do("printer", NOT_PRINTED)
    assert stage.body.phase is Phase.REFUSED
    assert [choice.id for choice in stage.body.choices] == ["retry"]
    assert stage.body.code == ACCEPTED.query_code
    stage.touch(Pick("retry"))
    assert stage.body.phase is Phase.WORKING
    assert stage.body.choices == ()
    stage.do("printer", PRINTED)
    assert stage.body.phase is Phase.DONE
    assert phases(stage) == ["not_printed", "printed"]
    stage.touch(Next())
    assert stage.at == "rate"


@pytest.mark.parametrize("answer", [UNKNOWN, DriverError("printer.disconnected")])
def test_what_may_have_been_printed_is_never_offered_again(stage, answer):
    stage.go_to("receipt")
    stage.do("printer", answer)
    assert stage.body.choices == ()
    assert "无法确认" in stage.body.message
    stage.touch(Pick("retry"))
    assert stage.workers["printer"].waiting() == []
    assert len(stage.devices["printer"].printed) == 1
    assert phases(stage) == ["unknown"]


def test_a_printer_that_is_away_has_surely_printed_nothing(stage):
    stage.go_to("submit")
    stage.outbox.accept()
    stage.wait(1.5)
    stage.lose("printer", "printer.disconnected")
    assert [choice.id for choice in stage.body.choices] == ["retry"]
    stage.touch(Pick("retry"))
    assert stage.body.phase is Phase.REFUSED
    assert phases(stage) == []


def test_a_printer_that_hangs_lets_the_citizen_go_and_prints_nothing_later_that_was_not_begun(stage):
    stage.go_to("receipt")
    stage.wait(36)
    assert stage.body.phase is Phase.REFUSED
    assert [choice.id for choice in stage.body.choices] == ["retry"]
    stage.touch(Pick("retry"))
    stage.do("printer", PRINTED)
    assert stage.body.phase is Phase.DONE
    assert len(stage.devices["printer"].printed) == 1


def test_a_printer_that_hangs_in_the_middle_is_unknown_and_its_late_answer_changes_nothing(stage):
    stage.go_to("receipt")
    job = stage.workers["printer"].jobs.popleft()
    stage.devices["printer"].answers.append(PRINTED)
    result = job.work(stage.devices["printer"], None, job.cancel)
    stage.wait(36)
    assert "无法确认" in stage.body.message
    before = stage.view
    job.done(result)
    stage.drain()
    assert stage.view == before


def test_without_a_journal_nothing_is_printed(stage, monkeypatch):
    stage.go_to("receipt")

    def unavailable(key):
        raise JournalUnavailable("journal.io", "")

    monkeypatch.setattr(stage.journal, "prepare_print", unavailable)
    stage.do("printer")
    assert stage.devices["printer"].printed == []
    assert [choice.id for choice in stage.body.choices] == ["retry"]


def disk_fails_for(stage, monkeypatch, phase):
    """The journal cannot write this one phase; it works again at once."""
    real = stage.journal.set_print_phase

    def fails(job_id, wanted):
        if wanted == phase:
            raise JournalUnavailable("journal.io", "")
        real(job_id, wanted)

    monkeypatch.setattr(stage.journal, "set_print_phase", fails)


def test_a_print_that_ended_is_printed_even_when_the_disk_fails_just_then(stage, monkeypatch):
    stage.go_to("receipt")
    disk_fails_for(stage, monkeypatch, "printed")
    stage.do("printer", PRINTED)
    assert stage.body.phase is Phase.DONE


# ---- a receipt that is held out


HELD_OUT = PrintResult(PrintOutcome.PRINTED, (), 700, Ticket.WAITING)


def take_or_not(stage, *tickets):
    """What the printer sees of its ticket, call by call; it is drawn back when asked for."""
    printer = stage.devices["printer"]
    seen = list(tickets)
    printer.wait_taken = lambda deadline, cancel: seen.pop(0)
    printer.retract = lambda deadline: Ticket.RETRACTED


def tickets_told(stage):
    return [event["ticket"] for event in stage.events("ticket.settled")]


def test_a_receipt_that_is_taken_lets_the_visit_go_on(stage):
    stage.go_to("receipt")
    take_or_not(stage, Ticket.TAKEN)
    stage.do("printer", HELD_OUT)
    assert stage.at == "receipt"
    assert stage.body.phase is Phase.DONE
    stage.do("printer")
    assert stage.at == "rate"
    assert phases(stage) == ["taken"]
    stage.touch(Pick("1"))
    stage.wait(200)
    assert stage.at == "home"
    assert stage.workers["printer"].waiting() == []
    assert tickets_told(stage) == []


def test_a_citizen_is_reminded_of_the_receipt_and_it_is_drawn_back_after_the_visit(stage):
    stage.go_to("receipt")
    take_or_not(stage, *[Ticket.WAITING] * 4)
    stage.do("printer", HELD_OUT)
    said = [stage.body.message]
    for _ in range(2):
        stage.do("printer")
        said.append(stage.body.message)
    assert "取走" in said[0]
    assert said[1] == said[2] == stage.tools.texts.get("zh", "receipt.take_it")
    stage.do("printer")
    assert stage.at == "rate"
    stage.touch(Pick("1"))
    stage.wait(200)
    assert stage.at == "home"
    stage.do("printer")
    assert phases(stage) == ["retracted"]
    assert tickets_told(stage) == ["retracted"]


def test_a_receipt_of_a_visit_that_was_left_is_drawn_back(stage):
    stage.go_to("receipt")
    take_or_not(stage, Ticket.WAITING)
    stage.do("printer", HELD_OUT)
    stage.touch(Next())
    stage.wait(200)
    assert stage.at == "home"
    stage.do("printer")
    assert phases(stage) == ["retracted"]
    assert tickets_told(stage) == ["retracted"]


def test_a_receipt_taken_just_after_the_visit_is_taken(stage):
    stage.go_to("receipt")
    take_or_not(stage, Ticket.TAKEN)
    stage.do("printer", HELD_OUT)
    stage.touch(Next(), Pick("1"))
    stage.wait(200)
    stage.do("printer")
    assert phases(stage) == ["taken"]
    assert tickets_told(stage) == ["taken"]


@pytest.mark.parametrize("became", [Ticket.TAKEN, Ticket.RETRACTED])
def test_what_became_of_a_receipt_is_noted_although_the_disk_failed_when_it_was_printed(stage, monkeypatch, became):
    stage.go_to("receipt")
    disk_fails_for(stage, monkeypatch, "printed")
    take_or_not(stage, became, became)
    stage.do("printer", HELD_OUT)
    assert phases(stage) == ["sent"]
    stage.do("printer")
    assert stage.at == "rate"
    assert phases(stage) == [became.value]


def test_a_receipt_taken_before_anybody_looked_is_noted_although_the_disk_failed_when_it_was_printed(
    stage, monkeypatch
):
    stage.go_to("receipt")
    disk_fails_for(stage, monkeypatch, "printed")
    stage.do("printer", PrintResult(PrintOutcome.PRINTED, (), 700, Ticket.TAKEN))
    assert phases(stage) == ["taken"]


def test_a_receipt_that_the_printer_drew_back_by_itself_is_so_and_not_taken(stage):
    """Its own time is over while the visit still goes on."""
    stage.go_to("receipt")
    take_or_not(stage, Ticket.RETRACTED, Ticket.RETRACTED)
    stage.devices["printer"].retract = None
    stage.do("printer", HELD_OUT)
    stage.do("printer")
    assert stage.at == "rate"
    stage.touch(Pick("1"))
    stage.wait(200)
    stage.do("printer")
    assert phases(stage) == ["retracted"]
    assert tickets_told(stage) == ["retracted"]


def test_a_printer_that_is_away_after_the_visit_leaves_the_ticket_unknown(stage):
    stage.go_to("receipt")
    stage.do("printer", HELD_OUT)
    stage.touch(Next(), Pick("1"))
    stage.wait(200)
    stage.workers["printer"].refuse("printer.not_found")
    stage.drain()
    assert phases(stage) == ["printed"]
    assert tickets_told(stage) == ["unknown"]


def test_half_a_receipt_that_is_held_out_is_drawn_back_too(stage):
    stage.go_to("receipt")
    take_or_not(stage, Ticket.WAITING)
    stage.do("printer", PrintResult(PrintOutcome.UNKNOWN, (), 300, Ticket.WAITING))
    assert stage.body.phase is Phase.REFUSED
    assert stage.body.choices == ()
    stage.touch(Next(), Pick("1"))
    stage.wait(200)
    stage.do("printer")
    assert phases(stage) == ["retracted"]
