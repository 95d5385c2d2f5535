"""The technician at a shell: shows what to do and asks, and never waits longer than the examination does."""

from __future__ import annotations

import os
import select
import tempfile
from pathlib import Path
from threading import Event
from typing import TextIO

from drivers.operator import Answer
from kiosk.selftest.words import Words

_LOOK_SECONDS = 0.2
_YES, _NO = frozenset({"y", "yes", "j", "是", "1"}), frozenset({"n", "no", "否", "0"})


class ShellOperator:
    """An ``Operator`` on a terminal window. Pictures are laid into a folder, since a shell shows none.

    ``answers`` is a file descriptor: at its end, nobody answers any more and every question is answered with unable.
    """

    def __init__(self, words: Words, shown: TextIO, answers: int) -> None:
        self.cancel = Event()
        self._words = words
        self._shown = shown
        self._answers = answers
        self._typed = b""
        self._folder: Path | None = None

    def instruct(self, code: str) -> None:
        """Print what to do now."""
        self._print(f"  → {self._text(code)}")

    def confirm(self, code: str, picture: bytes = b"") -> Answer:
        """Ask until the answer is one that is understood, or nobody answers."""
        if picture:
            self._print(f"    {self._words.say('person.picture', place=str(self._keep(picture)))}")
        while not self.cancel.is_set():
            self._print(f"  ? {self._text(code)}  {self._words.say('person.answers')} ", end="")
            line = self._line()
            if line is None:
                return Answer.UNABLE
            answer = line.strip().casefold()
            if answer in _YES:
                return Answer.YES
            if answer in _NO:
                return Answer.NO
            if answer:
                return Answer.UNABLE
        return Answer.UNABLE

    def forget(self) -> None:
        """Remove the pictures that were shown."""
        if self._folder is not None:
            for picture in self._folder.iterdir():
                picture.unlink()
            self._folder.rmdir()
            self._folder = None

    def _text(self, code: str) -> str:
        try:
            return self._words.say(code)
        except KeyError:  # a vendor's driver may have an instruction that we have no words for
            return code

    def _keep(self, picture: bytes) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="kiosk-selftest-"))
        suffix = ".png" if picture.startswith(b"\x89PNG") else ".jpg"
        place = self._folder / f"{len(list(self._folder.iterdir())) + 1}{suffix}"
        place.write_bytes(picture)
        return place

    def _line(self) -> str | None:
        """Return what was typed up to the end of a line; None when nobody types any more or the examination was cancelled."""
        while b"\n" not in self._typed:
            if self.cancel.is_set():
                return None
            if not select.select([self._answers], [], [], _LOOK_SECONDS)[0]:
                continue
            block = os.read(self._answers, 4096)
            if not block:
                return None
            self._typed += block
        line, _, self._typed = self._typed.partition(b"\n")
        return line.decode(errors="replace")

    def _print(self, text: str, end: str = "\n") -> None:
        self._shown.write(text + end)
        self._shown.flush()
