"""Reading a travel document from the first command to the identity: PACE where the chip offers it, else BAC."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

from drivers.base import Deadline
from drivers.card_reader import AccessKey, Authenticity, CardRefused, DocumentKind, IdentityDocument, MrzKey
from drivers.travel_document import bac, data_groups, issuers, mrz, pace, passive_authentication
from drivers.travel_document.chip import OK, Chip, ChipError
from drivers.travel_document.data_groups import CARD_ACCESS, DG1, DG2, SOD, File
from drivers.travel_document.tlv import InvalidDataError

Random = Callable[[int], bytes]

_SEXES = {"M": "1", "F": "2"}  # GB/T 2261.1


def read_travel_document(
    transmit: Callable[[bytes], bytes],
    key: AccessKey,
    deadline: Deadline,
    csca_folder: Path | None = None,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    random: Random = secrets.token_bytes,
) -> IdentityDocument | CardRefused:
    """Read zone, portrait and signature of a document and judge it by the certificates in ``csca_folder``.

    ``transmit`` sends one APDU and returns data and status word; what it raises goes through. Refused with
    ``card.wrong_key``, ``card.no_access_number`` (the chip takes its zone only), ``card.unreadable`` and
    ``card.invalid_data``. A document whose signature is wrong is given all the same, with that
    verdict in ``authenticity``: it is for the terminal to refuse it.
    """
    if not (mrz.valid_key(key) if isinstance(key, MrzKey) else re.fullmatch("[0-9]{6}", key.can)):
        return CardRefused("card.wrong_key", "not a key that a document can have")
    chip = Chip(transmit, deadline)
    try:
        refused = _open(chip, key, random)
        if refused is not None:
            return refused
        first, second, sod = (_read(chip, file) for file in (DG1, DG2, SOD))
        zone, portrait = data_groups.zone(first), data_groups.portrait(second)
        trusted = issuers.load(csca_folder) if csca_folder is not None else None
        authenticity = passive_authentication.check(
            data_groups.signed_data(sod), {1: first, 2: second}, trusted, now(), _three_letters(zone.state)
        )
        return _identity(zone, portrait, authenticity, now().date())
    except ChipError as error:
        return CardRefused("card.unreadable", str(error))
    except InvalidDataError as error:
        return CardRefused("card.invalid_data", str(error))


def _open(chip: Chip, key: AccessKey, random: Random) -> CardRefused | None:
    """Get access. BAC is used only where the chip offers no PACE that we speak, never after a PACE that failed."""
    chip.select_master_file()
    offers = _offers(chip)
    if offers:
        refused = pace.authenticate(chip, offers[0], key, random)
        if refused is None:
            chip.select_application()
        return refused
    if not isinstance(key, MrzKey):
        return CardRefused("card.no_access_number", "the chip offers no PACE")
    chip.select_application()
    return bac.authenticate(chip, key, random)


def _offers(chip: Chip) -> tuple[pace.Offer, ...]:
    if chip.select_file(CARD_ACCESS.identifier) != OK:
        return ()
    return pace.offers(_read(chip, CARD_ACCESS))


def _read(chip: Chip, file: File) -> bytes:
    return chip.read_file(file.identifier, file.tag, file.longest)


def _identity(
    zone: mrz.Zone, portrait: bytes, authenticity: Authenticity, today: date
) -> IdentityDocument | CardRefused:
    if zone.code.startswith("P"):
        kind = DocumentKind.PASSPORT
    elif zone.code in ("CS", "CD"):
        kind = DocumentKind.EXIT_ENTRY_PERMIT
    else:
        return CardRefused("card.unknown", f"document code {zone.code}")
    if not zone.number or not zone.surname + zone.given_names:
        raise InvalidDataError("zone: no number or no name")
    nationality = _three_letters(zone.nationality)
    if not re.fullmatch("([A-Z]{3})?", nationality):
        raise InvalidDataError("zone: nationality")
    return IdentityDocument(
        kind=kind,
        number=zone.number,
        name="",
        name_en=", ".join(part for part in (zone.surname, zone.given_names) if part),
        sex=_SEXES.get(zone.sex, "0"),
        birth=mrz.birth_day(zone.birth, today),
        valid_from=None,
        valid_to=mrz.expiry_day(zone.expiry, today),
        nationality=nationality,
        issuer=_three_letters(zone.state),
        portrait=portrait,
        authenticity=authenticity,
    )


def _three_letters(country: str) -> str:
    """Return a country's code; the zone has one of a single letter (Doc 9303 part 3, section 5)."""
    return "DEU" if country == "D" else country
