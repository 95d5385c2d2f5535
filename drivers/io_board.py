"""The interface of the cabinet's input and output board: door, tamper and presence switches, guide lights, fan."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from threading import Event

from drivers.base import Deadline, Device


@dataclass(frozen=True)
class Inputs:
    """What the switches say; None where this cabinet has no such switch."""

    door_open: bool | None = None
    tamper: bool | None = None
    present: bool | None = None


class IoBoard(Device):
    """One board. Slots are named by the class of the device beside which a light shines, such as ``card_reader``."""

    @property
    @abstractmethod
    def slots(self) -> frozenset[str]:
        """The slots that have a light."""

    @abstractmethod
    def inputs(self, deadline: Deadline) -> Inputs:
        """Read the switches now."""

    @abstractmethod
    def wait_change(self, known: Inputs, deadline: Deadline, cancel: Event) -> Inputs | None:
        """Wait until the switches differ from ``known`` and return them; None at the deadline or when cancelled."""

    @abstractmethod
    def set_light(self, slot: str, on: bool, deadline: Deadline) -> None:
        """Switch a slot's light; nothing happens for a slot without one."""

    @abstractmethod
    def set_fan(self, on: bool, deadline: Deadline) -> None:
        """Switch the fan; nothing happens without one."""
