"""SDT frames: published bytes, garbage, damage, and any bytes at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.sdt.command import Answer, Command
from drivers.sdt.frame import MAXIMUM_BODY, PREAMBLE, DamagedFrame, FrameDecoder, encode

BODIES = st.binary(min_size=3, max_size=60)


def decode(*pieces: bytes) -> list[bytes | DamagedFrame]:
    decoder = FrameDecoder()
    found: list[bytes | DamagedFrame] = []
    for piece in pieces:
        decoder.feed(piece)
        while (frame := decoder.next()) is not None:
            found.append(frame)
    return found


@pytest.mark.parametrize(
    ("command", "checksum"),
    [("10FF", 0xEC), ("11FF", 0xED), ("12FF", 0xEE), ("2001", 0x22), ("2002", 0x21), ("3001", 0x32)],
)
def test_requests_are_the_published_bytes(command: str, checksum: int) -> None:
    body = bytes.fromhex(command)
    assert encode(body) == bytes.fromhex("AAAAAA96690003") + body + bytes([checksum])
    assert body in [known.code for known in Command]


def test_published_answers_are_understood() -> None:
    found, selected = decode(
        bytes.fromhex("AAAAAA9669 0008 00009F 00000000 97"), bytes.fromhex("AAAAAA9669 000C 000090 0000000000000000 9C")
    )
    assert isinstance(found, bytes)
    assert isinstance(selected, bytes)
    find_answer, select_answer = Answer.of(found), Answer.of(selected)
    assert find_answer is not None
    assert select_answer is not None
    assert find_answer.succeeds(Command.FIND)
    assert select_answer.succeeds(Command.SELECT)
    assert not find_answer.may_answer(Command.SELECT)
    assert not select_answer.may_answer(Command.READ)


def test_whole_read_answer_has_1295_bytes() -> None:
    assert len(encode(bytes(3 + 4 + 256 + 1024))) == 1295


def test_failures_of_find_and_select_belong_to_them_alone() -> None:
    assert Answer(0x80, b"").may_answer(Command.FIND)
    assert not Answer(0x80, b"").may_answer(Command.SELECT)
    assert Answer(0x81, b"").may_answer(Command.SELECT)
    assert not Answer(0x81, b"").may_answer(Command.READ)
    assert Answer(0x41, b"").may_answer(Command.READ)


@pytest.mark.parametrize("size", [0, 1, MAXIMUM_BODY + 1])
def test_bodies_that_no_frame_can_hold(size: int) -> None:
    with pytest.raises(ValueError):
        encode(bytes(size))


def test_wrong_checksum_and_impossible_lengths_are_told_apart() -> None:
    frame = encode(b"\0\0\x90")
    assert decode(frame[:-1] + bytes([frame[-1] ^ 1])) == [DamagedFrame("checksum")]
    for length in (0, 1, 2, MAXIMUM_BODY + 2, 0xFFFF):
        assert decode(PREAMBLE + length.to_bytes(2, "big") + bytes(4))[0] == DamagedFrame("length")


def test_a_frame_inside_a_damaged_one_is_found() -> None:
    """The length byte was hit, so the damaged frame seems to hold the next one."""
    frame = encode(b"\0\0\x90")
    assert decode(PREAMBLE + b"\x00\x0c" + frame + b"\0") == [DamagedFrame("checksum"), b"\0\0\x90"]


@pytest.mark.parametrize("cut", range(1, 10))
def test_a_frame_right_after_one_that_was_cut_off_is_found(cut: int) -> None:
    found = decode(encode(b"\0\0\x90")[:cut] + encode(b"\0\0\x9f") + bytes(MAXIMUM_BODY))
    assert b"\0\0\x9f" in found


def test_more_preamble_bytes_than_needed() -> None:
    assert decode(b"\xaa\xaa" + encode(b"\0\0\x9f")) == [b"\0\0\x9f"]


@given(st.lists(BODIES, max_size=4), st.binary(max_size=30).filter(lambda noise: PREAMBLE not in noise), st.data())
def test_frames_come_through_any_cutting_and_garbage(bodies: list[bytes], noise: bytes, data: st.DataObject) -> None:
    stream = b"".join(noise + encode(body) for body in bodies) + noise
    pieces: list[bytes] = []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        pieces.append(stream[:size])
        stream = stream[size:]
    assert [frame for frame in decode(*pieces) if isinstance(frame, bytes)] == bodies


@given(BODIES, st.data())
def test_one_flipped_bit_never_gives_another_body(body: bytes, data: st.DataObject) -> None:
    """But for the length: a checksum of one byte lets one wrong length in 256 pass, and the reader knows each answer's own."""
    frame = bytearray(encode(body))
    places = [place for place in range(len(frame)) if place not in (len(PREAMBLE), len(PREAMBLE) + 1)]
    frame[data.draw(st.sampled_from(places))] ^= 1 << data.draw(st.integers(0, 7))
    assert [found for found in decode(bytes(frame)) if isinstance(found, bytes)] == []


@given(st.lists(st.one_of(st.binary(max_size=40), st.just(PREAMBLE), st.just(PREAMBLE[:3])), max_size=12))
def test_any_bytes_end_and_hold_little(pieces: list[bytes]) -> None:
    decoder = FrameDecoder()
    for piece in pieces:
        decoder.feed(piece)
        while decoder.next() is not None:
            pass
        assert decoder.pending <= MAXIMUM_BODY + 8
    if not any(PREAMBLE[:1] in piece for piece in pieces):
        assert decoder.pending == 0


@given(st.binary(max_size=20))
def test_any_body_is_an_answer_or_none(body: bytes) -> None:
    assert (Answer.of(body) is None) == (len(body) < 3)
