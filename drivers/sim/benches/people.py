"""Two invented holders and what a right answer about their cards is, shared by the benches of all card readers."""

from __future__ import annotations

from datetime import date

from drivers.card_reader import CardRefused, DocumentKind, IdentityDocument
from drivers.cards.resident_id import check_digit


def _resident(name: str, first17: str, sex: str, added_address: str) -> IdentityDocument:
    return IdentityDocument(
        kind=DocumentKind.RESIDENT,
        number=first17 + check_digit(first17),
        name=name,
        name_en="",
        sex=sex,
        birth=date(int(first17[6:10]), int(first17[10:12]), int(first17[12:14])),
        valid_from=date(2020, 1, 2),
        valid_to=date(2040, 1, 2),
        nation="01",
        address="样例省试验市虚构路1号",
        issuer="试验市公安局",
        added_address=added_address,
        photo=bytes(range(256)) * 4,
    )


RESIDENTS = (
    _resident("测试甲", "11010519900307001", "1", "样例省试验市虚构街9号"),
    _resident("测试乙丙", "11010519850607002", "2", ""),
)
"""As an SDT reader reads them that was made to read added addresses; the second has none."""


def _social(first17: str, name: str, card_number: str) -> IdentityDocument:
    return IdentityDocument(
        kind=DocumentKind.SOCIAL_SECURITY,
        number=first17 + check_digit(first17),
        name=name,
        name_en="",
        sex="2",
        birth=date(1985, 6, 7),
        valid_from=date(2020, 1, 2),
        valid_to=date(2040, 1, 2),
        nation="56",
        issuer="0" * 24,
        card_number=card_number,
    )


SOCIAL = (_social("11010519850607002", "测试丁", "A00000001"), _social("11010519850607004", "测试戊", "A00000002"))


PERSONAL = tuple(
    text
    for holder in (*RESIDENTS, *SOCIAL)
    for text in (holder.number, holder.name, holder.address, holder.added_address, holder.card_number)
    if text
)
"""What no evidence about these cards may hold."""


def wrong_with_read(expected: IdentityDocument, result: object, disturbed: bool) -> str:
    """Say what is wrong with the outcome of a read: an identity must be exactly the card's. Holds no personal data."""
    if isinstance(result, IdentityDocument):
        differing = [field for field in vars(expected) if getattr(expected, field) != getattr(result, field)]
        return f"an identity that is not the card's: {', '.join(differing)} differ" if differing else ""
    if not disturbed:
        return f"the card was not read: {result!r}"
    return "" if result is None or isinstance(result, CardRefused) else f"a read gave {type(result).__name__}"
