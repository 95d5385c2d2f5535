"""How answers of cards are put together and judged, and which card is which by its answer to reset."""

import pytest
from pcsc_setting import DOCUMENTS, soon

from drivers.card_reader import CardRefused, DocumentKind
from drivers.pcsc import apdu, applications
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
