"""The UPS's bench: the virtual daemon on a free port of this machine."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from random import Random

from drivers.base import Device
from drivers.conformance.bench import Bench, Disturbance, Operation
from drivers.nut.ups import NutPowerSupply
from drivers.power_supply import Power
from drivers.sim.ups import VirtualUps

_ANSWER_SECONDS = 2.0
"""Longer than a disturbed call lasts: a loaded machine's good answer is never taken for silence."""
_LATEST_SECONDS = 0.4


class NutBench(Bench):
    """One supply on mains, its battery full."""

    name = "nut"
    device_class = "power_supply"

    def start(self) -> None:
        """Bring the hardware up, in its good state."""
        self._ups = VirtualUps()
        self._ups.start()
        self._calmed = threading.Event()

    def stop(self) -> None:
        """Take it down."""
        self._calmed.set()
        self._ups.stop()

    def make(self) -> Device:
        """Return a new device for this hardware."""
        return NutPowerSupply(port=self._ups.port, answer_timeout=_ANSWER_SECONDS)

    def make_absent(self) -> Device:
        """Return a device for a supply that the daemon does not know."""
        return NutPowerSupply("absent", port=self._ups.port, answer_timeout=_ANSWER_SECONDS)

    @property
    def operations(self) -> Mapping[str, Operation]:
        """The calls of a supply."""
        return {"power": lambda device, deadline, cancel: device.power(deadline)}

    @property
    def disturbances(self) -> frozenset[Disturbance]:
        """All of them."""
        return frozenset(Disturbance)

    def prepare(self, operation: str) -> None:
        """Nothing is to be prepared: the mains are there."""

    def arm(self, disturbance: Disturbance, random: Random) -> None:
        """Let it happen in the next answers."""
        self._calmed.clear()
        match disturbance:
            case Disturbance.UNPLUG:
                self._ups.unplug()
            case Disturbance.MUTE | Disturbance.HANG:
                self._ups.spoil = lambda _answer: b""
            case Disturbance.LATE:
                seconds = random.uniform(0.0, _LATEST_SECONDS)
                calmed = self._calmed
                self._ups.spoil = lambda answer: b"" if calmed.wait(seconds) else answer
            case Disturbance.PARTIAL:
                share, closes = random.random(), random.random() < 0.3
                self._ups.spoil = lambda answer: None if closes else answer[: int(len(answer) * share)]
            case Disturbance.GARBAGE:
                noise, at = random.randbytes(random.randrange(1, 2000)), random.random()
                self._ups.spoil = lambda answer: (
                    answer[: int(len(answer) * at)] + noise + answer[int(len(answer) * at) :]
                )

    def calm(self) -> None:
        """End every disturbance."""
        self._calmed.set()
        self._ups.spoil = None
        self._ups.plug()

    def judge(self, operation: str, result: object, disturbed: bool) -> str:
        """Undisturbed the mains are there, and that is said."""
        if not isinstance(result, Power):
            return f"power returned {result!r}"
        if not disturbed and (not result.on_mains or result.charge != 100):
            return f"the supply is on mains and full, not {result}"
        return ""
