"""The codes a card may carry for sex and nation, with their names, from the table that the whole terminal shares."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import cast

_TABLE = Path(__file__).resolve().parents[2] / "assets" / "codes" / "person.toml"


def _names(section: str) -> dict[str, str]:
    table = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    rows = cast("dict[str, dict[str, str]]", table[section])
    return {code: row["zh"] for code, row in rows.items()}


SEX = _names("sex")
"""GB/T 2261.1 code of one digit -> Chinese name."""

NATIONS = _names("nation")
"""GB/T 3304 code of two digits -> Chinese name."""
