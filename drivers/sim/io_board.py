"""A virtual input and output board on a virtual serial port, with pymodbus on its side, and the troubles of a real line."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from pymodbus.exceptions import ModbusException
from pymodbus.framer.rtu import FramerRTU
from pymodbus.pdu import DecodePDU, ExceptionResponse
from pymodbus.pdu import bit_message as bits
from pymodbus.pdu import register_message as registers
from pymodbus.pdu.pdu import ModbusPDU

from drivers.modbus.profile import Point, Profile, Table
from drivers.sim.pty import VirtualSerialPort

_ILLEGAL_FUNCTION, _ILLEGAL_ADDRESS = 1, 2


@dataclass(frozen=True)
class BoardFault:
    """What is wrong with one answer: an exception code in its place, bytes before it, one wrong bit, its first bytes only
    (``keep=0`` is silence), or lateness in seconds.
    """

    exception: int = 0
    garbage: bytes = b""
    wrong_checksum: bool = False
    keep: int | None = None
    delay: float = 0.0


class VirtualIoBoard:
    """A board wired as ``profile`` says, at ``link``. Switches are set from any thread; somebody stands there at first."""

    def __init__(self, link: Path, profile: Profile, unit: int = 1) -> None:
        self._port = VirtualSerialPort(link, self._received)
        self._profile = profile
        self._unit = unit
        self._framer = FramerRTU(DecodePDU(is_server=True))
        self._pending = b""
        self._lock = Lock()
        self._tables: dict[Table, dict[int, int]] = {table: {} for table in Table}
        for point in (*profile.lights.values(), *([profile.fan] if profile.fan else [])):
            self._put(point, False)
        self._switches = {"door_open": False, "tamper": False, "present": True}
        for name, state in self._switches.items():
            self.set_switch(name, state)
        self.next_faults: deque[BoardFault] = deque()
        """What is wrong with the next answers, one each."""
        self.always: BoardFault | None = None
        """What is wrong with every answer."""
        self.heard: Callable[[], None] = lambda: None
        """Called on the board's own thread with each request that was understood, before it is answered."""
        self.requests: deque[bytes] = deque(maxlen=256)
        """The last requests that were understood."""

    @property
    def path(self) -> Path:
        """What a driver opens."""
        return self._port.path

    def start(self) -> None:
        """Make the board appear."""
        self._port.plug()

    def stop(self) -> None:
        """Make it vanish for good."""
        self._port.unplug()

    plug, unplug = start, stop

    def babble(self, data: bytes) -> None:
        """Send something that nobody asked for."""
        self._port.send(data)

    def set_switch(self, name: str, state: bool) -> None:
        """Open or close the door (``door_open``, ``tamper``), come or go (``present``)."""
        point = self._profile.inputs.get(name)
        with self._lock:
            self._switches[name] = state
            if point is not None:
                self._put(point, state)

    def switch(self, name: str) -> bool:
        """Return how a switch stands."""
        return self._switches[name]

    @property
    def lit(self) -> frozenset[str]:
        """The slots whose lights are on."""
        with self._lock:
            return frozenset(slot for slot, point in self._profile.lights.items() if self._is_on(point))

    @property
    def fan_on(self) -> bool:
        """Whether the fan turns."""
        with self._lock:
            return self._profile.fan is not None and self._is_on(self._profile.fan)

    def _put(self, point: Point, state: bool) -> None:
        cells = self._tables[point.table]
        one = int(state == point.high)
        cells[point.address] = cells.get(point.address, 0) & ~(1 << point.bit) | one << point.bit

    def _is_on(self, point: Point) -> bool:
        return bool(self._tables[point.table][point.address]) == point.high

    # ---- on the port's thread

    def _received(self, data: bytes) -> None:
        self._pending += data
        try:
            used, request = self._framer.handleFrame(self._pending, 0, 0)
        except ModbusException:
            used, request = len(self._pending), None
        self._pending = self._pending[used:][-512:]
        if request is None or request.dev_id != self._unit:
            return
        self.requests.append(data)
        self.heard()
        fault = self.next_faults.popleft() if self.next_faults else self.always or BoardFault()
        with self._lock:
            answer = ExceptionResponse(request.function_code, fault.exception) if fault.exception else self._do(request)
        answer.dev_id = self._unit
        frame = self._framer.buildFrame(answer)
        if fault.wrong_checksum:
            frame = frame[:-1] + bytes([frame[-1] ^ 1])
        if fault.delay:
            self._port.pause(fault.delay)
        self._port.send((fault.garbage + frame)[: fault.keep])

    def _do(self, request: ModbusPDU) -> ModbusPDU:
        if isinstance(request, bits.ReadDiscreteInputsRequest):
            return self._read(request, Table.DISCRETE_INPUT, bits.ReadDiscreteInputsResponse)
        if isinstance(request, bits.ReadCoilsRequest):
            return self._read(request, Table.COIL, bits.ReadCoilsResponse)
        if isinstance(request, registers.ReadInputRegistersRequest):
            return self._read(request, Table.INPUT_REGISTER, registers.ReadInputRegistersResponse)
        if isinstance(request, registers.ReadHoldingRegistersRequest):
            return self._read(request, Table.HOLDING_REGISTER, registers.ReadHoldingRegistersResponse)
        if isinstance(request, bits.WriteSingleCoilRequest):
            return self._write(request, Table.COIL, int(request.bits[0]), bits.WriteSingleCoilResponse)
        if isinstance(request, registers.WriteSingleRegisterRequest):
            return self._write(
                request, Table.HOLDING_REGISTER, request.registers[0], registers.WriteSingleRegisterResponse
            )
        return ExceptionResponse(request.function_code, _ILLEGAL_FUNCTION)

    def _read(self, request: ModbusPDU, table: Table, response: Callable[..., ModbusPDU]) -> ModbusPDU:
        addresses = range(request.address, request.address + request.count)
        cells = self._tables[table]
        if not any(address in cells for address in addresses):
            return ExceptionResponse(request.function_code, _ILLEGAL_ADDRESS)
        values = [cells.get(address, 0) for address in addresses]
        return response(bits=[bool(value) for value in values]) if table.is_bits else response(registers=values)

    def _write(self, request: ModbusPDU, table: Table, value: int, response: Callable[..., ModbusPDU]) -> ModbusPDU:
        if request.address not in self._tables[table]:
            return ExceptionResponse(request.function_code, _ILLEGAL_ADDRESS)
        self._tables[table][request.address] = value
        echo: dict[str, Any] = {"bits": [bool(value)]} if table.is_bits else {"registers": [value]}
        return response(address=request.address, **echo)
