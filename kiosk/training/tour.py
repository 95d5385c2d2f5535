"""``kiosk tour``: sends the scripted citizen through a service on the real screens, and writes down what came of it."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from drivers.base import Deadline
from drivers.card_reader import IdentityDocument
from kiosk.config import ASSETS
from kiosk.journey.definition import ServiceDefinition
from kiosk.journey.inspection import check
from kiosk.training.citizen import CITIZENS, Citizen, load
from kiosk.training.display import png
from kiosk.training.earlier_visit import hand_in_earlier
from kiosk.training.training_seal import ROOT_CERTIFICATE
from kiosk.training.visitor import LOOK_SECONDS, Lost, Visitor
from kiosk.training.world import START_SECONDS, World, WorldError, pause

DEFAULT_CITIZEN = CITIZENS / "zhang-weiyang.toml"
RECORD_SECONDS = 5.0
AT_REST_SECONDS = 0.12
"""A screen slides in for a tenth of a second; the picture shall show it at rest."""


@dataclass
class Summary:
    """What ``summary.json`` says."""

    service: str
    outcome: str = "lost"
    project_no: str = ""
    steps: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    prints: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    session_wiped: bool = False
    seconds: float = 0.0
    lost: str = ""


def run_tour(service: str, citizen_file: Path | None, out: Path, language: str, landscape: bool) -> int:
    """Make one visit and write what came of it into ``out``; return 0 only if the service came to its end."""
    citizen = load(citizen_file or DEFAULT_CITIZEN)
    out.mkdir(parents=True, exist_ok=True)
    for old in [
        *out.glob("*.png"),
        *out.glob("receipt-*.bin"),
        *out.glob("document-*.pdf"),
        out / ROOT_CERTIFICATE,
        out / "summary.json",
        out / "terminal.log",
    ]:
        old.unlink(missing_ok=True)
    definition, _ = check(ASSETS / "services" / f"{service}.toml")
    if definition is None:
        sys.stderr.write(f"kiosk tour: {service} has mistakes: see kiosk services check\n")
        return 1
    began = time.monotonic()
    summary = Summary(service)
    with TemporaryDirectory(prefix="kiosk-tour-") as folder:
        place = Path(folder)
        world = World(place, (1920, 1080) if landscape else (1080, 1920))
        try:
            world.start(Deadline.after(START_SECONDS))
            _visit(world, definition, citizen, out, language, summary)
        except (Lost, WorldError) as error:
            summary.lost = str(error)
            (out / "terminal.log").write_bytes(
                (place / "terminal.log").read_bytes() if (place / "terminal.log").exists() else b""
            )
        finally:
            _keep_papers(world, out, summary)
            world.stop()
    summary.seconds = round(time.monotonic() - began, 3)
    (out / "summary.json").write_text(
        json.dumps(_as_written(summary), ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
    )
    done = summary.outcome == "done" and summary.session_wiped
    sys.stdout.write(
        f"{service}: {summary.outcome}{f' ({summary.lost})' if summary.lost else ''}, see {out / 'summary.json'}\n"
    )
    return 0 if done else 1


def _visit(
    world: World, service: ServiceDefinition, citizen: Citizen, out: Path, language: str, summary: Summary
) -> None:
    code = ""
    if service.steps[0].kind == "choose":
        code = hand_in_earlier(world, citizen.card, Deadline.after(START_SECONDS))
    visitor = Visitor(world, service, citizen, language, code, _Album(world, out))
    visitor.visit()
    _read_record(world, summary)
    if visitor.refused:
        summary.outcome = visitor.refused
    _check_wiped(visitor, citizen.card, summary)


class _Album:
    """Keeps a PNG of each screen, numbered in the order of the visit."""

    def __init__(self, world: World, out: Path) -> None:
        display = world.display
        assert display is not None  # noqa: S101 - a tour has a screen of its own
        self._display = display
        self._out = out
        self._count = 0

    def __call__(self, name: str) -> None:
        """Take a picture of the screen as it is now."""
        pause(AT_REST_SECONDS)
        (self._out / f"{self._count:02d}-{name}.png").write_bytes(png(self._display.screenshot()))
        self._count += 1


def _read_record(world: World, summary: Summary) -> None:
    deadline = Deadline.after(RECORD_SECONDS)
    record = world.observer.last_visit()
    while record is None and not deadline.expired:
        pause(LOOK_SECONDS)
        record = world.observer.last_visit()
    if record is None:
        raise Lost("the terminal kept no record of the visit")
    summary.outcome = record["outcome"]
    summary.project_no = record["project_no"]
    summary.steps = record["steps"]
    summary.prints = record["prints"]
    summary.session_wiped = record["wiped"]


def _check_wiped(visitor: Visitor, card: IdentityDocument, summary: Summary) -> None:
    """The glass must show nothing of the citizen any more."""
    glass = visitor.see(lambda seen: seen["session"] is None, "the home screen at the end")
    shown = " ".join(glass["texts"])
    if any(secret and secret in shown for secret in (card.name, card.name_en, card.number, card.present_address)):
        summary.session_wiped = False


def _keep_papers(world: World, out: Path, summary: Summary) -> None:
    """Write every receipt and document that came out, and say with each print which it was."""
    names: dict[str, list[str]] = {"receipt": [], "document": []}
    for number, (paper, accepted) in enumerate(zip(world.hall.papers(), world.hall.accepted(), strict=False), start=1):
        names["receipt"].append(f"receipt-{number}.png")
        (out / f"receipt-{number}.png").write_bytes(paper)
        (out / f"receipt-{number}.bin").write_bytes(accepted)
    for number, document in enumerate(world.hall.documents(), start=1):
        names["document"].append(f"document-{number}.pdf")
        (out / f"document-{number}.pdf").write_bytes(document)
        (out / ROOT_CERTIFICATE).write_bytes(world.root_certificate.read_bytes())
    for entry in summary.prints:
        if entry["outcome"] != "not_printed" and names[entry["kind"]]:
            entry["paper"] = names[entry["kind"]].pop(0)


def _as_written(summary: Summary) -> dict[str, Any]:
    written: dict[str, Any] = {
        "service": summary.service,
        "outcome": summary.outcome,
        "project_no": summary.project_no,
        "steps": summary.steps,
        "prints": summary.prints,
        "session_wiped": summary.session_wiped,
        "seconds": summary.seconds,
    }
    if summary.lost:
        written["lost"] = summary.lost
    return written
