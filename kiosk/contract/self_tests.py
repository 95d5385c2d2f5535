"""The record of a self-test as it travels to central: what was checked and how it ended, nothing of anyone."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from kiosk.contract.items import Value

MOST_LINES = 400
Outcome = Literal["pass", "warn", "fail", "skip"]


class SelfTestLine(Value):
    """One check of one device. ``code`` is a fault's, empty when nothing is wrong; ``evidence`` holds raw values only."""

    device: str = Field(max_length=64)
    device_class: str = Field(max_length=64)
    driver: str = Field(max_length=64)
    check: str = Field(max_length=64)
    outcome: Outcome
    code: str = Field(default="", max_length=64)
    evidence: str = Field(default="", max_length=200)


class SelfTestRecord(Value):
    """One self-test, whole. ``record_id`` makes sending it again harmless. ``guided``: with a technician's hand."""

    format: Literal[1] = 1
    record_id: str = Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
    terminal_id: str = Field(pattern=r"^[A-Za-z0-9-]{1,40}$")
    taken_at: datetime
    software_version: str = Field(max_length=40)
    guided: bool
    lines: tuple[SelfTestLine, ...] = Field(max_length=MOST_LINES)

    @property
    def outcome(self) -> Outcome:
        """The worst outcome of a line; a test in which nothing was done counts as skipped."""
        found = {line.outcome for line in self.lines}
        worst_first: tuple[Outcome, ...] = ("fail", "warn", "pass")
        for outcome in worst_first:
            if outcome in found:
                return outcome
        return "skip"
