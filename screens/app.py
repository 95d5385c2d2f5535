"""Start the citizen's window: Kivy's settings are fixed here, before anything of Kivy is imported."""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
import zlib
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from screens import touch_map
from screens.loop import Loop
from screens.settings import Post, ViewSource, WindowSettings

_running: Loop | None = None


def run(
    settings: WindowSettings, views: ViewSource, post: Post, on_tick: Callable[[], None], on_ready: Callable[[], None]
) -> None:
    """Show views until the window is closed or ``request_stop`` is called.

    ``post(intent, session)`` is called on this thread and returns at once. ``on_tick`` comes about once a second from Kivy's
    clock: while it comes, the screen lives. ``on_ready`` comes once, when the first home or out-of-service screen is drawn.
    """
    global _running
    prepare(settings)
    loop = Loop(settings.max_fps, poll_input=bool(settings.touch_device))
    _running = loop
    touch_map.loop = loop
    try:
        from screens.window import show

        show(settings, loop, views, post, on_tick, on_ready)
    finally:
        _running = None
        touch_map.loop = None
        touch_map.glass = None
        loop.close()


def request_stop() -> None:
    """End ``run``; from any thread. Without a running window it does nothing."""
    if _running is not None:
        _running.stop()


def prepare(settings: WindowSettings) -> None:
    """Settle what Kivy reads once, on import. What the settings cost and save was measured (multisampling most of all)."""
    home = _home()
    os.environ.update(
        KIVY_NO_ARGS="1",
        KIVY_NO_CONFIG="1",
        KIVY_NO_FILELOG="1",
        KIVY_NO_CONSOLELOG="1",
        KIVY_LOG_MODE="PYTHON",
        KIVY_HOME=str(home),
        KIVY_DATA_DIR=str(_data(home)),
        KIVY_WINDOW="sdl2",
        KIVY_TEXT="sdl2",
        KIVY_IMAGE="sdl2",
        KIVY_DPI="96",
        KIVY_METRICS_DENSITY="1",
    )
    logging.getLogger("kivy").setLevel(logging.WARNING)
    from kivy.config import Config

    graphics = {
        "width": settings.width,
        "height": settings.height,
        "fullscreen": "auto" if settings.fullscreen else 0,
        "borderless": 1,
        "position": "custom",
        "left": 0,
        "top": 0,
        "resizable": 0,
        "show_cursor": 0 if settings.fullscreen else 1,
        "multisamples": 0,
        "maxfps": 0,  # our loop paces; Kivy's clock must not sleep
        "vsync": 0,
    }
    for key, value in graphics.items():
        Config.set("graphics", key, str(value))
    Config.set("kivy", "exit_on_escape", "0")
    Config.set("kivy", "log_level", "warning")
    Config.remove_section("input")
    Config.add_section("input")
    Config.set("input", "mouse", "mouse,disable_multitouch")
    if settings.touch_device:
        Config.set("input", "touch", f"mtdev,{settings.touch_device}")


def _home() -> Path:
    """A folder of this user's own for what Kivy wants to write."""
    home = Path(tempfile.gettempdir()) / f"kivy-{os.getuid()}"
    home.mkdir(mode=0o700, exist_ok=True)
    if home.stat().st_uid != os.getuid():
        raise PermissionError(f"{home} belongs to somebody else")
    return home


def _data(home: Path) -> Path:
    """Kivy's own data but for style.kv: rules for widgets that we do not use, whose parsing is a tenth of Kivy's start."""
    spec = find_spec("kivy")
    assert spec is not None  # noqa: S101 - installed with us
    assert spec.origin is not None  # noqa: S101 - as above
    kivy = Path(spec.origin).parent / "data"
    data = home / f"data-{zlib.crc32(os.fsencode(kivy)):08x}"  # for several installations on one machine
    data.mkdir(exist_ok=True)
    for entry in kivy.iterdir():
        place = data / entry.name
        if entry.name != "style.kv" and not place.exists():
            with contextlib.suppress(FileExistsError):  # another window starts at the same time
                place.symlink_to(entry)
    (data / "style.kv").touch()
    return data


__all__ = ["Post", "ViewSource", "WindowSettings", "request_stop", "run"]
