"""Transports keep their deadlines, count what was taken, and say when the printer is gone."""

from __future__ import annotations

import os
import pty
import socket
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.base import Deadline, DriverError
from drivers.escpos.transport import DeviceFileTransport, TcpTransport, Transport, transport_for

NOT_FOUND = "printer.not_found"


def soon(seconds: float = 5.0) -> Deadline:
    return Deadline.after(seconds)


class Peer:
    """The printer's end of a transport, raw."""

    def __init__(self, transport: Transport, read: object, write: object, close: object) -> None:
        self.transport, self.read, self.write, self.close = transport, read, write, close


@pytest.fixture(params=["tcp", "file", "serial"])
def peer(request: pytest.FixtureRequest) -> Iterator[Peer]:
    if request.param == "tcp":
        with socket.create_server(("127.0.0.1", 0)) as server:
            transport = transport_for(f"tcp://127.0.0.1:{server.getsockname()[1]}")
            transport.open(soon())
            connection, _ = server.accept()
            connection.settimeout(5)
            yield Peer(transport, connection.recv, connection.sendall, connection.close)
            transport.close()
            connection.close()
    else:
        master, slave = pty.openpty()
        tty.setraw(slave)
        transport = transport_for(f"{request.param}://{os.ttyname(slave)}")
        transport.open(soon())
        ends = [slave, master]

        def close() -> None:
            while ends:
                os.close(ends.pop())

        yield Peer(transport, lambda size: os.read(master, size), lambda data: os.write(master, data), close)
        transport.close()
        close()


def test_bytes_go_both_ways(peer: Peer):
    assert peer.transport.write_some(b"\x1b@\x00\x11\x13\n", soon()) == 6
    assert peer.read(100) == b"\x1b@\x00\x11\x13\n"
    peer.write(b"\x12\r\n\x13\x11\x03")
    assert peer.transport.read_some(soon()) == b"\x12\r\n\x13\x11\x03"


def test_silence_ends_at_the_deadline(peer: Peer):
    begin = time.monotonic()
    assert peer.transport.read_some(soon(0.05)) == b""
    assert 0.04 <= time.monotonic() - begin < 1.0


def test_a_printer_that_takes_nothing_ends_at_the_deadline_with_what_was_taken(peer: Peer):
    taken = 0
    while count := peer.transport.write_some(b"x" * 65536, soon(0.05)):
        assert count <= 65536
        taken += count
    received = 0
    while received < taken:
        received += len(peer.read(65536))
    assert received == taken
    assert peer.transport.write_some(b"more", soon()) == 4


def test_a_printer_that_goes_is_noticed_and_the_transport_is_closed(peer: Peer):
    peer.close()
    with pytest.raises(DriverError) as gone:
        peer.transport.read_some(soon())
    assert gone.value.fault.code == NOT_FOUND
    for attempt in (lambda: peer.transport.read_some(soon()), lambda: peer.transport.write_some(b"x", soon())):
        with pytest.raises(DriverError):
            attempt()


def test_closing_twice_is_fine(peer: Peer):
    peer.transport.close()
    peer.transport.close()


@pytest.mark.parametrize("scheme", ["serial", "file"])
def test_an_absent_device_is_not_found(scheme: str, tmp_path: Path):
    with pytest.raises(DriverError) as absent:
        transport_for(f"{scheme}://{tmp_path}/lp0").open(soon())
    assert absent.value.fault.code == NOT_FOUND


def test_a_closed_port_is_not_found_and_a_later_open_succeeds():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        transport = TcpTransport("127.0.0.1", server.getsockname()[1])
        with pytest.raises(DriverError) as refused:
            transport.open(soon())
        assert refused.value.fault.code == NOT_FOUND
        server.listen()
        transport.open(soon())
        transport.close()


def test_a_device_is_not_opened_past_the_deadline(tmp_path: Path):
    (tmp_path / "lp0").touch()
    with pytest.raises(DriverError):
        DeviceFileTransport(tmp_path / "lp0").open(soon(0))


@pytest.mark.parametrize(
    "address",
    ["", "lp0", "tcp://", "usb://1/2", "tcp://host:9100?baud=1", "serial:///dev/x?speed=9", "file://host/dev/lp0"],
)
def test_a_wrong_address_is_refused(address: str):
    with pytest.raises(ValueError, match="address"):
        transport_for(address)
