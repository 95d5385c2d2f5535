"""A virtual UPS, and the driver before it."""

from __future__ import annotations

import pytest

from drivers.base import Deadline
from drivers.nut.ups import NutPowerSupply
from drivers.sim.ups import VirtualUps


@pytest.fixture
def hardware():
    ups = VirtualUps()
    ups.start()
    yield ups
    ups.stop()


@pytest.fixture
def make_supply(hardware):
    """An open driver. It is opened in peace; only then is ``answer_timeout`` what the test wants."""
    made = []

    def make(name="ups", answer_timeout=10.0):
        supply = NutPowerSupply(name, port=hardware.port, answer_timeout=20.0)
        made.append(supply)
        supply.open(Deadline.after(40))
        supply._answer_timeout = answer_timeout
        return supply

    yield make
    for supply in made:
        supply.close()


@pytest.fixture
def supply(make_supply):
    return make_supply()
