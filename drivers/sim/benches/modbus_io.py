"""The Modbus board's bench: the virtual board on a pty."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from random import Random

from drivers.base import Device
from drivers.conformance.bench import Bench, Disturbance, Operation
from drivers.io_board import Inputs
from drivers.modbus.board import ModbusIoBoard
from drivers.modbus.profile import load
from drivers.sim.io_board import BoardFault, VirtualIoBoard

_ANSWER_SECONDS = 1.0
"""Longer than a disturbed call lasts: a loaded machine's good answer is never taken for silence."""
_LATEST_SECONDS = 0.4
_TRUTH = Inputs(door_open=False, tamper=False, present=True)
_BEFORE = Inputs(door_open=False, tamper=False, present=False)


class ModbusBench(Bench):
    """One board whose door is shut and before which somebody stands."""

    name = "modbus_io"
    device_class = "io_board"

    def start(self) -> None:
        """Bring the hardware up, in its good state."""
        self._profile = load("generic_8x8")
        self._directory = tempfile.TemporaryDirectory(prefix="kiosk-io-")
        self._board = VirtualIoBoard(Path(self._directory.name) / "board", self._profile)
        self._board.start()

    def stop(self) -> None:
        """Take it down."""
        self._board.stop()
        self._directory.cleanup()

    def make(self) -> Device:
        """Return a new device for this hardware."""
        return ModbusIoBoard(str(self._board.path), self._profile, answer_timeout=_ANSWER_SECONDS, look_interval=0.01)

    def make_absent(self) -> Device:
        """Return a device for a port that is not there."""
        return ModbusIoBoard(str(self._board.path) + "-absent", self._profile, answer_timeout=_ANSWER_SECONDS)

    @property
    def operations(self) -> Mapping[str, Operation]:
        """The calls of a board."""
        return {
            "inputs": lambda device, deadline, cancel: device.inputs(deadline),
            "wait_change": lambda device, deadline, cancel: device.wait_change(_BEFORE, deadline, cancel),
            "set_light": lambda device, deadline, cancel: device.set_light("card_reader", True, deadline),
            "set_fan": lambda device, deadline, cancel: device.set_fan(False, deadline),
        }

    @property
    def disturbances(self) -> frozenset[Disturbance]:
        """All of them; a board that hangs is one that is mute."""
        return frozenset(Disturbance)

    def prepare(self, operation: str) -> None:
        """Nothing is to be prepared: the door stays shut, and somebody stands there."""

    def arm(self, disturbance: Disturbance, random: Random) -> None:
        """Let it happen in the next answer or the one after."""
        good = [BoardFault()] * random.randrange(2)
        match disturbance:
            case Disturbance.UNPLUG:
                self._board.unplug()
                return
            case Disturbance.MUTE | Disturbance.HANG:
                self._board.always = BoardFault(keep=0)
                return
            case Disturbance.LATE:
                fault = BoardFault(delay=random.uniform(0.0, _LATEST_SECONDS))
            case Disturbance.PARTIAL:
                fault = BoardFault(keep=random.randrange(6))
            case Disturbance.GARBAGE:
                noise = random.randbytes(random.randrange(1, 40))
                fault = BoardFault(
                    garbage=noise, wrong_checksum=random.random() < 0.5, exception=random.choice((0, 0, 4))
                )
        self._board.next_faults.extend((*good, fault))

    def calm(self) -> None:
        """End every disturbance."""
        self._board.always = None
        self._board.next_faults.clear()
        self._board.plug()

    def judge(self, operation: str, result: object, disturbed: bool) -> str:
        """Switches are as they are, or nothing is said of them."""
        if operation == "inputs" and result != _TRUTH:
            return f"the switches are {_TRUTH}, not {result}"
        if operation == "wait_change" and result != _TRUTH and not (disturbed and result is None):
            return f"the change is to {_TRUTH}, not {result}"
        if operation == "set_light" and not disturbed and "card_reader" not in self._board.lit:
            return "the light is dark"
        return ""
