"""The cases of a bench: each follows from the bench's name, a seed and a number alone, so that any of them can be run again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from drivers.conformance.bench import LASTING, Bench, Disturbance

COMMON_OPERATIONS = ("open", "poll", "reset", "self_test")
"""The calls of every device."""


class Kind(StrEnum):
    """What a case looks at."""

    IDENTITY = "identity"
    ABSENT = "absent"
    OPEN_TWICE = "open_twice"
    CLOSE_TWICE = "close_twice"
    GUIDED = "guided"
    """The guided test before a person who does nothing, then before one who gives up."""
    GOOD = "good"
    """An operation, twice, with nothing in its way."""
    CLOSED = "closed"
    """An operation on a device that is closed."""
    IDLE = "idle"
    """An operation with nothing before the device: no card, no code."""
    NOTICED = "noticed"
    """An operation on hardware that is gone, mute or hung already: it says so."""
    DISTURBED = "disturbed"
    """An operation while something happens to the hardware."""
    CLOSE = "close"
    """``close`` from another thread while an operation runs."""
    CANCEL = "cancel"
    """The operation is cancelled while it runs."""
    HURRIED = "hurried"
    """A deadline of next to nothing."""


@dataclass(frozen=True)
class Case:
    """One run: what is checked, with which operation, and what happens meanwhile."""

    bench: str
    seed: int
    number: int
    kind: Kind
    operation: str = ""
    disturbance: Disturbance | None = None

    @property
    def random(self) -> Random:
        """A fresh source of this case's moments, the same each time."""
        return Random(f"{self.bench} {self.seed} {self.number}")  # noqa: S311 - moments, not secrets

    @property
    def injects(self) -> bool:
        """Whether something happens to the hardware while an operation runs."""
        return self.kind is Kind.DISTURBED

    def __str__(self) -> str:
        parts = (self.kind.value, self.disturbance.value if self.disturbance else "", self.operation)
        return " ".join(part for part in parts if part)


def cases(bench: Bench, seed: int, count: int) -> list[Case]:
    """Return the first ``count`` cases: the plain checks, then injections, round and round over every operation."""
    return [case(bench, seed, number) for number in range(count)]


def case(bench: Bench, seed: int, number: int) -> Case:
    """Return one case by its number."""
    plain, injections = _plain(bench), _injections(bench)
    chosen = plain[number] if number < len(plain) else injections[(number - len(plain)) % len(injections)]
    return Case(bench.name, seed, number, *chosen)


def plain_count(bench: Bench) -> int:
    """Return how many cases come before the first injection."""
    return len(_plain(bench))


_Choice = tuple[Kind, str, Disturbance | None]


def _operations(bench: Bench) -> tuple[str, ...]:
    return (*COMMON_OPERATIONS, *sorted(bench.operations))


def _plain(bench: Bench) -> Sequence[_Choice]:
    once = (Kind.IDENTITY, Kind.ABSENT, Kind.OPEN_TWICE, Kind.CLOSE_TWICE, Kind.GUIDED)
    opened = [name for name in _operations(bench) if name != "open"]
    return [
        *((check, "", None) for check in once),
        *((check, name, None) for check in (Kind.GOOD, Kind.CLOSED) for name in opened),
        *((Kind.IDLE, name, None) for name in sorted(bench.operations)),
        *(
            (Kind.NOTICED, name, disturbance)
            for name in COMMON_OPERATIONS
            for disturbance in sorted(bench.disturbances_of(name) & LASTING)
        ),
    ]


def _injections(bench: Bench) -> Sequence[_Choice]:
    names = _operations(bench)
    # The operations of the device's own class are what citizens wait for: they come twice as often.
    weighted = (*names, *sorted(bench.operations))
    return [
        *(
            (Kind.DISTURBED, name, disturbance)
            for disturbance in sorted(bench.disturbances)
            for name in weighted
            if disturbance in bench.disturbances_of(name)
        ),
        *((check, name, None) for check in (Kind.CLOSE, Kind.HURRIED) for name in names),
        *((Kind.CANCEL, name, None) for name in sorted(bench.operations)),
    ]
