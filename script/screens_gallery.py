"""Draw every screen in every state to PNG files, to be looked at: script/screens_gallery.py OUTDIR [name ...]."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "screens")]
SIZES = {"portrait": (1080, 1920), "landscape": (1920, 1080)}
DEADLINE = 10.0


class OneView:
    """A view source that shows what it is told."""

    def __init__(self) -> None:
        self._view = None
        self._wake: Callable[[], None] = lambda: None

    def latest(self):
        return self._view

    def subscribe(self, wake: Callable[[], None]) -> None:
        self._wake = wake

    def put(self, view) -> None:
        self._view = view
        self._wake()


def start_display() -> subprocess.Popen | None:
    """An X server of our own when there is none; sets DISPLAY."""
    if os.environ.get("DISPLAY"):
        return None
    read_end, write_end = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write_end), "-screen", "0", "1920x1920x24", "-nolisten", "tcp"],
        pass_fds=[write_end],
        stderr=subprocess.DEVNULL,
    )
    os.close(write_end)
    with os.fdopen(read_end) as pipe:
        os.environ["DISPLAY"] = f":{pipe.readline().strip()}"
    return server


def on_ui_thread(action: Callable[[], None]) -> None:
    """Run on the window's thread and wait for the end of it."""
    from screens import touch_map

    done = threading.Event()

    def run() -> None:
        action()
        done.set()

    assert touch_map.loop is not None
    touch_map.loop.call(run)
    if not done.wait(DEADLINE):
        raise TimeoutError("the window does not answer")


def save(path: Path) -> None:
    """What the window shows now; on the UI thread."""
    from kivy.core.window import Window
    from kivy.graphics.opengl import GL_RGB, GL_UNSIGNED_BYTE, glReadPixels
    from PIL import Image

    Window.dispatch("on_draw")
    width, height = int(Window.width), int(Window.height)
    pixels = glReadPixels(0, 0, width, height, GL_RGB, GL_UNSIGNED_BYTE)
    Image.frombytes("RGB", (width, height), pixels).transpose(Image.Transpose.FLIP_TOP_BOTTOM).save(path)
    Window.dispatch("on_flip")


def wait_for(revision: int) -> None:
    """Until the view of that revision is drawn."""
    from screens import touch_map

    end = time.monotonic() + DEADLINE
    while touch_map.snapshot()[2] != revision:
        if time.monotonic() > end:
            raise TimeoutError(f"revision {revision} was never drawn")


def touch(name: str) -> None:
    """Do what a touch on the widget of that id does; on the UI thread."""
    from screens import touch_map

    def walk(widget):
        yield widget
        for child in widget.children:
            yield from walk(child)

    targets = {getattr(widget, "touch_id", ""): widget for widget in walk(touch_map.glass)}
    if name not in targets:
        targets["page:next"]._action()
        targets = {getattr(widget, "touch_id", ""): widget for widget in walk(touch_map.glass)}
    targets[name]._action()


def scribble() -> None:
    """A made-up signature on the pad; on the UI thread."""
    from math import sin

    from kivy.graphics import Color, SmoothLine

    from screens import touch_map
    from screens.input.signature import SignaturePad, smoothed

    def walk(widget):
        yield widget
        for child in widget.children:
            yield from walk(child)

    pad = next(widget for widget in walk(touch_map.glass) if isinstance(widget, SignaturePad))
    points = [
        (
            pad.x + pad.width * (0.2 + 0.6 * step / 40),
            pad.y + pad.height * (0.5 + 0.22 * sin(step * 0.9) * sin(step / 7 + 1)),
        )
        for step in range(41)
    ]
    with pad._ink.canvas:
        Color(0.07, 0.13, 0.18, 1)
        SmoothLine(points=smoothed(points), width=pad._thickness, overdraw_width=1.6, joint="round", cap="round")


AFTER = {
    "form_digits": ("form", ["field:phone", "key:1", "key:3", "key:8"]),
    "form_letters": ("form", ["field:note", "key:shift", "key:A"]),
    "form_choice": ("form", ["field:relation"]),
    "form_digits_wrong": ("form_wrong", ["field:phone"]),
    "review_page_2": ("review_long", ["page:next"]),
    "result_second": ("result_several", ["case:next"]),
}


def pictures(out: Path, orientation: str, wanted: set[str]) -> None:
    """All screens of one orientation; one window a process."""
    from sample_views import samples

    from screens.app import WindowSettings, request_stop, run

    width, height = SIZES[orientation]
    source = OneView()
    ready = threading.Event()
    failed: list[BaseException] = []

    def show() -> None:
        try:
            ready.wait(DEADLINE)
            for language in ("zh", "en"):
                views = samples(language)
                shots = {
                    **{name: (name, []) for name in views},
                    **AFTER,
                    "sign_written": ("sign_message", ["scribble"]),
                }
                for name, (base, touches) in shots.items():
                    if wanted and name not in wanted:
                        continue
                    source.put(views["home"])
                    wait_for(views["home"].revision)
                    source.put(views[base])
                    wait_for(views[base].revision)
                    for touched in touches:
                        on_ui_thread(scribble if touched == "scribble" else lambda touched=touched: touch(touched))
                    if base.startswith(("materials", "technician_question")):
                        time.sleep(0.3)
                    on_ui_thread(lambda: None)
                    path = out / f"{orientation}-{language}-{name}.png"
                    on_ui_thread(lambda path=path: save(path))
        except BaseException as problem:  # noqa: BLE001 - handed to the main thread
            failed.append(problem)
        request_stop()

    source.put(samples("zh")["home"])
    worker = threading.Thread(target=show)
    worker.start()
    settings = WindowSettings(
        width=width,
        height=height,
        font_directory=ROOT / "assets" / "fonts",
        texts=ROOT / "assets" / "texts" / "screens.toml",
    )
    run(settings, source, lambda intent, session: None, lambda: None, ready.set)
    worker.join()
    if failed:
        raise failed[0]


def main() -> None:
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    names = sys.argv[2:]
    if names and names[0] in SIZES:
        pictures(out, names[0], set(names[1:]))
        return
    server = start_display()
    try:
        for orientation in SIZES:
            subprocess.run([sys.executable, __file__, str(out), orientation, *names], check=True, timeout=300)
    finally:
        if server is not None:
            server.terminate()
            server.wait(DEADLINE)


if __name__ == "__main__":
    main()
