"""A virtual SDT reader on a pty, and the four cards of invented people to lay on it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from threading import Event

import pytest

from drivers.base import Deadline
from drivers.card_reader import DocumentKind, IdentityDocument
from drivers.cards.resident_id import check_digit
from drivers.sdt.reader import SdtCardReader
from drivers.serial_line import SerialLine
from drivers.sim.sdt import VirtualSdtReader

_RESIDENT = IdentityDocument(
    kind=DocumentKind.RESIDENT,
    number="11010519491231002X",
    name="张伟𠮷样",
    name_en="",
    sex="1",
    birth=date(1949, 12, 31),
    valid_from=date(2015, 3, 1),
    valid_to=None,
    nation="56",
    address="样例省试验市测试区虚构路１２号",
    issuer="试验市公安局",
    photo=bytes(range(256)) * 4,
)
CARDS = {
    DocumentKind.RESIDENT: _RESIDENT,
    DocumentKind.HMT_PERMIT: IdentityDocument(
        kind=DocumentKind.HMT_PERMIT,
        number="81000019900101002" + check_digit("81000019900101002"),
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
        name_en="SPECIMEN" + "N" * 52,
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
        number="91112419800102003" + check_digit("91112419800102003"),
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


@pytest.fixture(params=list(CARDS))
def any_card(request: pytest.FixtureRequest) -> IdentityDocument:
    return CARDS[request.param]


@pytest.fixture
def card() -> IdentityDocument:
    return _RESIDENT


@pytest.fixture
def virtual(tmp_path: Path) -> Iterator[VirtualSdtReader]:
    device = VirtualSdtReader(tmp_path / "reader")
    device.start()
    yield device
    device.stop()


@pytest.fixture
def reader(virtual: VirtualSdtReader) -> Iterator[SdtCardReader]:
    """An open reader that is patient, but asks without pause."""
    driver = SdtCardReader(
        SerialLine(str(virtual.path), 115200, "card_reader"), answer_timeout=20.0, byte_timeout=5.0, find_interval=0.001
    )
    driver.open(Deadline.after(20))
    yield driver
    driver.close()


@pytest.fixture
def never() -> Event:
    return Event()
