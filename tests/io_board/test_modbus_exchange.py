"""Answers are found in whatever comes before them, and nothing else is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.framer.rtu import FramerRTU

from drivers.modbus.exchange import AnswerSearch, Refusal, frame_of, read_request, write_request
from drivers.modbus.profile import Span, Table

READ = read_request(1, Span(Table.DISCRETE_INPUT, 0, 3))


def sealed(hexadecimal):
    data = bytes.fromhex(hexadecimal)
    return data + FramerRTU.compute_CRC(data).to_bytes(2, "big")


GOOD = sealed("01 02 01 05")


def test_requests_are_the_bytes_of_the_specification():
    assert frame_of(READ).hex(" ") == "01 02 00 00 00 03 38 0b"
    assert frame_of(write_request(1, Table.COIL, 3, True)).hex(" ") == "01 05 00 03 ff 00 7c 3a"
    assert frame_of(write_request(17, Table.HOLDING_REGISTER, 1, True))[:6].hex(" ") == "11 06 00 01 00 01"


@pytest.mark.parametrize("noise", [b"", b"\x00", b"\x01\x02", b"\x01\x02\xff", GOOD[:-1], sealed("02 02 01 05")])
@pytest.mark.parametrize("at_once", [True, False])
def test_an_answer_is_found_behind_noise(noise, at_once):
    search = AnswerSearch(READ)
    data = noise + GOOD
    pieces = [data] if at_once else [data[i : i + 1] for i in range(len(data))]
    answers = [answer for piece in pieces if (answer := search.feed(piece)) is not None]
    assert [list(answer.bits)[:3] for answer in answers] == [[True, False, True]]
    assert search.frame == GOOD


@pytest.mark.parametrize(
    "frame",
    [
        GOOD[:-1] + bytes([GOOD[-1] ^ 1]),
        sealed("02 02 01 05"),  # another board's
        sealed("01 01 01 05"),  # of coils
        sealed("01 02 02 05 00"),  # of more inputs than were asked for
        sealed("01 02 00"),
        sealed("01 02 02 05"),  # says another length than it has
    ],
)
def test_what_is_no_answer_to_this_request_is_not_taken(frame):
    assert AnswerSearch(READ).feed(frame) is None


@pytest.mark.parametrize("frame", ["01 05 00 04 ff 00", "01 05 00 03 00 00", "01 06 00 03 00 01"])
def test_the_echo_of_another_write_is_not_taken(frame):
    assert AnswerSearch(write_request(1, Table.COIL, 3, True)).feed(sealed(frame)) is None


def test_a_refusal_is_told_with_its_code():
    assert AnswerSearch(READ).feed(sealed("01 82 02")) == Refusal(2)


@given(st.lists(st.binary(max_size=300), max_size=8))
def test_no_bytes_break_the_search_and_little_is_kept(pieces):
    for request in (READ, write_request(1, Table.COIL, 3, True), read_request(1, Span(Table.INPUT_REGISTER, 0, 4))):
        search = AnswerSearch(request)
        for piece in pieces:
            search.feed(piece)
            assert search.pending <= 512


@given(st.binary(min_size=1, max_size=40), st.sampled_from([1, 2, 3, 4, 5, 6, 0x81, 0x82, 0x83, 0x86]))
def test_frames_with_a_right_checksum_and_any_content_break_nothing(content, function):
    data = bytes([1, function]) + content
    frame = data + FramerRTU.compute_CRC(data).to_bytes(2, "big")
    for request in (
        READ,
        read_request(1, Span(Table.COIL, 0, 9)),
        read_request(1, Span(Table.HOLDING_REGISTER, 0, 2)),
        write_request(1, Table.COIL, 3, False),
        write_request(1, Table.HOLDING_REGISTER, 3, True),
    ):
        AnswerSearch(request).feed(frame)
