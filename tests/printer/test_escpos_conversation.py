"""Answers that come late, unasked or too many are never taken for answers to another question."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from printer_bench import FONTS, ScriptedPrinter

from drivers.base import DriverError
from drivers.escpos.conversation import Conversation
from drivers.escpos.printer import EscPosPrinter
from drivers.escpos.profile import load, names
from drivers.print_outcome import PrintOutcome
from drivers.receipt_printer import Cut, ReceiptDocument, Text

WELL, COVER_OPEN = b"\x12", b"\x16"


def scripted(*answers: bytes) -> ScriptedPrinter:
    """Answer each question (three bytes) with the next of these, then as a healthy printer."""
    left = list(answers)
    return ScriptedPrinter(lambda data: (left.pop(0) if left else WELL) if data[:2] == b"\x10\x04" else b"")


def codes(conversation: Conversation, printer: ScriptedPrinter) -> list[str] | None:
    status = conversation.status(printer.deadline(5.0))
    return None if status is None else [fault.code for fault in status.faults]


def test_four_answers_are_a_status():
    printer = scripted(b"\x1a", COVER_OPEN, WELL, WELL)
    assert codes(Conversation(printer), printer) == ["printer.cover_open"]


def test_an_answer_that_comes_when_the_next_question_is_asked_shifts_nothing():
    # The first question is answered only after the second poll has begun: every answer is one question late.
    printer = scripted(b"", WELL, WELL, COVER_OPEN, WELL + WELL)
    conversation = Conversation(printer)
    assert codes(conversation, printer) is None
    assert codes(conversation, printer) is None, "a cover that is open would be read as a jam"
    assert codes(conversation, printer) == []


def test_answers_to_questions_inside_an_image_shift_nothing():
    printer = scripted(WELL, WELL, COVER_OPEN, WELL + WELL)
    conversation = Conversation(printer)
    conversation.send(b"\x1dv0\x00\x03\x00\x01\x00\x10\x04\x01", printer.deadline(5.0))
    printer.coming = b""  # the answer to the question in the image is still under way
    assert codes(conversation, printer) is None
    assert codes(conversation, printer) == []


def test_xoff_stops_the_data_and_xon_lets_it_go_on():
    printer = ScriptedPrinter(lambda data: b"\x13")
    conversation = Conversation(printer)
    sent = conversation.send(b"x" * 3000, printer.deadline(2.0))
    assert (sent.accepted, sent.lost, len(printer.written)) == (1024, None, 1)
    printer.coming = b"\x11"
    printer.react = lambda data: b"\x13\x11"
    assert conversation.send(b"x" * 3000, printer.deadline(2.0)).accepted == 3000


def test_questions_are_asked_in_spite_of_xoff():
    printer = scripted(b"\x13" + WELL)
    conversation = Conversation(printer)
    assert codes(conversation, printer) == []


@pytest.mark.parametrize(("break_at", "accepted"), [(0, 0), (1, 1024), (2000, 2048)])
def test_what_was_taken_before_the_connection_broke_is_counted(break_at: int, accepted: int):
    printer = scripted()
    printer.break_at = break_at
    sent = Conversation(printer).send(b"x" * 5000, printer.deadline(2.0))
    assert sent.accepted == accepted
    assert sent.lost is not None
    assert sent.lost.fault.code == "printer.not_found"


FULL = b"\x10\x0f\x20\x00\x00\x00"


def test_a_full_status_that_comes_late_is_not_taken_for_the_answer_to_the_next_question():
    late = [b"", FULL + FULL, FULL]
    printer = ScriptedPrinter(lambda data: late.pop(0) if data == b"\x10\x04\x14" else b"")
    conversation = Conversation(printer, load("custom"))
    assert codes(conversation, printer) is None
    assert codes(conversation, printer) is None
    assert codes(conversation, printer) == ["printer.ticket_not_taken"]


@pytest.mark.parametrize(
    ("answers", "confirmed"),
    [
        (b"\x00" * 4, True),
        (b"\x03" * 4, True),
        (b"\x0f" * 4, True),
        (b"\x00" * 3, False),
        (b"\x00\x03\x00\x03", False),
        (b"\x00\x00\xfe\x00\x00", False),
        (b"\x44" * 4, False),
        (b"\x01" * 4, False),
        (b"\x00" * 5, False),
        (b"\x00" * 40, False),
    ],
)
def test_noise_confirms_nothing_unless_it_is_just_what_was_asked_for(answers: bytes, confirmed: bool):
    printer = ScriptedPrinter(lambda data: answers)
    conversation = Conversation(printer, load("clone"))
    conversation.send(b"job", printer.deadline(1.0))
    assert conversation.await_queued_status(printer.deadline(1.0)) == confirmed


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(names()), st.lists(st.binary(max_size=40), min_size=1, max_size=8))
def test_a_printer_that_answers_garbage_never_crashes_or_holds_up_the_driver(profile: str, garbage: list[bytes]):
    """Whatever comes, every call ends by its deadline, and only the right id confirms a job."""
    turn = iter(range(10**9))
    printer = ScriptedPrinter(lambda data: garbage[next(turn) % len(garbage)])
    driver = EscPosPrinter("", font_directory=FONTS, profile=profile, transport=printer)
    document = ReceiptDocument((Text("x"), Cut()))
    for call in (
        driver.open,
        driver.poll,
        lambda deadline: driver.print(document, "~~~~", deadline),
        driver.reset,
        driver.self_test,
        driver.retract,
    ):
        until = printer.now + 3.0
        try:
            result = call(printer.deadline(3.0))
        except DriverError:
            result = None
        assert printer.now <= until + 0.1
        if profile in ("epson", "nippon") and isinstance(getattr(result, "outcome", None), PrintOutcome):
            assert result.outcome is not PrintOutcome.PRINTED or b"~~~~" in b"".join(garbage)
