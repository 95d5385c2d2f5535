"""What the virtual printers know, each as its maker's manual says; written apart from the drivers' own profiles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_IDENTITY = {65: b"1.00", 66: b"VIRTUAL", 67: b"PAPER-576", 68: b"V000001", 69: b"CHINA GB18030"}


@dataclass(frozen=True)
class Model:
    """Commands that a printer carries out; it takes all others, and does nothing."""

    process_ids: bool = False
    """GS ( H."""
    job_blocks: bool = False
    """GS G 1 and GS G 0."""
    automatic_status: bool = False
    """GS a."""
    full_status: bool = False
    """DLE EOT 20."""
    clears_buffers: bool = False
    """DLE DC4 8."""
    presents: bool = False
    """Keeps each cut piece inside until FS P; then holds it out until it is taken, drawn back (GS e 2) or let go (GS e 5).

    FS P says as well after how many seconds it is drawn back (52) or let go (45) by itself.
    """
    gb2312_only: bool = False
    dots: int = 576
    identity: Mapping[int, bytes] = field(default_factory=lambda: dict[int, bytes]())
    """Answers to GS I."""


MODELS = {
    "epson": Model(process_ids=True, automatic_status=True, clears_buffers=True, identity=_IDENTITY),
    "custom": Model(full_status=True, presents=True),
    "nippon": Model(job_blocks=True, automatic_status=True, identity=_IDENTITY),
    "clone": Model(gb2312_only=True),
}
