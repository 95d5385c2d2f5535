"""A self-test that runs without a terminal keeps its devices from a terminal that starts meanwhile, and from another self-test."""

import os
import select
import subprocess
import sys

import pytest
from headless_citizen import HeadlessCitizen

from drivers.base import Deadline
from kiosk.config import ROOT
from kiosk.device_lock import DeviceLock
from kiosk.training.world import World

WAIT = 60.0


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """All that stands around a terminal, and no terminal."""
    world = World(tmp_path_factory.mktemp("world"), None, headless=True)
    try:
        world.prepare(Deadline.after(60))
        (world.directory / "state").mkdir(mode=0o700)
        yield world
    finally:
        world.stop()


def command(world, *arguments):
    return [sys.executable, "-m", "kiosk.cli", *arguments, "--language", "en", "--config", str(world.configuration)]


def kiosk(world, *arguments):
    return subprocess.run(
        command(world, *arguments), cwd=ROOT, capture_output=True, text=True, timeout=100, check=False
    )


@pytest.fixture
def testing(world):
    """A self-test that goes on and on, and has begun to use the devices."""
    process = subprocess.Popen(
        command(world, "selftest", "--soak", "1h"), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        said, end = b"", Deadline.after(WAIT)
        while b"seed" not in said:
            assert select.select([process.stderr], [], [], end.remaining())[0], said
            block = os.read(process.stderr.fileno(), 4096)
            assert block, said
            said += block
        yield process
    finally:
        process.kill()
        process.communicate()


def test_another_self_test_says_that_the_devices_are_taken_until_the_first_is_gone(world, testing):
    for arguments in (("selftest", "--device", "code_scanner"), ("trace", "code_scanner")):
        done = kiosk(world, *arguments)
        assert done.returncode == 1
        assert "Another self-test has the devices" in done.stderr
    testing.kill()
    testing.wait()
    done = kiosk(world, "selftest", "--device", "code_scanner")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_terminal_that_starts_meanwhile_waits_out_of_service_and_then_serves(world, testing):
    """It is not told when the other dies: the kernel lets go of the lock."""
    world.start_terminal()
    visitor = HeadlessCitizen(world)
    glass = visitor.see(lambda seen: seen["screen"] == "out_of_service", "the terminal to be out of service", WAIT)
    assert "工作人员" in glass["message"]
    done = kiosk(world, "selftest", "--json")
    assert done.returncode == 1
    assert "Another self-test has the devices" in done.stderr
    log = (world.directory / "terminal.log").read_text(encoding="utf-8")
    assert '"state": "online"' not in log, "it keeps its hands off every device"
    assert world.terminal.poll() is None
    testing.kill()
    visitor.offered(WAIT)
    assert not DeviceLock(world.directory / "state").take(), "now the terminal has it"
    done = kiosk(world, "selftest", "--json", "--device", "code_scanner")
    assert done.returncode == 0, done.stderr
    assert "stepped aside" in done.stderr
    visitor.offered(WAIT)
    world.kill_terminal()
    lock = DeviceLock(world.directory / "state")
    assert lock.take(), "and the kernel let go of it"
    lock.release()
