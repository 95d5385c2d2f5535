"""pcscd that dies and comes back, readers that go, cancelling and closing at any time; and nothing left afterwards."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
from pcsc_setting import DOCUMENTS, soon, wait_card

from drivers.base import CheckOutcome, Deadline, DeviceState, DriverError
from drivers.card_reader import CardRefused, DocumentKind
from drivers.pcsc import service
from drivers.pcsc.reader import PcscCardReader
from drivers.sim.pcsc import VirtualPcsc
from drivers.sim.virtual_card import SamBackedCard

RESIDENT = DOCUMENTS[DocumentKind.RESIDENT]


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> Event:
    """Set when the reader has begun to wait for a change."""
    begun = Event()
    original = service.Service.states

    def states(
        context: service.Service, known: dict[str, int], seconds: float, deadline: Deadline
    ) -> tuple[service.ReaderState, ...]:
        if seconds:
            begun.set()
        return original(context, known, seconds, deadline)

    monkeypatch.setattr(service.Service, "states", states)
    return begun


def test_a_card_is_read_after_pcscd_was_killed_and_started_again_while_waiting(
    pcsc: VirtualPcsc, reader: PcscCardReader, pool: ThreadPoolExecutor, waiting: Event
) -> None:
    handle = pool.submit(wait_card, reader)
    assert waiting.wait(5)
    pcsc.kill()
    pcsc.start(soon())
    pcsc.insert(SamBackedCard(RESIDENT))
    assert reader.read_identity(handle.result(5), soon()) == RESIDENT


def test_a_service_that_stays_away_is_an_error_after_our_patience(pcsc: VirtualPcsc) -> None:
    reader = PcscCardReader(patience=0.2)
    reader.open(soon())
    pcsc.kill()
    with pytest.raises(DriverError) as raised:
        reader.wait_card(soon(), Event())
    assert raised.value.fault.code == "card_reader.service_down"
    with pytest.raises(DriverError):
        reader.poll(soon())
    pcsc.start(soon())
    reader.close()
    reader.open(soon())
    assert reader.poll(soon()).state is DeviceState.ONLINE
    reader.close()


def test_a_missing_service_is_never_taken_for_an_empty_reader(pcsc: VirtualPcsc, reader: PcscCardReader) -> None:
    pcsc.insert(SamBackedCard(RESIDENT))
    wait_card(reader)
    pcsc.kill()
    assert not reader.wait_removed(soon(0.3), Event())


def test_opening_says_what_is_missing(pcsc: VirtualPcsc) -> None:
    def failure(reader: PcscCardReader) -> str:
        with pytest.raises(DriverError) as raised:
            reader.open(soon())
        with pytest.raises(DriverError):
            reader.poll(soon())
        return raised.value.fault.code

    assert failure(PcscCardReader("no such name")) == "card_reader.not_found"
    pcsc.restart(soon(), readers=0)
    assert failure(PcscCardReader()) == "card_reader.not_found"
    pcsc.kill()
    assert failure(PcscCardReader()) == "card_reader.service_down"


def test_the_self_test_names_the_first_thing_that_is_wrong(pcsc: VirtualPcsc, reader: PcscCardReader) -> None:
    def outcomes() -> dict[str, CheckOutcome]:
        return {check.name: check.outcome for check in reader.self_test(soon())}

    passed, failed, skipped = CheckOutcome.PASS, CheckOutcome.FAIL, CheckOutcome.SKIP
    pcsc.insert(SamBackedCard(RESIDENT), reader=1)
    wait_card(reader)
    assert outcomes() == {"service": passed, "reader": passed, "card": passed, "photo": skipped}
    card = reader.self_test(soon())[2].evidence
    masked = " ".join(["3b 8b 80 01 53", *["··"] * 11])
    assert card == f"{pcsc.reader_names()[0]}: empty; {pcsc.reader_names()[1]}: ATR {masked}"
    pcsc.restart(soon(), readers=0)
    reader.self_test(soon())  # the context from before the restart ends here
    assert outcomes() == {"service": passed, "reader": failed, "card": skipped, "photo": skipped}
    pcsc.kill()
    assert outcomes() == {"service": failed, "reader": skipped, "card": skipped, "photo": skipped}


def test_a_reader_that_goes_with_the_service_and_comes_back_later_is_used_again(
    pcsc: VirtualPcsc, reader: PcscCardReader, pool: ThreadPoolExecutor, waiting: Event
) -> None:
    handle = pool.submit(wait_card, reader)
    assert waiting.wait(5)
    pcsc.restart(soon(), readers=0)
    pcsc.restart(soon(), readers=2)
    pcsc.insert(SamBackedCard(RESIDENT))
    assert reader.read_identity(handle.result(5), soon()) == RESIDENT


def test_a_reader_unplugged_from_a_living_service_is_waited_for(
    pcsc: VirtualPcsc, reader: PcscCardReader, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A virtual reader cannot be taken from a running pcscd, so its answers are changed into those for an unplugged one:
    # first the wait fails with "unknown reader", then the list is empty.
    unplugged, plugged_in, noticed = Event(), Event(), Event()
    states, readers = service.Service.states, service.Service.readers

    def states_of_unplugged(
        context: service.Service, known: dict[str, int], seconds: float, deadline: Deadline
    ) -> tuple[service.ReaderState, ...]:
        if seconds and not unplugged.is_set():
            unplugged.set()
            raise service.PcscError(0x80100009)
        return states(context, known, seconds, deadline)

    def readers_of_unplugged(context: service.Service, deadline: Deadline) -> tuple[str, ...]:
        if unplugged.is_set() and not plugged_in.is_set():
            noticed.set()
            return ()
        return readers(context, deadline)

    monkeypatch.setattr(service.Service, "states", states_of_unplugged)
    monkeypatch.setattr(service.Service, "readers", readers_of_unplugged)
    handle = pool.submit(wait_card, reader)
    assert noticed.wait(5)
    pcsc.insert(SamBackedCard(RESIDENT))
    plugged_in.set()
    assert reader.read_identity(handle.result(5), soon()) == RESIDENT


def test_a_read_card_is_not_offered_after_a_restart_until_it_was_lifted(
    pcsc: VirtualPcsc, reader: PcscCardReader
) -> None:
    pcsc.insert(SamBackedCard(RESIDENT))
    reader.read_identity(wait_card(reader), soon())
    pcsc.restart(soon())
    assert reader.wait_card(soon(1), Event()) is None
    pcsc.remove()
    assert reader.wait_removed(soon(), Event())
    pcsc.insert(SamBackedCard(RESIDENT))
    assert reader.read_identity(wait_card(reader), soon()) == RESIDENT


def test_a_card_that_lies_there_when_the_program_starts_again_must_be_lifted_first(
    pcsc: VirtualPcsc, reader: PcscCardReader
) -> None:
    pcsc.insert(SamBackedCard(RESIDENT))
    reader.read_identity(wait_card(reader), soon())
    reader.close()
    started_again = PcscCardReader()
    started_again.open(soon())
    assert started_again.wait_card(soon(1), Event()) is None
    assert started_again.must_lift
    pcsc.insert(SamBackedCard(RESIDENT), reader=1)
    assert started_again.read_identity(wait_card(started_again), soon()) == RESIDENT, "another reader is as usual"
    pcsc.remove(0)
    pcsc.remove(1)
    assert started_again.wait_removed(soon(), Event())
    assert not started_again.must_lift
    pcsc.insert(SamBackedCard(RESIDENT))
    assert started_again.read_identity(wait_card(started_again), soon()) == RESIDENT
    started_again.close()


def test_a_card_not_read_before_a_restart_is_offered_again_and_the_old_handle_is_void(
    pcsc: VirtualPcsc, reader: PcscCardReader
) -> None:
    pcsc.insert(SamBackedCard(RESIDENT))
    old = wait_card(reader)
    pcsc.restart(soon())
    with pytest.raises(DriverError) as raised:
        reader.read_identity(old, soon())
    assert raised.value.fault.code == "card_reader.service_down"
    new = wait_card(reader)
    assert new.presence > old.presence
    outcome = reader.read_identity(old, soon())
    assert isinstance(outcome, CardRefused)
    assert outcome.code == "card.removed"
    assert reader.read_identity(new, soon()) == RESIDENT


def test_pcscd_killed_in_the_middle_of_reading_is_an_error_and_the_card_is_offered_again(
    pcsc: VirtualPcsc, reader: PcscCardReader, pool: ThreadPoolExecutor
) -> None:
    asked, answer = Event(), Event()

    class SlowCard(SamBackedCard):
        def execute(self, apdu: bytes) -> bytes:
            if apdu[2] == 3 and not asked.is_set():
                asked.set()
                answer.wait(5)
            return super().execute(apdu)

    pcsc.insert(SlowCard(RESIDENT))
    outcome = pool.submit(reader.read_identity, wait_card(reader), soon())
    assert asked.wait(5)
    killing = threading.Thread(target=pcsc.kill)
    killing.start()
    with pytest.raises(DriverError) as raised:
        outcome.result(5)
    assert raised.value.fault.code == "card_reader.service_down"
    answer.set()
    killing.join(5)
    pcsc.start(soon())
    assert reader.read_identity(wait_card(reader), soon()) == RESIDENT


@pytest.mark.parametrize("call", ["wait_card", "wait_removed"])
def test_cancel_ends_a_wait(
    pcsc: VirtualPcsc, reader: PcscCardReader, pool: ThreadPoolExecutor, waiting: Event, call: str
) -> None:
    if call == "wait_removed":
        pcsc.insert(SamBackedCard(RESIDENT))
        wait_card(reader)
        waiting.clear()
    cancel = Event()
    outcome = pool.submit(getattr(reader, call), soon(30), cancel)
    assert waiting.wait(5)
    began = time.monotonic()
    cancel.set()
    assert not outcome.result(5)
    assert time.monotonic() - began < 5


def test_cancel_ends_a_wait_also_while_the_service_is_away(
    pcsc: VirtualPcsc, reader: PcscCardReader, pool: ThreadPoolExecutor, waiting: Event
) -> None:
    cancel = Event()
    outcome = pool.submit(reader.wait_card, soon(30), cancel)
    assert waiting.wait(5)
    pcsc.kill()
    cancel.set()
    assert outcome.result(10) is None


def test_closing_ends_a_wait_and_the_device_can_be_opened_again(
    pcsc: VirtualPcsc, reader: PcscCardReader, pool: ThreadPoolExecutor, waiting: Event
) -> None:
    outcome = pool.submit(reader.wait_card, soon(30), Event())
    assert waiting.wait(5)
    reader.close()
    reader.close()
    assert outcome.result(10) is None
    for call in (reader.poll, reader.reset):
        with pytest.raises(DriverError):
            call(soon())
    reader.open(soon())
    pcsc.insert(SamBackedCard(RESIDENT))
    assert reader.read_identity(wait_card(reader), soon()) == RESIDENT


def test_closing_does_not_wait_for_a_card_that_hangs(
    pcsc: VirtualPcsc, reader: PcscCardReader, pool: ThreadPoolExecutor
) -> None:
    asked, answer = Event(), Event()

    class HangingCard(SamBackedCard):
        def execute(self, apdu: bytes) -> bytes:
            asked.set()
            answer.wait(10)
            return super().execute(apdu)

    descriptors = _descriptors()
    pcsc.insert(HangingCard(RESIDENT))
    outcome = pool.submit(reader.read_identity, wait_card(reader), soon())
    assert asked.wait(5)
    began = time.monotonic()
    reader.close()
    assert time.monotonic() - began < 5
    answer.set()
    assert outcome.result(5) == RESIDENT
    pcsc.remove()
    assert _descriptors() < descriptors, "the stuck call let go of the service when it came back"


def test_nothing_is_left_of_readers_that_were_closed_or_lost_their_service(pcsc: VirtualPcsc) -> None:
    descriptors, threads = _descriptors(), threading.active_count()
    for _ in range(3):
        reader = PcscCardReader()
        reader.open(soon())
        reader.reset(soon())
        pcsc.insert(SamBackedCard(RESIDENT))
        assert reader.read_identity(wait_card(reader), soon()) == RESIDENT
        pcsc.restart(soon())
        reader.wait_card(soon(0.2), Event())
        pcsc.remove()
        reader.close()
    assert (_descriptors(), threading.active_count()) == (descriptors, threads)


def test_a_frozen_service_costs_a_few_threads_however_often_it_is_tried_and_none_once_it_goes_on(
    pcsc: VirtualPcsc, reader: PcscCardReader
) -> None:
    reader.poll(soon())
    threads, most = threading.active_count(), 0
    pcsc.freeze()
    for _ in range(10):
        reader.close()
        with pytest.raises(DriverError) as raised:
            reader.open(soon(0))
        assert raised.value.fault.code == "card_reader.no_answer"
        most = max(most, threading.active_count())
    assert most <= threads + 4
    pcsc.thaw()
    limit, never = soon(10), Event()
    while threading.active_count() >= threads and not limit.expired:
        never.wait(0.01)
    reader.open(soon())
    pcsc.insert(SamBackedCard(RESIDENT))
    assert reader.read_identity(wait_card(reader), soon()) == RESIDENT
    assert threading.active_count() <= threads + 1, "the card's own thread"


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_no_readers_are_listed_while_a_context_is_being_established(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both at once would stop every thread of the program, until the service answers: see ``drivers.pcsc.service``."""
    answered, listed = Event(), Event()

    def establish() -> tuple[int]:
        answered.wait(10)
        return (1,)

    def list_readers() -> tuple[int]:
        listed.set()
        return (0,)

    monkeypatch.setattr(service, "_NEVER_TOGETHER", (establish, list_readers))
    with ThreadPoolExecutor(1) as pool:
        callers = [service._Caller() for _ in range(3)]
        establishing = pool.submit(callers[0].call, soon(), establish)
        with pytest.raises(service.StuckError):
            callers[1].call(Deadline.after(0), list_readers)
        assert not listed.is_set()
        assert callers[2].call(soon(), lambda: "anything else") == "anything else"
        answered.set()
        assert establishing.result(5) == (1,)
        assert listed.wait(5)
        for caller in callers:
            caller.end()
