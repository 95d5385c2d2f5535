"""A UPS that upsd watches: is the terminal on mains, on battery, or nearly out of it?"""

from __future__ import annotations

import time
from collections.abc import Callable

from drivers.base import (
    Check,
    CheckOutcome,
    Deadline,
    DeviceIdentity,
    DeviceState,
    DriverError,
    Fault,
    Health,
    Supply,
    SupplyLevel,
)
from drivers.nut.connection import NutConnection
from drivers.nut.listing import ask_list, unexpected
from drivers.nut.protocol import Refusal, number, variable
from drivers.power_supply import Power, PowerSupply

DEFAULT_PORT = 3493
_NOT_CONNECTED = ("DATA-STALE", "DRIVER-NOT-CONNECTED")
_POWERED = frozenset({"OL", "OB", "BYPASS", "FSD"})
"""Words of ``ups.status`` that say where the power comes from."""
_CONFIGURATION = {"UNKNOWN-UPS": "power.unknown_ups", "ACCESS-DENIED": "power.access_denied"}
_WARNINGS = {"RB": "power.replace_battery", "OVER": "power.overloaded", "BYPASS": "power.bypassed"}
"""Words of ``ups.status`` that ask for a technician (docs/new-drivers.txt of Network UPS Tools)."""


class NutPowerSupply(PowerSupply):
    """The supply called ``ups`` of the daemon at ``host`` and ``port``. ``answer_timeout`` (s): the longest one answer may take."""

    def __init__(
        self,
        ups: str = "ups",
        host: str = "127.0.0.1",
        port: int = DEFAULT_PORT,
        *,
        answer_timeout: float = 2.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._ups = ups
        self._connection = NutConnection(host, port)
        self._answer_timeout = answer_timeout
        self._now = now
        self._identity = DeviceIdentity("power_supply", "nut")

    def identity(self) -> DeviceIdentity:
        """Say what the supply says of itself; known after ``open``."""
        return self._identity

    def open(self, deadline: Deadline) -> None:
        """Connect and ask for all variables, so that a wrong name is found out."""
        self._connection.open(deadline)
        try:
            found = self._list(deadline)
        except DriverError:
            self._connection.close()
            raise
        if isinstance(found, dict):
            model = found.get("device.model", found.get("ups.model", ""))
            serial = found.get("device.serial", found.get("ups.serial", ""))
            self._identity = DeviceIdentity(
                "power_supply", "nut", _plain(model), _plain(serial), _plain(found.get("ups.firmware", ""))
            )

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def poll(self, deadline: Deadline) -> Health:
        """Ask how it stands. A supply that the daemon has lost is a fault; an empty battery is one only without mains."""
        found = self._list(deadline)
        if isinstance(found, Refusal):
            return Health(DeviceState.FAULT, (Fault("power.not_connected", evidence=found.code),), (), self._now())
        power = _power(found)
        faults: list[Fault] = []
        # Tens of percent: a fault that changes with every second would be reported anew with every second.
        evidence = (
            power.status if power.charge is None else f"{power.status}, charge about {round(power.charge, -1):.0f} %"
        )
        if not power.on_mains:
            faults.append(Fault("power.battery_low" if power.battery_low else "power.on_battery", evidence=evidence))
        faults += [Fault(code) for word, code in _WARNINGS.items() if word in power.status.split()]
        return Health(
            DeviceState.DEGRADED if faults else DeviceState.ONLINE,
            tuple(faults),
            (Supply("battery", SupplyLevel.LOW if power.battery_low else SupplyLevel.OK),),
            self._now(),
        )

    def power(self, deadline: Deadline) -> Power:
        """Ask how it stands now. Raises ``DriverError`` as well when the daemon has lost the supply."""
        found = self._list(deadline)
        if isinstance(found, Refusal):
            raise DriverError("power.not_connected", evidence=found.code)
        return _power(found)

    def reset(self, deadline: Deadline) -> None:
        """Nothing is ever switched here: a supply that was reset would take the terminal's power away."""
        self.power(deadline)

    def self_test(self, deadline: Deadline) -> tuple[Check, ...]:
        """Check that the supply answers, that the mains are there, and that the battery is well."""
        try:
            health, power = self.poll(deadline), self.power(deadline)
        except DriverError as error:
            return (Check("answers", CheckOutcome.FAIL, error.fault),)
        evidence = f"{power.status}, charge {power.charge}, runtime {power.runtime}"
        return (
            Check("answers", CheckOutcome.PASS, evidence=evidence),
            *(Check(fault.code.partition(".")[2], CheckOutcome.WARN, fault) for fault in health.faults),
        )

    def _list(self, deadline: Deadline) -> dict[str, str] | Refusal:
        """Ask for all variables: all of one moment, and one question. A refusal is a supply of which nothing is known now."""
        found: dict[str, str] = {}

        def take(line: str) -> None:
            name, value = variable(line, self._ups)
            found[name] = value

        limit = deadline.within(self._answer_timeout)
        refused = ask_list(self._connection, f"LIST VAR {self._ups}", take, limit, self.saw)
        if refused is not None:
            if refused.code in _NOT_CONNECTED:
                return refused
            raise DriverError(_CONFIGURATION.get(refused.code, "power.unexpected_answer"), evidence=refused.code[:40])
        status = found.get("ups.status", "")
        if not status:
            raise unexpected("no status")
        # WAIT: the daemon's own driver has not heard of the supply yet. Unknown is neither mains nor battery.
        return found if _POWERED & set(status.split()) else Refusal(status[:40])


def _power(found: dict[str, str]) -> Power:
    status = found["ups.status"]
    words = status.split()
    return Power(
        # FSD: a shutdown is under way, and the supply will switch off although the mains may be back.
        on_mains="OB" not in words and "FSD" not in words,
        battery_low="LB" in words or "FSD" in words,
        charge=number(found.get("battery.charge")),
        runtime=number(found.get("battery.runtime")),
        status=status[:60],
    )


def _plain(text: str) -> str:
    return "".join(sign for sign in text if sign.isprintable())[:80].strip()
