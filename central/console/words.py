"""The console's texts in Chinese and English, and operators' words for faults, services and devices."""

from __future__ import annotations

import logging
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from kiosk.contract.items import Item

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")
FOLDER = Path(__file__).with_name("words")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Words:
    """All that the console can say in one language; ``texts`` are keyed ``section.name``."""

    language: Language
    texts: Mapping[str, str]
    faults: Mapping[str, str]
    checks: Mapping[str, str]
    services: Mapping[str, str]

    def text(self, key: str, **values: object) -> str:
        """Return a text with its values put in. Raises ``KeyError`` for an unknown key."""
        return self.texts[key].format(**values) if values else self.texts[key]

    def either(self, key: str, otherwise: str) -> str:
        """Return a text, or ``otherwise`` for a key that terminals may know and we do not."""
        return self.texts.get(key, otherwise)

    def fault(self, code: str) -> str:
        """Return an operator's words for a fault; the code itself where the catalogue has none."""
        return self.faults.get(code, code)

    def check(self, name: str) -> str:
        """Return a self-test check's name in words; the name itself where there are none, as for a vendor's driver."""
        return self.checks.get(f"check.{name}", name)

    def service(self, name: str) -> str:
        """Return a service's title."""
        return self.services.get(name, name)

    def device(self, name: str, device_class: str) -> str:
        """Return what kind of device this is, in words; its name where there are none."""
        return self.either(f"device_class.{device_class}", name)


def load_words(faults: Path | None, checks: Path | None, items: Mapping[str, Item]) -> dict[Language, Words]:
    """Read the console's texts, the catalogue's words (``[codes."..."]``: ``operator_zh``, ``operator_en``) and the
    self-test's (``[zh]`` and ``[en]``: ``check.NAME``).
    """
    codes = _fault_codes(faults) if faults else {}
    named = _readable(checks) if checks else {}
    return {
        language: Words(
            language=language,
            texts=_texts(FOLDER / f"{language}.toml"),
            faults={
                code: words
                for code, entry in codes.items()
                if isinstance(words := entry.get(f"operator_{language}"), str) and words
            },
            checks={key: str(text) for key, text in named.get(language, {}).items()},
            services={name: item.task_name if language == "zh" else item.task_name_en for name, item in items.items()},
        )
        for language in LANGUAGES
    }


def _texts(path: Path) -> dict[str, str]:
    sections = cast("dict[str, dict[str, str]]", tomllib.loads(path.read_text(encoding="utf-8")))
    return {f"{section}.{name}": text for section, texts in sections.items() for name, text in texts.items()}


def _fault_codes(folder: Path) -> dict[str, dict[str, object]]:
    codes: dict[str, dict[str, object]] = {}
    for path in sorted(folder.glob("*.toml")):
        codes |= cast("dict[str, dict[str, object]]", _readable(path).get("codes", {}))
    return codes


def _readable(path: Path) -> dict[str, dict[str, object]]:
    """Return a file's tables; none, and a line in the log, when it cannot be read: the console then shows codes."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        _log.error("%s cannot be read: %s", path, error)
        return {}
