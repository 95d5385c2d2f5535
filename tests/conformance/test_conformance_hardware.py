"""The devices of a real configuration, with KIOSK_HARDWARE=1: the cases in which nobody pulls a plug or lays a card."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from drivers import registry
from kiosk.app import device_entries
from kiosk.config import load
from kiosk.devices.desk import DeviceEntry
from kiosk.devices_conform import Chosen, run_device

CHOSEN = Chosen(count=60, seed=1)


def real_devices() -> list[DeviceEntry]:
    configuration = os.environ.get("CIVIC_KIOSK_CONFIG")
    if os.environ.get("KIOSK_HARDWARE") != "1" or not configuration:
        return []
    entries = device_entries(load(Path(configuration)))
    return [entry for entry in entries if not registry.find(entry.driver).virtual]


REAL = [pytest.param(entry, id=entry.name) for entry in real_devices()] or [
    pytest.param(
        None,
        id="none",
        marks=pytest.mark.skip(
            "real devices: KIOSK_HARDWARE=1, and CIVIC_KIOSK_CONFIG names a configuration with some"
        ),
    )
]


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("entry", REAL)
def test_a_real_device_keeps_the_rules(entry: DeviceEntry) -> None:
    assert run_device(entry, CHOSEN).findings == []
