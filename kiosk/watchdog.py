"""Tells systemd that the terminal lives, and only while its user interface does."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping


class ServiceNotifier:
    """Speaks systemd's notification protocol (sd_notify(3)): lines of NAME=VALUE in one datagram to $NOTIFY_SOCKET.

    Without an address (not started by systemd) it does nothing. Every method returns whether systemd was told.
    """

    def __init__(self, address: str = "") -> None:
        # A leading @ stands for the zero byte of Linux's abstract sockets.
        self._address = "\0" + address[1:] if address.startswith("@") else address

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> ServiceNotifier:
        """Return the notifier of the service that this process is."""
        return cls(environment.get("NOTIFY_SOCKET", ""))

    def ready(self) -> bool:
        """Say that the terminal can be used."""
        return self._send("READY=1")

    def stopping(self) -> bool:
        """Say that the terminal is going down."""
        return self._send("STOPPING=1")

    def status(self, text: str) -> bool:
        """Show one line in ``systemctl status``; for operators, without a citizen's data."""
        return self._send("STATUS=" + text.replace("\n", " "))

    def alive(self) -> bool:
        """Feed systemd's watchdog."""
        return self._send("WATCHDOG=1")

    def _send(self, line: str) -> bool:
        if not self._address:
            return False
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as connection:
                # The caller may be the user interface: rather let one message go than wait for systemd.
                connection.setblocking(False)
                connection.sendto(line.encode(), self._address)
        except OSError:
            return False
        return True


def watchdog_seconds(environment: Mapping[str, str] = os.environ) -> float | None:
    """Return the time after which systemd ends this process for its silence, None when it does not watch it."""
    microseconds = environment.get("WATCHDOG_USEC", "")
    meant_for = environment.get("WATCHDOG_PID", "")
    if not microseconds.isdecimal() or int(microseconds) == 0:
        return None
    if meant_for and meant_for != str(os.getpid()):
        return None
    return int(microseconds) / 1_000_000


class UiWatchdog:
    """Feeds systemd's watchdog from the clock of the user interface, so that a frozen screen gets a restart.

    There is no thread and no timer of its own: without ticks nothing is sent. ``seconds`` is ``watchdog_seconds()``.
    """

    def __init__(self, notifier: ServiceNotifier, clock: Callable[[], float], seconds: float | None) -> None:
        self._notifier = notifier
        self._clock = clock
        self._interval = None if seconds is None else seconds / 2
        self._next = 0.0

    def tick(self) -> None:
        """Call this on every beat of the user interface's clock, at least once a second."""
        if self._interval is None:
            return
        now = self._clock()
        if now >= self._next and self._notifier.alive():
            self._next = now + self._interval
