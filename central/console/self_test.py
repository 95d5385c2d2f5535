"""What an operator sees of a terminal's latest self-test: how it ended, and each check that did not pass."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from central.console.board import Line, Tone, moment
from central.console.words import Words
from central.domain.working_days import HALL_TIME
from kiosk.contract.self_tests import SelfTestLine, SelfTestRecord

_TONES: dict[str, Tone] = {"pass": "well", "warn": "attention", "fail": "bad", "skip": "neutral"}


@dataclass(frozen=True)
class SelfTest:
    """The latest self-test; ``lines`` are the checks that failed or warn, the failed ones first."""

    tone: Tone
    word: str
    taken: str
    kind: str
    version: str
    sum: str
    lines: tuple[Line, ...]


def self_test_of(record: SelfTestRecord, words: Words, now: datetime) -> SelfTest:
    """Return what the console shows of a record."""
    taken_at = record.taken_at if record.taken_at.tzinfo else record.taken_at.replace(tzinfo=HALL_TIME)
    count = {outcome: sum(line.outcome == outcome for line in record.lines) for outcome in _TONES}
    wrong = [line for outcome in ("fail", "warn") for line in record.lines if line.outcome == outcome]
    return SelfTest(
        tone=_TONES[record.outcome],
        word=words.text(f"self_test.{record.outcome}"),
        taken=moment(taken_at, now),
        kind=words.text("self_test.guided" if record.guided else "self_test.alone"),
        version=record.software_version,
        sum=words.text("self_test.sum", **{f"of_{outcome}": number for outcome, number in count.items()}),
        lines=tuple(_line(line, words) for line in wrong),
    )


def _line(line: SelfTestLine, words: Words) -> Line:
    notes = (words.fault(line.code) if line.code else "", line.evidence)
    return Line(
        name=words.either(f"device_class.{line.device_class}", line.device),
        detail=f"{line.device} · {line.check}",
        tone=_TONES[line.outcome],
        word=words.text(f"self_test.{line.outcome}"),
        notes=tuple(note for note in notes if note),
    )
