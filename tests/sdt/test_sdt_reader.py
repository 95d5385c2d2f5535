"""The SDT reader over a real pty: cards, removal, refusals, the SAM."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from threading import Event, Timer

import pytest

from drivers.base import CheckOutcome, Deadline, DeviceState, DriverError
from drivers.card_reader import CardHandle, CardRefused, IdentityDocument
from drivers.cards import resident_id
from drivers.sdt.command import Command
from drivers.sdt.reader import SdtCardReader
from drivers.serial_line import SerialLine
from drivers.sim.sdt import AnswerFault, VirtualSdtReader

FAR = 20.0
SOON = 0.1


def found(reader: SdtCardReader) -> CardHandle:
    handle = reader.wait_card(Deadline.after(FAR), Event())
    assert handle is not None
    return handle


def use(reader: SdtCardReader) -> IdentityDocument | CardRefused:
    """Send every command of a visit."""
    reader.poll(Deadline.after(FAR))
    return reader.read_identity(found(reader), Deadline.after(FAR))


def test_every_kind_of_card_is_read_whole(
    reader: SdtCardReader, virtual: VirtualSdtReader, any_card: IdentityDocument
) -> None:
    virtual.insert(any_card)
    assert reader.read_identity(found(reader), Deadline.after(FAR)) == any_card


def test_a_paced_line_at_wire_speed(tmp_path, card: IdentityDocument) -> None:
    """The answer comes in some hundred pieces, as it does from a real port."""
    virtual = VirtualSdtReader(tmp_path / "paced", byte_seconds=87e-6)
    virtual.start()
    reader = SdtCardReader(SerialLine(str(virtual.path), 115200, "card_reader"), answer_timeout=FAR, byte_timeout=5.0)
    try:
        reader.open(Deadline.after(FAR))
        virtual.insert(card)
        assert reader.read_identity(found(reader), Deadline.after(FAR)) == card
    finally:
        reader.close()
        virtual.stop()


def test_no_card_is_none_at_the_deadline(reader: SdtCardReader, never: Event) -> None:
    assert reader.wait_card(Deadline.after(SOON), never) is None
    assert reader.wait_card(Deadline.after(0), never) is None


def test_a_card_laid_down_while_waiting_is_found(
    reader: SdtCardReader, virtual: VirtualSdtReader, card: IdentityDocument
) -> None:
    Timer(0.05, virtual.insert, (card,)).start()
    assert isinstance(reader.read_identity(found(reader), Deadline.after(FAR)), IdentityDocument)


@pytest.mark.parametrize("silent", [False, True])
def test_cancel_ends_every_wait_promptly(reader: SdtCardReader, virtual: VirtualSdtReader, silent: bool) -> None:
    if silent:
        virtual.fail_repeatedly(Command.FIND, AnswerFault(keep=0))
    for wait in (reader.wait_card, reader.wait_removed):
        cancel = Event()
        Timer(0.05, cancel.set).start()
        limit = Deadline.after(FAR)
        assert not wait(limit, cancel)
        assert limit.remaining() > FAR - 5


def test_find_is_asked_no_faster_than_the_interval(virtual: VirtualSdtReader, never: Event) -> None:
    reader = SdtCardReader(
        SerialLine(str(virtual.path), 115200, "card_reader"), answer_timeout=FAR
    )  # the real interval of 300 ms
    reader.open(Deadline.after(FAR))
    for _ in range(3):
        reader.wait_card(Deadline.after(0.35), never)
    reader.close()
    times = [at for at, command in virtual.requests if command is Command.FIND]
    assert len(times) >= 2
    assert min(later - earlier for earlier, later in pairwise(times)) >= 0.2  # less the jitter of a busy machine


def test_a_read_card_is_found_again_only_after_it_was_lifted(
    reader: SdtCardReader, virtual: VirtualSdtReader, card: IdentityDocument, never: Event
) -> None:
    virtual.insert(card)
    first = found(reader)
    reader.read_identity(first, Deadline.after(FAR))
    assert reader.wait_card(Deadline.after(SOON), never) is None
    virtual.insert(card)
    second = found(reader)
    assert second.presence > first.presence
    assert reader.read_identity(first, Deadline.after(FAR)) == CardRefused("card.removed", "another presence")
    assert reader.read_identity(second, Deadline.after(FAR)) == card


def test_the_same_unread_card_keeps_its_presence(
    reader: SdtCardReader, virtual: VirtualSdtReader, card: IdentityDocument
) -> None:
    virtual.insert(card)
    assert found(reader) == found(reader)


def test_removal_of_an_unread_card_is_seen(
    reader: SdtCardReader, virtual: VirtualSdtReader, card: IdentityDocument, never: Event
) -> None:
    virtual.insert(card)
    found(reader)
    assert not reader.wait_removed(Deadline.after(SOON), never)
    virtual.remove()
    assert reader.wait_removed(Deadline.after(FAR), never)


def test_removal_of_a_read_card_is_never_claimed_without_proof(
    reader: SdtCardReader, virtual: VirtualSdtReader, card: IdentityDocument, never: Event
) -> None:
    virtual.insert(card)
    reader.read_identity(found(reader), Deadline.after(FAR))
    assert not reader.wait_removed(Deadline.after(SOON), never), "still there, though find fails"
    virtual.remove()
    assert not reader.wait_removed(Deadline.after(SOON), never), "away, but nothing proves it"
    virtual.insert(card)
    assert not reader.wait_removed(Deadline.after(SOON), never), "lifted, and there again"
    virtual.remove()
    assert reader.wait_removed(Deadline.after(FAR), never)


def test_a_card_lying_there_since_before_the_start_is_not_taken_for_gone(
    reader: SdtCardReader, virtual: VirtualSdtReader, card: IdentityDocument, never: Event
) -> None:
    virtual.insert(card)
    reader.read_identity(found(reader), Deadline.after(FAR))
    reader.close()
    reader.open(Deadline.after(FAR))
    assert not reader.wait_removed(Deadline.after(SOON), never)


@pytest.mark.parametrize(
    ("command", "status", "code"),
    [
        (Command.SELECT, 0x81, "card.removed"),
        (Command.SELECT, 0x31, "card.unreadable"),
        (Command.SELECT, 0x10, "card.unreadable"),
        (Command.READ, 0x41, "card.unreadable"),
        (Command.READ, 0x33, "card.unreadable"),
        (Command.READ, 0x40, "card.unknown"),
        (Command.READ, 0x91, "card.unreadable"),
    ],
)
def test_statuses_that_concern_the_card(
    reader: SdtCardReader, virtual: VirtualSdtReader, card: IdentityDocument, command: Command, status: int, code: str
) -> None:
    virtual.insert(card)
    virtual.fail_next(command, AnswerFault(status=status))
    refused = reader.read_identity(found(reader), Deadline.after(FAR))
    assert refused == CardRefused(code, f"{command.name}: SW3 {status:02X}")
    virtual.insert(card)
    assert reader.read_identity(found(reader), Deadline.after(FAR)) == card


@pytest.mark.parametrize("status", [0x60, 0x66])
@pytest.mark.parametrize("command", [Command.FIND, Command.SELECT, Command.READ, Command.STATUS])
def test_a_failed_sam_is_a_driver_error(
    reader: SdtCardReader, virtual: VirtualSdtReader, card: IdentityDocument, command: Command, status: int
) -> None:
    virtual.insert(card)
    virtual.fail_next(command, AnswerFault(status=status))
    with pytest.raises(DriverError) as raised:
        use(reader)
    assert raised.value.fault.code == "card_reader.sam_failed"
    assert raised.value.fault.evidence.startswith(f"SW3 {status:02X}")


@pytest.mark.parametrize("command", [Command.FIND, Command.READ])
def test_an_answer_that_makes_no_sense_is_a_driver_error(
    reader: SdtCardReader, virtual: VirtualSdtReader, card: IdentityDocument, command: Command
) -> None:
    virtual.insert(card)
    virtual.fail_next(command, AnswerFault(status=0x21))
    with pytest.raises(DriverError) as raised:
        reader.read_identity(found(reader), Deadline.after(FAR))
    assert raised.value.fault.code == "card_reader.unexpected_answer"


def test_content_that_breaks_its_rules_is_refused(
    reader: SdtCardReader, virtual: VirtualSdtReader, card: IdentityDocument
) -> None:
    text = resident_id.encode(card)
    wrong_number = text[:122] + "110105194912310021".encode("utf-16-le") + text[158:]
    virtual.insert_bytes(wrong_number, card.photo)
    refused = reader.read_identity(found(reader), Deadline.after(FAR))
    assert refused == CardRefused("card.invalid_data", "number: wrong check digit")
    virtual.insert_bytes(text, b"")
    assert isinstance(reader.read_identity(found(reader), Deadline.after(FAR)), CardRefused)


def test_an_expired_card_is_read_like_any_other(
    reader: SdtCardReader, virtual: VirtualSdtReader, card: IdentityDocument
) -> None:
    expired = replace(card, valid_to=card.valid_from)
    virtual.insert(expired)
    assert reader.read_identity(found(reader), Deadline.after(FAR)) == expired


def test_the_sam_id_is_shown_as_printed_on_the_module(reader: SdtCardReader) -> None:
    """u16 5, u16 1, u32 1234, u32 5678, u32 12345 as %02d.%02d-%08d-%010d-%010d."""
    assert reader.identity().serial_number == "05.01-00001234-0000005678-0000012345"


def test_health_reset_and_self_test_of_a_well_reader(reader: SdtCardReader) -> None:
    assert reader.poll(Deadline.after(FAR)).state is DeviceState.ONLINE
    reader.reset(Deadline.after(FAR))
    checks = reader.self_test(Deadline.after(FAR))
    assert [(check.name, check.outcome) for check in checks] == [
        ("port", CheckOutcome.PASS),
        ("sam_status", CheckOutcome.PASS),
        ("sam_id", CheckOutcome.PASS),
        ("photo", CheckOutcome.SKIP),
    ]


def test_self_test_names_what_failed_and_skips_what_depends_on_it(
    reader: SdtCardReader, virtual: VirtualSdtReader
) -> None:
    virtual.fail_repeatedly(Command.STATUS, AnswerFault(status=0x60))
    port, status, sam_id, _ = reader.self_test(Deadline.after(FAR))
    assert (port.outcome, status.outcome, sam_id.outcome) == (CheckOutcome.PASS, CheckOutcome.FAIL, CheckOutcome.SKIP)
    assert status.fault is not None
    assert status.fault.code == "card_reader.sam_failed"
    virtual.unplug()
    assert [check.outcome for check in reader.self_test(Deadline.after(FAR))][:3] == [
        CheckOutcome.FAIL,
        CheckOutcome.SKIP,
        CheckOutcome.SKIP,
    ]
