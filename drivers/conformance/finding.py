"""What the suite allows a driver, and what it says of one that takes more."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.conformance.case import Case


@dataclass(frozen=True)
class Limits:
    """How long (s) a driver may take.

    ``grace``: how far a call may overrun its deadline, or a cancelled one the cancelling. ``hung``: how far, until nobody waits
    for it any more. ``notice``: from the beginning of lasting trouble until it is told. ``recovery``: from its end until the
    operation succeeds. ``settle``: until threads and descriptors of a closed device are gone.
    """

    grace: float = 2.0
    hung: float = 15.0
    notice: float = 5.0
    recovery: float = 5.0
    settle: float = 10.0


@dataclass(frozen=True)
class Finding:
    """What was wrong in a case, and the steps that led there.

    ``late``: it was only slower than it may be, which on a loaded machine is worth a second look.
    """

    case: Case
    wrong: str
    steps: tuple[str, ...]
    late: bool = False

    def __str__(self) -> str:
        return "\n".join((f"{self.case.bench} case {self.case.number} ({self.case}): {self.wrong}", *self.steps))


@dataclass(frozen=True)
class Outcome:
    """How a case ended: what was found, if anything, and whether the hardware's disturbance came while the operation ran."""

    finding: Finding | None
    happened: bool


class WrongError(Exception):
    """The driver did what no driver may; ends the case."""


class LateError(WrongError):
    """It did what it must, or would have, but too late."""
