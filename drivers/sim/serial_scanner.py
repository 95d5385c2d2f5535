"""A virtual code scanner on a virtual serial port."""

from __future__ import annotations

from pathlib import Path

from drivers.serial_scanner.framing import Framing, enclose
from drivers.sim.pty import VirtualSerialPort


class VirtualSerialScanner:
    """A scanner at ``path`` that sends what is held to it."""

    def __init__(self, link: Path, framing: Framing = "cr", byte_seconds: float = 0.0) -> None:
        self._framing: Framing = framing
        self._port = VirtualSerialPort(link, _ignore, byte_seconds)

    @property
    def path(self) -> Path:
        """What a driver opens."""
        return self._port.path

    def start(self) -> None:
        """Make the scanner appear."""
        self._port.plug()

    def stop(self) -> None:
        """Make it vanish for good."""
        self._port.unplug()

    def plug(self) -> None:
        """Plug it in again, under the same path."""
        self._port.plug()

    def unplug(self) -> None:
        """Pull its cable."""
        self._port.unplug()

    def hold(self, data: bytes, times: int = 1) -> None:
        """Hold a code to the scanner, which sends it; ``times`` as often as it sees it again."""
        for _ in range(times):
            self._port.send(enclose(data, self._framing))

    def send(self, data: bytes) -> None:
        """Send bytes as they are: half a code, or noise."""
        self._port.send(data)


def _ignore(data: bytes) -> None:
    """Take what the host writes: this scanner has no commands."""
