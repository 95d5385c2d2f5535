"""What the conformance suite must know of a driver: how to make its device, and what can happen to the hardware below."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from importlib import import_module
from random import Random
from threading import Event
from typing import Any

from drivers.base import Deadline, Device
from drivers.conformance.steps import Steps

Operation = Callable[[Any, Deadline, Event], object]
"""One of a device's calls, as the terminal makes it: ``operation(device, deadline, cancel)``."""


class Disturbance(StrEnum):
    """What can happen to hardware while it is talked to."""

    UNPLUG = "unplug"
    """The connection is gone, until ``calm``."""
    MUTE = "mute"
    """Commands are taken, nothing is answered, until ``calm``."""
    LATE = "late"
    """Answers come late, within the operation's deadline or after it."""
    PARTIAL = "partial"
    """An answer stops in the middle."""
    GARBAGE = "garbage"
    """Bytes that belong to no answer come before, in, or instead of one."""
    BABBLE = "babble"
    """Bytes that belong to no answer come without end, until ``calm``."""
    HANG = "hang"
    """The hardware takes nothing any more and answers nothing, until ``calm``."""


LASTING = frozenset({Disturbance.UNPLUG, Disturbance.MUTE, Disturbance.HANG})
"""What a device that is asked about its condition must notice."""


@dataclass(frozen=True)
class Conversation:
    """An operation that nothing disturbs: how many steps it has, and how long it takes (s)."""

    steps: int
    seconds: float


class Bench(ABC):
    """One device on a bench. ``start`` brings up its hardware, virtual or real; one bench serves one test at a time.

    The suite makes a new device, opens it, calls ``prepare`` and an operation, and judges what comes back. Name, class,
    operations and disturbances are known before ``start``: from them the cases are made.

    The hardware calls ``steps.take`` at each step of a conversation, before it answers. How many there are the suite measures
    once for each operation; then it lets ``disturb`` come at one of them.
    """

    name: str
    """Stable, such as ``escpos_tcp``: a seed and a name replay a test."""
    device_class: str
    alone: bool = False
    """Whether another bench that says so cannot be up at the same time in one process (which talks to one PC/SC service)."""
    good_seconds: float = 10.0
    """The deadline of a call that nothing disturbs: a bound that a loaded machine keeps, no measure."""
    disturbed_seconds: float = 0.3
    """The longest deadline of a disturbed call, beside what an undisturbed one takes; short, because much of a silent device's
    time is spent waiting for it."""
    personal: tuple[str, ...] = ()
    """Texts of (invented) people on this hardware's cards, codes and papers: no evidence may hold one of them."""

    repeats: bool = True
    """Whether an operation of its class may come right after another: not where hardware takes its time to see the next card."""
    stepless: frozenset[str] = frozenset()
    """Operations that ask the hardware nothing, so that trouble can only come before them. Any other has a step, or is found."""
    untraced: frozenset[str] = frozenset()
    """Operations of which a trace shows nothing, because they ask another program and not the device."""

    @cached_property
    def steps(self) -> Steps:
        """Counts what the hardware was asked."""
        return Steps()

    @cached_property
    def conversations(self) -> dict[str, Conversation]:
        """What the suite has measured of the operations."""
        return {}

    @abstractmethod
    def start(self) -> None:
        """Bring the hardware up, in its good state."""

    @abstractmethod
    def stop(self) -> None:
        """Take it down; no thread, process or file is left."""

    @abstractmethod
    def make(self) -> Device:
        """Return a new device for this hardware, not opened."""

    @abstractmethod
    def make_absent(self) -> Device | None:
        """Return a device of the same driver for hardware that is not there; None where that cannot be had."""

    @property
    @abstractmethod
    def operations(self) -> Mapping[str, Operation]:
        """The calls of this device's class beyond those of every device (open, poll, reset, self_test)."""

    @property
    @abstractmethod
    def disturbances(self) -> frozenset[Disturbance]:
        """What this bench can do to the hardware."""

    def disturbances_of(self, operation: str) -> frozenset[Disturbance]:
        """Return those that can meet this operation: a scanner that is asked nothing when it is opened cannot be late then."""
        del operation
        return self.disturbances

    @abstractmethod
    def prepare(self, operation: str) -> None:
        """Make everything ready for the operation to succeed: put the card, hold the code, load paper.

        Another card, code or state each time, so that an answer from memory is a wrong one.
        """

    @abstractmethod
    def disturb(self, disturbance: Disturbance, random: Random) -> None:
        """Let it happen now: to the answer that is due, or until ``calm``. ``random`` chooses how many bytes, how late.

        Returns at once. Called on the hardware's own thread at a step that it has just taken; on the suite's where an operation
        has no steps.
        """

    def happened(self) -> bool:
        """Whether the operation has met what was done: only that counts as an injection."""
        return self.steps.happened

    @abstractmethod
    def calm(self) -> None:
        """End every disturbance and plug everything in again; safe at any time."""

    @abstractmethod
    def judge(self, operation: str, result: object, disturbed: bool) -> str:
        """Say what is wrong with an operation's result, or return an empty text.

        Undisturbed it must have succeeded. Disturbed, or with nothing prepared, it may have failed honestly, but never half,
        never with another's data.
        """

    def of_hardware(self) -> tuple[int, int]:
        """Return how many threads and descriptors of this process virtual hardware has at this moment, where that changes.

        A card that lies on a virtual reader may have some: they are not the driver's to give back.
        """
        return (0, 0)


def bench_at(place: str, *arguments: str) -> Callable[[], Bench]:
    """Return what makes the bench at ``package.module:Class``; its module is imported only when one is made.

    What it returns raises ``TypeError`` where there is something else.
    """

    def make() -> Bench:
        module, _, name = place.partition(":")
        made: object = getattr(import_module(module), name)(*arguments)
        if not isinstance(made, Bench):
            raise TypeError(f"{place} is no bench")
        return made

    return make
