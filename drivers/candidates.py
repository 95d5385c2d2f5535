"""For each driver of ours, what among a machine's ports speaks for it.

USB vendor numbers: the public list of usb.ids. They tell the maker, not the model, so they make a driver likely and no more.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

from drivers.discovery import Candidate, Certainty, Port, Surroundings

IPP_USB_NOT_RUNNING = "ipp_usb_not_running"
FREE, FREE_NOT_THERE_YET = "free", "free_not_there_yet"
"""Notes: what was seen is free space, and where it is to be used there is no directory yet."""
_PRINTER_MAKERS = {0x04B8: "Seiko Epson", 0x0DD4: "Custom", 0x1D90: "Citizen", 0x0519: "Star"}
_PRINTER_PROFILES = {0x04B8: "epson", 0x0DD4: "custom"}
_SDT_USB = (0x0400, 0xC35A)
_IPP_OVER_USB = (7, 1, 4)
"""Class, subclass and protocol of an interface: printer, printer, IPP (USB-IF: IPP Protocol 1.0, section 4.3)."""
_IPP_USB_PORTS = range(60000, 60016)
"""Where ipp-usb serves the first sixteen printers that it gets to know (``http-min-port`` in ipp-usb.conf)."""
_IPP_PATH = "/ipp/print"
_STATE_DIRECTORY = "/var/lib/civic-kiosk"
"""``StateDirectory`` of kiosk.service."""
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
        if (device.vendor, device.product) == _SDT_USB:
            yield Candidate("USB 0400:c35a", "sdt_usb", {}, Certainty.LIKELY, str(device), askable=True)


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
    """The kernel's printer ports, and serial ports. A printer that speaks IPP is one for A4."""
    for port in surroundings.printers():
        if port.usb is not None and _IPP_OVER_USB in port.usb.interfaces:
            continue
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


def ipp(surroundings: Surroundings) -> Iterator[Candidate]:
    """Printers on USB that speak IPP, which ipp-usb serves on this machine, and those that announce themselves."""
    on_usb = [device for device in surroundings.usb_devices() if _IPP_OVER_USB in device.interfaces]
    ports = sorted(surroundings.listening_ports().intersection(_IPP_USB_PORTS))[: len(on_usb)]
    # Which port is which printer's, only the printers themselves can say.
    named = " / ".join(str(device) for device in on_usb)
    for port in ports:
        options = {"uri": f"ipp://localhost:{port}{_IPP_PATH}"}
        yield Candidate(f"localhost:{port}", "ipp", options, Certainty.LIKELY, named, askable=True)
    for device in on_usb if not ports else ():
        place = f"USB {device.vendor:04x}:{device.product:04x}"
        options = {"uri": f"ipp://localhost:{_IPP_USB_PORTS[0]}{_IPP_PATH}"}
        yield Candidate(place, "ipp", options, Certainty.POSSIBLE, str(device), note=IPP_USB_NOT_RUNNING)
    for printer in surroundings.network_printers():
        address = urlsplit(printer.uri)
        if address.hostname == "127.0.0.1" and address.port in ports:
            continue  # ipp-usb announces its printers, too
        yield Candidate(printer.name, "ipp", {"uri": printer.uri}, Certainty.LIKELY, printer.about, askable=True)


def nut(surroundings: Surroundings) -> Iterator[Candidate]:
    """Every UPS of this machine's upsd."""
    for name, description in surroundings.power_supplies().items():
        yield Candidate(f"upsd {name}", "nut", {"ups": name}, Certainty.ANSWERED, description)


def touch_panel(surroundings: Surroundings) -> Iterator[Candidate]:
    """Every touch panel, by its path where that is stable, or else by its own name."""
    for port in surroundings.touch_panels():
        stable = port.path.startswith("/dev/input/by-id/") or not port.names
        options: dict[str, str | int] = {"device": port.path} if stable else {"name": port.names}
        yield Candidate(port.path, "touch_panel", options, Certainty.LIKELY, port.names)


def loudspeaker(surroundings: Surroundings) -> Iterator[Candidate]:
    """Every sound card that can play; whether a loudspeaker is connected, only an ear can say."""
    for port in surroundings.sound_cards():
        options: dict[str, str | int] = {"card": port.names} if port.names else {}
        yield Candidate(port.path, "loudspeaker", options, Certainty.LIKELY, port.names)


def temperature(surroundings: Surroundings) -> Iterator[Candidate]:
    """All sensors together."""
    sensors = surroundings.sensors()
    if sensors:
        seen = ", ".join(f"{name} {celsius:.0f} °C" for name, celsius in sensors.items())
        yield Candidate("temperature sensors", "temperature", {}, Certainty.LIKELY, seen)


def clock(surroundings: Surroundings) -> Iterator[Candidate]:
    """Every machine has one."""
    del surroundings
    yield Candidate("system clock", "clock", {}, Certainty.LIKELY, "")


def storage(surroundings: Surroundings) -> Iterator[Candidate]:
    """The disk that the terminal keeps its journal on, as the service is delivered."""
    place = surroundings.root / _STATE_DIRECTORY.lstrip("/")
    there = next(each for each in (place, *place.parents) if each.is_dir())
    disk = os.statvfs(there)
    free = f"{disk.f_bavail * disk.f_frsize / 1e9:.1f} GB"
    note = FREE if there == place else FREE_NOT_THERE_YET
    yield Candidate(_STATE_DIRECTORY, "storage", {"directory": _STATE_DIRECTORY}, Certainty.LIKELY, free, note=note)


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
    usb = str(port.usb) if port.usb else ""
    return " ".join(part for part in (usb, port.names if port.names not in usb else "") if part)
