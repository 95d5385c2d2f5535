"""What an SDT reader reads beside text and photo, over a serial line and over USB; the trace; the guided test."""

from __future__ import annotations

import errno
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest
import usb.core as usb_core
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.base import CheckOutcome, Deadline, DriverError
from drivers.card_reader import CardHandle, CardRefused, IdentityDocument
from drivers.cards import resident_id
from drivers.operator import Answer as OperatorAnswer
from drivers.sdt.command import Command
from drivers.sdt.frame import encode
from drivers.sdt.reader import SdtCardReader
from drivers.sdt.usb_line import UsbLine
from drivers.serial_line import SerialLine
from drivers.sim.sdt import CARD_NUMBER, AnswerFault, VirtualSdtReader
from drivers.sim.usb import VirtualUsbPort
from drivers.wire import Direction, WireEvent

FAR = 20.0
PRINTS = b"".join(b"C\x01\x00\x00\x01" + bytes([finger]) + bytes(506) for finger in (11, 16))


@pytest.fixture
def usb() -> VirtualUsbPort:
    return VirtualUsbPort()


@pytest.fixture(params=["serial", "usb"])
def either(request, tmp_path: Path, usb: VirtualUsbPort):
    """A virtual reader and an open driver that reads added addresses, over either kind of line."""
    over_usb = request.param == "usb"
    virtual = VirtualSdtReader(tmp_path / "reader", port=usb if over_usb else None)
    virtual.start()
    line = UsbLine(backend=usb.backend) if over_usb else SerialLine(str(virtual.path), 115200, "card_reader")
    reader = SdtCardReader(line, added_address=True, answer_timeout=FAR, byte_timeout=5.0, find_interval=0.001)
    reader.open(Deadline.after(FAR))
    yield virtual, reader
    reader.close()
    virtual.stop()


def found(reader: SdtCardReader) -> CardHandle:
    handle = reader.wait_card(Deadline.after(FAR), Event())
    assert handle is not None
    return handle


def test_the_added_address_comes_with_the_identity(either, card: IdentityDocument) -> None:
    virtual, reader = either
    moved = replace(card, added_address="样例省试验市新路7号")
    for document in (moved, card):
        virtual.insert(document)
        assert reader.read_identity(found(reader), Deadline.after(FAR)) == document


def test_the_added_address_is_not_asked_for_unless_wanted(virtual, reader, card: IdentityDocument) -> None:
    virtual.insert(replace(card, added_address="样例省试验市新路7号"))
    assert reader.read_identity(found(reader), Deadline.after(FAR)) == card
    assert Command.ADDED_ADDRESS not in {command for _, command in virtual.requests}


def test_an_identity_whose_added_address_cannot_be_read_is_refused(either, card: IdentityDocument) -> None:
    virtual, reader = either
    virtual.insert(card)
    virtual.fail_next(Command.ADDED_ADDRESS, AnswerFault(status=0x41))
    refused = reader.read_identity(found(reader), Deadline.after(FAR))
    assert refused == CardRefused("card.unreadable", "ADDED_ADDRESS: SW3 41")


@pytest.mark.parametrize("count", [0, 1, 2])
def test_fingerprints_are_handed_on_raw_with_their_fingers(either, card: IdentityDocument, count: int) -> None:
    virtual, reader = either
    virtual.insert(card, fingerprints=PRINTS[: 512 * count])
    outcome = reader.read_fingerprints(found(reader), Deadline.after(FAR))
    assert not isinstance(outcome, CardRefused)
    document, prints = outcome
    assert document == card
    assert b"".join(each.raw for each in prints) == PRINTS[: 512 * count]
    assert [each.finger for each in prints] == ["right_thumb", "left_thumb"][:count]


def test_a_reader_that_gives_the_text_first_shows_nothing_of_it(
    either, card: IdentityDocument, monkeypatch: pytest.MonkeyPatch
) -> None:
    virtual, reader = either
    virtual.insert(card, fingerprints=PRINTS)
    act = virtual._act

    def text_first(command: Command) -> bytes:
        if command is not Command.READ_WITH_FINGERPRINTS:
            return act(command)
        return encode(bytes([0, 0, 0x90]) + resident_id.encode(card) + card.photo + PRINTS + bytes(6))

    monkeypatch.setattr(virtual, "_act", text_first)
    refused = reader.read_fingerprints(found(reader), Deadline.after(FAR))
    assert refused == CardRefused("card.unreadable", "2310 bytes, which their lengths do not say")


def test_the_card_management_number_is_read_raw(either, card: IdentityDocument) -> None:
    virtual, reader = either
    virtual.insert(card)
    assert reader.read_card_number(found(reader), Deadline.after(FAR)) == CARD_NUMBER


def test_reset_and_self_test_over_either_line(either) -> None:
    _, reader = either
    reader.reset(Deadline.after(FAR))
    *own, photo = reader.self_test(Deadline.after(FAR))
    assert [check.outcome for check in own] == [CheckOutcome.PASS] * 3
    assert (photo.name, photo.outcome) == ("photo", CheckOutcome.SKIP)


def test_a_usb_reader_that_is_pulled_is_gone_and_comes_back(usb: VirtualUsbPort, card: IdentityDocument) -> None:
    virtual = VirtualSdtReader(Path(), port=usb)
    reader = SdtCardReader(UsbLine(backend=usb.backend), answer_timeout=FAR, find_interval=0.001)
    with pytest.raises(DriverError) as raised:
        reader.open(Deadline.after(FAR))
    assert raised.value.fault.code == "card_reader.not_found"
    virtual.start()
    reader.open(Deadline.after(FAR))
    virtual.unplug()
    for call in (reader.poll, reader.reset):
        with pytest.raises(DriverError) as raised:
            call(Deadline.after(FAR))
        assert raised.value.fault.code == "card_reader.not_found"
    virtual.plug()
    reader.close()
    reader.open(Deadline.after(FAR))
    virtual.insert(card)
    assert reader.read_identity(found(reader), Deadline.after(FAR)) == card
    reader.close()
    reader.close()
    virtual.stop()


@pytest.mark.parametrize("most_at_once", [1, 4, 9])
def test_a_usb_reader_that_takes_a_few_bytes_at_once_gets_every_command_whole(
    usb: VirtualUsbPort, card: IdentityDocument, most_at_once: int
) -> None:
    usb.most_at_once = most_at_once
    virtual = VirtualSdtReader(Path(), port=usb)
    virtual.start()
    reader = SdtCardReader(UsbLine(backend=usb.backend), answer_timeout=FAR, find_interval=0.001)
    reader.open(Deadline.after(FAR))
    virtual.insert(card)
    assert reader.read_identity(found(reader), Deadline.after(FAR)) == card
    reader.close()
    virtual.stop()


@pytest.mark.parametrize("call", ["open_device", "set_configuration", "claim_interface"])
@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.EACCES, "device.access_denied"),
        (errno.EBUSY, "device.in_use"),
        (errno.ENODEV, "card_reader.not_found"),
    ],
)
def test_a_usb_reader_that_is_kept_from_us_is_told_as_such(
    usb: VirtualUsbPort, monkeypatch: pytest.MonkeyPatch, call: str, number: int, code: str
) -> None:
    def refuse(*arguments: object) -> None:
        raise usb_core.USBError("refused", errno=number)

    usb.plug()
    line = UsbLine(backend=usb.backend)
    with monkeypatch.context() as patch:
        patch.setattr(usb.backend, call, refuse)
        with pytest.raises(DriverError) as raised:
            line.open()
    assert (raised.value.fault.code, raised.value.fault.evidence) == (code, f"errno {number}")
    line.open()
    line.close()
    usb.unplug()


def test_closing_a_usb_line_ends_a_read_in_another_thread(usb: VirtualUsbPort) -> None:
    usb.plug()
    line = UsbLine(backend=usb.backend)
    line.open()
    raised: list[str] = []

    def read() -> None:
        try:
            line.read(Deadline.after(FAR))
        except DriverError as error:
            raised.append(error.fault.code)

    reading = Thread(target=read)
    reading.start()
    line.close()
    reading.join(FAR)
    assert raised == ["card_reader.not_found"]
    usb.unplug()


def test_the_trace_says_what_was_asked_and_shows_no_personal_byte(either, card: IdentityDocument) -> None:
    virtual, reader = either
    seen: list[WireEvent] = []
    reader.watcher = seen.append
    virtual.insert(card)
    assert reader.read_identity(found(reader), Deadline.after(FAR)) == card
    assert [event.meaning for event in seen if event.direction is Direction.OUT] == [
        "find card", "select card", "read text and photo", "read added address",
    ]  # fmt: skip
    assert [event.meaning for event in seen if event.direction is Direction.IN] == [
        "card found", "done", "done", "no such item",
    ]  # fmt: skip
    assert [event.shown for event in seen][:2] == ["aa aa aa 96 69 00 03 20 01 22", "00 00 9f ·· ·· ·· ··"]
    shown = " ".join(event.shown for event in seen)
    for personal in (card.name, card.number, card.address[:4]):
        assert personal.encode("utf-16-le").hex(" ") not in shown


class Technician:
    """Does what is asked for."""

    def __init__(self, deeds: dict[str, Callable[[], None]]) -> None:
        self.cancel = Event()
        self.deeds = deeds
        self.told: list[str] = []

    def instruct(self, code: str, about: str = "") -> Event:
        self.told.append(code)
        self.deeds.get(code, lambda: None)()
        return self.cancel

    def confirm(self, code: str, picture: bytes = b"", about: str = "") -> OperatorAnswer:
        raise AssertionError("nothing is asked")


def test_the_guided_test_reads_any_card_and_tells_its_kind_alone(virtual, reader, any_card: IdentityDocument) -> None:
    technician = Technician({"selftest.put_card": lambda: virtual.insert(any_card)})
    (check,) = reader.guided_test(technician, Deadline.after(FAR))
    assert (check.name, check.outcome, check.evidence) == ("card", CheckOutcome.PASS, any_card.kind.value)
    assert technician.told == ["selftest.put_card", "selftest.take_card"]


def test_the_guided_test_tells_what_the_reader_answered_of_a_card_that_it_cannot_read(virtual, reader, card) -> None:
    virtual.fail_repeatedly(Command.READ, AnswerFault(status=0x41))
    (check,) = reader.guided_test(Technician({"selftest.put_card": lambda: virtual.insert(card)}), Deadline.after(FAR))
    assert check.outcome is CheckOutcome.FAIL
    assert check.fault is not None
    assert (check.fault.code, check.fault.evidence) == ("card.unreadable", "READ: SW3 41")
    assert check.evidence == "", "it would hide the fault's"


def test_the_guided_test_fails_without_a_card_and_is_skipped_when_given_up(virtual, reader, card) -> None:
    technician = Technician({})
    (check,) = reader.guided_test(technician, Deadline.after(0.05))
    assert check.outcome is CheckOutcome.FAIL
    assert check.fault is not None
    assert check.fault.code == "card_reader.no_card_seen"
    technician.deeds = {"selftest.put_card": technician.cancel.set}
    (check,) = reader.guided_test(technician, Deadline.after(FAR))
    assert check.outcome is CheckOutcome.SKIP
    assert technician.told == ["selftest.put_card"] * 2


class ScriptedLine:
    """A line whose every request is answered with the next bytes of a script, and then with silence."""

    def __init__(self, answers: list[bytes]) -> None:
        self.answers = answers
        self.waiting = b""

    def open(self) -> None: ...

    def close(self) -> None: ...

    def check(self) -> None: ...

    def discard(self) -> bytes:
        self.waiting = b""
        return b""

    def write(self, data: bytes, deadline: Deadline) -> None:
        self.waiting = self.answers.pop(0) if self.answers else b""

    def read(self, deadline: Deadline, cancel: Event | None = None) -> bytes:
        data, self.waiting = self.waiting, b""
        return data


ANY_ANSWER = st.one_of(
    st.binary(max_size=80),
    st.builds(
        lambda status, data: encode(bytes([0, 0, status]) + data),
        st.sampled_from([0x90, 0x91, 0x9F, 0x80, 0x81, 0x41, 0x10, 0x60, 0xFF]),
        st.one_of(
            st.binary(max_size=40),
            st.sampled_from([4, 8, 28, 70, 280, 1284, 1286, 1798, 2310]).map(bytes),
            st.binary(min_size=256, max_size=256).map(lambda text: b"\x01\x00\x04\x00" + text + bytes(1024)),
        ),
    ),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(ANY_ANSWER, max_size=8), st.sampled_from(["read_identity", "read_fingerprints", "read_card_number"]))
def test_any_bytes_from_a_reader_end_in_a_result_or_a_driver_error(answers: list[bytes], call: str) -> None:
    card_found = encode(b"\0\0\x9f" + bytes(4))
    reader = SdtCardReader(ScriptedLine([card_found, *answers]), added_address=True, find_interval=0.0)
    with suppress(DriverError):
        handle = reader.wait_card(Deadline.after(1), Event())
        assert handle is not None
        outcome = getattr(reader, call)(handle, Deadline.after(1))
        assert isinstance(outcome, IdentityDocument | CardRefused | bytes | tuple)
        reader.poll(Deadline.after(1))
