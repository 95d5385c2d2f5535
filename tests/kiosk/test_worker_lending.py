"""A worker lends its device and takes it back, also in the middle of a job, and shows its wire only while somebody looks."""

import queue
import threading

import pytest

from drivers.base import Deadline, Device, DeviceIdentity, DeviceState, Health
from drivers.wire import Direction
from kiosk.devices.worker import DeviceWorker, Job, JobFailed

WAIT = 15.0


class Toy(Device):
    def __init__(self):
        self.open_now = threading.Event()
        self.closed = threading.Event()

    def identity(self):
        return DeviceIdentity("toy", "toy")

    def open(self, deadline):
        self.closed.clear()
        self.open_now.set()

    def close(self):
        self.open_now.clear()
        self.closed.set()

    def poll(self, deadline):
        self.saw(Direction.OUT, 1, "00", "poll")
        return Health(DeviceState.ONLINE)

    def reset(self, deadline):
        pass

    def self_test(self, deadline):
        return ()


@pytest.fixture
def toy():
    return Toy()


@pytest.fixture
def told():
    return queue.Queue()


@pytest.fixture
def worker(toy, told):
    made = DeviceWorker("toy", lambda: toy, lambda name, health: told.put(health), lambda name, error: None)
    made.start()
    yield made
    assert made.stop(Deadline.after(WAIT))


def until(told, code, state):
    while True:
        health = told.get(timeout=WAIT)
        if health.state is state and [fault.code for fault in health.faults] == ([code] if code else []):
            return


def test_a_lent_device_is_closed_refuses_jobs_and_is_used_again_when_it_comes_back(worker, toy, told):
    until(told, "", DeviceState.ONLINE)
    away = threading.Event()
    worker.lend(away.set)
    assert away.wait(WAIT)
    assert toy.closed.is_set()
    until(told, "device.lent", DeviceState.OFFLINE)
    results = queue.Queue()
    worker.submit(Job(lambda device, deadline, cancel: "done", results.put, 5.0))
    refused = results.get(timeout=WAIT)
    assert isinstance(refused, JobFailed)
    assert refused.fault.code == "device.lent"
    worker.take_back()
    until(told, "", DeviceState.ONLINE)
    worker.submit(Job(lambda device, deadline, cancel: "done", results.put, 5.0))
    assert results.get(timeout=WAIT) == "done"


def test_a_job_under_way_is_cancelled_for_the_loan(worker, told):
    until(told, "", DeviceState.ONLINE)
    begun, away, results = threading.Event(), threading.Event(), queue.Queue()

    def work(device, deadline, cancel):
        begun.set()
        return cancel.wait(WAIT)

    worker.submit(Job(work, results.put, 60.0))
    assert begun.wait(WAIT)
    worker.lend(away.set)
    assert away.wait(WAIT)
    assert results.get(timeout=WAIT) is True


def test_lent_again_before_it_noticed_it_is_still_told_to_the_second(worker, told):
    until(told, "", DeviceState.ONLINE)
    for _ in range(20):
        away = threading.Event()
        worker.lend(lambda: None)
        worker.take_back()
        worker.lend(away.set)
        assert away.wait(WAIT)
        worker.take_back()
    until(told, "", DeviceState.ONLINE)


def test_a_device_whose_thread_does_not_run_yet_can_be_lent(toy, told):
    worker = DeviceWorker("toy", lambda: toy, lambda name, health: told.put(health), lambda name, error: None)
    away = threading.Event()
    worker.lend(away.set)
    worker.start()
    assert away.wait(WAIT)
    assert not toy.open_now.is_set()
    assert worker.stop(Deadline.after(WAIT))


def test_the_wire_is_shown_while_somebody_looks(worker, toy, told):
    until(told, "", DeviceState.ONLINE)
    assert toy.watcher is None
    seen, done = queue.Queue(), queue.Queue()
    worker.watch(seen.put)
    worker.submit(Job(lambda device, deadline, cancel: device.poll(deadline), done.put, 5.0))
    assert seen.get(timeout=WAIT).meaning == "poll"
    worker.watch(None)
    done.get(timeout=WAIT)
    worker.submit(Job(lambda device, deadline, cancel: device.watcher is None, done.put, 5.0))
    while (result := done.get(timeout=WAIT)) is not True:
        assert result is not False
