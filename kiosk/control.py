"""The running terminal's control socket: says how it is, lends its devices, shows what goes over their wires.

One JSON object a line, in both directions. ``{"ask": "status"}`` is answered once. ``{"ask": "step_aside", "devices": [...],
"seconds": 600, "now": false}`` is answered by events (``LoanEvent``) and ends with ``{"ask": "give_back"}``, with the
connection, or with the time. ``{"ask": "trace", "device": "..."}`` is answered by wire events until the connection ends.
"""

from __future__ import annotations

import contextlib
import errno
import json
import queue
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from drivers.wire import WireEvent
from kiosk.control_address import LONGEST_LINE, NAME, address, peer_may_enter
from kiosk.devices.desk import DeviceDesk
from kiosk.lending import Lender, Loan, LoanEvent
from kiosk.logs import EventLog
from kiosk.terminal import Terminal

LONGEST_LOAN = 25 * 3600.0
"""A day's soak, and what comes before and after it. A borrower that dies gives back at once, whatever it asked for."""
MOST_CONNECTIONS = 8
_QUEUE_LINES = 2000
_SEND_SECONDS = 5.0
_PAUSE_SECONDS = 1.0
"""Between two tries to take a connection while the machine has no descriptor or thread to spare."""


@dataclass(frozen=True)
class Controlled:
    """What the socket gives access to."""

    terminal_id: str
    terminal: Terminal
    devices: DeviceDesk
    lender: Lender


class ControlSocket:
    """Serves the socket in ``directory`` on threads of its own."""

    def __init__(self, directory: Path, controlled: Controlled, log: EventLog) -> None:
        """Bind it. Raises ``OSError``."""
        self._controlled = controlled
        self._log = log
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._stopping = threading.Event()
        (directory / NAME).unlink(missing_ok=True)
        try:
            with address(directory) as bound:
                self._listener.bind(bound)
            (directory / NAME).chmod(0o600)
            self._listener.listen(MOST_CONNECTIONS)
        except OSError:
            self._listener.close()
            raise
        self._thread = threading.Thread(target=self._accept, name="control", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Close the socket and every connection."""
        with self._lock:
            self._stopping.set()
            connections = tuple(self._connections)
        for each in (self._listener, *connections):
            with contextlib.suppress(OSError):  # the other end was faster
                each.shutdown(socket.SHUT_RDWR)
        if self._thread.ident is not None:
            self._thread.join(1.0)
        self._listener.close()

    def _accept(self) -> None:
        """Take connections until stopped. What keeps one from being taken (no descriptor, no thread) passes: who knocked waits."""
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError as error:
                self._wait_for_better(errno.errorcode.get(error.errno or 0, "OSError"))
                continue
            with self._lock:
                welcome = not self._stopping.is_set() and len(self._connections) < MOST_CONNECTIONS
                if welcome:
                    self._connections.add(connection)
            if not welcome or not peer_may_enter(connection):
                self._forget(connection)
                continue
            try:
                threading.Thread(target=self._serve, args=(connection,), name="control-connection", daemon=True).start()
            except RuntimeError:
                self._forget(connection)
                self._wait_for_better("no_thread")
                continue
            if self._log.forget("control"):
                self._log.event("control.back")

    def _wait_for_better(self, code: str) -> None:
        if not self._stopping.is_set():
            self._log.change("control", code, "control.unavailable", code=code)
            self._stopping.wait(_PAUSE_SECONDS)

    def _serve(self, connection: socket.socket) -> None:
        try:
            Conversation(connection, self._controlled).run()
        finally:
            self._forget(connection)

    def _forget(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.discard(connection)
        connection.close()


class Conversation:
    """One connection: this thread reads, another writes, so that nobody who has something to say ever waits for the reader."""

    def __init__(self, connection: socket.socket, controlled: Controlled) -> None:
        self._connection = connection
        self._controlled = controlled
        self._lines: queue.Queue[dict[str, Any] | None] = queue.Queue(_QUEUE_LINES)
        self._loan: Loan | None = None
        self._over = False
        self._traced = ""
        self._lost = 0

    def run(self) -> None:
        """Answer until the connection ends; then give back what was lent and watch no more."""
        writer = threading.Thread(target=self._write, name="control-writer", daemon=True)
        writer.start()
        try:
            with self._connection.makefile("rb") as lines:
                while line := lines.readline(LONGEST_LINE):
                    self._take(line)
        except OSError:
            pass  # the connection broke, which is one way to hang up
        finally:
            if self._traced:
                self._controlled.devices.watch(self._traced, None)
            self._controlled.devices.post("give back", self._end_loan)
            with contextlib.suppress(OSError):  # a writer that waits for a reader that went
                self._connection.shutdown(socket.SHUT_RDWR)
            with contextlib.suppress(queue.Full):  # then the writer meets the end of the connection
                self._lines.put_nowait(None)
            writer.join(_SEND_SECONDS + 1.0)

    def _take(self, line: bytes) -> None:
        try:
            question = json.loads(line)
        except ValueError:
            question = None
        if not isinstance(question, dict):
            self._say({"error": "one JSON object a line"})
            return
        asked = cast("dict[str, Any]", question)
        answers: Mapping[str, Callable[[dict[str, Any]], None]] = {
            "status": self._status,
            "step_aside": self._step_aside,
            "give_back": self._give_back,
            "trace": self._trace,
        }
        answer = answers.get(str(asked.get("ask")))
        if answer is None:
            self._say({"error": f"ask is one of {', '.join(answers)}"})
        else:
            answer(asked)

    def _status(self, asked: dict[str, Any]) -> None:
        del asked
        controlled = self._controlled
        health = controlled.devices.availability.health
        self._say(
            {
                "terminal": controlled.terminal_id,
                "responsive": controlled.terminal.responsive,
                "in_session": controlled.terminal.in_session,
                "aside": controlled.lender.lent,
                "devices": [
                    {
                        "device": entry.name,
                        "class": entry.device_class,
                        "driver": entry.driver,
                        "state": health(entry.name).state.value,
                        "codes": [fault.code for fault in health(entry.name).faults],
                    }
                    for entry in controlled.devices.entries
                ],
                "services": [
                    {"service": name, "reason": reason} for name, reason in controlled.terminal.services_state()
                ],
            }
        )

    # ---- lending

    def _step_aside(self, asked: dict[str, Any]) -> None:
        known = {entry.name for entry in self._controlled.devices.entries}
        wanted, seconds = asked.get("devices"), asked.get("seconds")
        if not isinstance(wanted, list) or not isinstance(seconds, int | float) or not 0 < seconds <= LONGEST_LOAN:
            self._say({"error": f"step_aside needs devices, a list, and seconds, up to {LONGEST_LOAN:.0f}"})
            return
        names = frozenset(str(name) for name in cast("list[object]", wanted))
        if names - known:
            self._say({"error": f"no device {', '.join(sorted(names - known))}"})
            return
        if not self._controlled.terminal.responsive:
            self._say({"error": "hung"})
            return
        now = asked.get("now") is True
        self._controlled.devices.post("step aside", lambda: self._lend(names, float(seconds), now))

    def _lend(self, names: frozenset[str], seconds: float, now: bool) -> None:
        if self._over:
            return  # hung up before the terminal came to it
        if self._loan is None:
            self._loan = self._controlled.lender.lend(names, seconds, now, self._tell)
        if self._loan is None:
            self._say({"error": "lent"})

    def _tell(self, event: LoanEvent, held: frozenset[str]) -> None:
        self._say({"event": event.value, "held": sorted(held)})
        if event is LoanEvent.TIME_IS_UP:
            self._loan = None

    def _give_back(self, asked: dict[str, Any]) -> None:
        del asked

        def give() -> None:
            if self._loan is not None:
                self._controlled.lender.give_back(self._loan)
                self._loan = None
            self._say({"event": "given_back"})

        self._controlled.devices.post("give back", give)

    def _end_loan(self) -> None:
        self._over = True
        if self._loan is not None:
            self._controlled.lender.give_back(self._loan)
            self._loan = None

    # ---- tracing

    def _trace(self, asked: dict[str, Any]) -> None:
        name = str(asked.get("device"))
        if self._traced or name not in {entry.name for entry in self._controlled.devices.entries}:
            self._say({"error": f"no device {name}" if not self._traced else f"{self._traced} is traced already"})
            return
        self._traced = name
        health = self._controlled.devices.availability.health(name)
        self._say({"event": "tracing", "device": name, "codes": [fault.code for fault in health.faults]})
        self._controlled.devices.watch(name, self._saw)

    def _saw(self, event: WireEvent) -> None:
        self._say(
            {
                "time": time.time(),
                "direction": event.direction.value,
                "length": event.length,
                "shown": event.shown,
                "meaning": event.meaning,
            }
        )

    # ---- writing

    def _say(self, line: dict[str, Any]) -> None:
        """Queue a line, from any thread; a reader that does not read loses lines, and is told how many."""
        try:
            if self._lost:
                self._lines.put_nowait({"lost": self._lost})
                self._lost = 0
            self._lines.put_nowait(line)
        except queue.Full:
            self._lost += 1

    def _write(self) -> None:
        self._connection.settimeout(None)
        while (line := self._lines.get()) is not None:
            try:
                self._connection.sendall(json.dumps(line, ensure_ascii=False).encode() + b"\n")
            except OSError:
                with contextlib.suppress(OSError):  # it is closed already
                    self._connection.shutdown(socket.SHUT_RDWR)
                return
