"""Whatever a card answers, reading it ends with a document or a refusal that has words: no crash, no endless talk."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.base import Deadline
from drivers.card_reader import AccessKey, CanKey, CardRefused, IdentityDocument, MrzKey
from drivers.pcsc import apdu, applications
from kiosk.config import ASSETS
from kiosk.faults import Catalogue

CODES = frozenset(Catalogue.load(ASSETS / "faults").entries)
MOST_COMMANDS = 2000
"""More than any card needs; a driver that asks on and on would hold the reader until its deadline."""

STATUS_WORDS = st.one_of(
    st.just(b"\x90\x00"),
    st.sampled_from([b"\x6a\x82", b"\x69\x82", b"\x69\x88", b"\x63\x00", b"\x62\x82", b"\x67\x00"]),
    st.binary(min_size=1, max_size=1).map(lambda length: b"\x61" + length),
    st.binary(min_size=1, max_size=1).map(lambda length: b"\x6c" + length),
    st.binary(max_size=2),
)
DATA = st.one_of(
    st.just(b""),
    st.binary(max_size=40),
    st.binary(min_size=256, max_size=256),
    # What looks like tag and length, true or not.
    st.tuples(
        st.sampled_from([0x60, 0x61, 0x6F, 0x70, 0x75, 0x77, 0x7C, 0x31, 0x08, 0x0A]), st.binary(max_size=60)
    ).map(lambda parts: bytes([parts[0], len(parts[1])]) + parts[1]),
    st.just(b"\x01\x00\x04\x00" + bytes(252)),
)
ANSWERS = st.tuples(DATA, STATUS_WORDS).map(b"".join)
ATRS = st.one_of(
    st.binary(max_size=33),
    st.just(bytes(13) + b"\x90\x00"),
    st.just(bytes(4) + bytes.fromhex("D10386")),
)
KEYS = st.sampled_from([None, MrzKey("L898902C", "690806", "940623"), CanKey("123456")])


@settings(deadline=None, max_examples=150)
@given(ATRS, KEYS, st.lists(ANSWERS, min_size=1, max_size=25), st.binary(max_size=4))
def test_any_answers_give_a_document_or_a_refusal(
    atr: bytes, key: AccessKey | None, answers: list[bytes], last: bytes
) -> None:
    commands = 0

    def transmit(command: bytes) -> bytes:
        nonlocal commands
        assert command
        commands += 1
        return answers[commands - 1] if commands <= len(answers) else last

    result = applications.read(apdu.Card(atr, transmit, Deadline.after(60.0), key))
    assert commands < MOST_COMMANDS
    if isinstance(result, CardRefused):
        assert result.code in CODES
    else:
        assert isinstance(result, IdentityDocument)


@settings(deadline=None, max_examples=150)
@given(st.lists(ANSWERS, max_size=12), ANSWERS)
def test_a_command_s_answer_is_data_or_a_refusal_and_ends(answers: list[bytes], last: bytes) -> None:
    commands = []

    def transmit(command: bytes) -> bytes:
        commands.append(command)
        return answers[len(commands) - 1] if len(commands) <= len(answers) else last

    result = apdu.exchange(transmit, bytes.fromhex("00B0000000"))
    assert isinstance(result, bytes | CardRefused)
    assert len(commands) <= 8
