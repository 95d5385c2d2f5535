"""Thread-safe events with one consumer: devices, uplink and screens post, the terminal's one thread drains."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, repr=False)
class Posted:
    """Something to be done on the terminal's thread: a call, and what it is about (for logs)."""

    about: str
    call: Callable[[], None]


class Bus:
    """A queue of calls. ``post`` never blocks; ``take`` is for the one consumer."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Posted] = queue.SimpleQueue()

    def post(self, about: str, call: Callable[[], None]) -> None:
        """Hand over a call, from any thread."""
        self._queue.put(Posted(about, call))

    def take(self, timeout: float) -> Posted | None:
        """Return the next call, or None after ``timeout`` seconds."""
        try:
            return self._queue.get(timeout=max(0.0, timeout))
        except queue.Empty:
            return None


class Timers:
    """Calls in the future, on the consumer's thread. ``clock`` gives monotonic seconds and is passed in."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._due: dict[int, tuple[float, Callable[[], None]]] = {}
        self._last = 0

    def after(self, seconds: float, call: Callable[[], None]) -> int:
        """Arrange ``call`` in ``seconds``; the number returned can be cancelled."""
        self._last += 1
        self._due[self._last] = (self._clock() + seconds, call)
        return self._last

    def cancel(self, number: int) -> None:
        """Forget a call; a number that has run or is not known is no error."""
        self._due.pop(number, None)

    def seconds_to_next(self, most: float) -> float:
        """Return how long the consumer may wait, at most ``most`` seconds."""
        if not self._due:
            return most
        return max(0.0, min(most, min(at for at, _ in self._due.values()) - self._clock()))

    def run_due(self) -> None:
        """Make the calls whose time has come, in order."""
        now = self._clock()
        due = sorted((at, number) for number, (at, _) in self._due.items() if at <= now)
        for _, number in due:
            # Only numbers are kept meanwhile: a call that was cancelled by another must not be held, nor what it holds.
            found = self._due.pop(number, None)
            if found is not None:
                found[1]()
