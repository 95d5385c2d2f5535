"""Fixtures: a central platform that misbehaves on command, and a terminal without devices."""

from __future__ import annotations

import pytest
from uplink_fakes import FakeCentral, Terminal


@pytest.fixture
def central():
    made = FakeCentral()
    yield made
    made.stop()


@pytest.fixture
def terminal(tmp_path, central):
    made = Terminal(tmp_path / "journal.db", central)
    yield made
    central.released.set()
    made.stop()
