"""What every device has in common, so that one worker, one self-test and one report serve them all."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from drivers.operator import Operator
from drivers.wire import Direction, Watcher, WireEvent


class DeviceState(StrEnum):
    """What a device is doing, in the words that go to operators."""

    STARTING = "starting"
    ONLINE = "online"
    BUSY = "busy"
    DEGRADED = "degraded"
    OFFLINE = "offline"
    FAULT = "fault"
    NOT_CONFIGURED = "not_configured"


class SupplyLevel(StrEnum):
    """How much of a supply is left. Unknown is never taken for good or bad."""

    OK = "ok"
    LOW = "low"
    OUT = "out"
    UNKNOWN = "unknown"
    NOT_SUPPORTED = "not_supported"


@dataclass(frozen=True)
class Supply:
    """One thing a device uses up, such as ``paper``."""

    name: str
    level: SupplyLevel


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: a stable code of the catalogue in assets/faults, and what was seen.

    ``evidence`` holds raw values for technicians (a status byte, an error number) and never personal data.
    """

    code: str
    detail: str = ""
    evidence: str = ""


@dataclass(frozen=True)
class Health:
    """A device's condition at one moment; ``observed_at`` is seconds since the epoch."""

    state: DeviceState
    faults: tuple[Fault, ...] = ()
    supplies: tuple[Supply, ...] = ()
    observed_at: float = 0.0


@dataclass(frozen=True)
class DeviceIdentity:
    """What a device says it is; an empty text where it does not say."""

    device_class: str
    driver: str
    model: str = ""
    serial_number: str = ""
    firmware: str = ""


class CheckOutcome(StrEnum):
    """How a self-test check ended."""

    PASS = "pass"  # noqa: S105 - not a password
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"


@dataclass(frozen=True)
class Check:
    """One self-test check: its stable name, outcome, the fault found (if any) and what was measured.

    ``picture`` is a PNG or JPEG for the report (a camera's frame, a test print), never of a person or a person's paper.
    """

    name: str
    outcome: CheckOutcome
    fault: Fault | None = None
    evidence: str = ""
    picture: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class Deadline:
    """A moment on the monotonic clock past which a call must have returned."""

    at: float
    clock: Callable[[], float] = field(default=time.monotonic, compare=False, repr=False)

    @classmethod
    def after(cls, seconds: float, clock: Callable[[], float] = time.monotonic) -> Deadline:
        """Return the deadline ``seconds`` from now."""
        return cls(clock() + seconds, clock)

    def remaining(self) -> float:
        """Return the seconds left, never below zero."""
        return max(0.0, self.at - self.clock())

    @property
    def expired(self) -> bool:
        """Whether the moment has passed."""
        return self.clock() >= self.at

    def within(self, seconds: float) -> Deadline:
        """Return the earlier of this deadline and ``seconds`` from now."""
        return Deadline(min(self.at, self.clock() + seconds), self.clock)


class DriverError(Exception):
    """The connection to a device is gone or cannot be trusted: close it, back off, open it again.

    ``fault`` carries the catalogue's code; what can be expected (no card, no paper) is a return value instead.
    """

    def __init__(self, code: str, detail: str = "", evidence: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.fault = Fault(code, detail, evidence)


class Device(ABC):
    """One piece of hardware. Only its worker's thread calls it; ``close`` is safe at any time and twice.

    Every call returns before its deadline (plus one short system call) or raises ``DriverError``.
    """

    watcher: Watcher | None = None
    """Who wants to see the wire now; set on the device's own thread."""

    @abstractmethod
    def identity(self) -> DeviceIdentity:
        """Say what this is; known in full only after ``open``."""

    @abstractmethod
    def open(self, deadline: Deadline) -> None:
        """Connect. Raises ``DriverError`` when the device is not there; may be called again after ``close``."""

    @abstractmethod
    def close(self) -> None:
        """Let go of every handle and thread. Never raises, may be called twice."""

    @abstractmethod
    def poll(self, deadline: Deadline) -> Health:
        """Ask for the present condition."""

    @abstractmethod
    def reset(self, deadline: Deadline) -> None:
        """Bring the device back to a known state."""

    @abstractmethod
    def self_test(self, deadline: Deadline) -> tuple[Check, ...]:
        """Run the checks that need no hand and use nothing up, on an open device."""

    def guided_test(self, operator: Operator, deadline: Deadline) -> tuple[Check, ...]:
        """Run the checks that need a person (a card, a look at a print), on an open device; none by default."""
        del operator, deadline
        return ()

    def saw(self, direction: Direction, length: int, shown: str, meaning: str) -> None:
        """Tell the watcher, if there is one, what went over the wire. ``shown`` has personal bytes masked already."""
        if self.watcher is not None:
            self.watcher(WireEvent(direction, length, shown, meaning))
