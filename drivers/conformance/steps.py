"""Counts the steps of a conversation, and lets trouble come at one of them: so that it comes inside the conversation, anywhere."""

from __future__ import annotations

from collections.abc import Callable
from threading import Condition


class Steps:
    """A bench's virtual hardware calls ``take`` at each step: a byte, a frame, a command it got. Every call from any thread."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._count = 0
        self._due = 0
        self._trouble: Callable[[], None] | None = None
        self._coming = False
        self._happened = False

    @property
    def count(self) -> int:
        """How many there were since the bench was made."""
        return self._count

    @property
    def happened(self) -> bool:
        """Whether the trouble that was asked for last has come."""
        return self._happened

    def take(self) -> None:
        """Count one step, before it is answered; trouble that is due comes now, on the caller's thread."""
        with self._changed:
            self._count += 1
            if self._trouble is None or self._count <= self._due:
                return
            trouble, self._trouble = self._trouble, None
            self._coming = self._happened = True
        try:
            trouble()  # the hardware's own locks are taken here, so none of ours is held
        finally:
            with self._changed:
                self._coming = False
                self._changed.notify_all()

    def at(self, step: int, trouble: Callable[[], None]) -> None:
        """Let trouble, which returns at once, come at a step from now on; 0 is the next one."""
        with self._changed:
            self._due, self._trouble, self._happened = self._count + step, trouble, False

    def now(self, trouble: Callable[[], None]) -> None:
        """Let trouble come at once, where there are no steps to wait for."""
        trouble()
        self._happened = True

    def clear(self) -> None:
        """Forget trouble that has not come; when this returns, none comes any more."""
        with self._changed:
            self._trouble = None
            self._changed.wait_for(lambda: not self._coming)
