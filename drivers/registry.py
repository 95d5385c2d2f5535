"""From a driver's name in the configuration to a device; a vendor's package adds names by an entry point."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from drivers import candidates
from drivers.base import Deadline, Device
from drivers.conformance.bench import Bench
from drivers.discovery import PROBE_SECONDS, Candidate, Surroundings
from drivers.hall import Hall

if TYPE_CHECKING:
    from drivers.camera.ocr import TextReader

Options = Mapping[str, str | int | float | bool]
ENTRY_POINT_GROUP = "civic_kiosk.drivers"
"""A package's entry point in this group is a ``Driver`` under the name that configurations use."""


class UnknownDriverError(Exception):
    """No driver has this name; the text lists those there are."""


class BrokenDriverError(Exception):
    """A vendor's package brings this driver, but it cannot be loaded or is none; the text says why."""


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
    ones against virtual hardware; production refuses them. ``benches`` are the hardware that the conformance suite tests it on;
    ``candidates`` says what among a machine's ports could be a device for this driver.
    """

    device_class: str
    options: frozenset[str]
    make: Callable[[str, Options, Resources], Device]
    virtual: bool = False
    required: frozenset[str] = frozenset()
    benches: tuple[Callable[[], Bench], ...] = ()
    candidates: Callable[[Surroundings], Iterable[Candidate]] | None = None


def _pcsc(name: str, options: Options, resources: Resources) -> Device:
    from drivers.pcsc import applications
    from drivers.pcsc.reader import PcscCardReader

    folder = str(options.get("csca", ""))
    known = applications.judging_by(Path(folder)) if folder else applications.APPLICATIONS
    return PcscCardReader(str(options.get("reader", "")), known=known)


def _virtual_pcsc(name: str, options: Options, resources: Resources) -> Device:
    # The library asks the environment once, at its first call: a process talks to one service, the hall's own.
    os.environ["PCSCLITE_CSOCK_NAME"] = str(options["service"])
    return _pcsc(name, options, resources)


def _sdt(name: str, options: Options, resources: Resources) -> Device:
    from drivers.sdt.reader import SdtCardReader
    from drivers.serial_line import SerialLine

    line = SerialLine(str(options["port"]), int(options.get("baud", 115200)), "card_reader")
    return SdtCardReader(line, name, added_address=bool(options.get("added_address", False)))


def _sdt_usb(name: str, options: Options, resources: Resources) -> Device:
    from drivers.sdt.reader import SdtCardReader
    from drivers.sdt.usb_line import PRODUCT, VENDOR, UsbLine

    line = UsbLine(int(options.get("vendor", VENDOR)), int(options.get("product", PRODUCT)))
    return SdtCardReader(line, name, added_address=bool(options.get("added_address", False)))


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
        OpenCvSource(_camera(options), int(options.get("width", 1920)), int(options.get("height", 1080))),
        reader=_text_reader(options),
    )


def _picture_document_camera(name: str, options: Options, resources: Resources) -> Device:
    from drivers.camera.document_camera import FrameDocumentCamera
    from drivers.camera.pictures import PictureSource

    return FrameDocumentCamera(PictureSource(Path(str(options["picture"]))), reader=_text_reader(options))


def _escpos(name: str, options: Options, resources: Resources) -> Device:
    from drivers.escpos.printer import EscPosPrinter

    return EscPosPrinter(
        str(options["address"]),
        font_directory=resources.font_directory,
        profile=str(options.get("profile", "epson")),
        name=name,
    )


def _text_reader(options: Options) -> TextReader | None:
    from drivers.camera.ocr import TextReader

    return TextReader() if options.get("ocr", False) else None


def _ipp(name: str, options: Options, resources: Resources) -> Device:
    from drivers.document_printer import A4
    from drivers.ipp.printer import IppPrinter

    try:
        return IppPrinter(
            str(options["uri"]), media=str(options.get("media", A4)), font_directory=resources.font_directory
        )
    except ValueError as error:
        raise OptionError(f"{name}: {error}") from error


def _camera(options: Options) -> int | str:
    device = options.get("device", 0)
    return device if isinstance(device, int) else str(device)


def _modbus_io(name: str, options: Options, resources: Resources) -> Device:
    from drivers.modbus.board import ModbusIoBoard
    from drivers.modbus.profile import ProfileError, load

    try:
        profile = load(str(options.get("profile", "generic_8x8")))
    except ProfileError as error:
        raise OptionError(f"{name}: {error}") from None
    return ModbusIoBoard(str(options["port"]), profile, int(options.get("baud", 9600)), int(options.get("unit", 1)))


def _nut(name: str, options: Options, resources: Resources) -> Device:
    from drivers.nut.ups import DEFAULT_PORT, NutPowerSupply

    return NutPowerSupply(
        str(options.get("ups", "ups")), str(options.get("host", "127.0.0.1")), int(options.get("port", DEFAULT_PORT))
    )


def _touch_panel(name: str, options: Options, resources: Resources) -> Device:
    from drivers.system.touch_panel import TouchPanel

    return TouchPanel(str(options.get("device", "")), str(options.get("name", "")))


def _loudspeaker(name: str, options: Options, resources: Resources) -> Device:
    from drivers.system.loudspeaker import Loudspeaker

    return Loudspeaker(str(options.get("card", "")))


def _clock(name: str, options: Options, resources: Resources) -> Device:
    from drivers.system.clock import Clock

    return Clock()


def _storage(name: str, options: Options, resources: Resources) -> Device:
    from drivers.system.storage import NEARLY_FULL_BYTES, Storage

    nearly_full = int(float(options.get("nearly_full_mb", NEARLY_FULL_BYTES / 1024**2)) * 1024**2)
    return Storage(Path(str(options["directory"])), nearly_full)


def _temperature(name: str, options: Options, resources: Resources) -> Device:
    from drivers.system.temperature import Temperature

    return Temperature(float(options.get("high", 75)), float(options.get("too_hot", 90)))


def _pcsc_bench() -> Bench:
    from drivers.sim.benches.pcsc_reader import PcscBench

    return PcscBench()


def _travel_document_bench() -> Bench:
    from drivers.sim.benches.travel_document import TravelDocumentBench

    return TravelDocumentBench()


def _sdt_bench() -> Bench:
    from drivers.sim.benches.sdt_serial import SdtBench

    return SdtBench()


def _sdt_usb_bench() -> Bench:
    from drivers.sim.benches.sdt_serial import SdtUsbBench

    return SdtUsbBench()


def _camera_scanner_bench() -> Bench:
    from drivers.sim.benches.cameras import CameraScannerBench

    return CameraScannerBench()


def _document_camera_bench() -> Bench:
    from drivers.sim.benches.cameras import DocumentCameraBench

    return DocumentCameraBench()


def _serial_scanner_bench() -> Bench:
    from drivers.sim.benches.serial_scanner import SerialScannerBench

    return SerialScannerBench()


def _modbus_bench() -> Bench:
    from drivers.sim.benches.modbus_io import ModbusBench

    return ModbusBench()


def _nut_bench() -> Bench:
    from drivers.sim.benches.nut import NutBench

    return NutBench()


def _temperature_bench() -> Bench:
    from drivers.sim.benches.system import TemperatureBench

    return TemperatureBench()


def _loudspeaker_bench() -> Bench:
    from drivers.sim.benches.system import LoudspeakerBench

    return LoudspeakerBench()


def _touch_panel_bench() -> Bench:
    from drivers.sim.benches.system import TouchPanelBench

    return TouchPanelBench()


def _ipp_bench() -> Bench:
    from drivers.sim.benches.ipp import IppBench

    return IppBench()


def _printer_bench(line: str, profile: str) -> Callable[[], Bench]:
    def make() -> Bench:
        from drivers.sim.benches.escpos import PrinterBench

        return PrinterBench(line, profile)

    return make


_CAMERA_OPTIONS = frozenset({"device", "width", "height"})

_DRIVERS: dict[str, Driver] = {
    "pcsc": Driver(
        "card_reader",
        frozenset({"reader", "csca"}),
        _pcsc,
        candidates=candidates.pcsc,
        benches=(_pcsc_bench, _travel_document_bench),
    ),
    "sdt": Driver(
        "card_reader",
        frozenset({"port", "baud", "added_address"}),
        _sdt,
        required=frozenset({"port"}),
        candidates=candidates.sdt,
        benches=(_sdt_bench,),
    ),
    "sdt_usb": Driver(
        "card_reader",
        frozenset({"vendor", "product", "added_address"}),
        _sdt_usb,
        candidates=candidates.sdt_usb,
        benches=(_sdt_usb_bench,),
    ),
    "camera_scanner": Driver(
        "code_scanner",
        _CAMERA_OPTIONS,
        _camera_scanner,
        candidates=candidates.camera_scanner,
        benches=(_camera_scanner_bench,),
    ),
    "serial_scanner": Driver(
        "code_scanner",
        frozenset({"port", "framing", "baud"}),
        _serial_scanner,
        required=frozenset({"port"}),
        candidates=candidates.serial_scanner,
        benches=(_serial_scanner_bench,),
    ),
    "document_camera": Driver(
        "document_camera",
        _CAMERA_OPTIONS | {"ocr"},
        _document_camera,
        candidates=candidates.document_camera,
        benches=(_document_camera_bench,),
    ),
    "escpos": Driver(
        "receipt_printer",
        frozenset({"address", "profile"}),
        _escpos,
        required=frozenset({"address"}),
        benches=(
            _printer_bench("tcp", "epson"),
            _printer_bench("serial", "epson"),
            *(_printer_bench("tcp", profile) for profile in ("custom", "nippon", "clone")),
        ),
        candidates=candidates.escpos,
    ),
    "ipp": Driver(
        "document_printer", frozenset({"uri", "media"}), _ipp, required=frozenset({"uri"}), benches=(_ipp_bench,)
    ),
    "virtual_ipp": Driver(
        "document_printer", frozenset({"uri", "media"}), _ipp, virtual=True, required=frozenset({"uri"})
    ),
    "virtual_pcsc": Driver(
        "card_reader",
        frozenset({"reader", "csca", "service"}),
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
        frozenset({"picture", "ocr"}),
        _picture_document_camera,
        virtual=True,
        required=frozenset({"picture"}),
    ),
    "virtual_escpos": Driver(
        "receipt_printer", frozenset({"address", "profile"}), _escpos, virtual=True, required=frozenset({"address"})
    ),
    "modbus_io": Driver(
        "io_board",
        frozenset({"port", "baud", "unit", "profile"}),
        _modbus_io,
        required=frozenset({"port"}),
        candidates=candidates.modbus_io,
        benches=(_modbus_bench,),
    ),
    "virtual_modbus_io": Driver(
        "io_board", frozenset({"port", "profile"}), _modbus_io, virtual=True, required=frozenset({"port"})
    ),
    "nut": Driver("power_supply", frozenset({"ups", "host", "port"}), _nut, benches=(_nut_bench,)),
    "virtual_nut": Driver(
        "power_supply", frozenset({"ups", "host", "port"}), _nut, virtual=True, required=frozenset({"port"})
    ),
    "touch_panel": Driver("touch_panel", frozenset({"device", "name"}), _touch_panel, benches=(_touch_panel_bench,)),
    "loudspeaker": Driver("loudspeaker", frozenset({"card"}), _loudspeaker, benches=(_loudspeaker_bench,)),
    "clock": Driver("clock", frozenset(), _clock),
    "storage": Driver(
        "storage", frozenset({"directory", "nearly_full_mb"}), _storage, required=frozenset({"directory"})
    ),
    "temperature": Driver("temperature", frozenset({"high", "too_hot"}), _temperature, benches=(_temperature_bench,)),
}


def drivers() -> dict[str, Driver]:
    """Return every driver by name, vendors' packages included; one whose package is broken is left out (``find`` says why)."""
    vendors: dict[str, Driver] = {}
    for entry in entry_points(group=ENTRY_POINT_GROUP):
        with contextlib.suppress(BrokenDriverError):
            vendors[entry.name] = _loaded(entry)
    return {**vendors, **_DRIVERS}


def find(driver: str) -> Driver:
    """Return a driver by name. Raises ``UnknownDriverError`` and ``BrokenDriverError``."""
    if driver in _DRIVERS:
        return _DRIVERS[driver]
    for entry in entry_points(group=ENTRY_POINT_GROUP):
        if entry.name == driver:
            return _loaded(entry)
    raise UnknownDriverError(f"no driver is called {driver!r}; there are {', '.join(sorted(_DRIVERS))}")


def _loaded(entry: EntryPoint) -> Driver:
    try:
        found: object = entry.load()
    except (Exception, SystemExit) as error:  # a vendor's package may fail in any way, also by leaving the program
        raise BrokenDriverError(
            f"the driver {entry.name!r} cannot be loaded from {entry.value}: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(found, Driver):
        raise BrokenDriverError(f"{entry.value}, the driver {entry.name!r}, is no drivers.registry.Driver")
    return found


def check_options(driver: str, options: Options) -> None:
    """Raise ``OptionError`` for an option that the driver does not take, or that it needs and is not there.

    Raises ``UnknownDriverError`` and ``BrokenDriverError`` for the driver itself.
    """
    found = find(driver)
    unknown = set(options) - found.options
    if unknown:
        known = ", ".join(sorted(found.options))
        raise OptionError(f"{driver} takes no option {', '.join(sorted(unknown))}; it takes {known}")
    lacking = found.required - set(options)
    if lacking:
        raise OptionError(f"{driver} needs the option {', '.join(sorted(lacking))}")


def surroundings(root: Path, serial_ports: tuple[str, ...]) -> Surroundings:
    """Return the ports of the machine under ``root``, and more serial ports that the caller knows of."""

    def readers() -> tuple[str, ...]:
        from drivers.pcsc.service import PcscError, Service, StuckError

        deadline = Deadline.after(PROBE_SECONDS)
        try:
            service = Service(deadline)
            try:
                return service.readers(deadline)
            finally:
                service.release()
        except (PcscError, StuckError):
            return ()  # no service that answers: that is what the self-test is for

    return Surroundings(root, readers, serial_ports)


def virtual_hall(directory: Path) -> Hall:
    """Return the virtual hall of training mode, keeping its files in ``directory``."""
    from drivers.sim.hall import VirtualHall

    return VirtualHall(directory)
