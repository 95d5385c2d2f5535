"""Splitting a scanner's bytes into codes, however they are cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.serial_scanner.framing import FRAMINGS, MAXIMUM_PENDING, CodeSplitter, Framing, enclose

MARKS = b"\x02\x03\r\n"
CODES = st.lists(st.binary(min_size=1, max_size=30).filter(lambda code: not set(code) & set(MARKS)), max_size=5)


@pytest.mark.parametrize(
    ("framing", "sent"), [("cr", b"AB\r"), ("lf", b"AB\n"), ("crlf", b"AB\r\n"), ("stx_etx", b"\x02AB\x03")]
)
def test_the_marks(framing: Framing, sent: bytes) -> None:
    assert enclose(b"AB", framing) == sent
    assert CodeSplitter(framing).feed(sent * 2) == [b"AB", b"AB"]


@given(st.sampled_from(FRAMINGS), CODES, st.data())
def test_codes_come_through_any_cutting(framing: Framing, codes: list[bytes], data: st.DataObject) -> None:
    splitter = CodeSplitter(framing)
    stream = b"".join(enclose(code, framing) for code in codes)
    found: list[bytes] = []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        found += splitter.feed(stream[:size])
        stream = stream[size:]
    assert found == codes
    assert not splitter.pending


@given(
    st.sampled_from(FRAMINGS),
    st.lists(st.one_of(st.binary(max_size=30), st.sampled_from([b"\r", b"\n", b"\x02", b"\x03"]))),
)
def test_any_bytes_end_in_whole_codes(framing: Framing, pieces: list[bytes]) -> None:
    splitter = CodeSplitter(framing)
    for piece in pieces:
        for code in splitter.feed(piece):
            assert code
            assert {"cr": b"\r", "lf": b"\n", "crlf": b"\r\n", "stx_etx": b"\x03"}[framing] not in code
            assert framing != "stx_etx" or b"\x02" not in code


def test_bytes_outside_stx_and_etx_and_a_code_begun_anew() -> None:
    assert CodeSplitter("stx_etx").feed(b"noise\x02HALF\x02WHOLE\x03noise\x03\x02\x03") == [b"WHOLE"]


def test_a_code_without_end_does_not_fill_the_memory() -> None:
    splitter = CodeSplitter("cr")
    for _ in range(40):
        splitter.feed(b"x" * 4096)
    (code,) = splitter.feed(b"\r")
    assert len(code) == MAXIMUM_PENDING
