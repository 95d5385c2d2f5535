"""Every driver on every one of its benches: trouble at every moment, and afterwards it works and leaves nothing behind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from known_benches import (
    CHUNK,
    CODES,
    INJECTIONS,
    OF_EACH_OPERATION,
    SEED,
    Known,
    cases_of_a_bench,
    injections,
    known_benches,
)

from drivers import registry
from drivers.conformance import suite
from drivers.conformance.bench import Bench
from drivers.conformance.case import COMMON_OPERATIONS

WITHOUT_BENCH = {
    "clock": "asks the kernel, which cannot be unplugged or late; every answer it can give is in tests/system_devices",
    "storage": "asks the kernel for the room on a file system, as above",
}
"""Drivers that have no bench, each with the reason."""


@pytest.fixture(scope="module")
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    with suite.started(request.param.make()) as started:
        yield started


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("bench", "known", "first"),
    [
        pytest.param(known, known, first, id=f"{known}-{first}")
        for known in known_benches()
        for first in range(0, cases_of_a_bench(), CHUNK)
    ],
    indirect=["bench"],
)
def test_a_driver_keeps_the_rules_whatever_happens(bench: Bench, known: Known, first: int) -> None:
    found, armed, happened = [], 0, 0
    for case in suite.cases(bench, SEED, first + CHUNK)[first:]:
        outcome = suite.run(case, bench, CODES)
        if outcome.finding is not None and outcome.finding.late:
            outcome = suite.run(case, bench, CODES)  # the machine may have been busy; a driver that is slow is so again
        armed, happened = armed + case.injects, happened + outcome.happened
        if outcome.finding is not None:
            found.append(f"{outcome.finding}\nagain: {suite.replay(known.driver, case)}")
    assert not found, "\n\n".join(found)
    assert happened == armed  # so that what is counted below is not only meant to happen


def test_every_driver_of_real_hardware_has_a_bench_or_a_reason() -> None:
    without = {name for name, driver in registry.drivers().items() if not driver.virtual and not driver.benches}
    assert without == set(WITHOUT_BENCH)


def test_the_names_of_benches_are_their_own_and_their_class_is_the_driver_s() -> None:
    names = [known.name for known in known_benches()]
    assert sorted(set(names)) == sorted(names)
    for known in known_benches():
        assert known.make().device_class == registry.find(known.driver).device_class, known


def test_there_are_enough_injections_of_every_kind_and_the_same_each_time() -> None:
    benches = [known.make() for known in known_benches()]
    assert sum(len(injections(bench, cases_of_a_bench())) for bench in benches) >= INJECTIONS
    for bench in benches:
        kinds = Counter((case.operation, case.disturbance) for case in injections(bench, cases_of_a_bench()))
        for operation in (*COMMON_OPERATIONS, *bench.operations):
            each = [kinds[operation, disturbance] for disturbance in bench.disturbances_of(operation)]
            assert min(each) >= 1, (bench.name, operation)
            assert sum(each) >= OF_EACH_OPERATION, (bench.name, operation)
        first, second = (suite.cases(bench, SEED, cases_of_a_bench()) for _ in range(2))
        assert [(str(case), case.random.random()) for case in first] == [
            (str(case), case.random.random()) for case in second
        ]
