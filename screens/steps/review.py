"""Everything that will be handed in, to be read once more; nothing is hidden behind a scroll."""

from __future__ import annotations

from kiosk.view import ReviewView
from screens.step import Step
from screens.widgets.pages import Pages
from screens.widgets.rows import packed_blocks, row_blocks
from screens.widgets.status import INFORM, Message, message_height


class Screen(Step):
    """Rows, and the statement under them."""

    def build(self, body: ReviewView) -> None:
        """Landscape: short rows side by side."""
        context, metrics = self.context, self.context.metrics
        box = self.box.inset(metrics.margin, metrics.px(24, 12))
        if body.statement:
            place, box = box.from_bottom(message_height(context, body.statement, box.width), metrics.gap)
            self.add_widget(Message(context, place, body.statement, INFORM))
        lay = row_blocks if metrics.portrait else packed_blocks
        blocks = lay(context, body.rows, box.width)
        self.add_widget(Pages(context, box, blocks, metrics.px(12, 10)))
