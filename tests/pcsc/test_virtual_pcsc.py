"""The private pcscd itself: apart from the machine and from other instances, and gone when it should be."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pcsc_setting import soon

from drivers.sim import pcsc as virtual_pcsc
from drivers.sim.pcsc import VirtualPcsc, VirtualPcscError
from drivers.sim.virtual_card import UnknownCard

PROJECT = Path(__file__).parents[2]

LIST_READERS = """
from smartcard import scard
result, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
assert result == 0, hex(result)
print("\\n".join(scard.SCardListReaders(context, [])[1]))
"""

START_AND_WAIT = """
import sys
from pathlib import Path
from drivers.base import Deadline
from drivers.sim.pcsc import VirtualPcsc
service = VirtualPcsc(Path(sys.argv[1]))
service.start(Deadline.after(10))
print("started", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def directory() -> Iterator[Path]:
    # pytest's own directories have too long names for a socket.
    with tempfile.TemporaryDirectory(prefix="pcsc-") as name:
        yield Path(name)


def _readers_seen_by_a_client(service: VirtualPcsc) -> tuple[str, ...]:
    # A process of its own: PCSCLITE_CSOCK_NAME is read once in the life of a process.
    client = subprocess.run(
        [sys.executable, "-c", LIST_READERS],
        env=os.environ | service.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(client.stdout.split("\n")[:-1])


def _processes(directory: Path) -> list[int]:
    """Return every process that was started for this directory."""
    found: list[int] = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(directory).encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return [pid for pid in found if pid != os.getpid()]


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _comes_true(condition: Callable[[], bool]) -> bool:
    deadline, pause = soon(), threading.Event()
    while not condition() and not deadline.expired:
        pause.wait(0.01)
    return condition()


def test_two_instances_with_several_readers_run_side_by_side(directory: Path) -> None:
    first, second = VirtualPcsc(directory / "1", readers=5), VirtualPcsc(directory / "2", readers=2)
    first.start(soon(10))
    second.start(soon(10))
    try:
        assert len(set(first.reader_names())) == 5
        assert _readers_seen_by_a_client(first)[:5] == first.reader_names()
        assert _readers_seen_by_a_client(second) == second.reader_names()
    finally:
        first.stop()
        second.stop()


def test_nothing_is_left_after_stop_and_it_starts_again(directory: Path) -> None:
    descriptors, threads = _descriptors(), threading.active_count()
    service = VirtualPcsc(directory)
    for _ in range(2):
        service.start(soon(10))
        service.insert(UnknownCard())
        assert len(_processes(directory)) == 2
        service.stop()
        service.stop()
        assert not _processes(directory)
    assert (_descriptors(), threading.active_count()) == (descriptors, threads)


@pytest.mark.parametrize("victim", ["parent", "cage"])
def test_pcscd_does_not_outlive_what_started_it(directory: Path, victim: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", START_AND_WAIT, str(directory)],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"started\n"
        started = [pid for pid in _processes(directory) if pid != parent.pid]
        (cage,) = (pid for pid in started if b"pcscd_cage" in Path(f"/proc/{pid}/cmdline").read_bytes())
        assert len(started) == 2
        os.kill({"parent": parent.pid, "cage": cage}[victim], signal.SIGKILL)
        assert _comes_true(lambda: not set(_processes(directory)) & set(started))


def test_the_card_ports_are_not_reachable_from_outside(directory: Path) -> None:
    service = VirtualPcsc(directory)
    service.start(soon(10))
    try:
        with socket.socket() as stranger:
            assert stranger.connect_ex(("127.0.0.1", 35963)) != 0
    finally:
        service.stop()


def test_cards_stay_where_they_are_while_the_service_is_away(directory: Path) -> None:
    service = VirtualPcsc(directory, readers=2)
    service.start(soon(10))
    try:
        service.insert(UnknownCard(), reader=0)
        service.kill()
        service.insert(UnknownCard(), reader=1)
        service.start(soon(10))
        assert service.present(0)
        assert service.present(1)
        service.remove(0)
        assert not service.present(0)
        with pytest.raises(ValueError, match="no reader 2"):
            service.insert(UnknownCard(), reader=2)
    finally:
        service.stop()


def test_what_is_missing_is_said(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(VirtualPcscError, match="too long"):
        VirtualPcsc(directory / ("d" * 100))
    with pytest.raises(VirtualPcscError, match="not started"):
        VirtualPcsc(directory).kill()
    monkeypatch.setattr(virtual_pcsc, "DRIVER_LIBRARY", directory / "none.so")
    with pytest.raises(VirtualPcscError, match="not installed"):
        VirtualPcsc(directory).start(soon())
