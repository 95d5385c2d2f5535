"""What a terminal reports of itself every 15 seconds, and problems as central words them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from kiosk.contract.items import Item, Value

REPORT_SECONDS = 15
"""A terminal reports this often (facts/operations.md)."""
GONE_SECONDS = 40
"""A terminal that has been silent this long is gone; the console says so within 45 s."""


class FaultReport(Value):
    """One fault of a device: catalogue code, severity and action as the terminal's catalogue has them."""

    code: str
    severity: Literal["info", "warning", "error"]
    action: str


class SupplyReport(Value):
    """One supply of a device."""

    name: str
    level: Literal["ok", "low", "out", "unknown", "not_supported"]


class DeviceReport(Value):
    """The state of one device."""

    name: str
    device_class: str
    driver: str
    state: Literal["starting", "online", "busy", "degraded", "offline", "fault", "not_configured"]
    faults: tuple[FaultReport, ...] = ()
    supplies: tuple[SupplyReport, ...] = ()


class ServiceReport(Value):
    """Whether citizens can use a service now; ``reason`` is a fault code when they cannot."""

    service: str
    available: bool
    reason: str = ""


class TerminalReport(Value):
    """The lossy state lane: the latest wins. ``boot_id`` is new at every start, ``sequence`` grows within it."""

    terminal_id: str = Field(pattern=r"^[A-Za-z0-9-]{1,40}$")
    boot_id: str
    sequence: int = Field(ge=0)
    clock: datetime
    software_version: str
    training: bool
    in_session: bool
    outbox_pending: int = Field(ge=0)
    devices: tuple[DeviceReport, ...]
    services: tuple[ServiceReport, ...]


class Catalogue(Value):
    """All items that this terminal may offer."""

    items: tuple[Item, ...]


class Problem(Value):
    """Why central refused: a stable code and a sentence for engineers, never shown to citizens.

    Codes: ``unauthorised``, ``invalid``, ``unknown_item``, ``unknown_case``, ``key_reused`` (422), ``in_flight`` (409),
    ``already_rated`` (409), ``too_large`` (413), ``overloaded`` (503).
    """

    code: str
    detail: str = ""
