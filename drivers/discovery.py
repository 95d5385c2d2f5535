"""What is connected to this machine, and which driver would fit: read from /sys and /dev, and asked only when told to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from errno import EAGAIN, EBUSY
from pathlib import Path

from drivers.base import Deadline, Device, DeviceState, DriverError

PROBE_SECONDS = 3.0
"""Longest time for one driver to find its device behind one port."""

_IN_USE = tuple(f"errno {number}" for number in (EAGAIN, EBUSY))


class Certainty(StrEnum):
    """How sure it is that a driver fits: it answered; maker or kind say so; it is the right kind of port."""

    ANSWERED = "answered"
    LIKELY = "likely"
    POSSIBLE = "possible"


@dataclass(frozen=True)
class Candidate:
    """A driver that may fit what is at ``place``, and the options it would need. ``seen`` is what speaks for it."""

    place: str
    driver: str
    options: Mapping[str, str | int]
    certainty: Certainty
    seen: str
    askable: bool = False
    """Whether asking the port is harmless and tells: a scanner, say, only ever speaks by itself."""


@dataclass(frozen=True)
class UsbDevice:
    """What a USB device says of itself: vendor and product number, and its names (empty where it has none)."""

    vendor: int
    product: int
    names: str = ""


@dataclass(frozen=True)
class Port:
    """A device node: its stable path where there is one, the USB device behind it, and what the kernel calls it."""

    path: str
    usb: UsbDevice | None = None
    names: str = ""


@dataclass(frozen=True)
class Surroundings:
    """The machine's ports. ``root`` is ``/``; tests give a made-up one. ``readers`` lists the PC/SC readers there are."""

    root: Path = Path("/")
    readers: Callable[[], tuple[str, ...]] = field(default=lambda: ())
    extra_serial_ports: tuple[str, ...] = ()

    def serial_ports(self) -> tuple[Port, ...]:
        """Return the serial ports with hardware behind them, by the name that survives plugging in another order."""
        stable = self._stable_names("dev/serial/by-id")
        ports: list[Port] = []
        for node in self._entries("sys/class/tty"):
            device = node / "device"
            if not device.exists() or not _has_hardware(node):
                continue
            ports.append(Port(stable.get(node.name, f"/dev/{node.name}"), _usb_of(device)))
        return (*ports, *(Port(path) for path in self.extra_serial_ports))

    def cameras(self) -> tuple[Port, ...]:
        """Return the cameras; a camera's second node, which carries only its metadata, is left out."""
        stable = self._stable_names("dev/v4l/by-id")
        return tuple(
            Port(stable.get(node.name, f"/dev/{node.name}"), _usb_of(node / "device"), _line(node / "name"))
            for node in self._entries("sys/class/video4linux")
            if _line(node / "index") in ("", "0")
        )

    def printers(self) -> tuple[Port, ...]:
        """Return the USB printers that the kernel's usblp serves, with the names that they give themselves."""
        return tuple(
            Port(f"/dev/usb/{node.name}", _usb_of(node / "device"), _line(node / "device" / "ieee1284_id"))
            for node in self._entries("sys/class/usbmisc")
            if node.name.startswith("lp")
        )

    def usb_devices(self) -> tuple[UsbDevice, ...]:
        """Return every USB device, with or without a driver of the kernel's."""
        found = (_usb(node) for node in self._entries("sys/bus/usb/devices"))
        return tuple(device for device in found if device is not None)

    def _entries(self, directory: str) -> list[Path]:
        place = self.root / directory
        return sorted(place.iterdir()) if place.is_dir() else []

    def _stable_names(self, directory: str) -> dict[str, str]:
        return {link.resolve().name: f"/{directory}/{link.name}" for link in self._entries(directory)}


def ask(candidate: Candidate, device: Device, seconds: float = PROBE_SECONDS) -> Candidate | None:
    """Let the real driver try the port: the candidate as it answered, or None when it did not.

    A port that is in use cannot be asked and stays what it was.
    """
    deadline = Deadline.after(seconds)
    try:
        device.open(deadline)
        health = device.poll(deadline)
        identity = device.identity()
    except DriverError as error:
        return replace(candidate, seen="in use") if error.fault.evidence in _IN_USE else None
    finally:
        device.close()
    silent = any(fault.code.endswith(".no_answer") for fault in health.faults)
    if silent or health.state is DeviceState.OFFLINE:
        return None
    named = " ".join(part for part in (identity.model, identity.serial_number) if part)
    return replace(candidate, certainty=Certainty.ANSWERED, seen=named or candidate.seen)


def best(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """Return for each place the candidates of the greatest certainty there, places in order."""
    order = list(Certainty)
    by_place: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        by_place.setdefault(candidate.place, []).append(candidate)
    found: list[Candidate] = []
    for group in by_place.values():
        first = min(order.index(candidate.certainty) for candidate in group)
        found += [candidate for candidate in group if order.index(candidate.certainty) == first]
    return tuple(found)


def _has_hardware(node: Path) -> bool:
    """Tell a port with a chip from the placeholders that the kernel makes for chips that could be there (ttyS0 to 3)."""
    return _line(node / "type") != "0"  # PORT_UNKNOWN of linux/serial_core.h


def _usb_of(device: Path) -> UsbDevice | None:
    """Return the USB device above a node in /sys; None for one that is not on USB."""
    place = device.resolve()
    for parent in (place, *place.parents):
        if (parent / "idVendor").exists():
            return _usb(parent)
    return None


def _usb(node: Path) -> UsbDevice | None:
    try:
        vendor, product = int(_line(node / "idVendor"), 16), int(_line(node / "idProduct"), 16)
    except ValueError:
        return None
    names = f"{_line(node / 'manufacturer')} {_line(node / 'product')}".strip()
    return UsbDevice(vendor, product, names)


def _line(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""  # an attribute that this device does not have
