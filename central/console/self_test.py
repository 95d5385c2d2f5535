"""What an operator sees of a terminal's self-tests: how the latest ended, and how the devices that it left out were before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from central.console.board import Line, Tone, moment
from central.console.words import Words
from central.domain.working_days import HALL_TIME
from kiosk.contract.self_tests import SelfTestLine, SelfTestRecord

_TONES: dict[str, Tone] = {"pass": "well", "warn": "attention", "fail": "bad", "skip": "neutral"}


@dataclass(frozen=True)
class SelfTest:
    """The latest self-test; ``lines`` are the checks that failed or warn, the failed ones first.

    ``covers`` names the devices that it examined. ``earlier`` has the latest of every other device: what did not pass, or
    one line that nothing is wrong.
    """

    tone: Tone
    word: str
    taken: str
    covers: str
    kind: str
    version: str
    sum: str
    lines: tuple[Line, ...]
    earlier: tuple[Line, ...]


def self_test_of(
    records: Sequence[SelfTestRecord], configured: frozenset[str] | None, words: Words, now: datetime
) -> SelfTest:
    """Return what the console shows of a terminal's records, newest first and at least one.

    ``configured`` are the devices that the terminal reports, None where that is not known: an old result of a device
    that the terminal no longer has is left out.
    """
    record, *older = records
    count = {outcome: sum(line.outcome == outcome for line in record.lines) for outcome in _TONES}
    return SelfTest(
        tone=_TONES[record.outcome],
        word=words.text(f"self_test.{record.outcome}"),
        taken=_taken(record, now),
        covers=_covers(record, configured, words),
        kind=words.text("self_test.guided" if record.guided else "self_test.alone"),
        version=record.software_version,
        sum=words.text("self_test.sum", **{f"of_{outcome}": number for outcome, number in count.items()}),
        lines=tuple(_line(line, words) for line in _wrong(record.lines)),
        earlier=tuple(_earlier(record, older, configured, words, now)),
    )


def _taken(record: SelfTestRecord, now: datetime) -> str:
    return moment(record.taken_at if record.taken_at.tzinfo else record.taken_at.replace(tzinfo=HALL_TIME), now)


def _covers(record: SelfTestRecord, configured: frozenset[str] | None, words: Words) -> str:
    classes = {line.device: line.device_class for line in record.lines}
    if configured and configured <= classes.keys():
        return words.text("self_test.whole")
    kinds = {name: words.device(name, device_class) for name, device_class in classes.items()}
    named = (kind if name in (classes[name], kind) else f"{kind} {name}" for name, kind in kinds.items())
    return ("、" if words.language == "zh" else ", ").join(named)


def _earlier(
    newest: SelfTestRecord,
    older: Iterable[SelfTestRecord],
    configured: frozenset[str] | None,
    words: Words,
    now: datetime,
) -> Iterable[Line]:
    told = {line.device for line in newest.lines}
    for record in older:
        devices: dict[str, list[SelfTestLine]] = {}
        for line in record.lines:
            # A line without a driver is a check that needs no device in the configuration, such as the touch panel's crosses.
            if line.device not in told and (configured is None or not line.driver or line.device in configured):
                devices.setdefault(line.device, []).append(line)
        told |= devices.keys()
        taken = _taken(record, now)
        for name, lines in devices.items():
            wrong = _wrong(lines)
            yield from (_line(line, words, taken) for line in wrong)
            if not wrong:
                outcome = "pass" if any(line.outcome == "pass" for line in lines) else "skip"
                yield Line(
                    name=words.device(name, lines[0].device_class),
                    detail=f"{name} · {taken}",
                    tone=_TONES[outcome],
                    word=words.text(f"self_test.{outcome}"),
                    notes=(),
                )


def _wrong(lines: Sequence[SelfTestLine]) -> list[SelfTestLine]:
    return [line for outcome in ("fail", "warn") for line in lines if line.outcome == outcome]


def _line(line: SelfTestLine, words: Words, taken: str = "") -> Line:
    notes = (words.fault(line.code) if line.code else "", line.evidence)
    return Line(
        name=words.device(line.device, line.device_class),
        detail=" · ".join(part for part in (line.device, words.check(line.check), taken) if part),
        tone=_TONES[line.outcome],
        word=words.text(f"self_test.{line.outcome}"),
        notes=tuple(note for note in notes if note),
    )
