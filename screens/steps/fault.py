"""Something went wrong in the middle of a visit: said calmly, with what can be done, and big answers."""

from __future__ import annotations

from kiosk.view import FaultView, Pick
from screens import theme
from screens.step import Step
from screens.widgets.choices import ChoiceList, needed_height
from screens.widgets.shapes import Panel
from screens.widgets.status import CAUTION, Emblem
from screens.widgets.text import Text, height_of


class Screen(Step):
    """Sign, what happened, what to do, choices."""

    own_title = True

    def build(self, body: FaultView) -> None:
        """Landscape: the words at the left, the choices at the right."""
        context, metrics = self.context, self.context.metrics
        box = self.box.inset(metrics.margin, metrics.px(48, 32))
        if metrics.portrait:
            answers, box = box.from_bottom(needed_height(context, len(body.choices)), metrics.px(56))
        else:
            answers, box = box.from_right(metrics.px(600), metrics.px(64))
            answers = answers.centred(answers.width, needed_height(context, len(body.choices)))
        sign = metrics.px(230, 190)
        title_room = min(metrics.px(190, 160), height_of(self.title, metrics.title, box.width, bold=True))
        words_room = min(metrics.px(330, 250), height_of(body.message, metrics.heading, box.width))
        pad, head = metrics.px(40, 32), metrics.px(60, 52)
        advice = height_of(body.what_to_do, metrics.body, box.width - 2 * pad) if body.what_to_do else 0
        card_room = head + advice + 2 * pad if advice else 0
        above, below, apart = metrics.px(40, 28), metrics.px(16, 12), metrics.px(56, 40)
        group = box.centred(box.width, sign + above + title_room + below + words_room + apart + card_room)
        emblem, rest = group.from_top(sign, above)
        self.add_widget(Emblem(context, emblem, CAUTION))
        title, rest = rest.from_top(title_room, below)
        self.add_widget(Text(title, self.title, metrics.title, theme.INK, bold=True, align="center", balanced=True))
        words, rest = rest.from_top(words_room, apart)
        self.add_widget(
            Text(words, body.message, metrics.heading, theme.INK, align="center", balanced=True, valign="top")
        )
        if body.what_to_do:
            card, _ = rest.from_top(card_room)
            self.add_widget(Panel(card, theme.SURFACE, metrics.px(32)))
            top, text = card.inset(pad).from_top(head)
            self.add_widget(
                Text(top, context.labels("what_to_do"), metrics.small, theme.PRIMARY, bold=True, valign="top")
            )
            self.add_widget(Text(text, body.what_to_do, metrics.body, theme.INK, valign="top", balanced=True))
        self.add_widget(
            ChoiceList(context, answers, body.choices, lambda choice: context.post(Pick(choice)), first_is_main=True)
        )
