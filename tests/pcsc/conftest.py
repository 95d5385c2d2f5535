"""A private pcscd for each test file, and an open reader for each test."""

import os
from collections.abc import Iterator

import pytest
from pcsc_setting import soon

from drivers.pcsc.reader import PcscCardReader
from drivers.sim.pcsc import VirtualPcsc, process_directory


@pytest.fixture(scope="module")
def _service() -> Iterator[VirtualPcsc]:
    service = VirtualPcsc(process_directory(), readers=2)
    os.environ.update(service.environment)
    service.start(soon(10))
    yield service
    service.stop()


@pytest.fixture
def pcsc(_service: VirtualPcsc) -> Iterator[VirtualPcsc]:
    """The service, running, with two empty readers as far as pcscd knows."""
    yield _service
    for number in range(4):  # no test has more
        _service.remove(number)
    # A new service knows of no cards and counts from zero, so no test has to wait for another one's cards to be gone.
    _service.restart(soon(10), readers=2)


@pytest.fixture
def reader(pcsc: VirtualPcsc) -> Iterator[PcscCardReader]:
    """An open reader with short patience."""
    device = PcscCardReader(patience=2.0, busy_patience=0.3)
    device.open(soon())
    yield device
    device.close()
