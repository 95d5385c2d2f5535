"""Who may enter technician mode: a PIN or a technician's card, of which the configuration holds only Argon2 hashes."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

MOST_TRIES = 5
LOCKED_SECONDS = 300.0
"""After so many wrong tries, so long nothing is tried any more: a PIN of six digits then lasts for years."""


def hash_of(secret: str) -> str:
    """Return what stands in the configuration for a PIN or a card's number."""
    from argon2 import PasswordHasher

    return PasswordHasher().hash(secret)


@dataclass(frozen=True, repr=False)
class Credentials:
    """The hashes of the configuration; checking one takes some 50 ms of a core and is not for the terminal's thread."""

    pin_hash: str
    card_hashes: tuple[str, ...]

    @property
    def any(self) -> bool:
        """Whether anybody may enter at all."""
        return bool(self.pin_hash or self.card_hashes)

    def opens_with_pin(self, pin: str) -> bool:
        """Whether this is the PIN."""
        return bool(self.pin_hash) and _matches((self.pin_hash,), pin)

    def opens_with_card(self, number: str) -> bool:
        """Whether the card with this number is a technician's."""
        return _matches(self.card_hashes, number.upper())


def _matches(hashes: Collection[str], secret: str) -> bool:
    from argon2 import PasswordHasher
    from argon2.exceptions import InvalidHashError, VerifyMismatchError

    hasher = PasswordHasher()
    for each in hashes:
        try:
            hasher.verify(each, secret)
        except (VerifyMismatchError, InvalidHashError):
            continue
        return True
    return False


class Lock:
    """Counts wrong tries and closes for a while. ``clock`` gives monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._wrong = 0
        self._until = 0.0

    @property
    def closed(self) -> bool:
        """Whether nothing is to be tried now."""
        return self._clock() < self._until

    def wrong(self) -> bool:
        """Take note of a wrong try; True when that closed the lock."""
        self._wrong += 1
        if self._wrong < MOST_TRIES:
            return False
        self._wrong = 0
        self._until = self._clock() + LOCKED_SECONDS
        return True

    def right(self) -> None:
        """Forget the wrong tries."""
        self._wrong = 0
