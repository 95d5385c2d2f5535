"""What every screen part needs: sizes, labels, and where answers go; one value for a window size and a language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kiosk.view import Intent
from screens.bridge import PictureDecoder
from screens.icons import Icons
from screens.texts import Labels
from screens.theme import Metrics


@dataclass(frozen=True)
class Context:
    """``post`` adds the session of the view that is drawn; ``accepts`` says whether a touch counts at this moment.

    ``turn`` counts the screens: a finger that came down in another turn meant a screen that is gone.
    """

    metrics: Metrics
    labels: Labels
    icons: Icons
    decoder: PictureDecoder
    post: Callable[[Intent], None]
    accepts: Callable[[], bool]
    turn: Callable[[], int]
