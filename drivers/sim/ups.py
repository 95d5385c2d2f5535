"""A virtual UPS: a daemon that speaks NUT's protocol on a port of its own, and can behave as badly as a network allows."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress

_STOP_SECONDS = 5.0

Spoil = Callable[[bytes], bytes | None]
"""Makes of an answer what goes over the wire instead; None closes the connection."""


class VirtualUps:
    """One supply called ``name`` behind a daemon at ``port``. Every call may come from any thread."""

    def __init__(self, name: str = "ups") -> None:
        self.name = name
        self._lock = threading.Lock()
        self._variables = {
            "battery.charge": "100",
            "battery.runtime": "1800",
            "device.model": "Virtual 1000",
            "device.serial": "V0001",
            "ups.status": "OL CHRG",
        }
        self.refusal = ""
        """Answered to every question while it is set, such as ``DATA-STALE``."""
        self.spoil: Spoil | None = None
        self._server: socket.socket | None = None
        self._port = 0
        self._threads: list[threading.Thread] = []
        self._connections: set[socket.socket] = set()

    @property
    def port(self) -> int:
        """Where it listens; the same after every ``plug``."""
        return self._port

    def start(self) -> None:
        """Begin to listen; nothing happens when it does."""
        with self._lock:
            if self._server is not None:
                return
            server = socket.socket()
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind(("127.0.0.1", self._port))
            server.listen(16)
            self._server, self._port = server, server.getsockname()[1]
            self._spawn(self._accept, server)

    def stop(self) -> None:
        """Close everything; no thread is left."""
        with self._lock:
            server, self._server = self._server, None
            for each in (*self._connections, *([server] if server else [])):
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
            threads, self._threads = self._threads, []
        for thread in threads:
            if thread is not threading.current_thread():  # unplugged in the middle of an answer
                thread.join(_STOP_SECONDS)
        if server is not None:
            server.close()

    plug, unplug = start, stop

    def babble(self, data: bytes) -> None:
        """Send something that nobody asked for, to everybody."""
        with self._lock:
            connections = tuple(self._connections)
        for connection in connections:
            with suppress(OSError):
                connection.sendall(data)

    def set_mains(self, on: bool) -> None:
        """Switch the mains on or off; with the mains the battery is charged again."""
        if on:
            self.set_variables({"ups.status": "OL CHRG", "battery.charge": "95", "battery.runtime": "1700"})
        else:
            self.set_variables({"ups.status": "OB DISCHRG", "battery.charge": "80", "battery.runtime": "1200"})

    def run_low(self) -> None:
        """The mains are gone and the battery is nearly empty."""
        self.set_variables({"ups.status": "OB DISCHRG LB", "battery.charge": "9", "battery.runtime": "60"})

    def set_variables(self, variables: dict[str, str]) -> None:
        """Change what it says of itself."""
        with self._lock:
            self._variables |= variables

    @property
    def status(self) -> str:
        """Its present ``ups.status``."""
        with self._lock:
            return self._variables["ups.status"]

    def _spawn(self, work: Callable[[socket.socket], None], connection: socket.socket) -> None:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = threading.Thread(target=work, args=(connection,), name="virtual-ups", daemon=True)
        thread.start()
        self._threads.append(thread)

    def _accept(self, server: socket.socket) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with self._lock:
                if self._server is not server:
                    connection.close()
                    return
                self._connections.add(connection)
                self._spawn(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection.makefile("rb") as lines:
                for line in lines:
                    answer = self._answer(line.decode("ascii", "replace").split())
                    spoil = self.spoil
                    spoilt = spoil(answer) if spoil is not None else answer
                    if spoilt is None:
                        break
                    connection.sendall(spoilt)
        except OSError:
            pass  # the host went away, or the cable was pulled
        finally:
            with self._lock:
                self._connections.discard(connection)
            connection.close()

    def _answer(self, words: list[str]) -> bytes:
        if self.refusal:
            return f"ERR {self.refusal}\n".encode()
        if words == ["LIST", "UPS"]:
            return f'BEGIN LIST UPS\nUPS {self.name} "Virtual supply"\nEND LIST UPS\n'.encode()
        if words[:2] != ["LIST", "VAR"] or len(words) != 3:
            return b"ERR INVALID-ARGUMENT\n"
        if words[2] != self.name:
            return b"ERR UNKNOWN-UPS\n"
        with self._lock:
            variables = sorted(self._variables.items())
        lines = (f'VAR {self.name} {key} "{value}"\n' for key, value in variables)
        return f"BEGIN LIST VAR {self.name}\n{''.join(lines)}END LIST VAR {self.name}\n".encode()
