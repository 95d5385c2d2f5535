"""The virtual screen against a small X client: what is painted is seen, what is touched arrives, nothing is left."""

import io
import os
import select
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from PIL import Image
from Xlib import X

from drivers.base import Deadline
from kiosk.training import display as screens
from kiosk.training.display import DisplayError, ExistingDisplay, VirtualDisplay


def test_the_screenshot_shows_what_was_painted(display, window):
    window.paint(0x102030)
    window.paint(0xF0A050, 100, 200, 30, 40)
    picture = display.screenshot()
    assert picture.size == (540, 960)
    assert picture.getpixel((99, 200)) == (0x10, 0x20, 0x30)
    assert picture.getpixel((100, 200)) == (0xF0, 0xA0, 0x50)
    assert picture.getpixel((129, 239)) == (0xF0, 0xA0, 0x50)
    assert picture.getpixel((130, 240)) == (0x10, 0x20, 0x30)


def test_the_frame_number_grows_only_with_changes(display, window):
    window.paint(0x111111)
    first = display.frame_number()
    assert display.frame_number() == first
    window.paint(0x222222, 539, 959, 1, 1)
    assert display.frame_number() == first + 1
    assert display.frame_number() == first + 1


def test_a_touch_presses_and_releases_at_the_place(display, window):
    thread = threading.Thread(target=display.touch, args=(123, 456))
    thread.start()
    press = window.wait(X.ButtonPress)
    release = window.wait(X.ButtonRelease)
    thread.join(5)
    assert (press.detail, press.event_x, press.event_y) == (1, 123, 456)
    assert (release.event_x, release.event_y) == (123, 456)
    assert release.time - press.time >= 50


def test_a_drag_arrives_with_every_point(display, window):
    points = [(50 + step, 60 + 2 * step) for step in range(40)]
    display.press(50, 60)
    for x, y in points[1:]:
        display.move(x, y)
    display.release()
    assert window.wait(X.ButtonPress).event_x == 50
    seen = [window.wait(X.MotionNotify) for _ in points[1:]]
    assert [(event.event_x, event.event_y) for event in seen] == points[1:]
    assert window.wait(X.ButtonRelease).event_y == 60 + 2 * 39


def test_png_keeps_pixels_and_jpeg_shrinks(display, window):
    window.paint(0x804020)
    with Image.open(io.BytesIO(screens.png(display.screenshot()))) as picture:
        assert (picture.format, picture.size, picture.getpixel((5, 5))) == ("PNG", (540, 960), (0x80, 0x40, 0x20))
    with Image.open(io.BytesIO(screens.jpeg(display.screenshot(), width=270))) as picture:
        assert (picture.format, picture.size) == ("JPEG", (270, 480))
    with Image.open(io.BytesIO(screens.jpeg(display.screenshot(), width=4000))) as picture:
        assert picture.size == (540, 960)


def test_an_existing_display_is_seen_and_touched_too(display, window):
    window.paint(0x33AA55)
    existing = ExistingDisplay(display.name)
    assert not existing.live
    assert (existing.width, existing.height) == (540, 960)
    picture = existing.screenshot()
    assert picture.size == (540, 960)
    assert picture.getpixel((300, 300)) == (0x33, 0xAA, 0x55)
    existing.touch(10, 20, hold=0.0)
    assert window.wait(X.ButtonPress).event_x == 10
    existing.stop()


def test_no_display_is_told_in_words():
    with pytest.raises(DisplayError, match="cannot connect to the display"):
        ExistingDisplay(":64999")


def test_a_screen_that_xvfb_cannot_make_is_told_in_words():
    with pytest.raises(DisplayError, match="Xvfb ended at once"):
        VirtualDisplay(0, 0).start(Deadline.after(10))


def test_stopping_ends_the_server_and_no_file_is_left_even_while_it_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    display = VirtualDisplay(320, 240)
    display.start(Deadline.after(10))
    socket = Path(f"/tmp/.X11-unix/X{display.name[1:]}")
    assert socket.exists()
    assert list(tmp_path.iterdir()) == []
    assert display.screenshot().size == (320, 240)
    display.stop()
    assert not socket.exists()
    display.stop()
    with pytest.raises(DisplayError):
        display.touch(1, 1)


def test_a_killed_parent_leaves_no_server_behind():
    program = (
        "from drivers.base import Deadline; from kiosk.training.display import VirtualDisplay; import sys\n"
        "display = VirtualDisplay(320, 240); display.start(Deadline.after(10))\n"
        "print(display._server.pid, flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        server = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
    assert select.select([server], [], [], 10)[0], "the X server outlived its parent"
    os.close(server)
