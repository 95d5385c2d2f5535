"""The interface of an uninterruptible power supply: whether the mains are there, and how long the battery lasts."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

from drivers.base import Deadline, Device


@dataclass(frozen=True)
class Power:
    """What the supply says. ``charge`` is percent, ``runtime`` seconds; None where it does not say.

    ``on_mains`` is False, and the battery low, also where the supply is about to switch off.
    """

    on_mains: bool
    battery_low: bool
    charge: float | None = None
    runtime: float | None = None
    status: str = ""
    """Its own words, such as ``OB LB``."""


class PowerSupply(Device):
    """One supply. On battery, and low, come out of ``poll`` as the faults ``power.on_battery`` and ``power.battery_low``."""

    @abstractmethod
    def power(self, deadline: Deadline) -> Power:
        """Ask how it stands now."""
