"""What the card loop remembers: numbers grow, a read card is offered once, and a loss of the reader forgets nothing."""

import pytest

from drivers.base import Deadline
from drivers.card_reader import CardHandle
from drivers.pcsc.presence import Presences, Slot
from drivers.pcsc.service import ReaderState

EMPTY, PRESENT, UNKNOWN = 0x10, 0x20, 0x04


class Clock:
    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


class Reader:
    """One reader, as the service tells of it."""

    def __init__(self, offer_lying: bool = True) -> None:
        self.clock = Clock()
        self.presences = Presences(self.clock, offer_lying=offer_lying)

    def see(self, state: int, counter: int) -> CardHandle | None:
        self.presences.see(ReaderState("R", counter << 16 | state, b""))
        return self.presences.offer()

    def read(self, handle: CardHandle | None) -> Slot:
        assert handle is not None
        slot = self.presences.of(handle)
        assert slot is not None
        slot.done = True
        return slot


@pytest.fixture
def reader() -> Reader:
    return Reader()


def test_a_card_is_offered_until_it_was_read_and_again_only_after_it_was_lifted(reader: Reader) -> None:
    assert reader.see(EMPTY, 0) is None
    handle = reader.see(PRESENT, 1)
    assert reader.see(PRESENT, 1) == handle == CardHandle("R", 1)
    reader.read(handle)
    assert reader.see(PRESENT, 1) is None
    assert not reader.presences.all_empty(["R"])
    assert reader.see(EMPTY, 2) is None
    assert reader.presences.all_empty(["R"])
    assert reader.see(PRESENT, 3) == CardHandle("R", 2)


def test_a_card_that_lies_there_at_the_first_look_must_be_lifted_first() -> None:
    reader = Reader(offer_lying=False)
    assert reader.see(PRESENT, 1) is None
    assert not reader.presences.all_empty(["R"])
    assert reader.see(PRESENT, 1) is None
    assert reader.see(EMPTY, 2) is None
    assert reader.see(PRESENT, 3) is not None


def test_a_reader_that_was_empty_at_the_first_look_offers_its_card_at_once_and_after_a_loss() -> None:
    reader = Reader(offer_lying=False)
    assert reader.see(EMPTY, 0) is None
    reader.presences.lose()
    assert reader.see(EMPTY, 0) is None
    assert reader.see(PRESENT, 1) is not None


def test_a_reader_found_again_before_it_was_ever_seen_empty_still_holds_what_was_there_at_the_start() -> None:
    reader = Reader(offer_lying=False)
    reader.see(PRESENT, 1)
    reader.presences.lose()
    assert reader.see(PRESENT, 1) is None


def test_a_card_lifted_and_put_back_unseen_is_another_presence(reader: Reader) -> None:
    first = reader.see(PRESENT, 1)
    reader.read(first)
    assert reader.see(PRESENT, 3) == CardHandle("R", 2)
    assert first is not None
    assert reader.presences.of(first) is None


def test_a_card_said_to_be_removed_is_offered_again_when_pcscd_noticed_nothing(reader: Reader) -> None:
    slot = reader.read(reader.see(PRESENT, 1))
    slot.doubt = Deadline.after(0.6, reader.clock)
    assert reader.see(PRESENT, 1) is None
    reader.clock.time += 0.6
    assert reader.see(PRESENT, 1) == CardHandle("R", 2)


@pytest.mark.parametrize("first_seen_empty", [False, True])
def test_a_read_card_found_again_after_a_loss_is_not_offered(reader: Reader, first_seen_empty: bool) -> None:
    reader.read(reader.see(PRESENT, 1))
    reader.presences.lose()
    reader.presences.lose()
    reader.clock.time += 60
    if first_seen_empty:
        assert reader.see(EMPTY, 0) is None
        reader.clock.time += 0.5
    assert reader.see(PRESENT, 1) is None
    assert reader.see(EMPTY, 2) is None
    assert reader.see(PRESENT, 3) == CardHandle("R", 3), "lifted since, so it is a new one"


def test_a_card_that_comes_well_after_a_loss_is_a_new_one(reader: Reader) -> None:
    reader.read(reader.see(PRESENT, 1))
    reader.presences.lose()
    assert reader.see(EMPTY, 0) is None
    reader.clock.time += 2
    assert reader.see(PRESENT, 1) == CardHandle("R", 2)


@pytest.mark.parametrize("read", [False, True])
def test_a_reader_lost_with_its_card_is_not_empty_until_it_is_seen_so(reader: Reader, read: bool) -> None:
    handle = reader.see(PRESENT, 1)
    if read:
        reader.read(handle)
    reader.presences.lose()
    assert not reader.presences.all_empty(["R"])
    assert reader.presences.all_empty(["another"]), "only those that are asked for count"
    reader.see(UNKNOWN, 1)
    assert not reader.presences.all_empty(["R"])
    reader.see(EMPTY, 2)
    assert reader.presences.all_empty(["R"])


def test_a_card_not_read_before_a_loss_is_offered_under_a_new_number(reader: Reader) -> None:
    old = reader.see(PRESENT, 1)
    assert old is not None
    reader.presences.lose()
    assert reader.presences.of(old) is None
    assert reader.see(PRESENT, 1) == CardHandle("R", 2)


def test_a_card_asked_back_before_a_loss_is_offered(reader: Reader) -> None:
    slot = reader.read(reader.see(PRESENT, 1))
    slot.doubt = Deadline.after(0.6, reader.clock)
    reader.presences.lose()
    assert reader.see(PRESENT, 1) == CardHandle("R", 2)


def test_only_readers_that_are_gone_are_lost(reader: Reader) -> None:
    handle = reader.see(PRESENT, 1)
    reader.presences.lose(remaining=("R",))
    assert reader.presences.offer() == handle
    assert reader.see(UNKNOWN, 1) is None, "the service itself does not know"


def test_events_are_kept_to_wait_for_the_next_one(reader: Reader) -> None:
    assert reader.presences.event("R") == 0
    reader.see(EMPTY, 2)
    assert reader.presences.event("R") == 0x20010
