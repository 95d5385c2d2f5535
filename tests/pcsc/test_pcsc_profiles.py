"""How answers of cards are put together and judged, and which card is which by its answer to reset."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pcsc_setting import DOCUMENTS, soon

from drivers.card_reader import CardRefused, DocumentKind
from drivers.pcsc import apdu, applications, trace
from drivers.sim.virtual_card import PlainTypeBCard, SamBackedCard, UnknownCard

RESIDENT = DOCUMENTS[DocumentKind.RESIDENT]
COMMAND = bytes.fromhex("FFB0000000")


class Script:
    """A card that expects these commands and gives these answers, in hexadecimal."""

    def __init__(self, *lines: tuple[str, str]) -> None:
        self.lines = list(lines)

    def __call__(self, command: bytes) -> bytes:
        expected, answer = self.lines.pop(0)
        assert command == bytes.fromhex(expected)
        return bytes.fromhex(answer)


@pytest.mark.parametrize(
    ("lines", "outcome"),
    [
        ([("FFB0000000", "01029000")], b"\x01\x02"),
        ([("FFB0000000", "9000")], b""),
        ([("FFB0000000", "6C02"), ("FFB0000002", "01029000")], b"\x01\x02"),
        ([("FFB0000000", "6102"), ("00C0000002", "01029000")], b"\x01\x02"),
        ([("FFB0000000", "016101"), ("00C0000001", "026101"), ("00C0000001", "039000")], b"\x01\x02\x03"),
        ([("FFB0000000", "6A82")], CardRefused("card.unreadable", "SW 6A82")),
        ([("FFB0000000", "6102"), ("00C0000002", "6F00")], CardRefused("card.unreadable", "SW 6F00")),
        ([("FFB0000000", "90")], CardRefused("card.unreadable", "no status word")),
    ],
)
def test_answers_in_parts_and_refusals(lines: list[tuple[str, str]], outcome: bytes | CardRefused) -> None:
    script = Script(*lines)
    assert apdu.exchange(script, COMMAND) == outcome
    assert not script.lines


def test_a_card_that_promises_data_for_ever_is_not_believed() -> None:
    outcome = apdu.exchange(lambda command: b"\x61\x01", COMMAND)
    assert outcome == CardRefused("card.unreadable", "no end of data")


@pytest.mark.parametrize(
    ("atr", "code"),
    [
        (SamBackedCard.atr, ""),
        (bytes.fromhex("3B8A800101020304050607089000FF"), ""),  # the same, if the source counts bytes from 1
        (PlainTypeBCard.atr, "card.plain_type_b"),
        (UnknownCard.atr, "card.unknown"),
        (b"", "card.unknown"),
    ],
)
def test_cards_are_recognised_by_their_answer_to_reset(atr: bytes, code: str) -> None:
    card = SamBackedCard(RESIDENT)
    commands: list[bytes] = []

    def transmit(command: bytes) -> bytes:
        commands.append(command)
        return card.execute(command)

    outcome = applications.read(apdu.Card(atr, transmit, soon()))
    if code:
        assert isinstance(outcome, CardRefused)
        assert outcome.code == code
        assert all(command[:2] == b"\x00\xa4" for command in commands), "nothing is sent but questions"
    else:
        assert outcome == RESIDENT
        assert commands == [bytes([0xFF, 0xB0, page, 0, 0]) for page in range(6)]


@pytest.mark.parametrize(
    ("atr", "shown"),
    [
        ("3B888001D10386050080800058", "3b 88 80 01 d1" + " ··" * 8),  # the plain type-B card of facts/cards.md
        (
            "3BDF18008131FE588031B05202046405A1008190008E",
            "3b df 18 00 81 31 fe 58 80" + " ··" * 13,
        ),  # TA1 TC1 TD1 TD2 TA3 TB3
        ("3B6700000073C8400000009000", "3b 67 00 00 00" + " ··" * 8),  # T=0: TB1 TC1, no checksum
        ("3B00", "3b 00"),
        ("3B", "3b"),
        ("", ""),
        ("3BFF", "3b ff"),  # cut short: what is announced does not come
    ],
)
def test_of_an_answer_to_reset_the_model_is_shown_and_what_may_be_a_serial_number_is_not(atr: str, shown: str) -> None:
    assert trace.answer_to_reset(bytes.fromhex(atr)) == shown


@given(st.binary(min_size=4, max_size=14))
def test_no_serial_number_in_the_historical_bytes_comes_through(serial: bytes) -> None:
    """And the masks hold it back whatever it is: two cards of a model look alike."""
    atr = bytes([0x3B, 0x80 | (1 + len(serial)), 0x80, 0x01, 0x80]) + serial
    assert trace.answer_to_reset(atr) == "3b " + f"{atr[1]:02x} 80 01 80" + " ··" * len(serial)


@given(st.binary(max_size=40))
def test_any_answer_to_reset_can_be_shown(atr: bytes) -> None:
    assert len(trace.answer_to_reset(atr).split()) == len(atr)
