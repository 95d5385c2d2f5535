"""One invented holder of each kind of card, and short words for waiting."""

from datetime import date
from threading import Event

from drivers.base import Deadline
from drivers.card_reader import CardHandle, DocumentKind, IdentityDocument
from drivers.cards.resident_id import check_digit
from drivers.pcsc.reader import PcscCardReader

PHOTO = bytes(range(256)) * 4


def _number(first17: str) -> str:
    return first17 + check_digit(first17)


def _document(kind: DocumentKind, **fields: str) -> IdentityDocument:
    values = {"name": "李测试", "name_en": "", "number": _number("11010519900307002")} | fields
    return IdentityDocument(
        kind=kind,
        sex="2",
        birth=date(1990, 3, 7),
        valid_from=date(2020, 1, 2),
        valid_to=date(2040, 1, 2),
        photo=PHOTO,
        **values,
    )


DOCUMENTS = {
    DocumentKind.RESIDENT: _document(
        DocumentKind.RESIDENT, nation="01", address="样例市测试路1号", issuer="样例市公安局"
    ),
    DocumentKind.HMT_PERMIT: _document(
        DocumentKind.HMT_PERMIT,
        number=_number("81000019900307002"),
        address="样例市测试路2号",
        issuer="样例市公安局",
        pass_number="H12345678",
        issue_count="01",
    ),
    DocumentKind.PERMANENT_RESIDENT_2017: _document(
        DocumentKind.PERMANENT_RESIDENT_2017,
        name_en="TEST, LI",
        number="CAN110190030701",
        nationality="CAN",
        issuer="1500",
    ),
    DocumentKind.PERMANENT_RESIDENT_2023: _document(
        DocumentKind.PERMANENT_RESIDENT_2023, name_en="TEST, LI", number=_number("91110119900307002"), nationality="CAN"
    ),
}


def soon(seconds: float = 5.0) -> Deadline:
    """Return a deadline that no healthy call comes near to."""
    return Deadline.after(seconds)


def wait_card(reader: PcscCardReader) -> CardHandle:
    """Return the card that is on a reader or comes soon."""
    handle = reader.wait_card(soon(), Event())
    assert handle is not None
    return handle
