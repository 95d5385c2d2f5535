"""The composition root of ``kiosk devices conform``: a driver's benches or one real device, the suite, and the table at the end."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from drivers import registry
from drivers.conformance import configured, suite
from drivers.conformance.bench import Bench
from kiosk.app import default_configuration, device_entries
from kiosk.config import ASSETS, ConfigurationError, load
from kiosk.devices.desk import DeviceEntry
from kiosk.faults import Catalogue
from kiosk.selftest.borrowing import CannotBorrowError, borrowed
from kiosk.selftest.words import TEXTS
from kiosk.texts import Texts

_LOAN_SECONDS = 1800.0
_MOST_FINDINGS = 20
"""Of one bench, after which it is left: each may cost many seconds, and a driver's first mistakes hide the others."""


@dataclass(frozen=True)
class Chosen:
    """Which cases are run: so many, by this seed, or the one with this number."""

    count: int
    seed: int
    number: int | None = None


@dataclass
class Tally:
    """What became of one bench's cases. ``armed``: disturbances of the hardware; ``happened``: those that an operation met."""

    bench: str
    cases: int = 0
    armed: int = 0
    happened: int = 0
    seconds: float = 0.0
    findings: list[str] = field(default_factory=list[str])


def conform(driver: str, bench_name: str | None, chosen: Chosen) -> int:
    """Run the suite on a driver's benches; return 0 when nothing was found, 1 when something was, 2 for a wrong call."""
    try:
        found = registry.find(driver)
    except (registry.UnknownDriverError, registry.BrokenDriverError) as error:
        return _refused(str(error))
    benches = [factory() for factory in found.benches]
    if not benches:
        return _refused(f"{driver} has no bench; docs/writing-a-driver.md says how to make one")
    named = [bench for bench in benches if bench_name in (None, bench.name)]
    if not named:
        return _refused(f"{driver} has no bench {bench_name!r}; it has {', '.join(bench.name for bench in benches)}")
    if chosen.number is not None and len(named) > 1:
        return _refused("--case needs --bench when a driver has several")
    again = partial(suite.replay, driver)
    return _show([_run(bench, _numbered(suite.cases, bench, chosen), again) for bench in named])


def conform_device(driver: str, config: Path | None, name: str, chosen: Chosen) -> int:
    """Run on a real device of a configuration what needs nobody; the terminal lends it. Returns as ``conform``."""
    try:
        configuration = load(config or default_configuration())
        entries = {entry.name: entry for entry in device_entries(configuration)}
    except ConfigurationError as error:
        return _refused(str(error))
    entry = entries.get(name)
    if entry is None or entry.driver != driver:
        others = ", ".join(f"{entry.name} ({entry.driver})" for entry in entries.values())
        return _refused(f"no device {name!r} of the driver {driver} is configured; there are {others}")
    texts = Texts(TEXTS)

    def say(key: str) -> None:
        sys.stderr.write(f"{texts.get('en', key)}\n")

    try:
        with borrowed(configuration, (name,), _LOAN_SECONDS, False, say):
            tally = run_device(entry, chosen, config)
    except CannotBorrowError as error:
        say(error.key)
        return 1
    if not tally.cases:
        return _refused(f"case {chosen.number} needs a person: see kiosk selftest --interactive")
    return _show([tally])


def run_device(entry: DeviceEntry, chosen: Chosen, config: Path | None = None) -> Tally:
    """Run the cases that need nobody on a device that nobody else holds; ``config`` is the file that names it."""
    bench = configured.ConfiguredBench(entry.name, entry.device_class, entry.factory)

    def again(case: suite.Case) -> str:
        where = "" if config is None else f"--config {config} "
        return (
            f"kiosk devices conform {entry.driver} {where}--device {entry.name} --seed {case.seed} --case {case.number}"
        )

    return _run(bench, _numbered(configured.cases, bench, chosen), again)


def _numbered(
    cases: Callable[[Bench, int, int], Sequence[suite.Case]], bench: Bench, chosen: Chosen
) -> Sequence[suite.Case]:
    if chosen.number is None:
        return cases(bench, chosen.seed, chosen.count)
    return [case for case in cases(bench, chosen.seed, chosen.number + 1) if case.number == chosen.number]


def _run(bench: Bench, cases: Sequence[suite.Case], again: Callable[[suite.Case], str]) -> Tally:
    from rich.progress import Progress

    catalogue = Catalogue.installed(ASSETS / "faults")
    codes = frozenset(catalogue.entries)
    tally = Tally(bench.name, findings=[f"not used: {refused}" for refused in catalogue.refused])
    sys.stderr.write("".join(f"{finding}\n" for finding in tally.findings))
    since = time.monotonic()
    with Progress() as progress, suite.started(bench):
        task = progress.add_task(bench.name, total=len(cases))
        for case in cases:
            outcome = suite.run(case, bench, codes)
            tally.cases += 1
            tally.armed += case.injects
            tally.happened += outcome.happened
            if outcome.finding is not None:
                tally.findings.append(f"{outcome.finding}\nagain: {again(case)}")
                progress.console.print(tally.findings[-1], markup=False, highlight=False, soft_wrap=True)
            progress.advance(task)
            if len(tally.findings) >= _MOST_FINDINGS:
                progress.console.print(f"{bench.name}: left after {_MOST_FINDINGS} findings")
                break
    tally.seconds = time.monotonic() - since
    return tally


def _show(tallies: Sequence[Tally]) -> int:
    from rich.console import Console
    from rich.table import Table

    table = Table()
    for heading in ("bench", "cases", "armed", "happened", "findings", "seconds"):
        table.add_column(heading, justify="left" if heading == "bench" else "right")
    for tally in tallies:
        numbers = (tally.cases, tally.armed, tally.happened, len(tally.findings))
        table.add_row(tally.bench, *map(str, numbers), f"{tally.seconds:.1f}")
    Console().print(table)
    return 1 if any(tally.findings for tally in tallies) else 0


def _refused(text: str) -> int:
    sys.stderr.write(f"kiosk devices conform: {text}\n")
    return 2
