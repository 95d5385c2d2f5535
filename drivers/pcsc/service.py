"""A typed layer over the PC/SC calls, which give back numbers and lists, so that the reader's code is about cards.

The low-level calls are used because the high-level connection of pyscard disconnects with UNPOWER, also when it is
garbage collected, and resets the card under everybody else; and because its monitor threads die when pcscd restarts.

No call into pcscd can be cut short: a card that hangs keeps SCardTransmit, and a service that hangs keeps every call. So
all calls of a context are made on a thread of its own, and one that is late is left behind together with its context.
At most four are: as long as none of them comes back, a new context is refused at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any, Final

from smartcard import scard as _untyped_scard  # pyright: ignore[reportMissingTypeStubs]

from drivers.base import Deadline

_scard: Any = _untyped_scard

_SHORTEST_WAIT = (
    0.5  # seconds that pcscd is given for any call: it answers within a millisecond, on a busy machine later
)

_MOST_LEFT_BEHIND = 4
_left_behind: list[Thread] = []
_left_behind_lock = Lock()

# SCardEstablishContext keeps the library's one lock until the service has answered. SCardListReaders takes it once more when it
# has its answer, to free its memory, and there pyscard 2.3.1 keeps Python's own lock: no thread of the program would run any more
# until the service answers the other one.
_NEVER_TOGETHER: Final = (_scard.SCardEstablishContext, _scard.SCardListReaders)
_never_together = Lock()

UNAWARE: Final = 0
_PRESENT: Final = 0x20
_EMPTY: Final = 0x10

TIMEOUT: Final = 0x8010000A
SHARING_VIOLATION: Final = 0x8010000B
NO_SMARTCARD: Final = 0x8010000C
REMOVED_CARD: Final = 0x80100069
RESET_CARD: Final = 0x80100068
NO_READERS: Final = 0x8010002E

CARD_GONE: Final = frozenset({NO_SMARTCARD, REMOVED_CARD})
READER_GONE: Final = frozenset({0x80100009, 0x80100017, NO_READERS})  # unknown reader, reader unavailable
SERVICE_GONE: Final = frozenset(
    # internal error, invalid handle (a context from before a restart), communication error, unknown error,
    # no service, service stopped
    {0x80100001, 0x80100003, 0x80100013, 0x80100014, 0x8010001D, 0x8010001E}
)


class PcscError(Exception):
    """A PC/SC call failed; ``code`` is its number, unsigned, as pcsc-lite documents it."""

    def __init__(self, code: int) -> None:
        super().__init__(f"0x{code:08X}")
        self.code = code


@dataclass(frozen=True)
class ReaderState:
    """What the service says of one reader; ``event`` is to be handed in again when waiting for the next change."""

    name: str
    event: int
    atr: bytes

    @property
    def present(self) -> bool:
        """Whether a card is there."""
        return bool(self.event & _PRESENT)

    @property
    def empty(self) -> bool:
        """Whether the reader is there and has no card; both false when the service does not know."""
        return bool(self.event & _EMPTY)

    @property
    def counter(self) -> int:
        """Insertions and removals on this reader since the service started (16 bits)."""
        return self.event >> 16


class StuckError(Exception):
    """A call did not come back by its deadline, or too many earlier ones have not: the card, the reader or the service hangs.

    The context is of no more use.
    """


def _check(result: int) -> None:
    if result != 0:
        raise PcscError(result & 0xFFFFFFFF)


class _Caller:
    """Makes the calls of one context, one after the other, on a thread that may be left behind."""

    def __init__(self) -> None:
        """Start the thread. Raises ``StuckError`` where too many are left behind: one more would not fare better."""
        with _left_behind_lock:
            _left_behind[:] = [thread for thread in _left_behind if thread.is_alive()]
            if len(_left_behind) >= _MOST_LEFT_BEHIND:
                raise StuckError
        self._calls: SimpleQueue[tuple[Callable[..., Any], tuple[object, ...]] | None] = SimpleQueue()
        self._results: SimpleQueue[Any] = SimpleQueue()
        self.context: int | None = None
        self.stuck = False
        self._thread = Thread(target=self._run, name="pcsc-calls", daemon=True)
        self._thread.start()

    def call(self, deadline: Deadline, function: Callable[..., Any], *arguments: object) -> Any:
        """Return what the function returns. Raises ``StuckError`` at the deadline, and on every further call."""
        if not self.stuck:
            self._calls.put((function, arguments))
            try:
                return self._results.get(timeout=max(deadline.remaining(), _SHORTEST_WAIT))
            except Empty:
                self.stuck = True
                with _left_behind_lock:
                    _left_behind.append(self._thread)
        raise StuckError

    def end(self) -> None:
        """Release the context and end the thread; a stuck one does so when its call comes back."""
        self._calls.put(None)
        if not self.stuck:
            self._thread.join(_SHORTEST_WAIT)

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            function, arguments = call
            with _never_together if function in _NEVER_TOGETHER else nullcontext():
                result = function(*arguments)
            if function is _scard.SCardEstablishContext and result[0] == 0:
                self.context = result[1]
            self._results.put(result)
        if self.context is not None:
            # A service that is gone is no error: the descriptor is closed all the same.
            _scard.SCardReleaseContext(self.context)


class Connection:
    """A card in use, shared with other programs. Every call ends by the deadline, by ``StuckError`` if need be."""

    def __init__(self, caller: _Caller, reader: str, deadline: Deadline) -> None:
        self._caller = caller
        self._deadline = deadline
        protocols = _scard.SCARD_PROTOCOL_T0 | _scard.SCARD_PROTOCOL_T1
        result, self._handle, self._protocol = self._call(
            _scard.SCardConnect, caller.context, reader, _scard.SCARD_SHARE_SHARED, protocols
        )
        _check(result)

    def status(self) -> tuple[int, bytes]:
        """Return the reader's event counter and the card's answer to reset."""
        result, _, state, _, atr = self._call(_scard.SCardStatus, self._handle)
        _check(result)
        return state >> 16, bytes(atr)

    def transmit(self, command: bytes) -> bytes:
        """Send one APDU, return data and status word; an answer without a byte means that the card was pulled."""
        header = _scard.SCARD_PCI_T0 if self._protocol == _scard.SCARD_PROTOCOL_T0 else _scard.SCARD_PCI_T1
        # After an error the second value is memory that was never written: it must not be looked at.
        result, answer = self._call(_scard.SCardTransmit, self._handle, header, list(command))
        _check(result)
        if not answer:
            raise PcscError(REMOVED_CARD)
        return bytes(answer)

    def reset(self) -> None:
        """Reset the card, under whoever else uses it too."""
        result, self._protocol = self._call(
            _scard.SCardReconnect,
            self._handle,
            _scard.SCARD_SHARE_SHARED,
            _scard.SCARD_PROTOCOL_T0 | _scard.SCARD_PROTOCOL_T1,
            _scard.SCARD_RESET_CARD,
        )
        _check(result)

    def disconnect(self) -> None:
        """Let go of the card and leave it powered. A card or service that is gone has let go already: no error then."""
        if not self._caller.stuck:
            self._call(_scard.SCardDisconnect, self._handle, _scard.SCARD_LEAVE_CARD)

    def _call(self, function: Callable[..., Any], *arguments: object) -> Any:
        return self._caller.call(self._deadline, function, *arguments)


class Service:
    """One context: a connection to pcscd of its own, for one thread at a time. Raises ``PcscError`` and ``StuckError``."""

    def __init__(self, deadline: Deadline) -> None:
        self._caller = _Caller()
        try:
            result, _ = self._caller.call(deadline, _scard.SCardEstablishContext, _scard.SCARD_SCOPE_SYSTEM)
            _check(result)
        except (PcscError, StuckError):
            self._caller.end()
            raise

    def release(self) -> None:
        """Close the connection. A service that is gone is no error: the descriptor is closed all the same."""
        self._caller.end()

    def readers(self, deadline: Deadline) -> tuple[str, ...]:
        """Return the names of all readers; none is an empty tuple."""
        result, names = self._caller.call(deadline, _scard.SCardListReaders, self._caller.context, [])
        if result & 0xFFFFFFFF == NO_READERS:
            return ()
        _check(result)
        return tuple(names)

    def states(self, known: Mapping[str, int], seconds: float, deadline: Deadline) -> tuple[ReaderState, ...]:
        """Wait until a state differs from the known event; nothing at the time-out. ``UNAWARE`` answers at once."""
        result, states = self._caller.call(
            deadline, _scard.SCardGetStatusChange, self._caller.context, round(seconds * 1000), list(known.items())
        )
        if result & 0xFFFFFFFF == TIMEOUT:
            return ()
        _check(result)
        return tuple(ReaderState(name, event, bytes(atr)) for name, event, atr in states)

    def connect(self, reader: str, deadline: Deadline) -> Connection:
        """Connect to the card on a reader. Success is no proof that the card is still there."""
        return Connection(self._caller, reader, deadline)
