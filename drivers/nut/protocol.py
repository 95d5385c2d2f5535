"""Lines of the NUT network protocol, taken apart (RFC 9271 and docs/net-protocol.txt of Network UPS Tools)."""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST_LINE = 1024
"""Bytes of a line; upsd's own limit is 512 for a value. What is longer is no answer."""
LONGEST_LIST = 2000
"""Lines of one list; a real supply has fewer than 200 variables."""

_NAME = re.compile(r"[A-Za-z0-9._-]+")
"""A variable's name; values are the supply's own, and may hold anything."""
_WORD = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))')


class ProtocolError(ValueError):
    """A line that no daemon sends here."""


@dataclass(frozen=True)
class Refusal:
    """``ERR code``: such as ``UNKNOWN-UPS``, ``DATA-STALE``, ``DRIVER-NOT-CONNECTED``, ``ACCESS-DENIED``."""

    code: str


def words(line: str) -> list[str]:
    r"""Split a line at blanks; a quoted word may hold blanks, and ``\\`` before quotes and itself. Raises ``ProtocolError``."""
    found: list[str] = []
    place = 0
    while place < len(line.rstrip()):
        match = _WORD.match(line, place)
        if match is None:
            raise ProtocolError("a quote without an end")
        quoted, plain = match.groups()
        found.append(re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain)
        place = match.end()
    return found


def refusal(line: str) -> Refusal | None:
    """Return the refusal that a line is, if it is one."""
    parts = line.split()
    return Refusal(parts[1]) if len(parts) >= 2 and parts[0] == "ERR" else None


def variable(line: str, ups: str) -> tuple[str, str]:
    """Take ``VAR <ups> <name> "<value>"`` apart. Raises ``ProtocolError`` for anything else."""
    found = words(line)
    if len(found) != 4 or found[:2] != ["VAR", ups] or not _NAME.fullmatch(found[2]):
        raise ProtocolError("no variable of this supply")
    return found[2], found[3]


def supply(line: str) -> tuple[str, str]:
    """Take ``UPS <ups> "<description>"`` apart. Raises ``ProtocolError`` for anything else."""
    found = words(line)
    if len(found) != 3 or found[0] != "UPS":
        raise ProtocolError("no supply")
    return found[1], found[2]


def number(text: str | None) -> float | None:
    """Return a value as a number, None where it is none or nonsense."""
    if text is None or not re.fullmatch(r"\s*-?\d{1,9}(\.\d{1,9})?\s*", text, re.ASCII):
        return None
    return float(text)
