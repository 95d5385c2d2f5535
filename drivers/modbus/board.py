"""An input and output board on a Modbus RTU line, by its profile. Tried on virtual boards, never on real hardware."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from threading import Event

from pymodbus.pdu.pdu import ModbusPDU

from drivers.base import (
    Check,
    CheckOutcome,
    Deadline,
    DeviceIdentity,
    DeviceState,
    DriverError,
    Fault,
    Health,
)
from drivers.io_board import Inputs, IoBoard
from drivers.modbus.exchange import AnswerSearch, Refusal, frame_of, read_request, write_request
from drivers.modbus.profile import Point, Profile, Span, Table
from drivers.operator import Answer, Operator
from drivers.serial_line import SerialLine
from drivers.wire import Direction, shown

ATTEMPTS = 2
"""A frame that noise destroyed is asked for once more: reading again and switching again do no harm."""
CHANGE_SECONDS = 60.0
"""How long a person has to open a door or to walk past, in a guided test."""
_ILLEGAL = (1, 2, 3)
_BUSY = (5, 6)
"""Exception codes: function, address or value that the board does not have; at work (V1.1b3, section 7)."""


class ModbusIoBoard(IoBoard):
    """One board at ``unit`` on the line.

    ``answer_timeout`` (s): the longest silence before an answer. ``look_interval`` (s): the pause between two looks for a change.
    """

    def __init__(
        self,
        port: str,
        profile: Profile,
        baud: int = 9600,
        unit: int = 1,
        *,
        answer_timeout: float = 0.5,
        look_interval: float = 0.1,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._line = SerialLine(port, baud, "io_board")
        self._profile = profile
        self._unit = unit
        self._answer_timeout = answer_timeout
        self._look_interval = look_interval
        self._now = now

    def identity(self) -> DeviceIdentity:
        """Say what the profile says: such boards tell nothing of themselves."""
        return DeviceIdentity("io_board", "modbus_io", model=self._profile.model)

    @property
    def slots(self) -> frozenset[str]:
        """The slots that have a light."""
        return frozenset(self._profile.lights)

    def open(self, deadline: Deadline) -> None:
        """Open the port and read the switches once, so that another device on this port is found out."""
        self._line.open()
        try:
            self.inputs(deadline)
        except DriverError:
            self._line.close()
            raise

    def close(self) -> None:
        """Let go of the port. Outputs stay as they are."""
        self._line.close()

    def poll(self, deadline: Deadline) -> Health:
        """Read the switches; an open door and a lifted cover are faults of a board that works."""
        inputs = self.inputs(deadline)
        faults = tuple(
            Fault(code)
            for code, is_so in (("io_board.door_open", inputs.door_open), ("io_board.tamper", inputs.tamper))
            if is_so
        )
        return Health(DeviceState.DEGRADED if faults else DeviceState.ONLINE, faults, observed_at=self._now())

    def reset(self, deadline: Deadline) -> None:
        """Switch every light and the fan off."""
        for point in self._outputs().values():
            self._switch(point, False, deadline)

    def inputs(self, deadline: Deadline) -> Inputs:
        """Read the switches now."""
        values: dict[str, bool] = {}
        for span in self._profile.spans:
            points = {name: point for name, point in self._profile.inputs.items() if point.table is span.table}
            answer, search = self._ask(read_request(self._unit, span), f"read {_words(span)}", deadline)
            found = {name: _value(point, span, answer) for name, point in points.items()}
            said = ", ".join(f"{name} {'yes' if value else 'no'}" for name, value in found.items())
            self._heard(search, said)
            values |= found
        return replace(Inputs(), **values)

    def wait_change(self, known: Inputs, deadline: Deadline, cancel: Event) -> Inputs | None:
        """Look again and again until something is different. A last look that the deadline cuts short proves nothing."""
        while not deadline.expired and not cancel.is_set():
            asked_at = deadline.clock()
            try:
                found = self.inputs(deadline)
            except DriverError as error:
                had_its_time = deadline.clock() - asked_at >= self._answer_timeout * ATTEMPTS
                if error.fault.code != "io_board.no_answer" or had_its_time or not deadline.expired:
                    raise
                return None
            if found != known:
                return found
            cancel.wait(min(self._look_interval, deadline.remaining()))
        return None

    def set_light(self, slot: str, on: bool, deadline: Deadline) -> None:
        """Switch a slot's light."""
        point = self._profile.lights.get(slot)
        if point is not None:
            self._switch(point, on, deadline)

    def set_fan(self, on: bool, deadline: Deadline) -> None:
        """Switch the fan."""
        if self._profile.fan is not None:
            self._switch(self._profile.fan, on, deadline)

    def self_test(self, deadline: Deadline) -> tuple[Check, ...]:
        """Check that the board answers and switches each output, which all end switched off, and that all is shut."""
        try:
            inputs = self.inputs(deadline)
        except DriverError as error:
            return (Check("answers", CheckOutcome.FAIL, error.fault), Check("outputs", CheckOutcome.SKIP))
        seen = ", ".join(f"{name} {int(on)}" for name, on in asdict(inputs).items() if on is not None)
        checks = [Check("answers", CheckOutcome.PASS, evidence=seen)]
        try:
            for point in self._outputs().values():
                self._switch(point, True, deadline)
                self._switch(point, False, deadline)
            checks.append(Check("outputs", CheckOutcome.PASS, evidence=f"{len(self._outputs())} switched"))
        except DriverError as error:
            checks.append(Check("outputs", CheckOutcome.FAIL, error.fault))
        for name, code, is_open in (
            ("door", "io_board.door_open", inputs.door_open),
            ("tamper", "io_board.tamper", inputs.tamper),
        ):
            if is_open is not None:
                checks.append(
                    Check(name, CheckOutcome.WARN, Fault(code)) if is_open else Check(name, CheckOutcome.PASS)
                )
        return tuple(checks)

    def guided_test(self, operator: Operator, deadline: Deadline) -> tuple[Check, ...]:
        """Light each lamp and ask; then let a person open and close the door and walk past."""
        checks = [self._light_check(slot, operator, deadline) for slot in sorted(self.slots)]
        names = self._profile.inputs
        if "door_open" in names:
            checks.append(
                self._seen(
                    "door_opens", operator, "selftest.open_door", lambda inputs: inputs.door_open is True, deadline
                )
            )
            checks.append(
                self._seen(
                    "door_closes", operator, "selftest.close_door", lambda inputs: inputs.door_open is False, deadline
                )
            )
        if "present" in names:
            # Away first: a sensor that always sees somebody would pass at once.
            away = self._seen(
                "absence", operator, "selftest.step_away", lambda inputs: inputs.present is False, deadline
            )
            checks.append(away)
            if away.outcome is CheckOutcome.PASS:
                checks.append(
                    self._seen(
                        "presence", operator, "selftest.walk_past", lambda inputs: inputs.present is True, deadline
                    )
                )
        return tuple(checks)

    def _light_check(self, slot: str, operator: Operator, deadline: Deadline) -> Check:
        name = f"light_{slot}"
        if operator.cancel.is_set() or deadline.expired:
            return Check(name, CheckOutcome.SKIP)
        try:
            self.set_light(slot, True, deadline)
            answer = operator.confirm("selftest.is_light_on", about=slot)
            self.set_light(slot, False, deadline.within(self._answer_timeout * ATTEMPTS * 2))
        except DriverError as error:
            return Check(name, CheckOutcome.FAIL, error.fault)
        if answer is Answer.UNABLE:
            return Check(name, CheckOutcome.SKIP)
        if answer is Answer.NO:
            return Check(name, CheckOutcome.FAIL, Fault("io_board.light_dark", slot))
        return Check(name, CheckOutcome.PASS)

    def _seen(
        self, name: str, operator: Operator, code: str, wanted: Callable[[Inputs], bool], deadline: Deadline
    ) -> Check:
        """Have a person do something, and see it on the inputs."""
        limit = deadline.within(CHANGE_SECONDS)
        given_up = operator.instruct(code)
        found: Inputs | None = None
        while not limit.expired and not given_up.is_set():
            found = self.inputs(deadline) if found is None else self.wait_change(found, limit, given_up)
            if found is None:
                break
            if wanted(found):
                return Check(name, CheckOutcome.PASS)
        if given_up.is_set():
            return Check(name, CheckOutcome.SKIP)
        return Check(name, CheckOutcome.FAIL, Fault("io_board.switch_silent", name))

    def _outputs(self) -> Mapping[str, Point]:
        fan = {"fan": self._profile.fan} if self._profile.fan is not None else {}
        return {**self._profile.lights, **fan}

    def _switch(self, point: Point, on: bool, deadline: Deadline) -> None:
        names = [name for name, each in self._outputs().items() if each == point]
        request = write_request(self._unit, point.table, point.address, on == point.high)
        _, search = self._ask(request, f"switch {', '.join(names)} {'on' if on else 'off'}", deadline)
        self._heard(search, "done")

    def _heard(self, search: AnswerSearch, meaning: str) -> None:
        self.saw(Direction.IN, len(search.frame), shown(search.frame), meaning)

    def _ask(self, request: ModbusPDU, meaning: str, deadline: Deadline) -> tuple[ModbusPDU, AnswerSearch]:
        """Send a request, again after silence, and return its answer and where it was found."""
        frame = frame_of(request)
        damaged = 0
        for _ in range(ATTEMPTS):
            self._line.discard()
            self._line.write(frame, deadline)
            self.saw(Direction.OUT, len(frame), shown(frame), meaning)
            search = AnswerSearch(request)
            answer = self._await(search, deadline.within(self._answer_timeout))
            if isinstance(answer, Refusal):
                self._heard(search, f"refused: exception {answer.code}")
                if answer.code not in _BUSY:
                    code = "io_board.wrong_profile" if answer.code in _ILLEGAL else "io_board.failed"
                    raise DriverError(code, meaning, f"exception {answer.code}")
            elif answer is not None:
                return answer, search
            damaged += search.pending
        raise DriverError("io_board.no_answer", meaning, f"{damaged} bytes that are no answer" if damaged else "")

    def _await(self, search: AnswerSearch, limit: Deadline) -> ModbusPDU | Refusal | None:
        while True:
            data = self._line.read(limit)
            answer = search.feed(data) if data else None
            if answer is not None or not data or limit.expired:
                return answer


def _value(point: Point, span: Span, answer: ModbusPDU) -> bool:
    index = point.address - span.address
    one = answer.bits[index] if span.table.is_bits else bool(answer.registers[index] >> point.bit & 1)
    return one == point.high


def _words(span: Span) -> str:
    names = {
        Table.COIL: "coils",
        Table.DISCRETE_INPUT: "inputs",
        Table.HOLDING_REGISTER: "holding registers",
        Table.INPUT_REGISTER: "input registers",
    }
    return f"{span.count} {names[span.table]} at {span.address}"
