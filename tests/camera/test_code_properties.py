"""No bytes break what becomes of a code: not the payload's rule, not the framing of a serial line, however they are cut."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from drivers.code_text import MAXIMUM_BYTES, accept
from drivers.qr_scanner import QrPayload, QrRefused
from drivers.serial_scanner.framing import FRAMINGS, MAXIMUM_PENDING, CodeSplitter, enclose

CODES = st.binary(min_size=1, max_size=60).filter(lambda code: not set(code) & {0x02, 0x03, 0x0A, 0x0D})


@given(
    st.one_of(
        st.binary(max_size=1200), st.text().map(str.encode), st.text().map(lambda t: t.encode("gb18030", "ignore"))
    )
)
def test_a_code_is_taken_whole_or_refused(data: bytes) -> None:
    found = accept(data, "qr_code", 0.0)
    if isinstance(found, QrRefused):
        assert found.code in {"code.too_long", "code.not_text", "code.control_characters"}
        return
    assert isinstance(found, QrPayload)
    assert 0 < len(data) <= MAXIMUM_BYTES
    assert found.data == data
    assert found.text
    assert not any(unicodedata.category(character) in ("Cc", "Zl", "Zp", "Cs") for character in found.text)
    assert data in (found.text.encode(), found.text.encode("gb18030"))


@given(st.sampled_from(FRAMINGS), st.lists(CODES, max_size=8), st.data())
def test_codes_come_out_of_a_stream_however_it_is_cut(framing: str, codes: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(enclose(code, framing) for code in codes)
    splitter, found = CodeSplitter(framing), []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        found += splitter.feed(stream[:size])
        stream = stream[size:]
    assert found == codes
    assert not splitter.pending


@given(st.sampled_from(FRAMINGS), st.lists(st.binary(max_size=300), max_size=12))
def test_noise_is_bounded_and_breaks_nothing(framing: str, pieces: list[bytes]) -> None:
    splitter = CodeSplitter(framing)
    for piece in pieces:
        for code in splitter.feed(piece):
            assert code
    assert len(splitter._buffer) <= MAXIMUM_PENDING


def test_a_line_that_babbles_for_ever_takes_no_memory() -> None:
    splitter = CodeSplitter("cr")
    for _ in range(40):
        assert splitter.feed(b"x" * 4096) == []
    assert len(splitter._buffer) == MAXIMUM_PENDING
