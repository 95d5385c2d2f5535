"""A virtual serial port under a stable name, so that virtual serial devices can be unplugged and plugged in again."""

from __future__ import annotations

import os
import select
import tty
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, Thread, current_thread

_CHUNK = 4096
_PACED_CHUNK = 8
_WRITE_SECONDS = 2.0


@dataclass
class _Line:
    """One plugging-in: the pseudo terminal's two ends, and the pipe and event that end its thread."""

    master: int
    slave: int
    wake_reader: int
    wake_writer: int
    unplugged: Event = field(default_factory=Event)
    thread: Thread | None = None


class VirtualSerialPort:
    """The device's end of a serial line; the host opens ``path``, a link to the pseudo terminal.

    ``received`` is called on the port's own thread with what the host writes. ``byte_seconds`` paces what is sent
    (87e-6 is 115200 baud); 0 sends at once. While unplugged, ``path`` does not exist and an open host sees a hang-up.
    """

    def __init__(self, path: Path, received: Callable[[bytes], None], byte_seconds: float = 0.0) -> None:
        self.path = path
        self._received = received
        self._byte_seconds = byte_seconds
        self._lock = Lock()
        self._line: _Line | None = None

    def plug(self) -> None:
        """Make the port appear; nothing happens when it is there."""
        with self._lock:
            if self._line is not None:
                return
            master, slave = os.openpty()
            tty.setraw(slave)
            os.set_blocking(master, False)
            self._line = line = _Line(master, slave, *os.pipe())
            new_link = self.path.with_name(f".{self.path.name}.new")
            new_link.unlink(missing_ok=True)
            new_link.symlink_to(os.ttyname(slave))
            new_link.replace(self.path)
            line.thread = Thread(target=self._serve, args=(line,), name=f"port {self.path.name}", daemon=True)
            line.thread.start()

    def unplug(self) -> None:
        """Make the port vanish; returns when the host can see it (at once on the port's own thread)."""
        with self._lock:
            line, self._line = self._line, None
            if line is None:
                return
            self.path.unlink(missing_ok=True)
            os.write(line.wake_writer, b"!")  # before the event: after it the thread may have closed the pipe
            line.unplugged.set()
        if line.thread is not None and line.thread is not current_thread():
            line.thread.join()

    def send(self, data: bytes) -> None:
        """Send to the host. Like a real line it loses what nobody takes, and everything while unplugged."""
        line = self._line
        if line is None:
            return
        step = _PACED_CHUNK if self._byte_seconds else _CHUNK
        for start in range(0, len(data), step):
            piece = data[start : start + step]
            if not self._put(line, piece) or line.unplugged.wait(self._byte_seconds * len(piece)):
                return

    def pause(self, seconds: float) -> None:
        """Let time pass on the port's thread; ends at once when unplugged."""
        line = self._line
        if line is not None:
            line.unplugged.wait(seconds)

    def _put(self, line: _Line, piece: bytes) -> bool:
        while piece:
            with self._lock:
                if line is not self._line:
                    return False
                try:
                    piece = piece[os.write(line.master, piece) :]
                    continue
                except BlockingIOError:
                    poller = select.poll()
                    poller.register(line.master, select.POLLOUT)
                    if not poller.poll(_WRITE_SECONDS * 1000):
                        return False
        return True

    def _serve(self, line: _Line) -> None:
        poller = select.poll()
        poller.register(line.master, select.POLLIN)
        poller.register(line.wake_reader, select.POLLIN)
        while not line.unplugged.is_set():
            ready = [descriptor for descriptor, _ in poller.poll()]
            if line.master in ready and not line.unplugged.is_set():
                self._received(os.read(line.master, _CHUNK))
        for descriptor in (line.slave, line.master, line.wake_reader, line.wake_writer):
            os.close(descriptor)
