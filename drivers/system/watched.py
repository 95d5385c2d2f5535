"""What the machine's own parts have in common: nothing to connect to, one look that finds faults."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable

from drivers.base import (
    Check,
    CheckOutcome,
    Deadline,
    Device,
    DeviceIdentity,
    DeviceState,
    DriverError,
    Fault,
    Health,
)


class Watched(Device):
    """A part that is looked at. ``look`` raises ``DriverError`` when it is not there, and returns what is wrong with it."""

    device_class: str
    driver: str

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._model = ""

    @abstractmethod
    def look(self, deadline: Deadline) -> tuple[Fault, ...]:
        """Look at the part once."""

    @property
    def model(self) -> str:
        """What was found; empty before."""
        return self._model

    @model.setter
    def model(self, text: str) -> None:
        self._model = "".join(sign for sign in text if sign.isprintable())[:80].strip()

    def identity(self) -> DeviceIdentity:
        """Say what was found."""
        return DeviceIdentity(self.device_class, self.driver, model=self.model)

    def open(self, deadline: Deadline) -> None:
        """See that it is there."""
        self.look(deadline)

    def close(self) -> None:
        """Nothing is held."""

    def poll(self, deadline: Deadline) -> Health:
        """Look again; a part with faults still works as well as it can."""
        faults = self.look(deadline)
        return Health(DeviceState.DEGRADED if faults else DeviceState.ONLINE, faults, observed_at=self._now())

    def reset(self, deadline: Deadline) -> None:
        """There is nothing to bring back; see that it is there."""
        self.look(deadline)

    def self_test(self, deadline: Deadline) -> tuple[Check, ...]:
        """Tell each fault; one line when all is well."""
        try:
            faults = self.look(deadline)
        except DriverError as error:
            return (Check("there", CheckOutcome.FAIL, error.fault),)
        return (
            Check("there", CheckOutcome.PASS, evidence=self.model),
            *(Check(fault.code.partition(".")[2], CheckOutcome.WARN, fault, fault.evidence) for fault in faults),
        )
