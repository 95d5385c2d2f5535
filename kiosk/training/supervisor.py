"""``kiosk run --training``: brings a training terminal and its dock up, says what to try, and ends all of it on Ctrl-C."""

from __future__ import annotations

import os
import secrets
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType

from drivers.base import Deadline
from kiosk.config import ASSETS, Configuration
from kiosk.training import dock_address
from kiosk.training.display import DisplayError, ExistingDisplay
from kiosk.training.dock import DockServer, create_dock
from kiosk.training.dock_address import TRAINING_DIRECTORY, DockAddress
from kiosk.training.world import OPERATOR, START_SECONDS, TECHNICIAN_PIN, World, WorldError

DOCK_PORT = 8642
"""The dock's usual port, so that the address can be kept; another one when it is taken."""

GUIDE = """
  Training terminal / 培训终端
    dock 操作台      {url}
    console 运维台   {console}   (operator {operator}, password {password})
    screen 屏幕      {screen}

  What to try: open the dock, touch a service on the live screen, put a citizen's card on the reader, and follow the screens.
  Technicians: touch the upper left corner of the home screen five times; the PIN is {pin}.
  可以试一试：打开操作台，在实时画面上点选事项，把证件放到读卡器上，按屏幕提示办理。
  维护人员：连续点首页左上角五次，口令是 {pin}。
  From another shell: .venv/bin/kiosk sim --help.   Ctrl-C ends everything.
"""


def run_training(directory: Path | None, landscape: bool, base: Configuration | None = None) -> int:
    """Run until Ctrl-C, SIGTERM or the terminal's own end; return the exit code."""
    place = directory or TRAINING_DIRECTORY
    has_screen = bool(os.environ.get("DISPLAY"))
    size = (1920, 1080) if landscape else (1080, 1920)
    began = time.monotonic()
    stopping = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    try:
        window = _fitting(size, os.environ["DISPLAY"]) if has_screen else size
    except DisplayError as error:
        sys.stderr.write(f"kiosk: {error} (without DISPLAY set, a virtual screen is started)\n")
        return 1
    world = World(place, None if has_screen else size, window=window, base=base)
    token = secrets.token_urlsafe(32)
    dock: DockServer | None = None
    try:
        world.start(Deadline.after(START_SECONDS))
        dock = _start_dock(world, token)
        url = dock.start(Deadline.after(START_SECONDS))
        dock_address.publish(place, DockAddress(url, token))
        _await_home(world, stopping)
        screen = "the window on this screen" if has_screen else "live in the dock / 见操作台"
        console = "http://{}:{}/console".format(*world.central_address)
        password = world.operator_password_file.read_text(encoding="ascii")
        sys.stdout.write(
            GUIDE.format(
                url=url, console=console, screen=screen, operator=OPERATOR, password=password, pin=TECHNICIAN_PIN
            )
        )
        sys.stdout.write(f"  ready after {time.monotonic() - began:.1f} s\n")
        sys.stdout.flush()
        return _watch(world, stopping)
    except WorldError as error:
        sys.stderr.write(f"kiosk: {error}\n")
        return 1
    finally:
        dock_address.withdraw(place)
        if dock is not None:
            dock.stop()
        world.stop()


def _fitting(size: tuple[int, int], display: str) -> tuple[int, int]:
    """Return the size of the panel, made smaller until it fits into nine tenths of the screen there is."""
    screen = ExistingDisplay(display)
    try:
        scale = min(1.0, 0.9 * screen.width / size[0], 0.9 * screen.height / size[1])
    finally:
        screen.stop()
    return round(size[0] * scale), round(size[1] * scale)


def _start_dock(world: World, token: str) -> DockServer:
    application = create_dock(world.hall, world.display, ASSETS / "citizens", token)
    return DockServer(application, DOCK_PORT)


def _await_home(world: World, stopping: threading.Event) -> None:
    deadline = Deadline.after(START_SECONDS)
    while not stopping.is_set():
        glass = world.observer.glass()
        if glass is not None and glass.get("drawn", 0):
            return
        if deadline.expired or world.terminal is None or world.terminal.poll() is not None:
            log = (world.directory / "terminal.log").read_text(encoding="utf-8", errors="replace")
            raise WorldError(f"the terminal did not start: {log[-1500:]}")
        stopping.wait(0.05)


def _watch(world: World, stopping: threading.Event) -> int:
    """Wait for the end; a terminal that ended by itself is started again, as systemd would."""
    while not stopping.wait(0.5):
        terminal = world.terminal
        if terminal is not None and terminal.poll() is not None:
            if terminal.returncode == 0:
                return 0
            sys.stderr.write(f"kiosk: the terminal ended with {terminal.returncode}; starting it again\n")
            world.start_terminal()
    return 0
