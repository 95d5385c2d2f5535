"""PC/SC card readers on a bench: four virtual readers in a real pcscd, a line to it that breaks, and cards that misbehave."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from random import Random
from threading import Event, Lock

from drivers.base import Deadline
from drivers.card_reader import AccessKey, CardRefused, IdentityDocument
from drivers.conformance.bench import Bench, Disturbance, Operation
from drivers.pcsc.reader import PcscCardReader
from drivers.pcsc.service import UNAWARE, PcscError, Service, StuckError
from drivers.sim.benches.people import PERSONAL, RESIDENTS, SOCIAL, wrong_with_read
from drivers.sim.pcsc import VirtualPcsc, process_directory
from drivers.sim.pcsc_wire import PcscWire
from drivers.sim.social_security_card import SocialSecurityCard
from drivers.sim.virtual_card import SamBackedCard, VirtualCard

_READERS = 4
_LONGEST_LATENESS = 0.4
_START_SECONDS = 20.0
_OF_SERVICE = frozenset({Disturbance.UNPLUG, Disturbance.LATE, Disturbance.HANG})
"""What happens on the line to the service. The rest is the card's; and of what the service itself says, noise would only try
its own library, which trusts it."""
_LOOK_SECONDS = 0.02
_PRINTED = tuple(replace(holder, added_address="") for holder in RESIDENTS)
"""As these readers give them: what was added after issue stands elsewhere on the chip."""


class _Trouble:
    """What is to happen to the answer of whichever card is asked next. ``over`` ends every wait."""

    def __init__(self) -> None:
        self.over = Event()
        self._lock = Lock()
        self._disturbance: Disturbance | None = None
        self._random = Random(0)  # noqa: S311 - moments, not secrets
        self.met = False

    def begin(self, disturbance: Disturbance, random: Random) -> None:
        """Let it happen. Silence stays, everything else happens once."""
        with self._lock:
            self._disturbance, self._random, self.met = disturbance, random, False

    def meets(self) -> Disturbance | None:
        """Return what happens to an APDU that has come."""
        with self._lock:
            disturbance = self._disturbance
            if disturbance is not Disturbance.MUTE:
                self._disturbance = None
            self.met = self.met or disturbance is not None
            return disturbance

    def end(self) -> None:
        """Let nothing more happen."""
        with self._lock:
            self._disturbance = None
        self.over.set()

    def answer(self, disturbance: Disturbance, answer: bytes) -> bytes | None:
        """Spoil one answer; None pulls the card."""
        match disturbance:
            case Disturbance.PARTIAL:
                return None if self._random.random() < 0.5 else answer[: self._random.randrange(1, len(answer))]
            case Disturbance.GARBAGE:
                return self._random.randbytes(self._random.randrange(1, 258))
            case _:
                self.over.wait()
                return None


class _ResidentOnBench(SamBackedCard):
    def __init__(self, document: IdentityDocument, trouble: _Trouble) -> None:
        super().__init__(document)
        self._trouble = trouble

    def respond(self, index: int, apdu: bytes) -> bytes | None:
        """Answer, unless trouble is armed for this APDU."""
        met = self._trouble.meets()
        answer = super().respond(index, apdu)
        return answer if met is None or answer is None else self._trouble.answer(met, answer)


class _SocialOnBench(SocialSecurityCard):
    def __init__(self, document: IdentityDocument, trouble: _Trouble) -> None:
        super().__init__(document)
        self._trouble = trouble

    def respond(self, index: int, apdu: bytes) -> bytes | None:
        """Answer, unless trouble is armed for this APDU."""
        met = self._trouble.meets()
        answer = super().respond(index, apdu)
        return answer if met is None or answer is None else self._trouble.answer(met, answer)


class PcscBench(Bench):
    """Four readers, of which one has a card between two cases.

    A new card goes onto the next reader: pcscd looks at each every 0.4 s only, and seeing one card leave and another come
    on the same reader would cost two looks.
    """

    name = "pcsc_reader"
    device_class = "card_reader"
    alone = True
    disturbed_seconds = 0.5
    personal = PERSONAL
    untraced = frozenset({"wait_removed"})
    repeats = False

    def start(self) -> None:
        """Start the private service, and the line to it where a process looks for one."""
        usual = VirtualPcsc(process_directory()).environment
        self._service = VirtualPcsc(process_directory() / "behind", readers=_READERS)
        near, far = (Path(each["PCSCLITE_CSOCK_NAME"]) for each in (usual, self._service.environment))
        self._wire = PcscWire(near, far, self.steps.take)
        os.environ.update(usual)
        self._service.start(Deadline.after(_START_SECONDS))
        self._wire.start()
        self._trouble = _Trouble()
        self._disturbance = Disturbance.UNPLUG
        self._turn = 0
        self._lying: tuple[int, str] | None = None
        self._used = True

    def stop(self) -> None:
        """End the service."""
        self.calm()
        self._wire.stop()
        self._service.stop()

    def of_hardware(self) -> tuple[int, int]:
        """Each card that lies on a reader has a thread and a socket, each connection to the service has two."""
        cards = sum(thread.name == "virtual-card" for thread in threading.enumerate())
        return (cards, cards + self._wire.descriptors)

    def make(self) -> PcscCardReader:
        """Return a driver for all the readers; the card that lies there is new to it."""
        self._used = False
        return PcscCardReader(offer_lying=True)

    def make_absent(self) -> PcscCardReader:
        """Return a driver for a reader that the service does not have."""
        return PcscCardReader("no such reader")

    @property
    def operations(self) -> Mapping[str, Operation]:
        """Read a resident card, a social security card; notice that a card was taken."""
        return {"read": self._read, "read_social_security": self._read, "wait_removed": self._wait_removed}

    @property
    def disturbances(self) -> frozenset[Disturbance]:
        """All but endless talk: a card answers once."""
        return frozenset(Disturbance) - {Disturbance.BABBLE}

    def disturbances_of(self, operation: str) -> frozenset[Disturbance]:
        """Only what reads a card meets what is wrong with it."""
        return self.disturbances if operation.startswith("read") else _OF_SERVICE

    def prepare(self, operation: str) -> None:
        """Have a card of the wanted kind that the device has not read yet, or none."""
        if operation == "wait_removed":
            self._clear()
        elif (
            self._used
            or self._lying is None
            or self._lying[1] != operation
            or not self._service.present(self._lying[0])
        ):
            self._put(operation)

    def disturb(self, disturbance: Disturbance, random: Random) -> None:
        """Let it happen to the service at this command, or to the card at its next one."""
        self._disturbance = disturbance
        match disturbance:
            case Disturbance.UNPLUG:
                self._wire.unplug()
            case Disturbance.HANG:
                self._wire.hang()
            case Disturbance.LATE:
                self._wire.late(random.uniform(0.01, _LONGEST_LATENESS))
            case _:
                self._trouble.begin(disturbance, random)

    def happened(self) -> bool:
        """Whether the command, or the card's own, was met."""
        return self.steps.happened and (self._disturbance in _OF_SERVICE or self._trouble.met)

    def calm(self) -> None:
        """Let cards and the service answer."""
        self._trouble.end()
        self._wire.calm()
        taken = self._trouble.met and self._disturbance is not Disturbance.GARBAGE
        if taken and self._lying is not None:
            self._service.remove(self._lying[0])  # returns when the card's own end is over as well
        self._trouble.met = False
        self._trouble.over.clear()
        if self._lying is None or not self._service.present(self._lying[0]):
            # One card lies there between cases, so that a case leaves as many connections as it found.
            self._put("read")

    def judge(self, operation: str, result: object, disturbed: bool) -> str:
        """An identity is exactly the card's; a card that was taken is noticed."""
        if operation == "wait_removed":
            return "" if result is True or (disturbed and result is False) else f"wait_removed gave {result!r}"
        # A read that was not prepared for meets whichever card lies there.
        lying = operation if self._lying is None else self._lying[1]
        return wrong_with_read(self._document(lying), result, disturbed)

    def _document(self, operation: str) -> IdentityDocument:
        people = SOCIAL if operation == "read_social_security" else _PRINTED
        return people[self._turn % len(people)]

    def _key(self) -> AccessKey | None:
        """Return what opens the card that lies there."""
        return None

    def _card(self, operation: str) -> VirtualCard:
        document = self._document(operation)
        if operation == "read_social_security":
            return _SocialOnBench(document, self._trouble)
        return _ResidentOnBench(document, self._trouble)

    def _put(self, operation: str) -> None:
        """Take the card away and put another on the next reader, as soon as pcscd knows that one to be empty.

        A card that the device has not read yet must be known to be gone everywhere: it would be offered for a moment.
        """
        reader = 0 if self._lying is None else (self._lying[0] + 1) % _READERS
        self._clear()
        names = self._service.reader_names()
        for name in names[reader : reader + 1] if self._used else names:
            self._wait_seen(name, present=False)
        self._turn += 1
        self._service.insert(self._card(operation), reader)
        self._lying, self._used = (reader, operation), False

    def _clear(self) -> None:
        """Take the card away, not before pcscd has seen it: else it would find a card that is gone, a moment later."""
        if self._lying is None:
            return
        reader, _ = self._lying
        if self._service.present(reader):
            self._wait_seen(self._service.reader_names()[reader], present=True)
        self._service.remove(reader)

    def _wait_seen(self, reader: str, present: bool) -> None:
        """Wait until pcscd says of a reader that it has a card, or none."""
        limit = Deadline.after(_START_SECONDS)
        while not limit.expired:
            try:
                context = Service(limit)
            except (PcscError, StuckError):
                time.sleep(_LOOK_SECONDS)
                continue
            try:
                known = UNAWARE
                while not limit.expired:
                    for state in context.states({reader: known}, limit.remaining(), limit):
                        if state.present if present else state.empty:
                            return
                        known = state.event
            except (PcscError, StuckError):
                continue
            finally:
                context.release()
        raise TimeoutError(f"pcscd does not see what is on {reader}")

    def _read(self, reader: PcscCardReader, deadline: Deadline, cancel: Event) -> IdentityDocument | CardRefused | None:
        handle = reader.wait_card(deadline, cancel)
        if handle is None:
            return None
        # For a moment a card that was just taken may still be offered; then the one that lies there has not been read.
        if self._lying is not None and handle.reader == self._service.reader_names()[self._lying[0]]:
            self._used = True
        return reader.read_identity(handle, deadline, self._key())

    def _wait_removed(self, reader: PcscCardReader, deadline: Deadline, cancel: Event) -> bool:
        return reader.wait_removed(deadline, cancel)
