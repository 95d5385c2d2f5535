"""The receipt is coming: where it comes out, what it says, and a code for those who got no paper."""

from __future__ import annotations

from typing import ClassVar

from kiosk.view import Phase, Pick, ReceiptView
from screens import theme
from screens.geometry import Box
from screens.icons import Icon
from screens.step import Step
from screens.widgets.choices import ChoiceList, needed_height
from screens.widgets.code import Code
from screens.widgets.motion import Motion
from screens.widgets.pages import Pages
from screens.widgets.rows import row_blocks
from screens.widgets.shapes import Panel
from screens.widgets.status import TONES, Dots, Emblem, Message, message_height
from screens.widgets.text import Text


class Screen(Step):
    """Portrait: picture and message, rows, code, choices; landscape: picture, message and choices at the left."""

    slot_picture: ClassVar[str] = "picture_printer"
    paper_picture: ClassVar[str] = "picture_paper"
    paper_size: ClassVar[tuple[float, float]] = (50.0, 51.6)
    """Width and height of the paper, where the printer is 120 wide and 46 high."""

    def build(self, body: ReceiptView) -> None:
        """All of it anew."""
        context, metrics = self.context, self.context.metrics
        box = self.box.inset(metrics.margin, metrics.px(20, 8))
        said = message_height(context, body.message, box.width if metrics.portrait else round(box.width * 0.42))
        offered = needed_height(context, len(body.choices)) if body.choices else 0
        if metrics.portrait:
            answers, box = box.from_bottom(offered, metrics.px(28) if offered else 0)
            rows = row_blocks(context, body.rows, box.width)
            taken = sum(row.height + metrics.px(12) for row in rows) + said + 3 * metrics.px(24)
            code_room = max(metrics.px(300), min(metrics.px(420), box.height - taken)) if body.code else 0
            room = min(metrics.px(460), box.height - taken - code_room)
            top, rest = box.from_top(max(0, room) + metrics.px(24) + said, metrics.px(24))
        else:
            code_room = metrics.px(250)
            left, rest = box.from_left(round(box.width * 0.42), metrics.px(48))
            answers, left = left.from_bottom(offered, metrics.px(24) if offered else 0)
            top = left
        message, picture = top.from_bottom(said, metrics.px(24, 20))
        if body.phase is Phase.REFUSED and picture.height < metrics.px(220, 200):
            message = top  # no room for a big sign: the message has one, and is what matters
        else:
            self.add_widget(Panel(picture, theme.SURFACE, metrics.px(36)))
            self._picture(picture.inset(metrics.px(30), metrics.px(20)), body.phase)
        if body.message:
            self.add_widget(Message(context, message, body.message, TONES[body.phase]))
        if body.choices:
            self.add_widget(ChoiceList(context, answers, body.choices, lambda choice: context.post(Pick(choice))))
        if body.code:
            code, rest = rest.from_bottom(min(code_room, rest.height), metrics.px(24, 16))
            self._code(code, body.code)
        self.add_widget(Pages(context, rest, row_blocks(context, body.rows, rest.width), metrics.px(12, 10)))

    def _picture(self, box: Box, phase: Phase) -> None:
        """The slot with the paper coming out of it; when there is none, the sign of what happened."""
        if phase is Phase.REFUSED:
            self.add_widget(Emblem(self.context, box.inset(0, box.height // 10), TONES[phase]))
            return
        metrics = self.context.metrics
        scale = min((box.width - metrics.px(260)) / 120, box.height / 86)
        scene = box.centred(round(120 * scale), round(86 * scale))
        slot = Box(scene.x, round(scene.top - 46 * scale), round(120 * scale), round(46 * scale))
        paper_width, paper_height = (round(side * scale) for side in self.paper_size)
        paper = Box(
            scene.x + (scene.width - paper_width) // 2,
            round(slot.top - 28 * scale) - paper_height,
            paper_width,
            paper_height,
        )
        self.add_widget(
            Motion(
                self.context,
                box,
                [(self.slot_picture, slot)],
                (self.paper_picture, paper),
                (0, -round(5 * scale)),
                moves=phase is not Phase.DONE,
            )
        )
        arrow = Box(scene.right + metrics.px(12), scene.y, metrics.px(120), scene.height)
        self.add_widget(
            Icon(self.context.icons, arrow.centred(metrics.px(110), metrics.px(110)), "down", theme.PRIMARY)
        )
        if phase is Phase.WORKING:
            left = Box(box.x, scene.y, max(1, scene.x - box.x), scene.height)
            self.add_widget(Dots(self.context, left.centred(left.width, metrics.px(60))))

    def _code(self, box: Box, text: str) -> None:
        metrics = self.context.metrics
        self.add_widget(Panel(box, theme.SURFACE, metrics.px(36)))
        inner = box.inset(metrics.px(24), metrics.px(12))
        code, words = inner.from_left(inner.height, metrics.px(36))
        self.add_widget(Code(code, text, metrics.px(12)))
        self.add_widget(Text(words, self.context.labels("receipt_code"), metrics.body, theme.INK))
