"""Which card lies on which reader, and which of them were read already: the memory of the card loop, without any I/O.

After pcscd restarts or a reader comes back nobody can tell whether the card that lies there is the one from before. So
numbers given before are void, a card not read yet is offered again under a new number, and on a reader whose card was
read nothing is offered until that reader was seen empty for a while (a contactless reader may find its card only some
time after its start). A program that was started again does not even know what it had read: a card that lies there at
its first look must be lifted first. So a forgotten card never enters the next citizen's session.

What cannot be known: a card taken and put back, or changed for another, between two of pcscd's looks (0.4 s) need not change
anything that pcscd tells, its event counter included. (Seen with vpcd when pcscd cut the card's power in that time, which it
does soon after a card's last use: 17 of 198 cards changed at once after a reading.) The new card counts as read until it is
lifted for longer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from drivers.base import Deadline
from drivers.card_reader import CardHandle
from drivers.pcsc.service import UNAWARE, ReaderState

_SETTLES = 1.5  # seconds in which a reader that came back finds the card that lies on it


@dataclass
class Slot:
    """One reader as last seen.

    ``presence``: our number of the card that lies there, 0 when there is none or nobody knows. ``done``: the card was
    read or refused. ``doubt``: a command said "removed", and by then pcscd should have noticed. ``along``: the reader was lost
    with a card on it, and has not been seen since. ``leftover``: that card had been read, or may have been before the program's
    start; ``settled``: from then on it would have been found again.
    """

    event: int = UNAWARE
    counter: int = 0
    presence: int = 0
    done: bool = False
    doubt: Deadline | None = None
    along: bool = False
    leftover: bool = False
    settled: Deadline | None = None


class Presences:
    """The slots of all readers, kept up to date by ``see`` and ``lose``.

    ``offer_lying``: a card that lies there at the first look at its reader counts as new.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, offer_lying: bool = False) -> None:
        self._clock = clock
        self._offer_lying = offer_lying
        self._slots: dict[str, Slot] = {}
        self._last = 0

    def event(self, reader: str) -> int:
        """Return the event last seen, to wait for the next one."""
        slot = self._slots.get(reader)
        return slot.event if slot else UNAWARE

    def of(self, handle: CardHandle) -> Slot | None:
        """Return the slot where this very card still lies."""
        slot = self._slots.get(handle.reader)
        return slot if slot is not None and slot.presence == handle.presence else None

    def offer(self) -> CardHandle | None:
        """Return a card that was not read yet."""
        for name, slot in self._slots.items():
            if slot.presence and slot.doubt is not None and slot.doubt.expired:
                # Pulled and put back so fast that pcscd noticed nothing: the citizen has done what was asked for.
                self._begin(slot)
            if slot.presence and not slot.done:
                return CardHandle(name, slot.presence)
        return None

    def any_done(self) -> bool:
        """Whether a card lies on a reader that was read, or may have been, and is offered only once it was lifted."""
        return any(slot.presence and slot.done and slot.doubt is None for slot in self._slots.values())

    def all_empty(self, readers: Iterable[str]) -> bool:
        """Whether none of these readers has a card. One that was lost with its card has not given it back."""
        slots = (self._slots.get(name, Slot()) for name in readers)
        return not any(slot.presence or slot.along for slot in slots)

    def see(self, state: ReaderState) -> None:
        """Take in what the service says of one reader."""
        slot = self._slots.get(state.name)
        if slot is None:
            slot = self._slots[state.name] = Slot(leftover=not self._offer_lying)
        elif slot.event == UNAWARE:
            slot.settled = Deadline.after(_SETTLES, self._clock)
        came_back = slot.event == UNAWARE
        settling = slot.settled is not None and not slot.settled.expired
        slot.along = slot.along and not (state.empty or state.present)
        if state.empty:
            slot.presence, slot.done, slot.doubt = 0, False, None
            slot.leftover = slot.leftover and settling
        elif not state.present:
            self._forget(slot)
        elif slot.presence == 0:
            self._begin(slot)
            slot.done = slot.leftover and (came_back or settling)
            slot.leftover = False
        elif state.counter != slot.counter:
            self._begin(slot)
        slot.event, slot.counter = state.event, state.counter

    def lose(self, remaining: Iterable[str] = ()) -> None:
        """All readers but the ``remaining`` ones are gone, or the service is, with or without their cards."""
        kept = frozenset(remaining)
        for name, slot in self._slots.items():
            if name not in kept:
                self._forget(slot)

    def _begin(self, slot: Slot) -> None:
        self._last += 1
        slot.presence, slot.done, slot.doubt = self._last, False, None

    def _forget(self, slot: Slot) -> None:
        # After a doubt the citizen was asked to put the card back, so it is to be read.
        slot.leftover = slot.leftover or (slot.done and slot.doubt is None)
        slot.along = slot.along or slot.presence != 0
        slot.event, slot.presence, slot.done, slot.doubt = UNAWARE, 0, False, None
