"""One invented holder, the state that signs for it, and a chip reached without a reader."""

import functools
from collections.abc import Callable
from datetime import UTC, datetime

from drivers.base import Deadline
from drivers.card_reader import CanKey, MrzKey
from drivers.sim import virtual_issuer
from drivers.sim.virtual_card import CardFaults
from drivers.sim.virtual_issuer import VirtualIssuer
from drivers.sim.virtual_passport import Manner, VirtualPassport
from drivers.travel_document import mrz

NUMBER, BIRTH, EXPIRY, CAN = "X12345678", "900307", "340102", "123456"
KEY = MrzKey(NUMBER, BIRTH, EXPIRY)
WRONG_KEY = MrzKey("X12345679", BIRTH, EXPIRY)
CAN_KEY = CanKey(CAN)
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ZONE = virtual_issuer.passport_zone(NUMBER, BIRTH, EXPIRY)


class CardPulledError(Exception):
    """The card is gone."""


def issuer(scheme: str = "ecdsa") -> VirtualIssuer:
    return _issuer(scheme)


@functools.cache
def _issuer(scheme: str) -> VirtualIssuer:
    return VirtualIssuer(scheme, (datetime(2026, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)))


@functools.cache
def picture(form: str = "JPEG", noise: int = 0) -> bytes:
    return virtual_issuer.picture(form, noise)


def groups(zone: str = ZONE, portrait: bytes | None = None) -> dict[int, bytes]:
    return {1: virtual_issuer.dg1(zone), 2: virtual_issuer.dg2(portrait or picture())}


@functools.cache
def _sod(scheme: str, digest: str, one: bytes, two: bytes) -> bytes:
    return issuer(scheme).sign({1: one, 2: two}, digest)


def passport(
    manner: Manner | None = None,
    *,
    zone: str = ZONE,
    portrait: bytes | None = None,
    tampered: dict[int, bytes] | None = None,
    sod: bytes | None = None,
    scheme: str = "ecdsa",
    digest: str = "sha256",
    can: str = CAN,
    faults: CardFaults | None = None,
) -> VirtualPassport:
    """A document; ``tampered`` puts other files in the place of the signed ones."""
    files = groups(zone, portrait)
    sod = sod if sod is not None else _sod(scheme, digest, files[1], files[2])
    return VirtualPassport(
        files | (tampered or {}),
        sod,
        zone_information=mrz.information(KEY).decode(),
        can=can,
        manner=manner,
        faults=faults,
    )


def wire(card: VirtualPassport, seen: list[bytes] | None = None) -> Callable[[bytes], bytes]:
    """The way to a card without a reader: APDUs count from the first call on."""
    count = 0

    def transmit(apdu: bytes) -> bytes:
        nonlocal count
        if seen is not None:
            seen.append(apdu)
        answer = card.respond(count, apdu)
        count += 1
        if answer is None:
            raise CardPulledError
        return answer

    return transmit


def soon(seconds: float = 60.0) -> Deadline:
    """A deadline that no healthy call comes near to."""
    return Deadline.after(seconds)
