"""Decides from the text on a photographed paper whether it is the one asked for, and whether its number is the citizen's.

Only the answer leaves here: the text is looked at and dropped.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Match(StrEnum):
    """What the text said: the thing looked for, another one, or nothing of the kind."""

    MATCH = "match"
    OTHER = "other"
    NOT_FOUND = "not_found"


@dataclass(frozen=True)
class PaperVerdict:
    """Whether it is the paper asked for, and whether the number on it is the citizen's."""

    paper: Match = Match.NOT_FOUND
    number: Match = Match.NOT_FOUND

    @property
    def doubt(self) -> Literal["", "paper", "number"]:
        """What the citizen should look at again; what could not be read raises no doubt."""
        if self.paper is Match.OTHER:
            return "paper"
        return "number" if self.number is Match.OTHER else ""


ENOUGH_TEXT = 20
"""Characters read below which a paper may just be hard to read, and is not called another one."""

_LOOKALIKES = str.maketrans({"O": "0", "Q": "0", "I": "1", "L": "1", "|": "1", "×": "X"})
_CITIZEN_NUMBER = re.compile(r"(?<![0-9])[1-9][0-9]{16}[0-9X](?![0-9])")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643-1999, 5.2
_CHECKS = "10X98765432"


def check_paper(lines: Sequence[str], expects: Sequence[str], number: str) -> PaperVerdict:
    """Judge a paper's lines. ``expects``: words of which one stands on the right paper; ``number``: the card's."""
    text = _plain("".join(lines))
    if any(_plain(word) in text for word in expects):
        paper = Match.MATCH
    else:
        paper = Match.OTHER if len(text) >= ENOUGH_TEXT else Match.NOT_FOUND
    return PaperVerdict(paper, _number_on(lines, number))


def _number_on(lines: Sequence[str], number: str) -> Match:
    wanted = _digits(number)
    if not wanted:
        return Match.NOT_FOUND
    read = [_digits(line) for line in lines]
    if any(wanted in line for line in (*read, "".join(read))):
        return Match.MATCH
    others = (found for line in read for found in _CITIZEN_NUMBER.findall(line))
    return Match.OTHER if any(_is_citizen_number(found) for found in others) else Match.NOT_FOUND


def _plain(text: str) -> str:
    """Full width becomes half width, capitals small, and spaces go: OCR puts them anywhere."""
    return "".join(unicodedata.normalize("NFKC", text).lower().split())


def _digits(text: str) -> str:
    return re.sub(r"[-·.:]", "", _plain(text).upper().translate(_LOOKALIKES))


def _is_citizen_number(number: str) -> bool:
    """Whether the check character is right, so that no case number passes for a person's."""
    total = sum(int(digit) * weight for digit, weight in zip(number[:17], _WEIGHTS, strict=True))
    return _CHECKS[total % 11] == number[17]
