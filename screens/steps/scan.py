"""Show a code to the camera: a slip with a code comes over the scanning window."""

from __future__ import annotations

from screens.geometry import Box
from screens.steps.waiting import Waiting
from screens.widgets.motion import Motion


class Screen(Waiting):
    """The scanning window and a slip above it."""

    def picture(self, box: Box, moves: bool) -> None:
        """The slip is 44 to 60, the scanner 120 to 64."""
        scale = min(box.width / 124, box.height / 112)
        scene = box.centred(round(124 * scale), round(112 * scale))
        scanner = Box(round(scene.x + 2 * scale), scene.y, round(120 * scale), round(64 * scale))
        slip = Box(round(scene.x + 42 * scale), round(scene.y + 62 * scale), round(40 * scale), round(50 * scale))
        self.add_widget(
            Motion(
                self.context,
                box,
                [("picture_scanner", scanner)],
                ("picture_code", slip),
                (0, -round(26 * scale)),
                moves=moves,
            )
        )
