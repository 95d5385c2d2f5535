"""A soak over virtual hardware with faults: what a driver leaves behind is seen, and one that leaves nothing passes."""

import json
import os
import subprocess
import sys
import threading

import pytest

from drivers.base import Check, CheckOutcome, Device, DeviceIdentity, DeviceState, DriverError, Fault, Health
from drivers.conformance.bench import Bench, Disturbance
from kiosk.config import ROOT
from kiosk.selftest.soak import Soak, Soaked


class ToyDevice(Device):
    def __init__(self, bench):
        self.bench = bench

    def identity(self):
        return DeviceIdentity("toy", "toy")

    def _ask(self):
        self.bench.steps.take()
        if self.bench.unplugged:
            raise DriverError("device.stopped", "unplugged")

    def open(self, deadline):
        self._ask()
        self.bench.open()

    def close(self):
        pass

    def poll(self, deadline):
        self._ask()
        return Health(DeviceState.ONLINE)

    def reset(self, deadline):
        self._ask()

    def self_test(self, deadline):
        self._ask()
        return self.bench.checks


class AbsentToy(ToyDevice):
    def _ask(self):
        raise DriverError("device.stopped", "absent")


class ToyBench(Bench):
    name = "toy"
    device_class = "toy"
    checks = (Check("port", CheckOutcome.PASS),)

    def __init__(self):
        self.unplugged = False
        self.left = []
        self.opened = 0
        self.release = threading.Event()

    def open(self):
        self.opened += 1

    def start(self):
        pass

    def stop(self):
        self.release.set()
        for each in self.left:
            if isinstance(each, int):
                os.close(each)

    def make(self):
        return ToyDevice(self)

    def make_absent(self):
        return AbsentToy(self)

    operations = {}  # noqa: RUF012 - as the interface has it
    disturbances = frozenset({Disturbance.UNPLUG})

    def prepare(self, operation):
        pass

    def disturb(self, disturbance, random):
        self.unplugged = True

    def calm(self):
        self.unplugged = False

    def judge(self, operation, result, disturbed):
        return ""


class LeakingThread(ToyBench):
    def open(self):
        super().open()
        if self.opened in (250, 251):
            threading.Thread(target=self.release.wait, daemon=True, name="forgotten").start()


class LeakingDescriptor(ToyBench):
    def open(self):
        super().open()
        if self.opened in (250, 251):
            self.left.append(os.open("/dev/null", os.O_RDONLY))


class Broken(ToyBench):
    checks = (Check("port", CheckOutcome.FAIL, Fault("printer.jam")),)


class Counted:
    """A clock that goes on by a twentieth of a second whenever it is asked: so many rounds, however busy the machine is."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 0.05
        return self.now


def soaked(bench, seconds=6.0, **more):
    return Soak(seconds, seed=1, benches=(bench,), clock=Counted(), longest_pause=0.0, **more).run()


def test_one_that_leaves_nothing_behind_passes():
    found = soaked(ToyBench())
    assert found.passed, found
    assert found.injections > 30
    assert found.checks == found.rounds > 1
    assert found.memory[0] > 1


@pytest.mark.parametrize(("bench", "what"), [(LeakingThread, "forgotten"), (LeakingDescriptor, "null")])
def test_a_leak_is_seen_and_named(bench, what):
    found = soaked(bench())
    assert not found.passed
    assert what in found.left + "".join(found.problems)


def test_a_check_that_fails_is_counted_and_told():
    found = soaked(Broken(), 0.2)
    assert not found.passed
    assert found.check_problems == found.rounds
    assert "printer.jam" in found.problems[0]


def test_progress_is_told_from_the_warm_up_on(monkeypatch):
    """What is left behind can be told only after it; how much was done, and what was wrong, at once."""
    monkeypatch.setattr("kiosk.selftest.soak._TELL_SECONDS", 0.3)
    told = []
    soaked(ToyBench(), tell=lambda seen: told.append((seen.measured, seen.injections, seen.threads[1])))
    measured = [each for each, _, _ in told]
    assert measured == sorted(measured)
    assert set(measured) == {False, True}
    injections = [each for _, each, _ in told]
    assert injections == sorted(injections)
    assert injections[-1] > injections[0] == 0
    assert all(bool(threads) == after for after, _, threads in told)


def test_memory_may_grow_by_a_twentieth_and_no_more():
    assert Soaked(1, memory=(100.0, 105.0), measured=True).passed
    assert not Soaked(1, memory=(100.0, 105.1), measured=True).passed


def test_a_soak_that_is_too_short_to_measure_does_not_pass():
    found = soaked(ToyBench(), 0.4)
    assert not found.measured
    assert not found.passed


def test_a_soak_can_be_ended_early():
    soak = Soak(3600.0, 1, benches=(ToyBench(),))
    thread = threading.Thread(target=soak.run, daemon=True)
    thread.start()
    soak.cancel()
    thread.join(30)
    assert not thread.is_alive()


def test_twenty_seconds_of_the_command_over_a_board_with_faults(tested):
    """The real command in a process of its own, on the conformance bench of the I/O board."""
    tables = tested.devices()
    path = tested.configure("soak.toml", devices={"io_board": tables["io_board"]})
    command = [sys.executable, "-m", "kiosk.cli", "selftest", "--config", str(path), "--json"]
    done = subprocess.run(
        [*command, "--soak", "20s", "--faults", "--seed", "3"],
        cwd=ROOT,
        env=tested.environment,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    found = json.loads(done.stdout)
    assert (found["problems"], found["left"]) == ([], ""), found
    assert found["check_problems"] == found["injection_problems"] == 0, found
    assert found["checks"] > 0, found
    assert found["injections"] > 0, found
    assert found["passed"] or not found["measured"], (
        f"memory grew: {found}"
    )  # a busy machine may not get beyond the warm-up
    assert done.returncode == (0 if found["passed"] else 1)
    assert "seed 3" in done.stderr
    assert "warming up" in done.stderr or found["measured"], done.stderr
