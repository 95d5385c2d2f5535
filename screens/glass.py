"""The whole picture: header, progress, title, one step screen, buttons and the idle question, drawn from the latest view."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from typing import Any

from kivy.uix.widget import Widget

from kiosk.view import Activity, Intent, OpenTechnician, View
from screens.bridge import PictureDecoder
from screens.context import Context
from screens.footer import Footer
from screens.geometry import Box
from screens.header import Header, Stages
from screens.icons import Icons
from screens.idle import IdleQuestion
from screens.night import Night
from screens.part import Part
from screens.texts import Labels
from screens.theme import Metrics
from screens.touch_map import Snapshot, Touchable
from screens.widgets.press import Pressable
from screens.widgets.text import Text, forget

SETTLE_SECONDS = 0.25
"""After a change of screen, touches do not count for so long: the second half of a double tap meant the screen before."""
ACTIVITY_SECONDS = 1.0
CORNER_TOUCHES, CORNER_SECONDS = 5, 4.0
"""So many touches of the upper left corner in so short a time ask for technician mode: nobody does it by chance."""
CORNER_SCREENS = ("home", "out_of_service")


class Glass(Part):
    """The root widget. ``draw`` may be called as often as there are views; only what changed is made anew."""

    def __init__(
        self,
        size: tuple[int, int],
        labels: dict[str, Labels],
        icons: Icons,
        decoder: PictureDecoder,
        post: Callable[[Intent, int | None], None],
    ) -> None:
        super().__init__(Box(0, 0, *size))
        self._labels = labels
        self._icons = icons
        self._decoder = decoder
        self._post = post
        self._metrics = Metrics(*size)
        self.view: View | None = None
        self._parts: dict[str, tuple[object, Part | None]] = {}
        self._settled_at = 0.0
        self._turn = 0
        self._active_at = 0.0
        self._corner: list[float] = []

    def resize(self, width: int, height: int) -> None:
        """The window has another size: make all anew."""
        if (width, height) == (self._metrics.width, self._metrics.height):
            return
        self._metrics = Metrics(width, height)
        self.size = (width, height)
        self._parts = {name: (None, part) for name, (_, part) in self._parts.items()}
        if self.view is not None:
            self.draw(self.view)

    def draw(self, view: View) -> None:
        """Put ``view`` on the glass."""
        before, self.view = self.view, view
        new_screen = before is None or _place(before) != _place(view) or before.language != view.language
        asked = before is not None and (before.idle_seconds is None) != (view.idle_seconds is None)
        if before is not None and before.session != view.session:
            forget()
        context = Context(
            self._metrics,
            self._labels[view.language],
            self._icons,
            self._decoder,
            self._answer,
            self._accepts,
            lambda: self._turn,
        )
        screen = importlib.import_module(f"screens.steps.{view.screen}").Screen
        whole = Box(0, 0, self._metrics.width, self._metrics.height)
        header, room = whole.from_top(Header.height(self._metrics, bool(view.banner)))
        footer, room = room.from_bottom(Footer.height(self._metrics, view.buttons))
        dark = view.screen == "home"
        drawn_before: Any = self._parts.get("step", (None, None))[1]
        if screen.own_title:
            top = None
        else:
            if not footer.height:
                _, room = room.from_bottom(self._metrics.px(40, 28))
            top, room = room.from_top(Stages.height(context, view, room.width - 2 * self._metrics.margin))
        self._part(
            "step",
            (_place(view), view.language, room),
            lambda: screen(context, room),
        )
        self._part(
            "stages",
            (view.progress, view.title, top, view.language),
            lambda: Stages(context, top, view) if top else None,
        )
        self._part("header", (view.site, view.banner, view.language, dark), lambda: Header(context, header, view, dark))
        self._part("footer", (view.buttons, view.language, footer), lambda: Footer(context, footer, view.buttons))
        asking = view.idle_seconds is not None
        self._part(
            "idle",
            (asking, view.idle_extendable, view.language),
            lambda: IdleQuestion(context, whole, view.idle_extendable) if asking else None,
        )
        self._part("night", view.asleep, lambda: Night(whole) if view.asleep else None)
        step: Any = self._parts["step"][1]
        if step is not drawn_before and before is not None and _place(before) == _place(view):
            step.take_over(drawn_before)
        step.show(view)
        question = self._parts["idle"][1]
        if isinstance(question, IdleQuestion) and view.idle_seconds is not None:
            question.count(view.idle_seconds)
        if new_screen or asked:
            self._settled_at = time.monotonic() + SETTLE_SECONDS
            self._turn += 1

    def _part(self, name: str, key: object, make: Callable[[], Part | None]) -> None:
        """Keep the part when its key is the same, else put a new one in its place."""
        had, widget = self._parts.get(name, (None, None))
        if had == key and name in self._parts:
            return
        if widget is not None:
            widget.retire()
            self.remove_widget(widget)
        made = make()
        self._parts[name] = (key, made)
        if made is not None:
            self.add_widget(made, index=len(self.children) - self._below(name))

    def _below(self, name: str) -> int:
        """How many parts lie under this one; parts are stacked in a fixed order whatever was made anew last."""
        order = ("step", "stages", "header", "footer", "idle", "night")
        return sum(
            1 for other in order[: order.index(name)] if other in self._parts and self._parts[other][1] is not None
        )

    def tick(self) -> None:
        """Once a second: the clock in the header."""
        header = self._parts.get("header", (None, None))[1]
        if isinstance(header, Header):
            header.tell_time(time.localtime())

    def _answer(self, intent: Intent) -> None:
        if self.view is not None:
            self._post(intent, self.view.session)

    def _accepts(self) -> bool:
        return time.monotonic() >= self._settled_at

    def on_touch_down(self, touch: Any) -> bool:
        """Say that somebody is there, at most once a second; then let the parts have the touch."""
        now = time.monotonic()
        if now - self._active_at >= ACTIVITY_SECONDS:
            self._active_at = now
            self._answer(Activity())
        self._knock(touch, now)
        return bool(super().on_touch_down(touch))

    def _knock(self, touch: Any, now: float) -> None:
        side = self._metrics.px(220)
        here = touch.x <= side and touch.y >= self._metrics.height - side
        if self.view is None or self.view.screen not in CORNER_SCREENS or not here:
            self._corner.clear()
            return
        self._corner = [*(at for at in self._corner if now - at < CORNER_SECONDS), now]
        if len(self._corner) >= CORNER_TOUCHES:
            self._corner.clear()
            self._answer(OpenTechnician())

    def read(self) -> Snapshot:
        """What can be touched and read now; while the idle question is there, only that; on a dark glass nothing."""
        question = self._parts.get("idle", (None, None))[1]
        found: list[Touchable] = []
        texts: list[str] = []
        settled = self._accepts()
        for widget in _in_order(self._parts.get("night", (None, None))[1] or question or self):
            if isinstance(widget, Pressable):
                left, top = widget.x, self._metrics.height - widget.top
                found.append(
                    Touchable(
                        widget.touch_id,
                        widget.role,
                        widget.touch_text,
                        left,
                        top,
                        widget.width,
                        widget.height,
                        widget.enabled and settled,
                    )
                )
            elif isinstance(widget, Text) and widget.text:
                texts.append(widget.text)
        return tuple(found), tuple(texts), self.view.revision if self.view is not None else -1


def _place(view: View) -> tuple[int | None, str, str]:
    """Where in which visit the view is, whatever its language."""
    return view.session, view.screen, view.step


def _in_order(widget: Widget) -> list[Widget]:
    """The widget and all below it, in the order in which they were added."""
    found = [widget]
    for child in reversed(widget.children):
        found.extend(_in_order(child))
    return found
