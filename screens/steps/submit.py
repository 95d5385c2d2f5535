"""Handing in: that it is under way, then how it ended."""

from __future__ import annotations

from kiosk.view import Phase, SubmitView
from screens import theme
from screens.step import Step
from screens.widgets.status import TONES, Dots, Emblem
from screens.widgets.text import Text, height_of


class Screen(Step):
    """One big sign and the words."""

    def build(self, body: SubmitView) -> None:
        """In the middle of the glass."""
        metrics = self.context.metrics
        tone = TONES[body.phase]
        group = self.box.inset(metrics.margin, 0).centred(self.box.width, metrics.px(760, 560))
        emblem, rest = group.from_top(metrics.px(280, 220), metrics.px(60, 36))
        self.add_widget(Emblem(self.context, emblem, tone))
        size = metrics.px(52, 46)
        needed = min(metrics.px(280, 190), height_of(body.message, size, rest.width, bold=True))
        words, rest = rest.from_top(needed, metrics.px(40))
        colour = theme.INK if body.phase in (Phase.WAITING, Phase.WORKING) else tone.ink
        self.add_widget(Text(words, body.message, size, colour, bold=True, align="center", balanced=True, valign="top"))
        if body.phase in (Phase.WAITING, Phase.WORKING):
            self.add_widget(Dots(self.context, rest.from_top(metrics.px(64, 48))[0]))
