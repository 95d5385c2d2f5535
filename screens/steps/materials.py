"""Photograph one paper: what the camera sees, how to lay the paper, and one big button."""

from __future__ import annotations

from typing import Any

from kivy.graphics import Color, Rectangle
from kivy.graphics.texture import Texture

from kiosk.view import Capture, MaterialsView, Phase, Retake
from screens import theme
from screens.bridge import Pixels
from screens.geometry import Box
from screens.part import Part
from screens.step import Step
from screens.widgets.press import PRIMARY, SECONDARY, Button
from screens.widgets.shapes import Panel
from screens.widgets.status import TONES, Message, message_height
from screens.widgets.text import Text, height_of


class Preview(Part):
    """The latest picture in its own proportions; decoded elsewhere, only shown here."""

    def __init__(self, box: Box) -> None:
        super().__init__(box)
        self._box = box
        self._texture: Any = None
        self._picture: Any = None

    def show(self, pixels: Pixels) -> None:
        """Put decoded pixels on the glass; bytes that were no picture change nothing."""
        if not pixels.rgb or self.parent is None:
            return
        size = (pixels.width, pixels.height)
        if self._texture is None or tuple(self._texture.size) != size:
            self.canvas.clear()
            self._texture = Texture.create(size=size, colorfmt="rgb")
            self._texture.flip_vertical()
            scale = min(self._box.width / size[0], self._box.height / size[1])
            place = self._box.centred(round(size[0] * scale), round(size[1] * scale))
            with self.canvas:
                Color(1, 1, 1, 1)
                self._picture = Rectangle(
                    texture=self._texture, pos=(place.x, place.y), size=(place.width, place.height)
                )
        self._texture.blit_buffer(pixels.rgb, colorfmt="rgb", bufferfmt="ubyte")
        self.canvas.ask_update()


class Screen(Step):
    """Portrait: guide, picture, message, button; landscape: the picture at the left."""

    def build(self, body: MaterialsView) -> None:
        """All but the picture's content, which follows."""
        context, metrics, labels = self.context, self.context.metrics, self.context.labels
        box = self.box.inset(metrics.margin, metrics.px(20, 8))
        if metrics.portrait:
            words, rest = box.from_top(self._words_height(body, box.width), metrics.px(28))
            button, rest = rest.from_bottom(metrics.button + metrics.px(12), metrics.px(28))
            message_room = message_height(context, body.message, rest.width)
            message, rest = rest.from_bottom(message_room, metrics.px(28) if message_room else 0)
            frame = rest
        else:
            frame, side = box.from_left(round(box.width * 0.6), metrics.px(48))
            button, side = side.from_bottom(metrics.button + metrics.px(12), metrics.px(24))
            message_room = message_height(context, body.message, side.width)
            message, words = side.from_bottom(message_room, metrics.px(24) if message_room else 0)
        head, guide = words.from_top(height_of(self._head(body), metrics.body, words.width, bold=True), metrics.px(10))
        self.add_widget(Text(head, self._head(body), metrics.body, theme.PRIMARY, bold=True))
        self.add_widget(Text(guide, body.guide, metrics.body, theme.INK, valign="top"))
        self.add_widget(Panel(frame, theme.PREVIEW, metrics.radius))
        hint, frame = frame.from_bottom(metrics.px(96))  # always kept free: a hint that comes and goes moves nothing
        self._hint = Text(hint.inset(metrics.px(24), 0), body.hint, metrics.body, theme.ON_PRIMARY, align="center")
        self.add_widget(self._hint)
        if not body.picture:
            self.add_widget(
                Text(
                    frame.inset(metrics.px(40)),
                    labels("camera_starting"),
                    metrics.body,
                    theme.ON_PRIMARY,
                    align="center",
                )
            )
        self._preview = Preview(frame.inset(metrics.px(12)))
        self.add_widget(self._preview)
        self._decode(body)
        if body.message:
            self.add_widget(Message(context, message, body.message, TONES[body.phase]))
        self._button(button, body.phase)

    def _head(self, body: MaterialsView) -> str:
        if body.count <= 1:
            return body.name
        return self.context.labels("paper", index=body.index, count=body.count, name=body.name)

    def _words_height(self, body: MaterialsView, width: int) -> int:
        metrics = self.context.metrics
        return (
            height_of(self._head(body), metrics.body, width, bold=True)
            + metrics.px(10)
            + height_of(body.guide, metrics.body, width)
        )

    def _button(self, place: Box, phase: Phase) -> None:
        context, labels = self.context, self.context.labels
        if phase in (Phase.REFUSED, Phase.DONE):
            look = PRIMARY if phase is Phase.REFUSED else SECONDARY
            retake = Button(
                context, place, "retake", labels("retake"), lambda: context.post(Retake()), look, icon="again"
            )
            self.add_widget(retake)
            return
        waiting = phase is Phase.WAITING
        self.add_widget(
            Button(
                context,
                place,
                "capture",
                labels("capture" if waiting else "please_wait"),
                lambda: context.post(Capture()),
                PRIMARY,
                icon="camera" if waiting else "clock",
                enabled=waiting,
            )
        )

    def _decode(self, body: MaterialsView) -> None:
        if body.picture:
            preview = self._preview
            self.context.decoder.decode(body.picture, int(preview.width), int(preview.height), preview.show)

    def update(self, before: MaterialsView, body: MaterialsView) -> bool:
        """A new picture or hint alone moves nothing else."""
        told = (
            before.name,
            before.guide,
            before.phase,
            before.message,
            before.index,
            before.count,
            bool(before.picture),
        )
        if told != (body.name, body.guide, body.phase, body.message, body.index, body.count, bool(body.picture)):
            return False
        self._hint.say(body.hint)
        if before.picture != body.picture:
            self._decode(body)
        return True
