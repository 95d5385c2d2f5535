"""The composition root of ``kiosk devices conform``: a driver's benches, the conformance suite, and the table at the end."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field

from drivers import registry
from drivers.conformance import suite
from drivers.conformance.bench import Bench
from kiosk.config import ASSETS
from kiosk.faults import Catalogue


@dataclass
class _Tally:
    """What became of one bench's cases."""

    bench: str
    cases: int = 0
    injections: int = 0
    seconds: float = 0.0
    findings: list[suite.Finding] = field(default_factory=list[suite.Finding])


def conform(driver: str, bench_name: str | None, count: int, seed: int, number: int | None) -> int:
    """Run the suite on a driver's benches; return 0 when nothing was found, 1 when something was, 2 for a wrong call."""
    try:
        found = registry.find(driver)
    except (registry.UnknownDriverError, registry.BrokenDriverError) as error:
        return _refused(str(error))
    benches = [factory() for factory in found.benches]
    if not benches:
        return _refused(f"{driver} has no bench; docs/writing-a-driver.md says how to make one")
    chosen = [bench for bench in benches if bench_name in (None, bench.name)]
    if not chosen:
        return _refused(f"{driver} has no bench {bench_name!r}; it has {', '.join(bench.name for bench in benches)}")
    if number is not None and len(chosen) > 1:
        return _refused("--case needs --bench when a driver has several")
    codes = frozenset(Catalogue.load(ASSETS / "faults").entries)
    tallies = [_run(driver, bench, codes, count, seed, number) for bench in chosen]
    _show(tallies)
    return 1 if any(tally.findings for tally in tallies) else 0


def _run(driver: str, bench: Bench, codes: frozenset[str], count: int, seed: int, number: int | None) -> _Tally:
    from rich.progress import Progress

    cases = suite.cases(bench, seed, count) if number is None else [suite.case(bench, seed, number)]
    tally = _Tally(bench.name)
    since = time.monotonic()
    with Progress() as progress, suite.started(bench):
        task = progress.add_task(bench.name, total=len(cases))
        for case in cases:
            finding = suite.run(case, bench, codes)
            tally.cases += 1
            tally.injections += case.injects
            if finding is not None:
                tally.findings.append(finding)
                progress.console.print(str(finding), markup=False, highlight=False, soft_wrap=True)
                progress.console.print(
                    f"again: {suite.replay(driver, case)}", markup=False, highlight=False, soft_wrap=True
                )
            progress.advance(task)
    tally.seconds = time.monotonic() - since
    return tally


def _show(tallies: list[_Tally]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table()
    for heading in ("bench", "cases", "injections", "findings", "seconds"):
        table.add_column(heading, justify="left" if heading == "bench" else "right")
    for tally in tallies:
        numbers = (tally.cases, tally.injections, len(tally.findings))
        table.add_row(tally.bench, *map(str, numbers), f"{tally.seconds:.1f}")
    Console().print(table)


def _refused(text: str) -> int:
    sys.stderr.write(f"kiosk devices conform: {text}\n")
    return 2
