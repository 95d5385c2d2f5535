"""For each driver of ours, what among a machine's ports speaks for it.

USB vendor numbers: the public list of usb.ids. They tell the maker, not the model, so they make a driver likely and no more.
"""

from __future__ import annotations

from collections.abc import Iterator

from drivers.discovery import Candidate, Certainty, Port, Surroundings

_PRINTER_MAKERS = {0x04B8: "Seiko Epson", 0x0DD4: "Custom", 0x1D90: "Citizen", 0x0519: "Star"}
_PRINTER_PROFILES = {0x04B8: "epson", 0x0DD4: "custom"}
SDT_USB = (0x0400, 0xC35A)
_SCANNER_MAKERS = {
    0x0C2E: "Honeywell",
    0x0536: "Hand Held Products",
    0x05E0: "Symbol",
    0x05F9: "Datalogic",
    0x1EAB: "Newland",
    0x065A: "Opticon",
}


def pcsc(surroundings: Surroundings) -> Iterator[Candidate]:
    """Every reader that pcscd knows."""
    for name in surroundings.readers():
        yield Candidate(f"PC/SC {name}", "pcsc", {"reader": name}, Certainty.ANSWERED, "pcscd")


def sdt(surroundings: Surroundings) -> Iterator[Candidate]:
    """Any serial port that is no maker's of something else can be an SDT reader's."""
    for port in surroundings.serial_ports():
        if _maker(port) == "":
            yield Candidate(port.path, "sdt", {"port": port.path}, Certainty.POSSIBLE, _seen(port), askable=True)


def sdt_usb(surroundings: Surroundings) -> Iterator[Candidate]:
    """The USB variant of the SDT reader, which the kernel has no driver for (facts: cards.md, section 1)."""
    for device in surroundings.usb_devices():
        if (device.vendor, device.product) == SDT_USB:
            seen = f"USB {device.vendor:04x}:{device.product:04x} {device.names}".strip()
            yield Candidate("USB 0400:c35a", "sdt_usb", {}, Certainty.LIKELY, seen, askable=True)


def modbus_io(surroundings: Surroundings) -> Iterator[Candidate]:
    """Any serial port that is no maker's of something else can lead to an I/O board."""
    for port in surroundings.serial_ports():
        if _maker(port) == "":
            yield Candidate(port.path, "modbus_io", {"port": port.path}, Certainty.POSSIBLE, _seen(port), askable=True)


def serial_scanner(surroundings: Surroundings) -> Iterator[Candidate]:
    """A serial port of a maker of scanners, or any other one."""
    for port in surroundings.serial_ports():
        known = port.usb is not None and port.usb.vendor in _SCANNER_MAKERS
        if known or _maker(port) == "":
            certainty = Certainty.LIKELY if known else Certainty.POSSIBLE
            yield Candidate(port.path, "serial_scanner", {"port": port.path}, certainty, _seen(port))


def escpos(surroundings: Surroundings) -> Iterator[Candidate]:
    """The kernel's printer ports, and serial ports."""
    for port in surroundings.printers():
        yield Candidate(
            port.path,
            "escpos",
            _printer_options(port, f"file://{port.path}"),
            Certainty.LIKELY,
            _seen(port),
            askable=True,
        )
    for port in surroundings.serial_ports():
        known = port.usb is not None and port.usb.vendor in _PRINTER_MAKERS
        if known or _maker(port) == "":
            certainty = Certainty.LIKELY if known else Certainty.POSSIBLE
            options = _printer_options(port, f"serial://{port.path}")
            yield Candidate(port.path, "escpos", options, certainty, _seen(port), askable=True)


def camera_scanner(surroundings: Surroundings) -> Iterator[Candidate]:
    """Every camera: whether it looks at codes or at papers, only a person can say."""
    yield from _cameras(surroundings, "camera_scanner")


def document_camera(surroundings: Surroundings) -> Iterator[Candidate]:
    """Every camera, as above."""
    yield from _cameras(surroundings, "document_camera")


def _cameras(surroundings: Surroundings, driver: str) -> Iterator[Candidate]:
    for port in surroundings.cameras():
        yield Candidate(port.path, driver, {"device": port.path}, Certainty.LIKELY, _seen(port))


def _printer_options(port: Port, address: str) -> dict[str, str | int]:
    profile = _PRINTER_PROFILES.get(port.usb.vendor) if port.usb else None
    return {"address": address, **({"profile": profile} if profile else {})}


def _maker(port: Port) -> str:
    """Return the maker when its number says what kind of device this is."""
    vendor = port.usb.vendor if port.usb else 0
    return _PRINTER_MAKERS.get(vendor, "") or _SCANNER_MAKERS.get(vendor, "")


def _seen(port: Port) -> str:
    usb = f"USB {port.usb.vendor:04x}:{port.usb.product:04x} {port.usb.names}".strip() if port.usb else ""
    return " ".join(part for part in (usb, port.names) if part) or "serial port"
