"""The serial line on a pty: deadlines, partial writes, and ports that are not there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Condition, Event, Timer

import pytest

from drivers.base import Deadline, DriverError
from drivers.serial_line import SerialLine
from drivers.sim.pty import VirtualSerialPort

FAR = 20.0


class Device:
    """The far end: keeps what it gets, and takes nothing while ``stalled``."""

    def __init__(self, path: Path) -> None:
        self.port = VirtualSerialPort(path, self.received)
        self.taken = bytearray()
        self.changed = Condition()
        self.may_take = Event()
        self.may_take.set()

    def received(self, data: bytes) -> None:
        self.may_take.wait(FAR)
        with self.changed:
            self.taken += data
            self.changed.notify_all()

    def has_taken(self, data: bytes) -> bool:
        with self.changed:
            return self.changed.wait_for(lambda: self.taken == data, FAR)


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    made = Device(tmp_path / "port")
    made.port.plug()
    yield made
    made.may_take.set()
    made.port.unplug()


@pytest.fixture
def line(device: Device) -> Iterator[SerialLine]:
    made = SerialLine(str(device.port.path), 115200, "thing")
    made.open()
    yield made
    made.close()


def test_bytes_go_both_ways_unchanged(device: Device, line: SerialLine) -> None:
    everything = bytes(range(256))
    line.write(everything, Deadline.after(FAR))
    assert device.has_taken(everything)
    device.port.send(everything)
    got = b""
    limit = Deadline.after(FAR)
    while len(got) < 256:
        piece = line.read(limit)
        assert piece
        got += piece
    assert got == everything


def test_a_read_ends_at_its_deadline_or_when_cancelled(line: SerialLine) -> None:
    assert line.read(Deadline.after(0)) == b""
    assert line.read(Deadline.after(0.05)) == b""
    cancel = Event()
    Timer(0.05, cancel.set).start()
    limit = Deadline.after(FAR)
    assert line.read(limit, cancel) == b""
    assert limit.remaining() > FAR - 5


def test_more_than_the_port_takes_at_once_is_written_in_pieces(device: Device, line: SerialLine) -> None:
    data = bytes(range(256)) * 1024
    device.may_take.clear()
    Timer(0.1, device.may_take.set).start()
    line.write(data, Deadline.after(FAR))
    assert device.has_taken(data)


def test_a_port_that_takes_nothing_more_ends_the_write_at_its_deadline(device: Device, line: SerialLine) -> None:
    device.may_take.clear()
    limit = Deadline.after(FAR)
    with pytest.raises(DriverError) as raised:
        line.write(bytes(1 << 20), limit.within(0.2))
    assert raised.value.fault.code == "thing.no_answer"
    assert limit.remaining() > FAR - 5


def test_write_some_says_how_much_was_taken(device: Device, line: SerialLine) -> None:
    device.may_take.clear()
    data = bytes(1 << 20)
    taken = 0
    while some := line.write_some(data[taken:], Deadline.after(0.05)):
        taken += some
    assert 0 < taken < len(data)
    device.may_take.set()
    assert device.has_taken(data[:taken])


def test_discard_takes_what_is_there_and_does_not_wait(device: Device, line: SerialLine) -> None:
    device.port.send(b"old")
    seen = b""
    limit = Deadline.after(FAR)
    while seen != b"old" and not limit.expired:
        seen += line.discard()
    assert seen == b"old"
    assert line.discard() == b""


def test_a_vanished_port_is_seen_by_every_call(device: Device, line: SerialLine) -> None:
    limit = Deadline.after(FAR)
    line.check()
    device.port.unplug()
    assert not device.port.path.is_symlink()
    for call in (line.check, line.discard, lambda: line.read(limit), lambda: line.write(b"x", limit), line.open):
        with pytest.raises(DriverError) as raised:
            call()
        assert raised.value.fault.code == "thing.not_found"


def test_a_replugged_port_has_the_same_name_and_an_open_line_does_not_mend_itself(
    device: Device, line: SerialLine
) -> None:
    device.port.unplug()
    device.port.plug()
    device.port.plug()
    with pytest.raises(DriverError):
        line.check()
    line.open()
    line.write(b"again", Deadline.after(FAR))
    assert device.has_taken(b"again")


def test_a_file_that_is_no_port_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    line = SerialLine(str(tmp_path / "file"), 115200, "thing")
    with pytest.raises(DriverError):
        line.open()
    assert not line.is_open
    line.close()
