"""What a printer says about itself, read bit by bit into faults with their causes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from drivers.base import DeviceState, Fault, Health, Supply, SupplyLevel

PAPER_OUT = "printer.paper_out"
PAPER_LOW = "printer.paper_low"
COVER_OPEN = "printer.cover_open"
CUTTER = "printer.cutter"
UNRECOVERABLE = "printer.unrecoverable"
RECOVERABLE = "printer.recoverable"
OVERHEATED = "printer.overheated"
VOLTAGE = "printer.voltage"
JAM = "printer.jam"
OFFLINE = "printer.offline"
NO_ANSWER = "printer.no_answer"
TICKET_NOT_TAKEN = "printer.ticket_not_taken"

_PRINTS_ON = frozenset({PAPER_LOW, TICKET_NOT_TAKEN})
"""What is worth knowing and stops no print."""


@dataclass(frozen=True)
class PrinterStatus:
    """A printer's condition: what is wrong, how much paper there is, and whether a ticket waits in the presenter.

    ``ready`` when it would print now; ``ticket`` is False too where the printer cannot know.
    """

    faults: tuple[Fault, ...]
    paper: SupplyLevel
    ticket: bool = False

    @property
    def ready(self) -> bool:
        """Whether nothing stops it from printing."""
        return all(fault.code in _PRINTS_ON for fault in self.faults)

    def health(self, observed_at: float, seen: tuple[Fault, ...] = ()) -> Health:
        """Return this as the health of a device; ``seen`` is what was wrong since the last look, and is over now."""
        if any(fault.code in (OFFLINE, NO_ANSWER) for fault in self.faults):
            state = DeviceState.OFFLINE
        elif not self.ready:
            state = DeviceState.FAULT
        else:
            state = DeviceState.DEGRADED if self.faults or seen else DeviceState.ONLINE
        return Health(state, (*self.faults, *seen), (Supply("paper", self.paper),), observed_at)


SILENT = PrinterStatus((Fault(NO_ANSWER),), SupplyLevel.UNKNOWN)
"""A printer that does not answer: nothing is known of its paper."""


def decode_real_time(printer: int, cause: int, error: int, paper: int) -> PrinterStatus:
    """Read the answers to DLE EOT 1, 2, 3 and 4.

    Bits, from Epson's command reference: n=1 08 offline, 20 waits for recovery; n=2 04 cover open, 20 stopped at paper end,
    40 error; n=3 04 mechanism, 08 cutter, 20 unrecoverable, 40 recovers by itself (head too hot); n=4 0C near end, 60 end.
    """
    return _status(
        f"DLE EOT {printer:02X} {cause:02X} {error:02X} {paper:02X}",
        {
            COVER_OPEN: cause & 0x04,
            CUTTER: error & 0x08,
            UNRECOVERABLE: error & 0x20,
            OVERHEATED: error & 0x40,
            # A mechanical error without a nearer cause is in practice paper that got stuck.
            JAM: error & 0x04 or (cause & 0x40 and not error & 0x6C),
        },
        paper_out=cause & 0x20 or paper & 0x60,
        paper_low=paper & 0x0C,
        waits=printer & 0x20,
        offline=printer & 0x08,
    )


def decode_automatic(condition: int, error: int, paper: int, reserved: int) -> PrinterStatus:
    """Read the four bytes that are sent unasked (ASB).

    Bits, from Epson's command reference: (1) 08 offline, 20 cover open; (2) 04 mechanism, 08 cutter, 20 unrecoverable, 40
    recovers by itself; (3) 03 near end, 0C end.
    """
    return _status(
        f"ASB {condition:02X} {error:02X} {paper:02X} {reserved:02X}",
        {
            COVER_OPEN: condition & 0x20,
            CUTTER: error & 0x08,
            UNRECOVERABLE: error & 0x20,
            OVERHEATED: error & 0x40,
            JAM: error & 0x04,
        },
        paper_out=paper & 0x0C,
        paper_low=paper & 0x03,
        offline=condition & 0x08,
    )


def decode_full(paper: int, user: int, recoverable: int, unrecoverable: int) -> PrinterStatus:
    """Read the last four bytes of Custom's answer to DLE EOT 20.

    Bits, from Custom's command reference: paper 01 none, 04 near end, 20 ticket in the output, 40 counted length used up; user
    01 head up, 02 cover open; recoverable 01 head temperature, 02 line, 08 supply voltage, 40 jam, 80 notch; unrecoverable 01
    cutter, 02 cutter cover open, the others memory. A command that it did not know (recoverable 20) is no fault of its own.
    """
    return _status(
        f"FULL {paper:02X} {user:02X} {recoverable:02X} {unrecoverable:02X}",
        {
            COVER_OPEN: user & 0x03 or unrecoverable & 0x02,
            CUTTER: unrecoverable & 0x01,
            UNRECOVERABLE: unrecoverable & 0xFC,
            OVERHEATED: recoverable & 0x01,
            VOLTAGE: recoverable & 0x08,
            JAM: recoverable & 0x40,
        },
        paper_out=paper & 0x01,
        paper_low=paper & 0x44,
        waits=recoverable & 0x82,
        ticket=paper & 0x20,
    )


def _status(
    evidence: str,
    causes: Mapping[str, int | bool],
    *,
    paper_out: int,
    paper_low: int,
    waits: int = 0,
    offline: int = 0,
    ticket: int = 0,
) -> PrinterStatus:
    """Put a condition together: offline and waiting are told only where no nearer cause is known."""
    codes = [code for code, present in ({PAPER_OUT: paper_out} | dict(causes)).items() if present]
    if not codes and (waits or offline):
        codes.append(RECOVERABLE if waits else OFFLINE)
    low = bool(paper_low) and not paper_out
    if low:
        codes.append(PAPER_LOW)
    if ticket:
        codes.append(TICKET_NOT_TAKEN)
    level = SupplyLevel.OUT if paper_out else SupplyLevel.LOW if low else SupplyLevel.OK
    return PrinterStatus(tuple(Fault(code, evidence=evidence) for code in codes), level, bool(ticket))
