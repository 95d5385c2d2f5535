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
    """What the screen shows now: a text's key with a picture, a question or not, or a cross at a place.

    ``number`` counts the tasks, so that a touch for one is never taken for the next. ``skipped``: of an instruction.
    """

    number: int
    code: str
    about: str = ""
    picture: bytes = b""
    question: bool = False
    cross: int | None = None
    skipped: Event | None = None


class ScreenPerson:
    """A ``Person`` at the screen. Its calls come on the examination's threads; ``show`` brings a task to the terminal's thread
    and returns at once.
    """

    def __init__(self, show: Callable[[Task | None], None]) -> None:
        self._show = show
        self._number = 0
        self._answers: queue.SimpleQueue[tuple[int, Answer | tuple[float, float]]] = queue.SimpleQueue()

    def show(self, code: str, about: str, skipped: Event) -> None:
        """Show what to do now."""
        self._show(Task(self._next(), code, about, skipped=skipped))

    def ask(self, code: str, about: str, picture: bytes, deadline: Deadline, given_up: Event) -> Answer:
        """Ask a question."""
        number = self._next()
        self._show(Task(number, code, about, picture, question=True))
        answer = self._await(number, deadline, given_up)
        self._show(None)
        return answer if isinstance(answer, Answer) else Answer.UNABLE

    def rest(self) -> None:
        """Show no task."""
        self._show(None)

    def answered(self, task: Task, answer: Answer) -> None:
        """Take the technician's answer to a task, on the terminal's thread."""
        self._answers.put((task.number, answer))

    def touched(self, task: Task, x: float, y: float) -> None:
        """Take a touch while a cross is shown, on the terminal's thread."""
        self._answers.put((task.number, (x, y)))

    def touch_crosses(self, width: int, height: int, deadline: Deadline, given_up: Event) -> tuple[Check, ...]:
        """Have five crosses touched on a glass of that many pixels; judged like the command's own."""
        touches: list[dict[str, float]] = []
        for cross, (x, y) in enumerate(CROSSES):
            number = self._next()
            self._show(Task(number, "technician.touch_cross", cross=cross))
            touch = self._await(number, deadline.within(TOUCH_SECONDS), given_up)
            if given_up.is_set():
                self._show(None)
                return (Check("crosses", CheckOutcome.SKIP),)
            if not isinstance(touch, tuple):
                break
            touches.append({"distance": hypot((touch[0] - x) * width, (touch[1] - y) * height)})
        self._show(None)
        return (judge({"width": width, "height": height, "touches": touches}, b""),)

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _await(self, number: int, deadline: Deadline, given_up: Event) -> Answer | tuple[float, float] | None:
        """Return what was touched for this task; what came for an earlier one is dropped."""
        while not (deadline.expired or given_up.is_set()):
            try:
                task, touched = self._answers.get(timeout=min(_WAIT_SECONDS, deadline.remaining()))
            except queue.Empty:
                continue
            if task == number:
                return touched
        return None
