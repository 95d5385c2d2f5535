"""Turns what is known of a terminal into what an operator sees of it: a state in words, tones and reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from central.console.words import Words
from central.domain.working_days import HALL_TIME
from central.fleet.presence import Sighting
from kiosk.contract.reports import DeviceReport, ServiceReport, TerminalReport

Tone = Literal["well", "attention", "bad", "neutral"]
State = Literal["well", "attention", "gone", "never"]

_STATE_TONES: dict[str, Tone] = {
    "online": "well",
    "busy": "well",
    "starting": "neutral",
    "not_configured": "neutral",
    "degraded": "attention",
    "offline": "bad",
    "fault": "bad",
}
_SEVERITY_TONES: dict[str, Tone] = {"info": "neutral", "warning": "attention", "error": "bad"}
_LEVEL_TONES: dict[str, Tone] = {"low": "attention", "out": "bad", "unknown": "neutral"}
_WORST_FIRST: tuple[Tone, ...] = ("bad", "attention", "neutral", "well")
_CLOCK_TOLERANCE_SECONDS = 30
_LENT = "device.lent"
"""A device that a self-test has for the time being: nothing is wrong with it."""


@dataclass(frozen=True)
class Line:
    """One device or service: what it is, how it is (``tone`` gives colour and icon, ``word`` says it), and why."""

    name: str
    detail: str
    tone: Tone
    word: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Card:
    """One terminal as the console shows it."""

    terminal_id: str
    state: State
    word: str
    training: bool
    in_session: bool
    reasons: tuple[str, ...]
    devices: tuple[Line, ...]
    services: tuple[Line, ...]
    available: int
    seen: str
    pending: int
    version: str
    boot_id: str

    @property
    def tone(self) -> Tone:
        """The tone of the whole."""
        tones: dict[State, Tone] = {"well": "well", "attention": "attention", "gone": "bad", "never": "neutral"}
        return tones[self.state]


def card_of(sighting: Sighting, words: Words, now: datetime) -> Card:
    """Return what the console shows of one terminal."""
    report = sighting.report
    if report is None or sighting.seen_at is None:
        return Card(
            terminal_id=sighting.terminal_id,
            state="never",
            word=words.text("state.never"),
            training=False,
            in_session=False,
            reasons=(words.text("terminal.never"),),
            devices=(),
            services=(),
            available=0,
            seen="",
            pending=0,
            version="",
            boot_id="",
        )
    devices = tuple(_device(device, words) for device in report.devices)
    services = tuple(_service(service, words) for service in report.services)
    troubles = _reasons(devices, services, words) + _clock(report, sighting.seen_at, words)
    lent = any(fault.code == _LENT for device in report.devices for fault in device.faults)
    state: State = "gone" if sighting.gone else "attention" if troubles else "well"
    return Card(
        terminal_id=sighting.terminal_id,
        state=state,
        word=words.text(f"state.{state}"),
        training=report.training,
        in_session=report.in_session,
        reasons=((words.text("terminal.lent"),) if lent else ()) + troubles,
        devices=devices,
        services=services,
        available=sum(service.available for service in report.services),
        seen=moment(sighting.seen_at, now),
        pending=report.outbox_pending,
        version=report.software_version,
        boot_id=report.boot_id,
    )


def counts(cards: list[Card]) -> dict[str, int]:
    """Return how many terminals are in each state, and how many of all are in training."""
    found: dict[str, int] = {"all": len(cards)}
    for state in ("well", "attention", "gone", "never"):
        found[state] = sum(card.state == state for card in cards)
    found["training"] = sum(card.training for card in cards)
    return found


def moment(at: datetime, now: datetime) -> str:
    """Return a moment in the halls' time: today's as time of day, earlier ones with their date."""
    local, today = at.astimezone(HALL_TIME), now.astimezone(HALL_TIME).date()
    return f"{local:%H:%M:%S}" if local.date() == today else f"{local:%Y-%m-%d %H:%M}"


def _device(device: DeviceReport, words: Words) -> Line:
    name, detail = words.device(device.name, device.device_class), f"{device.name} · {device.driver}"
    codes = {fault.code for fault in device.faults}
    if _LENT in codes:
        return Line(name, detail, "neutral", words.fault(_LENT), ())
    tones: list[Tone] = [_STATE_TONES[device.state]]
    notes: list[str] = []
    for fault in device.faults:
        tones.append(_SEVERITY_TONES[fault.severity])
        action = words.either(f"action.{fault.action}", fault.action)
        said = words.fault(fault.code)
        notes.append(words.text("terminal.fault", fault=said, action=action) if action else said)
    for supply in device.supplies:
        if supply.level in _LEVEL_TONES:
            tones.append(_LEVEL_TONES[supply.level])
            if not any(code.endswith(f".{supply.name}_{supply.level}") for code in codes):  # else that was said already
                supplied = words.either(f"supply.{supply.name}", supply.name)
                notes.append(words.text(f"supply.{supply.level}", supply=supplied))
    return Line(
        name=name,
        detail=detail,
        tone=_shown(tones, device),
        word=words.text(f"device_state.{device.state}"),
        notes=tuple(notes),
    )


def _shown(tones: Sequence[Tone], device: DeviceReport) -> Tone:
    """Return the worst tone; a supply of unknown level makes a working device neither better nor worse."""
    own = _STATE_TONES[device.state]
    worst = min(tones, key=_WORST_FIRST.index)
    return own if worst == "neutral" else worst


def _service(service: ServiceReport, words: Words) -> Line:
    state = "available" if service.available else "unavailable"
    return Line(
        name=words.service(service.service),
        detail="",
        tone="well" if service.available else "neutral" if service.reason == _LENT else "bad",
        word=words.text(f"service_state.{state}"),
        notes=(words.fault(service.reason),) if service.reason else (),
    )


def _reasons(devices: tuple[Line, ...], services: tuple[Line, ...], words: Words) -> tuple[str, ...]:
    return tuple(
        _reason(line.name, line.notes[0] if line.notes else line.word, words)
        for line in (*devices, *services)
        if line.tone in ("bad", "attention")
    )


def _reason(name: str, why: str, words: Words) -> str:
    """Return what is wrong with what; many a fault's own words begin with the device's name."""
    return why if why.startswith(name) else words.text("terminal.reason", name=name, why=why)


def _clock(report: TerminalReport, seen_at: datetime, words: Words) -> tuple[str, ...]:
    clock = report.clock if report.clock.tzinfo else report.clock.replace(tzinfo=HALL_TIME)
    off = round((clock - seen_at).total_seconds())
    return (words.text("terminal.clock_off", seconds=off),) if abs(off) > _CLOCK_TOLERANCE_SECONDS else ()
