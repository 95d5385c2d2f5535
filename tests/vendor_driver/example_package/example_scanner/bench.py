"""The bench of the ES-1: the virtual scanner, what can happen to it, and what a scan must give."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from itertools import count
from random import Random

from drivers.base import Device
from drivers.conformance.bench import Bench, Disturbance, Operation
from drivers.qr_scanner import QrPayload
from example_scanner.driver import ExampleScanner
from example_scanner.virtual import VirtualScanner


class ExampleBench(Bench):
    """One virtual scanner; each code that is held to it is another, so that an old one is recognised as wrong."""

    name = "example_tcp"
    device_class = "code_scanner"
    personal = ("example.invalid",)

    def __init__(self) -> None:
        self._codes = count(1)
        self._held = b""

    def start(self) -> None:
        """Switch the scanner on, and keep a port on which nobody listens."""
        self._nobody = socket.socket()
        self._nobody.bind(("127.0.0.1", 0))
        self._virtual = VirtualScanner()
        self._virtual.heard = self.steps.take
        self._virtual.start()

    def stop(self) -> None:
        """Switch it off."""
        self._virtual.stop()
        self._nobody.close()

    def make(self) -> Device:
        """Return a driver for it."""
        return ExampleScanner(*self._virtual.address)

    def make_absent(self) -> Device:
        """Return a driver for the port where nobody listens."""
        return ExampleScanner(*self._nobody.getsockname())

    @property
    def operations(self) -> Mapping[str, Operation]:
        """The calls of a code scanner."""
        return {"scan": lambda device, deadline, cancel: device.scan(deadline, cancel)}

    @property
    def disturbances(self) -> frozenset[Disturbance]:
        """Everything can happen to it."""
        return frozenset(Disturbance)

    def prepare(self, operation: str) -> None:
        """Hold a code that was never held before."""
        self._held = f"https://example.invalid/{next(self._codes)}".encode()
        self._virtual.hold(self._held)

    def disturb(self, disturbance: Disturbance, random: Random) -> None:
        """Let it happen to the answer that is due now, and to those that follow."""
        share, noise, delay = random.random(), random.randbytes(random.randint(1, 300)), random.uniform(0.01, 0.5)
        virtual = self._virtual
        match disturbance:
            case Disturbance.UNPLUG if random.random() < 0.3:
                virtual.unplug()
            case Disturbance.UNPLUG:

                def pull(data: bytes) -> tuple[float, bytes, bool]:
                    virtual.unplug()
                    return 0.0, data[: int(share * len(data))], True

                virtual.spoil(pull)
            case Disturbance.MUTE:
                virtual.spoil(lambda data: (0.0, b"", False))
            case Disturbance.LATE:
                virtual.spoil(lambda data: (delay, data, False))
            case Disturbance.PARTIAL:
                virtual.spoil(lambda data: (0.0, data[: int(share * len(data))], False))
            case Disturbance.GARBAGE:
                where = random.choice(("before", "inside", "instead"))

                def garble(data: bytes) -> tuple[float, bytes, bool]:
                    middle = int(share * len(data))
                    spoilt = {"before": noise + data, "inside": data[:middle] + noise + data[middle:], "instead": noise}
                    return 0.0, spoilt[where], False

                virtual.spoil(garble)
            case Disturbance.BABBLE:
                virtual.babble(noise)
            case Disturbance.HANG:
                virtual.hang()

    def calm(self) -> None:
        """Make everything good again, with nothing before the scanner."""
        self._virtual.calm()
        self._virtual.hold(None)

    def judge(self, operation: str, result: object, disturbed: bool) -> str:
        """A scan gives the code that is held, and nothing else; disturbed, it may give none."""
        if result is None and disturbed:
            return ""
        if isinstance(result, QrPayload) and result.data == self._held:
            return ""
        return f"the scan gave {result!r} and not the code that is held"
