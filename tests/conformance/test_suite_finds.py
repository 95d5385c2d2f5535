"""The suite itself: a driver that keeps every rule passes, and one that breaks a rule is found, each by the case made for it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator

import pytest
from toy_driver import CODES, LIMITS, WHO, Toy, ToyBench, run

from drivers.base import Check, CheckOutcome, Deadline, DeviceIdentity, DeviceState, DriverError, Fault, Health
from drivers.conformance import suite
from drivers.conformance.bench import Disturbance
from drivers.conformance.case import Case, Kind, plain_count
from drivers.conformance.privacy import tells
from drivers.conformance.suite import Limits
from drivers.wire import Direction

RELEASED = threading.Event()
"""Set when a test is over, so that what hung on purpose ends."""
LEFT: list[int] = []
"""Descriptors that a driver leaves; closed when the test is over."""


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
