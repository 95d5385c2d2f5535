"""A hall, a virtual screen and an X client to touch, shared by the tests of training mode."""

import contextlib
import secrets
import select
import shutil
import tempfile
from pathlib import Path

import pytest
import Xlib.display
from Xlib import X

from drivers import registry
from drivers.base import Deadline
from drivers.receipt_printer import Cut, QrCode, ReceiptDocument, Text
from drivers.registry import Resources
from drivers.sim.hall import VirtualHall
from kiosk.config import ASSETS
from kiosk.training.citizen import CITIZENS
from kiosk.training.display import VirtualDisplay
from kiosk.training.dock import DockServer, create_dock


@contextlib.contextmanager
def directory_with_short_name():
    """Holds sockets, whose paths are limited to about a hundred characters."""
    directory = Path(tempfile.mkdtemp(prefix="hall-"))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def short_directory():
    with directory_with_short_name() as directory:
        yield directory


@pytest.fixture(scope="module")
def hall():
    with directory_with_short_name() as directory:
        hall = VirtualHall(directory)
        hall.start(Deadline.after(10))
        yield hall
        hall.stop()


@pytest.fixture
def empty_hall(hall):
    """The module's hall with nothing lying about."""
    yield hall
    hall.take_card()
    hall.take_code()
    hall.take_paper()


@pytest.fixture(scope="module")
def display():
    display = VirtualDisplay(540, 960)
    display.start(Deadline.after(10))
    yield display
    display.stop()


class PaintedWindow:
    """An X client with one window over the whole screen that remembers how it was touched."""

    def __init__(self, name, width, height):
        self.connection = Xlib.display.Display(name)
        root = self.connection.screen().root
        mask = X.ButtonPressMask | X.ButtonReleaseMask | X.ButtonMotionMask | X.ExposureMask
        self.window = root.create_window(
            0, 0, width, height, 0, self.connection.screen().root_depth, background_pixel=0x000000, event_mask=mask
        )
        self.window.map()
        self.wait(X.Expose)

    def paint(self, colour, x=0, y=0, width=540, height=960):
        context = self.window.create_gc(foreground=colour)
        self.window.fill_rectangle(context, x, y, width, height)
        context.free()
        self.connection.sync()

    def wait(self, *kinds, seconds=5.0):
        """Return the next event of one of these kinds."""
        deadline = Deadline.after(seconds)
        while True:
            while self.connection.pending_events():
                event = self.connection.next_event()
                if event.type in kinds:
                    return event
            if not select.select([self.connection.fileno()], [], [], deadline.remaining())[0]:
                raise AssertionError(f"no event of kind {kinds} in {seconds} s")

    def close(self):
        self.window.destroy()
        self.connection.close()


@pytest.fixture
def window(display):
    window = PaintedWindow(display.name, display.width, display.height)
    yield window
    window.close()


@pytest.fixture
def print_receipt(hall):
    """Print a receipt with this QR code through the real driver."""

    def print_one(code):
        table = hall.device_tables()["receipt_printer"]
        printer = registry.find(table["driver"]).make("receipt_printer", table["options"], Resources(ASSETS / "fonts"))
        printer.open(Deadline.after(5))
        printer.print(ReceiptDocument((Text("回执"), QrCode(code), Cut())), "0001", Deadline.after(10))
        printer.close()

    return print_one


TOKEN = secrets.token_urlsafe(32)


@pytest.fixture(scope="module")
def dock_url(hall, display):
    server = DockServer(create_dock(hall, display, CITIZENS, TOKEN))
    yield server.start(Deadline.after(10))
    server.stop()


@pytest.fixture
def token():
    return TOKEN
