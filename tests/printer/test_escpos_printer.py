"""The driver on a virtual printer: a job is printed, not printed or unknown, and never more than is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from printer_bench import FONTS, RECEIPT, Bench, MakeBench, within

from drivers.base import CheckOutcome, DeviceState, DriverError, SupplyLevel
from drivers.escpos.examination import checks
from drivers.escpos.printer import EscPosPrinter
from drivers.escpos.status import decode_real_time
from drivers.print_outcome import PrintOutcome
from drivers.receipt_printer import Cut, ReceiptDocument, Text
from drivers.sim.printer import VirtualPrinter
from drivers.sim.printer_condition import Mishap

PRINTED, NOT_PRINTED, UNKNOWN = PrintOutcome.PRINTED, PrintOutcome.NOT_PRINTED, PrintOutcome.UNKNOWN
STOPS: dict[str, Callable[[VirtualPrinter], None]] = {
    "printer.paper_out": lambda virtual: virtual.set_paper("out"),
    "printer.cover_open": lambda virtual: virtual.set_cover(True),
    "printer.jam": lambda virtual: virtual.jam(),
    "printer.cutter": lambda virtual: virtual.fail(Mishap.CUTTER),
    "printer.unrecoverable": lambda virtual: virtual.fail(Mishap.UNRECOVERABLE),
    "printer.overheated": lambda virtual: virtual.fail(Mishap.HOT_HEAD),
}
HEALS: dict[str, Callable[[VirtualPrinter], None]] = {
    "printer.paper_out": lambda virtual: virtual.set_paper("ok"),
    "printer.cover_open": lambda virtual: virtual.set_cover(False),
}


def heal(virtual: VirtualPrinter, code: str) -> None:
    HEALS.get(code, VirtualPrinter.clear)(virtual)


def codes(faults: tuple) -> list[str]:
    return [fault.code for fault in faults]


def tell_nothing_unasked(bench: Bench) -> None:
    """What is told unasked would stand between the noise and the confirmation."""
    bench.virtual.engine.model = replace(bench.virtual.engine.model, automatic_status=False)


# ---- what goes well


@pytest.mark.parametrize("profile", ["epson", "custom", "nippon", "clone"])
@pytest.mark.parametrize("line", ["tcp", "pty"])
def test_a_receipt_is_printed_and_confirmed(make_bench: MakeBench, line: str, profile: str):
    bench = make_bench(line, profile=profile)
    result = bench.print()
    assert result.outcome is PRINTED
    assert result.faults == ()
    assert bench.sheets(1)
    assert bench.virtual.paper_texts[0][2:4] == ("申请人：张伟样", "Applicant: ZHANG WEIYANG")
    assert bench.virtual.accepted.count(bench.virtual.accepted_jobs[0]) == 1
    assert result.accepted_bytes >= len(bench.virtual.accepted_jobs[0])


def test_health_and_identity(bench: Bench):
    health = bench.driver.poll(within(5))
    assert (health.state, health.faults) == (DeviceState.ONLINE, ())
    assert health.supplies[0].level is SupplyLevel.OK
    assert bench.driver.identity().model == "VIRTUAL PAPER-576"
    bench.virtual.set_paper("low")
    health = bench.driver.poll(within(5))
    assert (health.state, codes(health.faults)) == (DeviceState.DEGRADED, ["printer.paper_low"])
    assert health.supplies[0].level is SupplyLevel.LOW


def test_low_paper_still_prints_and_is_told(bench: Bench):
    bench.virtual.set_paper("low")
    result = bench.print()
    assert (result.outcome, codes(result.faults)) == (PRINTED, ["printer.paper_low"])


@pytest.mark.parametrize("line", ["tcp", "pty"])
def test_a_slow_printer_with_a_small_buffer_gets_everything(make_bench: MakeBench, line: str):
    """Back-pressure on TCP, XOFF and XON on the serial line."""
    bench = make_bench(line, buffer_bytes=256, lines_per_second=400.0)
    document = ReceiptDocument((*(Text(f"第{number}行，张伟样") for number in range(60)), Cut()))
    assert bench.print(document=document).outcome is PRINTED
    assert bench.virtual.paper_texts[0] == tuple(f"第{number}行，张伟样" for number in range(60))


# ---- what goes wrong before


@pytest.mark.parametrize("code", STOPS)
def test_a_printer_that_cannot_print_gets_no_job(bench: Bench, code: str):
    STOPS[code](bench.virtual)
    result = bench.print()
    assert (result.outcome, codes(result.faults), result.accepted_bytes) == (NOT_PRINTED, [code], 0)
    assert bench.driver.poll(within(5)).state is DeviceState.FAULT
    heal(bench.virtual, code)
    assert bench.print(job_id="A002").outcome is PRINTED
    assert bench.sheets(1)
    assert len(bench.virtual.papers) == 1


def test_a_silent_printer_gets_no_job_and_is_unknown(bench: Bench):
    bench.virtual.set_mute(True)
    result = bench.print(0.4)
    assert (result.outcome, codes(result.faults)) == (NOT_PRINTED, ["printer.no_answer"])
    health = bench.driver.poll(within(0.1))
    assert (health.state, codes(health.faults)) == (DeviceState.OFFLINE, ["printer.no_answer"])
    assert health.supplies[0].level is SupplyLevel.UNKNOWN
    assert bench.virtual.accepted_jobs == ()


def test_a_printer_silent_for_long_is_opened_again(bench: Bench):
    bench.virtual.set_mute(True)
    for _ in range(2):
        bench.driver.poll(within(0.1))
    with pytest.raises(DriverError) as silent:
        bench.driver.poll(within(0.1))
    assert silent.value.fault.code == "printer.no_answer"
    bench.virtual.set_mute(False)
    bench.driver.open(within(5))
    assert bench.driver.poll(within(5)).state is DeviceState.ONLINE


def test_an_unplugged_printer_is_gone_and_comes_back(bench: Bench):
    bench.virtual.unplug()
    with pytest.raises(DriverError) as gone:
        bench.driver.poll(within(1))
    assert gone.value.fault.code == "printer.not_found"
    assert bench.print(1).outcome is NOT_PRINTED
    with pytest.raises(DriverError):
        bench.driver.open(within(1))
    bench.virtual.plug()
    bench.driver.open(within(5))
    assert bench.print().outcome is PRINTED


# ---- what goes wrong in the middle


@pytest.mark.parametrize("code", STOPS)
def test_a_printer_that_stops_in_the_middle_is_unknown_and_the_rest_is_never_printed(bench: Bench, code: str):
    bench.virtual.engine.at_lines(3, lambda: STOPS[code](bench.virtual))
    result = bench.print(0.4)
    assert (result.outcome, codes(result.faults)) == (UNKNOWN, [code])
    assert bench.virtual.papers == ()
    taken = len(bench.virtual.accepted)
    bench.driver.poll(within(5))  # the buffers are cleared while the printer still stands
    assert len(bench.virtual.accepted) < taken + 100, "and it gets nothing that it could not work off"
    heal(bench.virtual, code)
    health = bench.driver.poll(within(5))
    assert health.state is DeviceState.ONLINE
    # The half receipt is cut off, so that the next citizen does not get it; its rest never comes.
    assert bench.sheets(1)
    assert bench.virtual.paper_texts[0] == ("受理回执", "─" * 24, "申请人：张伟样")
    assert bench.print(job_id="A002").outcome is PRINTED
    assert bench.sheets(2)
    assert len(bench.virtual.paper_texts[1]) == 7


def test_paper_put_in_before_the_deadline_finishes_the_job(bench: Bench):
    bench.virtual.engine.at_lines(3, lambda: bench.virtual.set_paper("out"))
    questions = bench.virtual.accepted.count(b"\x10\x04\x04")

    def refill() -> None:
        bench.virtual.set_paper("ok")

    # The driver's own asking while it waits brings the new paper: no clock is involved.
    size = len(bench.driver._encoder.encode(RECEIPT)) + 14  # what comes after the job and its confirmation request
    bench.virtual.engine.at_bytes(len(bench.virtual.accepted) + 12 + size + 12, refill)
    assert bench.print(8.0).outcome is PRINTED
    assert bench.virtual.accepted.count(b"\x10\x04\x04") > questions
    assert len(bench.virtual.papers) == 1


@pytest.mark.parametrize("line", ["tcp", "pty"])
def test_a_connection_lost_at_any_byte_is_never_called_printed(make_bench: MakeBench, line: str):
    bench = make_bench(line)
    size = len(bench.driver._encoder.encode(RECEIPT)) + 14
    for step, byte in enumerate(range(0, size, size // (20 if line == "tcp" else 6))):
        bench.virtual.engine.at_bytes(len(bench.virtual.accepted) + 12 + max(1, byte), bench.virtual.unplug)
        result = bench.print(5.0, job_id=f"B{step:03d}")
        assert result.outcome is UNKNOWN, byte
        assert codes(result.faults) == ["printer.not_found"]
        bench.virtual.power_cut()
        bench.virtual.plug()
        bench.driver.open(within(5))
        assert bench.driver.poll(within(5)).state is DeviceState.ONLINE
    assert bench.print(job_id="C000").outcome is PRINTED


@pytest.mark.parametrize("line", ["tcp", "pty"])
@pytest.mark.parametrize("byte", [300, 1500, 4000])
def test_a_connection_lost_while_still_sending_is_unknown(make_bench: MakeBench, line: str, byte: int):
    """The job is larger than every buffer on the way, so that the loss is met in the middle of the writes."""
    bench = make_bench(line, buffer_bytes=128)
    document = ReceiptDocument((*(Text(f"第{number}行，张伟样𠮷") for number in range(60)), Cut()))
    bench.virtual.engine.at_bytes(len(bench.virtual.accepted) + 12 + byte, bench.virtual.unplug)
    result = bench.print(5.0, document=document)
    assert (result.outcome, codes(result.faults)) == (UNKNOWN, ["printer.not_found"])
    assert 0 < byte <= result.accepted_bytes < len(bench.driver._encoder.encode(document))


def test_a_printer_that_takes_only_part_of_the_job_is_unknown(make_bench: MakeBench):
    bench = make_bench("pty", buffer_bytes=256)
    bench.virtual.engine.at_lines(2, lambda: bench.virtual.set_cover(True))
    document = ReceiptDocument((*(Text(f"第{number}行，张伟样𠮷") for number in range(60)), Cut()))
    result = bench.print(0.5, document=document)
    assert (result.outcome, codes(result.faults)) == (UNKNOWN, ["printer.no_answer"])
    assert result.faults[0].detail == "took only part of the job"
    assert 0 < result.accepted_bytes < len(bench.driver._encoder.encode(document))


@pytest.mark.parametrize("question", [1, 2, 3, 4])
def test_a_connection_lost_before_the_first_byte_is_not_printed(bench: Bench, question: int):
    bench.virtual.engine.at_bytes(len(bench.virtual.accepted) + 3 * question - 1, bench.virtual.unplug)
    result = bench.print(2.0)
    assert (result.outcome, result.accepted_bytes) == (NOT_PRINTED, 0)


def test_a_power_cut_keeps_the_paper_and_loses_the_rest(make_bench: MakeBench):
    bench = make_bench("tcp")
    bench.virtual.engine.at_lines(2, bench.virtual.power_cut)
    assert bench.print(3.0).outcome is UNKNOWN
    assert bench.virtual.unfinished_texts == ("受理回执", "─" * 24)
    bench.virtual.plug()
    bench.driver.open(within(5))
    bench.driver.poll(within(5))
    assert bench.sheets(1)
    assert bench.virtual.paper_texts[0] == ("受理回执", "─" * 24)


def test_a_printer_that_falls_silent_is_unknown_though_everything_came_out(bench: Bench):
    bench.virtual.engine.at_lines(1, lambda: bench.virtual.set_mute(True))
    result = bench.print(0.6)
    assert (result.outcome, codes(result.faults)) == (UNKNOWN, ["printer.no_answer"])
    assert bench.sheets(1)


def test_the_confirmation_of_another_job_confirms_nothing(bench: Bench):
    def answer_wrongly() -> None:
        bench.virtual.babble(b"\x37\x22A000\x00")
        bench.virtual.set_mute(True)

    bench.virtual.engine.at_lines(1, answer_wrongly)
    assert bench.print(0.5).outcome is UNKNOWN


def test_half_a_confirmation_confirms_nothing(make_bench: MakeBench):
    bench = make_bench("tcp")
    tell_nothing_unasked(bench)
    bench.virtual.engine.at_lines(5, lambda: bench.virtual.engine.shorten_next_answer(0.6))
    result = bench.print(1.5)
    assert result.outcome is UNKNOWN
    bench.driver.poll(within(5))
    assert bench.print(job_id="A002").outcome is PRINTED


def test_a_late_confirmation_within_the_deadline_counts(bench: Bench):
    bench.virtual.engine.at_lines(1, bench.virtual.engine.hold_answers)
    size = len(bench.driver._encoder.encode(RECEIPT)) + 14
    due = len(bench.virtual.accepted) + 12 + size + 3  # the driver begins to ask what is the matter
    bench.virtual.engine.at_bytes(due, bench.virtual.engine.release_answers)
    assert bench.print(8.0).outcome is PRINTED


@pytest.mark.parametrize("noise", [b"\xff" * 40, b"\x10\x00\x00\x00" * 5, b"\x11\x13\x11", b"\x37\x22A1\xff", b"\x00"])
def test_garbage_beside_the_confirmation_changes_nothing(bench: Bench, noise: bytes):
    bench.virtual.engine.at_lines(1, lambda: bench.virtual.babble(noise))
    assert bench.print(5.0).outcome is PRINTED
    assert bench.driver.poll(within(5)).state is DeviceState.ONLINE


@pytest.mark.parametrize("noise", [b"\x37\x22", b"\x5fHELLO"])
def test_garbage_that_swallows_the_confirmation_leaves_it_unknown(bench: Bench, noise: bytes):
    tell_nothing_unasked(bench)
    bench.virtual.engine.at_lines(1, lambda: bench.virtual.babble(noise))
    assert bench.print(0.4).outcome is UNKNOWN
    bench.driver.poll(within(5))
    assert bench.driver.poll(within(5)).state is DeviceState.ONLINE


def test_bursts_of_automatic_status_are_not_taken_for_answers(bench: Bench):
    bench.virtual.engine.receive(b"\x1da\xff", lambda: True)
    bench.virtual.engine.at_lines(1, lambda: bench.virtual.set_paper("low"))
    result = bench.print()
    assert (result.outcome, codes(result.faults)) == (PRINTED, ["printer.paper_low"])


def test_late_answers_are_not_taken_for_answers_to_other_questions(bench: Bench):
    bench.virtual.engine.hold_answers()
    bench.virtual.set_cover(True)
    assert codes(bench.driver.poll(within(0.1)).faults) == ["printer.no_answer"]
    bench.virtual.engine.release_answers()
    assert codes(bench.driver.poll(within(5)).faults) == ["printer.cover_open"]


def test_questions_found_inside_an_image_do_not_put_the_answers_out_of_step(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
):
    """The bytes 10 04 01 in an image are answered by the printer in the middle of the job."""
    image = b"\x1b@\x1dv0\x00\x03\x00\x18\x00" + b"\x10\x04\x01" * 24 + b"\x1dV\x00"
    monkeypatch.setattr(bench.driver._encoder, "encode", lambda document, opening: image)
    bench.virtual.set_paper("low")
    result = bench.print()
    assert (result.outcome, codes(result.faults)) == (PRINTED, ["printer.paper_low"])
    assert codes(bench.driver.poll(within(5)).faults) == ["printer.paper_low"]


# ---- after a crash, reset, self-test


def test_reset_ends_a_raster_that_was_cut_short(bench: Bench):
    """Our program died inside an image: without the zeros the next receipt would come out as dots."""
    bench.virtual.engine.receive(b"\x1b@\x1dv0\x00\x48\x00\x30\x00" + b"\xff" * 70, lambda: True)
    driver = EscPosPrinter(bench.address, font_directory=FONTS, profile="clone")
    bench.driver.close()
    driver.open(within(5))
    driver.reset(within(5))
    result = driver.print(RECEIPT, "A001", within(5))
    driver.close()
    assert result.outcome is PRINTED
    assert bench.sheets(2)
    assert bench.virtual.paper_texts[1][2] == "申请人：张伟样"


def test_reset_of_a_silent_printer_fails(bench: Bench):
    bench.virtual.set_mute(True)
    with pytest.raises(DriverError):
        bench.driver.reset(within(0.2))


def test_self_test_passes_without_using_paper(bench: Bench):
    found = bench.driver.self_test(within(5))
    assert {check.name: check.outcome for check in found} == dict.fromkeys(
        ("answers", "paper", "cover", "mechanism", "confirmation"), CheckOutcome.PASS
    )
    assert bench.virtual.unfinished_texts == ()


@pytest.mark.parametrize(
    ("code", "check"),
    [
        ("printer.paper_out", "paper"),
        ("printer.cover_open", "cover"),
        ("printer.cutter", "mechanism"),
        ("printer.jam", "mechanism"),
    ],
)
def test_self_test_names_what_is_wrong(bench: Bench, code: str, check: str):
    STOPS[code](bench.virtual)
    found = {found.name: found for found in bench.driver.self_test(within(5))}
    assert found[check].outcome is CheckOutcome.FAIL
    assert found[check].fault is not None
    assert found[check].fault.code == code
    assert found["confirmation"].outcome is CheckOutcome.SKIP


def test_self_test_warns_of_low_paper_and_fails_on_silence(bench: Bench):
    bench.virtual.set_paper("low")
    assert bench.driver.self_test(within(5))[1].outcome is CheckOutcome.WARN
    bench.virtual.set_mute(True)
    outcomes = [check.outcome for check in bench.driver.self_test(within(0.2))]
    assert outcomes == [CheckOutcome.FAIL] + [CheckOutcome.SKIP] * 4


def test_a_job_that_is_never_confirmed_fails_the_self_test(make_bench: MakeBench):
    """A clone configured as an Epson would leave every receipt unknown: the self-test says so beforehand."""
    bench = make_bench("tcp", profile="epson", model="clone")
    answers, *_, confirmation = bench.driver.self_test(within(1.5))
    assert (answers.outcome, confirmation.outcome) == (CheckOutcome.PASS, CheckOutcome.FAIL)
    assert confirmation.fault is not None
    assert confirmation.fault.code == "printer.not_confirmed"


def test_each_mechanical_fault_is_a_check_of_its_own():
    status = decode_real_time(0x12 | 0x08, 0x12 | 0x40, 0x12 | 0x08 | 0x20, 0x12)  # cutter, unrecoverable
    found = [check for check in checks(status, "", None, presents=False) if check.name == "mechanism"]
    assert [check.fault.code for check in found if check.fault] == ["printer.cutter", "printer.unrecoverable"]
    assert {check.outcome for check in found} == {CheckOutcome.FAIL}


@pytest.mark.parametrize("job_id", ["", "ABC", "ABCDE", "AB\x1fC", "张张张张"])
def test_a_wrong_job_id_is_refused(bench: Bench, job_id: str):
    with pytest.raises(ValueError, match="job id"):
        bench.print(job_id=job_id)


def test_an_unknown_profile_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="profile"):
        EscPosPrinter("tcp://127.0.0.1:1", font_directory=FONTS, profile="star")
