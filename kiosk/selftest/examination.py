"""Examines devices: all at once, then one by one where a hand is needed; a device that hangs is one failed line."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from enum import StrEnum

from drivers.base import Check, CheckOutcome, Deadline, Device, DeviceIdentity, DriverError, Fault, SupplyLevel
from drivers.operator import Operator
from kiosk.devices.availability import is_usable
from kiosk.devices.desk import DeviceEntry
from kiosk.logs import origin_of
from kiosk.selftest.turn import Person, Turn

OPEN_SECONDS = 6.0
TEST_SECONDS = 20.0
GUIDED_SECONDS = 300.0
HANG_GRACE = 3.0
"""A call may overrun its deadline by one system call; past this it is hung (as for the terminal's own devices)."""


@dataclass(frozen=True)
class Finding:
    """One line of the result: what a check of a device found. ``code`` is the catalogue's, empty when nothing is wrong."""

    device: str
    device_class: str
    driver: str
    check: str
    outcome: CheckOutcome
    code: str = ""
    evidence: str = ""
    identity: DeviceIdentity | None = None
    picture: bytes = field(default=b"", repr=False)


class Stage(StrEnum):
    """How far the examination of one device is."""

    TESTING = "testing"
    GUIDED = "guided"
    TESTED = "tested"
    """The checks without a hand are done; ``findings`` has them."""
    DONE = "done"
    """All is done; ``findings`` has those of this device that were not told before."""


@dataclass(frozen=True)
class Progress:
    """One step of an examination: ``done`` of ``total`` devices' rounds are over."""

    device: str
    stage: Stage
    findings: tuple[Finding, ...]
    done: int
    total: int


@dataclass(frozen=True)
class Guided:
    """A check with a person's hand that belongs to no driver, such as the five crosses on the touch panel."""

    device: str
    device_class: str
    run: Callable[[Operator, Deadline], tuple[Check, ...]]


@dataclass(frozen=True)
class Limits:
    """The longest times in seconds of one device's opening, its checks without a hand and those with one."""

    opening: float = OPEN_SECONDS
    test: float = TEST_SECONDS
    guided: float = GUIDED_SECONDS
    grace: float = HANG_GRACE


class Examination:
    """One examination of some devices, which nobody else may hold meanwhile. It opens them itself and closes them again.

    ``person`` None leaves out the checks that need a hand. ``on_progress`` is called on the examination's threads, one
    call at a time. ``held``: devices that whoever has them could not give back in time; they are told as hung.
    """

    def __init__(
        self,
        entries: Sequence[DeviceEntry],
        person: Person | None = None,
        on_progress: Callable[[Progress], None] = lambda progress: None,
        extras: Sequence[Guided] = (),
        held: frozenset[str] = frozenset(),
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._entries = tuple(entries)
        self._person = person
        self._turn: Turn | None = None
        self._on_progress = on_progress
        self._extras = tuple(extras) if person is not None else ()
        self._held = held
        self._limits = limits or Limits()
        self._clock = clock
        self._cancelled = threading.Event()
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._devices: dict[str, Device] = {}
        self._found: dict[str, tuple[Finding, ...]] = {}
        self._done = 0
        rounds = 2 if person is not None else 1
        self._total = len(self._entries) * rounds + len(self._extras)

    def start(self, done: Callable[[tuple[Finding, ...]], None]) -> threading.Thread:
        """Examine on a thread of its own; ``done`` is called on it with everything that was found."""
        thread = threading.Thread(target=lambda: done(self.run()), name="examination", daemon=True)
        thread.start()
        return thread

    def cancel(self) -> None:
        """End soon: what is under way is broken off, what was not begun is skipped. Any thread."""
        self._cancelled.set()
        with self._changed:
            self._changed.notify_all()
            turn = self._turn
            devices = tuple(self._devices.values())
        if turn is not None:
            turn.end()
        for device in devices:
            threading.Thread(target=device.close, daemon=True).start()

    def run(self) -> tuple[Finding, ...]:
        """Examine on this thread; return the findings in the order of the devices."""
        alone = self._without_a_hand()
        lines: list[Finding] = []
        for entry in self._entries:
            lines += alone[entry.name]
            if self._person is not None:
                lines += self._with_a_hand(entry, alone[entry.name], self._person)
        for extra in self._extras:
            if self._person is not None:
                lines += self._extra(extra, self._person)
        return tuple(lines)

    # ---- without a hand, all at once

    def _without_a_hand(self) -> dict[str, tuple[Finding, ...]]:
        # Opening, the device's own checks, a poll that may take as long as opening.
        seconds = 2 * self._limits.opening + self._limits.test + self._limits.grace
        deadline = Deadline.after(seconds, self._clock)
        for entry in self._entries:
            if entry.name in self._held:
                self._found[entry.name] = (_line(entry, _failed("connection", Fault("device.hung"))),)
                continue
            self._tell(entry.name, Stage.TESTING)
            threading.Thread(target=self._examine, args=(entry,), name=f"examine-{entry.name}", daemon=True).start()
        untold = [entry.name for entry in self._entries]
        while untold:
            with self._changed:
                self._changed.wait_for(
                    lambda: self._cancelled.is_set() or any(name in self._found for name in untold),
                    deadline.remaining(),
                )
                arrived = [name for name in untold if name in self._found]
            if not arrived:
                break
            for name in arrived:
                untold.remove(name)
                self._round_done(name, Stage.TESTED, self._found[name])
        with self._lock:
            found = dict(self._found)
        for entry in self._entries:
            if entry.name in untold:
                lines = found.get(entry.name) or (_line(entry, self._not_returned()),)
                found[entry.name] = lines
                self._let_go(entry.name)
                self._round_done(entry.name, Stage.TESTED, lines)
        return found

    def _examine(self, entry: DeviceEntry) -> None:
        lines = self._open_and(entry, self._own_checks)
        with self._changed:
            self._found.setdefault(entry.name, lines)
            self._changed.notify_all()

    def _own_checks(self, device: Device, entry: DeviceEntry) -> tuple[Check, ...]:
        checks = device.self_test(Deadline.after(self._limits.test, self._clock))
        if any(check.outcome is CheckOutcome.FAIL for check in checks):
            return checks
        return (*checks, *_condition(device, entry, checks, Deadline.after(self._limits.opening, self._clock)))

    # ---- with a hand, one after the other

    def _with_a_hand(self, entry: DeviceEntry, alone: tuple[Finding, ...], person: Person) -> tuple[Finding, ...]:
        broken = any(line.outcome is CheckOutcome.FAIL and line.check == "connection" for line in alone)
        if broken or self._cancelled.is_set():
            self._round_done(entry.name, Stage.DONE, ())
            return ()
        self._tell(entry.name, Stage.GUIDED)

        def guided(turn: Turn, deadline: Deadline) -> tuple[Finding, ...]:
            return self._open_and(entry, lambda device, entry: device.guided_test(turn, deadline))

        lines = self._in_time(entry, person, guided)
        self._round_done(entry.name, Stage.DONE, lines)
        return lines

    def _extra(self, extra: Guided, person: Person) -> tuple[Finding, ...]:
        entry = DeviceEntry(extra.device, extra.device_class, "", _no_device)
        if self._cancelled.is_set():
            self._round_done(entry.name, Stage.DONE, ())
            return ()
        self._tell(entry.name, Stage.GUIDED)

        def work(turn: Turn, deadline: Deadline) -> tuple[Finding, ...]:
            try:
                checks = extra.run(turn, deadline)
            except Exception as error:  # noqa: BLE001 - a bug in one check must not end the examination
                checks = (_bug(error),)
            return tuple(_line(entry, check) for check in checks)

        lines = self._in_time(entry, person, work)
        self._round_done(entry.name, Stage.DONE, lines)
        return lines

    def _in_time(
        self, entry: DeviceEntry, person: Person, work: Callable[[Turn, Deadline], tuple[Finding, ...]]
    ) -> tuple[Finding, ...]:
        """Give the person to one check, for as long as its turn lasts."""
        limits, found = self._limits, list[tuple[Finding, ...]]()
        until = Deadline.after(limits.opening + limits.guided, self._clock)
        with self._lock:
            turn = self._turn = Turn(person, until)
        thread = threading.Thread(
            target=lambda: found.append(work(turn, until)), name=f"guided-{entry.name}", daemon=True
        )
        thread.start()
        deadline = Deadline.after(limits.opening + limits.guided + limits.grace, self._clock)
        while thread.is_alive() and not deadline.expired:
            if self._cancelled.is_set():
                deadline = deadline.within(limits.grace)
            thread.join(min(0.2, deadline.remaining()))
        turn.end()
        if found:
            return found[0]
        self._let_go(entry.name)
        return (_line(entry, self._not_returned()),)

    # ---- both

    def _open_and(
        self, entry: DeviceEntry, work: Callable[[Device, DeviceEntry], tuple[Check, ...]]
    ) -> tuple[Finding, ...]:
        """Open the device, work, close it. One that is not there is one failed line, and so is a driver's bug."""
        identity = None
        try:
            with closing(entry.factory()) as device:
                with self._lock:
                    self._devices[entry.name] = device
                device.open(Deadline.after(self._limits.opening, self._clock))
                checks = work(device, entry)
                identity = device.identity()
        except DriverError as error:
            checks = (_failed("connection", error.fault),)
        except Exception as error:  # noqa: BLE001 - the result must say which device it was
            checks = (_bug(error),)
        finally:
            with self._lock:
                self._devices.pop(entry.name, None)
        if self._cancelled.is_set():
            # Closed under its hands: what failed may have failed for that.
            checks = tuple(check for check in checks if check.outcome is not CheckOutcome.FAIL)
        return tuple(_line(entry, check, identity) for check in checks)

    def _let_go(self, name: str) -> None:
        """Close a device that does not come back: it may be what wakes it, and it may itself not come back."""
        with self._lock:
            device = self._devices.get(name)
        if device is not None:
            threading.Thread(target=device.close, name=f"close-{name}", daemon=True).start()

    def _not_returned(self) -> Check:
        if self._cancelled.is_set():
            return Check("connection", CheckOutcome.SKIP, Fault("device.cancelled"))
        return _failed("connection", Fault("device.hung"))

    def _round_done(self, name: str, stage: Stage, lines: tuple[Finding, ...]) -> None:
        self._done += 1
        self._tell(name, stage, lines)

    def _tell(self, name: str, stage: Stage, lines: tuple[Finding, ...] = ()) -> None:
        self._on_progress(Progress(name, stage, lines, self._done, self._total))


def _line(entry: DeviceEntry, check: Check, identity: DeviceIdentity | None = None) -> Finding:
    fault = check.fault
    return Finding(
        entry.name,
        entry.device_class,
        entry.driver,
        check.name,
        check.outcome,
        fault.code if fault else "",
        check.evidence or (fault.evidence or fault.detail if fault else ""),
        identity,
        check.picture,
    )


def _failed(name: str, fault: Fault) -> Check:
    return Check(name, CheckOutcome.FAIL, fault)


def _bug(error: Exception) -> Check:
    return _failed("connection", Fault("device.software_error", evidence=origin_of(error)))


def _condition(device: Device, entry: DeviceEntry, checks: tuple[Check, ...], deadline: Deadline) -> tuple[Check, ...]:
    """Return what the terminal would find wrong when it polls the device, and its own checks did not tell."""
    health = device.poll(deadline)
    told = {check.fault.code for check in checks if check.fault is not None}
    faults = health.faults
    if not faults:
        out = (supply.name for supply in health.supplies if supply.level is SupplyLevel.OUT)
        faults = tuple(Fault(f"{entry.device_class}.{name}_out") for name in out)
    outcome = CheckOutcome.WARN if is_usable(health) else CheckOutcome.FAIL
    return tuple(Check("condition", outcome, fault) for fault in faults if fault.code not in told)


def _no_device() -> Device:
    raise NotImplementedError("a check of its own has no device")
