"""The real window in a process of its own, steered by lines of JSON: Kivy is one window a process."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from sample_views import samples  # noqa: E402

from kiosk.view import Activity, View  # noqa: E402
from screens import touch_map  # noqa: E402
from screens.app import WindowSettings, request_stop, run  # noqa: E402
from screens.fonts import GETA  # noqa: E402

DEADLINE = 15.0


class Source:
    """A view source that shows what it is told, and remembers the intents."""

    def __init__(self) -> None:
        self.view: View | None = None
        self.wake: Callable[[], None] = lambda: None
        self.intents: list[tuple[str, dict[str, Any], int | None]] = []
        self.activities = 0
        self.ticks = 0
        self.told = threading.Condition()

    def latest(self) -> View | None:
        return self.view

    def subscribe(self, wake: Callable[[], None]) -> None:
        self.wake = wake

    def post(self, intent: Any, session: int | None) -> None:
        with self.told:
            if isinstance(intent, Activity):
                self.activities += 1
            else:
                self.intents.append((type(intent).__name__, asdict(intent), session))
            self.told.notify_all()


source = Source()
flips = 0


def on_ui_thread(action: Callable[[], Any]) -> Any:
    done = threading.Event()
    result: list[Any] = []

    def do() -> None:
        result.append(action())
        done.set()

    assert touch_map.loop is not None
    touch_map.loop.call(do)
    if not done.wait(DEADLINE):
        raise TimeoutError("the window does not answer")
    return result[0]


def walk(widget: Any) -> Any:
    yield widget
    for child in reversed(widget.children):
        yield from walk(child)


def faults() -> list[str]:
    """What is wrong with the texts on the glass: drawn beyond their box or the window, too small, or without a glyph."""
    from screens.widgets import text as texts

    glass: Any = touch_map.glass
    found = []
    for widget in walk(glass):
        if not isinstance(widget, texts.Text) or not widget.text.strip():
            continue
        width, height = widget.drawn
        box = widget.box
        if width > box.width or height > box.height:
            found.append(f"cut: {widget.text!r} needs {width}x{height}, has {box.width}x{box.height}")
        if box.x < 0 or box.y < 0 or box.right > glass.width or box.top > glass.height:
            found.append(f"outside: {widget.text!r}")
        if widget.drawn_size < 20:
            found.append(f"tiny: {widget.text!r} at {widget.drawn_size}")
        shown = "".join(run for _, run in texts._coverage[0].runs(widget.text.replace("\n", "")))
        if GETA in shown:
            found.append(f"no glyph: {widget.text!r}")
    return found


def count_flips(_window: Any) -> None:
    global flips
    flips += 1


def answer(command: dict[str, Any]) -> Any:
    match command["do"]:
        case "show":
            view = samples(command["language"])[command["name"]]
            view = replace(view, **command.get("change", {}))
            end = time.monotonic() + DEADLINE
            source.view = view
            source.wake()
            while touch_map.snapshot(DEADLINE)[2] != view.revision:
                if time.monotonic() > end:
                    raise TimeoutError(f"{command['name']} was never drawn")
            return on_ui_thread(faults)
        case "read":
            touchables, texts, revision = touch_map.snapshot(DEADLINE)
            return {"touchables": [asdict(touchable) for touchable in touchables], "texts": texts, "revision": revision}
        case "intents":
            with source.told:
                if not source.told.wait_for(lambda: len(source.intents) >= command["count"], command["within"]):
                    return source.intents
                taken, source.intents = source.intents, []
                return taken
        case "redraw":
            # The number of flips after which what is on the glass now has been shown.
            from kivy.core.window import Window

            def ask_for_a_frame() -> int:
                Window.canvas.ask_update()
                return flips + 1

            return on_ui_thread(ask_for_a_frame)
        case "resize":
            # As the window does when the X server gives it another size.
            on_ui_thread(lambda: touch_map.glass.resize(command["width"], command["height"]))
            return None
        case "counts":
            return {"flips": flips, "ticks": source.ticks, "activities": source.activities}
        case "measured":
            from screens.widgets.text import _extent

            return _extent.cache_info().currsize
        case "pages":
            # Every page of every list of pages on the glass, with what is wrong on it.
            from screens.widgets.pages import Pages

            def turn_all() -> list[str]:
                wrong = []
                for pages in [widget for widget in walk(touch_map.glass) if isinstance(widget, Pages)]:
                    while pages._page + 1 < len(pages._pages):
                        pages._turn(1)
                        wrong += faults()
                return wrong

            return on_ui_thread(turn_all)
    raise ValueError(command)


def say(value: Any) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def serve(ready: threading.Event) -> None:
    try:
        assert ready.wait(DEADLINE)
        from kivy.core.window import Window

        Window.bind(on_flip=count_flips)
        say("ready")
        for line in sys.stdin:
            say(answer(json.loads(line)))
    finally:
        request_stop()


def tick() -> None:
    source.ticks += 1


def main() -> None:
    width, height = int(sys.argv[1]), int(sys.argv[2])
    ready = threading.Event()
    source.view = samples("zh")["home"]
    worker = threading.Thread(target=serve, args=(ready,))
    worker.start()
    settings = WindowSettings(
        width=width,
        height=height,
        font_directory=ROOT / "assets" / "fonts",
        texts=ROOT / "assets" / "texts" / "screens.toml",
    )
    run(settings, source, source.post, tick, ready.set)
    worker.join()


if __name__ == "__main__":
    main()
