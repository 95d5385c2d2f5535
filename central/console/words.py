"""The console's texts in Chinese and English, and operators' words for faults, services and devices."""

from __future__ import annotations

import logging
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from kiosk.contract.items import Item
from kiosk.contract.reports import DeviceReport

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

    def service(self, name: str) -> str:
        """Return a service's title."""
        return self.services.get(name, name)

    def device(self, device: DeviceReport) -> str:
        """Return what kind of device this is, in words."""
        return self.either(f"device_class.{device.device_class}", device.name)


def load_words(faults: Path | None, items: Mapping[str, Item]) -> dict[Language, Words]:
    """Read the console's texts and the catalogue's words (``[codes."..."]``: ``operator_zh``, ``operator_en``)."""
    codes = _fault_codes(faults) if faults else {}
    return {
        language: Words(
            language=language,
            texts=_texts(FOLDER / f"{language}.toml"),
            faults={
                code: words
                for code, entry in codes.items()
                if isinstance(words := entry.get(f"operator_{language}"), str) and words
            },
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
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            # Words are a convenience: without them the console shows codes, and the log says why.
            _log.error("%s cannot be read: %s", path, error)
            continue
        codes |= cast("dict[str, dict[str, object]]", document.get("codes", {}))
    return codes
