"""A device's thread: opens again what was lost, never loses a result, sees a hang, and always ends."""

from __future__ import annotations

import threading
import weakref

import pytest

from drivers.base import Deadline, Device, DeviceIdentity, DeviceState, DriverError, Fault, Health, Supply, SupplyLevel
from kiosk.bus import Bus
from kiosk.devices import worker as module
from kiosk.devices.availability import SETTLING_SECONDS
from kiosk.devices.desk import DeviceDesk, DeviceEntry, Request
from kiosk.devices.worker import HANG_GRACE, DeviceWorker, Job, JobFailed

PATIENCE = 10.0
ONLINE = Health(DeviceState.ONLINE)


class Toy(Device):
    """``script``: what the next calls of a method do: an exception to raise, or a function to call."""

    def __init__(self):
        self.script = {}
        self.calls = []
        self.health = ONLINE
        self.polled = threading.Semaphore(0)
        self.threads = set()

    def does(self, method, *actions):
        self.script.setdefault(method, []).extend(actions)
        return self

    def _call(self, method):
        self.calls.append(method)
        self.threads.add(threading.current_thread().name)
        actions = self.script.get(method)
        action = actions.pop(0) if actions else None
        if isinstance(action, Exception):
            raise action
        return action() if action else None

    def identity(self):
        return DeviceIdentity("toy", "toy")

    def open(self, deadline):
        self._call("open")

    def close(self):
        self._call("close")

    def poll(self, deadline):
        self._call("poll")
        self.polled.release()
        return self.health

    def reset(self, deadline):
        pass

    def self_test(self, deadline):
        return ()


class Watched:
    """A worker with a toy, and what it says of it."""

    def __init__(self, toy, factory=None, **options):
        self.toy = toy
        self.healths = []
        self.bugs = []
        self._changed = threading.Condition()
        self.now = 0.0
        self.worker = DeviceWorker(
            "toy", factory or (lambda: toy), self._health, self._bug, lambda: self.now, **options
        )

    def _health(self, name, health):
        with self._changed:
            self.healths.append(health)
            self._changed.notify_all()

    def _bug(self, name, error):
        self.bugs.append(error)

    def wait_for(self, *states):
        """Wait until these states have been published, in this order and with nothing else after them."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.states[-len(states) :] == list(states), PATIENCE), self.states

    @property
    def states(self):
        return [health.state.value for health in self.healths]

    def submit(self, work, seconds=5.0):
        """Submit a job; return it and where its results come."""
        results, came = [], threading.Event()

        def done(result):
            results.append(result)
            came.set()

        job = Job(work, done, seconds)
        self.worker.submit(job)
        return job, results, came


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(module, "FIRST_BACK_OFF", 0.0)


@pytest.fixture
def watch():
    watched = []

    def start(toy=None, run=True, **options):
        watched.append(Watched(toy or Toy(), **options))
        if run:
            watched[-1].worker.start()
            watched[-1].wait_for("online") if not options.get("factory") and not (toy and toy.script) else None
        return watched[-1]

    yield start
    for each in watched:
        assert each.worker.stop(Deadline.after(PATIENCE))


def test_a_device_that_is_not_there_is_opened_again_until_it_is(watch, quick):
    gone = DriverError("toy.not_found", "nothing there", "ENOENT")
    watched = watch(Toy().does("open", gone, gone, gone))
    watched.wait_for("offline", "online")
    assert watched.toy.calls.count("open") == 4
    assert watched.healths[0].faults == (gone.fault,)  # and once only, however often it was tried
    assert watched.states == ["offline", "online"]
    assert watched.toy.threads == {"device-toy"}


@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
def test_the_back_off_grows_and_a_device_that_was_plugged_in_again_is_usable_within_five_seconds(
    watch, monkeypatch, jitter
):
    pauses, enough = [], threading.Event()

    def record(self, fault, seconds):
        pauses.append(seconds)
        if len(pauses) >= 12:
            enough.set()
            self._stopping.set()

    monkeypatch.setattr(DeviceWorker, "_refuse_jobs", record)
    watch(Toy().does("open", *[DriverError("toy.not_found")] * 20), jitter=lambda: jitter)
    assert enough.wait(PATIENCE)
    assert pauses[:11] == sorted(pauses[:11])
    assert pauses[0] < 0.3
    assert pauses[10] + SETTLING_SECONDS < 5.0
    assert len(set(pauses[:5])) > 3


def test_a_device_that_opens_and_breaks_at_once_is_not_tried_without_pause(watch, monkeypatch):
    pauses, enough = [], threading.Event()

    def record(self, fault, seconds):
        pauses.append(seconds)
        if len(pauses) >= 5:
            enough.set()
            self._stopping.set()

    monkeypatch.setattr(DeviceWorker, "_refuse_jobs", record)
    watch(Toy().does("poll", *[DriverError("toy.no_answer")] * 20), jitter=lambda: 0.5)
    assert enough.wait(PATIENCE)
    assert pauses[:4] == [0.2, 0.4, 0.8, 1.6]


def test_a_broken_connection_fails_the_job_and_is_opened_again(watch, quick):
    watched = watch()

    def breaks(device, deadline, cancel):
        raise DriverError("toy.disconnected")

    _, results, came = watched.submit(breaks)
    assert came.wait(PATIENCE)
    watched.wait_for("online", "offline", "online")
    assert results == [JobFailed(Fault("toy.disconnected"))]
    assert [call for call in watched.toy.calls if call != "poll"] == ["open", "close", "open"]
    assert watched.bugs == []


def test_a_driver_s_bug_is_reported_and_survived(watch, quick):
    watched = watch()
    _, results, came = watched.submit(lambda device, deadline, cancel: 1 / 0)
    assert came.wait(PATIENCE)
    watched.wait_for("online", "offline", "online")
    assert results == [JobFailed(Fault("device.software_error", "ZeroDivisionError"))]
    assert [type(bug) for bug in watched.bugs] == [ZeroDivisionError]


@pytest.mark.parametrize("method", ["open", "poll", "close"])
def test_a_bug_anywhere_in_a_driver_does_not_end_the_thread(watch, quick, method):
    toy = Toy().does(method, ValueError("bug"))
    if method == "close":
        toy.does("poll", DriverError("toy.no_answer"))
    watched = watch(toy)
    watched.wait_for("offline", "online")
    assert [type(bug) for bug in watched.bugs] == [ValueError]


def test_a_driver_that_cannot_even_be_made_is_tried_again(watch, quick):
    made = []

    def factory():
        made.append(None)
        if len(made) < 3:
            raise ImportError("no such library")
        return Toy()

    watched = watch(factory=factory)
    watched.wait_for("offline", "online")
    assert len(watched.bugs) == 2


def test_health_is_published_only_when_it_changes(watch, monkeypatch):
    monkeypatch.setattr(module, "POLL_SECONDS", 0.0)
    watched = watch()
    for seen in range(3):
        watched.toy.health = Health(DeviceState.ONLINE, observed_at=float(seen))
        for _ in range(3):
            assert watched.toy.polled.acquire(timeout=PATIENCE)
    low = Health(DeviceState.DEGRADED, (Fault("toy.low"),), (Supply("ink", SupplyLevel.LOW),))
    watched.toy.health = low
    watched.wait_for("online", "degraded")
    assert watched.worker.health.faults == low.faults
    assert watched.worker.health.observed_at > 0


def test_a_job_given_while_the_device_is_away_fails_at_once(watch, monkeypatch):
    monkeypatch.setattr(module, "FIRST_BACK_OFF", 1000.0)
    watched = watch(Toy().does("open", DriverError("toy.not_found")))
    watched.wait_for("offline")
    _, results, came = watched.submit(lambda device, deadline, cancel: "never")
    assert came.wait(PATIENCE)
    assert results == [JobFailed(Fault("toy.not_found"))]


def test_jobs_are_done_one_after_the_other_on_the_device_s_thread(watch):
    watched = watch()
    order = []
    jobs = [
        watched.submit(lambda device, deadline, cancel, n=n: order.append((n, threading.current_thread().name)))
        for n in range(5)
    ]
    assert all(came.wait(PATIENCE) for _, _, came in jobs)
    assert order == [(n, "device-toy") for n in range(5)]


def test_a_job_cancelled_in_the_queue_is_never_begun_and_a_running_one_is_told(watch):
    watched = watch()
    running = threading.Event()

    def waits(device, deadline, cancel):
        running.set()
        return cancel.wait(PATIENCE)

    first, results, came = watched.submit(waits)
    begun = []
    second, second_results, second_came = watched.submit(lambda device, deadline, cancel: begun.append(1))
    assert running.wait(PATIENCE)
    second.cancel.set()
    first.cancel.set()
    assert came.wait(PATIENCE)
    assert second_came.wait(PATIENCE)
    assert results == [True]
    assert (begun, second_results) == ([], [JobFailed(Fault("device.cancelled"))])


def test_a_call_that_does_not_return_is_seen_and_its_late_result_still_comes_once(watch):
    watched = watch()
    begun, release = threading.Event(), threading.Event()

    def hangs(device, deadline, cancel):
        begun.set()
        release.wait(PATIENCE)
        return "late"

    _, results, came = watched.submit(hangs, seconds=5.0)
    assert begun.wait(PATIENCE)
    watched.now = 5.0 + HANG_GRACE
    watched.worker.check_hung()
    assert watched.states == ["online"]
    watched.now += 0.1
    watched.worker.check_hung()
    watched.worker.check_hung()
    assert watched.states == ["online", "fault"]
    assert watched.healths[-1].faults == (Fault("device.hung"),)
    release.set()
    assert came.wait(PATIENCE)
    watched.wait_for("online", "fault", "online")
    watched.worker.check_hung()
    assert results == ["late"]
    assert watched.states[-1] == "online"


def test_a_finished_job_keeps_nothing_of_what_it_took_from_the_citizen(watch):
    class Papers:
        pass

    watched = watch()
    papers = Papers()
    trace = weakref.ref(papers)
    assert watched.toy.polled.acquire(timeout=PATIENCE)
    came = threading.Event()
    watched.worker.submit(Job(lambda device, deadline, cancel, held=papers: held, lambda result: came.set(), 5.0))
    del papers
    assert came.wait(PATIENCE)
    assert watched.toy.polled.acquire(timeout=PATIENCE)  # the thread is done with the job when it polls again
    assert trace() is None


def test_a_refused_job_keeps_nothing_either(watch, monkeypatch):
    class Papers:
        pass

    monkeypatch.setattr(module, "FIRST_BACK_OFF", 1000.0)
    watched = watch(Toy().does("open", DriverError("toy.not_found")))
    papers, gone = Papers(), threading.Event()
    trace = weakref.ref(papers, lambda _: gone.set())
    watched.worker.submit(Job(lambda device, deadline, cancel, held=papers: held, lambda result: None, 5.0))
    del papers
    assert gone.wait(PATIENCE), trace


# ---- stop


def test_stop_before_start_and_start_after_stop_leave_no_thread():
    watched = Watched(Toy())
    assert watched.worker.stop(Deadline.after(PATIENCE))
    watched.worker.start()
    assert watched.worker.stop(Deadline.after(PATIENCE))
    assert not watched.worker.is_alive()


def test_stop_cancels_what_runs_closes_the_device_and_answers_what_waits(watch):
    watched = watch()
    running = threading.Event()

    def waits(device, deadline, cancel):
        running.set()
        return cancel.wait(PATIENCE)

    _, results, _ = watched.submit(waits)
    _, waiting, _ = watched.submit(lambda device, deadline, cancel: "never")
    assert running.wait(PATIENCE)
    assert watched.worker.stop(Deadline.after(PATIENCE))
    assert results == [True]
    assert waiting == [JobFailed(Fault("device.stopped"))]
    assert watched.toy.calls[-1] == "close"


def test_stop_in_the_moment_in_which_a_job_begins_cancels_it(watch):
    """stop() looks for the running job just before there is one."""
    watched = watch()

    class Racing(threading.Event):
        def is_set(self):
            watched.worker._stopping.set()
            return super().is_set()

    results, came = [], threading.Event()
    job = Job(
        lambda device, deadline, cancel: cancel.wait(PATIENCE),
        lambda result: (results.append(result), came.set()),
        5.0,
        Racing(),
    )
    watched.worker.submit(job)
    assert came.wait(PATIENCE / 2)
    assert results == [True]


def test_stop_in_the_back_off_does_not_wait_for_its_end(watch, monkeypatch):
    monkeypatch.setattr(module, "FIRST_BACK_OFF", 1000.0)
    watched = watch(Toy().does("open", DriverError("toy.not_found")))
    watched.wait_for("offline")
    assert watched.worker.stop(Deadline.after(PATIENCE))


def test_a_device_that_hangs_is_said_not_to_have_stopped():
    release = threading.Event()
    watched = Watched(Toy().does("open", lambda: release.wait(PATIENCE)))
    watched.worker.start()
    assert not watched.worker.stop(Deadline.after(0.05))
    release.set()
    assert watched.worker.stop(Deadline.after(PATIENCE))


# ---- the desk


class Desk:
    def __init__(self, *toys):
        self.bus = Bus()
        self.changes = []
        entries = tuple(DeviceEntry(f"toy{n}", "toy", "toy", lambda toy=toy: toy) for n, toy in enumerate(toys))
        self.desk = DeviceDesk(
            entries, self.bus, lambda name, health: self.changes.append((name, health.state)), lambda *_: None
        )

    def take(self, about):
        """Run what is posted up to something about this; as the terminal's thread would."""
        while True:
            posted = self.bus.take(PATIENCE)
            assert posted is not None, f"nothing about {about}"
            posted.call()
            if posted.about == about:
                return


@pytest.fixture
def desk():
    made = Desk(Toy(), Toy())
    made.desk.start()
    for _ in range(2):
        made.take("health")
    yield made
    assert made.desk.stop(Deadline.after(PATIENCE)) == []


def test_health_and_results_reach_the_terminal_s_thread_through_the_bus(desk):
    assert sorted(desk.changes) == [("toy0", "online"), ("toy1", "online")]
    assert desk.desk.availability.usable_devices("toy") == ["toy0", "toy1"]
    results = []
    desk.desk.ask("toy1", lambda device, deadline, cancel: threading.current_thread().name, 5.0, results.append)
    assert results == []
    desk.take("device toy1")
    assert results == ["device-toy1"]


def test_the_result_and_the_progress_of_a_cancelled_request_reach_nobody(desk):
    request, results = Request(), []

    def work(device, deadline, cancel):
        desk.desk.progress(request, lambda: results.append("progress"))
        return "result"

    assert desk.desk.ask("toy0", work, 5.0, results.append, request) is request
    progress = desk.bus.take(PATIENCE)
    result = desk.bus.take(PATIENCE)
    request.cancel()
    progress.call()
    result.call()
    assert results == []


def test_progress_comes_before_the_result(desk):
    request, results = Request(), []

    def work(device, deadline, cancel):
        desk.desk.progress(request, lambda: results.append("progress"))
        return "result"

    desk.desk.ask("toy0", work, 5.0, results.append, request)
    desk.take("device toy0")
    assert results == ["progress", "result"]


def test_why_a_class_cannot_be_used(desk):
    assert desk.desk.fault_of("card_reader") == Fault("card_reader.not_configured")
    assert desk.desk.fault_of("toy") == Fault("device.starting")
    assert [entry.name for entry in desk.desk.entries] == ["toy0", "toy1"]


def test_the_desk_names_the_devices_that_did_not_stop():
    release = threading.Event()
    made = Desk(Toy(), Toy().does("open", lambda: release.wait(PATIENCE)))
    made.desk.start()
    made.take("health")
    assert made.desk.stop(Deadline.after(0.1)) == ["toy1"]
    release.set()
    assert made.desk.stop(Deadline.after(PATIENCE)) == []
