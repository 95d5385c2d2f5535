"""A picture of what to do with the hands: one part moves gently, then rests, so that waiting costs next to nothing."""

from __future__ import annotations

from typing import Any

from kivy.clock import Clock

from screens.context import Context
from screens.geometry import Box
from screens.icons import Icon
from screens.part import Part

FRAMES_A_SECOND = 24
MOVE_SECONDS = 1.3
REST_SECONDS = 2.4


class Motion(Part):
    """``moving`` goes from its box to ``end`` again and again; ``behind`` and ``before`` stand still.

    Each drawing is a name and its box. The part that moves lies between the two.
    """

    def __init__(
        self,
        context: Context,
        box: Box,
        behind: list[tuple[str, Box]],
        moving: tuple[str, Box],
        end: tuple[int, int],
        before: list[tuple[str, Box]] | None = None,
        moves: bool = True,
    ) -> None:
        """``end``: how many pixels the part goes right and up. ``moves``: False leaves it at its end."""
        super().__init__(box)
        for name, place in behind:
            self.add_widget(Icon(context.icons, place, name))
        self._part = Icon(context.icons, moving[1], moving[0])
        self._start = tuple(self._part.picture.pos)
        self._end = end
        self.add_widget(self._part)
        for name, place in before or []:
            self.add_widget(Icon(context.icons, place, name))
        self._event: Any = None
        self._at = 0.0
        if moves:
            self._place(0.0)
            self._rest(0)
        else:
            self._place(1.0)

    def retire(self) -> None:
        """Stand still."""
        super().retire()
        if self._event is not None:
            self._event.cancel()

    def _rest(self, _seconds: float) -> None:
        self._event = Clock.schedule_once(self._go, REST_SECONDS / 3)

    def _go(self, _seconds: float) -> None:
        self._at = 0.0
        self._event = Clock.schedule_interval(self._step, 1 / FRAMES_A_SECOND)

    def _step(self, seconds: float) -> bool:
        self._at = min(1.0, self._at + seconds / MOVE_SECONDS)
        self._place(self._at * self._at * (3 - 2 * self._at))
        if self._at < 1.0:
            return True
        self._event = Clock.schedule_once(self._back, REST_SECONDS)
        return False

    def _back(self, _seconds: float) -> None:
        self._place(0.0)
        self._rest(0)

    def _place(self, part: float) -> None:
        self._part.picture.pos = (
            round(self._start[0] + self._end[0] * part),
            round(self._start[1] + self._end[1] * part),
        )
