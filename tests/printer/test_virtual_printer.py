"""The virtual printer is worth testing against: it keeps its two truths apart and fails as real ones do."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

import numpy as np
import pytest
from printer_bench import FONTS, picture

from drivers.sim.printer import VirtualPrinter
from drivers.sim.printer_engine import Scheduled

CUT = b"\x1dV\x00"


def connect(address: str) -> socket.socket:
    parts = urlsplit(address)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5)


@pytest.fixture
def virtual() -> Iterator[VirtualPrinter]:
    printer = VirtualPrinter(FONTS, buffer_bytes=512)
    yield printer
    printer.stop()


@pytest.fixture
def host(virtual: VirtualPrinter) -> Iterator[socket.socket]:
    with connect(virtual.start_tcp()) as line:
        yield line


def test_real_time_questions_are_answered_ahead_of_the_buffer(virtual: VirtualPrinter, host: socket.socket):
    virtual.set_cover(True)
    host.sendall(b"waiting\n" * 20 + b"\x10\x04\x02")
    assert host.recv(1) == b"\x16"
    assert virtual.unfinished_texts == ()
    virtual.set_cover(False)
    assert virtual.wait_for(lambda: virtual.unfinished_texts == ("waiting",) * 20, 5)


def test_real_time_questions_are_answered_inside_an_image_and_stay_part_of_it(
    virtual: VirtualPrinter, host: socket.socket
):
    host.sendall(b"\x1dv0\x00\x03\x00\x02\x00" + b"\x10\x04\x01\xff\xff\xff" + CUT)
    assert host.recv(1) == b"\x12"
    assert virtual.wait_for(lambda: len(virtual.papers) == 1, 5)
    assert virtual.paper_texts == (("[image]",),)
    page = np.asarray(picture(virtual.papers[0])) < 128
    # 10 04 01 has three dots, FF FF FF twenty-four; both rows are still inside the printer when it cuts so early.
    assert page.sum() + (np.asarray(picture(virtual.unfinished_paper())) < 128).sum() == 27


def test_a_full_buffer_takes_no_more_bytes(virtual: VirtualPrinter, host: socket.socket):
    virtual.set_paper("out")
    host.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    host.setblocking(False)
    sent, line = 0, b"0123456789ABCDE\n"
    for _ in range(200_000):
        try:
            sent += host.send(line)
        except BlockingIOError:
            break
    assert virtual.wait_for(lambda: len(virtual.accepted) >= 512, 5)
    assert len(virtual.accepted) == 512 < sent
    virtual.set_paper("ok")
    assert virtual.wait_for(lambda: len(virtual.accepted) == sent, 10)


def test_accepted_is_not_printed(virtual: VirtualPrinter, host: socket.socket):
    virtual.set_paper("out")
    host.sendall(b"\x1b@hello\n" + CUT)
    assert virtual.wait_for(lambda: len(virtual.accepted_jobs) == 1, 5)
    assert (virtual.papers, virtual.unfinished_texts) == ((), ())
    virtual.power_cut()
    virtual.set_paper("ok")
    virtual.plug()
    assert virtual.accepted == b"\x1b@hello\n" + CUT
    assert virtual.papers == ()


def test_jobs_are_kept_without_the_questions_between_their_commands(virtual: VirtualPrinter, host: socket.socket):
    host.sendall(b"\x10\x04\x01\x1b@one\n\x10\x04\x04" + CUT + b"\x10\x04\x01\x1b@two\n" + CUT)
    assert virtual.wait_for(lambda: len(virtual.papers) == 2, 5)
    assert virtual.accepted_jobs == (b"\x1b@one\n" + CUT, b"\x1b@two\n" + CUT)
    assert virtual.paper_texts == (("one",), ("two",))


def test_clearing_the_buffers_works_while_it_stands_still(virtual: VirtualPrinter, host: socket.socket):
    virtual.set_paper("out")
    host.sendall(b"secret\n" + b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08")
    assert host.recv(3) == b"\x37\x25\x00"
    virtual.set_paper("ok")
    host.sendall(b"next\n" + CUT)
    assert virtual.wait_for(lambda: len(virtual.papers) == 1, 5)
    assert virtual.paper_texts == (("next",),)


def test_the_knife_is_behind_the_head(virtual: VirtualPrinter, host: socket.socket):
    """What is printed last is cut off only after the paper was fed past the knife."""
    host.sendall(b"\x1b@early\n" + CUT + b"\x1b@late\n\x1bd\x06" + CUT)
    assert virtual.wait_for(lambda: len(virtual.papers) == 2, 5)
    first, second = ((np.asarray(picture(png)) < 128).sum() for png in virtual.papers)
    assert first == 0 < second


def test_paper_comes_with_a_callback_and_576_dots_wide(virtual: VirtualPrinter, host: socket.socket):
    came, seen = Event(), []

    def keep(png: bytes) -> None:
        seen.append(png)
        came.set()

    virtual.on_paper = keep
    host.sendall(b"\x1b@hello\n\x1bd\x06" + CUT)
    assert came.wait(5)
    assert seen == list(virtual.papers)
    assert picture(seen[0]).width == 576


def test_unplugged_it_refuses_and_plugged_it_has_the_same_address(virtual: VirtualPrinter):
    address = virtual.start_tcp()
    virtual.unplug()
    with pytest.raises(ConnectionRefusedError):
        connect(address)
    virtual.plug()
    with connect(address) as line:
        line.sendall(b"\x10\x04\x01")
        assert line.recv(1) == b"\x12"


def test_a_serial_printer_appears_and_vanishes_by_name(virtual: VirtualPrinter, tmp_path: Path):
    link = tmp_path / "ttyPRN"
    assert virtual.start_pty(link) == f"serial://{link}?baud=115200"
    assert link.exists()
    virtual.unplug()
    assert not link.exists()
    virtual.plug()
    assert link.exists()


def test_lines_take_their_time():
    """With a clock that stands still, only the first line is printed."""
    printer = VirtualPrinter(FONTS, lines_per_second=1.0, clock=lambda: 100.0)
    with connect(printer.start_tcp()) as line:
        line.sendall(b"one\ntwo\nthree\n\x10\x04\x01")
        assert line.recv(1) == b"\x12"
        assert printer.wait_for(lambda: printer.unfinished_texts == ("one",), 5)
        assert printer.accepted.startswith(b"one\ntwo\nthree\n")
    printer.stop()


def test_an_unknown_paper_level_is_refused(virtual: VirtualPrinter):
    with pytest.raises(ValueError, match="paper"):
        virtual.set_paper("plenty")


@pytest.mark.parametrize(
    "junk", [b"\x1d(L\x05\x00abcde", b"\x1bp\x00\x19\x19", b"\x1c2AB", b"\x1d\x49\x01", b"\x10\x14\x01\x00\x01"]
)
def test_commands_it_does_not_draw_are_skipped_whole(virtual: VirtualPrinter, host: socket.socket, junk: bytes):
    host.sendall(junk + b"after\n" + CUT)
    assert virtual.wait_for(lambda: len(virtual.papers) == 1, 5)
    assert virtual.paper_texts[0] == ("after",)


def test_an_image_of_python_escpos_itself_is_drawn_in_both_ways(virtual: VirtualPrinter, host: socket.socket):
    from escpos.printer import Dummy
    from PIL import Image

    image = Image.new("1", (48, 24), 1)
    image.paste(0, (8, 4, 40, 20))
    for implementation in ("bitImageRaster", "bitImageColumn"):
        recorder = Dummy(profile="TM-T20II")
        recorder.image(image, impl=implementation)
        recorder.cut()
        host.sendall(recorder.output)
    assert virtual.wait_for(lambda: len(virtual.papers) == 2, 5)
    for png in virtual.papers:
        page = np.asarray(picture(png)) < 128
        rows, columns = np.flatnonzero(page.any(axis=1)), np.flatnonzero(page.any(axis=0))
        assert (len(rows), columns[0], columns[-1], page.sum()) == (16, 8, 39, 32 * 16)


def test_nothing_that_was_scheduled_happens_once_the_schedule_is_cleared(virtual: VirtualPrinter):
    """An action that was due, but not begun, when the schedule was cleared must not come after it."""
    engine = virtual.engine
    happened = Event()
    due, schedule = [Scheduled(0, happened.set)], engine._schedule
    engine.clear_schedule()
    engine._act(due, schedule)
    assert not happened.is_set()
    engine._act(due, engine._schedule)
    assert happened.is_set()
