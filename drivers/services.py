"""What the services of this machine and of its network know of devices: pcscd, upsd, and printers that announce themselves."""

from __future__ import annotations

from pathlib import Path

from drivers.base import Deadline, DriverError
from drivers.discovery import PROBE_SECONDS, NetworkPrinter, Surroundings

UPSD_HOST = "127.0.0.1"
"""Other hosts' upsd is nothing that is connected to this machine."""


def this_machine(serial_ports: tuple[str, ...] = (), network: bool = False, root: Path = Path("/")) -> Surroundings:
    """Return this machine's ports, and more serial ports that the caller knows of.

    Its own services are asked, each with a deadline; ``network``: whether the network may be asked as well.
    """
    return Surroundings(root, readers, serial_ports, power_supplies, network_printers if network else lambda: ())


def readers() -> tuple[str, ...]:
    """Return the PC/SC readers; none where no service answers: that is what the self-test is for."""
    from drivers.pcsc.service import PcscError, Service, StuckError

    deadline = Deadline.after(PROBE_SECONDS)
    try:
        service = Service(deadline)
        try:
            return service.readers(deadline)
        finally:
            service.release()
    except (PcscError, StuckError):
        return ()


def power_supplies() -> dict[str, str]:
    """Return the supplies of this machine's upsd with their descriptions; none where it does not answer."""
    from drivers.nut.listing import supplies
    from drivers.nut.ups import DEFAULT_PORT

    try:
        return supplies(UPSD_HOST, DEFAULT_PORT, Deadline.after(PROBE_SECONDS))
    except DriverError:
        return {}


def network_printers() -> tuple[NetworkPrinter, ...]:
    """Return the printers that announce themselves; none where the network cannot be asked."""
    from drivers.ipp.announced import announced

    return announced(PROBE_SECONDS)
