"""``kiosk selftest --training``: the real self-test on the virtual hall's devices, for whoever wants to see what it says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from drivers.base import Deadline
from kiosk.selftest.command import Options, run_selftest
from kiosk.training.world import START_SECONDS, World


def run_training_selftest(options: Options) -> int:
    """Bring a hall up, examine its devices, end it; return the self-test's exit code."""
    with TemporaryDirectory(prefix="kiosk-selftest-") as folder:
        world = World(Path(folder), None, headless=True)
        try:
            world.prepare(Deadline.after(START_SECONDS))
            return run_selftest(replace(options, config=world.configuration))
        finally:
            world.stop()
