"""Open the window and run it: everything of Kivy is imported from here on, after its settings were fixed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kivy.base import EventLoop, runTouchApp, stopTouchApp
from kivy.clock import Clock
from kivy.core.window import Window

from screens import texts, theme, touch_map
from screens.bridge import Bridge, PictureDecoder
from screens.glass import Glass
from screens.icons import Icons
from screens.loop import Loop
from screens.settings import Post, ViewSource, WindowSettings
from screens.widgets.text import register_fonts

READY_SCREENS = ("home", "out_of_service")


def show(
    settings: WindowSettings,
    loop: Loop,
    views: ViewSource,
    post: Post,
    on_tick: Callable[[], None],
    on_ready: Callable[[], None],
) -> None:
    """Block until the loop is stopped or the window closed; see ``screens.app.run``."""
    window: Any = Window
    window.clearcolor = theme.GROUND
    register_fonts(settings.font_directory)
    decoder = PictureDecoder(loop)
    glass = Glass(
        (int(window.width), int(window.height)),
        texts.load(settings.texts),
        Icons(settings.texts.parent.parent / "icons"),
        decoder,
        post,
    )
    touch_map.glass = glass
    runTouchApp(glass, embedded=True)
    window.bind(on_resize=lambda _window, width, height: glass.resize(int(width), int(height)))

    def deliver(*_event: Any) -> None:
        """Hand out each pointer event by itself: Kivy polls many, then shows all of them the last one's place."""
        EventLoop.dispatch_input()

    window.bind(on_mouse_down=deliver, on_mouse_move=deliver, on_mouse_up=deliver)

    def tick(_seconds: float) -> None:
        glass.tick()
        on_tick()

    ready = False

    def after_frame() -> None:
        nonlocal ready
        if not ready and glass.view is not None and glass.view.screen in READY_SCREENS:
            ready = True
            on_ready()

    Clock.schedule_interval(tick, 1.0)
    bridge = Bridge(loop, views.latest, glass.draw)
    views.subscribe(bridge.wake)
    bridge.wake()
    try:
        loop.run(after_frame)
    finally:
        decoder.close()
        stopTouchApp()
        window.close()
