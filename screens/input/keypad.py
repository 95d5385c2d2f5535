"""Keys of our own in the lower part of the glass: digits as on a telephone, letters as on a typewriter, nothing else to learn."""

from __future__ import annotations

from collections.abc import Callable

from screens import theme
from screens.context import Context
from screens.geometry import Box
from screens.part import Part
from screens.widgets.press import PRIMARY, Button, Look
from screens.widgets.shapes import Panel
from screens.widgets.text import Text

KEY = Look(theme.SURFACE, theme.TINT_PRESSED, theme.INK, theme.LINE)
CONTROL = Look(theme.PRIMARY_TINT, theme.TINT_PRESSED, theme.PRIMARY, theme.PRIMARY)

BACKSPACE, DONE, SHIFT, SPACE = "backspace", "done", "shift", "space"
DIGIT_ROWS = (("1", "2", "3"), ("4", "5", "6"), ("7", "8", "9"), (BACKSPACE, "0", DONE))
LETTER_ROWS = (
    tuple("1234567890"),
    tuple("qwertyuiop"),
    tuple("asdfghjkl"),
    (SHIFT, *"zxcvbnm", BACKSPACE),
    ("-", ".", "@", SPACE, DONE),
)
WEIGHTS = {SHIFT: 1.5, BACKSPACE: 1.5, SPACE: 3.4, DONE: 2.6}
"""How much wider than a letter these keys are, in rows of letters."""


class Keypad(Part):
    """Calls ``press`` with a character, or with "backspace" or "done"."""

    @staticmethod
    def height(context: Context, letters: bool) -> int:
        """Pixels that it wants, with its title."""
        metrics = context.metrics
        rows = len(LETTER_ROWS if letters else DIGIT_ROWS)
        return metrics.px(84, 64) + rows * metrics.px(122, 96) + (rows - 1) * metrics.px(14, 12) + metrics.px(56, 40)

    def __init__(self, context: Context, box: Box, title: str, letters: bool, press: Callable[[str], None]) -> None:
        super().__init__(box)
        self._context = context
        self._press = press
        self._letters = letters
        self._upper = False
        metrics = context.metrics
        self.add_widget(Panel(box, theme.TINT_PRESSED, metrics.px(36)))
        inner = box.inset(metrics.px(26), metrics.px(22, 16))
        head, self._room = inner.from_top(metrics.px(84, 64), metrics.px(8))
        self.add_widget(Text(head, title, metrics.body, theme.PRIMARY, bold=True, align="center"))
        self._keys = Part()
        self.add_widget(self._keys)
        self._lay()

    def _lay(self) -> None:
        self._keys.clear_widgets()
        rows = LETTER_ROWS if self._letters else DIGIT_ROWS
        gap = self._context.metrics.px(14, 12)
        for row, keys in zip(self._room.rows(len(rows), gap), rows, strict=True):
            if self._letters:
                weights = [WEIGHTS.get(key, 1.0) for key in keys]
                across = gap // 2
            else:
                weights, across = [1.0] * len(keys), gap
            # A row with fewer letters is inset, so that all letters are of one width.
            unit = (row.width - across * 9) / 10 if self._letters else 0.0
            total = sum(weights) * unit + across * (len(keys) - 1) if self._letters else row.width
            if self._letters and DONE in keys:
                total = row.width
            scale = (total - across * (len(keys) - 1)) / sum(weights)
            x = row.x + (row.width - total) / 2
            for key, weight in zip(keys, weights, strict=True):
                width = scale * weight
                self._keys.add_widget(self._key(Box(round(x), row.y, int(width), row.height), key))
                x += width + across

    def _key(self, place: Box, key: str) -> Button:
        labels = self._context.labels
        shown = key.upper() if self._upper and len(key) == 1 else key
        named = {
            DONE: (labels("key_done"), PRIMARY, "check"),
            SPACE: (labels("key_space"), KEY, ""),
            SHIFT: (labels("key_lower" if self._upper else "key_upper"), CONTROL, ""),
            BACKSPACE: ("", CONTROL, "backspace"),
        }
        text, look, icon = named.get(key, (shown, KEY, ""))
        metrics = self._context.metrics
        size = metrics.px(54, 46) if len(key) == 1 else metrics.body
        return Button(
            self._context,
            place,
            f"key:{shown}",
            text,
            lambda: self._pressed(shown),
            look,
            icon=icon,
            size=size,
            role="key",
        )

    def _pressed(self, key: str) -> None:
        if key == SHIFT:
            self._upper = not self._upper
            self._lay()
        else:
            self._press(" " if key == SPACE else key)
