"""The technician before the screen, as the devices' guided checks see one: instructions, questions, and five crosses."""

from __future__ import annotations

import queue
from collections.abc import Callable
from dataclasses import dataclass
from math import hypot
from threading import Event

from drivers.base import Check, CheckOutcome, Deadline
from drivers.operator import Answer
from kiosk.selftest.crosses import judge

CROSSES = ((0.5, 0.5), (0.1, 0.2), (0.9, 0.2), (0.9, 0.9), (0.1, 0.9))
"""Where the crosses stand, 0..1 from the upper left corner: the middle and near the corners, where panels are worst, but below
the header with its button.
"""
TOUCH_SECONDS = 20.0
"""Longest wait for one cross: where the panel is dead, nothing more will come."""
_WAIT_SECONDS = 0.2


@dataclass(frozen=True, repr=False)
class Task:
    """What the screen shows now: a text's key with a picture, a question or not, or a cross at a place."""

    code: str
    picture: bytes = b""
    question: bool = False
    cross: int | None = None


class ScreenOperator:
    """Its calls come on the examination's threads; ``show`` brings a task to the terminal's thread and returns at once."""

    def __init__(self, show: Callable[[Task | None], None]) -> None:
        self.cancel = Event()
        self._show = show
        self._answers: queue.SimpleQueue[Answer | tuple[float, float]] = queue.SimpleQueue()

    def instruct(self, code: str) -> None:
        """Show what to do now."""
        self._show(Task(code))

    def confirm(self, code: str, picture: bytes = b"") -> Answer:
        """Ask; ``UNABLE`` when the examination is cancelled meanwhile."""
        self._forget()
        self._show(Task(code, picture, question=True))
        answer = self._next(Deadline.after(3600.0))  # the mode's own limit comes long before
        self._show(None)
        return answer if isinstance(answer, Answer) else Answer.UNABLE

    def answered(self, answer: Answer) -> None:
        """Take the technician's answer, on the terminal's thread."""
        self._answers.put(answer)

    def touched(self, x: float, y: float) -> None:
        """Take a touch while a cross is shown, on the terminal's thread."""
        self._answers.put((x, y))

    def touch_crosses(self, width: int, height: int, deadline: Deadline) -> tuple[Check, ...]:
        """Have five crosses touched on a glass of that many pixels; judged like the command's own."""
        self._forget()
        touches: list[dict[str, float]] = []
        for number, (x, y) in enumerate(CROSSES):
            self._show(Task("technician.touch_cross", cross=number))
            touch = self._next(deadline.within(TOUCH_SECONDS))
            if self.cancel.is_set():
                self._show(None)
                return (Check("crosses", CheckOutcome.SKIP),)
            if not isinstance(touch, tuple):
                break
            touches.append({"distance": hypot((touch[0] - x) * width, (touch[1] - y) * height)})
        self._show(None)
        return (judge({"width": width, "height": height, "touches": touches}, b""),)

    def _forget(self) -> None:
        while not self._answers.empty():
            self._answers.get_nowait()

    def _next(self, deadline: Deadline) -> Answer | tuple[float, float] | None:
        while not (deadline.expired or self.cancel.is_set()):
            try:
                return self._answers.get(timeout=min(_WAIT_SECONDS, deadline.remaining()))
            except queue.Empty:
                continue
        return None
