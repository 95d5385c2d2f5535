"""Keeps personal data in the journal unreadable without the terminal's key, and notices changes behind our back."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path

from kiosk.journal_values import JournalUnavailable

KEY_BYTES = 32
CREDENTIAL = "journal-key"
_NONCE_BYTES = 12  # NIST SP 800-38D: the length that AES-GCM uses as it is
_TAG_BYTES = 16


class TamperedError(Exception):
    """A sealed value does not open with this key at this place."""


class JournalCipher:
    """AES-256-GCM. A sealed value is nonce (12 bytes), ciphertext, tag (16 bytes)."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise _unusable(f"the journal key has {len(key)} bytes, it must have {KEY_BYTES}")
        # Imported here: it takes as long as the rest of the journal together, and only the terminal itself opens one.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._aead = AESGCM(key)

    def seal(self, plain: bytes, *place: str) -> bytes:
        """Encrypt ``plain`` for one place (such as its field, row key and kind), the only one where it will open."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, plain, _associated(place))

    def unseal(self, sealed: bytes, *place: str) -> bytes:
        """Decrypt what was sealed for ``place``. Raises ``TamperedError``."""
        from cryptography.exceptions import InvalidTag

        if len(sealed) < _NONCE_BYTES + _TAG_BYTES:
            raise TamperedError(place[0])
        try:
            return self._aead.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _associated(place))
        except InvalidTag as error:
            raise TamperedError(place[0]) from error


def _associated(place: tuple[str, ...]) -> bytes:
    # Each part with its length, so that ("ab", "c") and ("a", "bc") differ.
    parts = [part.encode() for part in place]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _unusable(detail: str) -> JournalUnavailable:
    return JournalUnavailable("journal.key", detail)


def load_key(path: Path | None, create: bool) -> bytes:
    """Return the journal's 32 bytes of key.

    Without a ``path`` it is systemd's credential ``journal-key``. A file must belong to us alone (mode 0600 or
    stricter); with ``create`` a missing one is made from the system's random source. Raises ``JournalUnavailable``.
    """
    if path is None:
        folder = os.environ.get("CREDENTIALS_DIRECTORY")
        if not folder:
            raise _unusable("no key file is configured and systemd gave no credentials")
        # systemd grants access by an ACL, whose mask shows as group bits: the folder protects this file, not its mode.
        return _read(Path(folder) / CREDENTIAL, private=False)
    if create and not path.exists():
        _create(path)
    return _read(path, private=True)


def _read(path: Path, private: bool) -> bytes:
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            key = file.read(KEY_BYTES + 1)
    except OSError as error:
        raise _unusable(f"the journal key cannot be read: {error.strerror}") from error
    if private and stat.S_IMODE(status.st_mode) & 0o077:
        raise _unusable("the journal key's file is open to others: its mode must be 0600")
    if private and status.st_uid != os.geteuid():
        raise _unusable("the journal key's file belongs to another user")
    if len(key) != KEY_BYTES:
        raise _unusable(f"the journal key must have exactly {KEY_BYTES} bytes")
    return key


def _create(path: Path) -> None:
    # Under its final name only when whole: a crash in between must not leave half a key behind.
    try:
        descriptor, unfinished = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)  # mode 0600
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.urandom(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        # Unlike a rename, a link never replaces the key that another process has made in the meantime.
        with contextlib.suppress(FileExistsError):
            os.link(unfinished, path)
        Path(unfinished).unlink()
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise _unusable(f"the journal key cannot be made: {error.strerror}") from error
