"""A stage with the shipped services, closed after each test; a crash of the terminal's thread fails the test."""

from __future__ import annotations

import pytest
from kiosk_stage import Stage, load_services


@pytest.fixture(scope="session")
def services():
    return load_services()


@pytest.fixture
def make_stage(tmp_path):
    stages = []

    def make(**options):
        directory = tmp_path / str(len(stages))
        directory.mkdir()
        stages.append(Stage(directory, **options))
        return stages[-1]

    yield make
    for stage in stages:
        stage.close()


@pytest.fixture
def stage(make_stage, services):
    made = make_stage(services=services)
    yield made
    assert made.crashes == []
    assert made.background.bugs == []
