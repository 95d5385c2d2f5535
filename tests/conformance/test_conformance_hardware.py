"""The devices of a real configuration, with KIOSK_HARDWARE=1: the cases in which nobody pulls a plug."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random

import pytest
from known_benches import CODES

from drivers import registry
from drivers.base import Device
from drivers.conformance import suite
from drivers.conformance.bench import Bench, Disturbance, Operation
from kiosk.app import device_entries
from kiosk.config import load
from kiosk.devices.desk import DeviceEntry

SEED = 1
CASES = 40


class ConfiguredBench(Bench):
    """A device as it is configured. Nobody puts cards on it and nothing disturbs it."""

    def __init__(self, name: str, device_class: str, factory: Callable[[], Device]) -> None:
        self.name = name
        self.device_class = device_class
        self.make = factory  # type: ignore[method-assign]

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass

    def make(self) -> Device:
        raise NotImplementedError

    def make_absent(self) -> Device | None:
        return None

    @property
    def operations(self) -> Mapping[str, Operation]:
        return {}

    @property
    def disturbances(self) -> frozenset[Disturbance]:
        return frozenset()

    def prepare(self, operation: str) -> None:
        pass

    def arm(self, disturbance: Disturbance, random: Random) -> None:
        raise NotImplementedError

    def calm(self) -> None:
        pass

    def judge(self, operation: str, result: object, disturbed: bool) -> str:
        raise NotImplementedError


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
    bench = ConfiguredBench(entry.name, entry.device_class, entry.factory)
    with suite.started(bench):
        found = [suite.run(case, bench, CODES) for case in suite.cases(bench, SEED, CASES)]
    assert not any(found), "\n\n".join(str(finding) for finding in found if finding)
