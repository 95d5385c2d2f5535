"""``kiosk selftest --soak``: checks again and again, random faults where the hardware is virtual, and what is left behind."""

from __future__ import annotations

import gc
import json
import statistics
import sys
import threading
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random

from drivers.base import CheckOutcome, Deadline
from drivers.conformance import suite
from drivers.conformance.bench import Bench
from drivers.conformance.leftovers import Belongings, left_since
from kiosk.devices.desk import DeviceEntry
from kiosk.selftest.examination import Examination
from kiosk.selftest.words import Words

MOST_GROWTH = 0.05
SETTLE_SECONDS = 5.0
_WARM_UP_PART = 1 / 6
_WARM_UP_CASES = 60
"""Cases of each bench before the first measure: libraries have been loaded and caches filled by then."""
_LONGEST_PAUSE = 0.2
_TELL_SECONDS = 10.0
_KEPT_PROBLEMS = 20


@dataclass
class Soaked:
    """What a soak saw. ``threads`` and ``descriptors`` are after the warm-up and at the end; ``memory`` (MB, resident) is the
    median of the first and of the last third of the rounds after the warm-up.
    """

    seed: int
    seconds: float = 0.0
    rounds: int = 0
    checks: int = 0
    check_problems: int = 0
    injections: int = 0
    injection_problems: int = 0
    threads: tuple[int, int] = (0, 0)
    descriptors: tuple[int, int] = (0, 0)
    memory: tuple[float, float] = (0.0, 0.0)
    measured: bool = False
    """Whether the warm-up came to its end, without which nothing can be said of what is left behind."""
    left: str = ""
    problems: list[str] = field(default_factory=list[str])

    @property
    def grown(self) -> bool:
        """Whether memory grew by more than a twentieth."""
        return self.memory[1] > self.memory[0] * (1 + MOST_GROWTH)

    @property
    def passed(self) -> bool:
        """Whether nothing was left behind and no device did what it must not."""
        return self.measured and not (self.left or self.grown or self.check_problems or self.injection_problems)

    def problem(self, text: str) -> None:
        """Keep the first few."""
        if len(self.problems) < _KEPT_PROBLEMS:
            self.problems.append(text)


class Soak:
    """Loops over devices that are there, or over benches with faults, for ``seconds``; ``seed`` chooses order, pauses, faults.

    ``tell`` is called about every ten seconds with what was seen so far; until ``measured`` the soak warms up.
    """

    def __init__(
        self,
        seconds: float,
        seed: int,
        entries: Sequence[DeviceEntry] = (),
        benches: Sequence[Bench] = (),
        codes: Collection[str] | None = None,
        tell: Callable[[Soaked], None] = lambda soaked: None,
        clock: Callable[[], float] = time.monotonic,
        longest_pause: float = _LONGEST_PAUSE,
    ) -> None:
        self._seconds = seconds
        self._random = Random(seed)  # noqa: S311 - order and moments, not secrets
        self._together = tuple(bench for bench in benches if not bench.alone)
        self._alone = tuple(bench for bench in benches if bench.alone)
        self._entries = (*entries, *(_entry(bench) for bench in self._together))
        self._codes = codes
        self._tell = tell
        self._clock = clock
        self._longest_pause = longest_pause
        self._soaked = Soaked(seed)
        self._cases = {bench.name: 0 for bench in benches}
        self._cancelled = threading.Event()
        self._before: _Measure | None = None
        self._told = Deadline.after(_TELL_SECONDS, clock)

    def cancel(self) -> None:
        """End after the present check."""
        self._cancelled.set()

    def run(self) -> Soaked:
        """Soak on this thread."""
        soaked = self._soaked
        began = self._clock()
        self._told = Deadline.after(_TELL_SECONDS, self._clock)
        with ExitStack() as hardware:
            for bench in self._together:
                hardware.enter_context(suite.started(bench))
            end = Deadline.after(self._seconds, self._clock)
            before = self._warm_up(end, Deadline.after(self._seconds * _WARM_UP_PART, self._clock))
            soaked.threads, soaked.descriptors, soaked.memory = _twice(before)
            self._before = before
            memory = [before.memory]
            while not end.expired and not self._cancelled.is_set():
                self._round()
                memory.append(_Measure.now().memory)
            soaked.left = left_since(before.belongings, SETTLE_SECONDS)
            self._measure(before)
            soaked.memory = growth(memory)
        soaked.seconds = round(self._clock() - began, 1)
        return soaked

    def _warm_up(self, end: Deadline, least: Deadline) -> _Measure:
        while not end.expired and not self._cancelled.is_set():
            self._round()
            if least.expired and all(count >= _WARM_UP_CASES for count in self._cases.values()):
                self._soaked.measured = True
                break
        return _Measure.now()

    def _round(self) -> None:
        self._soaked.rounds += 1
        entries = list(self._entries)
        self._random.shuffle(entries)
        self._examine(entries)
        for bench in self._together:
            self._inject_some(bench)
        for bench in self._alone:
            with suite.started(bench):
                self._examine([_entry(bench)])
                self._inject_some(bench)
        self._cancelled.wait(self._random.uniform(0.0, self._longest_pause))
        if self._told.expired:
            if self._before is not None:
                self._measure(self._before)
            self._tell(self._soaked)
            self._told = Deadline.after(_TELL_SECONDS, self._clock)

    def _examine(self, entries: Sequence[DeviceEntry]) -> None:
        soaked = self._soaked
        for finding in Examination(entries).run():
            soaked.checks += 1
            if finding.outcome is CheckOutcome.FAIL:
                soaked.check_problems += 1
                soaked.problem(f"round {soaked.rounds}: {finding.device} {finding.check}: {finding.code}")

    def _inject_some(self, bench: Bench) -> None:
        for _ in range(self._random.randint(1, 6)):
            self._inject(bench)

    def _inject(self, bench: Bench) -> None:
        soaked = self._soaked
        number = self._cases[bench.name]
        self._cases[bench.name] += 1
        case = suite.case(bench, soaked.seed, number)
        try:
            outcome = suite.run(case, bench, self._codes)
            soaked.injections += outcome.happened
            found = outcome.finding
        except Exception as error:  # noqa: BLE001 - the virtual hardware itself failed: told, and the soak goes on
            found = f"{bench.name} case {number} ({case}): {type(error).__name__}: {error}"
        if found is not None:
            soaked.injection_problems += 1
            soaked.problem(str(found))

    def _measure(self, before: _Measure) -> None:
        now = _Measure.now()
        soaked = self._soaked
        soaked.threads = (before.threads, now.threads)
        soaked.descriptors = (before.descriptors, now.descriptors)
        soaked.memory = (before.memory, now.memory)


def growth(samples: Sequence[float]) -> tuple[float, float]:
    """Return the medians of the first and the last third of samples.

    A single sample says little: libraries that load pictures and fonts come and go with a tenth of the whole.
    """
    part = max(1, len(samples) // 3)
    return statistics.median(samples[:part]), statistics.median(samples[-part:])


def _entry(bench: Bench) -> DeviceEntry:
    return DeviceEntry(bench.name, bench.device_class, "bench", bench.make)


@dataclass(frozen=True)
class _Measure:
    belongings: Belongings
    memory: float

    @classmethod
    def now(cls) -> _Measure:
        gc.collect()
        return cls(Belongings.now(), _resident_megabytes())

    @property
    def threads(self) -> int:
        return len(self.belongings.threads)

    @property
    def descriptors(self) -> int:
        return self.belongings.descriptors.total()


def _twice(measure: _Measure) -> tuple[tuple[int, int], tuple[int, int], tuple[float, float]]:
    return (
        (measure.threads, measure.threads),
        (measure.descriptors, measure.descriptors),
        (measure.memory, measure.memory),
    )


def _resident_megabytes() -> float:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return round(int(line.split()[1]) / 1024, 1)
    raise RuntimeError("the kernel does not say how much memory we use")


def run_soak(
    seconds: float, seed: int, entries: Sequence[DeviceEntry], benches: Sequence[Bench], words: Words, as_json: bool
) -> int:
    """Soak and print the table; return 1 when something was left behind or a device did what it must not."""
    sys.stderr.write(words.say("soak.running", duration=f"{seconds:.0f} s", seed=seed) + "\n")

    told: list[str] = []

    def tell(soaked: Soaked) -> None:
        for problem in soaked.problems[len(told) :]:
            told.append(problem)
            sys.stderr.write(problem + "\n")
        seen: dict[str, str | int] = {
            "elapsed": round(time.monotonic() - began),
            "total": round(seconds),
            "rounds": soaked.rounds,
            "injections": soaked.injections,
            "problems": soaked.check_problems + soaked.injection_problems,
        }
        if soaked.measured:
            seen |= {"threads": soaked.threads[1], "descriptors": soaked.descriptors[1]}
            said = words.say("soak.round", memory=f"{soaked.memory[1]:.0f}", **seen)
        else:
            said = words.say("soak.warming_up", **seen)
        sys.stderr.write(said + "\n")

    began = time.monotonic()
    soak = Soak(seconds, seed, entries, benches, words.codes(), tell)
    ended: list[Soaked] = []
    thread = threading.Thread(target=lambda: ended.append(soak.run()), name="soak", daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(0.5)
    except KeyboardInterrupt:
        soak.cancel()
        thread.join(30.0)
    if not ended:
        return 1
    soaked = ended[0]
    if as_json:
        sys.stdout.write(json.dumps({**asdict(soaked), "passed": soaked.passed}, ensure_ascii=False) + "\n")
    else:
        _print(soaked, words)
    return 0 if soaked.passed else 1


def _print(soaked: Soaked, words: Words) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(file=sys.stdout, highlight=False)
    table = Table(box=box.SIMPLE_HEAD, show_header=False, pad_edge=False)

    def row(key: str, passed: bool, value: str) -> None:
        outcome = "pass" if passed else "fail"
        table.add_row(Text(words.say(f"outcome.{outcome}"), "green" if passed else "bold red"), words.say(key), value)

    def measured(pair: tuple[float, float], unit: str = "") -> str:
        return words.say("soak.measured", before=f"{pair[0]:g}{unit}", after=f"{pair[1]:g}{unit}")

    checks = words.say("soak.counted", count=soaked.checks, problems=soaked.check_problems)
    injections = words.say("soak.counted", count=soaked.injections, problems=soaked.injection_problems)
    if not soaked.measured:
        console.print(Text(words.say("soak.too_short"), "bold red"))
    row("soak.threads", "threads" not in soaked.left, measured(soaked.threads))
    row("soak.descriptors", "descriptors" not in soaked.left, measured(soaked.descriptors))
    row("soak.memory", not soaked.grown, measured(soaked.memory, " MB"))
    row("soak.checks", not soaked.check_problems, checks)
    row("soak.injections", not soaked.injection_problems, injections)
    console.print(table)
    for text in (soaked.left, *soaked.problems):
        if text:
            console.print(Text(text))
