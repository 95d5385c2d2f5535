"""Puts technician mode together for the running terminal, after its home screen is drawn."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from functools import cache

from kiosk import VERSION
from kiosk.background import Background
from kiosk.config import ASSETS, Configuration
from kiosk.devices.desk import DeviceDesk
from kiosk.faults import Catalogue
from kiosk.journey.definition import ServiceDefinition
from kiosk.lending import Lender
from kiosk.logs import EventLog
from kiosk.selftest import words
from kiosk.selftest.closing import closing
from kiosk.selftest.examination import Finding
from kiosk.selftest.records import Records, record_of
from kiosk.technician.credentials import Credentials
from kiosk.technician.mode import Surroundings, TechnicianMode
from kiosk.technician.picture import Painter
from kiosk.texts import Texts


def build(
    configuration: Configuration,
    lender: Lender,
    devices: DeviceDesk,
    background: Background,
    log: EventLog,
    services: dict[str, ServiceDefinition],
    catalogue: Catalogue,
    pending: Callable[[], int],
    changed: Callable[[], None],
) -> tuple[TechnicianMode, Painter]:
    """Return the mode and who draws it. ``pending`` counts what waits for central; ``changed`` draws the screen anew."""
    section = configuration.technician
    records = Records(configuration.storage.directory)
    terminal_id = configuration.terminal.id

    def keep(findings: tuple[Finding, ...], guided: bool) -> None:
        records.keep(record_of(findings, terminal_id, datetime.now().astimezone(), guided))

    closes = closing(configuration, devices.entries)

    @cache
    def in_words(language: str) -> words.Words:
        return words.Words(Texts(words.TEXTS), catalogue, services, devices.entries, closes, language)

    around = Surroundings(
        lender=lender,
        devices=devices,
        background=background,
        log=log,
        changed=changed,
        keep=keep,
        window=(configuration.window.width, configuration.window.height),
        seconds=section.minutes * 60,
        clock=time.monotonic,
    )
    mode = TechnicianMode(Credentials(section.pin_hash, section.card_hashes), around)

    def rows() -> tuple[tuple[str, str], ...]:
        return (
            ("row.terminal", f"{terminal_id} · {VERSION}"),
            ("row.pending", str(pending())),
        )

    painter = Painter(Texts(ASSETS / "texts" / "technician.toml"), catalogue, in_words, devices, rows)
    return mode, painter
