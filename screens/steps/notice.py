"""What to know before starting, paragraph by paragraph, in a type that is read without glasses."""

from __future__ import annotations

from kivy.uix.widget import Widget

from kiosk.view import NoticeView
from screens import theme
from screens.geometry import Box
from screens.step import Step
from screens.widgets.pages import Block, Pages
from screens.widgets.shapes import Panel
from screens.widgets.text import Text, height_of


class Screen(Step):
    """Numbered paragraphs on white cards."""

    def build(self, body: NoticeView) -> None:
        """One card a paragraph."""
        metrics = self.context.metrics
        box = self.box.inset(metrics.margin, metrics.px(24, 12))
        pad, side, gap = metrics.px(36, 28), metrics.px(64, 56), metrics.px(32, 28)
        width = box.width - 2 * pad - side - gap

        def block(number: int, paragraph: str) -> Block:
            def make(place: Box) -> Widget:
                card = Panel(place, theme.SURFACE, metrics.radius)
                sign, words = place.inset(pad, pad).from_left(side, gap)
                sign = sign.from_top(side)[0]
                card.add_widget(Panel(sign, theme.PRIMARY_TINT, side // 2))
                card.add_widget(Text(sign, str(number), metrics.body, theme.PRIMARY, bold=True, align="center"))
                card.add_widget(Text(words, paragraph, metrics.body, theme.INK))
                return card

            needed = max(side, height_of(paragraph, metrics.body, width))
            return Block(needed + 2 * pad, make)

        blocks = [block(place + 1, paragraph) for place, paragraph in enumerate(body.paragraphs)]
        self.add_widget(Pages(self.context, box, blocks, metrics.px(24, 16)))
