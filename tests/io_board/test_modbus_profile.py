"""A board's map as data: what it says is understood, and what makes no sense is refused with its place."""

from __future__ import annotations

import pytest

from drivers.modbus.profile import PROFILES, Point, ProfileError, Span, Table, load, parse

INPUT = {"table": "discrete_input", "address": 4}


@pytest.mark.parametrize("path", sorted(PROFILES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_profile_that_comes_with_the_program_can_be_read(path):
    assert load(path.stem).spans


def test_inputs_of_each_table_are_read_by_one_request():
    found = parse(
        {
            "inputs": {
                "door_open": INPUT,
                "tamper": {"table": "discrete_input", "address": 9, "active": "low"},
                "present": {"table": "input_register", "address": 2, "bit": 15},
            }
        }
    )
    assert found.spans == (Span(Table.DISCRETE_INPUT, 4, 6), Span(Table.INPUT_REGISTER, 2, 1))
    assert found.inputs["tamper"] == Point(Table.DISCRETE_INPUT, 9, high=False)


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ({}, "inputs"),
        ({"inputs": {}}, "inputs"),
        ({"inputs": {"window": INPUT}}, "window"),
        ({"inputs": {"door_open": INPUT}, "lamps": {}}, "lamps"),
        ({"inputs": {"door_open": 3}}, "inputs.door_open"),
        ({"inputs": 3}, "inputs"),
        ({"inputs": {"door_open": {"table": "rail", "address": 0}}}, "door_open.table"),
        ({"inputs": {"door_open": {"table": "coil", "address": 65536}}}, "door_open.address"),
        ({"inputs": {"door_open": {"table": "coil", "address": True}}}, "door_open.address"),
        ({"inputs": {"door_open": {**INPUT, "bit": 1}}}, "door_open.bit"),
        ({"inputs": {"door_open": {"table": "input_register", "address": 0, "bit": 16}}}, "door_open.bit"),
        ({"inputs": {"door_open": {**INPUT, "active": "sometimes"}}}, "door_open.active"),
        ({"inputs": {"door_open": {**INPUT, "pin": 3}}}, "pin"),
        ({"inputs": {"door_open": INPUT}, "lights": {"card_reader": INPUT}}, "lights.card_reader.table"),
        ({"inputs": {"door_open": INPUT, "present": {**INPUT, "address": 3000}}}, "too far apart"),
    ],
)
def test_a_map_that_makes_no_sense_is_refused_by_name(data, named):
    with pytest.raises(ValueError, match=named):
        parse(data)


def test_a_file_that_cannot_be_used_is_named(tmp_path):
    broken = tmp_path / "board.toml"
    broken.write_text("[inputs", encoding="utf-8")
    for path in (broken, tmp_path / "gone.toml"):
        with pytest.raises(ProfileError, match=path.name):
            load(str(path))
