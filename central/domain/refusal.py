"""Why central does not do what was asked, as a value: an expected outcome, not an exception."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """An HTTP status and one of the codes of ``kiosk.contract.reports.Problem``; ``detail`` is for engineers."""

    status: int
    code: str
    detail: str = ""
