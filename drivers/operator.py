"""The person who helps with a self-test: puts a card on the reader, looks at a print, touches a cross."""

from __future__ import annotations

from enum import StrEnum
from threading import Event
from typing import Protocol


class Answer(StrEnum):
    """What the operator said. ``UNABLE`` is for a person who cannot do it now, or did not answer in time: it is skipped."""

    YES = "yes"
    NO = "no"
    UNABLE = "unable"


class Operator(Protocol):
    """Codes are keys of assets/texts/selftest.toml, such as ``selftest.put_card``; drivers hold no sentences.

    ``about`` says which of several it is, such as the slot of a lamp: a key ``place.*`` of the same file, without its head.
    """

    cancel: Event
    """Set when this device's check is given up: end what is under way and return."""

    def instruct(self, code: str, about: str = "") -> Event:
        """Show what to do now; it stays until the next call.

        The event is set when the person cannot do it, or the check is given up: stop waiting for it, and tell it as skipped.
        """
        ...

    def confirm(self, code: str, picture: bytes = b"", about: str = "") -> Answer:
        """Ask a question that is answered with yes or no, beside a picture (PNG or JPEG) where one helps.

        Returns by the check's deadline.
        """
        ...
