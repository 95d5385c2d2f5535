"""Gets a running terminal to step aside, and gives its devices back; says what to do where that cannot be."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager

from drivers.base import Deadline
from kiosk.config import Configuration
from kiosk.control_client import ControlClient, NotAnsweringError, NotRunningError, connected
from kiosk.device_lock import DeviceLock
from kiosk.lending import CLOSE_SECONDS, LoanEvent
from kiosk.status import is_running

VISIT_SECONDS = 1800.0
"""The longest wait for a citizen: idle clock and step time-outs end every visit well before."""
_LOOK_SECONDS = 0.5


class CannotBorrowError(Exception):
    """The devices cannot be had; ``key`` is of assets/texts/selftest.toml and says why and what to do."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


class Borrowed:
    """Devices that are free now; ``held`` are those that hang in the terminal's hands."""

    def __init__(self, held: frozenset[str] = frozenset()) -> None:
        self.held = held
        self.on_time_up: Callable[[], None] = lambda: None


@contextmanager
def borrowed(
    configuration: Configuration, names: Collection[str], seconds: float, now: bool, say: Callable[[str], None]
) -> Generator[Borrowed]:
    """Have the devices to oneself for at most ``seconds``; at once where no terminal runs. Raises ``CannotBorrowError``.

    A terminal that starts meanwhile, and another self-test, are kept away by ``DeviceLock``.
    ``say`` gets keys of texts: what is waited for. ``Borrowed.on_time_up`` is called, on another thread, when the
    terminal took the devices back before the end.
    """
    directory = configuration.storage.directory
    lock = DeviceLock(directory)
    for last in (False, True):
        try:
            with connected(directory) as client:
                loan = _ask(client, names, seconds, now, say)
                with _minded(client, loan):
                    yield loan
                say("borrow.given_back")
                return
        except NotRunningError:
            pass
        except NotAnsweringError:
            raise CannotBorrowError("borrow.not_answering") from None
        if directory.exists() and is_running(configuration):
            raise CannotBorrowError("borrow.not_answering")
        if lock.take():
            break
        if last:  # or it was a terminal that has just started, and can be asked now
            raise CannotBorrowError("borrow.lent")
    try:
        yield Borrowed()
    finally:
        lock.release()


def _ask(
    client: ControlClient, names: Collection[str], seconds: float, now: bool, say: Callable[[str], None]
) -> Borrowed:
    question = {"ask": "step_aside", "devices": sorted(names), "seconds": seconds, "now": now}
    line = client.ask(question)
    deadline = Deadline.after(VISIT_SECONDS)
    while True:
        if "error" in line:
            known = {"hung": "borrow.not_answering", "lent": "borrow.lent"}
            raise CannotBorrowError(known.get(str(line["error"]), "borrow.refused"))
        event = line.get("event")
        if event == LoanEvent.ASIDE:
            return Borrowed(frozenset(str(name) for name in line.get("held", ())))
        if event == LoanEvent.WAITING:
            say("borrow.waiting")
        elif event == LoanEvent.CLOSING:
            say("borrow.closing")
            deadline = Deadline.after(CLOSE_SECONDS + 6.0)
        following = client.next_line(deadline)
        if following is None:
            raise NotAnsweringError("no end of the waiting")
        line = following


@contextmanager
def _minded(client: ControlClient, loan: Borrowed) -> Generator[None]:
    """Listen, while the devices are used, for the terminal's word that the time is up; then give them back."""
    given_back = threading.Event()
    ended = threading.Event()

    def listen() -> None:
        try:
            while not ended.is_set():
                line = client.next_line(Deadline.after(_LOOK_SECONDS))
                if line is not None and line.get("event") == LoanEvent.TIME_IS_UP:
                    loan.on_time_up()
                elif line is not None and line.get("event") == "given_back":
                    return
        except NotAnsweringError:
            return  # the terminal died meanwhile: nobody else wants the devices
        finally:
            given_back.set()

    listener = threading.Thread(target=listen, name="borrowing", daemon=True)
    listener.start()
    try:
        yield
    finally:
        try:
            client.send({"ask": "give_back"})
            given_back.wait(5.0)
        except NotAnsweringError:
            pass  # gone: there is nothing to give back to
        finally:
            ended.set()
            client.hang_up()
            listener.join(2.0)
