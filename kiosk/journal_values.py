"""The values of the journal, apart from the file that keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Kind = Literal["submission", "rating"]


class EntryState(StrEnum):
    """Where an entry stands with central."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class PrintPhase(StrEnum):
    """How far a print came. Of what was sent it may become known what became of the paper; how it ended is final."""

    PREPARED = "prepared"
    SENT = "sent"
    PRINTED = "printed"
    NOT_PRINTED = "not_printed"
    UNKNOWN = "unknown"
    TAKEN = "taken"
    RETRACTED = "retracted"


@dataclass(frozen=True, repr=False)
class Entry:
    """One thing to hand in once. ``key`` is a UUIDv7, ``depends_on`` the key of what must be settled first, or empty.

    ``body`` is what is sent, ``answer`` central's answer (empty while pending): both personal data.
    """

    key: str
    kind: Kind
    local_no: str
    created_at: float
    body: bytes
    state: EntryState
    answer: bytes
    attempts: int
    depends_on: str


@dataclass(frozen=True)
class PrintJob:
    """One print. ``process_id`` is four characters that no earlier job of this journal had."""

    job_id: str
    entry_key: str
    process_id: str
    phase: PrintPhase
    created_at: float


class JournalUnavailable(Exception):  # noqa: N818 - a condition to be handled, named for what it means
    """The journal cannot promise durability now, so nothing may be accepted. ``code`` is a fault code."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code


class EntryTampered(JournalUnavailable):
    """One entry was changed behind our back; ``key`` says which."""

    def __init__(self, key: str) -> None:
        super().__init__("journal.tampered", "an entry does not open with the journal's key")
        self.key = key
