"""From a driver's name in the configuration to a device; a vendor's package adds names by an entry point."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

from drivers.base import Device
from drivers.conformance.bench import Bench
from drivers.hall import Hall

Options = Mapping[str, str | int | float | bool]
ENTRY_POINT_GROUP = "civic_kiosk.drivers"
"""A package's entry point in this group is a ``Driver`` under the name that configurations use."""


class UnknownDriverError(Exception):
    """No driver has this name; the text lists those there are."""


class OptionError(Exception):
    """A driver does not take this option, or not with this value."""


@dataclass(frozen=True)
class Resources:
    """What drivers may need from the program: where the fonts are."""

    font_directory: Path


@dataclass(frozen=True)
class Driver:
    """One driver: the class of device it serves, which options it takes and which of them it needs, and how to make it.

    ``make`` is called on the device's own thread, so that heavy libraries are imported there. ``virtual`` drivers are the real
    ones against virtual hardware; production refuses them. ``benches`` are the hardware that the conformance suite tests it on.
    """

    device_class: str
    options: frozenset[str]
    make: Callable[[str, Options, Resources], Device]
    virtual: bool = False
    required: frozenset[str] = frozenset()
    benches: tuple[Callable[[], Bench], ...] = ()


def _pcsc(name: str, options: Options, resources: Resources) -> Device:
    from drivers.pcsc.reader import PcscCardReader

    return PcscCardReader(str(options.get("reader", "")))


def _virtual_pcsc(name: str, options: Options, resources: Resources) -> Device:
    # The library asks the environment once, at its first call: a process talks to one service, the hall's own.
    os.environ["PCSCLITE_CSOCK_NAME"] = str(options["service"])
    return _pcsc(name, options, resources)


def _sdt(name: str, options: Options, resources: Resources) -> Device:
    from drivers.sdt.reader import SdtCardReader

    return SdtCardReader(str(options["port"]), int(options.get("baud", 115200)), name)


def _camera_scanner(name: str, options: Options, resources: Resources) -> Device:
    from drivers.camera.opencv import OpenCvSource
    from drivers.camera.qr_scanner import CameraQrScanner

    return CameraQrScanner(
        OpenCvSource(_camera(options), int(options.get("width", 1280)), int(options.get("height", 720)))
    )


def _picture_scanner(name: str, options: Options, resources: Resources) -> Device:
    from drivers.camera.pictures import PictureSource
    from drivers.camera.qr_scanner import CameraQrScanner

    return CameraQrScanner(PictureSource(Path(str(options["picture"]))))


def _serial_scanner(name: str, options: Options, resources: Resources) -> Device:
    from drivers.serial_scanner.framing import FRAMINGS
    from drivers.serial_scanner.scanner import SerialQrScanner

    framing = options.get("framing", "cr")
    if framing not in FRAMINGS:
        raise OptionError(f"{name}: framing is one of {', '.join(FRAMINGS)}")
    return SerialQrScanner(str(options["port"]), framing, int(options.get("baud", 9600)))


def _document_camera(name: str, options: Options, resources: Resources) -> Device:
    from drivers.camera.document_camera import FrameDocumentCamera
    from drivers.camera.opencv import OpenCvSource

    return FrameDocumentCamera(
        OpenCvSource(_camera(options), int(options.get("width", 1920)), int(options.get("height", 1080)))
    )


def _picture_document_camera(name: str, options: Options, resources: Resources) -> Device:
    from drivers.camera.document_camera import FrameDocumentCamera
    from drivers.camera.pictures import PictureSource

    return FrameDocumentCamera(PictureSource(Path(str(options["picture"]))))


def _escpos(name: str, options: Options, resources: Resources) -> Device:
    from drivers.escpos.printer import EscPosPrinter

    return EscPosPrinter(
        str(options["address"]),
        font_directory=resources.font_directory,
        profile=str(options.get("profile", "epson")),
        name=name,
    )


def _camera(options: Options) -> int | str:
    device = options.get("device", 0)
    return device if isinstance(device, int) else str(device)


_CAMERA_OPTIONS = frozenset({"device", "width", "height"})

_DRIVERS: dict[str, Driver] = {
    "pcsc": Driver("card_reader", frozenset({"reader"}), _pcsc),
    "sdt": Driver("card_reader", frozenset({"port", "baud"}), _sdt, required=frozenset({"port"})),
    "camera_scanner": Driver("code_scanner", _CAMERA_OPTIONS, _camera_scanner),
    "serial_scanner": Driver(
        "code_scanner", frozenset({"port", "framing", "baud"}), _serial_scanner, required=frozenset({"port"})
    ),
    "document_camera": Driver("document_camera", _CAMERA_OPTIONS, _document_camera),
    "escpos": Driver("receipt_printer", frozenset({"address", "profile"}), _escpos, required=frozenset({"address"})),
    "virtual_pcsc": Driver(
        "card_reader",
        frozenset({"reader", "service"}),
        _virtual_pcsc,
        virtual=True,
        required=frozenset({"service"}),
    ),
    "virtual_sdt": Driver("card_reader", frozenset({"port"}), _sdt, virtual=True, required=frozenset({"port"})),
    "virtual_camera_scanner": Driver(
        "code_scanner", frozenset({"picture"}), _picture_scanner, virtual=True, required=frozenset({"picture"})
    ),
    "virtual_document_camera": Driver(
        "document_camera",
        frozenset({"picture"}),
        _picture_document_camera,
        virtual=True,
        required=frozenset({"picture"}),
    ),
    "virtual_escpos": Driver(
        "receipt_printer", frozenset({"address", "profile"}), _escpos, virtual=True, required=frozenset({"address"})
    ),
}


def find(driver: str) -> Driver:
    """Return a driver by name. Raises ``UnknownDriverError``."""
    if driver in _DRIVERS:
        return _DRIVERS[driver]
    for entry in entry_points(group=ENTRY_POINT_GROUP):
        if entry.name == driver:
            found: Driver = entry.load()
            return found
    raise UnknownDriverError(f"no driver is called {driver!r}; there are {', '.join(sorted(_DRIVERS))}")


def check_options(driver: str, options: Options) -> None:
    """Raise ``OptionError`` for an option that the driver does not take, or that it needs and is not there.

    Raises ``UnknownDriverError`` for the driver itself.
    """
    found = find(driver)
    unknown = set(options) - found.options
    if unknown:
        known = ", ".join(sorted(found.options))
        raise OptionError(f"{driver} takes no option {', '.join(sorted(unknown))}; it takes {known}")
    lacking = found.required - set(options)
    if lacking:
        raise OptionError(f"{driver} needs the option {', '.join(sorted(lacking))}")


def virtual_hall(directory: Path) -> Hall:
    """Return the virtual hall of training mode, keeping its files in ``directory``."""
    from drivers.sim.hall import VirtualHall

    return VirtualHall(directory)
