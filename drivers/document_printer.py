"""The interface of every printer of documents on A4, and what is known of a job that was sent to it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from drivers.base import Deadline, Device, Fault
from drivers.print_outcome import PrintOutcome

A4 = "iso_a4_210x297mm"
"""PWG 5101.1 self-describing media name."""


@dataclass(frozen=True)
class PrintOptions:
    """How to print; ``media`` is a PWG media name that must be loaded."""

    copies: int = 1
    media: str = A4
    two_sided: bool = False


@dataclass(frozen=True)
class DocumentPrintResult:
    """How a print ended; ``printer_job`` is the printer's own number for it, where it gave one."""

    outcome: PrintOutcome
    faults: tuple[Fault, ...] = ()
    printer_job: int | None = None


class JobStanding(StrEnum):
    """Where a job stands in the printer's own list."""

    NOT_LISTED = "not_listed"
    """The printer does not know it: it never came, or the printer has forgotten it. This proves nothing."""
    WAITING = "waiting"
    PRINTING = "printing"
    PRINTED = "printed"
    NEVER_STARTED = "never_started"
    """Ended, cancelled or aborted, before the printer began with it: nothing came out."""
    BROKEN_OFF = "broken_off"
    """Ended after the printer had begun with it: something may have come out."""

    def outcome(self, whole: bool) -> PrintOutcome:
        """Say what this proves; ``whole``: the printer has confirmed that it has the whole document.

        Printers also print, and call completed, the half of a document whose sending broke off.
        """
        if self is JobStanding.PRINTED and whole:
            return PrintOutcome.PRINTED
        return PrintOutcome.NOT_PRINTED if self is JobStanding.NEVER_STARTED else PrintOutcome.UNKNOWN

    @property
    def over(self) -> bool:
        """Whether nothing more will happen to the job."""
        return self in (JobStanding.PRINTED, JobStanding.NEVER_STARTED, JobStanding.BROKEN_OFF)


class DocumentPrinter(Device):
    """Prints PDF documents. A job's name is the terminal's own, used once for ever, and holds nothing personal."""

    @abstractmethod
    def print(
        self,
        pdf: bytes,
        job_name: str,
        deadline: Deadline,
        options: PrintOptions | None = None,
        taken: Callable[[], None] | None = None,
    ) -> DocumentPrintResult:
        """Print once. A job that is not finished shortly before the deadline is withdrawn: it must not come out later.

        ``taken`` is called when the printer has confirmed that it has the whole document.

        Raises ``ValueError`` for what cannot be sent; nothing is sent then. Raises ``DriverError`` when it could not be
        withdrawn: it may come out yet, and must be withdrawn once the printer is back.
        """

    @abstractmethod
    def find(self, job_name: str, deadline: Deadline) -> JobStanding:
        """Ask what the printer knows of a job. Raises ``DriverError`` when it does not say."""

    @abstractmethod
    def withdraw(self, job_name: str, deadline: Deadline) -> JobStanding:
        """Cancel a job that is still to come out, and return where it stands then. Raises ``DriverError``."""
