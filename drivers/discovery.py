"""What is connected to this machine, and which driver would fit: read from /sys and /dev, and asked only when told to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from drivers.base import Deadline, Device, DeviceState, DriverError, Fault
from drivers.kept_from_us import ACCESS_DENIED, IN_USE

PROBE_SECONDS = 3.0
"""Longest time for one driver to find its device behind one port."""

_NOT_TO_BE_ASKED = (IN_USE, ACCESS_DENIED)
_LISTENING = "0A"
"""TCP_LISTEN in /proc/net/tcp (linux/tcp_states.h)."""


class Certainty(StrEnum):
    """How sure it is that a driver fits: it answered; maker or kind say so; it is the right kind of port."""

    ANSWERED = "answered"
    LIKELY = "likely"
    POSSIBLE = "possible"


@dataclass(frozen=True)
class Candidate:
    """A driver that may fit what is at ``place``, and the options it would need. ``seen`` is what speaks for it,
    in the device's or the system's own words; ``note`` is a key of what there is to say about it: a fault's code, for one.

    Where there are options, the first of them says where the device is.
    """

    place: str
    driver: str
    options: Mapping[str, str | int]
    certainty: Certainty
    seen: str
    askable: bool = False
    """Whether asking the port is harmless and tells: a scanner, say, only ever speaks by itself."""
    note: str = ""


@dataclass(frozen=True)
class UsbDevice:
    """What a USB device says of itself: numbers of vendor and product, names (empty where it has none), kinds of interfaces.

    A kind is class, subclass and protocol.
    """

    vendor: int
    product: int
    names: str = ""
    interfaces: frozenset[tuple[int, int, int]] = frozenset()

    def __str__(self) -> str:
        return f"USB {self.vendor:04x}:{self.product:04x} {self.names}".strip()


@dataclass(frozen=True)
class Port:
    """A device node: its stable path where there is one, the USB device behind it, and what the kernel calls it."""

    path: str
    usb: UsbDevice | None = None
    names: str = ""


@dataclass(frozen=True)
class NetworkPrinter:
    """A printer that announces itself: the name that it has on the network, its ``ipp`` or ``ipps`` URI, its model and host."""

    name: str
    uri: str
    about: str


@dataclass(frozen=True)
class Surroundings:
    """The machine's ports, and what its services know. ``root`` is ``/``; tests give a made-up one.

    ``readers`` lists the PC/SC readers there are, ``power_supplies`` the supplies of upsd with their descriptions,
    ``network_printers`` the printers that announce themselves on the network (none where it was not to be asked).
    """

    root: Path = Path("/")
    readers: Callable[[], tuple[str, ...]] = field(default=lambda: ())
    extra_serial_ports: tuple[str, ...] = ()
    power_supplies: Callable[[], Mapping[str, str]] = field(default=dict)
    network_printers: Callable[[], tuple[NetworkPrinter, ...]] = field(default=lambda: ())

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

    def touch_panels(self) -> tuple[Port, ...]:
        """Return the touch panels of the kernel's input layer, by the name that survives plugging in another order."""
        from drivers.system.touch_panel import panels

        stable = self._stable_names("dev/input/by-id")
        found = panels(self.root, Deadline.after(PROBE_SECONDS))
        return tuple(Port(stable.get(node, f"/dev/input/{node}"), names=plain(name)) for node, name in found.items())

    def sound_cards(self) -> tuple[Port, ...]:
        """Return the sound cards that can play, each with its short name."""
        from drivers.system.loudspeaker import cards

        return tuple(
            Port(f"/dev/snd/controlC{number}", _usb_of(self.root / f"sys/class/sound/card{number}/device"), plain(name))
            for number, name in cards(self.root, Deadline.after(PROBE_SECONDS))
        )

    def sensors(self) -> Mapping[str, float]:
        """Return what the sensors of temperature read now, in degrees Celsius; those of one name by their hottest."""
        from drivers.system.temperature import readings

        found: dict[str, float] = {}
        for path, celsius in readings(self.root, Deadline.after(PROBE_SECONDS)).items():
            name = _line(path.parent / "type") or _line(path.parent / "name") or path.parent.name
            found[name] = max(celsius, found.get(name, celsius))
        return found

    def usb_devices(self) -> tuple[UsbDevice, ...]:
        """Return every USB device, with or without a driver of the kernel's."""
        found = (_usb(node) for node in self._entries("sys/bus/usb/devices"))
        return tuple(device for device in found if device is not None)

    def listening_ports(self) -> frozenset[int]:
        """Return the TCP ports on which some program of this machine listens."""
        ports: set[int] = set()
        for table in ("tcp", "tcp6"):
            for line in _text(self.root / "proc/net" / table).splitlines()[1:]:
                cells = line.split()
                if len(cells) > 3 and cells[3] == _LISTENING:
                    ports.add(int(cells[1].rpartition(":")[2], 16))
        return frozenset(ports)

    def _entries(self, directory: str) -> list[Path]:
        place = self.root / directory
        return sorted(place.iterdir()) if place.is_dir() else []

    def _stable_names(self, directory: str) -> dict[str, str]:
        return {link.resolve().name: f"/{directory}/{link.name}" for link in self._entries(directory)}


def ask(candidate: Candidate, device: Device, seconds: float = PROBE_SECONDS) -> Candidate | None:
    """Let the real driver try the port: the candidate as it answered, or None when it did not.

    A port that is in use, or not ours to open, cannot be asked and stays what it was. What is likely to be there and does
    not answer stays a possibility, with the fault that was found.
    """
    deadline = Deadline.after(seconds)
    try:
        device.open(deadline)
        health = device.poll(deadline)
        identity = device.identity()
    except DriverError as error:
        if error.fault.code in _NOT_TO_BE_ASKED:
            return replace(candidate, note=error.fault.code)
        return _unanswered(candidate, error.fault)
    finally:
        device.close()
    silent = next((fault for fault in health.faults if fault.code.endswith(".no_answer")), None)
    if silent is not None or health.state is DeviceState.OFFLINE:
        return _unanswered(candidate, silent)
    named = " ".join(part for part in (identity.model, identity.serial_number) if part)
    return replace(candidate, certainty=Certainty.ANSWERED, seen=named or candidate.seen)


def _unanswered(candidate: Candidate, fault: Fault | None) -> Candidate | None:
    if candidate.certainty is Certainty.POSSIBLE:
        return None
    return replace(candidate, certainty=Certainty.POSSIBLE, note=fault.code if fault is not None else candidate.note)


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
        interfaces = frozenset(_interface(place) for place in node.glob("*:*") if (place / "bInterfaceClass").exists())
    except ValueError:
        return None
    names = f"{_line(node / 'manufacturer')} {_line(node / 'product')}".strip()
    return UsbDevice(vendor, product, names, interfaces)


def _interface(node: Path) -> tuple[int, int, int]:
    kind, subclass, protocol = (
        int(_line(node / f"bInterface{part}"), 16) for part in ("Class", "SubClass", "Protocol")
    )
    return kind, subclass, protocol


def plain(text: str) -> str:
    """Return what a device or a network says of itself as one line without anything that a terminal would obey."""
    return "".join(sign if sign.isprintable() else " " for sign in text).strip()


def _line(path: Path) -> str:
    return plain(_text(path))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""  # an attribute that this device does not have
