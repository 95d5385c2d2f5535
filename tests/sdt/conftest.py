"""A virtual SDT reader on a pty, and the four cards of invented people to lay on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest
from invented_people import documents

from drivers.base import Deadline
from drivers.card_reader import DocumentKind, IdentityDocument
from drivers.sdt.reader import SdtCardReader
from drivers.serial_line import SerialLine
from drivers.sim.sdt import VirtualSdtReader

_RESIDENT = replace(documents()[DocumentKind.RESIDENT], name="张伟𠮷样")
CARDS = {**documents(), DocumentKind.RESIDENT: _RESIDENT}


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
