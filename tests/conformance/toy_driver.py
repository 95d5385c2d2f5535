"""A toy driver that keeps every rule, its bench, and drivers made of it that break one: on them the suite itself is tried."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from random import Random

from drivers.base import Check, CheckOutcome, Deadline, Device, DeviceIdentity, DeviceState, DriverError, Health
from drivers.conformance import suite
from drivers.conformance.bench import Bench, Disturbance, Operation
from drivers.conformance.case import Case, Kind
from drivers.conformance.suite import Limits
from drivers.operator import Operator
from drivers.wire import Direction

CODES = frozenset({"toy.not_found", "toy.no_answer"})
LIMITS = Limits(grace=2.0, hung=0.2, notice=0.3, recovery=1.0, settle=0.2)
WHO = "11010519900307001X 测试甲"
"""What is on the toy's hardware and is nobody's business."""


class Toy(Device):
    """Keeps every rule; its hardware is the bench."""

    def __init__(self, bench: ToyBench, absent: bool = False) -> None:
        self.bench = bench
        self.absent = absent
        self.is_open = False

    def identity(self) -> DeviceIdentity:
        return DeviceIdentity("toy", "toy", "model")

    def open(self, deadline: Deadline) -> None:
        if self.absent or self.bench.asked():
            raise DriverError("toy.not_found")
        self.is_open = True

    def close(self) -> None:
        self.is_open = False

    def _talk(self) -> None:
        if not self.is_open or self.bench.asked():
            raise DriverError("toy.no_answer")
        self.saw(Direction.IN, 1, "··", "answer")

    def poll(self, deadline: Deadline) -> Health:
        self._talk()
        return Health(DeviceState.ONLINE)

    def reset(self, deadline: Deadline) -> None:
        self._talk()

    def self_test(self, deadline: Deadline) -> tuple[Check, ...]:
        self._talk()
        return (Check("talk", CheckOutcome.PASS),)

    def guided_test(self, operator: Operator, deadline: Deadline) -> tuple[Check, ...]:
        unable = operator.instruct("selftest.put_card")
        while not (deadline.expired or operator.cancel.is_set() or unable.is_set()):
            unable.wait(0.01)
        return (Check("hand", CheckOutcome.SKIP),)

    def count(self, deadline: Deadline, cancel: threading.Event) -> int | None:
        """Wait for a number that has not been told yet."""
        self._talk()
        while self.bench.told == self.bench.number:
            if deadline.expired or cancel.wait(0.01):
                return None
        self.bench.told = self.bench.number
        return self.bench.number


class ToyBench(Bench):
    name = "toy"
    device_class = "toy"
    good_seconds = 5.0
    disturbed_seconds = 0.05
    personal = tuple(WHO.split())

    def __init__(self, driver: type[Toy] = Toy) -> None:
        self.driver = driver
        self.number = self.told = 0
        self.trouble = False

    def asked(self) -> bool:
        """Whether what the driver asks just now gets no answer."""
        self.steps.take()
        return self.trouble

    def start(self) -> None:
        self.number = self.told = 0

    def stop(self) -> None:
        pass

    def make(self) -> Toy:
        return self.driver(self)

    def make_absent(self) -> Toy:
        return self.driver(self, absent=True)

    @property
    def operations(self) -> Mapping[str, Operation]:
        return {"count": lambda device, deadline, cancel: device.count(deadline, cancel)}

    @property
    def disturbances(self) -> frozenset[Disturbance]:
        return frozenset({Disturbance.UNPLUG, Disturbance.MUTE})

    def prepare(self, operation: str) -> None:
        self.number += 1

    def disturb(self, disturbance: Disturbance, random: Random) -> None:
        self.trouble = True

    def calm(self) -> None:
        self.trouble = False
        self.told = self.number  # there is no other any more

    def judge(self, operation: str, result: object, disturbed: bool) -> str:
        if result == self.number or (disturbed and result is None):
            return ""
        return f"{result} and not {self.number}"


def run(driver: type[Toy], kind: Kind, operation: str = "") -> str:
    disturbance = Disturbance.MUTE if kind in (Kind.DISTURBED, Kind.NOTICED) else None
    bench = ToyBench(driver)
    bench.start()
    finding = suite.run(Case("toy", 1, 0, kind, operation, disturbance), bench, CODES, LIMITS).finding
    return finding.wrong if finding else ""


def found_in_some(driver: type[Toy], kind: Kind, operation: str = "count") -> set[str]:
    """What is found in eight cases that differ in their moments alone; a driver that keeps the rules passes them all."""
    disturbance = Disturbance.MUTE if kind in (Kind.DISTURBED, Kind.NOTICED) else None
    found: set[str] = set()
    for number in range(8):
        case = Case("toy", 1, number, kind, operation, disturbance)
        assert suite.run(case, ToyBench(), CODES, LIMITS).finding is None
        finding = suite.run(case, ToyBench(driver), CODES, LIMITS).finding
        found.add(finding.wrong if finding else "")
    return found
