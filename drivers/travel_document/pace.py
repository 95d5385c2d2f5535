"""PACE with generic mapping over elliptic curves (ICAO Doc 9303 part 11, 4.4): the way in that resists eavesdroppers.

Integrated mapping, chip authentication mapping and Diffie-Hellman over numbers are not spoken: what a chip offers in
these ways is passed over.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import ecdsa as _untyped_ecdsa  # pyright: ignore[reportMissingTypeStubs]

from drivers.card_reader import AccessKey, CanKey, CardRefused
from drivers.travel_document import ciphers, mrz, tlv
from drivers.travel_document.chip import OK, Chip, ChipError
from drivers.travel_document.ciphers import AUTHENTICATION, ENCRYPTION, PASSWORD, Suite
from drivers.travel_document.secure_messaging import SecureMessaging

_ecdsa: Any = _untyped_ecdsa
_INFINITY: Any = _ecdsa.ellipticcurve.INFINITY
_PointJacobi: Any = _ecdsa.ellipticcurve.PointJacobi
_MalformedPointError: type[Exception] = _ecdsa.errors.MalformedPointError

Random = Callable[[int], bytes]

_GENERIC_MAPPING = bytes.fromhex("04007F000702020402")  # id-PACE-ECDH-GM, 0.4.0.127.0.7.2.2.4.2
_SUITES = {1: ciphers.TRIPLE_DES, 2: ciphers.AES_128, 3: ciphers.AES_192, 4: ciphers.AES_256}
# Standardized domain parameters (9.5.1, table 6).
_CURVES: dict[int, Any] = {
    8: _ecdsa.NIST192p,
    9: _ecdsa.BRAINPOOLP192r1,
    10: _ecdsa.NIST224p,
    11: _ecdsa.BRAINPOOLP224r1,
    12: _ecdsa.NIST256p,
    13: _ecdsa.BRAINPOOLP256r1,
    14: _ecdsa.BRAINPOOLP320r1,
    15: _ecdsa.NIST384p,
    16: _ecdsa.BRAINPOOLP384r1,
    17: _ecdsa.BRAINPOOLP512r1,
    18: _ecdsa.NIST521p,
}
_BEST_FIRST = (ciphers.AES_256, ciphers.AES_192, ciphers.AES_128, ciphers.TRIPLE_DES)

_SET_TEMPLATE = bytes.fromhex("0022C1A4")
_CHAINED, _LAST = bytes.fromhex("10860000"), bytes.fromhex("00860000")
_MRZ_PASSWORD, _CAN_PASSWORD = b"\x01", b"\x02"
_NO_SUCH_PASSWORD = 0x6A88  # referenced data not found (4.4.4.1)
_NONCE = 16


@dataclass(frozen=True)
class Offer:
    """One way that the chip offers: the protocol's object identifier (as encoded), its cipher, its curve's number.

    ``ambiguous``: the protocol is offered on several curves, so the chip must be told which (4.4.4.1).
    """

    protocol: bytes
    suite: Suite
    parameters: int
    ambiguous: bool = False


def offers(card_access: bytes) -> tuple[Offer, ...]:
    """Return what EF.CardAccess offers and we speak, the strongest cipher first. Raises ``InvalidDataError``."""
    found: list[Offer] = []
    for information in tlv.read_all(tlv.find(card_access, 0x31)):
        if information.tag != 0x30:
            continue
        fields = tlv.read_all(information.value)
        if [field.tag for field in fields[:3]] != [0x06, 0x02, 0x02] or fields[1].value != b"\x02":
            continue
        protocol, number = fields[0].value, int.from_bytes(fields[2].value[:4], "big")
        suite = _SUITES.get(protocol[-1]) if protocol[:-1] == _GENERIC_MAPPING else None
        if suite is not None and number in _CURVES:
            found.append(Offer(protocol, suite, number))
    protocols = [offer.protocol for offer in found]
    return tuple(
        replace(offer, ambiguous=protocols.count(offer.protocol) > 1)
        for offer in sorted(found, key=lambda offer: _BEST_FIRST.index(offer.suite))
    )


def password_key(key: AccessKey, suite: Suite) -> bytes:
    """Return the key that the chip's nonce is encrypted with (9.7.3)."""
    if isinstance(key, CanKey):
        secret = key.can.encode("ascii")
    else:
        secret = hashlib.sha1(mrz.information(key), usedforsecurity=False).digest()
    return ciphers.derive(suite, secret, PASSWORD)


def authenticate(chip: Chip, offer: Offer, key: AccessKey, random: Random) -> CardRefused | None:
    """Agree on session keys with a chip whose master file is selected.

    ``card.wrong_key`` when it knows another key, ``card.no_access_number`` when it has none to be opened by. Raises ``ChipError``.
    """
    curve = _CURVES[offer.parameters]
    reference = _CAN_PASSWORD if isinstance(key, CanKey) else _MRZ_PASSWORD
    template = tlv.encode(0x80, offer.protocol) + tlv.encode(0x83, reference)
    if offer.ambiguous:
        template += tlv.encode(0x84, bytes([offer.parameters]))
    _, status = chip.command(_SET_TEMPLATE, template)
    if status == _NO_SUCH_PASSWORD and isinstance(key, CanKey):
        return CardRefused("card.no_access_number", f"PACE: SW {status:04X}")
    if status != OK:
        raise ChipError("PACE: MSE:Set AT", status)
    encrypted = _round(chip, b"", 0x80)
    if len(encrypted) != _NONCE:
        raise ChipError(f"PACE: nonce of {len(encrypted)} bytes")
    nonce = ciphers.decrypt(offer.suite, password_key(key, offer.suite), encrypted)

    first = _scalar(curve, random)
    theirs = _point(curve, _round(chip, tlv.encode(0x81, _encoded(curve.generator * first)), 0x82))
    generator = mapped_generator(curve, nonce, theirs * first)

    second = _scalar(curve, random)
    ours = _encoded(generator * second)
    their_bytes = _round(chip, tlv.encode(0x83, ours), 0x84)
    shared = _point(curve, their_bytes) * second
    if their_bytes == ours or shared == _INFINITY:
        raise ChipError("PACE: the chip's key is no key")
    encryption_key, authentication_key = session_keys(curve, offer.suite, shared)
    token = tlv.encode(0x85, authentication_token(offer, authentication_key, their_bytes))
    data, status = chip.command(_LAST, tlv.encode(0x7C, token), 0)
    if status != OK:
        return CardRefused("card.wrong_key", f"PACE: SW {status:04X}")
    if not hmac.compare_digest(_inside(data, 0x86), authentication_token(offer, authentication_key, ours)):
        raise ChipError("PACE: the chip did not prove that it knows the key")
    chip.messaging = SecureMessaging(offer.suite, encryption_key, authentication_key, 0)
    return None


def mapped_generator(curve: Any, nonce: bytes, shared: Any) -> Any:
    """Return the generator of this session: nonce times the curve's own, plus the point both sides know (4.4.3.3.1).

    Raises ``ChipError`` where that is no generator.
    """
    generator = curve.generator * (int.from_bytes(nonce, "big") % int(curve.order)) + shared
    if generator == _INFINITY:
        raise ChipError("PACE: no generator")
    return _PointJacobi(curve.curve, generator.x(), generator.y(), 1, curve.order)


def session_keys(curve: Any, suite: Suite, shared: Any) -> tuple[bytes, bytes]:
    """Return the keys for encryption and authentication out of the shared point's first coordinate."""
    secret = int(shared.x()).to_bytes(curve.baselen, "big")
    return ciphers.derive(suite, secret, ENCRYPTION), ciphers.derive(suite, secret, AUTHENTICATION)


def authentication_token(offer: Offer, key: bytes, public: bytes) -> bytes:
    """Return the code over the *other* side's key, which shows that one has the session's keys (4.4.3.4)."""
    data = tlv.encode(0x7F49, tlv.encode(0x06, offer.protocol) + tlv.encode(0x86, public))
    return ciphers.mac(
        offer.suite, key, ciphers.pad(data, offer.suite.block) if offer.suite == ciphers.TRIPLE_DES else data
    )


def curve_of(offer: Offer) -> Any:
    """Return the curve of an offer."""
    return _CURVES[offer.parameters]


def _round(chip: Chip, sent: bytes, expected: int) -> bytes:
    data, status = chip.command(_CHAINED, tlv.encode(0x7C, sent), 0)
    if status != OK:
        raise ChipError("PACE: GENERAL AUTHENTICATE", status)
    return _inside(data, expected)


def _inside(data: bytes, tag: int) -> bytes:
    try:
        return tlv.find(tlv.find(data, 0x7C), tag)
    except tlv.InvalidDataError as error:
        raise ChipError(f"PACE: {error}") from None


def _scalar(curve: Any, random: Random) -> int:
    # Eight bytes more than the order has make every number as likely as any other.
    return int.from_bytes(random(curve.baselen + 8), "big") % (int(curve.order) - 1) + 1


def _encoded(point: Any) -> bytes:
    return bytes(point.to_bytes("uncompressed"))


def _point(curve: Any, encoded: bytes) -> Any:
    try:
        return _PointJacobi.from_bytes(curve.curve, encoded, valid_encodings=("uncompressed",), order=curve.order)
    except (_MalformedPointError, ValueError):
        raise ChipError("PACE: not a point of the curve") from None
