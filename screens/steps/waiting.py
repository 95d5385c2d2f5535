"""What identify and scan have in common: a picture of what to do, the instruction, how it stands, and other ways."""

from __future__ import annotations

from kiosk.view import Choice, IdentifyView, Phase, Pick, ScanView
from screens import theme
from screens.geometry import Box
from screens.step import Step
from screens.widgets.press import SECONDARY, Button
from screens.widgets.shapes import Panel
from screens.widgets.status import INFORM, TONES, Dots, Message, message_height
from screens.widgets.text import Text, height_of


class Waiting(Step):
    """Portrait: picture, instruction, message from top to bottom; landscape: the picture at the left."""

    def picture(self, box: Box, moves: bool) -> None:
        """Draw what to do into ``box``; ``moves`` while it is still to be done."""
        raise NotImplementedError

    def build(self, body: IdentifyView | ScanView) -> None:
        """All of it anew."""
        metrics = self.context.metrics
        box = self.box.inset(metrics.margin, metrics.px(24, 12))
        if body.alternatives:
            box = self._alternatives(box, body.alternatives)
        if metrics.portrait:
            card, rest = box.from_top(round(box.height * 0.52), metrics.px(36))
        else:
            card, rest = box.from_left(round(box.width * 0.46), metrics.px(56))
        self.add_widget(Panel(card, theme.SURFACE, metrics.px(40)))
        self.picture(card.inset(metrics.px(40), metrics.px(28)), body.phase in (Phase.WAITING, Phase.REFUSED))
        needed = message_height(self.context, body.message, rest.width)
        working = body.phase is Phase.WORKING
        dots_room = metrics.px(88, 72) if working else 0
        below = needed + dots_room + (metrics.px(40) if needed else 0)
        words = min(metrics.px(250, 270), height_of(body.instruction, metrics.px(56, 54), rest.width, bold=True))
        group = rest.centred(rest.width, words + below)
        instruction, rest = group.from_top(min(words, max(metrics.px(90), group.height - below)), metrics.px(40))
        align = "center" if metrics.portrait else "left"
        self.add_widget(
            Text(instruction, body.instruction, metrics.px(56, 54), theme.INK, bold=True, align=align, balanced=True)
        )
        if body.message:
            place, rest = rest.from_top(needed, metrics.px(24))
            tone = INFORM if body.phase is Phase.WAITING else TONES[body.phase]
            self.add_widget(Message(self.context, place, body.message, tone))
        if working:
            self.add_widget(Dots(self.context, rest.from_top(metrics.px(64, 48))[0]))

    def _alternatives(self, box: Box, choices: tuple[Choice, ...]) -> Box:
        """Buttons for other ways at the lower edge; what is left above them."""
        context, metrics = self.context, self.context.metrics
        columns = 1 if metrics.portrait else min(2, len(choices))
        rows = -(-len(choices) // columns)
        bar, rest = box.from_bottom(rows * metrics.button + (rows - 1) * metrics.gap, metrics.px(36, 24))
        places = [place for row in bar.rows(rows, metrics.gap) for place in row.columns(columns, metrics.gap)]
        for place, choice in zip(places, choices, strict=False):
            self.add_widget(
                Button(
                    context,
                    place,
                    f"choice:{choice.id}",
                    choice.label,
                    lambda choice=choice: context.post(Pick(choice.id)),
                    SECONDARY,
                    size=metrics.body,
                )
            )
        return rest
