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
from drivers.conformance.privacy import tells
from drivers.conformance.suite import Limits
from drivers.operator import Operator
from drivers.wire import Direction

CODES = frozenset({"toy.not_found", "toy.no_answer"})
LIMITS = Limits(grace=2.0, hung=0.2, notice=0.3, recovery=1.0, settle=0.2)
WHO = "11010519900307001X 测试甲"
"""What is on the toy's hardware and is nobody's business."""
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
    disturbance = Disturbance.MUTE if kind in (Kind.DISTURBED, Kind.NOTICED) else None
    bench = ToyBench(driver)
    bench.start()
    finding = suite.run(Case("toy", 1, 0, kind, operation, disturbance), bench, CODES, LIMITS).finding
    return finding.wrong if finding else ""


def test_a_driver_that_keeps_the_rules_passes_every_case() -> None:
    with suite.started(ToyBench()) as bench:
        cases = suite.cases(bench, 1, plain_count(bench) + 40)
        assert {case.kind for case in cases} == set(Kind)
        outcomes = [suite.run(case, bench, CODES, LIMITS) for case in cases]
    assert [str(outcome.finding) for outcome in outcomes if outcome.finding] == []
    assert [outcome.happened for outcome in outcomes] == [case.injects for case in cases]


def broken(method: str, does: Callable[[Toy], object]) -> type[Toy]:
    """A driver whose ``method`` does this instead."""
    return type("Broken", (Toy,), {method: lambda self, *arguments: does(self)})


def leak_descriptor(toy: Toy) -> int:
    LEFT.append(os.dup(0))
    return toy.bench.number


def leak_thread(toy: Toy) -> int:
    threading.Thread(target=RELEASED.wait, name="forgotten", daemon=True).start()
    return toy.bench.number


def silently(toy: Toy) -> int:
    toy.bench.asked()
    return toy.bench.number


def raises(error: BaseException) -> Callable[[Toy], object]:
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
        ("self_test", lambda toy: (), Kind.GOOD, "self_test", "self_test has no checks"),
        (
            "self_test",
            lambda toy: (Check("talk", CheckOutcome.FAIL),),
            Kind.DISTURBED,
            "self_test",
            "fails without a fault",
        ),
        ("reset", lambda toy: True, Kind.GOOD, "reset", "reset returned True"),
        (
            "count",
            raises(DriverError("toy.no_answer", "nobody shows a number")),
            Kind.IDLE,
            "count",
            "nothing before it",
        ),
        ("count", lambda toy: toy.bench.number - 1, Kind.IDLE, "count", "and not"),
        ("poll", lambda toy: Health(DeviceState.ONLINE), Kind.NOTICED, "poll", "says nothing of hardware"),
        ("poll", lambda toy: Health(DeviceState.ONLINE), Kind.DISTURBED, "poll", "asks the hardware nothing"),
        ("self_test", lambda toy: (Check("talk", CheckOutcome.PASS),), Kind.NOTICED, "self_test", "says nothing"),
        (
            "self_test",
            lambda toy: (Check("talk", CheckOutcome.PASS),),
            Kind.DISTURBED,
            "self_test",
            "asks the hardware nothing",
        ),
        ("reset", lambda toy: None, Kind.DISTURBED, "reset", "asks the hardware nothing"),
        ("guided_test", raises(KeyError("selftest.nowhere")), Kind.GUIDED, "", "drivers raise DriverError alone"),
        ("guided_test", raises(DriverError("toy.no_answer")), Kind.GUIDED, "", "guided_test raised toy.no_answer"),
        ("guided_test", lambda toy: None, Kind.GUIDED, "", "guided_test returned None"),
        ("guided_test", lambda toy: RELEASED.wait(), Kind.GUIDED, "", "did not return"),
        ("count", silently, Kind.GOOD, "count", "the trace shows nothing"),
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
        def count(self, deadline: Deadline, cancel: threading.Event) -> int | None:
            RELEASED.wait(0.3)
            return super().count(deadline, cancel)

    case = Case("toy", 1, 0, Kind.HURRIED, "count")
    finding = suite.run(case, ToyBench(Slow), CODES, Limits(grace=0.1, hung=20.0)).finding
    assert finding is not None
    assert finding.late
    assert suite.replay("toy", case) == "kiosk devices conform toy --bench toy --seed 1 --case 0"


def test_an_answer_from_memory_is_found() -> None:
    """It asked once, long ago, and has answered with that ever since."""

    class Remembers(Toy):
        remembered: int | None = None

        def count(self, deadline: Deadline, cancel: threading.Event) -> int | None:
            self.remembered = self.remembered or super().count(deadline, cancel)
            return self.remembered

    assert "and not" in run(Remembers, Kind.GOOD, "count")


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


def test_the_last_good_answer_of_a_device_that_is_silent_now_is_found() -> None:
    """What one citizen showed must not become the next one's."""

    class LastGood(Toy):
        last: int | None = None
        health: Health | None = None

        def count(self, deadline: Deadline, cancel: threading.Event) -> int | None:
            try:
                self.last = super().count(deadline, cancel)
            except DriverError:
                if self.last is None:
                    raise
            return self.last

        def poll(self, deadline: Deadline) -> Health:
            try:
                self.health = super().poll(deadline)
            except DriverError:
                if self.health is None:
                    raise
            return self.health

    assert any("and not" in wrong for wrong in found_in_some(LastGood, Kind.DISTURBED))
    assert found_in_some(LastGood, Kind.NOTICED, "poll") == {"poll says nothing of hardware that suffers mute, for 0 s"}


def test_the_last_number_given_where_there_is_none_now_is_found() -> None:
    class Cache(Toy):
        last: int | None = None

        def count(self, deadline: Deadline, cancel: threading.Event) -> int | None:
            self.last = super().count(deadline, cancel) or self.last
            return self.last

    assert any("and not" in wrong for wrong in found_in_some(Cache, Kind.IDLE))


def test_a_wrong_answer_is_not_forgiven_because_the_next_one_is_right() -> None:
    class FirstIsWrong(Toy):
        opened_again = False

        def open(self, deadline: Deadline) -> None:
            self.opened_again = self.is_open or self.lost
            super().open(deadline)

        lost = False

        def close(self) -> None:
            self.lost = self.lost or self.is_open
            super().close()

        def count(self, deadline: Deadline, cancel: threading.Event) -> int | None:
            number = super().count(deadline, cancel)
            if self.opened_again and number is not None:
                self.opened_again = False
                return number - 1
            return number

    assert any("and not" in wrong for wrong in found_in_some(FirstIsWrong, Kind.CLOSED))


def test_an_answer_to_the_question_before_is_found_also_where_no_poll_comes_between() -> None:
    class Late(Toy):
        """Its last answer comes when the next question is asked, whatever that is."""

        def __init__(self, bench: ToyBench, absent: bool = False) -> None:
            super().__init__(bench, absent)
            self.late: list[int] = []

        def count(self, deadline: Deadline, cancel: threading.Event) -> int | None:
            if self.late:
                return self.late.pop()
            number = super().count(deadline, cancel)
            if number is not None and deadline.expired:
                self.late.append(number)
                return None
            return number

        def poll(self, deadline: Deadline) -> Health:
            self.late.clear()
            return super().poll(deadline)

    assert any("and not" in wrong for wrong in found_in_some(Late, Kind.HURRIED))


def test_a_driver_that_leaves_the_program_is_found() -> None:
    assert "raised SystemExit(3) at " in run(broken("count", raises(SystemExit(3))), Kind.GOOD, "count")


def test_a_call_that_does_not_care_about_its_cancelling_is_found() -> None:
    class Deaf(Toy):
        def count(self, deadline: Deadline, cancel: threading.Event) -> int | None:
            return super().count(deadline, threading.Event())

    found = set()
    for number in range(8):  # in some of them there is a number at once, and in the others it waits
        case = Case("toy", 1, number, Kind.CANCEL, "count")
        limits = Limits(grace=0.2, hung=0.2, recovery=1.0)
        assert suite.run(case, ToyBench(), CODES, limits).finding is None
        finding = suite.run(case, ToyBench(Deaf), CODES, limits).finding
        found.add(finding.wrong if finding else "")
    assert "count did not return within 0 s after it was cancelled" in found


def raised_from(cause: Exception) -> Callable[[Toy], object]:
    def does(toy: Toy) -> object:
        raise DriverError("toy.no_answer") from cause

    return does


def traced(shown: str) -> Callable[[Toy], object]:
    def does(toy: Toy) -> object:
        toy.saw(Direction.IN, 9, shown, "card")
        return toy.bench.number

    return does


@pytest.mark.parametrize(
    "does",
    [
        raises(DriverError("toy.no_answer", "", WHO)),
        raises(DriverError("toy.no_answer", f"the card of {WHO}")),
        raised_from(ValueError(f"invalid literal for int() with base 10: {WHO!r}")),
        traced(WHO.encode("utf-16-le").hex(" ")),
        traced(WHO.encode("gb18030").hex(" ")),
        lambda toy: [WHO],
    ],
)
def test_personal_data_in_evidence_repr_trace_or_an_exception_s_cause_is_found(does) -> None:
    for kind in (Kind.GOOD, Kind.DISTURBED):
        case = Case("toy", 1, 1, kind, "count", Disturbance.MUTE if kind is Kind.DISTURBED else None)
        outcome = suite.run(case, ToyBench(broken("count", does)), CODES, LIMITS)
        assert outcome.finding is not None
        assert "tells what is on the card" in outcome.finding.wrong
        assert "personal[0] of the bench" in outcome.finding.wrong
        assert not tells(ToyBench.personal, outcome.finding)  # what the suite says is read by many


def test_personal_data_in_a_check_or_in_the_identity_is_found() -> None:
    check = Check("card", CheckOutcome.PASS, evidence=WHO)
    assert "tells what is on the card" in run(broken("self_test", lambda toy: (check,)), Kind.GOOD, "self_test")
    assert "tells what is on" in run(
        broken("identity", lambda toy: DeviceIdentity("toy", "toy", WHO.split()[1])), Kind.IDENTITY
    )


def test_an_injection_counts_only_when_the_operation_has_met_it() -> None:
    class Hesitates(Toy):
        """Asks, or gives what it remembers."""

        asks: Iterator[bool]

        def count(self, deadline: Deadline, cancel: threading.Event) -> int | None:
            return super().count(deadline, cancel) if next(Hesitates.asks) else self.bench.number

    def outcome() -> suite.Outcome:
        case = Case("toy", 1, 0, Kind.DISTURBED, "count", Disturbance.MUTE)
        return suite.run(case, ToyBench(Hesitates), CODES, LIMITS)

    Hesitates.asks = iter([True, *[False] * 2, True, True])  # measured, not met, not met, met, recovered
    assert outcome() == suite.Outcome(None, True)
    Hesitates.asks = iter([True, *[False] * 3])
    never = outcome()
    assert not never.happened
    assert "has not met" in str(never.finding)


def test_trouble_comes_at_every_step_of_a_conversation() -> None:
    """Three questions in one call: each of them is met by some case."""

    class Talks(Toy):
        def count(self, deadline: Deadline, cancel: threading.Event) -> int | None:
            for _ in range(2):
                self._talk()
            return super().count(deadline, cancel)

    bench = ToyBench(Talks)
    met = set()
    with suite.started(bench):
        bench.disturb = lambda disturbance, random: met.add(bench.steps.count - began[0])  # type: ignore[method-assign]
        prepare, began = bench.prepare, [0]

        def prepared(operation: str) -> None:
            prepare(operation)
            began[0] = bench.steps.count

        bench.prepare = prepared  # type: ignore[method-assign]
        for number in range(24):
            case = Case("toy", 1, number, Kind.DISTURBED, "count", Disturbance.MUTE)
            assert suite.run(case, bench, CODES, LIMITS) == suite.Outcome(None, True)
    assert met == {1, 2, 3}
