"""One device's turn with the person who helps: whoever comes late with an answer, or does not go, disturbs no other turn."""

from __future__ import annotations

from threading import Event, Lock
from typing import Protocol

from drivers.base import Deadline
from drivers.operator import Answer

LAST_SECONDS = 3.0
"""A question ends so long before its turn does, so that the driver can put back what it switched for it."""


class Person(Protocol):
    """Who stands before the machine, at a shell or at its screen. One turn after the other speaks to them."""

    def show(self, code: str, about: str, skipped: Event) -> None:
        """Show what to do, until the next call; set ``skipped`` when they say that they cannot."""
        ...

    def ask(self, code: str, about: str, picture: bytes, deadline: Deadline, given_up: Event) -> Answer:
        """Return their answer; ``UNABLE`` when there is none by the deadline, or ``given_up`` is set."""
        ...

    def rest(self) -> None:
        """Nothing is to be done or answered any more."""
        ...


class Turn:
    """The ``Operator`` of one device's guided checks. ``end`` may come from any thread."""

    def __init__(self, person: Person, deadline: Deadline) -> None:
        self.cancel = Event()
        self._person = person
        self._until = Deadline(deadline.at - LAST_SECONDS, deadline.clock)
        self._lock = Lock()
        self._skipped = Event()

    def instruct(self, code: str, about: str = "") -> Event:
        """Show what to do now."""
        with self._lock:
            self._skipped = skipped = Event()
            if self.cancel.is_set():
                skipped.set()
                return skipped
        self._person.show(code, about, skipped)
        return skipped

    def confirm(self, code: str, picture: bytes = b"", about: str = "") -> Answer:
        """Ask a question."""
        if self.cancel.is_set() or self._until.expired:
            return Answer.UNABLE
        return self._person.ask(code, about, picture, self._until, self.cancel)

    def end(self) -> None:
        """The turn is over, or broken off: a check that goes on behind our back gets no answer any more."""
        with self._lock:
            over = self.cancel.is_set()
            self.cancel.set()
            self._skipped.set()
        if not over:
            self._person.rest()
