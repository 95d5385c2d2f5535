"""The UPS's bench: the virtual daemon on a free port of this machine."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from random import Random

from drivers.base import Device
from drivers.conformance.bench import Bench, Disturbance, Operation
from drivers.nut.ups import NutPowerSupply
from drivers.power_supply import Power
from drivers.sim.babble import Babble
from drivers.sim.ups import Spoil, VirtualUps

_ANSWER_SECONDS = 2.0
"""Longer than a disturbed call lasts: a loaded machine's good answer is never taken for silence."""
_LATEST_SECONDS = 0.4


class NutBench(Bench):
    """One supply on mains, whose battery has another charge whenever it is asked."""

    name = "nut"
    device_class = "power_supply"

    def start(self) -> None:
        """Bring the hardware up, in its good state."""
        self._ups = VirtualUps()
        self._ups.spoil = self._spoilt
        self._ups.start()
        self._spoil: Spoil | None = None
        self._calmed = threading.Event()
        self._babble = Babble()
        self._number = 0

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
        """Charge the battery some more, or use it up."""
        self._number += 1
        self._ups.set_variables({"battery.charge": f"{self._charge}", "battery.runtime": f"{self._runtime}"})

    def disturb(self, disturbance: Disturbance, random: Random) -> None:
        """Let it happen to this answer and those that follow."""
        self._calmed.clear()
        # Noise without any character of a number: the protocol has no checksum, and a wrong digit could not be told.
        noise = bytes(random.choice(range(0x80, 0x100)) for _ in range(random.randrange(1, 2000)))
        share = random.random()
        match disturbance:
            case Disturbance.UNPLUG:
                self._ups.unplug()
            case Disturbance.MUTE | Disturbance.HANG:
                self._spoil = lambda answer: b""
            case Disturbance.LATE:
                calmed, seconds = self._calmed, random.uniform(0.01, _LATEST_SECONDS)
                self._spoil = lambda answer: b"" if calmed.wait(seconds) else answer
            case Disturbance.PARTIAL:
                closes = random.random() < 0.3
                self._spoil = lambda answer: None if closes else answer[: int(len(answer) * share)]
            case Disturbance.GARBAGE:
                self._spoil = lambda answer: (
                    answer[: int(len(answer) * share)] + noise + answer[int(len(answer) * share) :]
                )
            case Disturbance.BABBLE:
                self._babble.start(self._ups.babble, noise[:100] + b"\n")

    def calm(self) -> None:
        """End every disturbance."""
        self._calmed.set()
        self._babble.stop()
        self._spoil = None
        self._ups.plug()

    def judge(self, operation: str, result: object, disturbed: bool) -> str:
        """What is said is what is so now; of a supply in trouble, a number may be unknown."""
        if not isinstance(result, Power):
            return f"power returned {result!r}"
        said = (result.on_mains, result.battery_low, result.charge, result.runtime)
        truth = (True, False, self._charge, self._runtime)
        may_be = [(right, None) if disturbed and index >= 2 else (right,) for index, right in enumerate(truth)]
        right = all(each in allowed for each, allowed in zip(said, may_be, strict=True))
        return "" if right else f"mains, low, charge, runtime are {truth}, not {said}"

    @property
    def _charge(self) -> int:
        return 100 - self._number % 60

    @property
    def _runtime(self) -> int:
        return 1800 - self._number % 1000

    def _spoilt(self, answer: bytes) -> bytes | None:
        self.steps.take()
        spoil = self._spoil
        return spoil(answer) if spoil is not None else answer
