"""The suite itself: a driver that keeps every rule passes, and one that breaks a rule is found, each by the case made for it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from random import Random

import pytest

from drivers.base import Check, CheckOutcome, Deadline, Device, DeviceIdentity, DeviceState, DriverError, Fault, Health
from drivers.conformance import suite
from drivers.conformance.bench import Bench, Disturbance, Operation
from drivers.conformance.case import Case, Kind, plain_count
from drivers.conformance.suite import Limits

CODES = frozenset({"toy.not_found", "toy.no_answer"})
LIMITS = Limits(grace=2.0, hung=0.2, recovery=1.0, settle=0.2)
RELEASED = threading.Event()
"""Set when a test is over, so that what hung on purpose ends."""
LEFT: list[int] = []
"""Descriptors that a driver leaves; closed when the test is over."""


class Toy(Device):
    """Keeps every rule; its hardware is the bench."""

    def __init__(self, bench: ToyBench, absent: bool = False) -> None:
        self.bench = bench
        self.absent = absent
        self.is_open = False

    def identity(self) -> DeviceIdentity:
        return DeviceIdentity("toy", "toy", "model")

    def open(self, deadline: Deadline) -> None:
        if self.absent or self.bench.trouble:
            raise DriverError("toy.not_found")
        self.is_open = True

    def close(self) -> None:
        self.is_open = False

    def _talk(self) -> None:
        if not self.is_open or self.bench.trouble:
            raise DriverError("toy.no_answer")

    def poll(self, deadline: Deadline) -> Health:
        self._talk()
        return Health(DeviceState.ONLINE)

    def reset(self, deadline: Deadline) -> None:
        self._talk()

    def self_test(self, deadline: Deadline) -> tuple[Check, ...]:
        self._talk()
        return (Check("talk", CheckOutcome.PASS),)

    def count(self, deadline: Deadline) -> int:
        self._talk()
        return self.bench.number


class ToyBench(Bench):
    name = "toy"
    device_class = "toy"
    good_seconds = 5.0
    disturbed_seconds = 0.05

    def __init__(self, driver: type[Toy] = Toy) -> None:
        self.driver = driver
        self.number = 0
        self.trouble = False

    def start(self) -> None:
        self.number = 0

    def stop(self) -> None:
        pass

    def make(self) -> Toy:
        return self.driver(self)

    def make_absent(self) -> Toy:
        return self.driver(self, absent=True)

    @property
    def operations(self) -> Mapping[str, Operation]:
        return {"count": lambda device, deadline, cancel: device.count(deadline)}

    @property
    def disturbances(self) -> frozenset[Disturbance]:
        return frozenset({Disturbance.MUTE})

    def prepare(self, operation: str) -> None:
        self.number += 1

    def arm(self, disturbance: Disturbance, random: Random) -> None:
        self.trouble = True

    def calm(self) -> None:
        self.trouble = False

    def judge(self, operation: str, result: object, disturbed: bool) -> str:
        return "" if result == self.number else f"{result} and not {self.number}"


@pytest.fixture(autouse=True)
def released() -> Iterator[None]:
    RELEASED.clear()
    yield
    RELEASED.set()
    while LEFT:
        os.close(LEFT.pop())
    for thread in threading.enumerate():  # or one that ends later hides what the next test leaves
        if thread.name in ("forgotten", "conformance hand"):
            thread.join(20.0)


def run(driver: type[Toy], kind: Kind, operation: str = "") -> str:
    disturbance = Disturbance.MUTE if kind is Kind.DISTURBED else None
    bench = ToyBench(driver)
    bench.start()
    finding = suite.run(Case("toy", 1, 0, kind, operation, disturbance), bench, CODES, LIMITS)
    return finding.wrong if finding else ""


def test_a_driver_that_keeps_the_rules_passes_every_case() -> None:
    with suite.started(ToyBench()) as bench:
        cases = suite.cases(bench, 1, plain_count(bench) + 40)
        assert {case.kind for case in cases} == set(Kind)
        assert [finding for case in cases if (finding := suite.run(case, bench, CODES, LIMITS))] == []


def broken(method: str, does: Callable[[Toy], object]) -> type[Toy]:
    """A driver whose ``method`` does this instead."""
    return type("Broken", (Toy,), {method: lambda self, *arguments: does(self)})


def leak_descriptor(toy: Toy) -> int:
    LEFT.append(os.dup(0))
    return toy.bench.number


def leak_thread(toy: Toy) -> int:
    threading.Thread(target=RELEASED.wait, name="forgotten", daemon=True).start()
    return toy.bench.number


def raises(error: Exception) -> Callable[[Toy], object]:
    def does(toy: Toy) -> object:
        raise error

    return does


@pytest.mark.parametrize(
    ("method", "does", "kind", "operation", "wrong"),
    [
        ("identity", lambda toy: DeviceIdentity("other", "toy"), Kind.IDENTITY, "", "lacks its class"),
        ("identity", lambda toy: DeviceIdentity("toy", "toy", os.urandom(4).hex()), Kind.IDENTITY, "", "changes"),
        ("identity", lambda toy: DeviceIdentity("toy", "toy", "a\0b"), Kind.IDENTITY, "", "unprintable"),
        ("open", lambda toy: None, Kind.ABSENT, "", "not there was opened"),
        ("close", raises(OSError("bad descriptor")), Kind.CLOSE_TWICE, "", "close before open raised"),
        ("count", lambda toy: RELEASED.wait(), Kind.GOOD, "count", "did not return"),
        ("count", raises(OSError("bad descriptor")), Kind.GOOD, "count", "drivers raise DriverError alone"),
        ("count", raises(DriverError("toy.unheard_of")), Kind.GOOD, "count", "stands in no catalogue"),
        ("count", raises(DriverError("toy.no_answer")), Kind.GOOD, "count", "count raised toy.no_answer"),
        ("count", lambda toy: toy.bench.number - 1, Kind.DISTURBED, "count", "and not"),
        ("count", lambda toy: toy.bench.number - 1, Kind.CLOSED, "count", "and not"),
        ("count", lambda toy: toy.bench.number - 1, Kind.CLOSE, "count", "and not"),
        ("count", lambda toy: toy.bench.number - 1, Kind.CANCEL, "count", "and not"),
        ("count", lambda toy: toy.bench.number - 1, Kind.HURRIED, "count", "and not"),
        ("count", leak_descriptor, Kind.GOOD, "count", "descriptors left"),
        ("count", leak_thread, Kind.GOOD, "count", "forgotten"),
        ("poll", lambda toy: Health(DeviceState.FAULT), Kind.GOOD, "poll", "poll says fault"),
        (
            "poll",
            lambda toy: Health(DeviceState.DEGRADED, (Fault("toy.odd"),)),
            Kind.GOOD,
            "poll",
            "'toy.odd' stands in no catalogue",
        ),
        ("self_test", lambda toy: (), Kind.GOOD, "self_test", "self_test returned ()"),
        (
            "self_test",
            lambda toy: (Check("talk", CheckOutcome.FAIL),),
            Kind.DISTURBED,
            "self_test",
            "fails without a fault",
        ),
        ("reset", lambda toy: True, Kind.GOOD, "reset", "reset returned True"),
    ],
)
def test_a_broken_rule_is_found(method: str, does, kind: Kind, operation: str, wrong: str) -> None:
    assert run(Toy, kind, operation) == ""
    assert wrong in run(broken(method, does), kind, operation)


def test_a_device_that_stays_broken_is_found_and_so_is_one_that_is_slow() -> None:
    class Stubborn(Toy):
        broken = False

        def open(self, deadline: Deadline) -> None:
            if self.broken:
                raise DriverError("toy.not_found")
            super().open(deadline)

        def close(self) -> None:
            super().close()
            self.broken = True

    assert "not back 1 s after the trouble ended: toy.not_found" in run(Stubborn, Kind.CLOSED, "count")

    class Slow(Toy):
        def count(self, deadline: Deadline) -> int:
            RELEASED.wait(0.3)
            return super().count(deadline)

    case = Case("toy", 1, 0, Kind.HURRIED, "count")
    finding = suite.run(case, ToyBench(Slow), CODES, Limits(grace=0.1, hung=20.0))
    assert finding is not None
    assert finding.late
    assert suite.replay("toy", case) == "kiosk devices conform toy --bench toy --seed 1 --case 0"
