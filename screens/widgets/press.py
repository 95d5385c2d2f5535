"""What can be touched: it answers at once by its looks, and acts when the finger leaves it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from screens import theme
from screens.context import Context
from screens.geometry import Box
from screens.icons import Icon
from screens.part import Part
from screens.theme import Colour
from screens.widgets.shapes import cast, fill
from screens.widgets.text import Text, measure

SLOP = 40
"""Units that a trembling finger may slide off the target and still mean it."""


@dataclass(frozen=True)
class Look:
    """Colours of a touch target: at rest, pressed, its text and its border."""

    ground: Colour
    pressed: Colour
    ink: Colour
    border: Colour | None = None
    shadow: bool = False


PRIMARY = Look(theme.PRIMARY, theme.PRIMARY_PRESSED, theme.ON_PRIMARY, shadow=True)
SECONDARY = Look(theme.SURFACE, theme.TINT_PRESSED, theme.PRIMARY, theme.PRIMARY)
CARD = Look(theme.SURFACE, theme.TINT_PRESSED, theme.INK, theme.LINE, shadow=True)
CHOSEN = Look(theme.PRIMARY_TINT, theme.TINT_PRESSED, theme.PRIMARY, theme.PRIMARY)
DISABLED = Look(theme.DISABLED, theme.DISABLED, theme.ON_DISABLED)


class Pressable(Part):
    """A touch target with a stable ``touch_id``. ``touch_text`` is what it says, for the touch map."""

    def __init__(
        self,
        context: Context,
        box: Box,
        touch_id: str,
        text: str,
        action: Callable[[], None],
        look: Look,
        *,
        role: str = "button",
        enabled: bool = True,
        radius: int | None = None,
    ) -> None:
        super().__init__(box)
        self.context = context
        self.box = box
        self.touch_id = touch_id
        self.touch_text = text
        self.role = role
        self.enabled = enabled
        self.look = look
        self._action = action
        self._turn = context.turn()
        metrics = context.metrics
        round_by = metrics.radius if radius is None else radius
        with self.canvas:
            if look.shadow and enabled:
                cast(box, round_by, metrics.px(18))
            if look.border is not None:
                line = max(2, metrics.px(3))
                fill(box, look.border, round_by)
                self._ground = fill(box.inset(line), look.ground, round_by - line)
            else:
                self._ground = fill(box, look.ground, round_by)

    def on_touch_down(self, touch: Any) -> bool:
        """Take the touch when it is ours."""
        if not self.collide_point(*touch.pos):
            return False
        if self.enabled and self.context.accepts():
            touch.grab(self)
            self._turn = self.context.turn()
            self._ground.rgba = self.look.pressed
        return True

    def on_touch_up(self, touch: Any) -> bool:
        """Act when the finger left where it came, or nearly, and the screen is still the one that it touched."""
        if touch.grab_current is not self:
            return False
        touch.ungrab(self)
        self._ground.rgba = self.look.ground
        if self._turn != self.context.turn():
            return True
        slop = self.context.metrics.px(SLOP)
        if self.x - slop <= touch.x <= self.right + slop and self.y - slop <= touch.y <= self.top + slop:
            self._action()
        return True


class Button(Pressable):
    """A label, with an icon before it or after it, in the middle of a rounded rectangle."""

    def __init__(
        self,
        context: Context,
        box: Box,
        touch_id: str,
        text: str,
        action: Callable[[], None],
        look: Look = SECONDARY,
        *,
        icon: str = "",
        icon_after: bool = False,
        enabled: bool = True,
        size: int | None = None,
        role: str = "button",
    ) -> None:
        look = look if enabled else DISABLED
        super().__init__(context, box, touch_id, text, action, look, enabled=enabled, role=role)
        metrics = context.metrics
        size = size or metrics.heading
        inner = box.inset(metrics.px(20), metrics.px(6))
        if icon and not text:
            side = min(inner.height, metrics.px(64))
            self.add_widget(Icon(context.icons, box.centred(side, side), icon, look.ink))
            return
        if icon:
            side, space = round(size * 1.1), metrics.px(16)
            width = min(inner.width - side - space, measure(size, True)(text) + 2)
            group = inner.centred(side + space + width, inner.height)
            take = group.from_right if icon_after else group.from_left
            place, rest = take(side, space)
            self.add_widget(Icon(context.icons, place.centred(side, side), icon, look.ink))
            inner = rest
        self.add_widget(Text(inner, text, size, look.ink, bold=True, align="center", balanced=True))
