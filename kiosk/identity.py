"""What the terminal makes of a card: is it valid today, how its holder is shown and named on the wire."""

from __future__ import annotations

from datetime import date

from drivers.card_reader import DocumentKind, IdentityDocument, Verdict
from kiosk.contract.cases import Applicant
from kiosk.texts import Texts

# Kinds that anybody could make: only their issuer's signature tells a document from a copy with another face. The chip of a
# resident card is trusted because a security module has spoken with it.
_SIGNED_KINDS = frozenset({DocumentKind.PASSPORT, DocumentKind.EXIT_ENTRY_PERMIT})
_NOT_PROVEN = {
    Verdict.NOT_GENUINE: "card.not_genuine",
    Verdict.UNKNOWN_ISSUER: "card.issuer_unknown",
    Verdict.NOT_CHECKED: "card.issuer_unknown",
}


def refusal(document: IdentityDocument, holders: tuple[str, ...], today: date) -> str:
    """Return an empty text when the document can be used today for a service open to ``holders``, else the reason's code."""
    if document.kind.value not in holders:
        return "card.not_for_this_service"
    if document.valid_to is not None and document.valid_to < today:
        return "card.expired"
    if document.valid_from is not None and document.valid_from > today:
        return "card.not_yet_valid"
    if document.kind in _SIGNED_KINDS:
        return _NOT_PROVEN.get(document.authenticity.verdict, "")
    return ""


def accepts_travel_documents(holders: tuple[str, ...]) -> bool:
    """Whether a service is open to anybody whose document has to be opened with a key."""
    return any(kind.value in holders for kind in _SIGNED_KINDS)


def masked(number: str) -> str:
    """Return a number with all but the first three and last four characters hidden (facts: government_services.md, 4)."""
    return number[:3] + "*" * max(0, len(number) - 7) + number[-4:] if len(number) > 7 else "*" * len(number)


def shown(document: IdentityDocument, field: str, language: str, texts: Texts) -> str:
    """Return a field of the document in words; an empty text where the kind does not have it."""
    if field == "sex":
        return texts.get(language, f"sex.{document.sex}")
    if field == "valid_to" and document.valid_to is None:
        return texts.get(language, "card.long_term")
    value = document.present_address if field == "address" else getattr(document, field)
    if value is None:
        return ""
    if isinstance(value, date):
        return in_words(value, language, texts)
    return str(value)


def in_words(day: date, language: str, texts: Texts) -> str:
    """Return a date as people write it."""
    return texts.get(language, "date", year=day.year, month=day.month, day=day.day)


def applicant(document: IdentityDocument) -> Applicant:
    """Return what goes to central."""
    return Applicant(
        name=document.name or document.name_en,
        name_en=document.name_en,
        sex=document.sex,  # pyright: ignore[reportArgumentType] - checked by the model
        birth=document.birth,
        nation=document.nation,
        nationality=document.nationality,
        document_type=document.kind.value,
        document_number=document.number,
        address=document.present_address,
        valid_to=document.valid_to,
    )
