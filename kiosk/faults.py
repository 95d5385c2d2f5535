"""The catalogue of faults: for each code its severity, the action it asks for, and words for three readers."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

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

    @classmethod
    def load(cls, directory: Path) -> Catalogue:
        """Read the ``[codes."a.b"]`` tables of every file. Raises ``ValueError`` for wrong content or a code twice."""
        entries: dict[str, Entry] = {}
        for path in sorted(directory.glob("*.toml")):
            for code, table in tomllib.loads(path.read_text(encoding="utf-8"))["codes"].items():
                if code in entries:
                    raise ValueError(f"{path.name}: the code {code} stands twice")
                entries[code] = Entry.model_validate(table)
        return cls(entries)

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
