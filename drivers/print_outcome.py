"""What is known of a print, of a receipt as well as of a document."""

from __future__ import annotations

from enum import StrEnum


class PrintOutcome(StrEnum):
    """How a print ended. Unknown stays unknown: it is never printed again by itself."""

    PRINTED = "printed"
    NOT_PRINTED = "not_printed"
    UNKNOWN = "unknown"
