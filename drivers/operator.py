"""The person who helps with a self-test: puts a card on the reader, looks at a print, touches a cross."""

from __future__ import annotations

from enum import StrEnum
from threading import Event
from typing import Protocol


class Answer(StrEnum):
    """What the operator said. ``UNABLE`` is for a person who cannot do it now; the check is then skipped."""

    YES = "yes"
    NO = "no"
    UNABLE = "unable"


class Operator(Protocol):
    """Codes are keys of assets/texts/selftest.toml, such as ``selftest.put_card``; drivers hold no sentences."""

    cancel: Event
    """Set when the operator gives up: end what is under way and return."""

    def instruct(self, code: str) -> None:
        """Show what to do now; it stays until the next call."""
        ...

    def confirm(self, code: str, picture: bytes = b"") -> Answer:
        """Ask a question that is answered with yes or no, beside a picture (PNG or JPEG) where one helps."""
        ...
