"""Slows down guessing: how many sign-ins may fail, per address and name, and per address."""

from __future__ import annotations

from collections.abc import Callable

WINDOW_SECONDS = 300.0
MOST_FOR_NAME = 5
MOST_FOR_ADDRESS = 20
_MOST_REMEMBERED = 10_000


class Attempts:
    """Counts attempts in memory. An attempt counts when it begins, so that many at once count too."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._attempts: dict[tuple[str, str], list[float]] = {}

    def begin(self, address: str, name: str) -> float:
        """Count an attempt and return 0.0; after too many return the seconds to wait and count nothing."""
        now = self._clock()
        wait = 0.0
        limits = {(address, name): MOST_FOR_NAME, (address, ""): MOST_FOR_ADDRESS}
        for key, most in limits.items():
            recent = [at for at in self._attempts.get(key, []) if at > now - WINDOW_SECONDS]
            self._attempts[key] = recent
            if len(recent) >= most:
                wait = max(wait, recent[-most] + WINDOW_SECONDS - now)
        if wait <= 0.0:
            for key in limits:
                self._attempts[key].append(now)
        self._forget(now)
        return wait

    def succeeded(self, address: str, name: str) -> None:
        """Forget the attempts of somebody who knew the password."""
        self._attempts.pop((address, name), None)
        if recent := self._attempts.get((address, "")):
            recent.pop()

    def _forget(self, now: float) -> None:
        if len(self._attempts) <= _MOST_REMEMBERED:
            return
        for key in [key for key, at in self._attempts.items() if not at or at[-1] <= now - WINDOW_SECONDS]:
            del self._attempts[key]
        while len(self._attempts) > _MOST_REMEMBERED:
            del self._attempts[next(iter(self._attempts))]
