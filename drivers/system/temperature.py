"""How warm is it in the cabinet? The hottest of the kernel's sensors, told before the machine switches itself off."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from drivers.base import Deadline, DriverError, Fault
from drivers.system.files import read_text
from drivers.system.watched import Watched
from drivers.thermometer import Thermometer

PLAUSIBLE = (-40.0, 150.0)
"""Degrees; a sensor that is not connected says -273, 255 or the like."""
FALL_BEFORE_CALM = 5.0
"""Degrees that it must have cooled down before a fault ends."""
_SENSORS = (("sys/class/thermal", "thermal_zone*/temp"), ("sys/class/hwmon", "hwmon*/temp*_input"))


class Temperature(Watched, Thermometer):
    """All sensors of /sys under ``root``; warm from ``high`` degrees Celsius on, too hot from ``too_hot``."""

    device_class = "temperature"
    driver = "temperature"

    def __init__(
        self,
        high: float = 75.0,
        too_hot: float = 90.0,
        root: Path = Path("/"),
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(now)
        self._levels = (("temperature.too_hot", too_hot), ("temperature.high", high))
        self._root = root
        self._told = ""

    def celsius(self, deadline: Deadline) -> float:
        """Return the hottest sensor's reading."""
        found = readings(self._root, deadline)
        if not found:
            raise DriverError("temperature.not_found", "no sensor that can be read")
        return max(found.values())

    def look(self, deadline: Deadline) -> tuple[Fault, ...]:
        """Read the sensors and compare, with some degrees between the beginning of a fault and its end."""
        warmth = self.celsius(deadline)
        told = self._told
        self._told = ""
        for code, level in self._levels:
            already = told == code or (told == "temperature.too_hot" and code == "temperature.high")
            if warmth >= level - (FALL_BEFORE_CALM if already else 0.0):
                self._told = code
                return (Fault(code, evidence=f"about {round(warmth / 5) * 5} degrees"),)
        return ()


def readings(root: Path, deadline: Deadline) -> dict[Path, float]:
    """Return what every sensor reads now, in degrees Celsius; those that cannot be read are left out."""
    found: dict[Path, float] = {}
    for folder, pattern in _SENSORS:
        for path in sorted((root / folder).glob(pattern)):
            try:
                value = float(read_text(path, "temperature.not_found", deadline).strip()) / 1000  # millidegrees
            except DriverError:
                if deadline.expired:
                    raise
                continue  # sensors of a part that is switched off cannot be read
            except ValueError:
                continue
            if PLAUSIBLE[0] <= value <= PLAUSIBLE[1]:
                found[path] = value
    return found
