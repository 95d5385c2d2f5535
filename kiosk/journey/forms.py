"""Forms: what the card fills, what the citizen types, and what is wrong with it, in words."""

from __future__ import annotations

import re
import unicodedata

from drivers.card_reader import IdentityDocument
from kiosk.identity import masked, shown
from kiosk.journey.definition import FieldDefinition, StepDefinition
from kiosk.texts import Texts
from kiosk.view import Choice, FieldKind, FieldView, Row

UNWANTED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Control and format characters, surrogates, line ends. Not "Cn": rare characters of names may be newer than Python's tables."""


def cleaned(text: str, most: int) -> str:
    """Return typed text without control characters and leading blanks, at most ``most`` characters.

    A blank at the end stays while somebody types, or there could be none between two words.
    """
    return "".join(character for character in text if unicodedata.category(character) not in UNWANTED).lstrip()[:most]


class Form:
    """The values of one form in one visit."""

    def __init__(
        self, step: StepDefinition, document: IdentityDocument | None, texts: Texts, earlier: dict[str, str]
    ) -> None:
        """``earlier`` holds what was typed before going back."""
        self._fields = step.fields
        self._document = document
        self._texts = texts
        self._typed = {field.name: earlier.get(field.name, "") for field in step.fields if not field.source}
        self._checked = False

    def fill(self, name: str, value: str) -> bool:
        """Take a typed value; False when there is no such field to fill or choice to choose."""
        field = next((field for field in self._fields if field.name == name and not field.source), None)
        if field is None:
            return False
        if field.kind == "digits":
            value = "".join(character for character in value if character in "0123456789")
        value = cleaned(value, field.max_length)
        if field.kind == "choice" and value not in {option.id for option in field.choices}:
            return False
        self._typed[name] = value
        return True

    def complete(self) -> bool:
        """Check everything, from now on showing what is wrong; True when all is well."""
        self._checked = True
        return not any(self._wrong(field) for field in self._fields)

    def typed(self) -> dict[str, str]:
        """Return what the citizen filled in, for the submission."""
        return {name: value.strip() for name, value in self._typed.items() if value.strip()}

    def views(self, language: str) -> tuple[FieldView, ...]:
        """Return the fields as shown; those of the card that its kind does not have are left out."""
        return tuple(self._view(field, language) for field in self._fields if not self._absent(field))

    def rows(self, language: str) -> tuple[Row, ...]:
        """Return labels and values for the review."""
        rows: list[Row] = []
        for field in self._fields:
            value = self._value(field, language).strip()
            if field.kind == "choice":
                value = next((option.in_language(language) for option in field.choices if option.id == value), "")
            if value:
                rows.append(Row(field.label.in_language(language), value))
        return tuple(rows)

    def _absent(self, field: FieldDefinition) -> bool:
        return bool(field.source) and not self._value(field, "zh")

    def _value(self, field: FieldDefinition, language: str) -> str:
        if not field.source:
            return self._typed[field.name]
        if self._document is None:
            return ""
        value = shown(self._document, field.source.removeprefix("identity."), language, self._texts)
        return masked(value) if field.mask == "number" else value

    def _wrong(self, field: FieldDefinition) -> bool:
        if field.source:
            return False
        value = self._typed[field.name].strip()
        if not value:
            return field.required
        return bool(field.pattern) and re.fullmatch(field.pattern, value) is None

    def _view(self, field: FieldDefinition, language: str) -> FieldView:
        error = ""
        if self._checked and self._wrong(field) and field.error is not None:
            error = field.error.in_language(language)
        return FieldView(
            name=field.name,
            label=field.label.in_language(language),
            kind=FieldKind.READ_ONLY if field.source else FieldKind(field.kind),
            value=self._value(field, language),
            error=error,
            hint=field.hint.in_language(language) if field.hint else "",
            required=field.required,
            max_length=field.max_length,
            choices=tuple(Choice(option.id, option.in_language(language)) for option in field.choices),
        )
