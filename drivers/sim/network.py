"""A virtual network cable between the terminal and central, pulled without touching the machine's own network."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

_CONNECT_SECONDS = 5.0
_STOP_SECONDS = 5.0
_BLOCK = 65536


class _Connection:
    """One client's connection and its other half to the far end, with a thread for each direction."""

    def __init__(self, near: socket.socket, far: socket.socket) -> None:
        self._sockets = (near, far)
        self._threads = (
            threading.Thread(target=self._pump, args=(near, far), name="cable-out", daemon=True),
            threading.Thread(target=self._pump, args=(far, near), name="cable-in", daemon=True),
        )
        for thread in self._threads:
            thread.start()

    @property
    def ended(self) -> bool:
        return not any(thread.is_alive() for thread in self._threads)

    def cut(self) -> None:
        """Break both halves; the pumps then end by themselves."""
        for end in self._sockets:
            with suppress(OSError):  # the peer may have gone first
                end.shutdown(socket.SHUT_RDWR)

    def release(self) -> None:
        """Give the sockets back, once the pumps have ended."""
        for thread in self._threads:
            thread.join(_STOP_SECONDS)
        for end in self._sockets:
            end.close()

    @staticmethod
    def _pump(source: socket.socket, target: socket.socket) -> None:
        try:
            while block := source.recv(_BLOCK):
                target.sendall(block)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            # Broken on one side is broken on the other: what a cut connection looks like to both peers.
            for end in (source, target):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)


class NetworkCable:
    """Passes TCP from ``127.0.0.1:port`` on to a far end while it is plugged in.

    Unplugged, open connections break and new ones are refused; the near port stays ours, so the address never changes.
    """

    def __init__(self, host: str, port: int) -> None:
        self._far_end = (host, port)
        self._near = _listening_socket()
        self._connections: list[_Connection] = []
        self._changed = threading.Condition()
        self._up = True
        self._stopped = False
        self._thread = threading.Thread(target=self._serve, name="cable", daemon=True)
        self._thread.start()

    @property
    def address(self) -> tuple[str, int]:
        """The near end: host and port to connect to."""
        host, port = self._near.getsockname()
        return str(host), int(port)

    @property
    def up(self) -> bool:
        """Whether the cable is plugged in."""
        return self._up

    def set_up(self, up: bool) -> None:
        """Plug the cable in or out. On return the change is complete."""
        with self._changed:
            if self._stopped or up == self._up:
                return
            self._up = up
            if up:
                self._near.listen()
                self._changed.notify_all()
            else:
                # On Linux a shut down listener refuses connections, keeps its port and can listen again.
                self._near.shutdown(socket.SHUT_RDWR)
                self._cut_all()

    def stop(self) -> None:
        """Unplug for good: no thread and no socket is left."""
        with self._changed:
            if self._stopped:
                return
            self._stopped = True
            if self._up:
                self._near.shutdown(socket.SHUT_RDWR)
            self._up = False
            self._changed.notify_all()
            self._cut_all()
        self._thread.join(_STOP_SECONDS + _CONNECT_SECONDS)
        self._near.close()
        for connection in self._connections:
            connection.release()

    def _cut_all(self) -> None:
        for connection in self._connections:
            connection.cut()

    def _serve(self) -> None:
        while True:
            with self._changed:
                while not self._up and not self._stopped:
                    self._changed.wait()
                if self._stopped:
                    return
            try:
                client, _ = self._near.accept()
            except OSError:
                continue  # the listener was shut down: unplugged or stopped
            self._join(client)

    def _join(self, client: socket.socket) -> None:
        try:
            far = socket.create_connection(self._far_end, timeout=_CONNECT_SECONDS)
        except OSError:
            client.close()  # nobody at the far end
            return
        far.settimeout(None)
        for end in (client, far):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._changed:
            if not self._up:
                client.close()
                far.close()
                return
            ended = [connection for connection in self._connections if connection.ended]
            self._connections = [connection for connection in self._connections if connection not in ended]
            self._connections.append(_Connection(client, far))
        for connection in ended:
            connection.release()


def _listening_socket() -> socket.socket:
    """Listen on a free port that was asked for by number: only then does Linux keep it while we do not listen."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    near = socket.socket()
    near.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    near.bind(("127.0.0.1", port))
    near.listen()
    return near
