"""Whole training terminals for the end-to-end tests; the hall, with its printer, lives in the test's own process."""

import pytest

from drivers.base import Deadline
from kiosk.training.world import World

START_SECONDS = 60.0


@pytest.fixture(scope="module")
def terminal_world(tmp_path_factory):
    """One terminal without a window for a module's tests; each leaves the hall as it found it."""
    world = World(tmp_path_factory.mktemp("world"), None, headless=True)
    try:
        world.start(Deadline.after(START_SECONDS))
        yield world
    finally:
        world.stop()
