"""``kiosk run --training``, the real command, on a machine without a screen: one command up, one Ctrl-C and all is gone."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

from headless_citizen import wait_until

from kiosk.config import ROOT

PARTS = {"Xvfb", "pcscd", "central.cli", "kiosk.cli"}
"""What runs of a training terminal besides the first process, by a word of its command line."""


def descendants(pid):
    """Return process id -> command line of everything that a process has started, and that those have."""
    parents, lines = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "status").read_text()
            lines[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it ended meanwhile
        parents[int(folder.name)] = int(re.search(r"(?m)^PPid:\s+(\d+)", status).group(1))
    found, wanted = {}, {pid}
    while wanted:
        wanted = {child for child, parent in parents.items() if parent in wanted}
        found.update({child: lines[child] for child in wanted})
    return found


def running(pid):
    """Whether the process still runs; one that has ended and is only waited for does not count."""
    try:
        return "\nState:\tZ" not in (Path("/proc") / str(pid) / "status").read_text()
    except OSError:
        return False


def test_training_from_start_to_ctrl_c(tmp_path):
    """The dock's address is printed and answers, the shell can use it, and SIGINT leaves no process behind."""
    environment = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    place = tmp_path / "training"
    command = [sys.executable, "-m", "kiosk.cli", "run", "--training", "--training-directory", str(place)]
    said = tmp_path / "said"
    with said.open("wb") as output:
        training = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        wait_until(lambda: "ready after" in said.read_text() or training.poll() is not None, "the guide", 60.0, 0.05)
        assert training.poll() is None, said.read_text()
        address = re.search(r"dock\D*(http://127\.0\.0\.1:\d+\S*)", said.read_text()).group(1)
        with urllib.request.urlopen(address, timeout=10) as answer:
            assert answer.status == 200
            assert b"<html" in answer.read().lower()

        state = kiosk("sim", "--training-directory", str(place), "state", "--json", environment=environment)
        assert state.returncode == 0, state.stderr
        hall = json.loads(state.stdout)["hall"]
        assert hall["network"] is True
        assert (hall["printer"]["paper"], hall["printer"]["plugged"]) == ("ok", True)

        started = descendants(training.pid)
        assert {part for part in PARTS if any(part in line for line in started.values())} == PARTS
        training.send_signal(signal.SIGINT)
        assert training.wait(20) == 0
        wait_until(lambda: not [pid for pid in started if running(pid)], "every process to end", 10.0, 0.05)
    finally:
        if training.poll() is None:
            training.terminate()
            training.wait(20)


def kiosk(*arguments, environment):
    return subprocess.run(
        [sys.executable, "-m", "kiosk.cli", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_screen_that_cannot_be_reached_is_said_in_words(tmp_path):
    """A stale DISPLAY, as in an old SSH session, ends with what to do and no traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "kiosk.cli", "run", "--training", "--training-directory", str(tmp_path)],
        env={**os.environ, "DISPLAY": ":65000"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "without DISPLAY set" in done.stderr
    assert "Traceback" not in done.stderr
