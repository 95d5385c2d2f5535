"""What may lie on a PC/SC reader, in the order in which it is asked for: one row an application.

Every byte value was read in public sources and tried on virtual cards only, never on real ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from drivers.base import Check
from drivers.card_reader import CardRefused, IdentityDocument
from drivers.pcsc import profiles, social_security, trace
from drivers.pcsc.apdu import Card
from drivers.travel_document import issuers
from drivers.travel_document.read import read_travel_document

_SELECT_TRAVEL_DOCUMENT = bytes.fromhex("00A4040C07A0000002471001")
_NOT_YET_ALLOWED, _MORE_DATA = b"\x69\x82", 0x61
_TYPE_B_RESIDENT = bytes.fromhex("D10386")


@dataclass(frozen=True)
class Application:
    """One kind of card: ``recognises`` may look at the answer to reset or select a file, ``read`` then goes on from there.

    ``examine`` checks, without a card, what is needed to judge one.
    """

    name: str
    recognises: Callable[[Card], bool]
    read: Callable[[Card], IdentityDocument | CardRefused]
    examine: Callable[[], Check] | None = None


def _read_resident(card: Card) -> IdentityDocument | CardRefused:
    profile = profiles.find(card.atr)
    return profile.read(card.transmit) if profile else CardRefused("card.unknown")


def _recognises_travel_document(card: Card) -> bool:
    # A chip that is opened by PACE alone may have the application and keep it shut until then.
    answer = card.transmit(_SELECT_TRAVEL_DOCUMENT)
    return answer[-2:] in (b"\x90\x00", _NOT_YET_ALLOWED) or (len(answer) >= 2 and answer[-2] == _MORE_DATA)


def travel_document(csca_folder: Path | None = None) -> Application:
    """Return the row of travel documents, judged by the certificates of the issuing states in a folder."""

    def read_with_key(card: Card) -> IdentityDocument | CardRefused:
        if card.key is None:
            return CardRefused("card.key_needed")
        return read_travel_document(card.transmit, card.key, card.deadline, csca_folder)

    examine = None if csca_folder is None else partial(issuers.examine, csca_folder)
    return Application("travel document", _recognises_travel_document, read_with_key, examine)


def _refuse_plain_type_b(card: Card) -> IdentityDocument | CardRefused:
    """Text and photo come only after mutual authentication by a SAM, which this reader does not have."""
    return CardRefused("card.plain_type_b")


SAM_BACKED = Application("resident card by SAM", lambda card: profiles.find(card.atr) is not None, _read_resident)
TRAVEL_DOCUMENT = travel_document()
PLAIN_TYPE_B = Application("plain type B", lambda card: card.atr[4:7] == _TYPE_B_RESIDENT, _refuse_plain_type_b)

SOCIAL_SECURITY = Application("social security card", social_security.recognises, social_security.read)
APPLICATIONS = (SAM_BACKED, SOCIAL_SECURITY, TRAVEL_DOCUMENT, PLAIN_TYPE_B)


def judging_by(csca_folder: Path) -> tuple[Application, ...]:
    """Return all applications, with travel documents judged by the certificates in a folder."""
    return tuple(travel_document(csca_folder) if known is TRAVEL_DOCUMENT else known for known in APPLICATIONS)


def read(card: Card, applications: tuple[Application, ...] = APPLICATIONS) -> IdentityDocument | CardRefused:
    """Read a card by the first application that recognises it; ``card.unknown`` when none does."""
    for application in applications:
        if application.recognises(card):
            return application.read(card)
    return CardRefused("card.unknown", f"ATR {trace.answer_to_reset(card.atr)}")
