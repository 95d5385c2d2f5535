"""The cable between the terminal and a virtual network printer: passes bytes on, and cuts, delays, garbles or swallows them."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

_BLOCK = 65536
_STOP_SECONDS = 10.0
_LOOK_AGAIN_SECONDS = 0.05


class Trouble(StrEnum):
    """What can happen on the cable, to every connection made after it was ordered and until ``clear``."""

    UNPLUGGED = "unplugged"
    """Connections are closed at once."""
    MUTE = "mute"
    """Requests reach the printer, answers do not come back."""
    LATE = "late"
    """Answers come ``seconds`` late."""
    CUT_ANSWER = "cut_answer"
    """The connection breaks after ``at`` bytes of answers."""
    CUT_REQUEST = "cut_request"
    """The connection breaks after ``at`` bytes of requests; the printer never gets the rest."""
    GARBAGE = "garbage"
    """The answer is replaced by ``noise`` from its byte ``at`` on."""
    BABBLE = "babble"
    """``noise`` comes again and again instead of an answer, without end."""
    HANG = "hang"
    """The connection is taken and nothing more is read from it."""


@dataclass(frozen=True)
class Order:
    """One trouble with its measures; ``connection`` says which connection from now it meets first (0: the next)."""

    trouble: Trouble
    at: int = 0
    seconds: float = 0.0
    noise: bytes = b""
    connection: int = 0


class IppWire:
    """Passes TCP from ``127.0.0.1:port`` on to whatever ``connect`` returns. Thread-safe."""

    def __init__(self, connect: Callable[[], socket.socket]) -> None:
        self._connect = connect
        self.heard: Callable[[], None] = lambda: None
        """Called with each connection, before anything happens to it."""
        self.met = threading.Event()
        """Set once a connection has suffered what was ordered last."""
        self._near = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._near.getsockname()[1])
        self._order: Order | None = None
        self._connections = 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._cut = threading.Event()
        self._threads: list[threading.Thread] = []
        self._acceptor = threading.Thread(target=self._accept, name="ipp-wire", daemon=True)
        self._acceptor.start()

    def order(self, order: Order) -> None:
        """Let trouble come."""
        with self._lock:
            self._order, self._connections = order, 0
            self.met.clear()

    def clear(self) -> None:
        """End the trouble for new connections, and break those that are in it."""
        with self._lock:
            self._order = None
        self.cut()

    def cut(self) -> None:
        """Break every open connection, as a power cut does."""
        with self._lock:
            self._cut.set()
            self._cut = threading.Event()

    def stop(self) -> None:
        """End everything: no thread and no socket is left."""
        self._stopping.set()
        self.cut()
        with suppress(OSError):  # already shut down by an earlier stop
            self._near.shutdown(socket.SHUT_RDWR)
        self._acceptor.join(_STOP_SECONDS)
        self._near.close()
        for thread in self._threads:
            thread.join(_STOP_SECONDS)

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                client, _ = self._near.accept()
            except OSError:
                return  # shut down by stop
            self.heard()
            with self._lock:
                order, cut = self._order, self._cut
                if order is not None and self._connections < order.connection:
                    order = None
                self._connections += 1
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            thread = threading.Thread(target=self._serve, args=(client, order, cut), name="ipp-wire-one", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket, order: Order | None, cut: threading.Event) -> None:
        with client, suppress(OSError):  # either side may break at any time; both ends are closed then
            if order is not None and order.trouble is Trouble.UNPLUGGED:
                self.met.set()
                return
            if order is not None and order.trouble is Trouble.HANG:
                self.met.set()
                self._wait(cut, _STOP_SECONDS * 100)
                return
            with self._connect() as far:
                far.settimeout(None)
                for end in (client, far):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                wait = partial(self._wait, cut)
                _Passing(client, far, order, wait, cut.is_set, self.met.set).run()

    def _wait(self, cut: threading.Event, seconds: float) -> bool:
        return cut.wait(seconds) or self._stopping.is_set()


class _Passing:
    """One connection's bytes, in both directions, until either side ends it."""

    def __init__(
        self,
        client: socket.socket,
        far: socket.socket,
        order: Order | None,
        wait: Callable[[float], bool],
        ended: Callable[[], bool],
        met: Callable[[], None],
    ) -> None:
        self._client, self._far = client, far
        self._order = order or Order(Trouble.LATE)
        self._wait, self._ended, self._met = wait, ended, met
        self._asked = self._answered = 0

    def run(self) -> None:
        while not self._ended():
            ready, _, _ = select.select([self._client, self._far], [], [], _LOOK_AGAIN_SECONDS)
            for source in ready:
                block = source.recv(_BLOCK)
                if not block or not (self._ask(block) if source is self._client else self._answer(block)):
                    return

    def _ask(self, block: bytes) -> bool:
        """Pass a part of a request on; false when the connection is to end."""
        if self._order.trouble is Trouble.CUT_REQUEST:
            left = self._order.at - self._asked
            self._far.sendall(block[: max(0, left)])
            self._asked += len(block)
            if left <= len(block):
                self._met()
            return left > len(block)
        self._far.sendall(block)
        return True

    def _answer(self, block: bytes) -> bool:
        """Pass a part of an answer on; false when the connection is to end."""
        before, self._answered = self._answered, self._answered + len(block)
        match self._order.trouble:
            case Trouble.MUTE:
                self._met()
                return True
            case Trouble.LATE:
                if self._order.seconds:
                    self._met()
                    if self._wait(self._order.seconds):
                        return False
                self._client.sendall(block)
            case Trouble.CUT_ANSWER:
                self._client.sendall(block[: max(0, self._order.at - before)])
                if self._answered >= self._order.at:
                    self._met()
                return self._answered < self._order.at
            case Trouble.GARBAGE:
                if self._answered > self._order.at:
                    self._met()
                self._client.sendall(self._garbled(block, before))
            case Trouble.BABBLE:
                self._met()
                self._client.settimeout(_LOOK_AGAIN_SECONDS)
                while not self._ended():
                    with suppress(TimeoutError):  # a peer that reads slowly; look whether it is over
                        self._client.sendall(self._order.noise or b"\x00")
                return False
            case _:
                self._client.sendall(block)
        return True

    def _garbled(self, block: bytes, before: int) -> bytes:
        noise, at = self._order.noise, self._order.at
        return bytes(
            noise[(before + index - at) % len(noise)] if noise and before + index >= at else value
            for index, value in enumerate(block)
        )
