"""The conformance suite: runs one case on one bench and says what the driver did that no driver may."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread

from drivers.base import Deadline, Device, DeviceIdentity, DriverError
from drivers.conformance.bench import Bench
from drivers.conformance.case import COMMON_OPERATIONS, Case, Kind, case, cases
from drivers.conformance.hand import Call, Hand
from drivers.conformance.judgement import wrong_with_fault, wrong_with_identity, wrong_with_result
from drivers.conformance.leftovers import Belongings, left_since

__all__ = ["Case", "Finding", "Limits", "case", "cases", "replay", "run", "started"]


@dataclass(frozen=True)
class Limits:
    """How long (s) a driver may take.

    ``grace``: how far a call may overrun its deadline. ``hung``: how far, until nobody waits for it any more.
    ``recovery``: from the end of the trouble until the operation succeeds. ``settle``: until threads and descriptors of a
    closed device are gone.
    """

    grace: float = 2.0
    hung: float = 15.0
    recovery: float = 5.0
    settle: float = 10.0


@dataclass(frozen=True)
class Finding:
    """What was wrong in a case, and the steps that led there.

    ``late``: it was only slower than it may be, which on a loaded machine is worth a second look.
    """

    case: Case
    wrong: str
    steps: tuple[str, ...]
    late: bool = False

    def __str__(self) -> str:
        return "\n".join((f"{self.case.bench} case {self.case.number} ({self.case}): {self.wrong}", *self.steps))


class _WrongError(Exception):
    """The driver did what no driver may; ends the case."""


class _LateError(_WrongError):
    """It did what it must, or would have, but too late."""


@contextmanager
def started(bench: Bench) -> Generator[Bench]:
    """Start the bench's hardware and work it once, so that what a library opens for good counts as no leak; stop it in the end."""
    bench.start()
    try:
        for warm_up in (Kind.GOOD, Kind.CLOSE_TWICE):
            for name in bench.operations if warm_up is Kind.GOOD else ("",):
                _Trial(Case(bench.name, 0, -1, warm_up, name), bench, None, Limits()).run()
        yield bench
    finally:
        bench.stop()


def run(case: Case, bench: Bench, codes: Collection[str] | None = None, limits: Limits | None = None) -> Finding | None:
    """Run one case on a bench that is started; None when all was as it must be.

    ``codes`` is the catalogue of faults: what a driver raises must stand there. None lets every code pass.
    """
    return _Trial(case, bench, codes, limits or Limits()).run()


def replay(driver: str, case: Case) -> str:
    """Return the command that runs this very case again."""
    return f"kiosk devices conform {driver} --bench {case.bench} --seed {case.seed} --case {case.number}"


@dataclass
class _Trial:
    """One case under way."""

    case: Case
    bench: Bench
    codes: Collection[str] | None
    limits: Limits
    steps: list[str] = field(default_factory=list[str])
    device: Device | None = None

    def run(self) -> Finding | None:
        """Do it, clear up whatever happened, and look at what is left."""
        self.bench.calm()
        before = self._belongings()
        self.hand = Hand()
        self.random = self.case.random
        wrong, late = "", False
        try:
            self._check()
        except _WrongError as found:
            wrong, late = str(found), isinstance(found, _LateError)
        finally:
            self.bench.calm()
            closed = self._close_at_the_end()
        wrong = wrong or closed or left_since(before, self.limits.settle, self._belongings)
        return Finding(self.case, wrong, tuple(self.steps), late) if wrong else None

    def _belongings(self) -> Belongings:
        return Belongings.now(self.bench.of_hardware())

    def _check(self) -> None:
        match self.case.kind:
            case Kind.IDENTITY:
                self._identity()
            case Kind.ABSENT:
                self._absent()
            case Kind.OPEN_TWICE:
                self._open_twice()
            case Kind.CLOSE_TWICE:
                self._close_twice()
            case Kind.GOOD:
                device = self._opened()
                for _ in range(2):
                    self._good(device)
            case Kind.CLOSED:
                self._closed()
            case Kind.DISTURBED:
                self._disturbed()
            case Kind.CLOSE:
                self._closed_meanwhile()
            case Kind.CANCEL:
                self._cancelled()
            case Kind.HURRIED:
                self._hurried()

    # ---- the checks

    def _identity(self) -> None:
        device = self._made(self.bench.make())
        found: list[DeviceIdentity] = []
        self._is_right(wrong_with_identity(device.identity(), self.bench.device_class))
        for _ in range(2):
            self._succeeds("open", device)
            found += [device.identity(), device.identity()]
            self._succeeds("poll", device)
            found.append(device.identity())
            self._returns("close", device.close, self.limits.grace)
        for identity in found:
            self._is_right(wrong_with_identity(identity, self.bench.device_class))
        if len(set(found)) != 1:
            raise _WrongError(f"the identity of an open device changes: {set(found)}")

    def _absent(self) -> None:
        device = self.bench.make_absent()
        if device is None:
            return
        self._made(device)
        for _ in range(2):
            call = self._call("open", device, self.bench.disturbed_seconds)
            if call.error is None:
                raise _WrongError("a device that is not there was opened")
            self._returns("close", device.close, self.limits.grace)

    def _open_twice(self) -> None:
        device = self._opened()
        again = self._call("open", device, self.bench.good_seconds)
        self._recovers(device, "poll", again.error is None)

    def _close_twice(self) -> None:
        device = self._made(self.bench.make())
        self._returns("close before open", device.close, self.limits.grace)
        for _ in range(2):
            self._succeeds("open", device)
            for _ in range(2):
                self._returns("close", device.close, self.limits.grace)

    def _closed(self) -> None:
        device = self._opened()
        self._returns("close", device.close, self.limits.grace)
        self._judged(self._call(self.case.operation, device, self.bench.disturbed_seconds), disturbed=True)
        self._recovers(device, self.case.operation, False)

    def _disturbed(self) -> None:
        disturbance = self.case.disturbance
        assert disturbance is not None  # noqa: S101 - such a case has one
        device = self._ready()
        seconds = self.bench.disturbed_seconds * self.random.uniform(0.5, 1.0)
        self.steps.append(f"arm {disturbance.value}")
        self.bench.arm(disturbance, self.random)
        call = self._call(self.case.operation, device, seconds)
        self._judged(call, disturbed=True)
        self._recovers(device, self.case.operation, call.error is None)

    def _closed_meanwhile(self) -> None:
        device = self._ready()
        call = self._begin(self.case.operation, device, self.bench.disturbed_seconds)
        call.begun.wait(self.limits.grace)
        Event().wait(self.random.choice((0.0, 0.001, self.random.uniform(0.0, self.bench.disturbed_seconds))))
        self._returns("close from another thread", device.close, self.limits.grace, Hand())
        self._ended(self.case.operation, call, self.bench.disturbed_seconds)
        self._judged(call, disturbed=True)
        self._returns("close", device.close, self.limits.grace)
        self._recovers(device, self.case.operation, False)

    def _cancelled(self) -> None:
        prepared = self.random.random() < 0.5  # or there is nothing to do, and it waits
        device = self._ready(prepared)
        cancel = Event()
        call = self._begin(self.case.operation, device, self.bench.good_seconds, cancel)
        call.begun.wait(self.limits.grace)
        Event().wait(self.random.uniform(0.0, 0.05))
        cancel.set()
        self.steps.append("cancel")
        self._ended(self.case.operation, call, self.bench.good_seconds)
        if prepared:
            self._judged(call, disturbed=True)
        self._recovers(device, self.case.operation, call.error is None)

    def _hurried(self) -> None:
        device = self._ready()
        call = self._call(self.case.operation, device, self.random.choice((0.0, self.random.uniform(0.0, 0.02))))
        self._judged(call, disturbed=True)
        self._recovers(device, self.case.operation, call.error is None)

    # ---- calls and their judgement

    def _made(self, device: Device) -> Device:
        self.device = device
        return device

    def _opened(self) -> Device:
        device = self._made(self.bench.make())
        self._succeeds("open", device)
        return device

    def _ready(self, prepared: bool = True) -> Device:
        """Return a device on which the case's operation can be called: opened and prepared, unless opening is what is called."""
        if self.case.operation == "open":
            return self._made(self.bench.make())
        device = self._opened()
        if prepared:
            self._prepare(self.case.operation)
        return device

    def _prepare(self, operation: str) -> None:
        if operation not in COMMON_OPERATIONS:
            self.bench.prepare(operation)

    def _begin(self, operation: str, device: Device, seconds: float, cancel: Event | None = None) -> Call:
        def work() -> object:
            deadline = Deadline.after(seconds)
            match operation:
                case "open":
                    return device.open(deadline)
                case "poll":
                    return device.poll(deadline)
                case "reset":
                    return device.reset(deadline)
                case "self_test":
                    return device.self_test(deadline)
                case _:
                    return self.bench.operations[operation](device, deadline, cancel or Event())

        return self.hand.begin(work)

    def _call(self, operation: str, device: Device, seconds: float) -> Call:
        return self._ended(operation, self._begin(operation, device, seconds), seconds)

    def _returns(self, what: str, work: Callable[[], object], patience: float, hand: Hand | None = None) -> None:
        """Make a call that has no deadline of its own, such as ``close``, and must not raise."""
        used = hand or self.hand
        call = self._ended(what, used.begin(work), 0.0)
        if hand is not None:
            hand.rest(patience)
        if call.error is not None:
            raise _WrongError(f"{what} raised {call.error!r}")

    def _ended(self, what: str, call: Call, seconds: float) -> Call:
        """Wait for a call's end; it must come by its deadline and raise nothing but what drivers may."""
        in_time = call.ended.wait(seconds + self.limits.grace)
        if not in_time and not call.ended.wait(self.limits.hung):
            self.steps.append(f"{what} did not return")
            raise _WrongError(
                f"{what} did not return, {seconds:.2f} s and {self.limits.hung:.0f} s more after it began"
            )
        said = "returned" if call.error is None else f"raised {call.error}"
        self.steps.append(f"{what} {said} after {call.seconds:.3f} s of {seconds:.3f}")
        if isinstance(call.error, DriverError):
            self._is_right(wrong_with_fault(call.error.fault, self.codes))
        elif call.error is not None:
            raise _WrongError(f"{what} raised {call.error!r}, and drivers raise DriverError alone") from call.error
        if not in_time:
            raise _LateError(f"{what} took {call.seconds:.2f} s, and its deadline was {seconds:.2f} s")
        return call

    def _wrong_with(self, operation: str, call: Call, disturbed: bool) -> str:
        """Say what is wrong with a call that has ended, or return an empty text."""
        if call.error is not None:
            return "" if disturbed else f"{operation} raised {call.error}"
        if operation in COMMON_OPERATIONS:
            return wrong_with_result(operation, call.result, disturbed, self.codes)
        return self.bench.judge(operation, call.result, disturbed)

    def _judged(self, call: Call, disturbed: bool) -> None:
        self._is_right(self._wrong_with(self.case.operation, call, disturbed))

    def _is_right(self, wrong: str) -> None:
        if wrong:
            raise _WrongError(wrong)

    def _succeeds(self, operation: str, device: Device) -> None:
        call = self._call(operation, device, self.bench.good_seconds)
        self._is_right(self._wrong_with(operation, call, disturbed=False))

    def _good(self, device: Device) -> None:
        self._prepare(self.case.operation)
        self._succeeds(self.case.operation, device)

    def _recovers(self, device: Device, operation: str, connected: bool) -> None:
        """End the trouble and do as the terminal's worker does: poll; close and open what broke; the operation succeeds in time."""
        self.steps.append("calm")
        self.bench.calm()
        limit = Deadline.after(self.limits.recovery)
        wrong = "not tried"
        while wrong:
            if limit.expired:
                raise _LateError(f"not back {self.limits.recovery:.0f} s after the trouble ended: {wrong}")
            wrong, connected = self._tried(device, operation, connected, limit)
            Event().wait(0.02 if wrong else 0.0)

    def _tried(self, device: Device, operation: str, connected: bool, limit: Deadline) -> tuple[str, bool]:
        """Try once; return what was wrong, and whether the connection may be used further."""
        if not connected:
            self._returns("close", device.close, self.limits.grace)
            opening = self._call("open", device, limit.remaining())
            if opening.error is not None:
                return str(opening.error), False
        for name in dict.fromkeys(("poll", operation)):
            if name == "open":
                continue
            self._prepare(name)
            call = self._call(name, device, max(1.0, limit.remaining()))
            wrong = self._wrong_with(name, call, disturbed=False)
            if wrong:
                return wrong, call.error is None
        return "", True

    def _close_at_the_end(self) -> str:
        """Close from another thread, so that even a hung call may end, and let the hand rest."""
        wrong = ""
        device = self.device
        if device is not None:
            closing = Thread(target=self._close_quietly, args=(device,), name="conformance close", daemon=True)
            closing.start()
            closing.join(self.limits.grace)
            wrong = "close did not return" if closing.is_alive() else ""
        if not self.hand.rest(self.limits.grace):
            wrong = wrong or "a call did not return after close"
        return wrong

    def _close_quietly(self, device: Device) -> None:
        try:
            device.close()
        except Exception as error:  # noqa: BLE001 - told as a step; the case itself has looked at close already
            self.steps.append(f"close raised {error!r}")
