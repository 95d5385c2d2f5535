"""What a closed device must not leave behind: threads and file descriptors of this process."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from drivers.base import Deadline

_DESCRIPTORS = Path("/proc/self/fd")
_LOOK_SECONDS = 0.01


@dataclass(frozen=True)
class Belongings:
    """What the process has at one moment: its threads, and how many descriptors of which kind."""

    threads: frozenset[threading.Thread]
    descriptors: Counter[str]
    of_hardware: tuple[int, int] = (0, 0)

    @classmethod
    def now(cls, of_hardware: tuple[int, int] = (0, 0)) -> Belongings:
        """Look at the process; ``of_hardware`` says how many threads and descriptors are the virtual hardware's."""
        kinds: Counter[str] = Counter()
        for entry in _DESCRIPTORS.iterdir():
            try:
                target = str(entry.readlink())
            except FileNotFoundError:
                continue  # the descriptor of this very listing, or one just closed
            kinds[target.split("[")[0].split(":")[0]] += 1  # a socket's or pipe's number says nothing
        return cls(frozenset(threading.enumerate()), kinds, of_hardware)

    def left_since(self, before: Belongings) -> str:
        """Say what is there that was not before, or return an empty text."""
        # Virtual hardware that was unplugged and plugged in has other threads and sockets than before, but not more.
        parts: list[str] = []
        threads = len(self.threads) - self.of_hardware[0] - (len(before.threads) - before.of_hardware[0])
        if threads > 0:
            names = sorted(thread.name for thread in self.threads - before.threads)
            parts.append(f"{threads} threads left among {', '.join(names)}")
        descriptors = self.descriptors.total() - self.of_hardware[1]
        descriptors -= before.descriptors.total() - before.of_hardware[1]
        if descriptors > 0:
            kinds = (self.descriptors - before.descriptors).items()
            parts.append(
                f"{descriptors} descriptors left among {', '.join(f'{count} {kind}' for kind, count in kinds)}"
            )
        return "; ".join(parts)


def settled(look: Callable[[], Belongings] = Belongings.now) -> Belongings:
    """Look until two looks agree: a connection that hardware closes just now would be counted on one side only."""
    never, before = Event(), look()
    while before.of_hardware != (0, 0):
        never.wait(_LOOK_SECONDS)
        now = look()
        if now == before:
            break
        before = now
    return before


def left_since(before: Belongings, patience: float, look: Callable[[], Belongings] = Belongings.now) -> str:
    """Wait until nothing is left that was not there before; say what still is after ``patience`` seconds.

    The virtual hardware's own end of a connection closes a moment after the driver's, so looking once is not enough.
    """
    limit = Deadline.after(patience)
    never = Event()
    while left := look().left_since(before):
        if limit.expired:
            return left
        never.wait(_LOOK_SECONDS)
    return ""
