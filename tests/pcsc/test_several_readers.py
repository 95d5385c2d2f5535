"""Several readers in one service: the first card wins, the others stay watched, and one that hangs holds nobody up for ever."""

import threading
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from pcsc_setting import DOCUMENTS, soon, wait_card

from drivers.base import CheckOutcome, DeviceState, DriverError
from drivers.card_reader import DocumentKind, IdentityDocument
from drivers.operator import Answer
from drivers.pcsc import service
from drivers.pcsc.reader import PcscCardReader
from drivers.sim.pcsc import VirtualPcsc
from drivers.sim.virtual_card import PlainTypeBCard, SamBackedCard, VirtualCard

RESIDENT = DOCUMENTS[DocumentKind.RESIDENT]
PERMIT = DOCUMENTS[DocumentKind.HMT_PERMIT]


class Gate(SamBackedCard):
    """Stops before its fourth page until it is let go on."""

    def __init__(self, document: IdentityDocument) -> None:
        super().__init__(document)
        self.asked, self.go_on = Event(), Event()

    def execute(self, apdu: bytes) -> bytes:
        if apdu[:3] == b"\xff\xb0\x03":
            self.asked.set()
            self.go_on.wait(20)
        return super().execute(apdu)


def test_a_card_on_the_second_reader_wins_while_the_first_is_empty(pcsc: VirtualPcsc, reader: PcscCardReader) -> None:
    pcsc.insert(SamBackedCard(PERMIT), reader=1)
    handle = wait_card(reader)
    assert handle.reader == pcsc.reader_names()[1]
    assert reader.read_identity(handle, soon()) == PERMIT


def test_a_card_put_on_another_reader_while_one_is_read_comes_next(pcsc: VirtualPcsc, reader: PcscCardReader) -> None:
    # Readers 0 and 1 are slots of one driver, which answers one call at a time; 2 has a driver of its own.
    pcsc.restart(soon(10), readers=4)
    first = Gate(RESIDENT)
    pcsc.insert(first, reader=0)
    handle = wait_card(reader)
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(reader.read_identity, handle, soon(20))
        assert first.asked.wait(10)
        pcsc.insert(SamBackedCard(PERMIT), reader=2)
        first.go_on.set()
        assert reading.result(20) == RESIDENT, "the card that is read is the one that was offered"
    second = wait_card(reader)
    assert second.reader == pcsc.reader_names()[2]
    assert reader.read_identity(second, soon()) == PERMIT
    assert not reader.wait_removed(soon(0.1), Event()), "a card still lies on each"


def test_a_reader_that_vanishes_takes_only_its_own_card_along(pcsc: VirtualPcsc, reader: PcscCardReader) -> None:
    pcsc.insert(SamBackedCard(PERMIT), reader=1)
    handle = wait_card(reader)
    pcsc.restart(soon(10), readers=0)
    with pytest.raises(DriverError):
        reader.read_identity(handle, soon())
    pcsc.restart(soon(10), readers=4)
    pcsc.insert(SamBackedCard(RESIDENT), reader=3)
    read = [reader.read_identity(wait_card(reader), soon()) for _ in range(2)]
    assert {document.kind for document in read} == {DocumentKind.RESIDENT, DocumentKind.HMT_PERMIT}
    assert len(reader.identity().model.split(", ")) == 4


def test_one_of_several_readers_that_is_unplugged_is_told_by_name_until_it_is_back(
    pcsc: VirtualPcsc, reader: PcscCardReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A virtual reader cannot be taken from a running pcscd, so its name is taken from the list.
    readers = service.Service.readers
    first, second = pcsc.reader_names()

    def told() -> tuple[DeviceState, list[str]]:
        health = reader.poll(soon())
        return health.state, [f"{fault.code} {fault.evidence}" for fault in health.faults]

    def tested() -> list[tuple[CheckOutcome, str]]:
        return [(check.outcome, check.evidence) for check in reader.self_test(soon()) if check.name == "reader"]

    assert told() == (DeviceState.ONLINE, [])
    with monkeypatch.context() as patch:
        patch.setattr(service.Service, "readers", lambda context, deadline: readers(context, deadline)[:1])
        for _ in range(2):
            assert told() == (DeviceState.DEGRADED, [f"card_reader.not_found {second}"])
        assert tested() == [(CheckOutcome.WARN, second)]
        pcsc.insert(SamBackedCard(RESIDENT))
        assert reader.read_identity(wait_card(reader), soon()) == RESIDENT, "the other one works"
    assert told() == (DeviceState.ONLINE, [])
    assert tested() == [(CheckOutcome.PASS, f"{first}, {second}")]


def test_a_reader_that_is_unplugged_with_its_card_has_not_given_it_back(
    pcsc: VirtualPcsc, reader: PcscCardReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers = service.Service.readers
    pcsc.insert(SamBackedCard(RESIDENT), reader=1)
    assert reader.read_identity(wait_card(reader), soon()) == RESIDENT
    with monkeypatch.context() as patch:
        patch.setattr(service.Service, "readers", lambda context, deadline: readers(context, deadline)[:1])
        assert not reader.wait_removed(soon(0.3), Event())
    pcsc.remove(1)
    assert reader.wait_removed(soon(), Event())


@pytest.mark.parametrize("anew", ["reset", "open"])
def test_a_reader_that_was_taken_away_for_good_is_forgotten_by_a_reset(
    pcsc: VirtualPcsc, reader: PcscCardReader, monkeypatch: pytest.MonkeyPatch, anew: str
) -> None:
    readers = service.Service.readers
    monkeypatch.setattr(service.Service, "readers", lambda context, deadline: readers(context, deadline)[:1])
    assert reader.poll(soon()).state is DeviceState.DEGRADED
    getattr(reader, anew)(soon())
    assert reader.poll(soon()).state is DeviceState.ONLINE


def test_a_card_that_hangs_ends_the_call_by_its_deadline_and_the_reader_is_back_afterwards(
    pcsc: VirtualPcsc, reader: PcscCardReader
) -> None:
    before = threading.active_count()
    hanging = Gate(RESIDENT)
    pcsc.insert(hanging)
    handle = wait_card(reader)
    with pytest.raises(DriverError) as raised:
        reader.read_identity(handle, soon(0.3))
    assert raised.value.fault.code == "card_reader.no_answer"
    assert reader.poll(soon()).state is DeviceState.ONLINE, "the service answers on a connection of its own"
    hanging.go_on.set()
    pcsc.remove()
    assert reader.wait_removed(soon(10), Event())
    pcsc.insert(SamBackedCard(RESIDENT))
    assert reader.read_identity(wait_card(reader), soon()) == RESIDENT
    pcsc.remove()
    limit, never = soon(10), Event()
    while threading.active_count() > before and not limit.expired:
        never.wait(0.01)
    assert threading.active_count() <= before, "the call that was left behind has ended"


class Technician:
    """Does what is asked for."""

    def __init__(self, pcsc: VirtualPcsc, card: VirtualCard, takes: bool = True) -> None:
        self.cancel = Event()
        self._pcsc, self._card, self._takes = pcsc, card, takes

    def instruct(self, code: str, about: str = "") -> Event:
        if code == "selftest.put_card":
            self._pcsc.insert(self._card)
        elif self._takes:
            self._pcsc.remove()
        return self.cancel

    def confirm(self, code: str, picture: bytes = b"", about: str = "") -> Answer:
        raise AssertionError("nothing is asked")


def test_the_guided_test_reads_a_card_and_sees_it_taken(pcsc: VirtualPcsc, reader: PcscCardReader) -> None:
    checks = reader.guided_test(Technician(pcsc, SamBackedCard(RESIDENT)), soon(10))
    assert [(check.name, check.outcome, check.evidence) for check in checks] == [
        ("card", CheckOutcome.PASS, "resident"),
        ("removal", CheckOutcome.PASS, ""),
    ]


def test_the_guided_test_tells_a_card_that_gives_no_name_and_one_that_stays(
    pcsc: VirtualPcsc, reader: PcscCardReader
) -> None:
    card, removal = reader.guided_test(Technician(pcsc, PlainTypeBCard(), takes=False), soon(2))
    assert card.outcome is CheckOutcome.WARN
    assert card.fault is not None
    assert (card.fault.code, card.evidence) == ("card.plain_type_b", "")
    assert removal.outcome is CheckOutcome.FAIL
    assert removal.fault is not None
    assert removal.fault.code == "card_reader.removal_not_seen"
