"""How fast the screens start and answer, against a stock Kivy window on the same X server: script/bench_screens.py"""

from __future__ import annotations

import json
import mmap
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SIZE = (1080, 1920)
DEADLINE = 20.0
STARTS = 7
TOUCHES = 40


# ---- what is measured: each runs in a process of its own and says "ready" when its picture is drawn


def ours() -> None:
    """The home screen with two tiles."""
    sys.path.insert(0, str(ROOT))
    from kiosk.view import HomeView, Tile, View
    from screens.app import WindowSettings, run

    tiles = (
        Tile("medical_insurance_enrolment", "城乡居民医保参保登记", "身份证、居住证均可办理", "medical", True),
        Tile("progress_query", "办件进度查询", "凭回执二维码或身份证查询", "progress", True),
    )
    home = View(1, None, "home", "", "", "zh", HomeView(tiles), site="样例市政务服务中心")

    class Source:
        def latest(self):
            return home

        def subscribe(self, wake):
            pass

    settings = WindowSettings(
        width=SIZE[0],
        height=SIZE[1],
        font_directory=ROOT / "assets" / "fonts",
        texts=ROOT / "assets" / "texts" / "screens.toml",
    )
    run(settings, Source(), lambda intent, session: None, lambda: None, lambda: print("ready", flush=True))


def stock(with_button: bool) -> None:
    """Kivy as it comes, its own settings, in a window of the same size."""
    from kivy.config import Config

    Config.set("graphics", "width", str(SIZE[0]))
    Config.set("graphics", "height", str(SIZE[1]))
    Config.set("graphics", "position", "custom")
    Config.set("graphics", "left", "0")
    Config.set("graphics", "top", "0")
    from kivy.app import App
    from kivy.core.window import Window
    from kivy.uix.button import Button
    from kivy.uix.widget import Widget

    def flipped(_window) -> None:
        Window.unbind(on_flip=flipped)
        print("ready", flush=True)

    class Stock(App):
        def build(self):
            Window.bind(on_flip=flipped)
            return Button(text="Start") if with_button else Widget()

    Stock().run()


# ---- the measuring side


class Screen:
    """An X server whose picture lies in a file that we look into."""

    def __init__(self, directory: Path) -> None:
        read_end, write_end = os.pipe()
        self._server = subprocess.Popen(
            [
                "Xvfb",
                "-displayfd",
                str(write_end),
                "-screen",
                "0",
                "1080x1920x24",
                "-fbdir",
                str(directory),
                "-nolisten",
                "tcp",
            ],
            pass_fds=[write_end],
            stderr=subprocess.DEVNULL,
        )
        os.close(write_end)
        with os.fdopen(read_end) as pipe:
            self.name = f":{pipe.readline().strip()}"
        self._file = (directory / "Xvfb_screen0").open("rb")
        self._map = mmap.mmap(self._file.fileno(), 0, prot=mmap.PROT_READ)
        words = [int.from_bytes(self._map[place : place + 4], "big") for place in range(0, 100, 4)]
        # X11/XWDFile.h: header_size is word 0, bytes_per_line word 12, ncolors word 19; a colour entry has 12 bytes.
        self._start = words[0] + 12 * words[19]
        self._line = words[12]

    def row(self, x: int, y: int, width: int) -> bytes:
        """The bytes of some pixels."""
        start = self._start + y * self._line + x * 4
        return self._map[start : start + 4 * width]

    def close(self) -> None:
        self._server.terminate()
        self._server.wait(DEADLINE)


def start(kind: str, screen: Screen, home: Path) -> tuple[subprocess.Popen, float]:
    """A process, and the seconds until it said that it is ready."""
    environment = {**os.environ, "DISPLAY": screen.name, "KIVY_HOME": str(home), "KIVY_NO_ARGS": "1"}
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, __file__, kind], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if line.strip() != "ready":
        raise RuntimeError(f"{kind} did not start")
    return process, time.perf_counter() - began


def stop(process: subprocess.Popen) -> None:
    process.kill()
    process.wait(DEADLINE)


def touches(kind: str, screen: Screen, home: Path, x: int, y: int, count: int) -> list[float]:
    """Seconds from each press at a point to the first changed pixel around it."""
    from Xlib import X, display
    from Xlib.ext import xtest

    process, _ = start(kind, screen, home)
    connection = display.Display(screen.name)
    chance = random.Random(1)
    found: list[float] = []
    try:
        xtest.fake_input(connection, X.MotionNotify, x=x, y=y)
        connection.sync()
        time.sleep(1.0)
        for _ in range(count):
            before = screen.row(x - 100, y, 200)
            began = time.perf_counter()
            xtest.fake_input(connection, X.ButtonPress, 1)
            connection.flush()
            while screen.row(x - 100, y, 200) == before:
                if time.perf_counter() - began > DEADLINE:
                    raise TimeoutError(f"{kind} did not answer a touch")
                time.sleep(0.0002)
            found.append(time.perf_counter() - began)
            xtest.fake_input(connection, X.ButtonRelease, 1)
            connection.sync()
            time.sleep(0.25 + 0.05 * chance.random())
    finally:
        connection.close()
        stop(process)
    return found


def measure(starts: int = STARTS, count: int = TOUCHES) -> dict[str, float]:
    """Medians in milliseconds and their ratios, ours to stock, taken in turns in one run."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "kivy"
        home.mkdir()
        screen = Screen(Path(folder))
        try:
            began: dict[str, list[float]] = {"ours": [], "stock": []}
            for turn in range(starts + 1):
                for kind, seconds in began.items():
                    process, took = start(kind, screen, home)
                    stop(process)
                    if turn:
                        seconds.append(took)
            # A point on the first tile without text or icon, and the middle of the button's right half.
            answered = {
                "ours": touches("ours", screen, home, 400, 900, count),
                "stock": touches("stock_button", screen, home, 800, 700, count),
            }
        finally:
            screen.close()
    start_ms = {kind: 1000 * statistics.median(seconds) for kind, seconds in began.items()}
    touch_ms = {kind: 1000 * statistics.median(seconds) for kind, seconds in answered.items()}
    return {
        "cold_start_ms": round(start_ms["ours"], 1),
        "cold_start_stock_ms": round(start_ms["stock"], 1),
        "cold_start_ratio": round(start_ms["ours"] / start_ms["stock"], 3),
        "touch_ms": round(touch_ms["ours"], 1),
        "touch_stock_ms": round(touch_ms["stock"], 1),
        "touch_ratio": round(touch_ms["ours"] / touch_ms["stock"], 3),
    }


def main() -> None:
    kind = sys.argv[1] if len(sys.argv) > 1 else ""
    if kind == "ours":
        ours()
    elif kind in ("stock", "stock_button"):
        stock(with_button=kind == "stock_button")
    else:
        print(json.dumps(measure(), indent=2))


if __name__ == "__main__":
    main()
