"""From a printer's printer-state-reasons to faults and supplies."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.base import DeviceState, Fault, Health, Supply, SupplyLevel

PAPER_OUT, PAPER_LOW = "document_printer.paper_out", "document_printer.paper_low"
TONER_OUT, TONER_LOW = "document_printer.toner_out", "document_printer.toner_low"
COVER_OPEN, JAM = "document_printer.cover_open", "document_printer.jam"
TRAY_MISSING, OUTPUT_FULL = "document_printer.tray_missing", "document_printer.output_full"
OUTPUT_NEARLY_FULL = "document_printer.output_nearly_full"
WASTE_FULL, WASTE_NEARLY_FULL = "document_printer.waste_full", "document_printer.waste_nearly_full"
PAUSED, OFFLINE = "document_printer.paused", "document_printer.offline"
MEMORY_FULL, WORN, ERROR = "document_printer.memory_full", "document_printer.worn", "document_printer.error"

_CODES = {
    "media-empty": PAPER_OUT,
    "media-needed": PAPER_OUT,
    "media-low": PAPER_LOW,
    "media-jam": JAM,
    "media-path-jam": JAM,
    "toner-empty": TONER_OUT,
    "toner-low": TONER_LOW,
    "marker-supply-empty": TONER_OUT,
    "marker-supply-low": TONER_LOW,
    "marker-waste-full": WASTE_FULL,
    "marker-waste-almost-full": WASTE_NEARLY_FULL,
    "door-open": COVER_OPEN,
    "cover-open": COVER_OPEN,
    "interlock-open": COVER_OPEN,
    "input-tray-missing": TRAY_MISSING,
    "output-tray-missing": TRAY_MISSING,
    "output-area-full": OUTPUT_FULL,
    "output-area-almost-full": OUTPUT_NEARLY_FULL,
    "paused": PAUSED,
    "moving-to-paused": PAUSED,
    "deactivated": PAUSED,
    "hold-new-jobs": PAUSED,
    "offline": OFFLINE,
    "shutdown": OFFLINE,
    "connecting-to-device": OFFLINE,
    "timed-out": OFFLINE,
    "spool-area-full": MEMORY_FULL,
    "interpreter-resource-unavailable": MEMORY_FULL,
    "developer-low": WORN,
    "opc-near-eol": WORN,
    "developer-empty": ERROR,
    "opc-life-over": ERROR,
    "fuser-over-temp": ERROR,
    "fuser-under-temp": ERROR,
    "stopped-partly": ERROR,
    "other": ERROR,
}
"""RFC 8011, 5.4.12, and PWG 5100.9. The suffix (-report, -warning, -error) follows the printer's state: only the stem counts."""
WARNINGS = (PAPER_LOW, TONER_LOW, OUTPUT_NEARLY_FULL, WASTE_NEARLY_FULL, WORN)
"""With these a job still comes out."""
_IDLE, _PROCESSING = 3, 4


@dataclass(frozen=True)
class Condition:
    """A printer's condition at one moment, from its own attributes; ``state`` is printer-state."""

    faults: tuple[Fault, ...]
    supplies: tuple[Supply, ...]
    state: int

    @property
    def ready(self) -> bool:
        """Whether a job sent now would come out."""
        return all(fault.code in WARNINGS for fault in self.faults)

    def health(self, observed_at: float) -> Health:
        """Return it as every device's health."""
        if not self.ready:
            state = DeviceState.FAULT
        elif self.faults:
            state = DeviceState.DEGRADED
        else:
            state = DeviceState.BUSY if self.state == _PROCESSING else DeviceState.ONLINE
        return Health(state, self.faults, self.supplies, observed_at)


def condition(
    state: int, reasons: tuple[str, ...], accepting: bool, media_ready: tuple[str, ...], media: str
) -> Condition:
    """Read printer-state, printer-state-reasons, printer-is-accepting-jobs and media-ready.

    ``media`` is what must be loaded; a printer that does not say what is loaded is taken to have it.
    """
    seen: dict[str, list[str]] = {}
    for reason in reasons:
        code = _code(reason)
        if code:
            seen.setdefault(code, []).append(reason)
    if not accepting:
        seen.setdefault(PAUSED, []).append("printer-is-accepting-jobs false")
    if media_ready and media not in media_ready and PAPER_OUT not in seen:
        seen["document_printer.wrong_paper"] = [f"loaded: {', '.join(media_ready)}"]
    if state not in (_IDLE, _PROCESSING) and all(code in WARNINGS for code in seen):
        seen[ERROR] = [f"printer-state {state}"]
    faults = tuple(Fault(code, evidence=" ".join(found)) for code, found in seen.items())
    return Condition(
        faults, (_supply("paper", seen, PAPER_OUT, PAPER_LOW), _supply("toner", seen, TONER_OUT, TONER_LOW)), state
    )


def _code(reason: str) -> str:
    stem, _, severity = reason.rpartition("-")
    if severity not in ("report", "warning", "error"):
        stem, severity = reason, "error"
    if stem in _CODES:
        return _CODES[stem]
    # A reason that nobody here knows is told when the printer itself calls it an error.
    return ERROR if severity == "error" and stem not in ("none", "identify-printer-requested") else ""


def _supply(name: str, seen: dict[str, list[str]], out: str, low: str) -> Supply:
    level = SupplyLevel.OUT if out in seen else SupplyLevel.LOW if low in seen else SupplyLevel.OK
    return Supply(name, level)
