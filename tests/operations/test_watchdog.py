"""systemd hears exactly what sd_notify(3) says, and nothing at all once the user interface stands still."""

from __future__ import annotations

import os
import socket

import pytest

from kiosk.watchdog import ServiceNotifier, UiWatchdog, watchdog_seconds


@pytest.fixture(params=["path", "abstract"])
def systemd(request, tmp_path):
    """A datagram socket like systemd's, and its address as systemd would write it."""
    address = str(tmp_path / "notify") if request.param == "path" else f"@civic-kiosk-test-{os.getpid()}-{id(request)}"
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listening.settimeout(10)
    listening.bind("\0" + address[1:] if address.startswith("@") else address)
    yield listening, address
    listening.close()


def heard(listening):
    listening.setblocking(False)
    messages = []
    while True:
        try:
            messages.append(listening.recv(4096).decode())
        except BlockingIOError:
            return messages


def test_systemd_hears_every_message(systemd):
    listening, address = systemd
    notifier = ServiceNotifier.from_environment({"NOTIFY_SOCKET": address})
    assert notifier.ready()
    assert notifier.status("14 services,\n2 not available")
    assert notifier.alive()
    assert notifier.stopping()
    assert heard(listening) == ["READY=1", "STATUS=14 services, 2 not available", "WATCHDOG=1", "STOPPING=1"]


def test_without_systemd_nothing_happens(tmp_path):
    assert ServiceNotifier.from_environment({}).ready() is False
    assert ServiceNotifier(str(tmp_path / "nobody")).alive() is False


def test_the_watchdog_is_fed_at_half_its_time_and_only_by_ticks(systemd):
    listening, address = systemd
    now = [1000.0]
    watchdog = UiWatchdog(ServiceNotifier(address), lambda: now[0], 15.0)
    for _ in range(60):  # half a minute of a healthy screen, two ticks a second
        watchdog.tick()
        now[0] += 0.5
    assert heard(listening) == ["WATCHDOG=1"] * 4  # at 0, 7.5, 15 and 22.5 s
    now[0] += 3600  # frozen: nobody ticks
    assert heard(listening) == []
    watchdog.tick()
    watchdog.tick()
    assert heard(listening) == ["WATCHDOG=1"]


def test_a_message_that_did_not_go_through_is_sent_again_at_the_next_tick(tmp_path):
    path = tmp_path / "notify"
    watchdog = UiWatchdog(ServiceNotifier(str(path)), lambda: 1000.0, 15.0)
    watchdog.tick()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(path))
        watchdog.tick()
        assert heard(listening) == ["WATCHDOG=1"]


def test_a_busy_systemd_never_holds_the_screen_up(tmp_path):
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(path))
        notifier = ServiceNotifier(str(path))
        sent = 0
        while notifier.alive():  # nobody reads: the queue fills and the next one is let go instead of waited for
            sent += 1
            assert sent < 10_000
        assert len(heard(listening)) == sent


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({"WATCHDOG_USEC": "15000000"}, 15.0),
        ({"WATCHDOG_USEC": "15000000", "WATCHDOG_PID": str(os.getpid())}, 15.0),
        ({"WATCHDOG_USEC": "15000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_time_comes_from_systemd(environment, seconds):
    assert watchdog_seconds(environment) == seconds


def test_nothing_is_sent_when_systemd_does_not_watch(systemd):
    listening, address = systemd
    UiWatchdog(ServiceNotifier(address), lambda: 1000.0, None).tick()
    assert heard(listening) == []
