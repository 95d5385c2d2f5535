"""The steps of a case from top to bottom, each with a sign and a word for its state."""

from __future__ import annotations

from collections.abc import Sequence

from kiosk.view import CaseStepView
from screens import theme
from screens.context import Context
from screens.geometry import Box
from screens.icons import Icon
from screens.part import Part
from screens.widgets.pages import Block
from screens.widgets.shapes import Panel, fill
from screens.widgets.text import Text

STATES = {
    "done": ("check", theme.ON_PRIMARY, theme.GOOD, theme.GOOD),
    "current": ("clock", theme.ON_PRIMARY, theme.PRIMARY, theme.PRIMARY),
    "waiting": ("", theme.SOFT, theme.LINE, theme.SOFT),
    "returned": ("alert", theme.ON_PRIMARY, theme.ERROR, theme.ERROR),
}
"""State: icon, icon's colour, ground, colour of the word."""


class TimelineStep(Part):
    """One step; ``first`` and ``last`` end the line that joins the signs."""

    def __init__(self, context: Context, box: Box, step: CaseStepView, first: bool, last: bool) -> None:
        super().__init__(box)
        metrics = context.metrics
        icon, ink, ground, word = STATES.get(step.state, STATES["waiting"])
        side = metrics.px(64, 52)
        rail, rest = box.from_left(side, metrics.px(32, 28))
        sign = rail.centred(side, side)
        thickness = metrics.px(6)
        middle = rail.x + side // 2 - thickness // 2
        top = sign.y + side // 2 if first else box.top
        bottom = sign.y + side // 2 if last else box.y
        with self.canvas:
            fill(Box(middle, bottom, thickness, max(1, top - bottom)), theme.LINE, 1)
        self.add_widget(Panel(sign, ground, side // 2))
        if icon:
            self.add_widget(Icon(context.icons, sign.inset(side // 5), icon, ink))
        else:
            self.add_widget(Panel(sign.inset(metrics.px(6)), theme.SURFACE, side // 2))
        date, words = rest.from_right(metrics.px(270, 230), metrics.px(20))
        words = words.inset(0, metrics.px(8, 6))
        name, state = words.from_top(round(words.height * 0.56))
        current = step.state == "current"
        self.add_widget(
            Text(
                name,
                step.name,
                metrics.body,
                theme.SOFT if step.state == "waiting" else theme.INK,
                bold=True,
                valign="bottom",
            )
        )
        label = context.labels(f"state_{step.state if step.state in STATES else 'waiting'}")
        self.add_widget(Text(state, label, metrics.small, word, bold=current, valign="top"))
        self.add_widget(Text(date, step.date, metrics.small, theme.SOFT, align="right"))


def timeline_blocks(context: Context, steps: Sequence[CaseStepView]) -> list[Block]:
    """A block a step; put them without a gap, and the line is whole."""

    def block(place: int, step: CaseStepView) -> Block:
        first, last = place == 0, place == len(steps) - 1
        return Block(context.metrics.px(132, 104), lambda box: TimelineStep(context, box, step, first, last))

    return [block(place, step) for place, step in enumerate(steps)]
