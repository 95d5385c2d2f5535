"""A few big answers one below the other, page by page when there are many."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kivy.uix.widget import Widget

from kiosk.view import Choice
from screens.context import Context
from screens.geometry import Box
from screens.part import Part
from screens.widgets.pages import Block, Pages
from screens.widgets.press import CHOSEN, PRIMARY, SECONDARY, Button


class ChoiceList(Part):
    """Buttons with ids ``<prefix>:<choice id>``, at the lower end of the box."""

    def __init__(
        self,
        context: Context,
        box: Box,
        choices: Sequence[Choice],
        choose: Callable[[str], None],
        *,
        prefix: str = "choice",
        columns: int = 1,
        chosen: str = "",
        first_is_main: bool = False,
        low: bool = True,
    ) -> None:
        super().__init__(box)
        metrics = context.metrics

        def row(start: int) -> Block:
            def make(place: Box) -> Widget:
                holder = Part()
                for part, choice in zip(
                    place.columns(columns, metrics.gap), choices[start : start + columns], strict=False
                ):
                    picked = chosen in (choice.id, choice.label) and chosen != ""
                    main = first_is_main and choice is choices[0]
                    look = PRIMARY if main else CHOSEN if picked else SECONDARY
                    holder.add_widget(
                        Button(
                            context,
                            part,
                            f"{prefix}:{choice.id}",
                            choice.label,
                            lambda choice=choice: choose(choice.id),
                            look,
                            icon="check" if picked else "",
                            size=metrics.heading if columns == 1 else metrics.body,
                        )
                    )
                return holder

            return Block(metrics.button, make)

        blocks = [row(start) for start in range(0, len(choices), columns)]
        needed = len(blocks) * metrics.button + max(0, len(blocks) - 1) * metrics.gap
        take = box.from_bottom if low else box.from_top
        self.add_widget(Pages(context, take(min(needed, box.height))[0], blocks, metrics.gap))


def needed_height(context: Context, count: int, columns: int = 1) -> int:
    """Pixels that so many choices need."""
    rows = -(-count // columns)
    return rows * context.metrics.button + max(0, rows - 1) * context.metrics.gap
