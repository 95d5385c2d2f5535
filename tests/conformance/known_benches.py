"""Every bench of every registered driver, and which of its cases the tests run: a new bench is tested without a line here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from drivers import registry
from drivers.conformance import suite
from drivers.conformance.bench import Bench
from kiosk.config import ASSETS
from kiosk.faults import Catalogue

SEED = 1
CHUNK = 25
INJECTIONS = 2000
"""Of the hardware, over all benches; what is done to calls (closed, cancelled, hurried) comes on top."""
OF_EACH_OPERATION = 6
"""On each bench, and each disturbance that can meet the operation at least once."""
CODES = frozenset(Catalogue.load(ASSETS / "faults").entries)


@dataclass(frozen=True)
class Known:
    """One bench of one driver; ``make`` returns a new one, not started."""

    driver: str
    index: int
    name: str

    def make(self) -> Bench:
        return registry.find(self.driver).benches[self.index]()

    def __str__(self) -> str:
        return f"{self.driver}-{self.name}"


@cache
def known_benches() -> tuple[Known, ...]:
    return tuple(
        Known(name, index, factory().name)
        for name, driver in sorted(registry.drivers().items())
        for index, factory in enumerate(driver.benches)
    )


@cache
def cases_of_a_bench() -> int:
    """The least number of cases, the same for every bench, with which all of them get ``INJECTIONS`` together."""
    benches = [known.make() for known in known_benches()]
    count = CHUNK
    while sum(len(injections(bench, count)) for bench in benches) < INJECTIONS:
        count += CHUNK
    return count


def injections(bench: Bench, count: int) -> list[suite.Case]:
    return [case for case in suite.cases(bench, SEED, count) if case.injects]
