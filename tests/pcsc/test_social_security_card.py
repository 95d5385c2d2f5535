"""Social security cards of all generations and habits, through the real driver and a real pcscd, and any answer at all."""

from dataclasses import replace
from datetime import date
from threading import Event

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pcsc_setting import soon, wait_card

from drivers.card_reader import CardRefused, DocumentKind, IdentityDocument
from drivers.cards.resident_id import check_digit
from drivers.pcsc import apdu, applications
from drivers.pcsc.reader import PcscCardReader
from drivers.sim.pcsc import VirtualPcsc
from drivers.sim.social_security_card import Quirks, SocialSecurityCard
from drivers.sim.virtual_card import CardFaults
from drivers.wire import Direction, WireEvent

HOLDER = IdentityDocument(
    kind=DocumentKind.SOCIAL_SECURITY,
    number="11010519850607002" + check_digit("11010519850607002"),
    name="测试丁",
    name_en="",
    sex="2",
    birth=date(1985, 6, 7),
    valid_from=date(2020, 1, 2),
    valid_to=date(2040, 1, 2),
    nation="56",
    issuer="0" * 24,
    card_number="A00000001",
)
LONG = replace(HOLDER, name="张" * 20)
FULL = replace(HOLDER, name="张" * 15)

QUIRKS = {
    "as written": Quirks(),
    "P1=02 selects": Quirks(select_p1=0x02, ways=frozenset({0x04})),
    "record numbers only": Quirks(ways=frozenset({0x04})),
    "tags only": Quirks(ways=frozenset({0x00})),
    "short identifiers only": Quirks(select_p1=None, ways=frozenset({0x28, 0x30})),
    "exact length": Quirks(exact_length=True),
    "get response": Quirks(get_response=True),
}


def read(card: SocialSecurityCard) -> IdentityDocument | CardRefused:
    """Read without pcscd."""
    index = 0

    def transmit(command: bytes) -> bytes:
        nonlocal index
        answer = card.respond(index, command)
        index += 1
        return answer or b""

    return applications.read(apdu.Card(card.atr, transmit, soon()))


@pytest.mark.parametrize("generation", [1, 2])
def test_first_and_second_generation_are_read_in_full(
    pcsc: VirtualPcsc, reader: PcscCardReader, generation: int
) -> None:
    pcsc.insert(SocialSecurityCard(LONG, generation))
    assert reader.read_identity(wait_card(reader), soon()) == LONG


def test_third_generation_gives_no_name_and_says_why(pcsc: VirtualPcsc, reader: PcscCardReader) -> None:
    pcsc.insert(SocialSecurityCard(HOLDER, 3))
    outcome = reader.read_identity(wait_card(reader), soon())
    assert outcome == CardRefused("card.social_security_third", "version 3.00, region 110105")


@pytest.mark.parametrize(
    "document", [HOLDER, FULL, LONG], ids=["short name", "name that fills its record", "long name"]
)
@pytest.mark.parametrize("quirks", QUIRKS.values(), ids=QUIRKS)
def test_cards_of_other_habits_are_read_all_the_same(quirks: Quirks, document: IdentityDocument) -> None:
    outcome = read(SocialSecurityCard(document, quirks=quirks))
    assert outcome == document


@pytest.mark.parametrize("quirks", QUIRKS.values(), ids=QUIRKS)
def test_a_third_generation_card_of_any_habit_is_recognised(quirks: Quirks) -> None:
    outcome = read(SocialSecurityCard(HOLDER, 3, quirks))
    assert isinstance(outcome, CardRefused)
    assert outcome.code == "card.social_security_third"


@pytest.mark.parametrize("index", range(1, 17))
def test_one_refused_command_never_gives_half_an_identity(index: int) -> None:
    outcome = read(SocialSecurityCard(LONG, faults=CardFaults(refuse_at=(index, 0x6F00))))
    assert outcome == LONG or isinstance(outcome, CardRefused)


def test_a_name_that_may_go_on_is_not_believed_when_the_card_will_not_say() -> None:
    class Silent(SocialSecurityCard):
        def execute(self, command: bytes) -> bytes:
            answer = super().execute(command)
            return b"\x6f\x00" if answer.startswith(b"\x4e") else answer

    assert read(Silent(LONG)) == CardRefused("card.unreadable", "the name may go on and the card does not say")


def test_a_card_pulled_in_the_middle_is_refused_and_read_when_put_back(
    pcsc: VirtualPcsc, reader: PcscCardReader
) -> None:
    pcsc.insert(SocialSecurityCard(HOLDER, faults=CardFaults(pull_at=9)))
    outcome = reader.read_identity(wait_card(reader), soon())
    assert isinstance(outcome, CardRefused)
    assert outcome.code == "card.removed"
    pcsc.insert(SocialSecurityCard(HOLDER))
    assert reader.read_identity(wait_card(reader), soon()) == HOLDER


def test_the_trace_says_what_was_asked_and_shows_no_personal_byte(pcsc: VirtualPcsc, reader: PcscCardReader) -> None:
    seen: list[WireEvent] = []
    reader.watcher = seen.append
    pcsc.insert(SocialSecurityCard(HOLDER))
    assert reader.read_identity(wait_card(reader), soon()) == HOLDER
    meanings = [event.meaning for event in seen if event.direction is Direction.OUT]
    assert meanings[:3] == ["select application social security", "select file EF05 (card)", "read record 1"]
    assert "select file EF06 (holder)" in meanings
    shown = " ".join(event.shown for event in seen)
    for personal in (HOLDER.number.encode(), HOLDER.name.encode("gbk"), b"A00000001", b"\x19\x85\x06\x07"):
        assert personal.hex(" ") not in shown
        assert personal.hex() not in shown.replace(" ", "")
    assert SocialSecurityCard.atr[-4:].hex(" ") not in shown
    assert any(event.meaning == "20 bytes, 9000 done" for event in seen)
    assert len([event for event in seen if event.direction is Direction.IN]) > 10


ANSWERS = st.one_of(
    st.binary(max_size=64),
    st.binary(max_size=40).map(lambda data: data + b"\x90\x00"),
    st.sampled_from([b"\x90\x00", b"\x6a\x83", b"\x61\x10", b"\x6c\x10", b"\x69\x82"]),
    st.builds(
        lambda tag, value: bytes([tag, len(value)]) + value + b"\x90\x00",
        st.sampled_from([*range(1, 14), 0x4E]),
        st.binary(max_size=32),
    ),
)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=33), st.lists(ANSWERS, min_size=1, max_size=40))
def test_any_answers_of_any_card_end_in_an_identity_or_a_refusal(atr: bytes, answers: list[bytes]) -> None:
    commands: list[bytes] = []

    def transmit(command: bytes) -> bytes:
        commands.append(command)
        return answers[len(commands) % len(answers)]

    outcome = applications.read(apdu.Card(atr, transmit, soon()))
    assert isinstance(outcome, IdentityDocument | CardRefused)
    assert len(commands) < 600, "it ends"


def test_a_travel_document_without_a_key_asks_for_one() -> None:
    def transmit(command: bytes) -> bytes:
        return b"\x90\x00" if command == bytes.fromhex("00A4040C07A0000002471001") else b"\x6a\x82"

    outcome = applications.read(apdu.Card(b"", transmit, soon()))
    assert outcome == CardRefused("card.key_needed")


def test_the_same_card_may_be_read_again_with_what_was_asked_for(pcsc: VirtualPcsc, reader: PcscCardReader) -> None:
    pcsc.insert(SocialSecurityCard(HOLDER))
    handle = wait_card(reader)
    assert reader.read_identity(handle, soon()) == reader.read_identity(handle, soon()) == HOLDER
    assert reader.wait_card(soon(0.1), Event()) is None
