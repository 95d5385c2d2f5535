"""The SDT reader in trouble: cards pulled at every byte, noise, silence, lateness, and a port that goes and returns."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event, Timer

import pytest

from drivers.base import Deadline, DriverError
from drivers.card_reader import CardHandle, CardRefused, IdentityDocument
from drivers.sdt.command import Command
from drivers.sdt.frame import PREAMBLE
from drivers.sdt.reader import SdtCardReader
from drivers.serial_line import SerialLine
from drivers.sim.sdt import AnswerFault, VirtualSdtReader

FAR = 20.0
SELECT_ANSWER = 19
READ_ANSWER = 1295


def found(reader: SdtCardReader) -> CardHandle:
    handle = reader.wait_card(Deadline.after(FAR), Event())
    assert handle is not None
    return handle


def visit(reader: SdtCardReader) -> IdentityDocument | CardRefused:
    reader.open(Deadline.after(FAR))
    reader.poll(Deadline.after(FAR))
    return reader.read_identity(found(reader), Deadline.after(FAR))


def wait_in_slices(reader: SdtCardReader, limit: Deadline) -> None:
    while not limit.expired:
        reader.wait_card(limit.within(0.02), Event())


@pytest.fixture
def hasty(virtual: VirtualSdtReader) -> Iterator[SdtCardReader]:
    """A reader that gives up on half an answer at once."""
    driver = SdtCardReader(
        SerialLine(str(virtual.path), 115200, "card_reader"), answer_timeout=FAR, byte_timeout=0.002, find_interval=0.0
    )
    driver.open(Deadline.after(FAR))
    yield driver
    driver.close()


def test_a_card_pulled_at_any_byte_gives_no_identity_and_the_next_card_works(
    hasty: SdtCardReader, virtual: VirtualSdtReader, card: IdentityDocument
) -> None:
    codes: dict[str, int] = {}
    for offset in range(SELECT_ANSWER + READ_ANSWER):
        virtual.insert(card)
        handle = found(hasty)
        virtual.pull_after(offset)
        refused = hasty.read_identity(handle, Deadline.after(FAR))
        assert isinstance(refused, CardRefused), f"pulled after {offset} bytes"
        assert "张" not in refused.evidence
        codes[refused.code] = codes.get(refused.code, 0) + 1
    assert set(codes) == {"card.removed", "card.unreadable"}
    hasty.close()
    patient = SdtCardReader(SerialLine(str(virtual.path), 115200, "card_reader"), answer_timeout=FAR, byte_timeout=5.0)
    patient.open(Deadline.after(FAR))
    virtual.clear()
    virtual.insert(card)
    assert patient.read_identity(found(patient), Deadline.after(FAR)) == card
    patient.close()


def test_a_pull_after_the_last_byte_comes_too_late_to_matter(
    reader: SdtCardReader, virtual: VirtualSdtReader, card: IdentityDocument
) -> None:
    """Proves that the offsets above reach to the very end of what is sent."""
    virtual.insert(card)
    handle = found(reader)
    virtual.pull_after(SELECT_ANSWER + READ_ANSWER)
    assert reader.read_identity(handle, Deadline.after(FAR)) == card


def test_a_card_taken_before_the_read_is_removed(
    reader: SdtCardReader, virtual: VirtualSdtReader, card: IdentityDocument
) -> None:
    virtual.insert(card)
    handle = found(reader)
    virtual.remove()
    assert reader.read_identity(handle, Deadline.after(FAR)) == CardRefused("card.removed", "SELECT: SW3 81")


@pytest.mark.parametrize("command", [Command.SELECT, Command.READ])
def test_a_wrong_checksum_is_unreadable_and_says_so(
    hasty: SdtCardReader, virtual: VirtualSdtReader, card: IdentityDocument, command: Command
) -> None:
    hasty._byte_timeout = 0.3  # the whole frame must be seen, or it would count as cut short
    virtual.insert(card)
    virtual.fail_next(command, AnswerFault(wrong_checksum=True))
    refused = hasty.read_identity(found(hasty), Deadline.after(FAR))
    assert refused == CardRefused("card.unreadable", f"{command.name}: checksum")


@pytest.mark.parametrize(
    "garbage", [b"\x00\xff noise", PREAMBLE[:4], b"\xaa" * 9, PREAMBLE + b"\xff\xff", PREAMBLE + b"\x00\x04\0\0\0\0\0"]
)
def test_garbage_before_every_answer_is_skipped(
    reader: SdtCardReader, virtual: VirtualSdtReader, card: IdentityDocument, garbage: bytes
) -> None:
    for command in Command:
        virtual.fail_repeatedly(command, AnswerFault(garbage=garbage))
    virtual.insert(card)
    assert reader.read_identity(found(reader), Deadline.after(FAR)) == card
    reader.poll(Deadline.after(FAR))


def test_endless_noise_ends_at_the_time_limit(virtual: VirtualSdtReader, reader: SdtCardReader) -> None:
    virtual.fail_repeatedly(Command.STATUS, AnswerFault(garbage=b"\x55" * 60000, keep=0))
    limit = Deadline.after(FAR)
    with pytest.raises(DriverError) as raised:
        reader.poll(limit.within(0.2))
    assert raised.value.fault.code == "card_reader.no_answer"
    assert limit.remaining() > FAR - 5


@pytest.mark.parametrize("command", [Command.FIND, Command.SELECT, Command.READ, Command.STATUS, Command.SAM_ID])
def test_a_silent_reader_is_a_driver_error(virtual: VirtualSdtReader, card: IdentityDocument, command: Command) -> None:
    reader = SdtCardReader(
        SerialLine(str(virtual.path), 115200, "card_reader"), answer_timeout=0.5, byte_timeout=0.3, find_interval=0.001
    )
    virtual.insert(card)
    virtual.fail_repeatedly(command, AnswerFault(keep=0))
    with pytest.raises(DriverError) as raised:
        visit(reader)
    assert raised.value.fault.code == "card_reader.no_answer"
    assert raised.value.fault.detail == command.name
    reader.close()


def test_silence_is_counted_across_short_waits(virtual: VirtualSdtReader, never: Event) -> None:
    """A caller that waits in slices shorter than the reader's patience still learns that the reader is dead."""
    reader = SdtCardReader(
        SerialLine(str(virtual.path), 115200, "card_reader"), answer_timeout=0.3, find_interval=0.001
    )
    reader.open(Deadline.after(FAR))
    assert reader.wait_card(Deadline.after(0.02), never) is None
    virtual.fail_repeatedly(Command.FIND, AnswerFault(keep=0))
    limit = Deadline.after(FAR)
    assert reader.wait_card(Deadline.after(0.02), never) is None, "no error before the reader's time is up"
    with pytest.raises(DriverError):
        wait_in_slices(reader, limit)
    reader.close()


def test_a_late_answer_is_not_taken_for_the_next_command(
    reader: SdtCardReader, virtual: VirtualSdtReader, card: IdentityDocument, never: Event
) -> None:
    """The answer to an abandoned find arrives while the answer to status is awaited, and the other way round."""
    virtual.insert(card)
    virtual.fail_next(Command.FIND, AnswerFault(delay=0.2))
    assert reader.wait_card(Deadline.after(0.02), never) is None
    reader.poll(Deadline.after(FAR))
    virtual.fail_next(Command.STATUS, AnswerFault(delay=0.2))
    with pytest.raises(DriverError):
        reader.poll(Deadline.after(0.02))
    assert reader.read_identity(found(reader), Deadline.after(FAR)) == card


def test_every_command_respects_a_deadline_that_has_passed(reader: SdtCardReader, virtual: VirtualSdtReader) -> None:
    for call in (reader.poll, reader.reset, reader.open):
        with pytest.raises(DriverError):
            call(Deadline.after(0))


def test_an_absent_port_is_not_found(tmp_path) -> None:
    reader = SdtCardReader(SerialLine(str(tmp_path / "nothing"), 115200, "card_reader"))
    for call in (reader.open, reader.poll):
        with pytest.raises(DriverError) as raised:
            call(Deadline.after(FAR))
        assert raised.value.fault.code == "card_reader.not_found"
    reader.close()


def test_a_port_that_another_program_holds_is_in_use(reader: SdtCardReader, virtual: VirtualSdtReader) -> None:
    with pytest.raises(DriverError) as raised:
        SdtCardReader(SerialLine(str(virtual.path), 115200, "card_reader")).open(Deadline.after(FAR))
    assert raised.value.fault.code == "device.in_use"
    reader.poll(Deadline.after(FAR))


def test_unplugged_while_waiting_and_plugged_in_again(
    reader: SdtCardReader, virtual: VirtualSdtReader, card: IdentityDocument, never: Event
) -> None:
    for _ in range(3):
        Timer(0.05, virtual.unplug).start()
        with pytest.raises(DriverError) as raised:
            reader.wait_card(Deadline.after(FAR), never)
        assert raised.value.fault.code == "card_reader.not_found"
        with pytest.raises(DriverError):
            reader.poll(Deadline.after(FAR))
        reader.close()
        with pytest.raises(DriverError):
            reader.open(Deadline.after(FAR))
        virtual.plug()
        reader.open(Deadline.after(FAR))
        virtual.insert(card)
        assert reader.read_identity(found(reader), Deadline.after(FAR)) == card


def test_unplugged_while_reading(reader: SdtCardReader, virtual: VirtualSdtReader, card: IdentityDocument) -> None:
    virtual.insert(card)
    handle = found(reader)
    virtual.fail_next(Command.READ, AnswerFault(delay=FAR))
    Timer(0.05, virtual.unplug).start()
    with pytest.raises(DriverError) as raised:
        reader.read_identity(handle, Deadline.after(FAR))
    assert raised.value.fault.code == "card_reader.not_found"


def test_close_is_safe_twice_and_during_a_wait(reader: SdtCardReader, never: Event) -> None:
    Timer(0.05, reader.close).start()
    with pytest.raises(DriverError):
        reader.wait_card(Deadline.after(FAR), never)
    reader.close()
    reader.close()
