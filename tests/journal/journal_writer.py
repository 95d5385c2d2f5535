"""Writes into a journal until it is killed, again and again, and says of each thing only after it is done that it is.

One process that has imported everything forks a writer for every line "go" on its input.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import uuid6

from kiosk.journal import EntryState, Journal, PrintPhase

KEY = b"\x05" * 32


def body_of(key: str) -> bytes:
    """Return what the writer writes under ``key``: of a length that differs, up to several pages."""
    return f"{{'name': '张伟样', 'key': '{key}'}}".encode() * (1 + int(key[-2:], 16))


def say(*words: str) -> None:
    os.write(1, (" ".join(words) + "\n").encode())  # below PIPE_BUF: never torn


def write(path: Path) -> None:
    journal = Journal.open(path, KEY)
    say("opened")
    while True:
        number = journal.next_local_no("T001")
        say("number", number)
        key = str(uuid6.uuid7())
        journal.add(key, "submission", number, body_of(key))
        say("added", key)
        job = journal.prepare_print(key)
        say("prepared", job.job_id, job.process_id)
        journal.set_print_phase(job.job_id, PrintPhase.SENT)
        say("sent", job.job_id)
        journal.settle(key, EntryState.ACCEPTED, key.encode())
        say("settled", key)
        journal.set_print_phase(job.job_id, PrintPhase.PRINTED)
        say("printed", job.job_id)


def main() -> None:
    path = Path(sys.argv[1])
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            write(path)
        say("writer", str(child))
        os.waitpid(child, 0)
        say("dead")


if __name__ == "__main__":
    main()
