"""``kiosk trace``: what goes over a device's wire, from the running terminal, or from the device itself while none runs."""

from __future__ import annotations

import json
import sys
import threading
import time
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from drivers.base import Deadline, DriverError
from drivers.wire import Direction, WireEvent
from kiosk.app import default_configuration, device_entries
from kiosk.config import ASSETS, ConfigurationError, load
from kiosk.control_client import NotAnsweringError, NotRunningError, connected
from kiosk.device_lock import DeviceLock
from kiosk.devices.desk import DeviceEntry
from kiosk.faults import Catalogue
from kiosk.selftest.words import TEXTS
from kiosk.status import is_running
from kiosk.texts import Texts

OPEN_SECONDS = 5.0
POLL_SECONDS = 2.0
_LOOK_SECONDS = 3600.0
_ARROWS = {Direction.OUT.value: "→", Direction.IN.value: "←"}


def run_trace(config: Path | None, device: str, as_json: bool, language: str) -> int:
    """Print until Ctrl-C or until the terminal hangs up; return 0, 1 for a device that cannot be had, 2 for a wrong call.

    An empty ``language`` is the terminal's own.
    """
    try:
        configuration = load(config or default_configuration())
        entries = {entry.name: entry for entry in device_entries(configuration)}
    except ConfigurationError as error:
        sys.stderr.write(f"kiosk trace: {error}\n")
        return 2
    if device not in entries:
        sys.stderr.write(f"kiosk trace: no device is called {device!r}; there are {', '.join(entries)}\n")
        return 2
    texts = Texts(TEXTS)
    language = language or configuration.terminal.language
    directory = configuration.storage.directory
    try:
        return _of_the_terminal(directory, device, as_json, texts, language)
    except KeyboardInterrupt:
        return 0
    except NotAnsweringError:
        sys.stderr.write(f"kiosk trace: {texts.get(language, 'borrow.not_answering')}\n")
        return 1
    except NotRunningError:
        if directory.exists() and is_running(configuration):
            sys.stderr.write(f"kiosk trace: {texts.get(language, 'borrow.not_answering')}\n")
            return 1
    lock = DeviceLock(directory)
    if not lock.take():
        sys.stderr.write(f"kiosk trace: {texts.get(language, 'borrow.lent')}\n")
        return 1
    try:
        return of_the_device(entries[device], as_json, texts, language)
    except KeyboardInterrupt:
        return 0
    finally:
        lock.release()


def show(line: dict[str, Any], as_json: bool) -> str:
    """Return one wire event as a line: time, direction, bytes, masked hexadecimal, meaning."""
    if as_json:
        return json.dumps(line, ensure_ascii=False)
    moment = datetime.fromtimestamp(float(line["time"])).astimezone()
    arrow = _ARROWS.get(str(line["direction"]), "?")
    return f"{moment:%H:%M:%S.%f}"[:-3] + f" {arrow} {line['length']:>5}  {line['meaning']}\n{'':>22}{line['shown']}"


def _of_the_terminal(directory: Path, device: str, as_json: bool, texts: Texts, language: str) -> int:
    with connected(directory) as client:
        answer = client.ask({"ask": "trace", "device": device})
        if "error" in answer:
            sys.stderr.write(f"kiosk trace: {answer['error']}\n")
            return 1
        sys.stderr.write(texts.get(language, "trace.tracing", device=device) + "\n")
        for code in answer.get("codes", ()):
            _tell(device, str(code), texts, language)
        while True:
            try:
                line = client.next_line(Deadline.after(_LOOK_SECONDS))
            except NotAnsweringError:
                sys.stderr.write(texts.get(language, "trace.ended") + "\n")
                return 0
            if line is None:
                continue
            if "lost" in line:
                sys.stderr.write(texts.get(language, "trace.lost", count=int(line["lost"])) + "\n")
            else:
                _print(show(line, as_json))


def of_the_device(
    entry: DeviceEntry, as_json: bool, texts: Texts, language: str, stop: threading.Event | None = None
) -> int:
    """Open the device, poll it as the terminal would and show what goes over its wire, until Ctrl-C or ``stop``."""
    stop = stop or threading.Event()

    def saw(event: WireEvent) -> None:
        line = {
            "time": time.time(),
            "direction": event.direction.value,
            "length": event.length,
            "shown": event.shown,
            "meaning": event.meaning,
        }
        _print(show(line, as_json))

    sys.stderr.write(texts.get(language, "trace.tracing", device=entry.name) + "\n")
    try:
        with closing(entry.factory()) as device:
            device.watcher = saw
            device.open(Deadline.after(OPEN_SECONDS))
            while True:
                device.poll(Deadline.after(OPEN_SECONDS))
                if stop.wait(POLL_SECONDS):
                    return 0
    except DriverError as error:
        _tell(entry.name, error.fault.code, texts, language)
        if error.fault.evidence:
            sys.stderr.write(f"  {texts.get(language, 'label.evidence')} {error.fault.evidence}\n")
        return 1


def _tell(device: str, code: str, texts: Texts, language: str) -> None:
    """Say what is wrong with the device: one that is not there has nothing on its wire."""
    reason, remedy = Catalogue.installed(ASSETS / "faults").for_technician(code, language)
    said = texts.get(language, "trace.device", device=device, reason=reason, remedy=remedy, code=code)
    sys.stderr.write(said + "\n")


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
