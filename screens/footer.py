"""The standard buttons at the lower edge, where everybody reaches them: leave, back, and the way on."""

from __future__ import annotations

from kivy.graphics import Color, Rectangle

from kiosk.view import Back, Buttons, Cancel, Next
from screens import theme
from screens.context import Context
from screens.geometry import Box
from screens.part import Part
from screens.theme import Metrics
from screens.widgets.press import PRIMARY, SECONDARY, Button, Look

QUIET = Look(theme.SURFACE, theme.TINT_PRESSED, theme.SOFT, theme.LINE)


class Footer(Part):
    """Those buttons that the view offers."""

    @staticmethod
    def height(metrics: Metrics, buttons: Buttons) -> int:
        """Pixels from the lower edge; none without buttons."""
        if not (buttons.back or buttons.cancel or buttons.next):
            return 0
        return metrics.button + metrics.px(96, 52)

    def __init__(self, context: Context, box: Box, buttons: Buttons) -> None:
        super().__init__(box)
        if not box.height:
            return
        metrics, labels = context.metrics, context.labels
        with self.canvas:
            Color(*theme.SURFACE)
            Rectangle(pos=(box.x, box.y), size=(box.width, box.height))
            Color(*theme.LINE)
            Rectangle(pos=(box.x, box.top - metrics.px(2)), size=(box.width, metrics.px(2)))
        rest = box.inset(metrics.margin, 0).centred(box.width - 2 * metrics.margin, metrics.button)
        if buttons.cancel:
            place, rest = rest.from_left(metrics.px(286, 330), metrics.gap)
            self.add_widget(
                Button(
                    context,
                    place,
                    "cancel",
                    labels("cancel"),
                    lambda: context.post(Cancel()),
                    QUIET,
                    icon="close",
                    size=metrics.body,
                )
            )
        if buttons.back:
            place, rest = rest.from_left(metrics.px(230, 300), metrics.gap)
            self.add_widget(
                Button(
                    context,
                    place,
                    "back",
                    labels("back"),
                    lambda: context.post(Back()),
                    SECONDARY,
                    icon="back",
                    size=metrics.body,
                )
            )
        if buttons.next:
            place, _ = rest.from_right(rest.width if metrics.portrait else metrics.px(640))
            self.add_widget(
                Button(
                    context,
                    place,
                    "next",
                    buttons.next,
                    lambda: context.post(Next()),
                    PRIMARY,
                    icon="forward",
                    icon_after=True,
                    enabled=buttons.next_enabled,
                )
            )
