"""Put the card on the reader: shown with a card that comes down onto it."""

from __future__ import annotations

from screens.geometry import Box
from screens.steps.waiting import Waiting
from screens.widgets.motion import Motion


class Screen(Waiting):
    """The reader and a card above it."""

    def picture(self, box: Box, moves: bool) -> None:
        """The card's own proportions are 60 to 38, the reader's 120 to 64."""
        scale = min(box.width / 124, box.height / 100)
        scene = box.centred(round(124 * scale), round(100 * scale))
        reader = Box(round(scene.x + 2 * scale), scene.y, round(120 * scale), round(64 * scale))
        card = Box(round(scene.x + 32 * scale), round(scene.y + 62 * scale), round(60 * scale), round(38 * scale))
        self.add_widget(
            Motion(
                self.context,
                box,
                [("picture_reader", reader)],
                ("picture_id_card", card),
                (0, -round(46 * scale)),
                moves=moves,
            )
        )
