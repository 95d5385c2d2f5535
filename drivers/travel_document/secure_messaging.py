"""Secure messaging (ICAO Doc 9303 part 11, 9.8): every command and answer encrypted, counted and authenticated."""

from __future__ import annotations

import hmac

from drivers.travel_document import ciphers, tlv
from drivers.travel_document.ciphers import Suite

_SECURE = 0x0C
_CRYPTOGRAM, _CRYPTOGRAM_ODD, _LENGTH, _STATUS, _CHECKSUM = 0x87, 0x85, 0x97, 0x99, 0x8E
_PADDED = b"\x01"


class SecureMessagingError(Exception):
    """An answer is not what the chip sent: the session is over. The message names the rule that was broken."""


class SecureMessaging:
    """One session: two keys and the counter of messages sent and received."""

    def __init__(self, suite: Suite, encryption_key: bytes, authentication_key: bytes, counter: int) -> None:
        self._suite = suite
        self._encryption_key = encryption_key
        self._authentication_key = authentication_key
        self._counter = counter

    def protect(self, header: bytes, data: bytes = b"", expected: int | None = None) -> bytes:
        """Return the protected form of a command: ``header`` is CLA INS P1 P2, ``expected`` its Le (0 for 256)."""
        self._count()
        header = bytes([header[0] | _SECURE]) + header[1:]
        items = b""
        if data:
            secret = ciphers.encrypt(
                self._suite, self._encryption_key, ciphers.pad(data, self._suite.block), self._start()
            )
            # Commands with an odd instruction carry BER-TLV, and then no byte says how they are padded (9.8.4).
            items += tlv.encode(_CRYPTOGRAM_ODD, secret) if header[1] & 1 else tlv.encode(_CRYPTOGRAM, _PADDED + secret)
        if expected is not None:
            items += tlv.encode(_LENGTH, bytes([expected]))
        items += tlv.encode(_CHECKSUM, self._checksum(ciphers.pad(header, self._suite.block) + items))
        return header + bytes([len(items)]) + items + b"\0"

    def open(self, answer: bytes) -> tuple[bytes, int]:
        """Return an answer's data and the status word inside it; ``answer`` is what came before the outer status word.

        Raises ``SecureMessagingError``.
        """
        self._count()
        try:
            items = tlv.read_all(answer)
        except tlv.InvalidDataError as error:
            raise SecureMessagingError(f"answer: {error}") from None
        tags = [item.tag for item in items]
        if tags[-2:] != [_STATUS, _CHECKSUM]:
            raise SecureMessagingError("answer without status and checksum")
        protected = answer[: items[-2].end]
        if not hmac.compare_digest(self._checksum(protected), items[-1].value):
            raise SecureMessagingError("wrong checksum")
        status = items[-2].value
        if len(status) != 2 or len(items) > 3:
            raise SecureMessagingError("status word")
        data = self._decrypt(items[0]) if len(items) == 3 else b""
        return data, int.from_bytes(status, "big")

    def _decrypt(self, item: tlv.Item) -> bytes:
        secret = item.value
        if item.tag == _CRYPTOGRAM:
            if not secret.startswith(_PADDED):
                raise SecureMessagingError("padding indicator")
            secret = secret[1:]
        elif item.tag != _CRYPTOGRAM_ODD:
            raise SecureMessagingError(f"tag {item.tag:X}")
        if not secret or len(secret) % self._suite.block:
            raise SecureMessagingError("no whole blocks")
        data = ciphers.unpad(ciphers.decrypt(self._suite, self._encryption_key, secret, self._start()))
        if data is None:
            raise SecureMessagingError("padding")
        return data

    def _count(self) -> None:
        self._counter = (self._counter + 1) % (1 << 8 * self._suite.block)

    def _counted(self) -> bytes:
        return self._counter.to_bytes(self._suite.block, "big")

    def _start(self) -> bytes:
        """Return the first vector: zeros for 3DES, the encrypted counter for AES (9.8.6)."""
        if self._suite == ciphers.TRIPLE_DES:
            return bytes(self._suite.block)
        return ciphers.encrypt(self._suite, self._encryption_key, self._counted())

    def _checksum(self, message: bytes) -> bytes:
        padded = ciphers.pad(self._counted() + message, self._suite.block)
        return ciphers.mac(self._suite, self._authentication_key, padded)
