"""The labels that are the same for every service, in the citizen's language, read from a file beside the code."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path


class UnknownTextError(LookupError):
    """A screen asked for a label that the texts file does not have."""


@dataclass(frozen=True)
class Labels:
    """The labels of one language."""

    language: str
    entries: dict[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """The label ``key`` with ``{name}`` replaced. Raises UnknownTextError."""
        if key not in self.entries:
            raise UnknownTextError(f"no text {key!r} in language {self.language!r}")
        return self.entries[key].format(**values)


def load(path: Path) -> dict[str, Labels]:
    """All languages of a texts file: one table a language, the same keys in each. Raises UnknownTextError."""
    tables: dict[str, dict[str, str]] = tomllib.loads(path.read_text(encoding="utf-8"))
    keys = set().union(*tables.values())
    for language, entries in tables.items():
        if missing := keys - set(entries):
            raise UnknownTextError(f"{path.name}: [{language}] lacks {', '.join(sorted(missing))}")
    return {language: Labels(language, entries) for language, entries in tables.items()}
