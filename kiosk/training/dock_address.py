"""Where the running dock is: a file that only its owner can read, so that ``kiosk sim`` finds it and may use it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from kiosk.config import ROOT

TRAINING_DIRECTORY = ROOT / "var" / "training"
"""Where a training terminal keeps what it writes, unless told otherwise."""


@dataclass(frozen=True)
class DockAddress:
    """The dock's base URL (no slash at the end) and the token that every POST needs."""

    url: str
    token: str = field(repr=False)


def _file(directory: Path) -> Path:
    return directory / "dock.json"


def publish(directory: Path, address: DockAddress) -> None:
    """Write the address, readable by its owner alone; the file is whole or not there."""
    directory.mkdir(parents=True, exist_ok=True)
    partial = directory / "dock.json.new"
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"url": address.url, "token": address.token}, file)
    partial.replace(_file(directory))


def withdraw(directory: Path) -> None:
    """Take the address away: no dock is running any more."""
    _file(directory).unlink(missing_ok=True)


def find(directory: Path) -> DockAddress | None:
    """Return the published address; None when there is none. Raises ``ValueError`` when the file is damaged."""
    try:
        text = _file(directory).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        data = json.loads(text)
        return DockAddress(str(data["url"]), str(data["token"]))
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{_file(directory)} is damaged") from None
