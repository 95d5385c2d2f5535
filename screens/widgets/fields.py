"""Form fields: what the card gave, to be read; what the citizen fills in, to be touched."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kivy.uix.widget import Widget

from kiosk.view import FieldKind, FieldView, Row
from screens import theme
from screens.context import Context
from screens.geometry import Box
from screens.icons import Icon
from screens.part import Part
from screens.widgets.pages import Block
from screens.widgets.press import Look, Pressable
from screens.widgets.rows import packed_blocks
from screens.widgets.text import Text, height_of

EMPTY = Look(theme.SURFACE, theme.TINT_PRESSED, theme.PRIMARY, theme.PRIMARY)
FILLED = Look(theme.SURFACE, theme.TINT_PRESSED, theme.INK, theme.SOFT)
FOCUSED = Look(theme.PRIMARY_TINT, theme.TINT_PRESSED, theme.INK, theme.PRIMARY)
WRONG = Look(theme.ERROR_TINT, theme.TINT_PRESSED, theme.INK, theme.ERROR)


def heading(context: Context, icon: str, text: str) -> Block:
    """A line with a sign over a group of fields."""
    metrics = context.metrics

    def make(box: Box) -> Widget:
        holder = Part()
        side = metrics.px(44, 40)
        sign, words = box.from_left(side, metrics.px(16))
        holder.add_widget(Icon(context.icons, sign.centred(side, side), icon, theme.PRIMARY))
        holder.add_widget(Text(words, text, metrics.small, theme.PRIMARY, bold=True))
        return holder

    return Block(metrics.px(58, 50), make)


def card_blocks(context: Context, fields: Sequence[FieldView], width: int) -> list[Block]:
    """The read-only fields under their heading; none without fields."""
    if not fields:
        return []
    rows = tuple(Row(field.label, field.value) for field in fields)
    return [heading(context, "card", context.labels("from_card")), *packed_blocks(context, rows, width)]


class FieldBox(Part):
    """A label, a box to touch, and beneath it what is wrong or a hint."""

    @staticmethod
    def height(context: Context, field: FieldView, width: int) -> int:
        """Pixels that the field needs."""
        metrics = context.metrics
        below = field.error or field.hint
        note = height_of(below, metrics.small, width - metrics.px(60)) + metrics.px(8) if below else 0
        return metrics.px(60, 50) + metrics.px(116, 92) + note

    def __init__(
        self, context: Context, box: Box, field: FieldView, value: str, focused: bool, touched: Callable[[], None]
    ) -> None:
        super().__init__(box)
        metrics, labels = context.metrics, context.labels
        head, rest = box.from_top(metrics.px(60, 50))
        name = field.label if field.required else labels("optional", name=field.label)
        self.add_widget(Text(head, name, metrics.small, theme.SOFT, bold=True))
        place, rest = rest.from_top(metrics.px(116, 92), metrics.px(8))
        look = FOCUSED if focused else WRONG if field.error else FILLED if value else EMPTY
        self._target = Pressable(context, place, f"field:{field.name}", field.label, touched, look, role="field")
        self.add_widget(self._target)
        inner = place.inset(metrics.px(32, 28), metrics.px(8))
        side = metrics.px(52, 46)
        sign, words = inner.from_right(side, metrics.px(20))
        self._target.add_widget(
            Icon(
                context.icons,
                sign.centred(side, side),
                "down" if field.kind is FieldKind.CHOICE else "pencil",
                theme.PRIMARY,
            )
        )
        self._empty = labels("touch_to_choose" if field.kind is FieldKind.CHOICE else "touch_to_fill")
        self._caret = focused and field.kind is not FieldKind.CHOICE
        self._value = Text(words, " ", metrics.heading, theme.INK, bold=True)
        self._target.add_widget(self._value)
        self.show(value)
        below = field.error or field.hint
        if below:
            ink = theme.ERROR if field.error else theme.SOFT
            sign, words = rest.from_left(metrics.px(44), metrics.px(16))
            icon = "alert" if field.error else "info"
            self.add_widget(Icon(context.icons, sign.from_top(metrics.px(48, 44))[0], icon, ink))
            self.add_widget(Text(words, below, metrics.small, ink, bold=bool(field.error), valign="top"))

    def show(self, value: str) -> None:
        """The value as it is now; while it is being filled, a caret stands after it."""
        if self._caret:
            self._value.say(f"{value}|", theme.INK)
        elif value:
            self._value.say(value, theme.INK)
        else:
            self._value.say(self._empty, theme.PRIMARY)


def editable_block(
    context: Context,
    field: FieldView,
    value: str,
    width: int,
    focused: bool,
    touched: Callable[[], None],
    keep: Callable[[FieldBox], None],
) -> Block:
    """A field to fill; ``keep`` gets its widget when it is made."""

    def make(box: Box) -> Widget:
        made = FieldBox(context, box, field, value, focused, touched)
        if focused:
            keep(made)
        return made

    return Block(FieldBox.height(context, field, width), make)
