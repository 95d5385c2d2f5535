"""A virtual board on a pty, and the driver before it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from drivers.base import Deadline
from drivers.modbus.board import ModbusIoBoard
from drivers.modbus.profile import load
from drivers.sim.io_board import VirtualIoBoard


@pytest.fixture
def profile():
    return load("generic_8x8")


@pytest.fixture
def hardware(profile):
    with tempfile.TemporaryDirectory(prefix="io-") as folder:
        board = VirtualIoBoard(Path(folder) / "board", profile)
        board.start()
        yield board
        board.stop()


@pytest.fixture
def make_board(hardware, profile):
    """An open driver. It is opened in peace; only then is ``answer_timeout`` what the test wants."""
    made = []

    def make(answer_timeout=10.0):
        board = ModbusIoBoard(str(hardware.path), profile, answer_timeout=20.0, look_interval=0.01)
        board.open(Deadline.after(40))
        board._answer_timeout = answer_timeout
        made.append(board)
        return board

    yield make
    for board in made:
        board.close()


@pytest.fixture
def board(make_board):
    return make_board()
