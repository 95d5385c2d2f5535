"""Invented holders of the four identity cards, for every test that lays one on a reader."""

from __future__ import annotations

from datetime import date

from drivers.card_reader import DocumentKind, IdentityDocument
from drivers.cards.resident_id import check_digit


def number(first17: str) -> str:
    return first17 + check_digit(first17)


def documents() -> dict[DocumentKind, IdentityDocument]:
    return {
        DocumentKind.RESIDENT: IdentityDocument(
            kind=DocumentKind.RESIDENT,
            number=number("11010519491231002"),
            name="张伟样",
            name_en="",
            sex="1",
            birth=date(1949, 12, 31),
            valid_from=date(2015, 3, 1),
            valid_to=None,
            nation="56",
            address="样例省试验市测试区虚构路１２号３单元４０１室",
            issuer="试验市公安局测试分局",
            photo=bytes(range(256)) * 4,
        ),
        DocumentKind.HMT_PERMIT: IdentityDocument(
            kind=DocumentKind.HMT_PERMIT,
            number=number("81000019900101002"),
            name="李测试",
            name_en="",
            sex="2",
            birth=date(1990, 1, 1),
            valid_from=date(2020, 1, 1),
            valid_to=date(2025, 1, 1),
            address="样例省试验市虚构街9号",
            issuer="试验市公安局",
            pass_number="H00000000",
            issue_count="02",
            photo=bytes(1024),
        ),
        DocumentKind.PERMANENT_RESIDENT_2017: IdentityDocument(
            kind=DocumentKind.PERMANENT_RESIDENT_2017,
            number="XXX110000000000",
            name="",
            name_en="SPECIMEN, " + "A" * 24 + " " + "B" * 25,
            sex="2",
            birth=date(1985, 6, 7),
            valid_from=date(2018, 1, 1),
            valid_to=date(2028, 1, 1),
            nationality="CAN",
            issuer="1500",
            photo=bytes(1024),
        ),
        DocumentKind.PERMANENT_RESIDENT_2023: IdentityDocument(
            kind=DocumentKind.PERMANENT_RESIDENT_2023,
            number=number("91112419800102003"),
            name="样例人",
            name_en="A" * 34 + " " + "B" * 11,
            sex="1",
            birth=date(1980, 1, 2),
            valid_from=date(2024, 2, 29),
            valid_to=date(2034, 2, 28),
            nationality="FRA",
            issue_count="01",
            photo=bytes(1024),
        ),
    }
