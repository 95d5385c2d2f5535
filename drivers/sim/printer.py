"""A virtual receipt printer on a TCP port and on a pseudo terminal, to be worked by hand, by tests and by the dock."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

from drivers.sim.printer_condition import Mishap
from drivers.sim.printer_engine import PrinterEngine
from drivers.sim.pty import VirtualSerialPort

_RECEIVE_BYTES = 1024
_RECEIVE_BUFFER_BYTES = 2048
"""Small, so that the host soon feels a printer that does not go on."""
_SEND_SECONDS = 2.0
_STOP_SECONDS = 5.0
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
PAPER_LEVELS = ("ok", "low", "out")


class VirtualPrinter:
    """One printer with two truths kept apart: the bytes it accepted, and the paper that came out.

    Start it on TCP or on a pseudo terminal (one host at a time). ``lines_per_second`` 0 prints at once.
    ``model`` says what it knows: epson, custom (with a presenter), nippon, or clone.
    """

    def __init__(
        self,
        font_directory: Path,
        *,
        buffer_bytes: int = 4096,
        lines_per_second: float = 0.0,
        model: str = "epson",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.engine = PrinterEngine(
            font_directory,
            self._send,
            buffer_bytes=buffer_bytes,
            lines_per_second=lines_per_second,
            model=model,
            clock=clock,
        )
        self._reservation: socket.socket | None = None
        self._listener: socket.socket | None = None
        self._connection: socket.socket | None = None
        self._acceptor: Thread | None = None
        self._port: VirtualSerialPort | None = None
        self._plugged = False

    # ---- lines

    def start_tcp(self) -> str:
        """Listen on a free port of 127.0.0.1; returns the printer's address."""
        # A socket that is bound but never listens keeps the number ours while the printer is unplugged.
        self._reservation = _bound(0)
        self.plug()
        return f"tcp://127.0.0.1:{self._reservation.getsockname()[1]}"

    def start_pty(self, link: Path) -> str:
        """Appear as a serial port under the name ``link``; returns the printer's address."""
        self._port = VirtualSerialPort(link, lambda data: self.engine.receive(data, lambda: self._plugged))
        self.engine.flow_control = True
        self.plug()
        return f"serial://{link}?baud=115200"

    def plug(self) -> None:
        """Put the cable (or the power) back in."""
        with self.engine.changed:
            if self._plugged:
                return
            self._plugged = True
            if self._reservation:
                listener = _bound(self._reservation.getsockname()[1])
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
                listener.listen(1)
                self._listener = listener
                self._acceptor = Thread(target=self._accept, args=(listener,), name="printer port", daemon=True)
                self._acceptor.start()
        if self._port:
            self._port.plug()

    def unplug(self) -> None:
        """Pull the cable: the host loses the connection and finds nothing; the printer goes on with what it has."""
        with self.engine.changed:
            self._plugged = False
            connection, self._connection = self._connection, None
            listener, self._listener = self._listener, None
            if listener:
                # Closing alone leaves a thread that waits in accept() where it is.
                listener.shutdown(socket.SHUT_RDWR)
                listener.close()
            self.engine.changed.notify_all()
        _abort(connection)
        if self._port:
            self._port.unplug()

    def disconnect(self) -> None:
        """Drop the present TCP connection; a new one is welcome."""
        with self.engine.changed:
            connection, self._connection = self._connection, None
            self.engine.changed.notify_all()
        _abort(connection)

    def power_cut(self) -> None:
        """Lose power: memory is gone, paper stays. ``plug`` brings the power back."""
        self.unplug()
        self.engine.forget()

    def stop(self) -> None:
        """End every thread and close every port."""
        self.unplug()
        self.engine.stop()
        if self._acceptor:
            self._acceptor.join(_STOP_SECONDS)
        if self._reservation:
            self._reservation.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return  # unplugged: the listener is closed
            connection.settimeout(_SEND_SECONDS)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.engine.changed:
                if self._listener is not listener:
                    connection.close()
                    return
                self._connection = connection
            self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        while self._connection is connection:
            try:
                data = connection.recv(_RECEIVE_BYTES)
            except TimeoutError:
                continue
            except OSError:
                data = b""
            if not data:
                break
            self.engine.receive(data, lambda: self._connection is connection)
        with self.engine.changed:
            if self._connection is connection:
                self._connection = None
        connection.close()

    def _send(self, data: bytes) -> None:
        connection = self._connection
        if self._port:
            self._port.send(data)
        elif connection:
            try:
                connection.sendall(data)
            except OSError:
                self.disconnect()

    # ---- what can be done to it

    def set_paper(self, level: str) -> None:
        """Make the paper ``ok``, ``low`` or ``out``."""
        if level not in PAPER_LEVELS:
            raise ValueError(f"paper {level!r}; there are {', '.join(PAPER_LEVELS)}")
        self.engine.change(lambda: setattr(self.engine, "paper_level", level))

    def set_cover(self, open: bool) -> None:  # noqa: A002 - the word for it
        """Open or close the cover."""
        self.engine.change(lambda: setattr(self.engine, "cover_open", open))

    def fail(self, mishap: Mishap) -> None:
        """Let something go wrong in the mechanism, until ``clear``."""
        self.engine.change(lambda: self.engine.mishaps.add(mishap))

    def jam(self) -> None:
        """Let the paper get stuck."""
        self.fail(Mishap.JAM)

    def mend(self, mishap: Mishap) -> None:
        """Undo one mishap."""
        self.engine.change(lambda: self.engine.mishaps.discard(mishap))

    def clear(self) -> None:
        """Undo every mishap of the mechanism."""
        self.engine.change(self.engine.mishaps.clear)

    def set_mute(self, mute: bool) -> None:
        """Answer nothing any more, or again."""
        self.engine.mute = mute

    def set_hung(self, hung: bool) -> None:
        """Take no byte any more, or again."""

        def change() -> None:
            self.engine.hung = hung

        self.engine.change(change)

    def take_ticket(self) -> None:
        """Take what the presenter holds out."""
        self.engine.clear_output(self.engine.taken)

    def set_taken_at_once(self, at_once: bool) -> None:
        """Let somebody stand there who takes each ticket, also one that waits; or nobody."""
        with self.engine.changed:
            self.engine.taken_at_once = at_once
        if at_once:
            self.take_ticket()

    def babble(self, data: bytes) -> None:
        """Send something that nobody asked for."""
        self._send(data)

    # ---- what came of it

    @property
    def accepted(self) -> bytes:
        """Every byte taken from the line."""
        with self.engine.changed:
            return bytes(self.engine.accepted)

    @property
    def accepted_jobs(self) -> tuple[bytes, ...]:
        """The bytes of each job from ESC @ to its cut and the confirmation asked for behind it, real-time commands between
        commands left out.
        """
        with self.engine.changed:
            return tuple(self.engine.jobs)

    @property
    def papers(self) -> tuple[bytes, ...]:
        """A PNG for each piece of paper that was cut off."""
        with self.engine.changed:
            return tuple(sheet.png for sheet in self.engine.paper.sheets)

    @property
    def paper_texts(self) -> tuple[tuple[str, ...], ...]:
        """The lines of text on each of ``papers``, ``[image]`` and ``[qr]`` where those stand."""
        with self.engine.changed:
            return tuple(sheet.lines for sheet in self.engine.paper.sheets)

    def unfinished_paper(self) -> bytes:
        """Return a PNG of what hangs out and is not cut off."""
        with self.engine.changed:
            return self.engine.paper.unfinished()

    @property
    def unfinished_texts(self) -> tuple[str, ...]:
        """The lines of text that hang out and are not cut off."""
        with self.engine.changed:
            return self.engine.paper.unfinished_lines

    @property
    def on_paper(self) -> Callable[[bytes], None] | None:
        """Called with each new piece of paper, on the printer's own thread."""
        return self.engine.on_paper

    @on_paper.setter
    def on_paper(self, callback: Callable[[bytes], None] | None) -> None:
        self.engine.on_paper = callback

    def wait_for(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait until something about the printer is true; whether it became so in time."""
        with self.engine.changed:
            return self.engine.changed.wait_for(condition, seconds)


def _bound(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    return bound


def _abort(connection: socket.socket | None) -> None:
    """Close with a reset, as a printer that vanishes does."""
    if connection is not None:
        try:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the host was faster
        connection.close()
