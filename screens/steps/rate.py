"""How was it? Five faces with their words; when it was not good, what it was."""

from __future__ import annotations

from kiosk.view import Choice, Pick, RateView
from screens import theme
from screens.context import Context
from screens.geometry import Box
from screens.icons import Icon
from screens.step import Step
from screens.widgets.choices import ChoiceList
from screens.widgets.press import CARD, CHOSEN, Pressable
from screens.widgets.status import INFORM, Message, message_height
from screens.widgets.text import Text, height_of

FACES = 5


class Face(Pressable):
    """A level: its face and its word."""

    def __init__(self, context: Context, box: Box, level: Choice, face: int, chosen: bool) -> None:
        look = CHOSEN if chosen else CARD
        super().__init__(
            context, box, f"rate:{level.id}", level.label, lambda: context.post(Pick(level.id)), look, role="rating"
        )
        metrics = context.metrics
        inner = box.inset(metrics.px(12), metrics.px(26, 24))
        words, sign = inner.from_bottom(metrics.px(110, 92), metrics.px(14))
        side = min(sign.width - metrics.px(16), sign.height, metrics.px(150))
        self.add_widget(Icon(context.icons, sign.centred(side, side), f"face{face}", theme.PRIMARY))
        self.add_widget(Text(words, level.label, metrics.small, look.ink, bold=True, align="center", balanced=True))


class Screen(Step):
    """The faces in a row; the reasons come below them, in landscape at their right."""

    def build(self, body: RateView) -> None:
        """All of it anew."""
        context, metrics = self.context, self.context.metrics
        box = self.box.inset(metrics.margin, metrics.px(32, 12))
        reasons = box
        if body.reasons and not metrics.portrait:
            box, reasons = box.columns(2, metrics.px(64))
        elif metrics.portrait and not body.reasons:
            _, box = box.from_top(metrics.px(220))
        if body.question and body.question != self.title:
            size = metrics.px(50, 44)
            needed = min(metrics.px(180, 140), height_of(body.question, size, box.width, bold=True))
            question, box = box.from_top(needed, metrics.px(48, 28))
            self.add_widget(Text(question, body.question, size, theme.INK, bold=True, balanced=True))
        faces, below = box.from_top(metrics.px(360, 290), metrics.px(40, 24))
        count = max(1, len(body.levels))
        gap = metrics.px(10, 12 if body.reasons else 28)
        for place, (cell, level) in enumerate(zip(faces.columns(count, gap), body.levels, strict=False)):
            face = 1 + round(place * (FACES - 1) / max(1, count - 1))
            self.add_widget(Face(context, cell, level, face, level.id == body.chosen_level))
        if metrics.portrait or not body.reasons:
            reasons = below
        if body.message:
            place, reasons = reasons.from_top(message_height(context, body.message, reasons.width), metrics.px(28, 20))
            self.add_widget(Message(context, place, body.message, INFORM))
        if body.reasons:
            self.add_widget(
                ChoiceList(
                    context,
                    reasons,
                    body.reasons,
                    lambda reason: context.post(Pick(reason)),
                    prefix="reason",
                    columns=2,
                    low=False,
                )
            )
