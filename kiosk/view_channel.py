"""Where the newest view lies between the terminal, which makes views, and the screens, which draw them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from kiosk.view import View


@dataclass
class ViewChannel:
    """The latest view, and whom to wake when there is a new one. ``latest`` may be read from any thread."""

    _latest: View | None = None
    _wakes: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])

    def latest(self) -> View | None:
        """Return the newest view."""
        return self._latest

    def subscribe(self, wake: Callable[[], None]) -> None:
        """Call ``wake``, from any thread, after every new view."""
        self._wakes.append(wake)

    def publish(self, view: View) -> None:
        """Put a new view in place."""
        self._latest = view
        for wake in self._wakes:
            wake()
