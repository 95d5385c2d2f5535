"""From a driver's name in the configuration to a device; a vendor's package adds names by an entry point."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from drivers import candidates, factories
from drivers.base import Device
from drivers.conformance.bench import Bench, bench_at
from drivers.discovery import Candidate, Surroundings
from drivers.factories import OptionError, Options, Resources
from drivers.hall import Hall

ENTRY_POINT_GROUP = "civic_kiosk.drivers"
"""A package's entry point in this group is a ``Driver`` under the name that configurations use."""


class UnknownDriverError(Exception):
    """No driver has this name; the text lists those there are."""


class BrokenDriverError(Exception):
    """A vendor's package brings this driver, but it cannot be loaded or is none; the text says why."""


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


_CAMERA_OPTIONS = frozenset({"device", "width", "height"})
_BENCHES = "drivers.sim.benches"
_PRINTER_BENCH = f"{_BENCHES}.escpos:PrinterBench"

_DRIVERS: dict[str, Driver] = {
    "pcsc": Driver(
        "card_reader",
        frozenset({"reader", "csca"}),
        factories.pcsc,
        candidates=candidates.pcsc,
        benches=(
            bench_at(f"{_BENCHES}.pcsc_reader:PcscBench"),
            bench_at(f"{_BENCHES}.travel_document:TravelDocumentBench"),
        ),
    ),
    "sdt": Driver(
        "card_reader",
        frozenset({"port", "baud", "added_address"}),
        factories.sdt,
        required=frozenset({"port"}),
        candidates=candidates.sdt,
        benches=(bench_at(f"{_BENCHES}.sdt_serial:SdtBench"),),
    ),
    "sdt_usb": Driver(
        "card_reader",
        frozenset({"vendor", "product", "added_address"}),
        factories.sdt_usb,
        candidates=candidates.sdt_usb,
        benches=(bench_at(f"{_BENCHES}.sdt_serial:SdtUsbBench"),),
    ),
    "camera_scanner": Driver(
        "code_scanner",
        _CAMERA_OPTIONS,
        factories.camera_scanner,
        candidates=candidates.camera_scanner,
        benches=(bench_at(f"{_BENCHES}.cameras:CameraScannerBench"),),
    ),
    "serial_scanner": Driver(
        "code_scanner",
        frozenset({"port", "framing", "baud"}),
        factories.serial_scanner,
        required=frozenset({"port"}),
        candidates=candidates.serial_scanner,
        benches=(bench_at(f"{_BENCHES}.serial_scanner:SerialScannerBench"),),
    ),
    "document_camera": Driver(
        "document_camera",
        _CAMERA_OPTIONS | {"ocr"},
        factories.document_camera,
        candidates=candidates.document_camera,
        benches=(bench_at(f"{_BENCHES}.cameras:DocumentCameraBench"),),
    ),
    "escpos": Driver(
        "receipt_printer",
        frozenset({"address", "profile"}),
        factories.escpos,
        required=frozenset({"address"}),
        candidates=candidates.escpos,
        benches=(
            bench_at(_PRINTER_BENCH, "tcp", "epson"),
            bench_at(_PRINTER_BENCH, "serial", "epson"),
            *(bench_at(_PRINTER_BENCH, "tcp", profile) for profile in ("custom", "nippon", "clone")),
        ),
    ),
    "ipp": Driver(
        "document_printer",
        frozenset({"uri", "media"}),
        factories.ipp,
        required=frozenset({"uri"}),
        candidates=candidates.ipp,
        benches=(bench_at(f"{_BENCHES}.ipp:IppBench"),),
    ),
    "modbus_io": Driver(
        "io_board",
        frozenset({"port", "baud", "unit", "profile"}),
        factories.modbus_io,
        required=frozenset({"port"}),
        candidates=candidates.modbus_io,
        benches=(bench_at(f"{_BENCHES}.modbus_io:ModbusBench"),),
    ),
    "nut": Driver(
        "power_supply",
        frozenset({"ups", "host", "port"}),
        factories.nut,
        candidates=candidates.nut,
        benches=(bench_at(f"{_BENCHES}.nut:NutBench"),),
    ),
    "touch_panel": Driver(
        "touch_panel",
        frozenset({"device", "name"}),
        factories.touch_panel,
        candidates=candidates.touch_panel,
        benches=(bench_at(f"{_BENCHES}.system:TouchPanelBench"),),
    ),
    "loudspeaker": Driver(
        "loudspeaker",
        frozenset({"card"}),
        factories.loudspeaker,
        candidates=candidates.loudspeaker,
        benches=(bench_at(f"{_BENCHES}.system:LoudspeakerBench"),),
    ),
    "clock": Driver("clock", frozenset(), factories.clock, candidates=candidates.clock),
    "storage": Driver(
        "storage",
        frozenset({"directory", "nearly_full_mb"}),
        factories.storage,
        required=frozenset({"directory"}),
        candidates=candidates.storage,
    ),
    "temperature": Driver(
        "temperature",
        frozenset({"high", "too_hot"}),
        factories.temperature,
        candidates=candidates.temperature,
        benches=(bench_at(f"{_BENCHES}.system:TemperatureBench"),),
    ),
    "virtual_pcsc": Driver(
        "card_reader",
        frozenset({"reader", "csca", "service"}),
        factories.virtual_pcsc,
        virtual=True,
        required=frozenset({"service"}),
    ),
    "virtual_sdt": Driver(
        "card_reader", frozenset({"port"}), factories.sdt, virtual=True, required=frozenset({"port"})
    ),
    "virtual_camera_scanner": Driver(
        "code_scanner", frozenset({"picture"}), factories.picture_scanner, virtual=True, required=frozenset({"picture"})
    ),
    "virtual_document_camera": Driver(
        "document_camera",
        frozenset({"picture", "ocr"}),
        factories.picture_document_camera,
        virtual=True,
        required=frozenset({"picture"}),
    ),
    "virtual_escpos": Driver(
        "receipt_printer",
        frozenset({"address", "profile"}),
        factories.escpos,
        virtual=True,
        required=frozenset({"address"}),
    ),
    "virtual_ipp": Driver(
        "document_printer", frozenset({"uri", "media"}), factories.ipp, virtual=True, required=frozenset({"uri"})
    ),
    "virtual_modbus_io": Driver(
        "io_board", frozenset({"port", "profile"}), factories.modbus_io, virtual=True, required=frozenset({"port"})
    ),
    "virtual_nut": Driver(
        "power_supply", frozenset({"ups", "host", "port"}), factories.nut, virtual=True, required=frozenset({"port"})
    ),
}
"""One row a driver. Benches are named, not imported: a terminal that runs never loads virtual hardware."""


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
    names = {*_DRIVERS, *(entry.name for entry in entry_points(group=ENTRY_POINT_GROUP))}
    raise UnknownDriverError(f"no driver is called {driver!r}; there are {', '.join(sorted(names))}")


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


def virtual_hall(directory: Path) -> Hall:
    """Return the virtual hall of training mode, keeping its files in ``directory``."""
    from drivers.sim.hall import VirtualHall

    return VirtualHall(directory)
