"""The door to technician mode: dots for the digits typed, our own keys below, and a card works too."""

from __future__ import annotations

from dataclasses import replace

from kiosk.view import KeyPressed, TechnicianEntryView
from screens import theme
from screens.input.keypad import Keypad
from screens.part import Part
from screens.step import Step
from screens.widgets.shapes import fill
from screens.widgets.status import CAUTION, Message, message_height
from screens.widgets.text import Text, height_of


class Screen(Step):
    """Portrait: words, dots, keys; landscape: the keys at the right."""

    def build(self, body: TechnicianEntryView) -> None:
        """The keys and the words; what was typed and what is said of it follows."""
        context, metrics = self.context, self.context.metrics
        box = self.box.inset(metrics.margin, metrics.px(24, 12))
        if body.keypad:
            if metrics.portrait:
                keys, box = box.from_bottom(
                    min(Keypad.height(context, letters=False), round(box.height * 0.62)), metrics.gap
                )
            else:
                keys, box = box.from_right(round(box.width * 0.5), metrics.px(64))
            pad = Keypad(context, keys, self.title, False, lambda key: context.post(KeyPressed(key)))
            self.add_widget(pad)
        words, self._room = box.from_top(height_of(body.instruction, metrics.heading, box.width), metrics.px(40, 24))
        self.add_widget(Text(words, body.instruction, metrics.heading, theme.INK, valign="top"))
        self._typed = Part()
        self.add_widget(self._typed)
        self._show_typed(body)

    def update(self, before: TechnicianEntryView, body: TechnicianEntryView) -> bool:
        """A digit more leaves the keys where they are: somebody's finger is on the next one already."""
        if replace(before, digits=0, message="") != replace(body, digits=0, message=""):
            return False
        self._show_typed(body)
        return True

    def _show_typed(self, body: TechnicianEntryView) -> None:
        context, metrics = self.context, self.context.metrics
        self._typed.clear_widgets()
        self._typed.canvas.clear()
        box = self._room
        if body.message:
            place, box = box.from_bottom(message_height(context, body.message, box.width), metrics.gap)
            self._typed.add_widget(Message(context, place, body.message, CAUTION))
        if body.digits:
            side, gap = metrics.px(44), metrics.px(24)
            row = box.centred(body.digits * (side + gap) - gap, side)
            with self._typed.canvas:
                for part in row.columns(body.digits, min(gap, row.width // (3 * body.digits))):
                    dot = min(side, part.width)
                    fill(part.centred(dot, dot), theme.PRIMARY, dot // 2)
