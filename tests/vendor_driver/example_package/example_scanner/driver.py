"""The driver of the ES-1: it answers ``ID``, ``STATUS`` and ``RESET``, and ``SCAN`` once a code is before it."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event

from drivers.base import Check, CheckOutcome, Deadline, DeviceIdentity, DeviceState, DriverError, Fault, Health
from drivers.code_text import accept
from drivers.operator import Operator
from drivers.qr_scanner import QrPayload, QrRefused, QrScanner, shown_code
from drivers.wire import Direction, shown
from example_scanner.line import Line, encode

_ANSWER_SECONDS = 0.5


class ExampleScanner(QrScanner):
    """One scanner. Each command has a number of its own, so that a late answer is never taken for another's."""

    def __init__(self, host: str, port: int, now: Callable[[], float] = time.time) -> None:
        self._line = Line(host, port)
        self._number = 0
        self._now = now
        self._identity = DeviceIdentity("code_scanner", "example")

    def identity(self) -> DeviceIdentity:
        """Say what the scanner told when it was opened."""
        return self._identity

    def open(self, deadline: Deadline) -> None:
        """Connect and ask who it is."""
        self._line.open(deadline)
        try:
            model, serial_number, firmware, *_ = [*self._ask("ID", deadline).split(), "", "", ""]
        except DriverError:
            self._line.close()
            raise
        self._identity = DeviceIdentity("code_scanner", "example", model, serial_number, firmware)

    def close(self) -> None:
        """Let go of the connection."""
        self._line.close()

    def poll(self, deadline: Deadline) -> Health:
        """Ask for its condition: OK, or FAILED when it cannot scan."""
        status = self._ask("STATUS", deadline)
        if status == "OK":
            return Health(DeviceState.ONLINE, observed_at=self._now())
        fault = Fault("es1.failed", evidence=status)
        return Health(DeviceState.FAULT, (fault,), observed_at=self._now())

    def reset(self, deadline: Deadline) -> None:
        """Make it forget what it was asked."""
        self._ask("RESET", deadline)

    def self_test(self, deadline: Deadline) -> tuple[Check, ...]:
        """Check that it answers and is well."""
        try:
            faults = self.poll(deadline).faults
        except DriverError as error:
            faults = (error.fault,)
        if faults:
            return (Check("status", CheckOutcome.FAIL, faults[0], faults[0].evidence),)
        return (Check("status", CheckOutcome.PASS),)

    def guided_test(self, operator: Operator, deadline: Deadline) -> tuple[Check, ...]:
        """Ask a person to show any code."""
        return shown_code(self, operator, deadline)

    def scan(self, deadline: Deadline, cancel: Event) -> QrPayload | QrRefused | None:
        """Have it scan until a code comes; the code is sent as hexadecimal."""
        number = self._send("SCAN")
        text = self._answer(number, deadline, cancel, personal=True)
        if text is None:
            self._send("STOP")
            return None
        try:
            return accept(bytes.fromhex(text), "qr", self._now())
        except ValueError:
            raise DriverError("code_scanner.no_answer", "the code is not hexadecimal") from None

    def _ask(self, command: str, deadline: Deadline) -> str:
        """Ask, and ask again: one answer that noise has destroyed must not cost the whole deadline."""
        while True:
            text = self._answer(self._send(command), deadline.within(_ANSWER_SECONDS), Event(), personal=False)
            if text is not None:
                return text
            if deadline.expired:
                raise DriverError("code_scanner.no_answer", command)

    def _send(self, command: str) -> int:
        self._number += 1
        data = encode(self._number, command)
        self._line.write(data)
        self.saw(Direction.OUT, len(data), shown(data), command)
        return self._number

    def _answer(self, number: int, deadline: Deadline, cancel: Event, personal: bool) -> str | None:
        while (answer := self._line.read(deadline, cancel)) is not None:
            text = answer[1]
            data = encode(*answer)
            self.saw(Direction.IN, len(data), shown(data, slice(None) if personal else None), "answer")
            if answer[0] == number:
                return text
        return None
