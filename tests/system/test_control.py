"""The running terminal steps aside for a self-test and takes its devices back whatever becomes of who asked."""

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from headless_citizen import HeadlessCitizen, person, secrets, wait_until

from drivers.base import Deadline
from drivers.hall import PrinterAction
from kiosk import control_client
from kiosk.config import ROOT, load
from kiosk.control_address import NAME, address, peer_may_enter
from kiosk.control_client import NotAnsweringError, NotRunningError, connected
from kiosk.selftest.borrowing import CannotBorrowError, borrowed

WAIT = 30.0


@pytest.fixture
def world(terminal_world):
    HeadlessCitizen(terminal_world).offered(WAIT)
    yield terminal_world
    terminal_world.hall.take_card()
    visitor = HeadlessCitizen(terminal_world)
    glass = visitor.look()
    if glass["session"] is not None:
        visitor.intend(glass, "Cancel")
    visitor.offered(WAIT)


def storage(world):
    return world.directory / "state"


def names(world):
    return sorted(load(world.configuration).devices)


def step_aside(client, world, seconds=60.0, now=False):
    client.send({"ask": "step_aside", "devices": names(world), "seconds": seconds, "now": now})


def event(client, wanted):
    """Return the next line, which must be this event."""
    line = client.next_line(Deadline.after(WAIT))
    assert line is not None, f"no {wanted}"
    assert line.get("event") == wanted, line
    return line


def shown(world, screen):
    HeadlessCitizen(world).see(lambda glass: glass["screen"] == screen, screen, WAIT)


def kiosk(world, *arguments, **options):
    command = [sys.executable, "-m", "kiosk.cli", *arguments, "--language", "en", "--config", str(world.configuration)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False, **options)


# ---- the self-test beside a terminal that runs


def test_the_self_test_runs_while_the_terminal_does_and_central_gets_the_record(world):
    pid = world.terminal.pid
    done = kiosk(world, "selftest", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {line["device"] for line in json.loads(done.stdout)} == set(names(world))
    assert not [line for line in json.loads(done.stdout) if line["outcome"] in ("fail", "warn")]
    assert "stepped aside" in done.stderr
    assert "given back to the terminal" in done.stderr
    assert "central has it" in done.stderr
    HeadlessCitizen(world).offered(WAIT)
    assert world.terminal.pid == pid
    assert world.terminal.poll() is None
    assert HeadlessCitizen(world, person("li-ceshi", phone="13700000001")).start()["session"] is not None


def test_citizens_see_why_nothing_can_be_used_meanwhile(world):
    with connected(storage(world)) as client:
        step_aside(client, world)
        event(client, "closing")
        assert event(client, "aside")["held"] == []
        shown(world, "out_of_service")
        glass = HeadlessCitizen(world).look()
        assert "工作人员" in glass["message"]
        client.send({"ask": "give_back"})
        event(client, "given_back")
    HeadlessCitizen(world).offered(WAIT)


def test_who_dies_with_the_devices_does_not_keep_them(world):
    script = (
        "import sys\nfrom pathlib import Path\nfrom kiosk.control_client import connected\n"
        "with connected(Path(sys.argv[1])) as client:\n"
        "    print(client.ask({'ask': 'step_aside', 'devices': sys.argv[2:], 'seconds': 600, 'now': False}), flush=True)\n"
        "    sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", script, str(storage(world)), *names(world)]
    holder = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        shown(world, "out_of_service")
    finally:
        holder.kill()
        holder.communicate()
    HeadlessCitizen(world).offered(WAIT)


def test_when_the_time_is_up_the_devices_are_taken_back(world, monkeypatch):
    with connected(storage(world)) as client:
        step_aside(client, world, seconds=0.1)
        event(client, "closing")
        event(client, "aside")
        event(client, "time_is_up")
        HeadlessCitizen(world).offered(WAIT)
        client.send({"ask": "give_back"})
        event(client, "given_back")


def test_a_visit_is_waited_for_and_no_other_begins(world):
    visitor = HeadlessCitizen(world)
    glass = visitor.start()
    with connected(storage(world)) as client:
        step_aside(client, world)
        event(client, "waiting")
        assert client.next_line(Deadline.after(0.3)) is None
        assert visitor.look()["session"] == glass["session"]
        visitor.intend(visitor.look(), "Cancel")
        event(client, "closing")
        event(client, "aside")
        shown(world, "out_of_service")


def test_with_now_a_visit_is_ended_and_wiped(world):
    visitor = HeadlessCitizen(world)
    number = visitor.start()["session"]
    with connected(storage(world)) as client:
        step_aside(client, world, now=True)
        event(client, "closing")
        event(client, "aside")
        record = wait_until(
            lambda: (seen := world.observer.last_visit()) and seen["number"] == number and seen, "the record"
        )
        assert (record["outcome"], record["wiped"]) == ("stepped_aside", True)


def test_only_one_has_the_devices_and_the_other_is_told(world):
    configuration = load(world.configuration)
    with connected(storage(world)) as client:
        step_aside(client, world)
        event(client, "closing")
        event(client, "aside")
        with (
            pytest.raises(CannotBorrowError) as error,
            borrowed(configuration, names(world), 60.0, False, lambda key: None),
        ):
            pass
        assert error.value.key == "borrow.lent"


def test_a_terminal_that_hangs_is_said_to_hang_and_what_to_do(world, monkeypatch):
    monkeypatch.setattr(control_client, "ANSWER_SECONDS", 1.0)
    configuration = load(world.configuration)
    os.kill(world.terminal.pid, signal.SIGSTOP)
    try:
        with (
            pytest.raises(CannotBorrowError) as error,
            borrowed(configuration, names(world), 60.0, False, lambda key: None),
        ):
            pass
    finally:
        os.kill(world.terminal.pid, signal.SIGCONT)
    assert error.value.key == "borrow.not_answering"


# ---- the socket


def test_status_says_what_runs_and_nonsense_is_answered(world):
    assert (storage(world) / NAME).stat().st_mode & 0o777 == 0o600
    with connected(storage(world)) as client:
        said = client.ask({"ask": "status"})
        assert (said["terminal"], said["responsive"], said["in_session"], said["aside"]) == (
            "TRAINING-1",
            True,
            False,
            False,
        )
        assert {each["device"] for each in said["devices"]} == set(names(world))
        assert {each["reason"] for each in said["services"]} == {""}
        assert "ask is one of" in client.ask({"ask": "coffee"})["error"]
        assert "error" in client.ask({"ask": "step_aside", "devices": ["toaster"], "seconds": 5})
        assert "error" in client.ask({"ask": "step_aside", "devices": [], "seconds": 10**9})
        assert "error" in client.ask({"ask": "trace", "device": "toaster"})


def test_no_terminal_no_socket_and_a_path_that_is_too_long_for_one(tmp_path):
    deep = tmp_path.joinpath(*(["a-rather-long-name"] * 8))
    deep.mkdir(parents=True)
    with pytest.raises(NotRunningError), connected(deep):
        pass
    with closing(socket.socket(socket.AF_UNIX)) as listener, address(deep) as where:
        listener.bind(where)
        listener.listen()
        with connected(deep) as client, listener.accept()[0] as other:
            other.sendall(b'{"terminal": "T-1"}\n')
            assert client.ask({"ask": "status"}) == {"terminal": "T-1"}
            other.sendall(b"nonsense\n")
            with pytest.raises(NotAnsweringError):
                client.next_line(Deadline.after(WAIT))
    with pytest.raises(NotRunningError), connected(deep):
        pass


class Peer:
    def __init__(self, user):
        self.user = user

    def getsockopt(self, level, option, size):
        return b"".join(value.to_bytes(4, "little") for value in (1, self.user, 1))


def test_only_the_terminal_s_own_user_and_root_may_enter():
    assert peer_may_enter(Peer(os.geteuid()))
    assert peer_may_enter(Peer(0))
    assert not peer_may_enter(Peer(os.geteuid() + 4711))


# ---- the wire


def test_the_wire_is_shown_while_somebody_looks_and_nothing_personal_on_it(world):
    citizen = person("li-ceshi")
    lines = []
    with connected(storage(world)) as client:
        assert client.ask({"ask": "trace", "device": "card_reader_serial"})["event"] == "tracing"
        HeadlessCitizen(world, citizen).walk_to("form")
        while (line := client.next_line(Deadline.after(0.5))) is not None and len(lines) < 500:
            lines.append(line)
    assert {line["direction"] for line in lines} == {"in", "out"}
    everything = json.dumps(lines, ensure_ascii=False)
    number = citizen.card.number
    assert number.encode("utf-16-le").hex(" ") not in everything
    assert not [secret for secret in secrets(citizen) if secret in everything]


def test_kiosk_trace_prints_lines_until_the_end(world):
    command = [sys.executable, "-m", "kiosk.cli", "trace", "receipt_printer", "--config", str(world.configuration)]
    tracing = subprocess.Popen(
        # As at a shell's prompt: who runs these tests in the background had Ctrl-C ignored, and children inherit that.
        ["env", "--default-signal=INT", *command],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ},
    )
    try:
        line = tracing.stdout.readline()
        assert "→" in line or "←" in line
        tracing.send_signal(signal.SIGINT)
        tracing.communicate(timeout=WAIT)
        assert tracing.returncode == 0
    finally:
        tracing.kill()
        tracing.communicate()


def test_a_trace_of_a_device_that_is_away_says_what_is_wrong(world):
    """There is nothing on its wire to be seen."""
    world.hall.printer(PrinterAction.UNPLUG)
    try:
        with connected(storage(world)) as client:
            wait_until(lambda: codes_of(client, "receipt_printer"), "the loss to be seen", WAIT)
        command = [sys.executable, "-m", "kiosk.cli", "trace", "receipt_printer", "--config", str(world.configuration)]
        with subprocess.Popen(
            command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        ) as tracing:
            said = tracing.stderr.readline() + tracing.stderr.readline()
            tracing.terminate()
        assert "[printer." in said
    finally:
        world.hall.printer(PrinterAction.PLUG)


def codes_of(client, device):
    (line,) = [line for line in client.ask({"ask": "status"})["devices"] if line["device"] == device]
    return line["codes"]


def test_the_place_of_the_socket_is_the_storage(world):
    assert Path(load(world.configuration).storage.directory) == storage(world)
