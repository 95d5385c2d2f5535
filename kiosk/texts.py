"""Citizens' texts by key and language, from assets/texts: a missing key is found when the program starts, not by a citizen."""

from __future__ import annotations

import tomllib
from pathlib import Path

LANGUAGES = ("zh", "en")


class TextsError(Exception):
    """A text file lacks a key in one of the languages, or is not TOML."""


class Texts:
    """Texts of one file with a table a language: ``[zh]`` and ``[en]``, the same keys in both."""

    def __init__(self, path: Path) -> None:
        """Read the file. Raises ``TextsError`` naming every key that one language lacks."""
        try:
            tables = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise TextsError(f"{path}: {error}") from None
        for language in LANGUAGES:
            if not isinstance(tables.get(language), dict):
                raise TextsError(f"{path}: there is no table [{language}]")
        self._texts = {
            language: {str(key): str(text) for key, text in tables[language].items()} for language in LANGUAGES
        }
        lacking = set(self._texts["zh"]) ^ set(self._texts["en"])
        if lacking:
            raise TextsError(f"{path}: only in one language: {', '.join(sorted(lacking))}")

    def get(self, language: str, key: str, **values: str | int) -> str:
        """Return the text with ``{name}`` replaced by ``values``. Raises ``KeyError`` for an unknown key."""
        text = self._texts[language][key]
        return text.format(**values) if values else text
