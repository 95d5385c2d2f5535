"""A ticket is held out, waited for and drawn back; nothing of one citizen's receipt reaches the next."""

from __future__ import annotations

import io
from pathlib import Path
from threading import Event, Thread

import pytest
import zxingcpp
from PIL import Image
from printer_bench import FONTS, RECEIPT, Bench, MakeBench, ScriptedPrinter, within

from drivers.base import CheckOutcome, DeviceState
from drivers.escpos.printer import EscPosPrinter
from drivers.operator import Answer
from drivers.print_outcome import PrintOutcome
from drivers.receipt_printer import Cut, ReceiptDocument, Text, Ticket

PROFILES = ("epson", "custom", "nippon", "clone")


@pytest.fixture
def presenter(make_bench: MakeBench) -> Bench:
    return make_bench("tcp", profile="custom")


def codes(faults: tuple) -> list[str]:
    return [fault.code for fault in faults]


def test_a_ticket_waits_until_it_is_taken(presenter: Bench):
    result = presenter.print()
    assert (result.outcome, result.ticket, result.faults) == (PrintOutcome.PRINTED, Ticket.WAITING, ())
    health = presenter.driver.poll(within(5))
    assert (health.state, codes(health.faults)) == (DeviceState.DEGRADED, ["printer.ticket_not_taken"])
    assert presenter.driver.wait_taken(within(0.3), Event()) is Ticket.WAITING
    found: list[Ticket] = []
    waiting = Thread(target=lambda: found.append(presenter.driver.wait_taken(within(30), Event())))
    waiting.start()
    presenter.virtual.take_ticket()
    waiting.join(30)
    assert found == [Ticket.TAKEN]
    assert presenter.virtual.engine.taken == [0]
    assert presenter.driver.poll(within(5)).state is DeviceState.ONLINE
    assert presenter.driver.retract(within(5)) is Ticket.TAKEN


def test_waiting_ends_when_it_is_cancelled(presenter: Bench):
    presenter.print()
    cancel = Event()
    cancel.set()
    assert presenter.driver.wait_taken(within(60), cancel) is Ticket.WAITING


def test_a_ticket_that_was_left_is_drawn_back(presenter: Bench):
    presenter.print()
    assert presenter.driver.retract(within(5)) is Ticket.RETRACTED
    assert (presenter.virtual.engine.retracted, presenter.virtual.engine.waiting) == ([0], None)


def test_the_next_print_pushes_nobody_s_ticket_out(presenter: Bench):
    presenter.print(job_id="A001")
    assert presenter.print(job_id="A002").outcome is PrintOutcome.PRINTED
    assert presenter.virtual.engine.retracted == [0]
    assert presenter.virtual.engine.dropped == []
    assert presenter.virtual.engine.waiting == 1


def test_a_ticket_from_before_the_program_started_is_drawn_back(presenter: Bench):
    presenter.print()
    presenter.driver.close()
    presenter.driver.open(within(5))
    assert presenter.virtual.engine.waiting == 0, (
        "a connection that broke in the middle of a visit takes nobody's ticket"
    )
    presenter.driver.close()
    fresh = EscPosPrinter(presenter.address, font_directory=FONTS, profile="custom")
    fresh.open(within(5))
    fresh.close()
    assert presenter.virtual.engine.retracted == [0]


def test_a_printer_without_a_presenter_knows_nothing_of_tickets(make_bench: MakeBench):
    bench = make_bench("tcp")
    assert bench.print().ticket is Ticket.UNKNOWN
    assert bench.driver.wait_taken(within(5), Event()) is Ticket.UNKNOWN
    assert bench.driver.retract(within(5)) is Ticket.UNKNOWN


def test_a_silent_presenter_says_nothing_of_its_ticket(presenter: Bench):
    presenter.print()
    presenter.virtual.set_mute(True)
    assert presenter.driver.wait_taken(within(0.3), Event()) is Ticket.UNKNOWN
    assert presenter.driver.retract(within(0.3)) is Ticket.UNKNOWN


def test_a_printer_that_falls_silent_once_it_has_confirmed_may_hold_a_ticket_out():
    nothing_held = b"\x10\x0f\x00\x00\x00\x00"

    def react(data: bytes) -> bytes:
        if data == b"\x10\x04\x14":
            return nothing_held if len(printer.written) < 3 else b""
        return b"\x00" * data.count(b"\x1dr\x01")

    printer = ScriptedPrinter(react)
    driver = EscPosPrinter("", font_directory=FONTS, profile="custom", transport=printer)
    driver.open(printer.deadline(5.0))
    result = driver.print(ReceiptDocument((Text("x"), Cut())), "A001", printer.deadline(5.0))
    assert (result.outcome, result.ticket) == (PrintOutcome.PRINTED, Ticket.WAITING)


# ---- the printer's own time: custom.toml has it draw back after a minute what nobody took


class Clock:
    """The time of the printer and of the driver, which a test lets pass."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def held_out(make_bench: MakeBench, clock: Clock, profile: str = "custom") -> Bench:
    bench = make_bench("tcp", profile=profile, model="custom", clock=clock)
    assert bench.print().ticket is Ticket.WAITING
    return bench


def look(bench: Bench) -> Ticket:
    return bench.driver.wait_taken(within(0.05), Event())


def test_a_ticket_that_the_printer_draws_back_by_itself_was_not_taken(make_bench: MakeBench):
    clock = Clock()
    bench = held_out(make_bench, clock)
    for _ in range(19):
        clock.now += 3
        bench.driver.poll(within(5))
    clock.now += 2.9
    assert look(bench) is Ticket.WAITING
    clock.now += 0.2
    assert look(bench) is Ticket.RETRACTED
    assert bench.driver.retract(within(5)) is Ticket.RETRACTED
    assert (bench.virtual.engine.retracted, bench.virtual.engine.taken) == ([0], [])


def test_a_ticket_that_went_before_the_printer_s_own_time_was_taken(make_bench: MakeBench):
    """The poll sees it; that much later nothing waits changes nothing."""
    clock = Clock()
    bench = held_out(make_bench, clock)
    clock.now += 59
    bench.virtual.take_ticket()
    bench.driver.poll(within(5))
    clock.now += 30
    assert look(bench) is Ticket.TAKEN


def test_a_ticket_that_went_while_nobody_could_look_may_have_gone_either_way(make_bench: MakeBench):
    clock = Clock()
    bench = held_out(make_bench, clock)
    bench.virtual.take_ticket()
    clock.now += 61
    assert look(bench) is Ticket.UNKNOWN
    assert bench.print(job_id="A002").outcome is PrintOutcome.PRINTED, "and the next one is printed"


def test_a_ticket_that_the_printer_lets_drop_may_lie_on_the_floor(make_bench: MakeBench, tmp_path: Path):
    text = (Path(__file__).parents[2] / "drivers/escpos/profiles/custom.toml").read_text()
    path = tmp_path / "drops.toml"
    path.write_text(text.replace("01 52 3c", "01 45 3c").replace("then_retracts = true", "then_retracts = false"))
    clock = Clock()
    bench = held_out(make_bench, clock, str(path))
    clock.now += 59
    bench.driver.poll(within(5))
    clock.now += 2
    assert look(bench) is Ticket.UNKNOWN
    assert bench.virtual.engine.dropped == [0]


def test_half_a_receipt_that_the_clearing_drew_back_was_not_taken(presenter: Bench):
    """It was held out when the confirmation was lost, and is drawn back by the poll; nothing pushes it out before."""
    presenter.virtual.engine.at_lines(1, presenter.virtual.engine.hold_answers)
    size = len(presenter.driver._encoder.encode(RECEIPT)) + len(presenter.driver._presenting) + 12
    due = len(presenter.virtual.accepted) + 3 + size + 3
    presenter.virtual.engine.at_bytes(due, lambda: presenter.virtual.engine._held.clear())
    presenter.virtual.engine.at_bytes(due, presenter.virtual.engine.release_answers)
    assert presenter.print(2.5).ticket is Ticket.WAITING
    presenter.driver.poll(within(5))
    assert look(presenter) is Ticket.RETRACTED
    assert (presenter.virtual.engine.retracted, presenter.virtual.engine.dropped) == ([0, 1], []), (
        "the receipt, and the piece that the clearing cut off"
    )


# ---- powered off in mid-receipt


@pytest.mark.parametrize("line", ["tcp", "pty"])
@pytest.mark.parametrize("profile", PROFILES)
def test_powered_off_in_mid_receipt_it_is_back_and_the_next_citizen_gets_nothing_of_it(
    make_bench: MakeBench, line: str, profile: str
):
    bench = make_bench(line, profile=profile)
    first = ReceiptDocument((*(Text(f"一号第{number}行") for number in range(8)), Cut()))
    second = ReceiptDocument((*(Text(f"二号第{number}行") for number in range(8)), Cut()))
    engine = bench.virtual.engine
    with engine.changed:
        engine.at_lines(engine.paper.lines + 3, bench.virtual.power_cut)
    assert bench.print(5.0, "A001", first).outcome is PrintOutcome.UNKNOWN
    bench.virtual.plug()
    back = within(5)
    bench.driver.open(back)
    assert bench.driver.poll(back).state is DeviceState.ONLINE
    assert not back.expired
    assert engine.waiting is None, "half a receipt must not stay where the next citizen reaches"
    assert bench.print(10.0, "A002", second).outcome is PrintOutcome.PRINTED
    assert bench.sheets(2)
    half, whole = bench.virtual.paper_texts
    assert half == tuple(f"一号第{number}行" for number in range(3))
    assert whole == tuple(f"二号第{number}行" for number in range(8))
    if profile == "custom":
        assert (engine.retracted, engine.waiting) == ([0], 1), "the half receipt is inside, the whole one is held out"


# ---- told unasked


@pytest.mark.parametrize("profile", ["epson", "nippon"])
def test_a_cover_opened_and_closed_between_two_polls_is_seen_once(make_bench: MakeBench, profile: str):
    bench = make_bench("tcp", profile=profile)
    bench.driver.poll(within(5))
    asked = bench.virtual.accepted
    bench.virtual.set_cover(True)
    bench.virtual.set_cover(False)
    assert heard(bench, 2)
    health = bench.driver.poll(within(5))
    assert (health.state, codes(health.faults)) == (DeviceState.DEGRADED, ["printer.cover_open"])
    assert health.faults[0].detail == "since the last look, and over"
    assert bench.virtual.accepted == asked, "who tells is not asked"
    assert bench.driver.poll(within(5)).faults == ()
    assert bench.virtual.accepted != asked, "who is silent is asked"


def heard(bench: Bench, count: int) -> bool:
    """Wait until the driver's side has so many blocks: they are sent before ``set_cover`` returns, and lie in the socket."""
    seen: list[object] = []
    limit = within(10)
    while len(seen) < count and not limit.expired:
        seen += bench.driver._conversation.told(within(1))
        bench.driver._conversation._receive(within(0.01)) if len(seen) < count else None
    bench.driver._conversation._automatic.extend(seen)
    return len(seen) >= count


def test_changes_are_told_again_after_a_job_and_after_a_power_cut(make_bench: MakeBench):
    bench = make_bench("tcp")
    bench.print()
    assert bench.virtual.engine._asked_unasked == 0xFF
    bench.virtual.power_cut()
    bench.virtual.plug()
    bench.driver.open(within(5))
    assert bench.virtual.engine._asked_unasked == 0xFF


# ---- the guided test and the wire


class Person:
    def __init__(self, *answers: Answer, deed=lambda: None) -> None:
        self.cancel = Event()
        self.answers = list(answers)
        self.asked: list[str] = []
        self.pictures: list[bytes] = []
        self.deed = deed

    def instruct(self, code: str, about: str = "") -> Event:
        self.asked.append(code)
        self.deed()
        return self.cancel

    def confirm(self, code: str, picture: bytes = b"", about: str = "") -> Answer:
        self.asked.append(code)
        self.pictures.append(picture)
        return self.answers.pop(0)


@pytest.mark.parametrize("profile", PROFILES)
def test_the_guided_test_prints_a_page_and_has_it_looked_at(make_bench: MakeBench, profile: str):
    bench = make_bench("tcp", profile=profile)
    person = Person(Answer.YES, Answer.NO, deed=bench.virtual.take_ticket)
    found = {check.name: check for check in bench.driver.guided_test(person, within(30))}
    assert person.asked == ["selftest.take_paper", "selftest.is_grid_straight", "selftest.is_paper_cut"]
    assert found["test_print"].outcome is CheckOutcome.PASS
    assert found["grid"].outcome is CheckOutcome.PASS
    assert found["cutter"].outcome is CheckOutcome.FAIL
    assert found["cutter"].fault is not None
    assert found["cutter"].fault.code == "printer.cutter"
    if profile == "custom":
        assert found["presenter"].outcome is CheckOutcome.PASS
    lines = bench.virtual.paper_texts[0]
    assert "┼" * 24 in lines
    assert "[qr]" in lines
    assert "[image]" in lines, "the rare characters are drawn"
    with Image.open(io.BytesIO(person.pictures[0])) as expected:
        (code,) = zxingcpp.read_barcodes(expected.convert("L"))
        ink = expected.convert("L").histogram()[0] / (expected.width * expected.height)
    assert code.text == "PRINT TEST 0123456789", "the picture beside the question is the page's"
    assert 0.02 < ink < 0.5
    assert found["grid"].picture == person.pictures[0]


def test_a_person_who_cannot_look_skips_and_a_page_that_does_not_come_fails(make_bench: MakeBench):
    bench = make_bench("tcp")
    found = bench.driver.guided_test(Person(Answer.UNABLE, Answer.NO), within(30))
    assert [check.outcome for check in found] == [CheckOutcome.PASS, CheckOutcome.SKIP, CheckOutcome.FAIL]
    bench.virtual.set_paper("out")
    person = Person()
    found = bench.driver.guided_test(person, within(30))
    assert [check.outcome for check in found] == [CheckOutcome.FAIL, CheckOutcome.SKIP, CheckOutcome.SKIP]
    assert found[0].fault is not None
    assert found[0].fault.code == "printer.paper_out"
    assert person.asked == []


@pytest.mark.parametrize(
    ("ticket", "outcome", "code"),
    [
        (Ticket.TAKEN, CheckOutcome.PASS, ""),
        (Ticket.RETRACTED, CheckOutcome.WARN, "printer.ticket_not_taken"),
        (Ticket.UNKNOWN, CheckOutcome.SKIP, ""),
        (Ticket.WAITING, CheckOutcome.SKIP, "printer.ticket_not_taken"),
    ],
)
def test_a_presenter_is_never_warned_of_without_its_fault(
    presenter: Bench, monkeypatch: pytest.MonkeyPatch, ticket: Ticket, outcome: CheckOutcome, code: str
):
    """What became of the ticket is acted; a skipped line with nothing in it is given its reason by the self-test."""
    monkeypatch.setattr(presenter.driver, "wait_taken", lambda deadline, cancel: ticket)
    *_, check = presenter.driver.guided_test(Person(Answer.YES, Answer.YES), within(30))
    assert (check.name, check.outcome, check.fault.code if check.fault else "") == ("presenter", outcome, code)
    assert bool(check.evidence) is (ticket is not Ticket.UNKNOWN)


@pytest.mark.parametrize("profile", PROFILES)
def test_the_wire_is_told_without_what_stands_on_the_receipt(make_bench: MakeBench, profile: str):
    bench = make_bench("tcp", profile=profile)
    seen = []
    bench.driver.watcher = seen.append
    bench.print(document=ReceiptDocument((Text("张伟样"), Text("11010519491231002X"), Cut())))
    meanings = [event.meaning for event in seen]
    (printing,) = [event for event in seen if event.meaning.startswith("print, ")]
    assert set(printing.shown.split(" … ")[0].split()) == {"··"}
    assert printing.meaning.endswith(" bytes")
    everything = " ".join(event.shown for event in seen)
    assert "张伟样".encode("gb18030").hex(" ") not in everything
    assert b"11010519491231002X".hex(" ") not in everything
    assert ("full status" if profile == "custom" else "status 4") in meanings
    confirmed = "queued status 00" if profile in ("custom", "clone") else "job on paper"
    assert any(confirmed in meaning for meaning in meanings)
