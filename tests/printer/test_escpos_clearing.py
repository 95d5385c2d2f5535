"""What an interrupted job left behind is cleared away on any line, and its late answers confirm nothing."""

from __future__ import annotations

import re

import pytest
from printer_bench import FONTS, RECEIPT, MakeBench, ScriptedPrinter, within

from drivers.base import Deadline, DeviceState, DriverError
from drivers.escpos.clearing import Clearing
from drivers.escpos.conversation import Conversation
from drivers.escpos.encode import ReceiptEncoder
from drivers.escpos.printer import EscPosPrinter
from drivers.escpos.profile import load, names
from drivers.print_outcome import PrintOutcome
from drivers.receipt_printer import Cut, QrCode, ReceiptDocument, Text
from drivers.sim.printer_lexer import TEXT, Lexer

WELL, CUT, QUESTION = b"\x12", b"\x1dV\x00", b"\x1dr\x01"


class Clone(ScriptedPrinter):
    """A clone on a line of ``bytes_per_second``; it answers GS r while ``answers``, and counts what it was asked."""

    def __init__(self, bytes_per_second: float = 1e6) -> None:
        super().__init__(lambda data: b"")
        self.bytes_per_second = bytes_per_second
        self.answers = True
        self.taken = b""
        self._unread = b""

    def write_some(self, data: bytes, deadline: Deadline) -> int:
        taken = data[:8]
        self.now += len(taken) / self.bytes_per_second
        self.taken += taken
        self._unread += taken
        while found := re.search(rb"\x10\x04[\x01-\x04]|\x1dr\x01", self._unread):
            self._unread = self._unread[found.end() :]
            if found[0] == QUESTION:
                self.coming += b"\x00" * self.answers
            else:
                self.coming += WELL
        return len(taken)

    def driver(self) -> EscPosPrinter:
        made = EscPosPrinter("", font_directory=FONTS, profile="clone", transport=self)
        made.open(self.deadline(5.0))
        return made


def lines(count: int, whose: str) -> ReceiptDocument:
    return ReceiptDocument((*(Text(f"{whose}第{number}行") for number in range(count)), Cut()))


@pytest.mark.parametrize("profile", ["clone", "custom"])
def test_late_answers_to_a_receipt_that_was_cut_short_confirm_no_other_one(make_bench: MakeBench, profile: str):
    """The paper ends in both; the first goes on when it is put in, and its answers come long before the clearing's."""
    bench = make_bench(profile=profile, lines_per_second=40.0)
    engine = bench.virtual.engine
    engine.at_lines(10, lambda: bench.virtual.set_paper("out"))
    assert bench.print(0.8, "A001", lines(20, "甲")).outcome is PrintOutcome.UNKNOWN
    bench.virtual.set_paper("ok")
    assert bench.driver.poll(within(5)).state in (DeviceState.ONLINE, DeviceState.DEGRADED)
    with engine.changed:
        engine.at_lines(engine.paper.lines + 15, lambda: bench.virtual.set_paper("out"))
    assert bench.print(1.5, "A002", lines(20, "乙")).outcome is PrintOutcome.UNKNOWN
    assert not any("乙" in line for sheet in bench.virtual.paper_texts for line in sheet)


def test_answers_owed_for_a_clearing_that_broke_off_count_as_owed():
    """Those to the job, to the first clearing and to the second come one after the other; only all of them prove anything."""
    clone = Clone()
    driver = clone.driver()
    clone.answers = False
    assert driver.print(RECEIPT, "A001", clone.deadline(2.0)).outcome is PrintOutcome.UNKNOWN
    driver.poll(clone.deadline(2.0))
    asked = clone.taken.count(QUESTION)
    driver.open(clone.deadline(5.0))
    clone.later = [(clone.now + 1.0, b"\x00" * 4), (clone.now + 2.0, b"\x00" * (asked - 4))]
    driver.poll(clone.deadline(4.0))
    assert driver.print(RECEIPT, "A002", clone.deadline(1.0)).outcome is PrintOutcome.NOT_PRINTED
    clone.later = [(clone.now + 0.5, b"\x00" * (clone.taken.count(QUESTION) - asked))]
    driver.poll(clone.deadline(4.0))
    assert driver.print(RECEIPT, "A002", clone.deadline(2.0)).outcome is PrintOutcome.UNKNOWN, "this one was sent"


def test_a_slow_line_is_cleared_from_poll_to_poll_with_one_piece_of_paper():
    """At 4800 baud the zeros take seven seconds, and a poll has five."""
    clone = Clone(bytes_per_second=480.0)
    driver = clone.driver()
    with pytest.raises(DriverError):
        driver.reset(clone.deadline(5.0))
    driver.poll(clone.deadline(5.0))
    assert driver.print(lines(1, "甲"), "A001", clone.deadline(5.0)).outcome is PrintOutcome.PRINTED
    assert clone.taken.count(CUT) == 2, "the clearing's and the receipt's"


def test_a_clearing_that_is_never_answered_is_begun_anew():
    """A printer that lost its power behind a serial line forgot the questions, and nobody saw the line break."""
    clone = Clone()
    driver = clone.driver()
    clone.answers = False
    with pytest.raises(DriverError):
        driver.reset(clone.deadline(2.0))
    clone.answers = True
    for _ in range(8):
        driver.poll(clone.deadline(2.0))
    assert driver.print(RECEIPT, "A001", clone.deadline(5.0)).outcome is PrintOutcome.PRINTED


def test_answers_in_the_last_moment_are_seen_through_to_their_end():
    clone = Clone()
    conversation = Conversation(clone, load("clone"))
    clearing = Clearing(conversation, load("clone"), 100)
    clone.answers = False
    clone.later = [(1.95, b"\x00" * 8)]
    assert not clearing.go_on(True, clone.deadline(2.0))
    sent = len(clone.taken)
    assert clearing.go_on(True, clone.deadline(2.0))
    assert len(clone.taken) == sent, "nothing is sent twice"


def test_no_question_ever_stands_within_a_command_of_the_clearing():
    """Its end, a cut and questions, goes out in one piece; what the deadline broke off is ended by zeros and sent anew."""
    clone = Clone(bytes_per_second=120.0)
    clearing = Clearing(Conversation(clone, load("clone")), load("clone"), 100)
    while CUT not in clone.taken:
        assert not clearing.go_on(True, clone.deadline(0.2))
    assert clone.taken.count(QUESTION) < 8
    broken_off = len(clone.taken)
    assert clearing.go_on(True, clone.deadline(5.0))
    assert clone.taken[broken_off : broken_off + 100] == b"\x00" * 100
    assert clone.taken.count(QUESTION, broken_off) == 16, "more than were asked before"
    assert clone.taken.endswith(CUT + QUESTION * 16)


def test_a_clearing_that_was_itself_cleared_away_is_begun_anew(make_bench: MakeBench):
    """The paper ends in the middle of it; an Epson is made to forget all that it has not printed."""
    bench = make_bench()
    engine = bench.virtual.engine
    with engine.changed:
        engine.at_bytes(len(engine.accepted) + 3000, lambda: bench.virtual.set_paper("out"))
    with pytest.raises(DriverError):
        bench.driver.reset(within(0.8))
    assert bench.driver.poll(within(5)).state is DeviceState.FAULT
    bench.virtual.set_paper("ok")
    assert bench.driver.poll(within(5)).state is DeviceState.ONLINE
    assert bench.print(3.0).outcome is PrintOutcome.PRINTED


def test_late_answers_to_a_self_test_confirm_no_receipt():
    clone = Clone()
    driver = clone.driver()
    clone.answers = False
    driver.self_test(clone.deadline(2.0))
    clone.later = [(clone.now + 1.0, b"\x00" * 4)]
    assert driver.print(RECEIPT, "A001", clone.deadline(3.0)).outcome is PrintOutcome.NOT_PRINTED


def test_answers_from_before_the_connection_broke_count_for_nothing():
    clone = Clone()
    conversation = Conversation(clone, load("clone"))
    conversation.send(QUESTION * 4, clone.deadline(1.0))
    assert conversation.await_queued_status(clone.deadline(1.0))
    conversation.open(clone.deadline(1.0))
    assert not conversation.await_queued_status(clone.deadline(1.0))


@pytest.mark.parametrize("profile", names())
def test_no_command_is_longer_than_the_zeros_that_end_it(profile: str):
    """Cut off behind its header, the longest image and the longest QR code are over when the zeros are."""
    encoder = ReceiptEncoder(FONTS, load(profile))
    job = encoder.encode(ReceiptDocument((Text("𠮷" * 60, scale=2), QrCode("x" * 2331), Cut())))
    headers = [match.end() for match in re.finditer(rb"\x1dv0.{5}|\x1d\(k..1P0", job, re.DOTALL)]
    assert len(headers) >= 2
    for end in headers:
        lexer = Lexer()
        commands = [
            command for value in job[:end] + b"\x00" * encoder.longest_command + b"A" for command in lexer.feed(value)
        ]
        assert (commands[-1].code, commands[-1].raw) == (TEXT, b"A")
