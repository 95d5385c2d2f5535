"""The self-test of a receipt printer: what its status says, and a test page that a person looks at."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from drivers.base import Check, CheckOutcome, Deadline, Fault, SupplyLevel
from drivers.escpos.dot_font import DotFont
from drivers.escpos.page_picture import picture
from drivers.escpos.status import COVER_OPEN, NO_ANSWER, PAPER_LOW, PAPER_OUT, TICKET_NOT_TAKEN, PrinterStatus
from drivers.operator import Answer, Operator
from drivers.print_outcome import PrintOutcome
from drivers.receipt_printer import Align, Cut, QrCode, ReceiptDocument, Rule, Text, Ticket

if TYPE_CHECKING:
    from drivers.escpos.printer import EscPosPrinter

_PAGE = Path(__file__).with_name("test_page.toml")
_JOB_ID = "TEST"
_PRINT_SECONDS = 25.0
_TAKE_SECONDS = 30.0
BAD_PRINT = "printer.bad_print"
NOT_CONFIRMED = "printer.not_confirmed"


def checks(status: PrinterStatus | None, model: str, confirms: bool | None, presents: bool) -> tuple[Check, ...]:
    """Return the checks that need no hand; ``confirms`` is None where the confirmation of jobs could not be tried."""
    names = ("paper", "cover", "mechanism", "confirmation", *(("presenter",) if presents else ()))
    if status is None:
        silent = Check("answers", CheckOutcome.FAIL, Fault(NO_ANSWER))
        return (silent, *(Check(name, CheckOutcome.SKIP) for name in names))
    told_elsewhere = (PAPER_LOW, PAPER_OUT, COVER_OPEN, TICKET_NOT_TAKEN)
    mechanical = [
        Check("mechanism", CheckOutcome.FAIL, fault) for fault in status.faults if fault.code not in told_elsewhere
    ]
    return (
        Check("answers", CheckOutcome.PASS, evidence=model),
        _check("paper", status, PAPER_OUT, PAPER_LOW),
        _check("cover", status, COVER_OPEN),
        *(mechanical or (Check("mechanism", CheckOutcome.PASS),)),
        _confirmation(confirms),
        *((_check("presenter", status, TICKET_NOT_TAKEN),) if presents else ()),
    )


def _check(name: str, status: PrinterStatus, *codes: str) -> Check:
    fault = next((fault for fault in status.faults if fault.code in codes), None)
    if fault is None:
        return Check(name, CheckOutcome.PASS, evidence=status.paper.value if name == "paper" else "")
    mild = fault.code == TICKET_NOT_TAKEN or (name == "paper" and status.paper is SupplyLevel.LOW)
    return Check(name, CheckOutcome.WARN if mild else CheckOutcome.FAIL, fault, fault.evidence)


def _confirmation(confirms: bool | None) -> Check:
    if confirms is None:
        return Check("confirmation", CheckOutcome.SKIP)
    if confirms:
        return Check("confirmation", CheckOutcome.PASS)
    return Check("confirmation", CheckOutcome.FAIL, Fault(NOT_CONFIRMED))


@dataclass(frozen=True)
class _Page:
    title: str
    grid: tuple[str, ...]
    lines: tuple[str, ...]
    code: str


def test_page(columns: int) -> ReceiptDocument:
    """Return the test page for paper of so many columns."""
    table = tomllib.loads(_PAGE.read_text(encoding="utf-8"))
    page = _Page(table["title"], tuple(table["grid"]), tuple(table["lines"]), table["code"])
    return ReceiptDocument(
        (
            Text(page.title, Align.CENTRE, scale=2),
            *(Text(row * (columns // 2)) for row in page.grid),
            *(Text(line) for line in page.lines),
            Rule(),
            QrCode(page.code),
            Cut(),
        )
    )


def print_test_page(printer: EscPosPrinter, font: DotFont, operator: Operator, deadline: Deadline) -> tuple[Check, ...]:
    """Print the page; have a person compare it with its picture, and take it."""
    page = test_page(printer.profile.columns)
    result = printer.print(page, _JOB_ID, deadline.within(_PRINT_SECONDS))
    looks = ("grid", "cutter", *(("presenter",) if printer.profile.presenter else ()))
    if result.outcome is not PrintOutcome.PRINTED:
        fault = result.faults[0] if result.faults else Fault(NO_ANSWER, "the page was not confirmed")
        failed = Check("test_print", CheckOutcome.FAIL, fault, result.outcome.value)
        return (failed, *(Check(name, CheckOutcome.SKIP) for name in looks))
    printed = Check("test_print", CheckOutcome.PASS, evidence=f"{result.accepted_bytes} bytes")
    expected = picture(page, printer.profile.columns, font)
    given_up = operator.instruct("selftest.take_paper")
    taken = () if printer.profile.presenter is None else (_taken(printer, result.ticket, given_up, deadline),)
    return (
        printed,
        _answered("grid", operator.confirm("selftest.is_grid_straight", expected), BAD_PRINT, expected),
        _answered("cutter", operator.confirm("selftest.is_paper_cut"), "printer.cutter"),
        *taken,
    )


def _taken(printer: EscPosPrinter, ticket: Ticket, given_up: Event, deadline: Deadline) -> Check:
    if ticket is Ticket.WAITING:
        ticket = printer.wait_taken(deadline.within(_TAKE_SECONDS), given_up)
    match ticket:
        case Ticket.TAKEN:
            return Check("presenter", CheckOutcome.PASS, evidence=ticket.value)
        case Ticket.RETRACTED:
            return Check("presenter", CheckOutcome.WARN, Fault(TICKET_NOT_TAKEN), ticket.value)
        case Ticket.UNKNOWN:
            return Check("presenter", CheckOutcome.SKIP)
        case Ticket.WAITING:
            printer.retract(deadline)
            return Check("presenter", CheckOutcome.SKIP, Fault(TICKET_NOT_TAKEN), ticket.value)


def _answered(name: str, answer: Answer, code: str, picture: bytes = b"") -> Check:
    match answer:
        case Answer.YES:
            return Check(name, CheckOutcome.PASS, picture=picture)
        case Answer.NO:
            return Check(name, CheckOutcome.FAIL, Fault(code, "a person saw it"), picture=picture)
        case Answer.UNABLE:
            return Check(name, CheckOutcome.SKIP, picture=picture)
