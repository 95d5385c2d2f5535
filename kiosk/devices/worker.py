"""One thread a device: it alone touches the handle, and opens it again when the connection is lost."""

from __future__ import annotations

import queue
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar, cast

from drivers.base import Deadline, Device, DeviceState, DriverError, Fault, Health
from drivers.wire import Watcher, WireEvent

D = TypeVar("D", bound=Device)
R = TypeVar("R")

OPEN_SECONDS = 5.0
POLL_SECONDS = 2.0
FIRST_BACK_OFF = 0.2
LONGEST_BACK_OFF = 3.0
"""With the jitter (a quarter more at most) and the second of settling, a device that was plugged in again is back within five."""
LENT = "device.lent"
HANG_GRACE = 3.0
"""A call may overrun its deadline by one system call; past this it is hung."""


@dataclass(frozen=True)
class JobFailed:
    """A job that could not be done because the device is not there or its connection broke."""

    fault: Fault


@dataclass
class Job(Generic[D, R]):
    """What a worker shall do: ``work(device, deadline, cancel)``, and who gets the result, on the worker's thread."""

    work: Callable[[D, Deadline, threading.Event], R]
    done: Callable[[R | JobFailed], None]
    seconds: float
    cancel: threading.Event = field(default_factory=threading.Event)


class DeviceWorker(Generic[D]):
    """Keeps one device open and does jobs with it, one after the other.

    ``on_health`` is called from the worker's thread (or the hang check's) whenever the health changes.
    ``on_bug`` gets what no driver should raise, for the log; the device is closed and opened again.
    """

    def __init__(
        self,
        name: str,
        factory: Callable[[], D],
        on_health: Callable[[str, Health], None],
        on_bug: Callable[[str, BaseException], None],
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.name = name
        self._factory = factory
        self._on_health = on_health
        self._on_bug = on_bug
        self._clock = clock
        self._wall_clock = wall_clock
        self._jitter = jitter
        self._jobs: queue.SimpleQueue[Job[D, object] | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._lent = threading.Event()
        self._away: Callable[[], None] | None = None
        self._watcher: Watcher | None = None
        self._health = Health(DeviceState.STARTING)
        self._lock = threading.Lock()
        self._busy_until: float | None = None
        self._current: Job[D, object] | None = None
        self._device: D | None = None
        self._thread = threading.Thread(target=self._run, name=f"device-{name}", daemon=True)

    def start(self) -> None:
        """Start the thread, if it was not started yet."""
        if self._thread.ident is None:
            self._thread.start()

    def stop(self, deadline: Deadline) -> bool:
        """Cancel what runs, close the device and end the thread; False if it did not end in time."""
        self._stopping.set()
        current = self._current
        if current is not None:
            current.cancel.set()
        self._jobs.put(None)
        if self._thread.ident is not None:
            self._thread.join(deadline.remaining())
        return not self._thread.is_alive()

    def submit(self, job: Job[D, R]) -> None:
        """Queue a job. Its result comes on this worker's thread; a job of a device that is away fails at once."""
        self._jobs.put(cast("Job[D, object]", job))

    def lend(self, away: Callable[[], None]) -> None:
        """Close the device for somebody else, until ``take_back``; ``away`` is called on this worker's thread once it is.

        What runs is cancelled; jobs that come meanwhile fail with ``device.lent``. A device that hangs is never away.
        """
        self._away = away
        self._lent.set()
        current = self._current
        if current is not None:
            current.cancel.set()
        self._jobs.put(None)

    def take_back(self) -> None:
        """Open the device again; nothing happens when it was not lent."""
        self._away = None
        self._lent.clear()
        self._jobs.put(None)

    def watch(self, watcher: Watcher | None) -> None:
        """Tell ``watcher`` what goes over the wire from now on, on this worker's thread; None ends it."""
        self._watcher = watcher
        device = self._device
        if watcher is not None and device is not None:
            # Also in the middle of a long wait for a card. Only the device's own thread takes it away again, between two
            # calls: a driver that has just looked whether it is watched must not find nobody there.
            device.watcher = self._saw

    def _show_wire(self) -> None:
        if self._device is not None:
            self._device.watcher = self._saw if self._watcher is not None else None

    @property
    def health(self) -> Health:
        """The last known condition."""
        return self._health

    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def check_hung(self) -> None:
        """Mark the device as hung when its present call is past its deadline. Called about once a second from elsewhere."""
        until = self._busy_until
        if until is not None and self._clock() > until + HANG_GRACE:
            self._publish(Health(DeviceState.FAULT, (Fault("device.hung"),)))

    # ---- the thread

    def _run(self) -> None:
        back_off = FIRST_BACK_OFF
        while not self._stopping.is_set():
            if self._lent.is_set():
                self._stay_away()
                back_off = FIRST_BACK_OFF
                continue
            fault = self._open()
            if fault is None:
                opened_at = self._clock()
                fault = self._serve()
                if (
                    self._clock() - opened_at > LONGEST_BACK_OFF
                ):  # or one that opens and breaks at once is tried without pause
                    back_off = FIRST_BACK_OFF
            self._close()
            if self._stopping.is_set():
                break
            if self._lent.is_set():
                continue
            self._publish(Health(DeviceState.OFFLINE, (fault,)))
            self._refuse_jobs(fault, back_off * (0.75 + 0.5 * self._jitter()))
            back_off = min(LONGEST_BACK_OFF, back_off * 2)
        self._refuse_jobs(Fault("device.stopped"), 0.0)

    def _stay_away(self) -> None:
        self._publish(Health(DeviceState.OFFLINE, (Fault(LENT),)))
        while self._lent.is_set() and not self._stopping.is_set():
            away, self._away = self._away, None
            if away is not None:
                away()
            job = self._jobs.get()  # woken with None
            if job is not None:
                job.done(JobFailed(Fault(LENT)))
            del job  # as below
        self._publish(Health(DeviceState.STARTING))

    def _saw(self, event: WireEvent) -> None:
        watcher = self._watcher
        if watcher is not None:
            watcher(event)

    def _open(self) -> Fault | None:
        deadline = Deadline.after(OPEN_SECONDS, self._clock)
        try:
            with _Busy(self, deadline):
                if self._device is None:
                    self._device = self._factory()
                    self._show_wire()
                self._device.open(deadline)
        except DriverError as error:
            return error.fault
        except Exception as error:  # noqa: BLE001 - a driver's bug must not end the worker; it is logged as one
            return self._bug(error)
        return None

    def _serve(self) -> Fault:
        """Poll and work until the connection breaks or the worker stops; return why."""
        next_poll = self._clock()
        while not self._stopping.is_set() and not self._lent.is_set():
            wait = next_poll - self._clock()
            if wait <= 0:
                fault = self._poll()
                if fault is not None:
                    return fault
                next_poll = self._clock() + POLL_SECONDS
                continue
            try:
                job = self._jobs.get(timeout=wait)
            except queue.Empty:
                continue
            if job is not None:
                fault = self._work(job)
                del job  # or a finished job would keep what it took from the citizen until the next one comes
                if fault is not None:
                    return fault
                next_poll = min(next_poll, self._clock())
        return Fault("device.stopped")

    def _poll(self) -> Fault | None:
        deadline = Deadline.after(OPEN_SECONDS, self._clock)
        device = self._device
        assert device is not None  # noqa: S101 - opened before serving
        try:
            with _Busy(self, deadline):
                health = device.poll(deadline)
        except DriverError as error:
            return error.fault
        except Exception as error:  # noqa: BLE001 - as above
            return self._bug(error)
        self._publish(health)
        return None

    def _work(self, job: Job[D, object]) -> Fault | None:
        """Do one job; return why the connection must be closed, or None."""
        if job.cancel.is_set():
            job.done(JobFailed(Fault("device.cancelled")))
            return None
        deadline = Deadline.after(job.seconds, self._clock)
        device = self._device
        assert device is not None  # noqa: S101 - opened before serving
        self._current = job
        if self._stopping.is_set() or self._lent.is_set():  # stop() or lend() looked before there was a job to cancel
            job.cancel.set()
        fault: Fault | None = None
        result: object = None
        try:
            with _Busy(self, deadline):
                result = job.work(device, deadline, job.cancel)
        except DriverError as error:
            fault = error.fault
        except Exception as error:  # noqa: BLE001 - as above
            fault = self._bug(error)
        finally:
            self._current = None
        job.done(result if fault is None else JobFailed(fault))
        return fault

    def _refuse_jobs(self, fault: Fault, seconds: float) -> None:
        """Answer jobs with ``fault`` for this long, which is the back-off."""
        until = self._clock() + seconds
        job: Job[D, object] | None = None
        while True:
            del job  # as above
            try:
                job = self._jobs.get(timeout=max(0.0, until - self._clock()))
            except queue.Empty:
                return
            if job is not None:
                job.done(JobFailed(fault))
            elif self._stopping.is_set() or self._lent.is_set():
                until = self._clock()

    def _close(self) -> None:
        if self._device is None:
            return
        try:
            self._device.close()
        except Exception as error:  # noqa: BLE001 - as above
            self._bug(error)

    def _bug(self, error: Exception) -> Fault:
        self._on_bug(self.name, error)
        return Fault("device.software_error", type(error).__name__)

    def _publish(self, health: Health) -> None:
        with self._lock:
            changed = replace(health, observed_at=0.0) != replace(self._health, observed_at=0.0)
            self._health = replace(health, observed_at=health.observed_at or self._wall_clock())
        if changed:
            self._on_health(self.name, self._health)


class _Busy:
    """Marks a call's deadline while it runs, so that ``check_hung`` can see one that does not return."""

    def __init__(self, worker: DeviceWorker[D], deadline: Deadline) -> None:
        self._worker = worker
        self._deadline = deadline

    def __enter__(self) -> None:
        self._worker._show_wire()  # pyright: ignore[reportPrivateUsage]
        self._worker._busy_until = self._deadline.at  # pyright: ignore[reportPrivateUsage]

    def __exit__(self, *_: object) -> None:
        self._worker._busy_until = None  # pyright: ignore[reportPrivateUsage]
