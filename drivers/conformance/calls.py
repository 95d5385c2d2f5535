"""Makes a device's calls as the terminal's worker does, each with a deadline, and looks at whatever comes back."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from threading import Event

from drivers.base import Deadline, Device, DeviceIdentity, DriverError
from drivers.conformance.bench import Bench
from drivers.conformance.case import COMMON_OPERATIONS
from drivers.conformance.finding import LateError, Limits, WrongError
from drivers.conformance.hand import Call, Hand
from drivers.conformance.judgement import wrong_with_fault, wrong_with_identity, wrong_with_result
from drivers.conformance.privacy import tells
from drivers.wire import WireEvent


@dataclass
class Calls:
    """The calls of one case. Raises ``WrongError`` for what no driver may do; ``steps`` tells what was done."""

    bench: Bench
    codes: Collection[str] | None
    limits: Limits
    steps: list[str]
    seen: list[WireEvent] = field(default_factory=list[WireEvent])
    hand: Hand = field(default_factory=Hand)

    def watch(self, device: Device) -> None:
        """Trace the device, as ``kiosk trace`` does."""
        device.watcher = self.seen.append

    def begin(self, operation: str, device: Device, seconds: float, cancel: Event | None = None) -> Call:
        """Begin an operation and return at once."""

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

    def call(self, operation: str, device: Device, seconds: float) -> Call:
        """Make an operation and wait for its end."""
        return self.ended(operation, self.begin(operation, device, seconds), seconds)

    def succeeds(self, operation: str, device: Device) -> Call:
        """Make an operation that nothing is in the way of."""
        call = self.call(operation, device, self.bench.good_seconds)
        self.is_right(self.wrong_with(operation, call, disturbed=False))
        return call

    def returns(self, what: str, work: Callable[[], object], hand: Hand | None = None) -> None:
        """Make a call that has no deadline of its own, such as ``close``, and must not raise."""
        used = hand or self.hand
        call = self.ended(what, used.begin(work), 0.0)
        if hand is not None:
            hand.rest(self.limits.grace)
        if call.error is not None:
            raise WrongError(f"{what} raised {call.error!r}")

    def ended(self, what: str, call: Call, seconds: float, due: str = "its deadline") -> Call:
        """Wait for a call's end; it must come when it is ``due``, in ``seconds``, and raise nothing but what drivers may."""
        in_time = call.ended.wait(seconds + self.limits.grace)
        if not in_time and not call.ended.wait(self.limits.hung):
            self.steps.append(f"{what} did not return")
            raise WrongError(f"{what} did not return within {self.limits.hung:.0f} s after {due}")
        said = "returned" if call.error is None else f"raised {call.error}"
        self.steps.append(f"{what} {said} after {call.seconds:.3f} s of {seconds:.3f}")
        for where, thing in (("result", call.result), ("error", call.error), ("trace", self.seen)):
            if told := tells(self.bench.personal, thing):
                self.steps.pop()  # which may hold it too
                raise WrongError(f"the {where} of {what} tells what is on the card, code or paper: {told}")
        if isinstance(call.error, DriverError):
            self.is_right(wrong_with_fault(call.error.fault, self.codes))
        elif call.error is not None:
            raised = f"{what} raised {call.error!r} {_place(call.error)}, and drivers raise DriverError alone"
            raise WrongError(raised) from call.error
        if not in_time:
            raise LateError(f"{what} took {call.seconds:.2f} s: more than {self.limits.grace:.1f} s after {due}")
        return call

    def wrong_with(self, operation: str, call: Call, disturbed: bool) -> str:
        """Say what is wrong with a call that has ended, or return an empty text."""
        if call.error is not None:
            return "" if disturbed else f"{operation} raised {call.error}"
        if operation in COMMON_OPERATIONS:
            return wrong_with_result(operation, call.result, disturbed, self.codes)
        return self.bench.judge(operation, call.result, disturbed)

    def identity(self, device: Device) -> DeviceIdentity:
        """Ask who it is."""
        identity = device.identity()
        self.is_right(wrong_with_identity(identity, self.bench.device_class))
        if told := tells(self.bench.personal, identity):
            raise WrongError(f"the identity tells what is on a card, code or paper: {told}")
        return identity

    def is_right(self, wrong: str) -> None:
        """End the case where something is wrong."""
        if wrong:
            raise WrongError(wrong)


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
