"""Identity cards on PC/SC readers: one loop of our own that outlives restarts of pcscd and readers that come and go."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from threading import Event, RLock
from typing import TypeVar

from drivers.base import Check, CheckOutcome, Deadline, DeviceIdentity, DeviceState, DriverError, Fault, Health
from drivers.card_reader import AccessKey, CardHandle, CardReader, CardRefused, IdentityDocument
from drivers.cards import photo
from drivers.pcsc import applications, trace
from drivers.pcsc.apdu import Card
from drivers.pcsc.presence import Presences, Slot
from drivers.pcsc.service import (
    CARD_GONE,
    NO_READERS,
    READER_GONE,
    RESET_CARD,
    SERVICE_GONE,
    SHARING_VIOLATION,
    TIMEOUT,
    UNAWARE,
    Connection,
    PcscError,
    ReaderState,
    Service,
    StuckError,
)
from drivers.wire import Direction

SERVICE_DOWN = "card_reader.service_down"
NOT_FOUND = "card_reader.not_found"
NO_ANSWER = "card_reader.no_answer"

_SLICE = 0.1  # seconds of one wait, so that cancel and close are noticed
_BUSY_RETRY = 0.05
_CLOSE_WAIT = 0.5
# pcscd asks most readers every 0.4 s whether the card is still there, so a failed command may know it earlier.
_PCSCD_NOTICES = 0.6

# A slot for a security module holds one for ever; it is part of the reader and never a citizen's card.
_MODULE_SLOT = re.compile(r"\bSAM\b[ 0-9A-F]*$")

_Found = TypeVar("_Found")


class PcscCardReader(CardReader):
    """All PC/SC readers whose name contains ``reader``, taken as one device: the first new card on any of them wins.

    An empty ``reader`` means all but security module slots; upper and lower case are the same. ``patience``: how long a
    wait bears a missing service or reader before it raises ``DriverError`` (``card_reader.service_down``,
    ``card_reader.not_found``); every other call raises at once. ``busy_patience``: how long a card held by another
    program is waited for before ``card.busy``. Both in seconds. ``known``: the applications looked for on a card.
    ``offer_lying``: a card that lies there from the start is offered without having been lifted. ``now`` gives the epoch.

    What happens to a card that lies there while pcscd or the program restarts is told in ``drivers.pcsc.presence``.
    """

    def __init__(
        self,
        reader: str = "",
        *,
        patience: float = 5.0,
        busy_patience: float = 2.0,
        known: tuple[applications.Application, ...] = applications.APPLICATIONS,
        offer_lying: bool = False,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._pattern = reader.casefold()
        self._patience = patience
        self._busy_patience = busy_patience
        self._known = known
        self._now = now
        self._service: Service | None = None
        self._names: tuple[str, ...] = ()
        self._seen: tuple[str, ...] = ()
        self._presences = Presences(offer_lying=offer_lying)
        self._outage: Deadline | None = None
        self._lock = RLock()
        self._closed = Event()
        self._closed.set()

    def identity(self) -> DeviceIdentity:
        """Return the readers' names as the model."""
        return DeviceIdentity("card_reader", "pcsc", model=", ".join(self._names))

    def open(self, deadline: Deadline) -> None:
        """Connect to the service and find the readers. Raises ``DriverError`` when one of both is missing."""
        if not self._lock.acquire(timeout=deadline.remaining()):
            raise DriverError(NOT_FOUND, "an earlier call has not come back")
        try:
            self._closed.clear()
            self._outage = None
            self._seen = ()
            with self._in_use():
                self._look(deadline)
        except DriverError:
            self._closed.set()
            raise
        finally:
            self._lock.release()

    def close(self) -> None:
        """Let go of the service. A call under way comes back within 0.1 s; one stuck for longer lets go by itself."""
        self._closed.set()
        if self._lock.acquire(timeout=_CLOSE_WAIT):
            try:
                self._disconnect()
            finally:
                self._lock.release()

    def poll(self, deadline: Deadline) -> Health:
        """Ask the service for its readers, under a millisecond. Raises ``DriverError`` when one of both is missing.

        Degraded while one of several readers is gone that was there since ``open`` or ``reset``.
        """
        with self._in_use():
            self._look(deadline)
            faults = self._unplugged()
        return Health(DeviceState.DEGRADED if faults else DeviceState.ONLINE, faults, observed_at=self._now())

    def reset(self, deadline: Deadline) -> None:
        """Build a new connection to the service; the readers that are there now are those that there should be."""
        with self._in_use():
            self._disconnect()
            self._seen = ()
            self._look(deadline)

    def self_test(self, deadline: Deadline) -> tuple[Check, ...]:
        """Check the service, the readers and what lies on them, in this order; what follows a failure is skipped.

        The last lines say whether a resident card's picture can be decoded, and what an application needs beside the card.
        """
        beside = (photo.check(), *(known.examine() for known in self._known if known.examine is not None))
        try:
            with self._in_use():
                states = self._look(deadline)
                unplugged = self._unplugged()
        except DriverError as error:
            failure = Check("service", CheckOutcome.FAIL, error.fault, error.fault.evidence)
            no_card = Check("card", CheckOutcome.SKIP)
            if error.fault.code != NOT_FOUND:
                return (failure, Check("reader", CheckOutcome.SKIP), no_card, *beside)
            return (Check("service", CheckOutcome.PASS), replace(failure, name="reader"), no_card, *beside)
        cards = (
            f"{state.name}: {'ATR ' + trace.answer_to_reset(state.atr) if state.present else 'empty'}"
            for state in states
        )
        names = ", ".join(self._names)
        return (
            Check("service", CheckOutcome.PASS),
            *(Check("reader", CheckOutcome.WARN, fault, fault.evidence) for fault in unplugged),
            *(() if unplugged else (Check("reader", CheckOutcome.PASS, evidence=names),)),
            Check("card", CheckOutcome.PASS, evidence="; ".join(cards)),
            *beside,
        )

    @property
    def must_lift(self) -> bool:
        """Whether a card lies there that was read, or lay there at the program's start."""
        return self._presences.any_done()

    def wait_card(self, deadline: Deadline, cancel: Event) -> CardHandle | None:
        """Wait for a card that has not been read yet; None at the deadline, on cancel (within 0.1 s) and on close."""
        with self._in_use():
            return self._wait(self._presences.offer, deadline, cancel)

    def wait_removed(self, deadline: Deadline, cancel: Event) -> bool:
        """Wait until no reader has a card; False at the deadline, on cancel (within 0.1 s) and on close.

        It stays False while a reader is gone that had a card when it was unplugged.
        """
        with self._in_use():
            return bool(self._wait(lambda: self._presences.all_empty(self._seen) or None, deadline, cancel))

    def read_identity(
        self, handle: CardHandle, deadline: Deadline, key: AccessKey | None = None
    ) -> IdentityDocument | CardRefused:
        """Read the card in full. Whatever the outcome, the same presence is not offered again.

        While the card lies there it may be read once more under the same handle, as with the key that was asked for.
        Raises ``DriverError`` when the service or the reader went away or hangs; the card is then offered again.
        """
        with self._in_use():
            slot = self._presences.of(handle)
            if slot is None or self._service is None:
                return CardRefused("card.removed", "changed before it was read")
            try:
                outcome = self._read(self._service, handle.reader, slot, deadline, key)
            except PcscError as error:
                outcome = self._read_again(self._service, error, handle, slot, deadline, key)
            slot.done = True
            return outcome

    def _read_again(
        self,
        service: Service,
        error: PcscError,
        handle: CardHandle,
        slot: Slot,
        deadline: Deadline,
        key: AccessKey | None,
    ) -> IdentityDocument | CardRefused:
        """Begin once more with a card that lost what was selected and agreed on.

        Another program has reset it, it has a bad contact, or it was lifted and put back faster than pcscd looks.
        """
        was_reset = error.code == RESET_CARD
        if not was_reset:
            refused = self._refusal(error, handle, slot, deadline)
            if refused.code != "card.unreadable" or deadline.expired:
                return refused
        try:
            return self._read(service, handle.reader, slot, deadline, key, reset=not was_reset)
        except PcscError as second:
            return self._refusal(second, handle, slot, deadline)

    def _read(
        self,
        service: Service,
        reader: str,
        slot: Slot,
        deadline: Deadline,
        key: AccessKey | None,
        reset: bool = False,
    ) -> IdentityDocument | CardRefused:
        connection = self._connect(service, reader, deadline)

        def transmit(command: bytes) -> bytes:
            if deadline.expired:
                raise PcscError(TIMEOUT)
            return self._transmit(connection, command)

        try:
            if reset:
                connection.reset()
            counter, atr = connection.status()
            self.saw(Direction.IN, len(atr), trace.answer_to_reset(atr), f"answer to reset, {reader}")
            if counter != slot.counter:
                return CardRefused("card.removed", "changed before it was read")
            return applications.read(Card(atr, transmit, deadline, key), self._known)
        finally:
            connection.disconnect()

    def _transmit(self, connection: Connection, command: bytes) -> bytes:
        if self.watcher is None:
            return connection.transmit(command)
        self.saw(Direction.OUT, len(command), *trace.command(command))
        try:
            answer = connection.transmit(command)
        except PcscError as error:
            self.saw(Direction.IN, 0, "", f"no answer: {error}")
            raise
        self.saw(Direction.IN, len(answer), *trace.answer(answer))
        return answer

    def _connect(self, service: Service, reader: str, deadline: Deadline) -> Connection:
        patience = deadline.within(self._busy_patience)
        while True:
            try:
                return service.connect(reader, deadline)
            except PcscError as error:
                if error.code != SHARING_VIOLATION or patience.expired or self._closed.wait(_BUSY_RETRY):
                    raise

    def _refusal(self, error: PcscError, handle: CardHandle, slot: Slot, deadline: Deadline) -> CardRefused:
        """Say what a failed call means for the citizen, or raise ``DriverError`` when it is not about the card."""
        if error.code in SERVICE_GONE | READER_GONE:
            self._disconnect()
            raise _driver_error(error) from error
        if error.code == SHARING_VIOLATION:
            return CardRefused("card.busy", str(error))
        if error.code in CARD_GONE:
            slot.doubt = Deadline.after(_PCSCD_NOTICES, deadline.clock)
            return CardRefused("card.removed", str(error))
        # Any other code comes from a pulled card as well as from a bad contact: pcscd will know in a moment.
        notices = deadline.within(_PCSCD_NOTICES)
        removed = self._wait(lambda: self._presences.of(handle) is None or None, notices, self._closed)
        return CardRefused("card.removed" if removed else "card.unreadable", str(error))

    def _wait(self, found: Callable[[], _Found | None], deadline: Deadline, cancel: Event) -> _Found | None:
        """Look at the readers at once and at each change, until something is found."""
        seconds: float | None = None
        while True:
            result = found() if self._observe(seconds, deadline, cancel) else None
            if result is not None or cancel.is_set() or self._closed.is_set() or deadline.expired:
                return result
            seconds = min(_SLICE, deadline.remaining())

    def _observe(self, seconds: float | None, deadline: Deadline, cancel: Event) -> bool:
        """Wait for a change; False when service or reader are missing, which is borne as long as our patience lasts."""
        try:
            self._refresh(seconds, deadline)
        except PcscError as error:
            self._disconnect()
            if self._outage is None:
                self._outage = Deadline.after(self._patience, deadline.clock)
            if self._outage.expired:
                raise _driver_error(error) from error
            cancel.wait(min(_SLICE, deadline.remaining()))
            return False
        self._outage = None
        return True

    def _look(self, deadline: Deadline) -> tuple[ReaderState, ...]:
        """Take in the present state of every reader; raise ``DriverError`` when there is none."""
        try:
            return self._refresh(None, deadline)
        except PcscError as error:
            self._disconnect()
            raise _driver_error(error) from error

    def _refresh(self, seconds: float | None, deadline: Deadline) -> tuple[ReaderState, ...]:
        """Wait up to ``seconds`` for readers whose state changed; None asks for the state of all, at once."""
        if self._service is None:
            self._service = Service(deadline)
        self._names = tuple(name for name in self._service.readers(deadline) if self._wanted(name))
        self._seen = tuple(dict.fromkeys((*self._seen, *self._names)))
        self._presences.lose(remaining=self._names)
        if not self._names:
            raise PcscError(NO_READERS)
        known = {name: UNAWARE if seconds is None else self._presences.event(name) for name in self._names}
        states = self._service.states(known, seconds or 0.0, deadline)
        for state in states:
            self._presences.see(state)
        return states

    def _unplugged(self) -> tuple[Fault, ...]:
        """Return a fault for every reader that was seen and is gone."""
        return tuple(Fault(NOT_FOUND, "unplugged", name) for name in self._seen if name not in self._names)

    def _wanted(self, name: str) -> bool:
        return self._pattern in name.casefold() if self._pattern else not _MODULE_SLOT.search(name)

    def _disconnect(self) -> None:
        if self._service is not None:
            self._service.release()
            self._service = None
        self._presences.lose()

    @contextmanager
    def _in_use(self) -> Generator[None]:
        with self._lock:
            if self._closed.is_set():
                raise DriverError(NOT_FOUND, "not open")
            try:
                yield
            except StuckError:
                self._disconnect()
                raise DriverError(NO_ANSWER, "a call into pcscd does not come back") from None
            finally:
                if self._closed.is_set():
                    self._disconnect()


def _driver_error(error: PcscError) -> DriverError:
    if error.code in READER_GONE:
        return DriverError(NOT_FOUND, "no such reader", str(error))
    return DriverError(SERVICE_DOWN, "pcscd does not answer", str(error))
