"""A typed layer over the PC/SC calls, which give back numbers and lists, so that the reader's code is about cards.

The low-level calls are used because the high-level connection of pyscard disconnects with UNPOWER, also when it is
garbage collected, and resets the card under everybody else; and because its monitor threads die when pcscd restarts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from smartcard import scard as _untyped_scard  # pyright: ignore[reportMissingTypeStubs]

_scard: Any = _untyped_scard

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


def _check(result: int) -> None:
    if result != 0:
        raise PcscError(result & 0xFFFFFFFF)


class Connection:
    """A card in use, shared with other programs."""

    def __init__(self, context: int, reader: str) -> None:
        result, self._handle, self._protocol = _scard.SCardConnect(
            context, reader, _scard.SCARD_SHARE_SHARED, _scard.SCARD_PROTOCOL_T0 | _scard.SCARD_PROTOCOL_T1
        )
        _check(result)

    def status(self) -> tuple[int, bytes]:
        """Return the reader's event counter and the card's answer to reset."""
        result, _, state, _, atr = _scard.SCardStatus(self._handle)
        _check(result)
        return state >> 16, bytes(atr)

    def transmit(self, command: bytes) -> bytes:
        """Send one APDU, return data and status word; an answer without a byte means that the card was pulled."""
        header = _scard.SCARD_PCI_T0 if self._protocol == _scard.SCARD_PROTOCOL_T0 else _scard.SCARD_PCI_T1
        # After an error the second value is memory that was never written: it must not be looked at.
        result, answer = _scard.SCardTransmit(self._handle, header, list(command))
        _check(result)
        if not answer:
            raise PcscError(REMOVED_CARD)
        return bytes(answer)

    def reconnect(self, reset: bool = False) -> None:
        """Take the card over again after another program has reset it, or ``reset`` it ourselves."""
        result, self._protocol = _scard.SCardReconnect(
            self._handle,
            _scard.SCARD_SHARE_SHARED,
            _scard.SCARD_PROTOCOL_T0 | _scard.SCARD_PROTOCOL_T1,
            _scard.SCARD_RESET_CARD if reset else _scard.SCARD_LEAVE_CARD,
        )
        _check(result)

    def disconnect(self) -> None:
        """Let go of the card and leave it powered. A card or service that is gone has let go already: no error then."""
        _scard.SCardDisconnect(self._handle, _scard.SCARD_LEAVE_CARD)


class Service:
    """One context: a connection to pcscd of its own, for one thread at a time. Raises ``PcscError``."""

    def __init__(self) -> None:
        result, self._context = _scard.SCardEstablishContext(_scard.SCARD_SCOPE_SYSTEM)
        _check(result)

    def release(self) -> None:
        """Close the connection. A service that is gone is no error: the descriptor is closed all the same."""
        _scard.SCardReleaseContext(self._context)

    def readers(self) -> tuple[str, ...]:
        """Return the names of all readers; none is an empty tuple."""
        result, names = _scard.SCardListReaders(self._context, [])
        if result & 0xFFFFFFFF == NO_READERS:
            return ()
        _check(result)
        return tuple(names)

    def states(self, known: Mapping[str, int], seconds: float) -> tuple[ReaderState, ...]:
        """Wait until a state differs from the known event; nothing at the time-out. ``UNAWARE`` answers at once."""
        result, states = _scard.SCardGetStatusChange(self._context, round(seconds * 1000), list(known.items()))
        if result & 0xFFFFFFFF == TIMEOUT:
            return ()
        _check(result)
        return tuple(ReaderState(name, event, bytes(atr)) for name, event, atr in states)

    def connect(self, reader: str) -> Connection:
        """Connect to the card on a reader. Success is no proof that the card is still there."""
        return Connection(self._context, reader)
