"""The hall's cabinet and power: what a person does in the dock is what the terminal's own drivers see."""

from __future__ import annotations

import contextlib

import pytest

from drivers import registry
from drivers.base import Deadline
from drivers.hall import CabinetAction, PowerAction
from drivers.registry import Resources
from kiosk.config import ASSETS


@contextlib.contextmanager
def device(hall, name):
    table = hall.device_tables()[name]
    driver = registry.find(table["driver"])
    assert driver.virtual
    made = driver.make(name, table["options"], Resources(ASSETS / "fonts"))
    made.open(Deadline.after(10))
    try:
        yield made
    finally:
        made.close()


def codes(made):
    return [fault.code for fault in made.poll(Deadline.after(10)).faults]


@pytest.mark.parametrize(
    ("action", "back", "field", "before"),
    [
        (CabinetAction.WALK_AWAY, CabinetAction.COME_BACK, "present", True),
        (CabinetAction.OPEN_DOOR, CabinetAction.CLOSE_DOOR, "door_open", False),
    ],
)
def test_presence_and_door_are_seen_by_the_driver(hall, action, back, field, before):
    with device(hall, "io_board") as board:
        assert getattr(board.inputs(Deadline.after(10)), field) is before
        hall.cabinet(action)
        assert getattr(board.inputs(Deadline.after(10)), field) is not before
        assert hall.state()["cabinet"][field] is not before
        hall.cabinet(back)
        assert getattr(board.inputs(Deadline.after(10)), field) is before


def test_lights_that_the_driver_switches_are_shown(hall):
    with device(hall, "io_board") as board:
        board.set_light("card_reader", True, Deadline.after(10))
        board.set_fan(True, Deadline.after(10))
        assert (hall.state()["cabinet"]["lit"], hall.state()["cabinet"]["fan"]) == (["card_reader"], True)
        board.reset(Deadline.after(10))
        assert (hall.state()["cabinet"]["lit"], hall.state()["cabinet"]["fan"]) == ([], False)


def test_mains_and_battery_are_seen_by_the_driver(hall):
    with device(hall, "power_supply") as supply:
        for action, expected in (
            (PowerAction.MAINS_OFF, ["power.on_battery"]),
            (PowerAction.BATTERY_LOW, ["power.battery_low"]),
            (PowerAction.MAINS_ON, []),
        ):
            hall.power(action)
            assert codes(supply) == expected
            assert hall.state()["power"] == action.value
