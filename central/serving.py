"""Runs the application under uvicorn: says its address once it answers, and ends cleanly on SIGTERM."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn

from central.app import create_app
from central.platform import Platform

_END_SECONDS = 3


class CentralServer(uvicorn.Server):
    """Serves one application; ``announce`` is called with its address once requests are answered."""

    def __init__(self, platform: Platform, listener: socket.socket, announce: Callable[[str], None]) -> None:
        super().__init__(
            uvicorn.Config(
                create_app(platform),
                http="h11",
                ws="none",
                loop="asyncio",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=_END_SECONDS,
            )
        )
        self._platform = platform
        self._listener = listener
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, then say so."""
        await super().startup(sockets)
        host, port = self._listener.getsockname()[:2]
        self._announce(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End the endless streams too, so that nobody has to wait for them."""
        super().handle_exit(sig, frame)
        self._platform.stopping.set()
        self._platform.fleet.wake_all()


def listen(host: str, port: int) -> socket.socket:
    """Return a bound socket; port 0 takes any that is free. Raises ``OSError``."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=512)


def serve(platform: Platform, listener: socket.socket) -> None:
    """Answer requests on ``listener`` until SIGTERM or SIGINT; the address goes to standard output."""
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn raises the signal again once it has ended; this is what is left to do then: nothing.
        signal.signal(number, _ended)
    CentralServer(platform, listener, _say).run(sockets=[listener])


def _say(address: str) -> None:
    print(f"central: {address}", flush=True)  # noqa: T201 - whoever started us waits for this line


def _ended(_number: int, _frame: FrameType | None) -> None:
    return
