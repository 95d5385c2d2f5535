"""One cross to be touched, anywhere on the glass: where the finger came down is what the panel is judged by."""

from __future__ import annotations

from typing import Any, ClassVar

from kivy.graphics import Color, Line

from kiosk.view import CrossView, Touched
from screens import theme
from screens.step import Step
from screens.widgets.text import Text


class Screen(Step):
    """The cross stands at its place of the whole glass, over everything."""

    own_title: ClassVar[bool] = True

    def build(self, body: CrossView) -> None:
        """Words in the middle, out of the way of the cross in the middle."""
        metrics = self.context.metrics
        _, words = self.box.from_top(round(self.box.height * 0.62))
        words, _ = words.from_top(metrics.px(160))
        said = f"{body.text}  {body.index} / {body.count}"
        self.add_widget(Text(words, said, metrics.heading, theme.INK, bold=True, align="center"))
        x, y = body.x * metrics.width, (1 - body.y) * metrics.height
        arm = metrics.px(60)
        with self.canvas:
            Color(*theme.ERROR)
            Line(points=(x - arm, y, x + arm, y), width=metrics.px(3))
            Line(points=(x, y - arm, x, y + arm), width=metrics.px(3))

    def on_touch_down(self, touch: Any) -> bool:
        """Every touch counts, wherever it is."""
        if not self.context.accepts():
            return False
        metrics = self.context.metrics
        self.context.post(Touched(touch.x / metrics.width, 1 - touch.y / metrics.height))
        return True
