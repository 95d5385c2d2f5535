"""Finds every mistake in a service file before a citizen meets it, and names the place by the step's id."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_args

from pydantic import ValidationError

from kiosk.config import ASSETS
from kiosk.contract.cases import DocumentType
from kiosk.journey.definition import DEVICE_OF_KIND, ServiceDefinition, StepDefinition
from kiosk.receipts.template import ReceiptTemplateError, load

WORDED_ALTERNATIVES = frozenset({"identify", "scan"})
"""Kinds that can be another step's alternative: assets/texts says what the button is called."""

ANSWERS_OF_KIND: dict[str, tuple[str, tuple[str, ...]]] = {
    "identify": ("holder", get_args(DocumentType)),
    "result": ("found", ("yes", "no")),
    "rate": ("satisfaction", ("1", "2", "3", "4", "5")),
}
"""The field that a step kind fills by itself, and its values: ``next`` may ask for them."""

NEEDS_OF_KIND: dict[str, tuple[str, ...]] = {
    "submit": ("identify",),
    "receipt": ("submit",),
    "document": ("submit",),
    "result": ("identify", "scan"),
}
"""Every way to a step of this kind leads through a completed step of one of these kinds."""


_ON_EVERY_RECEIPT = frozenset({"site", "service", "applicant", "id_number", "code", "next_steps", "training"})
RECEIPT_VALUES: dict[str, frozenset[str]] = {
    "template": _ON_EVERY_RECEIPT | {"accepted_at", "project_no", "promised_date"},
    "pending_template": _ON_EVERY_RECEIPT | {"handed_in_at", "local_number", "date"},
}
"""What a receipt step has to fill its two templates with (kiosk/journey/steps/receipt.py)."""
DOCUMENT_VALUES = frozenset(
    {
        "site", "service", "applicant", "id_number", "handled_by", "accepted_at", "project_no", "promised_date", "code",
        "materials", "training", "sealed", "unsealed",
    }
)  # fmt: skip
"""What a document step has to fill its template with (kiosk/journey/steps/document.py)."""


@dataclass(frozen=True)
class Finding:
    """One mistake in a service file: where, and what is wrong."""

    where: str
    problem: str

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}"


def ways_out(step: StepDefinition) -> Iterator[str]:
    """Yield every step that can follow ``step``, its alternative at a fault included."""
    for branch in step.branches:
        yield branch.to
    if step.alternative:
        yield step.alternative


def findings(service: ServiceDefinition) -> list[Finding]:
    """Check what no single step can see: that every step is reached, every path can end, every device is declared."""
    found: list[Finding] = []
    ids = [step.id for step in service.steps]
    found += [Finding(f"steps.{name}", "stands twice") for name in sorted({i for i in ids if ids.count(i) > 1})]
    for step in service.steps:
        found += [
            Finding(f"steps.{step.id}", f"leads to {to!r}, which is no step") for to in ways_out(step) if to not in ids
        ]
    if found:
        return found
    found += _unreached(service) + _endless(service) + _unprepared(service)
    found += _devices(service) + _fields(service) + _references(service)
    return found


def _reached_from(service: ServiceDefinition, start: str, stops: tuple[str, ...] = ()) -> set[str]:
    """Return the steps that can come after ``start``, itself included, when no step of a kind in ``stops`` is completed."""
    reached: set[str] = set()
    pending = [start]
    while pending:
        step = service.step(pending.pop())
        if step.id in reached:
            continue
        reached.add(step.id)
        if step.kind not in stops or step.on_fault == "skip":
            pending += [branch.to for branch in step.branches]
        if step.alternative:
            pending.append(step.alternative)
    return reached


def _unreached(service: ServiceDefinition) -> list[Finding]:
    reached = _reached_from(service, service.steps[0].id)
    return [Finding(f"steps.{step.id}", "is never reached") for step in service.steps if step.id not in reached]


def _endless(service: ServiceDefinition) -> list[Finding]:
    ending = {step.id for step in service.steps if step.kind == "finish"}
    grown = True
    while grown:
        more = {step.id for step in service.steps if any(branch.to in ending for branch in step.branches)} - ending
        grown = bool(more)
        ending |= more
    return [
        Finding(f"steps.{step.id}", "never comes to a finish step") for step in service.steps if step.id not in ending
    ]


def _unprepared(service: ServiceDefinition) -> list[Finding]:
    """Find steps that can be reached without what they need, and a submission that could be made twice in one visit."""
    found: list[Finding] = []
    for kind, needs in NEEDS_OF_KIND.items():
        without = _reached_from(service, service.steps[0].id, needs)
        found += [
            Finding(f"steps.{step.id}", f"can be reached without a completed step of kind {' or '.join(needs)}")
            for step in service.steps
            if step.kind == kind and step.id in without
        ]
    for step in service.steps:
        later = {name for to in ways_out(step) for name in _reached_from(service, to)}
        if step.kind == "submit" and any(service.step(name).kind == "submit" for name in later):
            found.append(Finding(f"steps.{step.id}", "leads to another hand-in: a visit hands in once"))
    return found


def _devices(service: ServiceDefinition) -> list[Finding]:
    classes = set(DEVICE_OF_KIND.values())
    declared = {name for group in service.requires for name in group}
    found = [Finding("requires", f"{name!r} is no class of devices") for name in sorted(declared - classes)]
    for step in service.steps:
        if step.device and step.on_fault in ("wait", "abort") and step.device not in declared:
            found.append(Finding(f"steps.{step.id}", f"needs a {step.device}, which requires does not name"))
        found += [
            Finding(
                f"steps.{step.id}", f"choice {option.id!r} asks for {option.device!r}, which is no class of devices"
            )
            for option in step.choices
            if option.device and option.device not in classes
        ]
        if step.alternative and service.step(step.alternative).kind not in WORDED_ALTERNATIVES:
            kind = service.step(step.alternative).kind
            found.append(Finding(f"steps.{step.id}", f"alternative: there are no words for a step of kind {kind}"))
    return found


def _fields(service: ServiceDefinition) -> list[Finding]:
    """Find fields that two forms share, and conditions of ``next`` that can never hold."""
    answers: dict[str, set[str]] = {}
    names: list[str] = []
    for step in service.steps:
        kinds = [ANSWERS_OF_KIND[step.kind]] if step.kind in ANSWERS_OF_KIND else []
        asked = [(step.field, tuple(option.id for option in step.choices))] if step.field else []
        chosen = [(field.name, tuple(option.id for option in field.choices)) for field in step.fields if field.choices]
        for name, values in (*kinds, *asked, *chosen):
            answers.setdefault(name, set()).update(values)
        names += [field.name for field in step.fields]
    found = [
        Finding("steps", f"the field {name!r} stands twice")
        for name in sorted({n for n in names if names.count(n) > 1})
    ]
    for step in service.steps:
        for branch in step.branches:
            if branch.field and branch.field not in answers:
                found.append(
                    Finding(
                        f"steps.{step.id}",
                        f"next asks for the field {branch.field!r}, which no step fills with a choice",
                    )
                )
            elif branch.field and branch.equals not in answers[branch.field]:
                found.append(
                    Finding(
                        f"steps.{step.id}", f"next asks whether {branch.field} is {branch.equals!r}, which it never is"
                    )
                )
    return found


def _references(service: ServiceDefinition) -> list[Finding]:
    materials = {material.code for material in service.item.materials}
    found: list[Finding] = []
    for step in service.steps:
        found += [
            Finding(f"steps.{step.id}", f"material {code!r} is not one of the item's")
            for code in step.materials
            if code not in materials
        ]
    if 2 * service.item.promise_day > service.item.anticipate_day:
        found.append(
            Finding(
                "item.promise_day",
                "is more than half of anticipate_day (the rule of the seeds: 承诺时限 at most 50% of 法定)",
            )
        )
    return found


def check(path: Path) -> tuple[ServiceDefinition | None, list[Finding]]:
    """Read one service file; return the service (None when it cannot be used) and all that is wrong with it."""
    try:
        data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        return None, [Finding(path.name, f"cannot be read: {error.strerror}")]
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return None, [Finding(path.name, f"is not TOML: {error}")]
    try:
        service = ServiceDefinition.model_validate(data)
    except ValidationError as error:
        return None, [
            Finding(_where(item["loc"], data), item["msg"].removeprefix("Value error, ")) for item in error.errors()
        ]
    found = findings(service) + _files(service)
    if service.id != path.stem:
        found.append(Finding("id", f"is {service.id!r}, but the file is called {path.name}"))
    return (None if found else service), found


def _files(service: ServiceDefinition) -> list[Finding]:
    """Check the files that a service names: its icon and the templates of its papers."""
    found: list[Finding] = []
    if not (ASSETS / "icons" / f"{service.icon}.png").is_file():
        found.append(Finding("icon", f"there is no assets/icons/{service.icon}.png"))
    for step in service.steps:
        for key, given in RECEIPT_VALUES.items() if step.kind == "receipt" else ():
            where = f"steps.{step.id}.{key}"
            try:
                template = load(ASSETS / "receipts" / f"{getattr(step, key)}.toml")
            except ReceiptTemplateError as error:
                found.append(Finding(where, str(error)))
                continue
            lacking = template.required - given
            unknown = given - template.required - template.optional
            if lacking or unknown:
                names = ", ".join(sorted(lacking or unknown))
                problem = (
                    "asks for what no receipt step has" if lacking else "does not take what every receipt step has"
                )
                found.append(Finding(where, f"{template.name} {problem}: {names}"))
        if step.kind == "document":
            found += _document(step)
    return found


def _document(step: StepDefinition) -> list[Finding]:
    """Check the template of a document step."""
    from kiosk.documents.template import DocumentTemplateError
    from kiosk.documents.template import load as load_document

    where = f"steps.{step.id}.template"
    try:
        template = load_document(ASSETS / "documents" / f"{step.template}.toml")
    except DocumentTemplateError as error:
        return [Finding(where, str(error))]
    lacking = ", ".join(sorted(template.required - DOCUMENT_VALUES))
    return [Finding(where, f"{step.template} asks for what no document step has: {lacking}")] if lacking else []


def _where(location: tuple[int | str, ...], data: dict[str, Any]) -> str:
    """Name a place by the step's id instead of its number."""
    parts = [str(part) for part in location]
    if len(location) > 1 and location[0] == "steps" and isinstance(location[1], int):
        table = cast("list[object]", data["steps"])[location[1]]
        if isinstance(table, dict):
            parts[1] = str(cast("dict[str, object]", table).get("id", location[1]))
    return ".".join(parts)
