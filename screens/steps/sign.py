"""Sign with the finger under the statement."""

from __future__ import annotations

from kiosk.view import Signature, SignView
from screens import theme
from screens.context import Context
from screens.geometry import Box
from screens.input.signature import SignaturePad, Stroke
from screens.step import Step
from screens.widgets.press import SECONDARY, Button
from screens.widgets.shapes import Panel
from screens.widgets.status import TONES, Message, Phase, message_height
from screens.widgets.text import Text, height_of


class Screen(Step):
    """Statement above, pad below; a message comes between them without taking what is written.

    What is written stays as long as the step does, for the terminal keeps it as long: whoever asks for the other language
    half-way must not hand in what is no more to be seen.
    """

    def __init__(self, context: Context, box: Box) -> None:
        super().__init__(context, box)
        self._strokes: tuple[Stroke, ...] = ()

    def take_over(self, before: Step) -> None:
        """Keep the strokes."""
        if isinstance(before, Screen):
            self._strokes = before._strokes

    def build(self, body: SignView) -> None:
        """Landscape: the statement at the left of the pad."""
        context, metrics = self.context, self.context.metrics
        box = self.box.inset(metrics.margin, metrics.px(24, 12))
        if metrics.portrait:
            pad, rest = box.from_bottom(min(metrics.px(620), round(box.height * 0.5)), metrics.px(24))
        else:
            pad, rest = box.from_right(round(box.width * 0.6), metrics.px(40))
        bar = metrics.px(104, 90)
        if metrics.portrait:
            clear, rest = rest.from_bottom(bar, metrics.px(32))
        else:
            clear, pad = pad.from_bottom(bar, metrics.px(16))
        self._pad = SignaturePad(context, pad, context.labels("sign_here"), self._changed, self._strokes)
        self.add_widget(self._pad)
        self.add_widget(
            Button(
                context,
                clear.from_right(metrics.px(360, 340))[0],
                "signature:clear",
                context.labels("sign_clear"),
                self._pad.clear,
                SECONDARY,
                icon="eraser",
                size=metrics.body,
            )
        )
        inset = metrics.px(40, 32)
        wanted = height_of(body.statement, metrics.body, rest.width - 2 * inset) + 2 * inset
        self._message_room = rest
        card, self._message_room = rest.from_top(min(wanted, rest.height - metrics.px(130)), metrics.px(20))
        self.add_widget(Panel(card, theme.SURFACE, metrics.radius))
        self.add_widget(Text(card.inset(inset), body.statement, metrics.body, theme.INK))
        self._said: Message | None = None
        self._say(body.message)

    def update(self, before: SignView, body: SignView) -> bool:
        """Only the message changes while somebody writes."""
        if before.statement != body.statement:
            return False
        self._say(body.message)
        return True

    def _changed(self, strokes: tuple[Stroke, ...]) -> None:
        self._strokes = strokes
        self.context.post(Signature(strokes))

    def _say(self, message: str) -> None:
        if self._said is not None:
            self.remove_widget(self._said)
            self._said = None
        if message:
            room: Box = self._message_room
            place, _ = room.from_top(min(room.height, message_height(self.context, message, room.width)))
            self._said = Message(self.context, place, message, TONES[Phase.REFUSED])
            self.add_widget(self._said)
