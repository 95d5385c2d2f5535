"""The ciphers of ICAO Doc 9303 part 11 (section 9): keys out of a secret, encryption and message authentication codes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

MAC_LENGTH = 8
ENCRYPTION, AUTHENTICATION, PASSWORD = 1, 2, 3
"""Counters of the key derivation: what the key is for."""


@dataclass(frozen=True)
class Suite:
    """One of the standard's ciphers; lengths in bytes."""

    name: str
    key_length: int
    block: int


TRIPLE_DES = Suite("3DES", 16, 8)
AES_128 = Suite("AES-128", 16, 16)
AES_192 = Suite("AES-192", 24, 16)
AES_256 = Suite("AES-256", 32, 16)


def derive(suite: Suite, secret: bytes, counter: int) -> bytes:
    """Return a key (9.7.1): SHA-1 for 3DES and AES-128, SHA-256 for longer ones; DES keys with odd parity."""
    data = secret + counter.to_bytes(4, "big")
    if suite.key_length > AES_128.key_length:
        return hashlib.sha256(data).digest()[: suite.key_length]
    key = hashlib.sha1(data, usedforsecurity=False).digest()[: suite.key_length]
    return bytes(_odd(byte) for byte in key) if suite == TRIPLE_DES else key


def _odd(byte: int) -> int:
    high = byte & 0xFE
    return high | (high.bit_count() + 1) % 2


def pad(data: bytes, block: int) -> bytes:
    """Append 80 and zeros up to a whole block (ISO 9797-1, padding method 2)."""
    return data + b"\x80" + bytes(-(len(data) + 1) % block)


def unpad(data: bytes) -> bytes | None:
    """Take the padding away; None where there is none."""
    bare = data.rstrip(b"\0")
    return bare[:-1] if bare.endswith(b"\x80") else None


def encrypt(suite: Suite, key: bytes, data: bytes, start: bytes = b"") -> bytes:
    """Encrypt whole blocks, CBC; ``start`` is the first vector, zeros where it is not given."""
    encryptor = Cipher(_algorithm(suite, key), modes.CBC(start or bytes(suite.block))).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def decrypt(suite: Suite, key: bytes, data: bytes, start: bytes = b"") -> bytes:
    """Decrypt whole blocks, CBC. Raises ``ValueError`` for another length."""
    decryptor = Cipher(_algorithm(suite, key), modes.CBC(start or bytes(suite.block))).decryptor()
    return decryptor.update(data) + decryptor.finalize()


def mac(suite: Suite, key: bytes, data: bytes) -> bytes:
    """Return eight bytes: the retail MAC of DES (ISO 9797-1, algorithm 3; over whole blocks), or CMAC of AES."""
    if suite != TRIPLE_DES:
        code = CMAC(algorithms.AES(key))
        code.update(data)
        return code.finalize()[:MAC_LENGTH]
    first, second = key[:8], key[8:]
    # Single DES is 3DES with the same key three times; the last block alone sees both keys.
    head = encrypt(suite, first, data[:-8])[-8:] if len(data) > suite.block else bytes(8)
    last = bytes(left ^ right for left, right in zip(head, data[-8:], strict=True))
    return encrypt(suite, first + second, last)


def _algorithm(suite: Suite, key: bytes) -> algorithms.AES | TripleDES:
    # The library takes 3DES keys of 24 bytes only: two keys are first, second, first; one is itself three times.
    return TripleDES(key + key[:8] if len(key) == 16 else key * 3) if suite == TRIPLE_DES else algorithms.AES(key)
