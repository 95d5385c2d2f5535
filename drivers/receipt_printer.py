"""The interface of every receipt printer, and the device-neutral document it prints."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from threading import Event

from drivers.base import Deadline, Device, Fault
from drivers.print_outcome import PrintOutcome


class Align(StrEnum):
    """Where a text stands on its line."""

    LEFT = "left"
    CENTRE = "centre"
    RIGHT = "right"


@dataclass(frozen=True)
class Text:
    """A paragraph, wrapped by display width (a Chinese character takes two columns). ``scale`` 1 or 2."""

    text: str
    align: Align = Align.LEFT
    scale: int = 1
    bold: bool = False


@dataclass(frozen=True)
class Cell:
    """One cell of a row; ``width`` in columns, 0 for one equal share of what the others leave."""

    text: str
    width: int = 0
    align: Align = Align.LEFT


@dataclass(frozen=True)
class Columns:
    """A row of cells, each wrapped inside its own width."""

    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Rule:
    """A line across the paper."""


@dataclass(frozen=True)
class QrCode:
    """A QR code, centred; ``module`` is the size of one module in dots."""

    data: str
    module: int = 6


@dataclass(frozen=True)
class Feed:
    """Empty lines."""

    lines: int = 1


@dataclass(frozen=True)
class Cut:
    """Cut the paper here."""


Element = Text | Columns | Rule | QrCode | Feed | Cut


@dataclass(frozen=True, repr=False)
class ReceiptDocument:
    """What is to stand on the paper, in order. Holds personal data, so ``repr`` shows its length alone."""

    elements: tuple[Element, ...]

    def __repr__(self) -> str:
        return f"ReceiptDocument({len(self.elements)} elements)"


class Ticket(StrEnum):
    """What became of a printed ticket, where the printer holds it out and sees whether it is taken."""

    WAITING = "waiting"
    """It is held out and can be taken."""
    TAKEN = "taken"
    """It is not there any more: somebody took it."""
    RETRACTED = "retracted"
    """It was drawn back into the machine, where no citizen gets at it."""
    UNKNOWN = "unknown"
    """The printer cannot tell, or does not answer."""


@dataclass(frozen=True)
class PrintResult:
    """How a print ended; ``accepted_bytes`` is how much the transport took.

    ``ticket`` is ``WAITING`` where the printer holds it out: then ``wait_taken`` and ``retract`` say and decide the rest.
    """

    outcome: PrintOutcome
    faults: tuple[Fault, ...] = ()
    accepted_bytes: int = 0
    ticket: Ticket = Ticket.UNKNOWN


class ReceiptPrinter(Device):
    """Prints receipts."""

    @abstractmethod
    def print(self, document: ReceiptDocument, job_id: str, deadline: Deadline) -> PrintResult:
        """Print once. ``job_id`` is four characters of 0x20..0x7E, unique since the last boot."""

    def wait_taken(self, deadline: Deadline, cancel: Event) -> Ticket:
        """Wait until the ticket that is held out is gone; ``WAITING`` at the deadline or when ``cancel`` is set.

        A ticket that may have gone by the printer's own doing is never ``TAKEN``.
        """
        del deadline, cancel
        return Ticket.UNKNOWN

    def retract(self, deadline: Deadline) -> Ticket:
        """Draw back a ticket that nobody took: it names a citizen. ``WAITING`` when it is still there at the deadline."""
        del deadline
        return Ticket.UNKNOWN
