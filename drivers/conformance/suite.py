"""The conformance suite: runs one case on one bench and says what the driver did that no driver may."""

from __future__ import annotations

from collections.abc import Collection, Generator
from contextlib import contextmanager

from drivers.conformance.bench import Bench
from drivers.conformance.case import Case, Kind, case, cases
from drivers.conformance.finding import Finding, Limits, Outcome
from drivers.conformance.trial import Trial

__all__ = ["Case", "Finding", "Limits", "Outcome", "case", "cases", "replay", "run", "started"]


@contextmanager
def started(bench: Bench) -> Generator[Bench]:
    """Start the bench's hardware and work it once, so that what a library opens for good counts as no leak; stop it in the end."""
    bench.start()
    try:
        for warm_up in (Kind.GOOD, Kind.CLOSE_TWICE):
            for name in bench.operations if warm_up is Kind.GOOD else ("",):
                Trial(Case(bench.name, 0, -1, warm_up, name), bench, None, Limits()).run()
        yield bench
    finally:
        bench.stop()


def run(case: Case, bench: Bench, codes: Collection[str] | None = None, limits: Limits | None = None) -> Outcome:
    """Run one case on a bench that is started.

    ``codes`` is the catalogue of faults: what a driver raises must stand there. None lets every code pass.
    """
    return Trial(case, bench, codes, limits or Limits()).run()


def replay(driver: str, case: Case) -> str:
    """Return the command that runs this very case again."""
    return f"kiosk devices conform {driver} --bench {case.bench} --seed {case.seed} --case {case.number}"
