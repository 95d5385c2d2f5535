"""A board's register map as data: which coil, input or register is the door, a light, the fan."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, cast

from drivers.io_board import Inputs

PROFILES = Path(__file__).parent / "profiles"
INPUT_NAMES = tuple(field.name for field in fields(Inputs))
_LONGEST_SPAN = {"coil": 2000, "discrete_input": 2000, "holding_register": 125, "input_register": 125}
"""How many one request may read (Modbus Application Protocol V1.1b3, sections 6.1 to 6.4)."""


class ProfileError(ValueError):
    """A profile cannot be used; the text names the file and what is wrong in it."""


class Table(StrEnum):
    """The four tables of the Modbus data model."""

    COIL = "coil"
    DISCRETE_INPUT = "discrete_input"
    HOLDING_REGISTER = "holding_register"
    INPUT_REGISTER = "input_register"

    @property
    def is_bits(self) -> bool:
        """Whether it holds single bits and not 16-bit registers."""
        return self in (Table.COIL, Table.DISCRETE_INPUT)


@dataclass(frozen=True)
class Point:
    """One thing on the board. ``bit`` is counted from 0 within a register; ``high``: a one means "on", "open", "there"."""

    table: Table
    address: int
    bit: int = 0
    high: bool = True


@dataclass(frozen=True)
class Span:
    """What one request reads: ``count`` neighbours of one table."""

    table: Table
    address: int
    count: int


@dataclass(frozen=True)
class Profile:
    """A board's map. ``inputs`` by names of ``Inputs``, ``lights`` by slot."""

    model: str
    inputs: Mapping[str, Point]
    lights: Mapping[str, Point]
    fan: Point | None

    @property
    def spans(self) -> tuple[Span, ...]:
        """The requests that read all inputs: one a table."""
        found: list[Span] = []
        for table in Table:
            addresses = [point.address for point in self.inputs.values() if point.table is table]
            if addresses:
                found.append(Span(table, min(addresses), max(addresses) - min(addresses) + 1))
        return tuple(found)


def load(name: str) -> Profile:
    """Read a profile that comes with the program by its name, or any other by its path. Raises ``ProfileError``."""
    path = Path(name) if "/" in name else PROFILES / f"{name}.toml"
    try:
        return parse(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ProfileError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, KeyError) as error:
        raise ProfileError(f"{path}: {error}") from None


def parse(data: Mapping[str, Any]) -> Profile:
    """Check what was read from TOML. Raises ``ValueError``."""
    unknown = set(data) - {"model", "inputs", "lights", "fan"}
    inputs = _points(data, "inputs", for_output=False)
    lights = _points(data, "lights", for_output=True)
    strange = unknown | (set(inputs) - set(INPUT_NAMES))
    if strange:
        raise ValueError(f"unknown: {', '.join(sorted(strange))}")
    if not inputs:
        raise ValueError("inputs: at least one is needed, to know that the board answers")
    fan = _point("fan", data["fan"], for_output=True) if "fan" in data else None
    profile = Profile(str(data.get("model", "")), inputs, lights, fan)
    for span in profile.spans:
        if span.count > _LONGEST_SPAN[span.table]:
            raise ValueError(f"inputs: {span.table} lie too far apart for one request")
    return profile


def _points(data: Mapping[str, Any], key: str, for_output: bool) -> dict[str, Point]:
    tables = data.get(key, {})
    if not isinstance(tables, dict):
        raise ValueError(f"{key}: must be a table")
    return {name: _point(f"{key}.{name}", table, for_output) for name, table in cast("dict[str, Any]", tables).items()}


def _point(where: str, table: Any, for_output: bool) -> Point:
    if not isinstance(table, dict):
        raise ValueError(f"{where}: must be a table")
    row = cast("dict[str, Any]", table)
    unknown = set(row) - {"table", "address", "bit", "active"}
    if unknown:
        raise ValueError(f"{where}: unknown: {', '.join(sorted(unknown))}")
    kind, address, bit, active = row.get("table"), row.get("address"), row.get("bit", 0), row.get("active", "high")
    if kind not in list(Table) or (for_output and kind not in (Table.COIL, Table.HOLDING_REGISTER)):
        raise ValueError(f"{where}.table: {kind!r}")
    if type(address) is not int or not 0 <= address <= 0xFFFF:
        raise ValueError(f"{where}.address: a whole number from 0 to 65535")
    if type(bit) is not int or not 0 <= bit <= 15 or ("bit" in row and (for_output or Table(kind).is_bits)):
        raise ValueError(f"{where}.bit: 0 to 15, of an input in a register")
    if active not in ("high", "low"):
        raise ValueError(f"{where}.active: high or low")
    return Point(Table(kind), address, bit, active == "high")
