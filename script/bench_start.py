"""Cold start of the whole terminal against an empty stock Kivy window, and the second start of training mode."""

from __future__ import annotations

import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import bench_screens  # noqa: E402

from drivers.base import Deadline  # noqa: E402
from kiosk.training.world import World  # noqa: E402

RUNS = 5
TRAINING_RUNS = 3


class Waiter:
    """Hears a terminal say that it is ready, as systemd does."""

    def __init__(self, folder: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(folder / "notify"))
        self._socket.settimeout(30.0)
        os.environ["NOTIFY_SOCKET"] = str(folder / "notify")

    def wait(self) -> None:
        """Return at READY=1, which the terminal says when its home screen is on the glass."""
        while b"READY=1" not in self._socket.recv(4096):
            pass

    def close(self) -> None:
        """Stop listening."""
        del os.environ["NOTIFY_SOCKET"]
        self._socket.close()


def until_usable(world: World) -> None:
    """Return when a service can be touched."""
    deadline = Deadline.after(30)
    while not deadline.expired:
        glass = world.observer.glass()
        if glass and glass["drawn"] == glass["revision"] and any(tile["available"] for tile in glass.get("tiles", ())):
            return
        time.sleep(0.005)
    raise RuntimeError("no service became usable")


def terminal() -> dict[str, float]:
    """Start the real terminal again and again beside its running hall, in turn with an empty stock Kivy window."""
    ready: list[float] = []
    usable: list[float] = []
    stock: list[float] = []
    with tempfile.TemporaryDirectory(prefix="kiosk-bench-") as folder:
        place = Path(folder)
        world = World(place / "world", (1080, 1920))
        world.start(Deadline.after(30))
        world.kill_terminal()
        screen = bench_screens.Screen(place)
        waiter = Waiter(place)
        try:
            for _ in range(RUNS):
                began = time.perf_counter()
                world.start_terminal()
                waiter.wait()
                ready.append(time.perf_counter() - began)
                until_usable(world)
                usable.append(time.perf_counter() - began)
                world.kill_terminal()
                process, seconds = bench_screens.start("stock", screen, place / "kivy")
                bench_screens.stop(process)
                stock.append(seconds)
        finally:
            waiter.close()
            screen.close()
            world.stop()
    return {
        "home_ms": statistics.median(ready) * 1000,
        "usable_ms": statistics.median(usable) * 1000,
        "stock_ms": statistics.median(stock) * 1000,
        "home_ratio": statistics.median(a / b for a, b in zip(ready, stock, strict=True)),
        "usable_ratio": statistics.median(a / b for a, b in zip(usable, stock, strict=True)),
    }


def training(directory: Path) -> float:
    """Start training mode without a screen, wait for its own word of how long it took, and end it."""
    environment = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    command = [sys.executable, "-m", "kiosk.cli", "run", "--training", "--training-directory", str(directory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment) as process:
        assert process.stdout is not None
        began = time.perf_counter()
        for line in process.stdout:
            if "ready after" in line:
                seconds = time.perf_counter() - began
                process.send_signal(signal.SIGINT)
                return seconds
    raise RuntimeError("training mode did not start")


def measure() -> dict[str, float]:
    """Return milliseconds and ratios of the terminal's start, and seconds of training mode's first and later starts."""
    measured = terminal()
    with tempfile.TemporaryDirectory(prefix="kiosk-bench-") as folder:
        measured["first_training_seconds"] = training(Path(folder))
        measured["second_training_seconds"] = statistics.median(training(Path(folder)) for _ in range(TRAINING_RUNS))
    return measured


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:26} {value:10.2f}")
