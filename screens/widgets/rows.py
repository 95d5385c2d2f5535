"""Label and value pairs as quiet strips, for reviews, receipts and cases."""

from __future__ import annotations

from kiosk.view import Row
from screens import theme
from screens.context import Context
from screens.geometry import Box
from screens.part import Part
from screens.widgets.pages import Block
from screens.widgets.shapes import Panel
from screens.widgets.text import Text, height_of

LABEL_PART = 0.36
"""The label's share of the width, up to a limit: values of wide and narrow strips then begin alike."""


def _parts(context: Context, width: int) -> tuple[int, int, int]:
    """Pixels of padding, label and value."""
    pad = context.metrics.px(28, 24)
    label = min(round((width - 3 * pad) * LABEL_PART), context.metrics.px(400, 300))
    return pad, label, width - 3 * pad - label


def row_height(context: Context, row: Row, width: int) -> int:
    """Pixels that the pair needs in ``width``."""
    metrics = context.metrics
    _, label, value = _parts(context, width)
    needed = max(height_of(row.label, metrics.small, label), height_of(row.value, metrics.body, value, bold=True))
    return needed + metrics.px(32, 24)


class RowStrip(Part):
    """One pair on a white strip."""

    def __init__(self, context: Context, box: Box, row: Row) -> None:
        super().__init__(box)
        metrics = context.metrics
        pad, label, _ = _parts(context, box.width)
        self.add_widget(Panel(box, theme.SURFACE, metrics.px(16)))
        left, right = box.inset(pad, metrics.px(8)).from_left(label, pad)
        self.add_widget(Text(left, row.label, metrics.small, theme.SOFT))
        self.add_widget(Text(right, row.value, metrics.body, theme.INK, bold=True))


def row_blocks(context: Context, rows: tuple[Row, ...], width: int) -> list[Block]:
    """A block a pair."""
    return [_line(context, (row,), width, 1) for row in rows]


def packed_blocks(context: Context, rows: tuple[Row, ...], width: int) -> list[Block]:
    """Blocks in order, two short pairs beside each other where they need one line each."""
    half = (width - context.metrics.gap // 2) // 2
    one_line = row_height(context, Row("", "一"), half)
    blocks: list[Block] = []
    waiting: tuple[Row, ...] = ()
    for row in rows:
        if row_height(context, row, half) <= one_line:
            waiting = (*waiting, row)
            if len(waiting) == 2:
                blocks.append(_line(context, waiting, width, 2))
                waiting = ()
            continue
        blocks += [_line(context, (alone,), width, 1) for alone in (*waiting, row)]
        waiting = ()
    return [*blocks, *(_line(context, (alone,), width, 1) for alone in waiting)]


def _line(context: Context, rows: tuple[Row, ...], width: int, columns: int) -> Block:
    gap = context.metrics.gap // 2
    each = (width - gap * (columns - 1)) // columns

    def make(box: Box) -> Part:
        holder = Part()
        for place, row in zip(box.columns(columns, gap), rows, strict=False):
            holder.add_widget(RowStrip(context, place, row))
        return holder

    return Block(max(row_height(context, row, each) for row in rows), make)
