"""SIGKILL at random points: nothing that was acknowledged is lost, no number is given twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

from journal_writer import KEY, body_of

from kiosk.journal import EntryState, Journal, PrintPhase

KILLS = 60


def test_what_was_acknowledged_before_a_kill_is_there_after_it(tmp_path):
    path = tmp_path / "journal.db"
    chance = random.Random(20261122)
    added, settled, numbers, processes = set(), set(), [], []
    phases = {}  # job -> the last acknowledged phase
    order = []
    doubtful = 0
    writer = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("journal_writer.py")), str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        for _ in range(KILLS):
            writer.stdin.write("go\n")
            writer.stdin.flush()
            pid = None
            patience = chance.randrange(1, 60)
            while True:
                what, *words = writer.stdout.readline().split()
                match what:
                    case "writer":
                        pid = int(words[0])
                    case "number":
                        numbers.append(words[0])
                    case "added":
                        added.add(words[0])
                        order.append(words[0])
                    case "settled":
                        settled.add(words[0])
                    case "prepared":
                        phases[words[0]] = PrintPhase.PREPARED
                        processes.append(words[1])
                    case "sent" | "printed":
                        phases[words[0]] = PrintPhase(what)
                    case "dead":
                        break
                patience -= 1
                if patience <= 0 and pid is not None:
                    os.kill(pid, signal.SIGKILL)
                    pid = None
                    patience = 1_000_000
            doubtful += check(path, added, settled, phases, order)
    finally:
        writer.stdin.close()
        writer.wait(20)
        writer.stdout.close()
    assert len(added) > 2 * KILLS
    assert len(numbers) == len(set(numbers))
    assert len(processes) == len(set(processes))
    assert numbers == sorted(numbers)
    assert doubtful <= KILLS  # at most one thing a kill was done and not yet said


def check(path, added, settled, phases, order):
    """The journal agrees with everything acknowledged so far; finish what the crash left, as the terminal does."""
    journal = Journal.open(path, KEY)
    for key in added:
        entry = journal.entry(key)
        assert entry.body == body_of(key)
        if key in settled:
            assert (entry.state, entry.answer) == (EntryState.ACCEPTED, key.encode())
    pending = [entry.key for entry in journal.pending()]
    assert [key for key in pending if key in added] == [key for key in order if key in set(pending)]
    assert not settled & set(pending)
    unfinished = {job.job_id: job.phase for job in journal.unfinished_prints()}
    for job, phase in phases.items():
        if phase is PrintPhase.SENT:
            assert unfinished.get(job, PrintPhase.PRINTED) in (PrintPhase.SENT, PrintPhase.PRINTED)
        elif phase is PrintPhase.PREPARED:
            assert job in unfinished
        else:
            assert job not in unfinished
    for job, phase in unfinished.items():
        journal.set_print_phase(job, PrintPhase.UNKNOWN if phase is PrintPhase.SENT else PrintPhase.NOT_PRINTED)
        phases[job] = PrintPhase.UNKNOWN
    # What was done but not said: it counts as done from here on.
    new = [key for key in pending if key not in added]
    for key in pending:
        if key in new:
            assert journal.entry(key).body == body_of(key)
            added.add(key)
            order.append(key)
        journal.settle(key, EntryState.ACCEPTED, key.encode())
        settled.add(key)
    journal.close()
    return len(new)
