"""A virtual travel document: the chip's side of PACE, BAC and secure messaging, written apart from the terminal's side.

Only the ciphers and the tag-length-value coding are shared with the driver. Both are proven by the worked examples of
ICAO Doc 9303 part 11, so that two equal mistakes cannot hide each other.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import ecdsa as _untyped_ecdsa  # pyright: ignore[reportMissingTypeStubs]

from drivers.sim.virtual_card import CardFaults, VirtualCard
from drivers.travel_document import ciphers, tlv
from drivers.travel_document.ciphers import Suite

ecdsa: Any = _untyped_ecdsa

_OK, _WRONG_KEY, _NOT_ALLOWED, _NOT_FOUND = b"\x90\x00", b"\x63\x00", b"\x69\x82", b"\x6a\x82"
_WRONG_LENGTH, _WRONG_DATA, _NO_INSTRUCTION, _BROKEN_SESSION = b"\x67\x00", b"\x6a\x80", b"\x6d\x00", b"\x69\x88"
_AID = bytes.fromhex("A0000002471001")
_CARD_ACCESS, _COM = 0x011C, 0x011E
_DATA_GROUP, _SIGNATURE = 0x0100, 0x011D

Access = Literal["bac", "pace", "both"]
Curve = Literal["nist", "brainpool"]
_CURVES: dict[str, tuple[int, Any]] = {"nist": (12, ecdsa.NIST256p), "brainpool": (13, ecdsa.BRAINPOOLP256r1)}
_CURVE_NUMBERS = tuple(number for number, _ in _CURVES.values())
_SUITES: dict[str, tuple[int, Suite]] = {
    "3DES": (1, ciphers.TRIPLE_DES),
    "AES-128": (2, ciphers.AES_128),
    "AES-192": (3, ciphers.AES_192),
    "AES-256": (4, ciphers.AES_256),
}
_PACE = bytes.fromhex("04007F000702020402")


@dataclass(frozen=True)
class Manner:
    """How the chip behaves. ``short``: it gives at most so many bytes at once; ``get_response``: answers wait to be fetched.

    ``other_offer`` makes it offer integrated mapping too, which the terminal does not speak; ``ambiguous`` the same protocol on
    both curves, so that it must be told on which.
    """

    access: Access = "both"
    curve: Curve = "nist"
    cipher: str = "AES-128"
    short: int = 256
    get_response: bool = False
    other_offer: bool = False
    ambiguous: bool = False


@dataclass
class _Session:
    suite: Suite
    encryption: bytes
    authentication: bytes
    counter: int

    def step(self) -> bytes:
        self.counter += 1
        return self.counter.to_bytes(self.suite.block, "big")

    def start(self, counter: bytes) -> bytes:
        if self.suite is ciphers.TRIPLE_DES:
            return bytes(8)
        return ciphers.encrypt(self.suite, self.encryption, counter)

    def checksum(self, counter: bytes, *parts: bytes) -> bytes:
        message = counter + b"".join(parts)
        return ciphers.mac(self.suite, self.authentication, ciphers.pad(message, self.suite.block))


class VirtualPassport(VirtualCard):
    """A document with these files (data group -> bytes, EF.SOD beside), opened by its zone or its card access number."""

    atr = bytes.fromhex("3B8880010073C8400090000062")

    def __init__(
        self,
        groups: Mapping[int, bytes],
        sod: bytes,
        *,
        zone_information: str,
        can: str = "",
        manner: Manner | None = None,
        faults: CardFaults | None = None,
    ) -> None:
        super().__init__(faults)
        self.manner = manner or Manner()
        self._zone = zone_information.encode("ascii")
        self._can = can.encode("ascii")
        self._files = {_DATA_GROUP + number: data for number, data in groups.items()} | {_SIGNATURE: sod}
        tags = bytes({1: 0x61, 2: 0x75}[number] for number in sorted(groups))
        self._files[_COM] = tlv.encode(
            0x60, tlv.encode(0x5F01, b"0107") + tlv.encode(0x5F36, b"040000") + tlv.encode(0x5C, tags)
        )
        self.reset()

    def respond(self, index: int, apdu: bytes) -> bytes | None:
        """Answer; an insertion begins with nothing selected and no session."""
        if index == 0:
            self.reset()
        return super().respond(index, apdu)

    def reset(self) -> None:
        """Leave the application, and end the session."""
        self._session: _Session | None = None
        self._in_application = False
        self._file: bytes | None = None
        self._challenge = b""
        self._pace: _Pace | None = None
        self._waiting = b""

    def execute(self, apdu: bytes) -> bytes:
        """Return data and status word of one command; no extended length is known."""
        if len(apdu) < 4:
            return _WRONG_LENGTH
        if apdu[1] == 0xC0:
            return self._give(apdu[4] or 256 if len(apdu) > 4 else 256)
        if apdu[0] & 0x0C == 0x0C:
            answer = self._secured(apdu)
        else:
            self._session = None  # a command in the clear ends the session
            data, expected = _body(apdu)
            answer = _WRONG_LENGTH if data is None else self._plain(apdu[:4], data, expected)
        if self.manner.get_response and len(answer) > 2:
            self._waiting = answer
            return bytes([0x61, min(len(answer) - 2, 255)])
        return answer

    def _give(self, length: int) -> bytes:
        answer, self._waiting = self._waiting, b""
        data = answer[:-2]
        if len(data) > length:
            self._waiting = data[length:] + answer[-2:]
            return data[:length] + bytes([0x61, min(len(data) - length, 255)])
        return answer or _NOT_ALLOWED

    # ---- secure messaging

    def _secured(self, apdu: bytes) -> bytes:
        session = self._session
        if session is None:
            return _NOT_ALLOWED
        header, body = apdu[:4], apdu[5:-1]
        if len(apdu) < 6 or apdu[4] != len(body) or apdu[-1] != 0:
            self._session = None
            return _BROKEN_SESSION
        counter = session.step()
        try:
            fields = {item.tag: item.value for item in tlv.read_all(body)}
        except tlv.InvalidDataError:
            fields = {}
        covered = body[:-10]
        if fields.get(0x8E) != session.checksum(counter, ciphers.pad(header, session.suite.block), covered):
            self._session = None
            return _BROKEN_SESSION
        secret = fields[0x85] if 0x85 in fields else fields.get(0x87, b"\x01")[1:]
        plain = ciphers.decrypt(session.suite, session.encryption, secret, session.start(counter)) if secret else b""
        data = ciphers.unpad(plain) or b"" if plain else b""
        expected = fields[0x97][0] or 256 if 0x97 in fields else 0
        answer = self._command(bytes([header[0] & 0xF3]) + header[1:], data, expected)
        return self._wrap(session, header[1], answer)

    def _wrap(self, session: _Session, instruction: int, answer: bytes) -> bytes:
        counter = session.step()
        data, status = answer[:-2], answer[-2:]
        items = b""
        if data:
            padded = ciphers.pad(data, session.suite.block)
            secret = ciphers.encrypt(session.suite, session.encryption, padded, session.start(counter))
            items = tlv.encode(0x85, secret) if instruction & 1 else tlv.encode(0x87, b"\x01" + secret)
        items += tlv.encode(0x99, status)
        answer = items + tlv.encode(0x8E, session.checksum(counter, items))
        # No extended length: what does not fit a short answer is a mistake of the terminal.
        return (answer if len(answer) <= 256 else b"") + (_OK if len(answer) <= 256 else _WRONG_LENGTH)

    # ---- commands

    def _plain(self, header: bytes, data: bytes, expected: int) -> bytes:
        if header[1] == 0x84 and self._in_application:
            self._challenge = secrets.token_bytes(8)
            return self._challenge + _OK
        if header[1] == 0x82 and self._in_application and self.manner.access != "pace":
            return self._external_authenticate(data)
        if header[1] == 0x22 and self.manner.access != "bac":
            return self._set_template(header, data)
        if header[1] == 0x86 and self._pace is not None:
            answer, session = self._pace.round(header[0], data)
            if session is not None or answer == _WRONG_KEY:
                self._pace = None
            self._session = session
            return answer
        return self._command(header, data, expected)

    def _command(self, header: bytes, data: bytes, expected: int) -> bytes:
        if header[1] == 0xA4:
            return self._select(header[2:], data)
        if header[1] in (0xB0, 0xB1):
            return self._read(header, data, expected)
        return _NO_INSTRUCTION

    def _select(self, how: bytes, data: bytes) -> bytes:
        self._file = None
        if how == b"\x04\x0c":
            self._in_application = data == _AID
            return _OK if self._in_application else _NOT_FOUND
        if how == b"\x00\x0c" and data == b"\x3f\x00":
            self._in_application = False
            return _OK
        if how != b"\x02\x0c" or len(data) != 2:
            return _WRONG_DATA
        identifier = int.from_bytes(data, "big")
        if identifier == _CARD_ACCESS and not self._in_application and self.manner.access != "bac":
            self._file = self._card_access()
            return _OK
        if not self._in_application or identifier not in self._files:
            return _NOT_FOUND
        if self._session is None:
            return _NOT_ALLOWED
        self._file = self._files[identifier]
        return _OK

    def _read(self, header: bytes, data: bytes, expected: int) -> bytes:
        if self._file is None:
            return _NOT_ALLOWED
        odd = header[1] & 1
        try:
            offset = int.from_bytes(tlv.find(data, 0x54) if odd else header[2:4], "big")
        except tlv.InvalidDataError:
            return _WRONG_DATA
        if offset >= len(self._file):
            return b"\x6b\x00"
        room = min(expected, self.manner.short) - (4 if odd else 0)
        part = self._file[offset : offset + room]
        return (tlv.encode(0x53, part) if odd else part) + _OK

    def _card_access(self) -> bytes:
        number, _ = _CURVES[self.manner.curve]
        last, _ = _SUITES[self.manner.cipher]
        version = tlv.encode(0x02, b"\x02")
        infos = b""
        if self.manner.other_offer:
            integrated = _PACE[:-1] + b"\x04" + b"\x04"
            infos += tlv.encode(0x30, tlv.encode(0x06, integrated) + version + tlv.encode(0x02, bytes([number])))
        others = [other for other in _CURVE_NUMBERS if other != number] if self.manner.ambiguous else []
        for offered in (number, *others):
            protocol = tlv.encode(0x06, _PACE + bytes([last]))
            infos += tlv.encode(0x30, protocol + version + tlv.encode(0x02, bytes([offered])))
        return tlv.encode(0x31, infos)

    # ---- Basic Access Control

    def _external_authenticate(self, data: bytes) -> bytes:
        challenge, self._challenge = self._challenge, b""
        seed = hashlib.sha1(self._zone, usedforsecurity=False).digest()[:16]
        keys = [ciphers.derive(ciphers.TRIPLE_DES, seed, number) for number in (1, 2)]
        if len(data) != 40 or not challenge:
            return _WRONG_LENGTH
        if ciphers.mac(ciphers.TRIPLE_DES, keys[1], ciphers.pad(data[:32], 8)) != data[32:]:
            return _WRONG_KEY
        plain = ciphers.decrypt(ciphers.TRIPLE_DES, keys[0], data[:32])
        theirs, echoed, their_part = plain[:8], plain[8:16], plain[16:]
        if echoed != challenge:
            return _WRONG_KEY
        own_part = secrets.token_bytes(16)
        secret = ciphers.encrypt(ciphers.TRIPLE_DES, keys[0], challenge + theirs + own_part)
        both = bytes(a ^ b for a, b in zip(own_part, their_part, strict=True))
        self._session = _Session(
            ciphers.TRIPLE_DES,
            ciphers.derive(ciphers.TRIPLE_DES, both, 1),
            ciphers.derive(ciphers.TRIPLE_DES, both, 2),
            int.from_bytes(challenge[4:] + theirs[4:], "big"),
        )
        return secret + ciphers.mac(ciphers.TRIPLE_DES, keys[1], ciphers.pad(secret, 8)) + _OK

    # ---- PACE

    def _set_template(self, header: bytes, data: bytes) -> bytes:
        last, suite = _SUITES[self.manner.cipher]
        protocol = _PACE + bytes([last])
        try:
            wanted, reference = tlv.find(data, 0x80), tlv.find(data, 0x83)
        except tlv.InvalidDataError:
            return _WRONG_DATA
        number, curve = _CURVES[self.manner.curve]
        told = [item.value for item in tlv.read_all(data) if item.tag == 0x84]
        if told != ([bytes([number])] if self.manner.ambiguous else []):
            return _WRONG_DATA
        if header[2:] != b"\xc1\xa4" or wanted != protocol or self._in_application:
            return _WRONG_DATA
        if reference == b"\x01":
            secret = hashlib.sha1(self._zone, usedforsecurity=False).digest()
        elif reference == b"\x02" and self._can:
            secret = self._can
        else:
            return b"\x6a\x88"
        self._pace = _Pace(protocol, suite, curve, secret)
        return _OK


class _Pace:
    """The four rounds of one PACE, on the chip's side."""

    def __init__(self, protocol: bytes, suite: Suite, curve: Any, secret: bytes) -> None:
        self._protocol = protocol
        self._suite = suite
        self._curve = curve
        self._password = ciphers.derive(suite, secret, 3)
        self._nonce = secrets.token_bytes(16)
        self._rounds = [self._give_nonce, self._map, self._agree]
        self._generator: Any = None
        self._shared = self._own = self._theirs = b""

    def round(self, channel: int, data: bytes) -> tuple[bytes, _Session | None]:
        """Answer one GENERAL AUTHENTICATE; a session after the last one."""
        try:
            inside = {item.tag: item.value for item in tlv.read_all(tlv.find(data, 0x7C))}
            if self._rounds:
                return (
                    (tlv.encode(0x7C, self._rounds.pop(0)(inside)) + _OK, None)
                    if channel == 0x10
                    else (b"\x68\x83", None)
                )
            return self._prove(inside)
        except (tlv.InvalidDataError, KeyError, ecdsa.errors.MalformedPointError):
            return _WRONG_DATA, None

    def _give_nonce(self, _: dict[int, bytes]) -> bytes:
        return tlv.encode(0x80, ciphers.encrypt(self._suite, self._password, self._nonce))

    def _point(self, encoded: bytes) -> Any:
        return ecdsa.ellipticcurve.Point.from_bytes(self._curve.curve, encoded, valid_encodings=("uncompressed",))

    def _times(self, point: Any, number: int) -> Any:
        return ecdsa.ellipticcurve.Point(self._curve.curve, point.x(), point.y()) * number

    def _map(self, inside: dict[int, bytes]) -> bytes:
        private = secrets.randbelow(self._curve.order - 1) + 1
        shared = self._times(self._point(inside[0x81]), private)
        base = self._curve.generator.to_affine()
        self._generator = self._times(base, int.from_bytes(self._nonce, "big")) + shared
        return tlv.encode(0x82, self._times(base, private).to_bytes("uncompressed"))

    def _agree(self, inside: dict[int, bytes]) -> bytes:
        private = secrets.randbelow(self._curve.order - 1) + 1
        self._theirs = inside[0x83]
        self._own = self._times(self._generator, private).to_bytes("uncompressed")
        shared = self._times(self._point(self._theirs), private)
        self._shared = int(shared.x()).to_bytes(self._curve.baselen, "big")
        return tlv.encode(0x84, self._own)

    def _token(self, key: bytes, public: bytes) -> bytes:
        data = tlv.encode(0x7F49, tlv.encode(0x06, self._protocol) + tlv.encode(0x86, public))
        if self._suite is ciphers.TRIPLE_DES:
            data = ciphers.pad(data, 8)
        return ciphers.mac(self._suite, key, data)

    def _prove(self, inside: dict[int, bytes]) -> tuple[bytes, _Session | None]:
        encryption, authentication = (ciphers.derive(self._suite, self._shared, number) for number in (1, 2))
        if inside[0x85] != self._token(authentication, self._own):
            return _WRONG_KEY, None
        proof = tlv.encode(0x7C, tlv.encode(0x86, self._token(authentication, self._theirs)))
        return proof + _OK, _Session(self._suite, encryption, authentication, 0)


def _body(apdu: bytes) -> tuple[bytes | None, int]:
    """Return the data and Le of a short command in the clear; None for what is not one."""
    if len(apdu) == 4:
        return b"", 0
    if len(apdu) == 5:
        return b"", apdu[4] or 256
    length = apdu[4]
    rest = apdu[5 + length :]
    if length == 0 or len(apdu) < 5 + length or len(rest) > 1:
        return None, 0
    return apdu[5 : 5 + length], (rest[0] or 256) if rest else 0
