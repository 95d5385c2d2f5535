"""Compares journal commits with the cheapest durable write there is: append a record of the same size, then fsync."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from kiosk.journal import Journal

BODY = b"x" * 227  # facts/performance.md measured records of this size
GOAL = 0.7


def measure(folder: Path | None = None, rounds: int = 15, records: int = 100) -> dict[str, float]:
    """Return records a second of both, medians over interleaved rounds in ``folder``, and their ``ratio``."""
    with tempfile.TemporaryDirectory(dir=folder) as made:
        journal = Journal.open(Path(made) / "journal.db", b"k" * 32)
        descriptor = os.open(Path(made) / "raw.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        raw: list[float] = []
        journalled: list[float] = []
        for number in range(rounds):
            keys = [f"019a0000-0000-7000-8000-{number:06d}{index:06d}" for index in range(records)]
            start = time.perf_counter()
            for _ in keys:
                os.write(descriptor, BODY)
                os.fsync(descriptor)
            between = time.perf_counter()
            for key in keys:
                journal.add(key, "submission", "T001-20261122-0001", BODY)
            end = time.perf_counter()
            raw.append(records / (between - start))
            journalled.append(records / (end - between))
        os.close(descriptor)
        journal.close()
    ratio = statistics.median(journalled) / statistics.median(raw)
    return {
        "journal_per_second": statistics.median(journalled),
        "raw_per_second": statistics.median(raw),
        "ratio": ratio,
    }


if __name__ == "__main__":
    result = measure(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    print(" ".join(f"{name}={value:.2f}" for name, value in result.items()))
    sys.exit(0 if result["ratio"] >= GOAL else 1)
