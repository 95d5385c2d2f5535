"""The control socket outlives a shortage of descriptors: told once, tried again, and whoever knocked meanwhile is answered."""

import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from drivers.base import Deadline
from kiosk.config import ROOT
from kiosk.control_client import connected

HERE = Path(__file__).parent
WAIT = 30.0


class Process:
    def __init__(self, process):
        self.process = process
        self.log = []

    def tell(self, what):
        """Send one word; return what it says, and remember the events that it logged before."""
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        while (line := self.process.stdout.readline()).startswith("{"):
            self.log.append(json.loads(line))
        return line.strip()

    def events(self):
        return [(line["event"], line.get("code", "")) for line in self.log]


@pytest.fixture
def start(tmp_path):
    @contextmanager
    def run(pause, tries):
        command = [sys.executable, str(HERE / "control_process.py"), str(tmp_path), str(pause), str(tries)]
        with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            try:
                yield Process(process)
            finally:
                process.kill()

    return run


def test_a_shortage_of_descriptors_is_told_once_and_passes(tmp_path, start):
    """The kernel lets both in; the first may get the descriptor that the waiting ``accept`` held already."""
    with start(0.01, tries=5) as process:
        assert process.tell("fill") != "filled 0"
        with connected(tmp_path) as first, connected(tmp_path) as second:
            first.send({"ask": "status"})
            second.send({"ask": "status"})
            assert process.tell("wait") == "tried True"
            assert second.next_line(Deadline.after(0.05)) is None
            assert process.tell("free") == "freed"
            for client in (first, second):
                assert client.next_line(Deadline.after(WAIT))["terminal"] == "T-1"
        with connected(tmp_path) as client:
            assert client.ask({"ask": "status"})["terminal"] == "T-1"
        assert process.tell("stop") == "stopped True"
        assert process.events() == [("control.unavailable", "EMFILE"), ("control.back", "")]


def test_it_is_stopped_at_once_also_while_it_waits_for_better(tmp_path, start):
    with start(3600.0, tries=1) as process:
        process.tell("fill")
        with connected(tmp_path), connected(tmp_path):
            assert process.tell("wait") == "tried True"
            assert process.tell("stop") == "stopped True"
        assert process.events() == [("control.unavailable", "EMFILE")]
