"""The technician at a shell: shows what to do and asks, and never waits longer than a device's turn does."""

from __future__ import annotations

import os
import select
import tempfile
import termios
from pathlib import Path
from threading import Event, Thread
from typing import TextIO

from drivers.base import Deadline
from drivers.operator import Answer
from kiosk.selftest.words import Words

_LOOK_SECONDS = 0.2
_YES, _NO = frozenset({"y", "yes", "j", "是", "1"}), frozenset({"n", "no", "否", "0"})
_SKIP = frozenset({"s", "skip", "跳过"})


class ShellPerson:
    """A ``Person`` at a terminal window. Pictures are laid into a folder, since a shell shows none.

    ``answers`` is a file descriptor: at its end, nobody answers any more and every question is answered with unable. Only
    at a keyboard can an instruction be skipped, and what was typed before a question is no answer to it.
    """

    def __init__(self, words: Words, shown: TextIO, answers: int) -> None:
        self._words = words
        self._shown = shown
        self._answers = answers
        self._keyboard = os.isatty(answers)
        self._typed = b""
        self._folder: Path | None = None
        self._watched = Event()
        self._watcher: Thread | None = None

    def show(self, code: str, about: str, skipped: Event) -> None:
        """Print what to do now; at a keyboard, how to skip it."""
        self.rest()
        hint = f"  {self._words.say('person.skip')}" if self._keyboard else ""
        self._print(f"  → {self._words.instruction(code, about)}{hint}")
        if self._keyboard:
            self._watched = over = Event()
            self._watcher = Thread(target=self._watch, args=(skipped, over), name="keyboard", daemon=True)
            self._watcher.start()

    def ask(self, code: str, about: str, picture: bytes, deadline: Deadline, given_up: Event) -> Answer:
        """Ask until the answer is one that is understood, or nobody answers."""
        self.rest()
        if picture:
            self._print(f"    {self._words.say('person.picture', place=str(self._keep(picture)))}")
        if self._keyboard:
            termios.tcflush(self._answers, termios.TCIFLUSH)
            self._typed = b""
        while not (given_up.is_set() or deadline.expired):
            self._print(f"  ? {self._words.instruction(code, about)}  {self._words.say('person.answers')} ", end="")
            line = self._line(given_up, deadline)
            if line is None:
                break
            answer = line.strip().casefold()
            if answer in _YES:
                return Answer.YES
            if answer in _NO:
                return Answer.NO
            if answer:
                break
        return Answer.UNABLE

    def rest(self) -> None:
        """Listen no more for who wants to skip."""
        watcher, self._watcher = self._watcher, None
        self._watched.set()
        if watcher is not None:
            watcher.join()

    def forget(self) -> None:
        """Remove the pictures that were shown."""
        folder, self._folder = self._folder, None
        if folder is not None:
            for picture in folder.iterdir():
                picture.unlink()
            folder.rmdir()

    def _watch(self, skipped: Event, over: Event) -> None:
        never = Deadline(float("inf"))
        while (line := self._line(over, never)) is not None:
            if line.strip().casefold() in _SKIP:
                skipped.set()
                return

    def _keep(self, picture: bytes) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="kiosk-selftest-"))
        suffix = ".png" if picture.startswith(b"\x89PNG") else ".jpg"
        place = self._folder / f"{len(list(self._folder.iterdir())) + 1}{suffix}"
        place.write_bytes(picture)
        return place

    def _line(self, over: Event, deadline: Deadline) -> str | None:
        """Return what was typed up to the end of a line; None when nobody types any more, it is ``over``, or too late."""
        while b"\n" not in self._typed:
            if over.is_set() or deadline.expired:
                return None
            if not select.select([self._answers], [], [], min(_LOOK_SECONDS, deadline.remaining()))[0]:
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
