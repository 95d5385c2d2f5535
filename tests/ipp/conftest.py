"""A real driver on a real ippeveprinter, one for the whole module's tests, brought back to its good state after each."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest

from drivers.base import Deadline
from drivers.ipp.printer import IppPrinter
from drivers.sim.ipp_printer import VirtualIppPrinter
from kiosk.config import ASSETS


@pytest.fixture(scope="module")
def hardware():
    directory = tempfile.mkdtemp(prefix="kiosk-ipp-")
    virtual = VirtualIppPrinter(Path(directory))
    try:
        virtual.start()
        yield virtual
    finally:
        virtual.stop()
        shutil.rmtree(directory)


@pytest.fixture
def virtual(hardware):
    hardware.clear_papers()
    yield hardware
    hardware.wire.clear()
    hardware.fail_jobs(False)
    hardware.hold(False)
    hardware.set_state()


@pytest.fixture
def printer(virtual):
    device = IppPrinter(virtual.uri, font_directory=ASSETS / "fonts")
    device.open(Deadline.after(10.0))
    yield device
    device.close()
