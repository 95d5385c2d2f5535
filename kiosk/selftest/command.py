"""``kiosk selftest``: opens every configured device, runs its own checks, and says in a table what is wrong and what to do."""

from __future__ import annotations

import json
import sys
import threading
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from drivers.base import Check, CheckOutcome, Deadline, DriverError, Fault
from kiosk.app import default_configuration, device_entries
from kiosk.config import ASSETS, ConfigurationError, load
from kiosk.devices.desk import DeviceEntry
from kiosk.faults import Catalogue
from kiosk.status import is_running

OPEN_SECONDS = 6.0
TEST_SECONDS = 20.0


@dataclass(frozen=True)
class Line:
    """One row of the table."""

    device: str
    check: str
    outcome: CheckOutcome
    code: str
    evidence: str


def examine(entry: DeviceEntry) -> list[Line]:
    """Open one device, run its checks and close it. A device that is not there is one failed line, and so is a driver's bug."""
    try:
        with closing(entry.factory()) as device:
            device.open(Deadline.after(OPEN_SECONDS))
            checks = device.self_test(Deadline.after(TEST_SECONDS))
    except DriverError as error:
        checks = (Check("connection", CheckOutcome.FAIL, error.fault, error.fault.evidence),)
    except Exception as error:  # noqa: BLE001 - the command must say which device it was
        fault = Fault("device.software_error", type(error).__name__)
        checks = (Check("connection", CheckOutcome.FAIL, fault, f"{type(error).__name__}: {error}"),)
    return [
        Line(entry.name, check.name, check.outcome, check.fault.code if check.fault else "", check.evidence)
        for check in checks
    ]


def examine_all(entries: tuple[DeviceEntry, ...]) -> list[Line]:
    """Examine all devices at once; one that does not return in time is a failed line, not a hanging command."""
    found: dict[str, list[Line]] = {}

    def work(entry: DeviceEntry) -> None:
        found[entry.name] = examine(entry)

    threads = [threading.Thread(target=work, args=(entry,), daemon=True) for entry in entries]
    deadline = Deadline.after(OPEN_SECONDS + TEST_SECONDS + 4.0)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(deadline.remaining())
    lines: list[Line] = []
    for entry in entries:
        hung = [Line(entry.name, "connection", CheckOutcome.FAIL, "device.hung", "")]
        lines += found.get(entry.name, hung)
    return lines


def run_selftest(config: Path | None, device: str | None, as_json: bool, language: str) -> int:
    """Print the table; return 0 if nothing failed, 1 if something did, 2 for a wrong call."""
    try:
        configuration = load(config or default_configuration())
        entries = device_entries(configuration)
    except ConfigurationError as error:
        sys.stderr.write(f"kiosk selftest: {error}\n")
        return 2
    if device is not None:
        chosen = tuple(entry for entry in entries if entry.name == device)
        if not chosen:
            names = ", ".join(entry.name for entry in entries)
            sys.stderr.write(f"kiosk selftest: no device is called {device!r}; there are {names}\n")
            return 2
        entries = chosen
    if is_running(configuration):
        sys.stderr.write(
            "kiosk selftest: the terminal is running and holds its devices; stop it first (systemctl stop kiosk)\n"
        )
        return 1
    lines = examine_all(entries)
    catalogue = Catalogue.load(ASSETS / "faults")
    if as_json:
        sys.stdout.write(json.dumps([_as_json(line, catalogue, language) for line in lines], ensure_ascii=False) + "\n")
    else:
        _print_table(lines, catalogue, language)
    return 1 if any(line.outcome is CheckOutcome.FAIL for line in lines) else 0


def _words(line: Line, catalogue: Catalogue, language: str) -> tuple[str, str]:
    return catalogue.for_technician(line.code, language) if line.code else ("", "")


def _as_json(line: Line, catalogue: Catalogue, language: str) -> dict[str, str]:
    reason, remedy = _words(line, catalogue, language)
    return {
        "device": line.device,
        "check": line.check,
        "outcome": line.outcome.value,
        "code": line.code,
        "reason": reason,
        "remedy": remedy,
        "evidence": line.evidence,
    }


def _print_table(lines: list[Line], catalogue: Catalogue, language: str) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    colours = {"pass": "green", "warn": "yellow", "fail": "bold red", "skip": "dim"}
    table = Table(show_lines=False)
    for heading in ("device", "check", "outcome", "reason", "remedy", "evidence"):
        table.add_column(heading, overflow="fold", no_wrap=heading in ("device", "check", "outcome"))
    for line in lines:
        reason, remedy = _words(line, catalogue, language)
        if line.code:
            reason = f"{reason} [{line.code}]"
        outcome = Text(line.outcome.value, colours[line.outcome.value])
        table.add_row(Text(line.device), Text(line.check), outcome, Text(reason), Text(remedy), Text(line.evidence))
    Console().print(table)
