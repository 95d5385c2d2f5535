"""Basic Access Control (ICAO Doc 9303 part 11, 4.3): whoever knows the machine-readable zone may read."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

from drivers.card_reader import CardRefused, MrzKey
from drivers.travel_document import ciphers, mrz
from drivers.travel_document.chip import OK, Chip, ChipError
from drivers.travel_document.ciphers import AUTHENTICATION, ENCRYPTION, TRIPLE_DES
from drivers.travel_document.secure_messaging import SecureMessaging

Random = Callable[[int], bytes]
"""Gives so many unpredictable bytes."""

_GET_CHALLENGE = bytes.fromhex("00840000")
_EXTERNAL_AUTHENTICATE = bytes.fromhex("00820000")
_NONCE, _KEY, _ANSWER = 8, 16, 40


def access_keys(key: MrzKey) -> tuple[bytes, bytes]:
    """Return the keys for encryption and authentication that the zone gives (appendix D.2)."""
    seed = hashlib.sha1(mrz.information(key), usedforsecurity=False).digest()[:16]
    return ciphers.derive(TRIPLE_DES, seed, ENCRYPTION), ciphers.derive(TRIPLE_DES, seed, AUTHENTICATION)


def authenticate(chip: Chip, key: MrzKey, random: Random) -> CardRefused | None:
    """Agree on session keys with a chip whose application is selected; ``card.wrong_key`` when it knows another zone.

    Raises ``ChipError``.
    """
    encryption_key, authentication_key = access_keys(key)
    theirs, status = chip.command(_GET_CHALLENGE, expected=_NONCE)
    if status != OK or len(theirs) != _NONCE:
        raise ChipError("GET CHALLENGE", status)
    ours, our_part = random(_NONCE), random(_KEY)
    secret = ciphers.encrypt(TRIPLE_DES, encryption_key, ours + theirs + our_part)
    answer, status = chip.command(_EXTERNAL_AUTHENTICATE, secret + _checksum(authentication_key, secret), _ANSWER)
    if status != OK:
        # Chips say "wrong" in many ways (6300, 6982, 6985, 6A80 ...), and nothing else can be wrong with the command.
        return CardRefused("card.wrong_key", f"BAC: SW {status:04X}")
    if len(answer) != _ANSWER:
        raise ChipError(f"EXTERNAL AUTHENTICATE: {len(answer)} bytes")
    secret, checksum = answer[:-8], answer[-8:]
    plain = ciphers.decrypt(TRIPLE_DES, encryption_key, secret)
    if not hmac.compare_digest(_checksum(authentication_key, secret), checksum) or plain[:16] != theirs + ours:
        raise ChipError("EXTERNAL AUTHENTICATE: the chip did not prove that it knows the key")
    seed = bytes(left ^ right for left, right in zip(our_part, plain[16:], strict=True))
    chip.messaging = SecureMessaging(
        TRIPLE_DES,
        ciphers.derive(TRIPLE_DES, seed, ENCRYPTION),
        ciphers.derive(TRIPLE_DES, seed, AUTHENTICATION),
        int.from_bytes(theirs[4:] + ours[4:], "big"),
    )
    return None


def _checksum(key: bytes, data: bytes) -> bytes:
    return ciphers.mac(TRIPLE_DES, key, ciphers.pad(data, TRIPLE_DES.block))
