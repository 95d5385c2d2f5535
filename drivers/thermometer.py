"""The interface of whatever knows how warm the cabinet is."""

from __future__ import annotations

from abc import abstractmethod

from drivers.base import Deadline, Device


class Thermometer(Device):
    """One or more sensors of one cabinet."""

    @abstractmethod
    def celsius(self, deadline: Deadline) -> float:
        """Return the hottest sensor's reading. Raises ``DriverError`` when none can be read."""
