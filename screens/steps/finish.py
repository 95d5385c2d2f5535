"""Good-bye, and what must not be left behind."""

from __future__ import annotations

from kiosk.view import FinishView
from screens import theme
from screens.geometry import Box
from screens.icons import Icon
from screens.step import Step
from screens.widgets.shapes import Panel
from screens.widgets.status import CAUTION, TONES, Emblem, Phase
from screens.widgets.text import Text, height_of


class Screen(Step):
    """A big sign, the words, and the reminders on a card."""

    own_title = True

    def build(self, body: FinishView) -> None:
        """Portrait: the reminders under the words; landscape: at the right of them."""
        metrics = self.context.metrics
        box = self.box.inset(metrics.margin, metrics.px(48, 32))
        if not body.reminders:
            self._say_goodbye(box, body.message)
        elif metrics.portrait:
            needed = self._card_height(body.reminders, box.width)
            group = box.centred(box.width, self._needed(body.message, box.width) + metrics.px(88) + needed)
            card, words = group.from_bottom(needed, metrics.px(88))
            self._say_goodbye(words, body.message)
            self._remind(card, body.reminders)
        else:
            card, words = box.from_right(metrics.px(900), metrics.px(64))
            self._say_goodbye(words, body.message)
            self._remind(card.centred(card.width, self._card_height(body.reminders, card.width)), body.reminders)

    def _needed(self, message: str, width: int) -> int:
        """Pixels of the sign and all words."""
        return sum(self._heights(message, width)) + self.context.metrics.px(48 + 16, 40 + 12)

    def _heights(self, message: str, width: int) -> tuple[int, int, int]:
        """Pixels of the sign, the title and the message."""
        metrics = self.context.metrics
        title = height_of(self.title, metrics.title, width, bold=True)
        return metrics.px(280, 220), title, height_of(message, metrics.heading, width)

    def _say_goodbye(self, box: Box, message: str) -> None:
        metrics = self.context.metrics
        emblem_height, title_height, message_height = self._heights(message, box.width)
        group = box.centred(box.width, self._needed(message, box.width))
        emblem, rest = group.from_top(emblem_height, metrics.px(48, 40))
        self.add_widget(Emblem(self.context, emblem, TONES[Phase.DONE]))
        title, rest = rest.from_top(title_height, metrics.px(16, 12))
        self.add_widget(Text(title, self.title, metrics.title, theme.INK, bold=True, align="center", balanced=True))
        words, _ = rest.from_top(message_height)
        self.add_widget(Text(words, message, metrics.heading, theme.SOFT, align="center", balanced=True))

    def _rows(self, reminders: tuple[str, ...], width: int) -> list[int]:
        """Pixels of each reminder's row in a card of that width."""
        metrics = self.context.metrics
        width -= metrics.px(2 * 48 + 72 + 28, 2 * 48 + 68 + 28)
        return [height_of(reminder, metrics.heading, width, bold=True) + metrics.px(52, 60) for reminder in reminders]

    def _card_height(self, reminders: tuple[str, ...], width: int) -> int:
        """Pixels of the card."""
        return sum(self._rows(reminders, width)) + 2 * self.context.metrics.px(32, 36)

    def _remind(self, card: Box, reminders: tuple[str, ...]) -> None:
        context, metrics = self.context, self.context.metrics
        self.add_widget(Panel(card, CAUTION.ground, metrics.px(36)))
        rest = card.inset(metrics.px(48), metrics.px(32, 36))
        for height, reminder in zip(self._rows(reminders, card.width), reminders, strict=True):
            place, rest = rest.from_top(height)
            sign, text = place.from_left(metrics.px(72, 68), metrics.px(28))
            side = metrics.px(64, 60)
            self.add_widget(Icon(context.icons, sign.centred(side, side), "alert", CAUTION.ink))
            self.add_widget(Text(text, reminder, metrics.heading, CAUTION.ink, bold=True, balanced=True))
