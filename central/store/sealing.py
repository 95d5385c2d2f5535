"""Encrypts personal fields at rest (AES-256-GCM) and makes keyed hashes to look up what is sealed."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import tempfile
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY_BYTES = 32
_NONCE_BYTES = 12


class KeyFileError(Exception):
    """The key file cannot be used, or does not belong to the database."""


class Seal:
    """Seals and opens bytes with keys derived from one master key of 32 bytes."""

    def __init__(self, master_key: bytes) -> None:
        self._cipher = AESGCM(_derived(master_key, b"central sealed columns v1"))
        self._index_key = _derived(master_key, b"central lookup columns v1")

    def seal(self, plain: bytes, context: str) -> bytes:
        """Return nonce (12 bytes), ciphertext and tag (16). The authenticated ``context`` ties the value to its place."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """Return what was sealed. Raises ``KeyFileError`` when key, context or bytes are not the ones of the sealing."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context.encode())
        except InvalidTag as error:
            raise KeyFileError("a sealed value does not open: wrong key, or the value was changed") from error

    def index(self, *parts: str) -> bytes:
        """Return the keyed hash (HMAC-SHA256) of some texts, to look up what is stored sealed."""
        return hmac.digest(self._index_key, "\0".join(parts).encode(), hashlib.sha256)


def load_key(path: Path, *, create: bool) -> bytes:
    """Read a key file (base64 of 32 bytes); with ``create`` make it, readable by its owner only, when it is not there.

    Safe when two processes create it at once: one file wins and both read it. Raises ``KeyFileError``.
    """
    if create and not path.exists():
        _create(path)
    try:
        key = base64.b64decode(path.read_bytes(), validate=False)
    except OSError as error:
        raise KeyFileError(f"the key file {path} cannot be read: {error.strerror}") from error
    except binascii.Error as error:
        raise KeyFileError(f"the key file {path} is not base64") from error
    if len(key) != _KEY_BYTES:
        raise KeyFileError(f"the key file {path} does not hold {_KEY_BYTES} bytes")
    return key


def _create(path: Path) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mkstemp makes it 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(base64.b64encode(secrets.token_bytes(_KEY_BYTES)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(name, path)
        except FileExistsError:
            return
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    finally:
        Path(name).unlink()


def _derived(master_key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=purpose).derive(master_key)
