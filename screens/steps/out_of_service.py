"""Nothing works here now: why, and where to go instead; quiet, because people will stand before it for hours."""

from __future__ import annotations

from kiosk.view import OutOfServiceView
from screens import theme
from screens.step import Step
from screens.widgets.shapes import Panel
from screens.widgets.status import Emblem, Tone
from screens.widgets.text import Text, height_of

RESTING = Tone("resting", theme.PRIMARY, theme.PRIMARY_TINT)


class Screen(Step):
    """Sign, words, advice on a card."""

    own_title = True

    def build(self, body: OutOfServiceView) -> None:
        """In the middle of the glass."""
        context, metrics = self.context, self.context.metrics
        width = metrics.px(1080 - 112, 1200)
        pad = metrics.px(48, 36)
        sign = metrics.px(300, 230)
        title_room = min(metrics.px(190, 160), height_of(self.title, metrics.title, width, bold=True))
        words_room = min(metrics.px(280, 200), height_of(body.message, metrics.heading, width))
        card_room = height_of(body.advice, metrics.heading, width - 2 * pad) + 2 * pad if body.advice else 0
        above, below, apart = metrics.px(56, 40), metrics.px(16, 12), metrics.px(80, 52)
        group = self.box.centred(width, sign + above + title_room + below + words_room + apart + card_room)
        emblem, rest = group.from_top(sign, above)
        self.add_widget(Emblem(context, emblem, RESTING))
        title, rest = rest.from_top(title_room, below)
        self.add_widget(Text(title, self.title, metrics.title, theme.INK, bold=True, align="center", balanced=True))
        words, rest = rest.from_top(words_room, apart)
        self.add_widget(
            Text(words, body.message, metrics.heading, theme.SOFT, align="center", balanced=True, valign="top")
        )
        if body.advice:
            card, _ = rest.from_top(card_room)
            self.add_widget(Panel(card, theme.SURFACE, metrics.px(36)))
            self.add_widget(
                Text(card.inset(pad), body.advice, metrics.heading, theme.INK, align="center", balanced=True)
            )
