"""One case under way: what is done to the device and to its hardware, and what must hold then."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from threading import Event, Thread

from drivers.base import Deadline, Device, DeviceIdentity
from drivers.conformance.bench import Bench, Conversation, Disturbance
from drivers.conformance.calls import Calls
from drivers.conformance.case import COMMON_OPERATIONS, Case, Kind
from drivers.conformance.finding import Finding, LateError, Limits, Outcome, WrongError
from drivers.conformance.hand import Call, Hand
from drivers.conformance.judgement import tells_trouble, wrong_with_checks
from drivers.conformance.leftovers import Belongings, left_since, settled
from drivers.conformance.people import GivesUp, Silent, Unable

_OFTEN = 0.5
_TRIES = 3
"""How often a moment is drawn until trouble comes inside the operation: on a busy machine a deadline may pass before it."""
_LONGEST_CONVERSATION = 2.0
_GUIDED_SECONDS = 30.0
_ALONE_SECONDS = 8.0
"""What a guided test may take beside waiting for a person."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 0.6
"""Between two tries (s), growing as those of the terminal's worker do."""
_PATIENCE_SECONDS = 1.0
"""On top of a disturbed call's deadline, where nothing disturbs it but nothing is there to be had."""


class Trial:
    """Runs one case, once."""

    def __init__(self, case: Case, bench: Bench, codes: Collection[str] | None, limits: Limits) -> None:
        self.case = case
        self.bench = bench
        self.codes = codes
        self.limits = limits
        self.steps: list[str] = []
        self.random = case.random
        # What a device remembers can be wrong only when it has worked before; and who asks next may not be the terminal's poll.
        self.worked_before = self.random.random() < _OFTEN or case.kind is Kind.NOTICED
        self.worked_before &= bench.repeats or case.operation in COMMON_OPERATIONS
        self.poll_first = self.random.random() < _OFTEN
        self.device: Device | None = None
        self.happened = False

    def run(self) -> Outcome:
        """Do it, clear up whatever happened, and look at what is left."""
        self._calm()
        before = settled(self._belongings)
        self.calls = Calls(self.bench, self.codes, self.limits, self.steps)
        wrong, late = "", False
        try:
            self._check()
        except WrongError as found:
            wrong, late = str(found), isinstance(found, LateError)
        finally:
            self._calm()
            closed = self._close_at_the_end()
        wrong = wrong or closed or left_since(before, self.limits.settle, self._belongings)
        finding = Finding(self.case, wrong, tuple(self.steps), late) if wrong else None
        return Outcome(finding, self.happened)

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
            case Kind.GUIDED:
                self._guided()
            case Kind.GOOD:
                self._good()
            case Kind.CLOSED:
                self._closed()
            case Kind.IDLE:
                self._idle()
            case Kind.NOTICED:
                self._noticed(self._disturbance)
            case Kind.DISTURBED:
                self._disturbed(self._disturbance)
            case Kind.CLOSE:
                self._closed_meanwhile()
            case Kind.CANCEL:
                self._cancelled()
            case Kind.HURRIED:
                self._hurried()

    @property
    def _disturbance(self) -> Disturbance:
        assert self.case.disturbance is not None  # noqa: S101 - such a case has one
        return self.case.disturbance

    # ---- the checks

    def _identity(self) -> None:
        device = self._made(self.bench.make())
        self.calls.identity(device)
        found: list[DeviceIdentity] = []
        for _ in range(2):
            self.calls.succeeds("open", device)
            found += [self.calls.identity(device), self.calls.identity(device)]
            self.calls.succeeds("poll", device)
            found.append(self.calls.identity(device))
            self.calls.returns("close", device.close)
        if len(set(found)) != 1:
            raise WrongError(f"the identity of an open device changes: {set(found)}")

    def _absent(self) -> None:
        device = self.bench.make_absent()
        if device is None:
            return
        self._made(device)
        for _ in range(2):
            call = self.calls.call("open", device, self.bench.disturbed_seconds)
            if call.error is None:
                raise WrongError("a device that is not there was opened")
            self.calls.returns("close", device.close)

    def _open_twice(self) -> None:
        device = self._opened()
        again = self.calls.call("open", device, self.bench.good_seconds)
        self._recovers(device, "poll", again.error is None)

    def _close_twice(self) -> None:
        device = self._made(self.bench.make())
        self.calls.returns("close before open", device.close)
        for _ in range(2):
            self.calls.succeeds("open", device)
            for _ in range(2):
                self.calls.returns("close", device.close)

    def _guided(self) -> None:
        device = self._opened()
        people = (
            (Silent(), _PATIENCE_SECONDS, _PATIENCE_SECONDS, "its deadline"),
            (Unable(), _GUIDED_SECONDS, _ALONE_SECONDS, "the person could not do it"),
            (GivesUp(), _GUIDED_SECONDS, _ALONE_SECONDS, "the person gave up"),
        )
        for person, seconds, within, due in people:
            self.steps.append(f"guided test before {type(person).__name__}")
            work = partial(device.guided_test, person, Deadline.after(seconds))
            call = self.calls.ended("guided_test", self.calls.hand.begin(work), within, due)
            if call.error is not None:
                raise WrongError(f"guided_test raised {call.error}")
            self.calls.is_right(wrong_with_checks("guided_test", call.result, True, self.codes))
            self._recovers(device, "poll", connected=True)

    def _good(self) -> None:
        device, operation = self._opened(traced=True), self.case.operation
        traced = operation in self.bench.operations and operation not in self.bench.untraced
        for _ in range(2):
            self._prepare(operation)
            steps, seen = self.bench.steps.count, len(self.calls.seen)
            self.calls.succeeds(operation, device)
            if traced and self.bench.steps.count > steps and len(self.calls.seen) == seen:
                raise WrongError(f"{operation} talks to the hardware, and the trace shows nothing of it")

    def _closed(self) -> None:
        device = self._opened()
        self.calls.returns("close", device.close)
        self._judged(self.calls.call(self.case.operation, device, self.bench.disturbed_seconds))
        self._recovers(device, self.case.operation, connected=False)

    def _idle(self) -> None:
        device = self._opened()
        if self.worked_before:
            self._works(device)
            self._prepare(self.case.operation)  # what it gave is not what was there last
            self._calm()
        seconds = self.bench.disturbed_seconds + _PATIENCE_SECONDS
        call = self.calls.call(self.case.operation, device, seconds)
        if call.error is not None:
            raise LateError(f"{self.case.operation} with nothing before it raised {call.error}")
        self._judged(call)
        self._recovers(device, self.case.operation, connected=True)

    def _noticed(self, disturbance: Disturbance) -> None:
        device = self._ready()
        self.steps.append(disturbance.value)
        self.bench.steps.now(partial(self.bench.disturb, disturbance, self.random))
        operation, limit = self.case.operation, Deadline.after(self.limits.notice)
        while True:
            call = self.calls.call(operation, device, self.bench.disturbed_seconds)
            self.calls.is_right(self.calls.wrong_with(operation, call, disturbed=True))
            if call.error is not None or tells_trouble(call.result):
                break
            if limit.expired:
                raise WrongError(
                    f"{operation} says nothing of hardware that suffers {disturbance.value}, for {self.limits.notice:.0f} s"
                )
            if operation in ("open", "reset"):
                operation = "poll"  # what was opened or reset without a word of it
            Event().wait(_FIRST_PAUSE)
        self._recovers(device, self.case.operation, call.error is None)

    def _disturbed(self, disturbance: Disturbance) -> None:
        operation, conversation = self.case.operation, self._conversation()
        for easier in range(_TRIES):
            device = self._ready()
            seconds = conversation.seconds + self.bench.disturbed_seconds * self.random.uniform(0.5, 1.0)
            step = int(conversation.steps * self.random.random() / 4**easier)
            trouble = partial(self.bench.disturb, disturbance, self.random)
            if conversation.steps:
                self.steps.append(f"{disturbance.value} at step {step} of {conversation.steps}")
                self.bench.steps.at(step, trouble)
            else:
                self.steps.append(disturbance.value)
                self.bench.steps.now(trouble)
            call = self.calls.call(operation, device, seconds * 2**easier)
            self.happened = self.bench.happened()
            self._judged(call)
            if self.happened:
                self._recovers(device, operation, call.error is None)
                return
            self._calm()
            self.calls.returns("close", device.close)
        raise WrongError(f"{operation} has not met what was done to the hardware, {_TRIES} times")

    def _closed_meanwhile(self) -> None:
        device = self._ready()
        call = self.calls.begin(self.case.operation, device, self.bench.disturbed_seconds)
        call.begun.wait(self.limits.grace)
        Event().wait(self.random.choice((0.0, 0.001, self.random.uniform(0.0, self.bench.disturbed_seconds))))
        self.calls.returns("close from another thread", device.close, Hand())
        self.calls.ended(self.case.operation, call, self.bench.disturbed_seconds)
        self._judged(call)
        self.calls.returns("close", device.close)
        self._recovers(device, self.case.operation, connected=False)

    def _cancelled(self) -> None:
        prepared = self.random.random() < 0.5  # or there is nothing to do, and it waits
        device = self._ready(prepared)
        cancel = Event()
        call = self.calls.begin(self.case.operation, device, self.bench.good_seconds, cancel)
        call.begun.wait(self.limits.grace)
        Event().wait(self.random.uniform(0.0, 0.05))
        self.steps.append("cancel")
        cancel.set()
        self.calls.ended(self.case.operation, call, 0.0, "it was cancelled")
        self._judged(call)
        self._recovers(device, self.case.operation, call.error is None)

    def _hurried(self) -> None:
        device = self._ready()
        seconds = self.random.choice((0.0, self.random.uniform(0.0, 0.02)))
        call = self.calls.call(self.case.operation, device, seconds)
        self._judged(call)
        self._recovers(device, self.case.operation, call.error is None)

    # ---- what the checks have in common

    def _made(self, device: Device, traced: bool = False) -> Device:
        self.device = device
        if traced or self.case.number % 2:  # a terminal traces nothing as a rule
            self.calls.watch(device)
        return device

    def _opened(self, traced: bool = False) -> Device:
        device = self._made(self.bench.make(), traced)
        self.calls.succeeds("open", device)
        return device

    def _ready(self, prepared: bool = True) -> Device:
        """Return a device on which the case's operation can be called: opened and prepared, unless opening is what is called."""
        if self.case.operation == "open":
            return self._made(self.bench.make())
        device = self._opened()
        if prepared and self.worked_before:
            self._works(device)
        if prepared:
            self._prepare(self.case.operation)
        return device

    def _works(self, device: Device) -> None:
        """See it do the operation with nothing in its way."""
        self._prepare(self.case.operation)
        self.calls.succeeds(self.case.operation, device)

    def _prepare(self, operation: str) -> None:
        if operation not in COMMON_OPERATIONS:
            self.bench.prepare(operation)

    def _conversation(self) -> Conversation:
        """Return what is known of the case's operation when nothing disturbs it, measured at its first case."""
        operation = self.case.operation
        if operation not in self.bench.conversations:
            device = self._ready()
            before = self.bench.steps.count
            call = self.calls.succeeds(operation, device)
            steps = self.bench.steps.count - before
            if not steps and operation not in self.bench.stepless:
                raise WrongError(
                    f"{operation} asks the hardware nothing (or the bench's hardware calls no steps.take, or stepless lacks it)"
                )
            self.bench.conversations[operation] = Conversation(steps, min(call.seconds, _LONGEST_CONVERSATION))
            self.calls.returns("close", device.close)
        return self.bench.conversations[operation]

    def _judged(self, call: Call) -> None:
        """See that what came of a call in trouble is right or honestly nothing."""
        self.calls.is_right(self.calls.wrong_with(self.case.operation, call, disturbed=True))

    def _calm(self) -> None:
        self.bench.steps.clear()  # first: from here on nothing new comes
        self.bench.calm()

    def _recovers(self, device: Device, operation: str, connected: bool) -> None:
        """End the trouble and do as the terminal's worker does: poll; close and open what broke; the operation succeeds in time."""
        self.steps.append("calm")
        self._calm()
        limit = Deadline.after(self.limits.recovery)
        pause = 0.0
        while True:
            wrong, connected = self._tried(device, operation, connected, limit)
            if not wrong:
                return
            if limit.expired:
                raise LateError(f"not back {self.limits.recovery:.0f} s after the trouble ended: {wrong}")
            pause = min(_LONGEST_PAUSE, 2 * pause or _FIRST_PAUSE)
            Event().wait(min(pause, limit.remaining()))

    def _tried(self, device: Device, operation: str, connected: bool, limit: Deadline) -> tuple[str, bool]:
        """Try once; return what was wrong, and whether the connection may be used further."""
        if not connected:
            self.calls.returns("close", device.close)
            opening = self.calls.call("open", device, limit.remaining())
            if opening.error is not None:
                return str(opening.error), False
        names = ("poll", operation) if self.poll_first else (operation, "poll")
        self.poll_first = True  # a lost connection that only a poll tells of is opened again at the next try
        for name in dict.fromkeys(names):
            if name == "open":
                continue
            self._prepare(name)
            call = self.calls.call(name, device, max(1.0, limit.remaining()))
            wrong = self.calls.wrong_with(name, call, disturbed=False)
            if wrong:
                # It may need some time until it succeeds; it may never give what is not so.
                self.calls.is_right(self.calls.wrong_with(name, call, disturbed=True))
                return wrong, call.error is None
        return "", True

    def _belongings(self) -> Belongings:
        return Belongings.now(self.bench.of_hardware())

    def _close_at_the_end(self) -> str:
        """Close from another thread, so that even a hung call may end, and let the hand rest."""
        wrong = ""
        device = self.device
        if device is not None:
            closing = Thread(target=self._close_quietly, args=(device,), name="conformance close", daemon=True)
            closing.start()
            closing.join(self.limits.grace)
            wrong = "close did not return" if closing.is_alive() else ""
        if not self.calls.hand.rest(self.limits.grace):
            wrong = wrong or "a call did not return after close"
        return wrong

    def _close_quietly(self, device: Device) -> None:
        try:
            device.close()
        except Exception as error:  # noqa: BLE001 - told as a step; the case itself has looked at close already
            self.steps.append(f"close raised {error!r}")
