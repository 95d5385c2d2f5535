"""The commands' end of the control socket: asks a running terminal, and knows when there is none or it does not answer."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from drivers.base import Deadline
from kiosk.control_address import LONGEST_LINE, address

ANSWER_SECONDS = 12.0
"""A terminal that has not answered by then hangs: its own watchdog gives it ten seconds."""


class NotRunningError(Exception):
    """Nobody listens: no terminal runs with this storage directory."""


class NotAnsweringError(Exception):
    """A terminal listens but does not answer, hung up, or answers nonsense."""


class ControlClient:
    """One connection. ``ask`` and ``next_line`` are for one thread; ``hang_up`` may come from another."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._buffer = b""

    def send(self, question: dict[str, Any]) -> None:
        """Send a question. Raises ``NotAnsweringError``."""
        try:
            self._connection.settimeout(ANSWER_SECONDS)
            self._connection.sendall(json.dumps(question).encode() + b"\n")
        except OSError as error:
            raise NotAnsweringError(str(error)) from error

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """Send a question and return the next line. Raises ``NotAnsweringError``, also for silence."""
        self.send(question)
        line = self.next_line(Deadline.after(ANSWER_SECONDS))
        if line is None:
            raise NotAnsweringError("no answer in time")
        return line

    def next_line(self, deadline: Deadline) -> dict[str, Any] | None:
        """Return the next line, None when none came in time. Raises ``NotAnsweringError`` when the terminal hung up."""
        while b"\n" not in self._buffer:
            if deadline.expired:
                return None
            self._connection.settimeout(max(0.001, deadline.remaining()))
            try:
                data = self._connection.recv(LONGEST_LINE)
            except TimeoutError:
                return None
            except OSError as error:
                raise NotAnsweringError(str(error)) from error
            if not data or len(self._buffer) > LONGEST_LINE:
                raise NotAnsweringError("the terminal hung up")
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        try:
            return dict(json.loads(line))
        except (ValueError, TypeError) as error:
            raise NotAnsweringError("not a JSON object") from error

    def hang_up(self) -> None:
        """End the conversation; who waits for a line is woken."""
        with contextlib.suppress(OSError):  # the terminal was faster
            self._connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def connected(directory: Path) -> Generator[ControlClient]:
    """Connect to the terminal that keeps its files in ``directory``. Raises ``NotRunningError``."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(ANSWER_SECONDS)
        try:
            with address(directory) as where:
                connection.connect(where)
        except OSError as error:
            raise NotRunningError(str(error)) from error
        yield ControlClient(connection)
