"""Which face draws which character: Noto Sans SC for nearly all, HanaMin for the rare ones in people's names."""

from __future__ import annotations

import bisect
import json
from functools import cache
from pathlib import Path

FACE = "kiosk"
"""The name under which the Simplified Chinese face is registered with Kivy."""
RARE_FACES = ("HanaMinA", "HanaMinB")
GETA = "〓"
"""What typesetters put where a character is missing: seen, and never taken for an empty place."""


class Coverage:
    """Which of the faces has a character; the tables are read when the first unusual character comes."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @cache  # noqa: B019 - one instance lives as long as the program
    def _ranges(self, face: str) -> tuple[list[int], list[int]]:
        table: dict[str, list[list[int]]] = json.loads((self._directory / "coverage.json").read_text())
        return [first for first, _ in table[face]], [last for _, last in table[face]]

    def has(self, face: str, character: str) -> bool:
        """Whether the font file ``face`` (its name in coverage.json) draws the character."""
        firsts, lasts = self._ranges(face)
        place = bisect.bisect_right(firsts, ord(character)) - 1
        return place >= 0 and ord(character) <= lasts[place]

    def runs(self, text: str) -> list[tuple[str, str]]:
        """Split into (face, text) runs; what no face has becomes a geta mark, control characters go."""
        runs: list[tuple[str, str]] = []
        for character in text:
            if character == "\n" or _usual(character):
                face = FACE
            elif not character.isprintable():
                continue
            elif self.has("NotoSansSC", character):
                face = FACE
            else:
                face = next((rare for rare in RARE_FACES if self.has(rare, character)), "")
                if not face:
                    face, character = FACE, GETA
            if runs and runs[-1][0] == face:
                runs[-1] = (face, runs[-1][1] + character)
            else:
                runs.append((face, character))
        return runs

    def usual(self, text: str) -> bool:
        """Whether the main face draws it all, told without reading the tables."""
        return all(_usual(character) for character in text)


def _usual(character: str) -> bool:
    """ASCII, the unified ideographs of 1993 and their punctuation: a test holds the main face to them."""
    return " " <= character <= "~" or "一" <= character <= "龥" or character in "，。、；：？！（）《》“”·…—　"
