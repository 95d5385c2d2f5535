"""What may be kept of a visit after the wipe: times, steps and outcomes, nothing of the citizen."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class StepRecord:
    """One step of a visit: when it was entered and left, in milliseconds since the visit began."""

    id: str
    kind: str
    entered: int
    left: int | None = None


@dataclass
class VisitRecord:
    """What may be kept of a visit: no personal data. ``project_no`` is set only in training."""

    number: int
    service: str
    steps: list[StepRecord] = field(default_factory=list[StepRecord])
    prints: list[dict[str, str | int]] = field(default_factory=list[dict[str, "str | int"]])
    outcome: str = ""
    project_no: str = ""
    local_no: str = ""
    wiped: bool = False
    began: float = 0.0
    seconds: float = 0.0
