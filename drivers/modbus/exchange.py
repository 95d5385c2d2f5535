"""Requests to a Modbus RTU board and the search for their answers, with frames and messages of pymodbus.

pymodbus' own client is not used: its time-out holds for one attempt out of four and is set for the whole connection, it waits
by sleeping on the wall clock, cannot be cancelled, and on a line that never falls silent its read does not end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pymodbus.framer.rtu import FramerRTU
from pymodbus.pdu import DecodePDU
from pymodbus.pdu.bit_message import ReadCoilsRequest, ReadDiscreteInputsRequest, WriteSingleCoilRequest
from pymodbus.pdu.pdu import ModbusPDU
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadInputRegistersRequest,
    WriteSingleRegisterRequest,
)

from drivers.modbus.profile import Span, Table

_READS: dict[Table, type[Any]] = {
    Table.COIL: ReadCoilsRequest,
    Table.DISCRETE_INPUT: ReadDiscreteInputsRequest,
    Table.HOLDING_REGISTER: ReadHoldingRegistersRequest,
    Table.INPUT_REGISTER: ReadInputRegistersRequest,
}
_EXCEPTION = 0x80
_EXCEPTION_SIZE = 5
_LONGEST_FRAME = 256
"""Modbus over Serial Line V1.02, section 2.3: 256 bytes with address and checksum."""


@dataclass(frozen=True)
class Refusal:
    """The board's exception answer; ``code`` as in Modbus Application Protocol V1.1b3, section 7."""

    code: int


def read_request(unit: int, span: Span) -> ModbusPDU:
    """Return the request that reads a span."""
    return _READS[span.table](dev_id=unit, address=span.address, count=span.count)


def write_request(unit: int, table: Table, address: int, one: bool) -> ModbusPDU:
    """Return the request that writes one coil, or 1 or 0 into one register."""
    if table is Table.COIL:
        return WriteSingleCoilRequest(dev_id=unit, address=address, bits=[one])
    return WriteSingleRegisterRequest(dev_id=unit, address=address, registers=[int(one)])


class AnswerSearch:
    """Finds the answer to one request in what arrives, whatever arrives before it; keeps no more than one frame's length."""

    def __init__(self, request: ModbusPDU) -> None:
        self._request = request
        self._decoder = DecodePDU(is_server=False)
        self._pending = b""
        self.frame = b""
        """The answer's bytes, once it was found."""

    @property
    def pending(self) -> int:
        """How many bytes came that belong to no answer yet."""
        return len(self._pending)

    def feed(self, data: bytes) -> ModbusPDU | Refusal | None:
        """Take what arrived; return the answer when it is whole."""
        self._pending = (self._pending + data)[-2 * _LONGEST_FRAME :]
        for start in range(len(self._pending)):
            answer = self._at(self._pending[start:])
            if answer is not None:
                return answer
        return None

    def _at(self, data: bytes) -> ModbusPDU | Refusal | None:
        request = self._request
        if len(data) < _EXCEPTION_SIZE or data[0] != request.dev_id or data[1] & ~_EXCEPTION != request.function_code:
            return None
        size = _EXCEPTION_SIZE if data[1] & _EXCEPTION else _size(request)
        if len(data) < size or not FramerRTU.check_CRC(data[: size - 2], int.from_bytes(data[size - 2 : size], "big")):
            return None
        answer = self._decoder.decode(data[1 : size - 2])
        if answer is None or not (answer.isError() or _fits(request, answer, data[2])):
            return None
        self.frame = data[:size]
        return Refusal(answer.exception_code) if answer.isError() else answer


def _size(request: ModbusPDU) -> int:
    """Return the length of the whole answer to a request: address, function, data, checksum."""
    if isinstance(request, ReadCoilsRequest):  # and of discrete inputs, which inherit from it
        return 5 + (request.count + 7) // 8
    if isinstance(request, (ReadHoldingRegistersRequest, ReadInputRegistersRequest)):
        return 5 + 2 * request.count
    return 8


def _fits(request: ModbusPDU, answer: ModbusPDU, byte_count: int) -> bool:
    """Whether it can be the answer to this request: a read of as many, an echo of what was written."""
    if isinstance(request, (WriteSingleCoilRequest, WriteSingleRegisterRequest)):
        return (answer.address, list(answer.bits), list(answer.registers)) == (
            request.address,
            list(request.bits),
            list(request.registers),
        )
    return byte_count == _size(request) - 5


def frame_of(request: ModbusPDU) -> bytes:
    """Return a request's bytes."""
    return FramerRTU(DecodePDU(is_server=False)).buildFrame(request)
