"""A virtual ES-1: a TCP server that speaks as the scanner does, with the troubles that a scanner can have."""

from __future__ import annotations

import select
import socket
import struct
from collections.abc import Callable
from threading import Event, Lock, Thread

from example_scanner.line import decode, encode

ANSWERS = {"ID": "ES-1 SN000123 1.4", "STATUS": "OK", "RESET": "DONE", "STOP": "STOPPED"}
_BABBLE_SECONDS = 0.02
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)

Trouble = Callable[[bytes], tuple[float, bytes, bool]]
"""What becomes of an answer: seconds to wait, bytes to send instead, and whether the connection then breaks."""


class VirtualScanner:
    """One scanner at ``address``; everything may be called from any thread."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self.address: tuple[str, int] = self._listener.getsockname()
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._thread = Thread(target=self._serve, name="virtual scanner", daemon=True)
        self._lock = Lock()
        self._stopping = False
        self._host: socket.socket | None = None
        self._pending = b""
        self._code: bytes | None = None
        self._asked: int | None = None
        self._trouble: Trouble | None = None
        self._calm = Event()
        self._noise = b""
        self.heard: Callable[[], None] = lambda: None
        """Called with each command, before it is answered."""
        self.plugged = True
        self.listening = True

    def start(self) -> None:
        """Switch it on."""
        self._thread.start()

    def stop(self) -> None:
        """Switch it off for good."""
        self.calm()
        self._stopping = True
        self._wake()
        self._thread.join()
        for each in (self._listener, self._wake_reader, self._wake_writer):
            each.close()

    def hold(self, data: bytes | None) -> None:
        """Hold a code before it, or take it away with None; a code is sent once."""
        with self._lock:
            self._code = data
        self._wake()

    def unplug(self) -> None:
        """Pull its cable until ``calm``: connections break, and new ones break at once."""
        self.plugged = False
        self._wake()

    def hang(self) -> None:
        """Have it take and answer nothing until ``calm``."""
        self.listening = False
        self._wake()

    def babble(self, noise: bytes) -> None:
        """Have it send noise again and again until ``calm``."""
        self._noise = noise
        self._wake()

    def spoil(self, trouble: Trouble) -> None:
        """Let this become of each answer until ``calm``."""
        self._calm.clear()
        self._trouble = trouble

    def calm(self) -> None:
        """End every trouble."""
        self._trouble, self._noise = None, b""
        self._calm.set()
        self.plugged = self.listening = True
        self._wake()

    def _wake(self) -> None:
        self._wake_writer.send(b"!")

    def _serve(self) -> None:
        while not self._stopping:
            sources = [self._wake_reader]
            if self.listening:
                sources += [self._listener, *([self._host] if self._host else [])]
            ready, _, _ = select.select(sources, [], [], _BABBLE_SECONDS if self._noise else None)
            if self._wake_reader in ready:
                self._wake_reader.recv(4096)
            if not self.plugged:
                self._hang_up()
            if self.listening and self._listener in ready:
                self._accept()
            elif self.listening and self._host in ready:
                self._receive()
            self._send_code()
            if self._noise:
                self._send(self._noise)
        self._hang_up()

    def _accept(self) -> None:
        self._hang_up()
        host, _ = self._listener.accept()
        host.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._host, self._pending, self._asked = host, b"", None
        if not self.plugged:
            self._hang_up()

    def _hang_up(self) -> None:
        host, self._host = self._host, None
        if host is not None:
            host.close()

    def _receive(self) -> None:
        assert self._host is not None
        try:
            data = self._host.recv(4096)
        except OSError:
            data = b""
        if not data:
            self._hang_up()
        *lines, self._pending = (self._pending + data).split(b"\n")
        for line in lines:
            command = decode(line)
            if command is None:
                continue
            self.heard()
            if not (self.plugged and self.listening):
                return  # unplugged or hung by it: nothing is answered any more
            number, text = command
            self._asked = number if text == "SCAN" else None
            if text in ANSWERS:
                self._answer(encode(number, ANSWERS[text]))

    def _send_code(self) -> None:
        if self._asked is None or not self.listening:
            return
        with self._lock:
            code, self._code = self._code, None
        if code is not None:
            number, self._asked = self._asked, None
            self._answer(encode(number, code.hex()))

    def _answer(self, data: bytes) -> None:
        trouble = self._trouble
        delay, data, breaks = trouble(data) if trouble else (0.0, data, False)
        if delay:
            self._calm.wait(delay)
        self._send(data)
        if breaks:
            self._hang_up()

    def _send(self, data: bytes) -> None:
        try:
            if self._host is not None:
                self._host.sendall(data)
        except OSError:
            self._hang_up()
