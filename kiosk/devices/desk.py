"""All devices of the terminal: hands jobs to their workers and brings results back to the terminal's thread, or drops them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from drivers.base import Deadline, Device, Fault, Health
from drivers.wire import Watcher
from kiosk.bus import Bus
from kiosk.devices.availability import Availability
from kiosk.devices.worker import DeviceWorker, Job, JobFailed

R = TypeVar("R")


@dataclass(frozen=True)
class DeviceEntry:
    """One configured device: its name, class, driver, and how to make it (called on its own thread).

    ``mistake`` is what is wrong with its section of the configuration; ``factory`` then raises it, and makes nothing.
    ``device_class`` is empty where no driver says what the device would be.
    """

    name: str
    device_class: str
    driver: str
    factory: Callable[[], Device]
    mistake: Fault | None = None


class Request:
    """A job under way. Cancelled, it stops the device's work and its result reaches nobody."""

    def __init__(self) -> None:
        self.cancel_event = threading.Event()
        self.cancelled = False

    def cancel(self) -> None:
        """Stop the work and drop its result. Called on the terminal's thread."""
        self.cancelled = True
        self.cancel_event.set()


class DeviceDesk:
    """The terminal's devices, seen from its one thread."""

    def __init__(
        self,
        entries: tuple[DeviceEntry, ...],
        bus: Bus,
        on_change: Callable[[str, Health], None],
        on_bug: Callable[[str, BaseException], None],
        clock: Callable[[], float] = time.monotonic,
        mild: Collection[str] = (),
    ) -> None:
        """``on_change`` is called on the terminal's thread whenever a device's health changes; ``mild`` as for availability."""
        self.entries = entries
        self.availability = Availability({entry.name: entry.device_class for entry in entries}, mild)
        self._bus = bus
        self._on_change = on_change
        self._clock = clock
        self._workers: Mapping[str, DeviceWorker[Any]] = {
            entry.name: DeviceWorker(entry.name, entry.factory, self._health_changed, on_bug, clock)
            for entry in entries
        }

    def start(self, device_classes: frozenset[str] | None = None) -> None:
        """Start the threads of some classes of devices, or of all that do not run yet."""
        for entry in self.entries:
            if device_classes is None or entry.device_class in device_classes:
                self._workers[entry.name].start()

    def stop(self, deadline: Deadline) -> list[str]:
        """Stop all devices at once; return the names of those that did not stop in time."""
        stoppers = [
            threading.Thread(target=worker.stop, args=(deadline,), daemon=True) for worker in self._workers.values()
        ]
        for stopper in stoppers:
            stopper.start()
        for stopper in stoppers:
            stopper.join(deadline.remaining() + 0.1)
        return [name for name, worker in self._workers.items() if worker.is_alive()]

    def lend(self, names: Collection[str], away: Callable[[str], None]) -> None:
        """Close devices for somebody else, until ``take_back``. ``away`` is called, on the terminal's thread, with the name
        of each that is closed; one that hangs never is. Every device may be lent, also one whose thread does not run yet.
        """
        for name in names:
            self._workers[name].lend(partial(self._bus.post, f"lent {name}", partial(away, name)))

    def take_back(self, names: Collection[str]) -> None:
        """Use lent devices again; those that were not lent stay as they are."""
        for name in names:
            self._workers[name].take_back()

    def watch(self, name: str, watcher: Watcher | None) -> None:
        """Tell ``watcher`` what goes over a device's wire, on the device's own thread; None ends it. Any thread."""
        self._workers[name].watch(watcher)

    def check_hung(self) -> None:
        """Look for devices that do not return. Called about once a second."""
        for worker in self._workers.values():
            worker.check_hung()

    def ask(
        self,
        name: str,
        work: Callable[[Any, Deadline, threading.Event], R],
        seconds: float,
        done: Callable[[R | JobFailed], None],
        request: Request | None = None,
    ) -> Request:
        """Give a device work; ``done`` is called on the terminal's thread unless the request was cancelled meanwhile."""
        under_way = request or Request()

        def deliver(result: R | JobFailed) -> None:
            self._bus.post(f"device {name}", lambda: None if under_way.cancelled else done(result))

        self._workers[name].submit(Job(work, deliver, seconds, under_way.cancel_event))
        return under_way

    def progress(self, request: Request, call: Callable[[], None]) -> None:
        """Report from inside ``work``: ``call`` runs on the terminal's thread unless the request was cancelled."""
        self._bus.post("device progress", lambda: None if request.cancelled else call())

    def fault_of(self, device_class: str) -> Fault:
        """Return why a class of devices cannot be used."""
        return Fault(self.availability.reason(device_class) or "device.starting")

    def post(self, about: str, call: Callable[[], None]) -> None:
        """Bring a call to the terminal's thread."""
        self._bus.post(about, call)

    def _health_changed(self, name: str, health: Health) -> None:
        def observe() -> None:
            self.availability.observe(name, health, self._clock())
            self._on_change(name, health)

        self._bus.post("health", observe)
