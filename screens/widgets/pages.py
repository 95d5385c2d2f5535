"""Content that is longer than the glass, page by page with two big buttons: nobody has to know how to scroll."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kivy.uix.widget import Widget

from screens.context import Context
from screens.geometry import Box
from screens.part import Part
from screens.theme import SOFT
from screens.widgets.press import Button
from screens.widgets.text import Text


@dataclass(frozen=True)
class Block:
    """A part that stays in one piece: its height in pixels and how to make it in a box of that height."""

    height: int
    make: Callable[[Box], Widget]


def together(first: Block, second: Block, gap: int) -> Block:
    """Two blocks that a page turn must not part, such as a heading and what it stands over."""

    def make(box: Box) -> Part:
        holder = Part()
        upper, rest = box.from_top(first.height, gap)
        holder.add_widget(first.make(upper))
        holder.add_widget(second.make(rest))
        return holder

    return Block(first.height + gap + second.height, make)


def spread(heights: Sequence[int], gap: int, room: int) -> list[list[int]]:
    """Which parts (by index) go on which page of ``room`` pixels, in order."""
    pages: list[list[int]] = []
    used = 0
    for place, height in enumerate(heights):
        if pages and used + gap + height <= room:
            pages[-1].append(place)
            used += gap + height
        else:
            pages.append([place])
            used = height
    return pages or [[]]


def around(heights: Sequence[int], gap: int, room: int, centre: int) -> list[int]:
    """As many neighbours of part ``centre`` as fit into ``room`` pixels with it, those after it first."""
    shown = [centre]
    used = heights[centre]
    for place in [*range(centre + 1, len(heights)), *range(centre - 1, -1, -1)]:
        if place not in (shown[0] - 1, shown[-1] + 1) or used + gap + heights[place] > room:
            continue
        shown = sorted([*shown, place])
        used += gap + heights[place]
    return shown


class Pages(Part):
    """Blocks from top to bottom; when they do not all fit, a bar below turns the pages."""

    def __init__(
        self, context: Context, box: Box, blocks: Sequence[Block], gap: int, first: int = 0, name: str = "page"
    ) -> None:
        """``first``: the block whose page is shown to begin with. ``name``: of the two buttons, when there are more pages."""
        super().__init__(box)
        self._context = context
        self._name = name
        self._blocks = blocks
        self._gap = gap
        self._box = box
        self._pages = spread([block.height for block in blocks], gap, box.height)
        self._bar: Box | None = None
        if len(self._pages) > 1:
            bar_height = context.metrics.px(110, 96)
            self._bar, self._box = box.from_bottom(bar_height, context.metrics.gap)
            self._pages = spread([block.height for block in blocks], gap, self._box.height)
        self._page = next((number for number, page in enumerate(self._pages) if first in page), 0)
        self._show()

    @property
    def used(self) -> int:
        """Pixels that the present page's blocks take, from the top."""
        shown = [self._blocks[place].height for place in self._pages[self._page]]
        return sum(shown) + self._gap * max(0, len(shown) - 1)

    def _turn(self, by: int) -> None:
        self._page += by
        self.clear_widgets()
        self._show()

    def _show(self) -> None:
        rest = self._box
        for place in self._pages[self._page]:
            part, rest = rest.from_top(self._blocks[place].height, self._gap)
            self.add_widget(self._blocks[place].make(part))
        if self._bar is not None:
            self._show_bar(self._bar)

    def _show_bar(self, bar: Box) -> None:
        context, count = self._context, len(self._pages)
        left, middle, right = bar.columns(3, context.metrics.gap)
        size = context.metrics.body
        self.add_widget(
            Button(
                context,
                left,
                f"{self._name}:previous",
                context.labels("page_previous"),
                lambda: self._turn(-1),
                icon="left",
                enabled=self._page > 0,
                size=size,
            )
        )
        self.add_widget(
            Text(
                middle,
                context.labels("page", index=self._page + 1, count=count),
                context.metrics.small,
                SOFT,
                align="center",
            )
        )
        self.add_widget(
            Button(
                context,
                right,
                f"{self._name}:next",
                context.labels("page_next"),
                lambda: self._turn(1),
                icon="right",
                icon_after=True,
                enabled=self._page + 1 < count,
                size=size,
            )
        )
