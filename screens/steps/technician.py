"""The technician's overview: the terminal's data, every device or finding with what to do, and what can be started."""

from __future__ import annotations

from dataclasses import replace

from kivy.uix.widget import Widget

from kiosk.view import Mark, Pick, TechnicianLine, TechnicianView
from screens import theme
from screens.context import Context
from screens.geometry import Box
from screens.icons import Icon
from screens.part import Part
from screens.step import Step
from screens.widgets.choices import ChoiceList, needed_height
from screens.widgets.pages import Block, Pages
from screens.widgets.rows import packed_blocks
from screens.widgets.shapes import Panel
from screens.widgets.status import INFORM, Message, Tone, message_height
from screens.widgets.text import Text, height_of

TONES = {
    Mark.GOOD: Tone("done", theme.GOOD, theme.GOOD_TINT),
    Mark.CAUTION: Tone("alert", theme.CAUTION, theme.CAUTION_TINT),
    Mark.BAD: Tone("alert", theme.ERROR, theme.ERROR_TINT),
    Mark.UNKNOWN: Tone("clock", theme.SOFT, theme.SURFACE),
}


class LineStrip(Part):
    """One device or finding: a sign, its name, and what is known of it."""

    @staticmethod
    def height(context: Context, line: TechnicianLine, width: int) -> int:
        """Pixels that the strip needs in ``width``."""
        metrics = context.metrics
        words = width - metrics.px(2 * 28 + 56 + 24)
        detail = height_of(line.detail, metrics.small, words) if line.detail else 0
        return height_of(line.title, metrics.body, words, bold=True) + detail + metrics.px(36, 28)

    def __init__(self, context: Context, box: Box, line: TechnicianLine) -> None:
        super().__init__(box)
        metrics, tone = context.metrics, TONES[line.mark]
        self.add_widget(Panel(box, tone.ground, metrics.px(18)))
        sign, words = box.inset(metrics.px(28), metrics.px(18, 14)).from_left(metrics.px(56), metrics.px(24))
        top, _ = sign.from_top(metrics.px(56))
        self.add_widget(Icon(context.icons, top, tone.icon, tone.ink))
        title, rest = words.from_top(height_of(line.title, metrics.body, words.width, bold=True))
        self.add_widget(Text(title, line.title, metrics.body, theme.INK, bold=True, valign="top"))
        if line.detail:
            self.add_widget(Text(rest, line.detail, metrics.small, theme.INK, valign="top"))


class Screen(Step):
    """Portrait: one below the other; landscape: data and choices at the right."""

    def build(self, body: TechnicianView) -> None:
        """The list takes what the rest leaves."""
        context, metrics = self.context, self.context.metrics
        box = self.box.inset(metrics.margin, metrics.px(16, 8))
        choices, columns = len(body.choices), 2 if metrics.portrait and len(body.choices) > 1 else 1
        if metrics.portrait:
            answers, box = box.from_bottom(needed_height(context, choices, columns), metrics.gap)
            list_box, side = box, box
        else:
            side, list_box = box.from_right(metrics.px(640), metrics.px(48))
            answers, side = side.from_bottom(needed_height(context, choices, columns), metrics.gap)
        left, rest = side.from_top(metrics.px(60, 48), metrics.px(10))
        self._left = Text(left, body.time_left, metrics.small, theme.SOFT, bold=True)
        self.add_widget(self._left)
        blocks = packed_blocks(context, body.rows, rest.width)
        for block in blocks:
            place, rest = rest.from_top(block.height, metrics.px(10, 8))
            self.add_widget(block.make(place))
        if body.message:
            place, rest = rest.from_top(message_height(context, body.message, rest.width), metrics.gap)
            self.add_widget(Message(context, place, body.message, INFORM))
        if metrics.portrait:
            list_box = rest
        gap = metrics.px(12, 10)
        self.add_widget(Pages(context, list_box, [self._block(line, list_box.width) for line in body.lines], gap))
        self.add_widget(
            ChoiceList(
                context,
                answers,
                body.choices,
                lambda choice: context.post(Pick(choice)),
                columns=columns,
                first_is_main=True,
            )
        )

    def update(self, before: TechnicianView, body: TechnicianView) -> bool:
        """The time left alone moves nothing else, so that a page that is read stays where it is."""
        if replace(before, time_left="") != replace(body, time_left=""):
            return False
        self._left.say(body.time_left)
        return True

    def _block(self, line: TechnicianLine, width: int) -> Block:
        def make(place: Box) -> Widget:
            return LineStrip(self.context, place, line)

        return Block(LineStrip.height(self.context, line, width), make)
