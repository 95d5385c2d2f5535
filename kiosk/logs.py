"""Writes what happened as JSON lines that can never hold a citizen's data: only listed fields of listed events pass."""

from __future__ import annotations

import json
import re
import sys
import threading
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, TextIO

Severity = Literal["info", "warning", "error"]
FieldKind = Literal["code", "key", "number", "flag"]
FieldValue = str | int | float | bool

_ROOT = Path(__file__).resolve().parent.parent
EVENTS_FILE = _ROOT / "assets" / "events.toml"

LONGEST_CODE = 80
_CODE = re.compile(rf"[A-Za-z0-9_.:/+-]{{0,{LONGEST_CODE}}}", re.ASCII)
_LONG_NUMBER = re.compile(r"\d{11}")
"""As long as a telephone number, shorter than an identity number: no code has so many digits in a row."""
_KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


class UnlistedError(ValueError):
    """The event catalogue does not allow this event, field or value."""


@dataclass(frozen=True)
class EventKind:
    """One event of the catalogue: how grave it is and what it may carry."""

    severity: Severity
    meaning: str
    fields: Mapping[str, FieldKind]


def load_events(path: Path = EVENTS_FILE) -> dict[str, EventKind]:
    """Read the catalogue. Raises ``ValueError`` when an event is not whole or a kind of field unknown."""
    events: dict[str, EventKind] = {}
    for name, table in tomllib.loads(path.read_text(encoding="utf-8")).items():
        if set(table) != {"severity", "meaning", "fields"} or table["severity"] not in ("info", "warning", "error"):
            raise ValueError(f"event {name}: needs severity, meaning and fields")
        for field, kind in table["fields"].items():
            if kind not in ("code", "key", "number", "flag") or field in ("at", "event", "severity"):
                raise ValueError(f"event {name}: field {field} of kind {kind}")
        events[name] = EventKind(table["severity"], table["meaning"], table["fields"])
    return events


class EventLog:
    """Writes events to ``stream``, from any thread. Never raises in production and never holds anyone up for long.

    ``strict`` (tests, development) raises ``UnlistedError`` for what the catalogue does not allow; otherwise it is left
    out and reported. ``clock`` returns seconds since the epoch.
    """

    def __init__(
        self,
        stream: TextIO,
        clock: Callable[[], float],
        strict: bool = False,
    ) -> None:
        self._stream = stream
        self._clock = clock
        self._strict = strict
        self._events = load_events()
        self._lock = threading.Lock()
        self._last: dict[str, object] = {}
        self._lost = 0

    def event(self, name: str, **fields: FieldValue) -> None:
        """Write one event of the catalogue."""
        refused = self._refused(name, fields)
        if refused and self._strict:
            raise UnlistedError(f"{name}: {', '.join(refused) or 'not in the catalogue'}")
        for field in refused:
            self._write("log.refused", {"refused_event": _as_code(name), "refused_field": _as_code(field)})
        if name in self._events:
            self._write(name, {field: value for field, value in fields.items() if field not in refused})

    def change(self, subject: str, value: object, name: str, **fields: FieldValue) -> bool:
        """Write the event only if ``subject`` had another value (or none) before; return whether it was written."""
        with self._lock:
            if subject in self._last and self._last[subject] == value:
                return False
            self._last[subject] = value
        self.event(name, **fields)
        return True

    def forget(self, subject: str) -> bool:
        """Let the next ``change`` of ``subject`` be written again, whatever it is; return whether it had a value."""
        with self._lock:
            return self._last.pop(subject, None) is not None

    def crash(self, error: BaseException, thread: str = "") -> None:
        """Write where an unexpected exception came from. Its message is left out: it may quote a citizen's data."""
        file, line = _origin(error.__traceback__)
        self.event(
            "program.crashed",
            type=_as_code(type(error).__qualname__),
            file=_as_code(file),
            line=line,
            thread=_as_code(thread or threading.current_thread().name),
        )

    def catch_uncaught(self) -> None:
        """From now on every uncaught exception, in any thread or finaliser, becomes a ``program.crashed`` event."""

        def main_thread(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
            if not issubclass(kind, KeyboardInterrupt):
                self.crash(error.with_traceback(trace))

        def other_thread(arguments: threading.ExceptHookArgs) -> None:
            if arguments.exc_value is not None:
                self.crash(arguments.exc_value, arguments.thread.name if arguments.thread else "")

        def finaliser(arguments: Any) -> None:
            if arguments.exc_value is not None:
                self.crash(arguments.exc_value, "finaliser")

        sys.excepthook = main_thread
        threading.excepthook = other_thread
        sys.unraisablehook = finaliser

    def _refused(self, name: str, fields: Mapping[str, FieldValue]) -> list[str]:
        known = self._events.get(name)
        if known is None:
            return ["event"]
        return [field for field, value in fields.items() if not _fits(known.fields.get(field), value)]

    def _write(self, name: str, fields: Mapping[str, FieldValue]) -> None:
        with self._lock:
            # The log may be full, gone or closed: citizens come first. The next line that passes says how many did not.
            if self._lost and self._line("log.lines_lost", {"count": self._lost}):
                self._lost = 0
            if not self._line(name, fields):
                self._lost += 1

    def _line(self, name: str, fields: Mapping[str, FieldValue]) -> bool:
        at = datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="milliseconds")
        line = {"at": at, "severity": self._events[name].severity, "event": name, **fields}
        try:
            self._stream.write(json.dumps(line) + "\n")
            self._stream.flush()
        except (OSError, ValueError):
            return False
        return True


def _fits(kind: FieldKind | None, value: object) -> bool:
    match kind:
        case None:
            return False
        case "flag":
            return isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "key":
            return isinstance(value, str) and _KEY.fullmatch(value) is not None
        case "code":
            return isinstance(value, str) and _CODE.fullmatch(value) is not None and not _LONG_NUMBER.search(value)


def _as_code(text: str) -> str:
    code = re.sub(r"[^A-Za-z0-9_.:/+-]", "_", text)[-LONGEST_CODE:]
    return _LONG_NUMBER.sub("_", code)


def origin_of(error: BaseException) -> str:
    """Return kind and place of an unexpected exception. Its message is left out: it may quote a citizen's data."""
    file, line = _origin(error.__traceback__)
    return f"{type(error).__name__} {file}:{line}"


def _origin(trace: TracebackType | None) -> tuple[str, int]:
    """Return file and line of the innermost frame, of our own code where there is one."""
    file, line, own = "", 0, False
    while trace is not None:
        path = Path(trace.tb_frame.f_code.co_filename)
        ours = path.is_relative_to(_ROOT) and not path.is_relative_to(sys.prefix)
        if ours or not own:
            file, line, own = "/".join(path.parts[-3:]), trace.tb_lineno, ours
        trace = trace.tb_next
    return file, line
