"""The catalogue of faults: for each code its severity, the action it asks for, and words for three readers."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from importlib.metadata import entry_points
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

ENTRY_POINT_GROUP = "civic_kiosk.faults"
"""A package's entry point in this group names a package of its own, whose ``*.toml`` are read like those in assets/faults."""

Action = Literal["wait", "reset", "operator", "technician", "configuration", "software"]


class Entry(BaseModel):
    """One fault. ``citizen`` never names internals, ``technician`` says the cause, ``remedy`` what to do."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    severity: Literal["info", "warning", "error"]
    action: Action
    citizen_zh: str
    citizen_en: str
    technician_zh: str
    technician_en: str
    remedy_zh: str
    remedy_en: str
    operator_zh: str
    operator_en: str


@dataclass(frozen=True)
class Catalogue:
    """All faults by code. A code that is not there gets the words of ``unknown``, so that nobody sees an empty line."""

    entries: dict[str, Entry]
    refused: tuple[str, ...] = ()
    """Vendors' faults that are not used, each with the reason."""

    @classmethod
    def load(cls, directory: Path) -> Catalogue:
        """Read the ``[codes."a.b"]`` tables of every file. Raises ``ValueError`` for wrong content or a code twice."""
        return cls(_read(directory.iterdir(), frozenset()))

    @classmethod
    def installed(cls, directory: Path) -> Catalogue:
        """Read them, and those that vendors' packages bring. A package that breaks a rule brings none, and stops nothing."""
        entries = cls.load(directory).entries
        refused: list[str] = []
        for entry in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda entry: entry.name):
            try:
                entries |= _read(files(entry.value).iterdir(), entries.keys())
            except Exception as error:  # noqa: BLE001 - a vendor's package may fail in any way
                refused.append(f"the faults {entry.name!r} of {entry.value}: {type(error).__name__}: {error}")
        return cls(entries, tuple(refused))

    @property
    def mild(self) -> frozenset[str]:
        """The codes of faults with which a device still works."""
        return frozenset(code for code, entry in self.entries.items() if entry.severity != "error")

    def entry(self, code: str) -> Entry:
        """Return the entry of a code, or the one for unknown codes."""
        return self.entries.get(code) or self.entries["unknown"]

    def for_citizen(self, code: str, language: str) -> str:
        """Return what a citizen is told."""
        entry = self.entry(code)
        return entry.citizen_zh if language == "zh" else entry.citizen_en

    def for_technician(self, code: str, language: str) -> tuple[str, str]:
        """Return the cause and the remedy."""
        entry = self.entry(code)
        return (entry.technician_zh, entry.remedy_zh) if language == "zh" else (entry.technician_en, entry.remedy_en)


def _read(folder: Iterable[Traversable], known: Collection[str]) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    for file in sorted(folder, key=lambda file: file.name):
        if not file.name.endswith(".toml"):
            continue
        for code, table in tomllib.loads(file.read_text(encoding="utf-8"))["codes"].items():
            if code in entries or code in known:
                raise ValueError(f"{file.name}: the code {code} stands twice")
            try:
                entries[code] = Entry.model_validate(table)
            except ValidationError as error:
                wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
                raise ValueError(f"{file.name}: {code}: {wrong}") from error
    return entries
