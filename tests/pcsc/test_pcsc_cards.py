"""Every kind of card through the real driver and a real pcscd, and a card that is pulled at any moment."""

from dataclasses import replace
from threading import Event

import pytest
from pcsc_setting import DOCUMENTS, PHOTO, soon, wait_card
from smartcard import scard

from drivers.base import Deadline
from drivers.card_reader import CardRefused, DocumentKind
from drivers.pcsc import service
from drivers.pcsc.reader import PcscCardReader
from drivers.sim.pcsc import VirtualPcsc
from drivers.sim.virtual_card import CardFaults, PlainTypeBCard, SamBackedCard, UnknownCard, VirtualCard

RESIDENT = DOCUMENTS[DocumentKind.RESIDENT]


class OtherProgram:
    """Another user of the reader, through PC/SC calls of its own."""

    def __init__(self, reader: str, share: int) -> None:
        _, self._context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
        result, self._card, _ = scard.SCardConnect(self._context, reader, share, scard.SCARD_PROTOCOL_ANY)
        assert result == 0

    def leave(self, disposition: int) -> None:
        scard.SCardDisconnect(self._card, disposition)
        scard.SCardReleaseContext(self._context)


@pytest.mark.parametrize("kind", list(DOCUMENTS))
def test_each_kind_of_card_is_read_in_full(pcsc: VirtualPcsc, reader: PcscCardReader, kind: DocumentKind) -> None:
    pcsc.insert(SamBackedCard(DOCUMENTS[kind]))
    assert reader.read_identity(wait_card(reader), soon()) == DOCUMENTS[kind]


def test_the_photo_is_the_one_on_the_card(pcsc: VirtualPcsc, reader: PcscCardReader) -> None:
    pcsc.insert(SamBackedCard(replace(RESIDENT, photo=b""), photo=PHOTO[::-1]))
    assert reader.read_identity(wait_card(reader), soon()) == replace(RESIDENT, photo=PHOTO[::-1])


@pytest.mark.parametrize(
    ("card", "code", "evidence"),
    [
        (PlainTypeBCard(), "card.plain_type_b", ""),
        (UnknownCard(), "card.unknown", "ATR 3b 8f 80 01 80 ··"),
        (SamBackedCard(RESIDENT, faults=CardFaults(refuse_at=(2, 0x6A82))), "card.unreadable", "SW 6A82"),
        (SamBackedCard(RESIDENT, faults=CardFaults(refuse_at=(5, 0x6982))), "card.unreadable", "SW 6982"),
        (SamBackedCard(RESIDENT, faults=CardFaults(short_page=3)), "card.unreadable", "1283 bytes, with the lengths"),
        (
            SamBackedCard(RESIDENT, faults=CardFaults(garbage_page=0)),
            "card.unreadable",
            "1284 bytes, without the lengths",
        ),
        (SamBackedCard(RESIDENT, faults=CardFaults(garbage_page=1)), "", ""),
    ],
    ids=[
        "plain type B",
        "unknown",
        "refused",
        "refused at the end",
        "short page",
        "garbage at the start",
        "garbage photo",
    ],
)
def test_a_card_that_gives_no_identity_says_why(
    pcsc: VirtualPcsc, reader: PcscCardReader, card: VirtualCard, code: str, evidence: str
) -> None:
    pcsc.insert(card)
    outcome = reader.read_identity(wait_card(reader), soon())
    if code:
        assert isinstance(outcome, CardRefused)
        assert outcome.code == code
        assert evidence in outcome.evidence
    else:  # Nearly all of page 1 is photo, which nobody can check; its first bytes are the end of the text.
        assert outcome != RESIDENT


def test_a_reader_that_gives_the_text_first_shows_nothing_of_it(pcsc: VirtualPcsc, reader: PcscCardReader) -> None:
    class TextFirst(SamBackedCard):
        def __init__(self) -> None:
            super().__init__(RESIDENT)
            self._stream = self._stream[4:] + bytes(4)

    pcsc.insert(TextFirst())
    outcome = reader.read_identity(wait_card(reader), soon())
    assert outcome == CardRefused("card.unreadable", "1284 bytes, without the lengths 01000400 before them")


@pytest.mark.parametrize("index", range(6))
def test_a_card_pulled_at_any_command_is_refused_and_read_in_full_when_put_back(
    pcsc: VirtualPcsc, reader: PcscCardReader, index: int
) -> None:
    pcsc.insert(SamBackedCard(RESIDENT, faults=CardFaults(pull_at=index)))
    first = wait_card(reader)
    outcome = reader.read_identity(first, soon())
    assert isinstance(outcome, CardRefused)
    assert outcome.code == "card.removed"
    assert not pcsc.present()
    # Put back at once: pcscd may or may not have noticed that it was away.
    pcsc.insert(SamBackedCard(RESIDENT))
    second = wait_card(reader)
    assert second.presence > first.presence
    assert reader.read_identity(second, soon()) == RESIDENT


def test_a_card_pulled_between_two_commands_is_refused_as_removed(
    pcsc: VirtualPcsc, reader: PcscCardReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = service.Connection.status

    def pull_after(connection: service.Connection) -> tuple[int, bytes]:
        status = original(connection)
        pcsc.remove()
        return status

    monkeypatch.setattr(service.Connection, "status", pull_after)
    pcsc.insert(SamBackedCard(RESIDENT))
    outcome = reader.read_identity(wait_card(reader), soon())
    assert isinstance(outcome, CardRefused)
    assert outcome.code == "card.removed"


@pytest.mark.parametrize("answer", [(0, []), (service.REMOVED_CARD, []), (service.NO_SMARTCARD, [])])
def test_a_removal_is_believed_before_pcscd_notices_it(
    pcsc: VirtualPcsc, reader: PcscCardReader, monkeypatch: pytest.MonkeyPatch, answer: tuple[int, list[int]]
) -> None:
    # The card lies still, so pcscd never sees it leave: put back within its 0.4 s, it must be offered anew all the same.
    pcsc.insert(SamBackedCard(RESIDENT))
    first = wait_card(reader)
    with monkeypatch.context() as patch:
        patch.setattr(scard, "SCardTransmit", lambda card, header, command: answer)
        outcome = reader.read_identity(first, soon())
    assert isinstance(outcome, CardRefused)
    assert outcome.code == "card.removed"
    second = wait_card(reader)
    assert second.presence > first.presence
    assert reader.read_identity(second, soon()) == RESIDENT


def test_a_failing_card_that_stays_is_unreadable_and_has_to_be_lifted(
    pcsc: VirtualPcsc, reader: PcscCardReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    pcsc.insert(SamBackedCard(RESIDENT))
    handle = wait_card(reader)
    with monkeypatch.context() as patch:
        patch.setattr(scard, "SCardTransmit", lambda card, header, command: (0x8010002F, [1, 2, 3]))
        assert reader.read_identity(handle, soon()) == CardRefused("card.unreadable", "0x8010002F")
    assert reader.wait_card(soon(0.2), Event()) is None


def test_a_card_that_lost_its_state_is_reset_and_read(
    pcsc: VirtualPcsc, reader: PcscCardReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when it was lifted and put back faster than pcscd looks, which then says SCARD_E_NOT_TRANSACTED."""
    transmit, calls = scard.SCardTransmit, []

    def once_lost(card: object, header: object, command: object) -> object:
        calls.append(command)
        return (0x80100016, []) if len(calls) == 2 else transmit(card, header, command)

    pcsc.insert(SamBackedCard(RESIDENT))
    handle = wait_card(reader)
    monkeypatch.setattr(scard, "SCardTransmit", once_lost)
    assert reader.read_identity(handle, soon()) == RESIDENT
    assert len(calls) == 2 + 6


def test_a_card_pulled_after_the_last_command_was_read(pcsc: VirtualPcsc, reader: PcscCardReader) -> None:
    pcsc.insert(SamBackedCard(RESIDENT, faults=CardFaults(pull_at=6)))
    assert reader.read_identity(wait_card(reader), soon()) == RESIDENT


def test_a_card_taken_away_before_it_was_read_is_refused(pcsc: VirtualPcsc, reader: PcscCardReader) -> None:
    pcsc.insert(SamBackedCard(RESIDENT))
    handle = wait_card(reader)
    pcsc.remove()
    outcome = reader.read_identity(handle, soon())
    assert isinstance(outcome, CardRefused)
    assert outcome.code == "card.removed"


def test_another_card_in_its_place_is_never_read_under_the_old_handle(
    pcsc: VirtualPcsc, reader: PcscCardReader
) -> None:
    pcsc.insert(SamBackedCard(RESIDENT))
    handle = wait_card(reader)
    watcher = PcscCardReader()
    watcher.open(soon())
    pcsc.remove()
    assert watcher.wait_removed(soon(), Event())
    pcsc.insert(SamBackedCard(DOCUMENTS[DocumentKind.HMT_PERMIT]))
    wait_card(watcher)
    watcher.close()
    outcome = reader.read_identity(handle, soon())
    assert isinstance(outcome, CardRefused)
    assert outcome.code == "card.removed"
    assert reader.read_identity(wait_card(reader), soon()) == DOCUMENTS[DocumentKind.HMT_PERMIT]


def test_a_card_left_on_the_reader_is_offered_once(pcsc: VirtualPcsc, reader: PcscCardReader) -> None:
    pcsc.insert(SamBackedCard(RESIDENT))
    first = wait_card(reader)
    assert wait_card(reader) == first, "offered until it was read"
    reader.read_identity(first, soon())
    assert reader.wait_card(soon(0.3), Event()) is None
    assert not reader.wait_removed(soon(0.1), Event())
    pcsc.remove()
    assert reader.wait_removed(soon(), Event())
    pcsc.insert(SamBackedCard(RESIDENT))
    assert wait_card(reader).presence > first.presence


def test_the_first_new_card_on_any_reader_wins(pcsc: VirtualPcsc, reader: PcscCardReader) -> None:
    pcsc.insert(SamBackedCard(RESIDENT), reader=1)
    handle = wait_card(reader)
    assert handle.reader == pcsc.reader_names()[1]
    assert reader.read_identity(handle, soon()) == RESIDENT
    pcsc.insert(SamBackedCard(DOCUMENTS[DocumentKind.HMT_PERMIT]), reader=0)
    assert wait_card(reader).reader == pcsc.reader_names()[0]


def test_only_readers_of_the_configured_name_are_watched(pcsc: VirtualPcsc) -> None:
    reader = PcscCardReader("READER 1 00 01")
    reader.open(soon())
    assert reader.identity().model == pcsc.reader_names()[1]
    pcsc.insert(SamBackedCard(RESIDENT), reader=0)
    pcsc.insert(SamBackedCard(DOCUMENTS[DocumentKind.HMT_PERMIT]), reader=1)
    assert reader.read_identity(wait_card(reader), soon()) == DOCUMENTS[DocumentKind.HMT_PERMIT]
    assert reader.wait_card(soon(0.1), Event()) is None
    reader.close()


def test_what_lies_in_the_slot_of_a_security_module_is_no_citizen_s_card(pcsc: VirtualPcsc) -> None:
    pcsc.restart(soon(10), readers=4, modules=True)
    *usual, module, _ = pcsc.reader_names()
    assert "SAM" in module
    reader, named = PcscCardReader(), PcscCardReader(module)
    for each in (reader, named):
        each.open(soon())
    pcsc.insert(SamBackedCard(RESIDENT), reader=2)
    assert reader.identity().model == ", ".join(usual)
    assert reader.wait_card(soon(1), Event()) is None
    assert reader.wait_removed(soon(), Event()), "it lies there for ever"
    reader.close()
    assert named.read_identity(wait_card(named), soon()) == RESIDENT, "unless just this one is configured"
    named.close()


def test_a_card_that_another_program_keeps_is_busy(pcsc: VirtualPcsc, reader: PcscCardReader) -> None:
    pcsc.insert(SamBackedCard(RESIDENT))
    handle = wait_card(reader)
    other = OtherProgram(handle.reader, scard.SCARD_SHARE_EXCLUSIVE)
    outcome = reader.read_identity(handle, soon())
    other.leave(scard.SCARD_LEAVE_CARD)
    assert isinstance(outcome, CardRefused)
    assert outcome.code == "card.busy"


def test_a_card_that_another_program_gives_back_in_time_is_read(
    pcsc: VirtualPcsc, reader: PcscCardReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    pcsc.insert(SamBackedCard(RESIDENT))
    handle = wait_card(reader)
    other = OtherProgram(handle.reader, scard.SCARD_SHARE_EXCLUSIVE)
    original = service.Service.connect
    refused: list[int] = []

    def connect(context: service.Service, name: str, deadline: Deadline) -> service.Connection:
        try:
            return original(context, name, deadline)
        except service.PcscError as error:
            refused.append(error.code)
            other.leave(scard.SCARD_LEAVE_CARD)
            raise

    monkeypatch.setattr(service.Service, "connect", connect)
    assert reader.read_identity(handle, soon()) == RESIDENT
    assert refused == [service.SHARING_VIOLATION]


def test_a_card_that_another_program_reset_is_taken_over_and_read(
    pcsc: VirtualPcsc, reader: PcscCardReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    pcsc.insert(SamBackedCard(RESIDENT))
    handle = wait_card(reader)
    original, asked = service.Connection.status, []

    def reset_after(connection: service.Connection) -> tuple[int, bytes]:
        status = original(connection)
        asked.append(status)
        if len(asked) == 1:
            OtherProgram(handle.reader, scard.SCARD_SHARE_SHARED).leave(scard.SCARD_UNPOWER_CARD)
        return status

    monkeypatch.setattr(service.Connection, "status", reset_after)
    assert reader.read_identity(handle, soon()) == RESIDENT
    assert len(asked) == 2


def test_reading_ends_at_its_deadline(pcsc: VirtualPcsc, reader: PcscCardReader) -> None:
    pcsc.insert(SamBackedCard(RESIDENT))
    outcome = reader.read_identity(wait_card(reader), soon(0))
    assert outcome == CardRefused("card.unreadable", "0x8010000A")
