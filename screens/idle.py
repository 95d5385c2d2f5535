"""The question whether somebody is still there, over everything else, with the seconds that are left."""

from __future__ import annotations

from typing import Any

from kivy.graphics import Color, Rectangle

from kiosk.view import Cancel, StayHere
from screens import theme
from screens.context import Context
from screens.geometry import Box
from screens.part import Part
from screens.widgets.press import PRIMARY, SECONDARY, Button
from screens.widgets.shapes import Panel
from screens.widgets.text import Text


class IdleQuestion(Part):
    """Covers the glass; all touches end here."""

    def __init__(self, context: Context, box: Box, extendable: bool) -> None:
        super().__init__(box)
        metrics, labels = context.metrics, context.labels
        with self.canvas:
            Color(*theme.SHADE)
            Rectangle(pos=(box.x, box.y), size=(box.width, box.height))
        lower, _ = box.from_bottom(round(box.height * (0.72 if metrics.portrait else 1)))
        panel = lower.centred(metrics.px(920, 1060), metrics.px(1030, 860))
        self.add_widget(Panel(panel, theme.SURFACE, metrics.px(44)))
        rest = panel.inset(metrics.px(64), metrics.px(56, 44))
        title, rest = rest.from_top(metrics.px(100, 84), metrics.px(20, 8))
        self.add_widget(
            Text(title, labels("idle_title"), metrics.title, theme.INK, bold=True, align="center", balanced=True)
        )
        number, rest = rest.from_top(metrics.px(280, 230))
        round_box = number.centred(number.height, number.height)
        self.add_widget(Panel(round_box, theme.PRIMARY, number.height // 2))
        self.add_widget(Panel(round_box.inset(metrics.px(12)), theme.SURFACE, number.height // 2))
        inner = round_box.inset(metrics.px(40), metrics.px(44, 34))
        unit, digits = inner.from_bottom(metrics.px(50, 44))
        self._number = Text(digits, "", metrics.px(120, 96), theme.PRIMARY, bold=True, align="center")
        self.add_widget(self._number)
        self.add_widget(Text(unit, labels("idle_seconds"), metrics.small, theme.SOFT, align="center"))
        leave, rest = rest.from_bottom(metrics.button, metrics.gap)
        if extendable:
            stay, rest = rest.from_bottom(metrics.button + metrics.px(16), metrics.gap)
            self.add_widget(
                Button(
                    context, stay, "stay", labels("idle_stay"), lambda: context.post(StayHere()), PRIMARY, icon="check"
                )
            )
        self.add_widget(
            Button(context, leave, "leave", labels("idle_leave"), lambda: context.post(Cancel()), SECONDARY)
        )
        words = labels("idle_text") if extendable else labels("idle_last")
        self.add_widget(Text(rest, words, metrics.body, theme.SOFT, align="center", balanced=True))

    def count(self, seconds: int) -> None:
        """Show the seconds that are left."""
        self._number.say(str(seconds), theme.ERROR if seconds <= 10 else theme.PRIMARY)

    def on_touch_down(self, touch: Any) -> bool:
        """Nothing below is reached."""
        super().on_touch_down(touch)
        return True
