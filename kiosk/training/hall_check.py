"""``kiosk selftest --training``: the real self-test on the virtual hall's devices, for whoever wants to see what it says."""

from __future__ import annotations

import secrets
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from drivers.base import Deadline
from kiosk.selftest.command import Options, run_selftest
from kiosk.training.citizen import CITIZENS
from kiosk.training.dock import DockServer, create_dock
from kiosk.training.world import START_SECONDS, World


def run_training_selftest(options: Options) -> int:
    """Bring a hall up, examine its devices, end it; return the self-test's exit code."""
    with TemporaryDirectory(prefix="kiosk-selftest-") as folder:
        world = World(Path(folder), None, headless=True)
        try:
            world.prepare(Deadline.after(START_SECONDS))
            dock = _dock(world) if options.interactive else None
            try:
                return run_selftest(replace(options, config=world.configuration))
            finally:
                if dock is not None:
                    dock.stop()
        finally:
            world.stop()


def _dock(world: World) -> DockServer:
    """Open the dock, where the technician finds the cards, codes and papers that the checks ask for."""
    dock = DockServer(create_dock(world.hall, None, CITIZENS, secrets.token_urlsafe(32)))
    url = dock.start(Deadline.after(START_SECONDS))
    sys.stderr.write(f"  dock 操作台  {url}\n")
    return dock
