"""Which classes of devices can be used, with hysteresis: lost at once, back only after it has been well for a moment."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from drivers.base import DeviceState, Health, SupplyLevel

SETTLING_SECONDS = 1.0
"""A device that comes and goes (a loose plug) would otherwise make tiles flicker."""

USABLE = frozenset({DeviceState.ONLINE, DeviceState.BUSY, DeviceState.DEGRADED})


def is_usable(health: Health) -> bool:
    """Whether citizens' work can be given to a device in this condition. An unknown supply is neither good nor bad."""
    return health.state in USABLE and all(supply.level is not SupplyLevel.OUT for supply in health.supplies)


@dataclass(frozen=True)
class _Known:
    health: Health
    usable: bool
    well_since: float | None
    ever: bool


class Availability:
    """The condition of every device and what follows for its class. ``now`` is monotonic seconds."""

    def __init__(self, classes: Mapping[str, str], mild: Collection[str] = ()) -> None:
        """``classes`` maps a device's name to its class; with a ``mild`` fault alone, by its code, a device still works."""
        self._classes = dict(classes)
        self._mild = mild
        self._known = {name: _Known(Health(DeviceState.STARTING), False, None, False) for name in classes}

    def observe(self, name: str, health: Health, now: float) -> None:
        """Take note of a device's condition."""
        before = self._known[name]
        if not is_usable(health):
            self._known[name] = _Known(health, False, None, before.ever)
            return
        since = before.well_since if before.well_since is not None else now
        usable = before.usable or not before.ever or now - since >= SETTLING_SECONDS
        self._known[name] = _Known(health, usable, since, True)

    def settle(self, now: float) -> float | None:
        """Let devices that were well long enough count as usable; return in how many seconds to ask again, or None."""
        waiting: list[float] = []
        for name, known in self._known.items():
            if known.well_since is not None and not known.usable:
                left = SETTLING_SECONDS - (now - known.well_since)
                if left <= 0:
                    self._known[name] = _Known(known.health, True, known.well_since, True)
                else:
                    waiting.append(left)
        return min(waiting, default=None)

    def health(self, name: str) -> Health:
        """Return the last known condition of a device."""
        return self._known[name].health

    def names(self) -> Iterable[str]:
        """Return all devices."""
        return self._known.keys()

    def device_class(self, name: str) -> str:
        """Return a device's class."""
        return self._classes[name]

    def usable_devices(self, device_class: str) -> list[str]:
        """Return the devices of a class that can be used now."""
        return [name for name, known in self._known.items() if known.usable and self._classes[name] == device_class]

    def reason(self, device_class: str) -> str:
        """Return an empty text when the class can be used, else the code of what is wrong."""
        members = [known for name, known in self._known.items() if self._classes[name] == device_class]
        if any(known.usable for known in members):
            return ""
        if not members:
            return f"{device_class}.not_configured"
        for known in members:
            if is_usable(known.health):
                continue  # it is well and only settling: what it says of a supply that runs low is no reason
            codes = [fault.code for fault in known.health.faults]
            if codes:
                return next((code for code in codes if code not in self._mild), codes[0])
            for supply in known.health.supplies:
                if supply.level is SupplyLevel.OUT:
                    return f"{device_class}.{supply.name}_out"
        return "device.starting"
