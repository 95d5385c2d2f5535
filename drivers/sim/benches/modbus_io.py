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
from drivers.sim.babble import Babble
from drivers.sim.io_board import BoardFault, VirtualIoBoard

_ANSWER_SECONDS = 1.0
"""Longer than a disturbed call lasts: a loaded machine's good answer is never taken for silence."""
_LATEST_SECONDS = 0.4


class ModbusBench(Bench):
    """One board whose door is shut; people come and go, and what is to be switched is another way round each time."""

    name = "modbus_io"
    device_class = "io_board"

    def start(self) -> None:
        """Bring the hardware up, in its good state."""
        self._profile = load("generic_8x8")
        self._directory = tempfile.TemporaryDirectory(prefix="kiosk-io-")
        self._board = VirtualIoBoard(Path(self._directory.name) / "board", self._profile)
        self._board.heard = self.steps.take
        self._board.start()
        self._babble = Babble()
        self._present = self._on = True

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
            "wait_change": lambda device, deadline, cancel: device.wait_change(
                self._inputs(not self._present), deadline, cancel
            ),
            "set_light": lambda device, deadline, cancel: device.set_light("card_reader", self._on, deadline),
            "set_fan": lambda device, deadline, cancel: device.set_fan(self._on, deadline),
        }

    @property
    def disturbances(self) -> frozenset[Disturbance]:
        """All of them; a board that hangs is one that is mute."""
        return frozenset(Disturbance)

    def prepare(self, operation: str) -> None:
        """Let somebody come or go, and want the other way round what is switched."""
        self._present, self._on = not self._present, not self._on
        self._board.set_switch("present", self._present)

    def disturb(self, disturbance: Disturbance, random: Random) -> None:
        """Let it happen to this answer, or to all from now on."""
        noise = random.randbytes(random.randrange(1, 40))
        match disturbance:
            case Disturbance.UNPLUG:
                self._board.unplug()
            case Disturbance.MUTE | Disturbance.HANG:
                self._board.always = BoardFault(keep=0)
            case Disturbance.LATE:
                self._board.next_faults.append(BoardFault(delay=random.uniform(0.01, _LATEST_SECONDS)))
            case Disturbance.PARTIAL:
                self._board.next_faults.append(BoardFault(keep=random.randrange(6)))
            case Disturbance.GARBAGE:
                wrong, code = random.random() < 0.5, random.choice((0, 0, 4))
                self._board.next_faults.append(BoardFault(garbage=noise, wrong_checksum=wrong, exception=code))
            case Disturbance.BABBLE:
                self._babble.start(self._board.babble, noise)

    def calm(self) -> None:
        """End every disturbance."""
        self._babble.stop()
        self._board.always = None
        self._board.next_faults.clear()
        self._board.plug()

    def judge(self, operation: str, result: object, disturbed: bool) -> str:
        """Switches are as they are, or nothing is said of them."""
        truth, on = self._inputs(self._present), self._on
        switched = {"set_light": "card_reader" in self._board.lit, "set_fan": self._board.fan_on}
        if operation in switched:
            return (
                ""
                if switched[operation] == on
                else f"it is to be {'on' if on else 'off'}, it says it is, and it is not"
            )
        if result == truth or (operation == "wait_change" and disturbed and result is None):
            return ""
        return f"the switches are {truth}, not {result}"

    def _inputs(self, present: bool) -> Inputs:
        return Inputs(door_open=False, tamper=False, present=present)
