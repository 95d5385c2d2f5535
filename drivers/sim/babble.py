"""Hardware that talks without end: noise at the pace of a serial line, until it is stopped."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread

_PAUSE_SECONDS = 0.003
_PIECE = 32
"""Bytes in each pause: about 10 KB/s, as fast as 115 200 baud."""


class Babble:
    """Sends noise on a thread of its own. Every call from any thread."""

    def __init__(self) -> None:
        self._stopped = Event()
        self._thread: Thread | None = None

    def start(self, send: Callable[[bytes], None], noise: bytes) -> None:
        """Begin to send ``noise`` again and again."""
        self._stopped.clear()
        self._thread = Thread(
            target=self._run, args=(send, noise * (_PIECE // len(noise) + 1)), name="babble", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Be quiet; no thread is left."""
        self._stopped.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()

    def _run(self, send: Callable[[bytes], None], noise: bytes) -> None:
        while not self._stopped.wait(_PAUSE_SECONDS):
            send(noise)
