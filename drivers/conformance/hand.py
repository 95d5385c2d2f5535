"""The thread that makes a device's calls, as its worker does, so that one that never returns is seen and not waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Event, Thread


@dataclass
class Call:
    """One call: what it gave or raised once ``ended`` is set, and how long it took (s)."""

    work: Callable[[], object]
    begun: Event = field(default_factory=Event)
    ended: Event = field(default_factory=Event)
    result: object = None
    error: BaseException | None = None
    seconds: float = 0.0


class Hand:
    """One thread that makes calls in order. A call that hangs keeps it for ever: then take another hand."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="conformance hand", daemon=True)
        self._thread.start()

    def begin(self, work: Callable[[], object]) -> Call:
        """Hand over a call and return at once."""
        call = Call(work)
        self._calls.put(call)
        return call

    def rest(self, patience: float) -> bool:
        """End the thread; False when a call still holds it after ``patience`` seconds."""
        self._calls.put(None)
        self._thread.join(patience)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            call.begun.set()
            since = time.monotonic()
            try:
                call.result = call.work()
            except BaseException as error:  # noqa: BLE001 - what a driver raises is what is looked at, also one that exits
                call.error = error
            call.seconds = time.monotonic() - since
            call.ended.set()
            del call  # a result must not outlive its case
