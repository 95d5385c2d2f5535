"""One citizen's visit: its number, what is known of the citizen, the idle clock, and the wipe that leaves nothing behind."""

from __future__ import annotations

import gc
import weakref
from dataclasses import dataclass, field

from drivers.card_reader import IdentityDocument
from kiosk.contract.cases import Accepted
from kiosk.journey.definition import ServiceDefinition
from kiosk.journey.forms import Form
from kiosk.ticket import WaitingTicket


@dataclass(repr=False)
class HandedIn:
    """What became of the submission: its key, the local number, and central's answer once it is there."""

    key: str
    local_no: str
    handed_in_on: str
    accepted: Accepted | None = None


@dataclass(repr=False)
class Visit:
    """Everything that is known in one visit. Lives in memory only and is emptied by ``wipe``."""

    number: int
    service: ServiceDefinition
    language: str
    identity: IdentityDocument | None = None
    card_reader: str = ""
    forms: dict[str, Form] = field(default_factory=dict[str, Form])
    typed: dict[str, str] = field(default_factory=dict[str, str])
    materials: dict[str, bytes] = field(default_factory=dict[str, bytes])
    strokes: tuple[tuple[tuple[float, float], ...], ...] = ()
    code: str = ""
    handed_in: HandedIn | None = None
    receipt_came: bool = False
    ticket: WaitingTicket | None = None
    """A receipt that the printer holds out and nobody has taken yet."""
    asked_for: str = ""
    """The number of the newest case that a query found."""

    def wipe(self) -> bool:
        """Forget the citizen; True when nothing in this process holds the identity any more."""
        trace = weakref.ref(self.identity) if self.identity is not None else None
        self.identity = None
        self.forms.clear()
        self.typed.clear()
        self.materials.clear()
        self.strokes = ()
        self.code = ""
        self.handed_in = None
        if trace is not None and trace() is not None:
            gc.collect()
        return trace is None or trace() is None


class IdleClock:
    """Warns a citizen who does nothing, then gives up. All times are monotonic seconds."""

    def __init__(self, warn_after: float, answer_within: float, extensions: int, now: float) -> None:
        self._warn_after = warn_after
        self._answer_within = answer_within
        self._extensions = extensions
        self._since = now
        self._extended = 0
        self._hurried = False

    def active(self, now: float) -> None:
        """Something happened before the warning."""
        if self.warning(now) is None:
            self._since = now

    def stay(self, now: float) -> bool:
        """The warning was answered; False when it cannot be put off any more. A second tap on the answer costs nothing."""
        if self.warning(now) is None:
            self._since = now
            return True
        if self._extended >= self._extensions:
            return False
        self._extended += 1
        self._since = now
        return True

    def busy(self, now: float) -> None:
        """The machine itself is at work, so nobody is idle."""
        self._since = now
        self._hurried = False

    def hurry(self, answer_within: float, now: float) -> None:
        """The citizen was seen to walk away: warn now, unless a warning stands already, and wait less long than usual."""
        if self.warning(now) is None:
            self._hurried = True
            self._since = now - self._warn_after - max(0.0, self._answer_within - answer_within)

    def came_back(self, now: float) -> None:
        """The citizen is there after all: a warning that was hurried ends."""
        if self._hurried:
            self._hurried = False
            self._since = now

    @property
    def hurried(self) -> bool:
        """Whether the present warning stands because the citizen walked away."""
        return self._hurried

    @property
    def extendable(self) -> bool:
        """Whether the next warning can still be put off."""
        return self._extended < self._extensions

    def warning(self, now: float) -> float | None:
        """Return the seconds left to answer, or None while there is no warning."""
        left = self._since + self._warn_after + self._answer_within - now
        return max(0.0, left) if left <= self._answer_within else None

    def expired(self, now: float) -> bool:
        """Whether the citizen is taken to be gone."""
        return now >= self._since + self._warn_after + self._answer_within
