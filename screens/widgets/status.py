"""How a step that waits for something stands: said in words, with a sign and a colour, never with a colour alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kivy.clock import Clock

from kiosk.view import Phase
from screens import theme
from screens.context import Context
from screens.geometry import Box
from screens.icons import Icon
from screens.part import Part
from screens.theme import Colour
from screens.widgets.shapes import Panel, fill
from screens.widgets.text import Text, height_of

DOTS_A_SECOND = 3


@dataclass(frozen=True)
class Tone:
    """Sign and colours of a kind of message."""

    icon: str
    ink: Colour
    ground: Colour


INFORM = Tone("info", theme.PRIMARY, theme.PRIMARY_TINT)
CAUTION = Tone("alert", theme.CAUTION, theme.CAUTION_TINT)
TONES = {
    Phase.WAITING: INFORM,
    Phase.WORKING: Tone("clock", theme.PRIMARY, theme.PRIMARY_TINT),
    Phase.REFUSED: Tone("alert", theme.ERROR, theme.ERROR_TINT),
    Phase.DONE: Tone("done", theme.GOOD, theme.GOOD_TINT),
}


class Dots(Part):
    """Three dots that take turns: something is going on, and there is no telling how long."""

    def __init__(self, context: Context, box: Box) -> None:
        super().__init__(box)
        side, gap = context.metrics.px(20), context.metrics.px(22)
        row = box.centred(3 * side + 2 * gap, side)
        with self.canvas:
            self._colours = [
                fill(Box(row.x + place * (side + gap), row.y, side, side), theme.LINE, side // 2) for place in range(3)
            ]
        self._turn = 0
        self._event: Any = Clock.schedule_interval(self._step, 1 / DOTS_A_SECOND)
        self._step(0)

    def retire(self) -> None:
        """Stand still."""
        super().retire()
        self._event.cancel()

    def _step(self, _seconds: float) -> None:
        for place, colour in enumerate(self._colours):
            colour.rgba = theme.PRIMARY if place == self._turn else theme.LINE
        self._turn = (self._turn + 1) % 3


def message_height(context: Context, text: str, width: int) -> int:
    """Pixels that a Message of that text needs; none for no text."""
    metrics = context.metrics
    if not text:
        return 0
    return height_of(text, metrics.body, width - metrics.px(64 + 36 + 36 + 28), bold=True) + metrics.px(44)


class Message(Part):
    """A line or two on a tinted ground, with its sign before it."""

    def __init__(self, context: Context, box: Box, text: str, tone: Tone) -> None:
        super().__init__(box)
        metrics = context.metrics
        self.add_widget(Panel(box, tone.ground, metrics.px(22)))
        sign, words = box.inset(metrics.px(36), metrics.px(10)).from_left(metrics.px(64), metrics.px(28))
        self.add_widget(Icon(context.icons, sign.centred(metrics.px(60), metrics.px(60)), tone.icon, tone.ink))
        self.add_widget(Text(words, text, metrics.body, tone.ink, bold=True, balanced=True))


class Emblem(Part):
    """A big sign on a round ground: how a thing ended, seen from two metres."""

    def __init__(self, context: Context, box: Box, tone: Tone) -> None:
        super().__init__(box)
        side = min(box.width, box.height)
        round_box = box.centred(side, side)
        self.add_widget(Panel(round_box, tone.ground, side // 2))
        self.add_widget(Icon(context.icons, round_box.inset(side // 4), tone.icon, tone.ink))
