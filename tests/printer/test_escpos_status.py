"""Every status bit, and telling replies apart in any stream."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.base import DeviceState, SupplyLevel
from drivers.escpos.replies import (
    AutomaticStatus,
    FlowControl,
    FullStatus,
    InformationBlock,
    JobBlock,
    QueuedStatus,
    RealTimeStatus,
    Reply,
    ReplyParser,
    ResponseBlock,
    Unrecognised,
)
from drivers.escpos.status import SILENT, decode_automatic, decode_full, decode_real_time
from drivers.escpos.tracing import describe

WELL = [0x12, 0x12, 0x12, 0x12]


@pytest.mark.parametrize(
    ("question", "bits", "codes", "paper", "state"),
    [
        (1, 0x00, (), "ok", DeviceState.ONLINE),
        (1, 0x04, (), "ok", DeviceState.ONLINE),
        (1, 0x08, ("printer.offline",), "ok", DeviceState.OFFLINE),
        (1, 0x20, ("printer.recoverable",), "ok", DeviceState.FAULT),
        (1, 0x40, (), "ok", DeviceState.ONLINE),
        (2, 0x04, ("printer.cover_open",), "ok", DeviceState.FAULT),
        (2, 0x08, (), "ok", DeviceState.ONLINE),
        (2, 0x20, ("printer.paper_out",), "out", DeviceState.FAULT),
        (2, 0x40, ("printer.jam",), "ok", DeviceState.FAULT),
        (3, 0x04, ("printer.jam",), "ok", DeviceState.FAULT),
        (3, 0x08, ("printer.cutter",), "ok", DeviceState.FAULT),
        (3, 0x20, ("printer.unrecoverable",), "ok", DeviceState.FAULT),
        (3, 0x40, ("printer.overheated",), "ok", DeviceState.FAULT),
        (4, 0x04, ("printer.paper_low",), "low", DeviceState.DEGRADED),
        (4, 0x08, ("printer.paper_low",), "low", DeviceState.DEGRADED),
        (4, 0x0C, ("printer.paper_low",), "low", DeviceState.DEGRADED),
        (4, 0x20, ("printer.paper_out",), "out", DeviceState.FAULT),
        (4, 0x40, ("printer.paper_out",), "out", DeviceState.FAULT),
        (4, 0x6C, ("printer.paper_out",), "out", DeviceState.FAULT),
    ],
)
def test_each_bit_of_dle_eot_means_what_the_manual_says(
    question: int, bits: int, codes: tuple[str, ...], paper: str, state: DeviceState
):
    answers = list(WELL)
    answers[question - 1] |= bits
    status = decode_real_time(*answers)
    assert tuple(fault.code for fault in status.faults) == codes
    assert status.paper is SupplyLevel(paper)
    health = status.health(12.5)
    assert (health.state, health.observed_at) == (state, 12.5)
    assert status.ready == (state in (DeviceState.ONLINE, DeviceState.DEGRADED))
    assert all(f"{answers[question - 1]:02X}" in fault.evidence for fault in status.faults)


@pytest.mark.parametrize("cause", [(3, 0x08, "printer.cutter"), (2, 0x04, "printer.cover_open")])
def test_offline_and_error_are_not_reported_beside_their_cause(cause: tuple[int, int, str]):
    answers = [0x1A, 0x52 if cause[0] == 3 else 0x12, 0x12, 0x12]
    answers[cause[0] - 1] |= cause[1]
    assert [fault.code for fault in decode_real_time(*answers).faults] == [cause[2]]


def test_a_silent_printer_is_unknown_and_never_plenty():
    health = SILENT.health(0.0)
    assert health.state is DeviceState.OFFLINE
    assert [supply.level for supply in health.supplies] == [SupplyLevel.UNKNOWN]
    assert not SILENT.ready


STATUS = st.builds(lambda bits: RealTimeStatus(0x12 | bits), st.integers(0, 127).map(lambda value: value & 0x6C))
LOW = st.integers(0, 127).map(lambda value: value & 0x6F)
REPLIES = st.one_of(
    STATUS,
    LOW.map(QueuedStatus),
    st.tuples(st.integers(0, 127).map(lambda value: 0x10 | value & 0x6C), LOW, LOW, LOW).map(AutomaticStatus),
    st.tuples(st.integers(0x20, 0x7E), st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)).map(
        lambda pair: ResponseBlock(pair[0], pair[1].encode())
    ),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60).map(InformationBlock),
    st.booleans().map(FlowControl),
)


def wire(reply: Reply) -> bytes:
    match reply:
        case RealTimeStatus(value) | QueuedStatus(value) | Unrecognised(value):
            return bytes((value,))
        case AutomaticStatus(values):
            return bytes(values)
        case ResponseBlock(answers, payload):
            return b"\x37" + bytes((answers,)) + payload + b"\x00"
        case InformationBlock(text):
            return b"\x5f" + text.encode() + b"\x00"
        case FlowControl(stop):
            return b"\x13" if stop else b"\x11"
        case FullStatus(values):
            return b"\x10\x0f" + bytes(values)
        case JobBlock(job_id):
            return b"\xff\x13" + job_id


@given(st.lists(REPLIES, max_size=20))
def test_replies_are_told_apart(replies: list[Reply]):
    assert ReplyParser().feed(b"".join(map(wire, replies))) == replies


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=10))
def test_any_stream_gives_the_same_replies_however_it_is_cut(stream: bytes, cuts: list[int]):
    whole = ReplyParser().feed(stream)
    parser = ReplyParser()
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    pieces = [reply for start, end in itertools.pairwise(edges) for reply in parser.feed(stream[start:end])]
    assert pieces == whole


@given(st.binary(max_size=60), STATUS)
def test_a_status_is_found_again_after_any_garbage(garbage: bytes, status: RealTimeStatus):
    """Two line breaks of silence apart: the driver resets the parser when the line has been quiet."""
    parser = ReplyParser()
    parser.feed(garbage)
    parser.reset()
    assert parser.feed(wire(status)) == [status]


@given(REPLIES.filter(lambda reply: len(wire(reply)) > 1), st.booleans(), st.data())
def test_flow_control_inside_a_block_is_taken_out(reply: Reply, stop: bool, data: st.DataObject):
    raw = wire(reply)
    place = data.draw(st.integers(1, len(raw) - 1))
    found = ReplyParser().feed(raw[:place] + wire(FlowControl(stop)) + raw[place:])
    assert found == [FlowControl(stop), reply]


def test_a_block_that_breaks_off_does_not_swallow_what_follows():
    assert ReplyParser().feed(b"\x37\x22AB" + b"\x16")[-1] == RealTimeStatus(0x16)
    assert ReplyParser().feed(b"\x10\x00" + b"\x12")[-1] == RealTimeStatus(0x12)


def test_a_block_without_an_end_is_given_up():
    parser = ReplyParser()
    parser.feed(b"\x37" + b"A" * 200)
    assert parser.feed(b"\x37\x22ABCD\x00")[-1] == ResponseBlock(0x22, b"ABCD")


# ---- what is told unasked, and Custom's full status


@pytest.mark.parametrize(
    ("place", "bit", "code"),
    [
        (0, 0x04, None),
        (0, 0x08, "printer.offline"),
        (0, 0x20, "printer.cover_open"),
        (0, 0x40, None),
        (1, 0x04, "printer.jam"),
        (1, 0x08, "printer.cutter"),
        (1, 0x20, "printer.unrecoverable"),
        (1, 0x40, "printer.overheated"),
        (2, 0x01, "printer.paper_low"),
        (2, 0x02, "printer.paper_low"),
        (2, 0x04, "printer.paper_out"),
        (2, 0x08, "printer.paper_out"),
        (2, 0x20, None),
        (2, 0x40, None),
        *((3, bit, None) for bit in (0x01, 0x02, 0x04, 0x08, 0x20, 0x40)),
    ],
)
def test_each_bit_that_is_told_unasked_means_what_the_manual_says(place: int, bit: int, code: str | None):
    values = [0x10, 0, 0, 0]
    values[place] |= bit
    assert [fault.code for fault in decode_automatic(*values).faults] == ([code] if code else [])


FULL_BITS = {
    0: {
        0x01: "printer.paper_out",
        0x04: "printer.paper_low",
        0x20: "printer.ticket_not_taken",
        0x40: "printer.paper_low",
    },
    1: {0x01: "printer.cover_open", 0x02: "printer.cover_open"},
    2: {
        0x01: "printer.overheated",
        0x02: "printer.recoverable",
        0x08: "printer.voltage",
        0x40: "printer.jam",
        0x80: "printer.recoverable",
    },
    3: {0x01: "printer.cutter", 0x02: "printer.cover_open"}
    | dict.fromkeys((4, 8, 16, 32, 64, 128), "printer.unrecoverable"),
}
GOES_ON = {"printer.paper_low", "printer.ticket_not_taken"}


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("bit", [1 << number for number in range(8)])
def test_each_bit_of_the_full_status_means_what_the_manual_says(place: int, bit: int):
    values = [0, 0, 0, 0]
    values[place] = bit
    code = FULL_BITS[place].get(bit)
    status = decode_full(*values)
    assert [fault.code for fault in status.faults] == ([code] if code else [])
    assert status.ready == (code is None or code in GOES_ON)
    assert status.ticket == (code == "printer.ticket_not_taken")
    assert all(f"{bit:02X}" in fault.evidence for fault in status.faults)


@pytest.mark.parametrize("values", [(0x05, 0, 0, 0), (0x45, 0, 0, 0)])
def test_paper_that_is_out_is_not_told_as_low_too(values: tuple[int, int, int, int]):
    assert [fault.code for fault in decode_full(*values).faults] == ["printer.paper_out"]
    assert decode_full(*values).paper is SupplyLevel.OUT


def test_a_full_status_is_known_only_where_one_was_asked_for():
    raw = b"\x10\x0f\x24\x02\x41\x02"
    parser = ReplyParser()
    assert parser.feed(raw)[0] == AutomaticStatus((0x10, 0x0F, 0x24, 0x02)), "without the question it looks like this"
    parser.reset()
    parser.expects_full_status = True
    assert [reply for value in raw for reply in parser.feed(bytes((value,)))] == [FullStatus((0x24, 0x02, 0x41, 0x02))]
    assert parser.feed(b"\x10\x0f\x24\x10" + raw)[-1] == FullStatus((0x24, 0x02, 0x41, 0x02))


def test_a_job_block_holds_what_looks_like_flow_control_and_stops_nothing():
    raw = b"\x12\xff\x13A001\x12"
    wanted = [RealTimeStatus(0x12), JobBlock(b"A001"), RealTimeStatus(0x12)]
    parser = ReplyParser(job_blocks=True)
    assert [reply for value in raw for reply in parser.feed(bytes((value,)))] == wanted
    assert FlowControl(True) in ReplyParser().feed(raw)
    assert ReplyParser(job_blocks=True).feed(b"\xff\xff\x13A001")[-1] == JobBlock(b"A001")


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=10), st.booleans(), st.booleans())
def test_any_stream_is_read_the_same_in_pieces_by_every_parser(
    stream: bytes, cuts: list[int], blocks: bool, full: bool
):
    def parser() -> ReplyParser:
        made = ReplyParser(blocks)
        made.expects_full_status = full
        return made

    whole, pieces, one = parser().feed(stream), parser(), []
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    for start, end in itertools.pairwise(edges):
        one += pieces.feed(stream[start:end])
    assert one == whole
    assert describe(whole)
