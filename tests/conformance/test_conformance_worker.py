"""A device under the terminal's real worker: lost and found again by itself, and told once each way."""

from __future__ import annotations

import threading
import time
from itertools import cycle, groupby
from random import Random

import pytest
from known_benches import Known, known_benches

from drivers.base import Deadline, DeviceState, Health
from drivers.conformance.bench import Bench, Disturbance
from kiosk.devices import worker as module
from kiosk.devices.worker import DeviceWorker, Job

PATIENCE = 20.0
BACK_SECONDS = 5.0
USABLE = {DeviceState.ONLINE, DeviceState.BUSY, DeviceState.DEGRADED}
PLUGS = [known for known in known_benches() if Disturbance.UNPLUG in known.make().disturbances]


class Seen:
    """What a worker told, and a way to wait for it."""

    def __init__(self) -> None:
        self.healths: list[Health] = []
        self.bugs: list[BaseException] = []
        self._changed = threading.Condition()

    def health(self, name: str, health: Health) -> None:
        with self._changed:
            self.healths.append(health)
            self._changed.notify_all()

    def bug(self, name: str, error: BaseException) -> None:
        self.bugs.append(error)

    def well(self) -> list[bool]:
        """Each stretch of being well or not, once. One that nobody waits for, such as a thermometer, stays usable when lost."""
        return [well for well, _ in groupby(health.state in USABLE and not health.faults for health in self.healths)]

    def losses(self) -> int:
        """How often it was lost, however often its faults changed meanwhile."""
        return self.well().count(False)

    def wait_until_well(self, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self.well()[-1:] == [True], seconds)

    def wait_until_lost(self, times: int, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self.losses() == times, seconds)


@pytest.mark.parametrize("known", PLUGS, ids=str)
def test_a_device_that_was_unplugged_is_back_within_five_seconds_and_told_once_each_way(known: Known, monkeypatch):
    monkeypatch.setattr(module, "POLL_SECONDS", 0.1)
    bench, seen = known.make(), Seen()
    bench.start()
    worker = DeviceWorker("device", bench.make, seen.health, seen.bug)
    try:
        worker.start()
        assert seen.wait_until_well(PATIENCE), seen.healths
        work_until_lost(worker, seen, bench)
        since = time.monotonic()
        bench.calm()
        assert seen.wait_until_well(PATIENCE), seen.healths
        assert time.monotonic() - since <= BACK_SECONDS
        assert seen.losses() == 1
        assert seen.bugs == []
    finally:
        bench.calm()
        ended = worker.stop(Deadline.after(PATIENCE))
        bench.stop()
    assert ended


def work_until_lost(worker: DeviceWorker, seen: Seen, bench: Bench) -> None:
    """Unplug, and give it work until that is seen: some benches pull only with the next answer."""
    random, times = Random(1), seen.losses() + 1
    for name, _ in zip(cycle(sorted(bench.operations) or [""]), range(20), strict=False):
        if name:
            bench.prepare(name)
        bench.disturb(Disturbance.UNPLUG, random)
        ended = threading.Event()
        operation = bench.operations.get(name, lambda device, deadline, cancel: device.poll(deadline))
        worker.submit(Job(operation, lambda result, ended=ended: ended.set(), bench.disturbed_seconds))
        assert ended.wait(PATIENCE)
        if seen.wait_until_lost(times, 0.5):
            return
        bench.calm()
    raise AssertionError("it was never lost")
