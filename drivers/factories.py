"""How each driver's device is made from its options in the configuration; the libraries that it needs are imported then."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from drivers.base import Device

if TYPE_CHECKING:
    from drivers.camera.ocr import TextReader

Options = Mapping[str, str | int | float | bool]


class OptionError(Exception):
    """A driver does not take this option, or not with this value."""


@dataclass(frozen=True)
class Resources:
    """What drivers may need from the program: where the fonts are."""

    font_directory: Path


def pcsc(name: str, options: Options, resources: Resources) -> Device:
    """PC/SC readers with ``reader`` in their name, or all; travel documents are judged by the certificates in ``csca``."""
    from drivers.pcsc import applications
    from drivers.pcsc.reader import PcscCardReader

    folder = str(options.get("csca", ""))
    known = applications.judging_by(Path(folder)) if folder else applications.APPLICATIONS
    return PcscCardReader(str(options.get("reader", "")), known=known)


def virtual_pcsc(name: str, options: Options, resources: Resources) -> Device:
    """The same, on the virtual hall's own service at ``service``."""
    # The library asks the environment once, at its first call: a process talks to one service, the hall's own.
    os.environ["PCSCLITE_CSOCK_NAME"] = str(options["service"])
    return pcsc(name, options, resources)


def sdt(name: str, options: Options, resources: Resources) -> Device:
    """An SDT reader on a serial ``port``."""
    from drivers.sdt.reader import SdtCardReader
    from drivers.serial_line import SerialLine

    line = SerialLine(str(options["port"]), int(options.get("baud", 115200)), "card_reader")
    return SdtCardReader(line, name, added_address=bool(options.get("added_address", False)))


def sdt_usb(name: str, options: Options, resources: Resources) -> Device:
    """An SDT reader on USB, of these numbers of ``vendor`` and ``product``."""
    from drivers.sdt.reader import SdtCardReader
    from drivers.sdt.usb_line import PRODUCT, VENDOR, UsbLine

    line = UsbLine(int(options.get("vendor", VENDOR)), int(options.get("product", PRODUCT)))
    return SdtCardReader(line, name, added_address=bool(options.get("added_address", False)))


def camera_scanner(name: str, options: Options, resources: Resources) -> Device:
    """Codes before a camera: ``device`` is OpenCV's number or a path."""
    from drivers.camera.opencv import OpenCvSource
    from drivers.camera.qr_scanner import CameraQrScanner

    return CameraQrScanner(
        OpenCvSource(_camera(options), int(options.get("width", 1280)), int(options.get("height", 720)))
    )


def picture_scanner(name: str, options: Options, resources: Resources) -> Device:
    """Codes on a ``picture`` in place of a camera's frames."""
    from drivers.camera.pictures import PictureSource
    from drivers.camera.qr_scanner import CameraQrScanner

    return CameraQrScanner(PictureSource(Path(str(options["picture"]))))


def serial_scanner(name: str, options: Options, resources: Resources) -> Device:
    """A scanner on a serial ``port``; ``framing`` is how it ends a code."""
    from drivers.serial_scanner.framing import FRAMINGS
    from drivers.serial_scanner.scanner import SerialQrScanner

    framing = options.get("framing", "cr")
    if framing not in FRAMINGS:
        raise OptionError(f"{name}: framing is one of {', '.join(FRAMINGS)}")
    return SerialQrScanner(str(options["port"]), framing, int(options.get("baud", 9600)))


def document_camera(name: str, options: Options, resources: Resources) -> Device:
    """Papers under a camera, read where ``ocr`` is wanted."""
    from drivers.camera.document_camera import FrameDocumentCamera
    from drivers.camera.opencv import OpenCvSource

    return FrameDocumentCamera(
        OpenCvSource(_camera(options), int(options.get("width", 1920)), int(options.get("height", 1080))),
        reader=_text_reader(options),
    )


def picture_document_camera(name: str, options: Options, resources: Resources) -> Device:
    """Papers on a ``picture`` in place of a camera's frames."""
    from drivers.camera.document_camera import FrameDocumentCamera
    from drivers.camera.pictures import PictureSource

    return FrameDocumentCamera(PictureSource(Path(str(options["picture"]))), reader=_text_reader(options))


def escpos(name: str, options: Options, resources: Resources) -> Device:
    """A receipt printer at ``address``; ``profile`` is the name or the path of its habits."""
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


def ipp(name: str, options: Options, resources: Resources) -> Device:
    """An A4 printer at ``uri``, loaded with ``media``."""
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


def modbus_io(name: str, options: Options, resources: Resources) -> Device:
    """The board ``unit`` on a serial ``port``; ``profile`` is the name or the path of its wiring."""
    from drivers.modbus.board import ModbusIoBoard
    from drivers.modbus.profile import ProfileError, load

    try:
        profile = load(str(options.get("profile", "generic_8x8")))
    except ProfileError as error:
        raise OptionError(f"{name}: {error}") from None
    return ModbusIoBoard(str(options["port"]), profile, int(options.get("baud", 9600)), int(options.get("unit", 1)))


def nut(name: str, options: Options, resources: Resources) -> Device:
    """The supply ``ups`` of the upsd at ``host`` and ``port``."""
    from drivers.nut.ups import DEFAULT_PORT, NutPowerSupply

    return NutPowerSupply(
        str(options.get("ups", "ups")), str(options.get("host", "127.0.0.1")), int(options.get("port", DEFAULT_PORT))
    )


def touch_panel(name: str, options: Options, resources: Resources) -> Device:
    """The panel at ``device``, or called ``name``, or any."""
    from drivers.system.touch_panel import TouchPanel

    return TouchPanel(str(options.get("device", "")), str(options.get("name", "")))


def loudspeaker(name: str, options: Options, resources: Resources) -> Device:
    """The sound card with this name or number, or any."""
    from drivers.system.loudspeaker import Loudspeaker

    return Loudspeaker(str(options.get("card", "")))


def clock(name: str, options: Options, resources: Resources) -> Device:
    """The machine's clock."""
    from drivers.system.clock import Clock

    return Clock()


def storage(name: str, options: Options, resources: Resources) -> Device:
    """The disk under ``directory``; ``nearly_full_mb`` is in units of 1024 * 1024 bytes."""
    from drivers.system.storage import NEARLY_FULL_BYTES, Storage

    nearly_full = int(float(options.get("nearly_full_mb", NEARLY_FULL_BYTES / 1024**2)) * 1024**2)
    return Storage(Path(str(options["directory"])), nearly_full)


def temperature(name: str, options: Options, resources: Resources) -> Device:
    """All sensors; ``high`` and ``too_hot`` are degrees Celsius."""
    from drivers.system.temperature import Temperature

    return Temperature(float(options.get("high", 75)), float(options.get("too_hot", 90)))
