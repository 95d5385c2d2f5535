"""One mistake in each of several real drivers, on its own bench: the suite finds it, and nothing before the mistake is made."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import Any, NamedTuple

import pytest
from known_benches import CODES

from drivers.base import Deadline, DeviceState, Health
from drivers.camera import opencv
from drivers.conformance import suite
from drivers.conformance.bench import Bench, Disturbance
from drivers.conformance.case import Case, Kind
from drivers.escpos.printer import EscPosPrinter
from drivers.ipp.printer import IppPrinter
from drivers.modbus.board import ModbusIoBoard
from drivers.nut.ups import NutPowerSupply
from drivers.sdt.reader import SdtCardReader
from drivers.sim.benches.cameras import DocumentCameraBench
from drivers.sim.benches.escpos import PrinterBench
from drivers.sim.benches.ipp import IppBench
from drivers.sim.benches.modbus_io import ModbusBench
from drivers.sim.benches.nut import NutBench
from drivers.sim.benches.sdt_serial import SdtBench
from drivers.sim.benches.serial_scanner import SerialScannerBench
from drivers.sim.benches.system import TemperatureBench
from drivers.system.temperature import Temperature
from drivers.wire import shown

Broken = Callable[[pytest.MonkeyPatch], None]


def instead(owner: type, name: str, work: Callable[..., Any]) -> Broken:
    """``work`` is called in place of a method, with the method as its first argument."""

    def breaks(patch: pytest.MonkeyPatch) -> None:
        method = getattr(owner, name)
        patch.setattr(owner, name, lambda *arguments: work(method, *arguments))

    return breaks


def from_memory(method: Callable[..., Any], device: Any, *arguments: Any) -> Any:
    if not hasattr(device, "remembered"):
        device.remembered = method(device, *arguments)
    return device.remembered


def deaf(method: Callable[..., Any], device: Any, deadline: Deadline, cancel: Event) -> Any:
    return method(device, deadline, Event())


def never_frozen(patch: pytest.MonkeyPatch) -> None:
    made = opencv.OpenCvSource.__init__

    def patient(source: Any, *arguments: Any, **options: Any) -> None:
        made(source, *arguments, **{**options, "frozen_after": 1e9})

    patch.setattr(opencv.OpenCvSource, "__init__", patient)


def unmasked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("drivers.serial_scanner.scanner.shown", lambda data, personal=None: shown(data))


def well(method: Callable[..., Any], device: Any, deadline: Deadline) -> Health:
    return Health(DeviceState.ONLINE)


def nothing(method: Callable[..., Any], *arguments: Any) -> None:
    return None


def always_on(method: Callable[..., Any], board: ModbusIoBoard, slot: str, on: bool, deadline: Deadline) -> None:
    method(board, slot, True, deadline)


class Mistake(NamedTuple):
    """Where it is made, and in which kind of case it is found with which words."""

    bench: Callable[[], Bench]
    breaks: Broken
    kind: Kind
    operation: str
    wrong: str
    disturbance: Disturbance | None = None


def printer() -> Bench:
    return PrinterBench("tcp", "clone")


GONE = "says nothing of hardware that suffers"
MISTAKES = {
    "UPS that asks once and answers from memory": Mistake(
        NutBench, instead(NutPowerSupply, "power", from_memory), Kind.GOOD, "power", "mains, low"
    ),
    "UPS whose poll asks nothing": Mistake(
        NutBench, instead(NutPowerSupply, "poll", well), Kind.NOTICED, "poll", GONE, Disturbance.UNPLUG
    ),
    "thermometer that remembers": Mistake(
        TemperatureBench, instead(Temperature, "celsius", from_memory), Kind.GOOD, "celsius", "degrees"
    ),
    "card reader that cannot be cancelled": Mistake(
        SdtBench, instead(SdtCardReader, "wait_card", deaf), Kind.CANCEL, "read", "after it was cancelled"
    ),
    "card reader whose reset does nothing": Mistake(
        SdtBench,
        instead(SdtCardReader, "reset", nothing),
        Kind.DISTURBED,
        "reset",
        "asks the hardware nothing",
        Disturbance.LATE,
    ),
    "board whose fan stands still": Mistake(
        ModbusBench, instead(ModbusIoBoard, "set_fan", nothing), Kind.GOOD, "set_fan", "and it is not"
    ),
    "board whose lights never go off": Mistake(
        ModbusBench, instead(ModbusIoBoard, "set_light", always_on), Kind.GOOD, "set_light", "and it is not"
    ),
    "board that remembers its switches": Mistake(
        ModbusBench, instead(ModbusIoBoard, "inputs", from_memory), Kind.GOOD, "inputs", "the switches are"
    ),
    "camera whose freezing nobody looks for": Mistake(
        DocumentCameraBench, never_frozen, Kind.NOTICED, "poll", GONE, Disturbance.HANG
    ),
    "printer whose poll asks nothing": Mistake(
        printer, instead(EscPosPrinter, "poll", well), Kind.NOTICED, "poll", GONE, Disturbance.MUTE
    ),
    "A4 printer that knows of no job": Mistake(
        IppBench, instead(IppPrinter, "_listed", nothing), Kind.GOOD, "find", "the job is printed"
    ),
    "code in a trace": Mistake(SerialScannerBench, unmasked, Kind.GOOD, "scan", "tells what is on"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_the_suite_finds_a_mistake_in_a_real_driver(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mistake = MISTAKES[name]
    bench = mistake.bench()
    bench.good_seconds = 5.0
    # A cancelled call finds something at once in some cases, and waits in the others.
    cases = [
        Case(bench.name, 1, number, mistake.kind, mistake.operation, mistake.disturbance)
        for number in range(4 if mistake.kind is Kind.CANCEL else 1)
    ]
    with suite.started(bench):
        right = [suite.run(case, bench, CODES).finding for case in cases]
        bench.conversations.clear()
        mistake.breaks(monkeypatch)
        found = [suite.run(case, bench, CODES).finding for case in cases]
        monkeypatch.undo()
    assert right == [None] * len(cases)
    assert any(finding and mistake.wrong in finding.wrong for finding in found), found
