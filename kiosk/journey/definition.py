"""A service as data: what its TOML file may say, part by part."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from kiosk.contract.cases import DocumentType
from kiosk.contract.items import Item

StepKind = Literal[
    "notice",
    "identify",
    "scan",
    "choose",
    "form",
    "materials",
    "review",
    "sign",
    "submit",
    "result",
    "receipt",
    "document",
    "rate",
    "finish",
]
ExpectedWord = Annotated[str, Field(min_length=2, max_length=40)]
"""A word looked for on a paper; a single character stands on nearly every one."""
FaultPolicy = Literal["wait", "skip", "alternative", "abort"]

DEVICE_OF_KIND: dict[str, str] = {
    "identify": "card_reader",
    "scan": "code_scanner",
    "materials": "document_camera",
    "receipt": "receipt_printer",
    "document": "document_printer",
}
"""Which class of device a step kind works with."""

POINT_OF_NO_RETURN = frozenset({"submit"})
"""Once such a step has ended, no way leads back before it: what was handed in is handed in."""

IDENTITY_FIELDS = frozenset(
    {
        "name", "name_en", "number", "sex", "birth", "nation", "nationality", "address", "issuer", "valid_from", "valid_to",
        "pass_number", "issue_count",
    }
)  # fmt: skip

REQUIRED_TEXTS: dict[str, tuple[str, ...]] = {
    "notice": ("title", "paragraphs"),
    "identify": ("title", "instruction"),
    "scan": ("title", "instruction"),
    "choose": ("title", "question"),
    "form": ("title",),
    "materials": ("title", "guide"),
    "review": ("title", "statement"),
    "sign": ("title", "statement"),
    "submit": ("title",),
    "result": ("title",),
    "receipt": ("title", "message"),
    "document": ("title",),
    "rate": ("title", "question"),
    "finish": ("title", "message"),
}


class Part(BaseModel):
    """A part of the file: immutable, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Words(Part):
    """One text in both languages."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def in_language(self, language: str) -> str:
        """Return the text in ``zh`` or ``en``."""
        return self.zh if language == "zh" else self.en


class StepText(Part):
    """A step's texts in one language; which of them a kind needs stands in ``REQUIRED_TEXTS``."""

    title: str = ""
    paragraphs: tuple[str, ...] = ()
    instruction: str = ""
    question: str = ""
    guide: str = ""
    statement: str = ""
    message: str = ""


class StepTexts(Part):
    """A step's texts in both languages."""

    zh: StepText
    en: StepText

    def in_language(self, language: str) -> StepText:
        """Return the texts in ``zh`` or ``en``."""
        return self.zh if language == "zh" else self.en


class Option(Part):
    """One answer of a question or a choice field; ``device`` is the class that must be well for it to be offered."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)
    device: str = ""

    def in_language(self, language: str) -> str:
        """Return the label in ``zh`` or ``en``."""
        return self.zh if language == "zh" else self.en


class FieldDefinition(Part):
    """One field of a form. ``source`` names what prefills it, which makes it read-only; ``pattern`` must match the whole value."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: Words
    source: str = ""
    kind: Literal["digits", "text", "choice"] = "text"
    required: bool = True
    mask: Literal["", "number"] = ""
    pattern: str = ""
    max_length: int = Field(default=64, ge=1, le=200)
    hint: Words | None = None
    error: Words | None = None
    example: str = ""
    choices: tuple[Option, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> FieldDefinition:
        if self.source and (not self.source.startswith("identity.") or self.source[9:] not in IDENTITY_FIELDS):
            raise ValueError(
                f"source {self.source!r} is not known; it is identity. and one of {sorted(IDENTITY_FIELDS)}"
            )
        if (self.kind == "choice") != bool(self.choices):
            raise ValueError("choices go with kind = choice, and only with it")
        if self.required and not self.source and self.error is None:
            raise ValueError("a required field needs an error text that says what to enter")
        if self.pattern:
            try:
                expression = re.compile(self.pattern)
            except re.error as error:
                raise ValueError(f"pattern is not a regular expression: {error}") from None
            if not expression.fullmatch(self.example):
                raise ValueError("a field with a pattern needs an example that matches it")
            if len(self.example) > self.max_length or (self.kind == "digits" and not self.example.isdecimal()):
                raise ValueError("the example cannot be typed: max_length or kind = digits forbids it")
            if self.error is None:
                raise ValueError("a field with a pattern needs an error text that says what to enter")
        _once("choice", [option.id for option in self.choices])
        return self


def _once(what: str, names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{what} {', '.join(twice)} stands twice")


class Branch(Part):
    """One way out of a step: taken when ``field`` equals ``equals``; without them always."""

    to: str
    field: str = ""
    equals: str = ""


class StepDefinition(Part):
    """One step. ``timeout`` in seconds is the longest stay, after which the idle rules end the visit.

    ``expects``: words by material, of which at least one stands on the right paper; used where the camera reads text.
    ``paper``: the kind of counted paper that a document takes; empty for plain paper.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    kind: StepKind
    text: StepTexts
    next: str | tuple[Branch, ...] = ()
    timeout: float = Field(default=600.0, gt=0, le=3600)
    on_fault: FaultPolicy = "abort"
    alternative: str = ""
    field: str = ""
    choices: tuple[Option, ...] = ()
    fields: tuple[FieldDefinition, ...] = ()
    materials: tuple[str, ...] = ()
    expects: dict[str, Annotated[tuple[ExpectedWord, ...], Field(min_length=1)]] = {}
    template: str = ""
    pending_template: str = ""
    paper: str = ""

    @property
    def branches(self) -> tuple[Branch, ...]:
        """The ways out, in the order in which they are tried."""
        return (Branch(to=self.next),) if isinstance(self.next, str) else self.next

    @property
    def device(self) -> str:
        """The class of device that this step works with, or an empty text."""
        return DEVICE_OF_KIND.get(self.kind, "")

    @model_validator(mode="after")
    def _whole(self) -> StepDefinition:
        for language in ("zh", "en"):
            texts = self.text.in_language(language)
            for name in REQUIRED_TEXTS[self.kind]:
                if not getattr(texts, name):
                    raise ValueError(f"text.{language}.{name} is missing: a step of kind {self.kind} needs it")
        needs = {
            "choose": ("field", "choices"),
            "form": ("fields",),
            "materials": ("materials",),
            "receipt": ("template", "pending_template"),
            "document": ("template",),
        }
        for name in ("field", "choices", "fields", "materials", "template", "pending_template"):
            if bool(getattr(self, name)) != (name in needs.get(self.kind, ())):
                raise ValueError(
                    f"{name} {'is missing' if name in needs.get(self.kind, ()) else 'does not belong'} in kind {self.kind}"
                )
        if self.paper and self.kind != "document":
            raise ValueError(f"paper does not belong in kind {self.kind}")
        if astray := sorted(set(self.expects) - set(self.materials)):
            raise ValueError(f"expects names {', '.join(astray)}, which is no material of this step")
        if (self.on_fault == "alternative") != bool(self.alternative):
            raise ValueError("alternative goes with on_fault = alternative, and only with it")
        if self.kind == "finish":
            if self.branches:
                raise ValueError("a finish step is the end and has no next")
        elif not self.branches:
            raise ValueError("next is missing")
        elif any(branch.field for branch in self.branches[-1:]) or any(
            not branch.field for branch in self.branches[:-1]
        ):
            raise ValueError("the last way of next has no condition, all others have one")
        _once("choice", [option.id for option in self.choices])
        _once("material", list(self.materials))
        return self


class ServiceDefinition(Part):
    """One service: the item it stands for, the devices it needs and its steps. The first step is the start.

    ``requires``: every entry must have at least one class of device that is well, or the service is shown unavailable.
    """

    format: Literal[1]
    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    icon: str
    title: Words
    subtitle: Words
    item: Item
    requires: tuple[tuple[str, ...], ...] = ()
    holders: tuple[DocumentType, ...] = Field(min_length=1)
    steps: tuple[StepDefinition, ...] = Field(min_length=1)

    def step(self, step_id: str) -> StepDefinition:
        """Return the step with this id. Raises ``KeyError``."""
        for step in self.steps:
            if step.id == step_id:
                return step
        raise KeyError(step_id)
