"""Writes the self-test's HTML report: one file with its pictures inside, to be looked at anywhere and printed."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from drivers.base import CheckOutcome
from kiosk import VERSION
from kiosk.config import Configuration
from kiosk.selftest.examination import Finding
from kiosk.selftest.shown import SIGNS, summary
from kiosk.selftest.words import Told, Words

TEMPLATES = Path(__file__).with_name("templates")
_ORDER = (CheckOutcome.FAIL, CheckOutcome.WARN, CheckOutcome.PASS, CheckOutcome.SKIP)


@dataclass(frozen=True)
class _Line:
    finding: Finding
    name: str
    outcome: str
    sign: str
    told: Told
    picture: str


@dataclass(frozen=True)
class _Device:
    name: str
    driver: str
    identity: str
    outcome: CheckOutcome
    said: str
    lines: tuple[_Line, ...]


def write_report(
    path: Path,
    findings: Sequence[Finding],
    words: Words,
    configuration: Configuration,
    taken_at: datetime,
    guided: bool,
) -> None:
    """Write the report. Raises ``OSError``."""
    path.write_text(render(findings, words, configuration, taken_at, guided), encoding="utf-8")


def render(
    findings: Sequence[Finding], words: Words, configuration: Configuration, taken_at: datetime, guided: bool
) -> str:
    """Return the report as HTML."""
    templates = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    terminal = configuration.terminal
    names = list(dict.fromkeys(finding.device for finding in findings))
    devices = [_device(name, findings, words) for name in names]
    devices.sort(key=lambda device: _ORDER.index(device.outcome))
    facts = (
        (words.say("report.terminal"), terminal.id),
        (words.say("report.site"), terminal.site if words.language == "zh" else terminal.site_en),
        (words.say("report.taken"), f"{taken_at:%Y-%m-%d %H:%M:%S %z}"),
        (words.say("report.version"), VERSION),
        (words.say("report.kind"), words.say("report.guided" if guided else "report.alone")),
    )
    return templates.get_template("report.html").render(
        language=words.language,
        words=words,
        facts=facts,
        summary=summary(findings, words),
        outcome=worst(findings),
        devices=devices,
        training=configuration.profile == "training",
    )


def worst(findings: Sequence[Finding]) -> CheckOutcome:
    """Return the worst outcome of some findings."""
    found = {finding.outcome for finding in findings}
    return next((outcome for outcome in _ORDER if outcome in found), CheckOutcome.SKIP)


def _device(name: str, findings: Sequence[Finding], words: Words) -> _Device:
    own = [finding for finding in findings if finding.device == name]
    identity = next((finding.identity for finding in own if finding.identity is not None), None)
    said = ""
    if identity is not None and (identity.model or identity.serial_number or identity.firmware):
        parts = {"model": identity.model, "serial": identity.serial_number, "firmware": identity.firmware}
        said = words.say("report.identity", **{key: value or "—" for key, value in parts.items()})
    outcome = worst(own)
    return _Device(
        name,
        own[0].driver,
        said,
        outcome,
        words.say(f"outcome.{outcome.value}"),
        tuple(
            _Line(
                finding,
                words.check(finding.check),
                words.say(f"outcome.{finding.outcome.value}"),
                SIGNS[finding.outcome],
                words.of(finding, findings),
                _inlined(finding.picture),
            )
            for finding in own
        ),
    )


def _inlined(picture: bytes) -> str:
    if not picture:
        return ""
    kind = "png" if picture.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode('ascii')}"
