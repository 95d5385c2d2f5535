"""Templates of documents as data: what stands on which document is changed without touching code."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


class DocumentTemplateError(Exception):
    """A template or its values cannot be used; the message never holds a value."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Words(_Part):
    """A text in Chinese, with English beside or below it; either may hold placeholders such as ``{applicant}``."""

    zh: str
    en: str = ""


class TableCell(_Part):
    """A label and its value, such as 申请人 and a name."""

    label: Words
    value: str


class Column(_Part):
    """A column of a list, ``width`` in mm; 0 takes what the others leave."""

    label: Words
    width: float = 0.0


class Block(_Part):
    """One block from top to bottom; ``when`` names an optional value without which it is left out.

    heading: words, centred. reference: words and value, at the right. paragraph: words. banner: words in a frame.
    table: rows of cells. list: columns, and a value with a row a line and its cells parted by tabs. note: small words.
    closing: a QR code of the value with words below it, and at the right the place for the seal.
    """

    kind: Literal["heading", "reference", "paragraph", "banner", "table", "list", "closing", "note"]
    words: Words = Words(zh="")
    value: str = ""
    indent: bool = False
    rows: tuple[tuple[TableCell, ...], ...] = ()
    columns: tuple[Column, ...] = ()
    when: str = ""

    def placeholders(self) -> frozenset[str]:
        """Return the names of the values that the block shows."""
        texts = [self.words.zh, self.words.en, self.value, *(cell.value for row in self.rows for cell in row)]
        return frozenset(name for text in texts for name in _PLACEHOLDER.findall(text))


class DocumentTemplate(_Part):
    """A document: its title (for the file, nothing personal), its values, its blocks from top to bottom."""

    title: str
    required: frozenset[str]
    optional: frozenset[str] = frozenset()
    block: tuple[Block, ...]

    def shown(self, values: dict[str, str]) -> tuple[Block, ...]:
        """Return the blocks for these values. Raises ``DocumentTemplateError`` for missing and unknown ones."""
        present = {name for name, value in values.items() if value}
        missing, unknown = sorted(self.required - present), sorted(values.keys() - self.required - self.optional)
        if missing or unknown:
            raise DocumentTemplateError(f"{self.title}: no value for {missing}, unknown {unknown}")
        return tuple(
            block
            for block in self.block
            if block.placeholders() <= present and (not block.when or block.when in present)
        )


def load(path: Path) -> DocumentTemplate:
    """Read and check a template. Raises ``DocumentTemplateError`` that names the file and what is wrong."""
    try:
        template = DocumentTemplate.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise DocumentTemplateError(f"{path.name}: {error}") from error
    used = frozenset[str]().union(*(block.placeholders() | ({block.when} - {""}) for block in template.block))
    known = template.required | template.optional
    if used != known:
        raise DocumentTemplateError(f"{path.name}: undeclared {sorted(used - known)}, unused {sorted(known - used)}")
    if sum(block.kind == "closing" for block in template.block) != 1:
        raise DocumentTemplateError(f"{path.name}: exactly one block of kind closing has the place for the seal")
    return template


def fill(text: str, values: dict[str, str]) -> str:
    """Put values in the place of their placeholders; what is in a value is never taken for a placeholder."""
    return _PLACEHOLDER.sub(lambda match: values[match.group(1)], text)
