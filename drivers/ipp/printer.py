"""A printer of documents that speaks IPP: sends each once, follows it to its end, and says honestly what came out."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from pyipp.enums import IppOperation

from drivers.base import Check, CheckOutcome, Deadline, DeviceIdentity, DriverError, Fault, Health
from drivers.document_printer import A4, DocumentPrinter, DocumentPrintResult, JobStanding, PrintOptions
from drivers.ipp.client import BAD_ANSWER, NO_ANSWER, Answer, IppClient, RequestFailedError
from drivers.ipp.reasons import WARNINGS, Condition, condition
from drivers.ipp.test_page import test_page
from drivers.operator import Answer as OperatorAnswer
from drivers.operator import Operator
from drivers.print_outcome import PrintOutcome

NO_PDF, REFUSED, TEST_PAGE_BAD = (
    "document_printer.no_pdf",
    "document_printer.refused",
    "document_printer.test_page_bad",
)
_PDF = "application/pdf"
_STATE = ("printer-state", "printer-state-reasons", "printer-is-accepting-jobs", "media-ready")
_SELF = ("printer-make-and-model", "printer-device-id", "printer-firmware-string-version", "document-format-supported")
_JOB = ("job-id", "job-name", "job-state", "job-state-reasons", "time-at-processing")
_BUSY, _JOB_GONE = 0x0507, 0x0406
"""RFC 8011, appendix B: server-error-busy, client-error-not-found."""
_STANDINGS = {3: JobStanding.WAITING, 4: JobStanding.WAITING, 5: JobStanding.PRINTING, 6: JobStanding.PRINTING}
_CANCELED, _ABORTED, _COMPLETED = 7, 8, 9
"""RFC 8011, 5.3.7: job-state."""
_FIRST_LOOK, _LONGEST_LOOK = 0.02, 0.5
_QUESTION = 0.1
"""Seconds that a question and its answer may take; with less there is no sense in asking."""
_LONGEST_WITHDRAWAL = 3.0
"""Seconds kept at the end of a print for taking an unfinished job back; at most a third of all."""
_WITHDRAWAL_SHARE = 2 / 3
"""Of that time; in the rest the printer is asked why the job was late."""
_JOB_NAME = re.compile(r"[A-Za-z0-9-]{1,127}")


class IppPrinter(DocumentPrinter):
    """A printer at ``ipp://host:port/ipp/print``; ``ipps`` encrypts without asking who the printer is (it signs itself)."""

    def __init__(
        self, uri: str, *, media: str = A4, font_directory: Path | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        if not re.fullmatch(r"ipps?://[^/?#\s]+/[^?#\s]*", uri):
            raise ValueError(f"not a printer's URI: {uri}")
        self._client = IppClient(uri, self.saw)
        self._media = media
        self._font_directory = font_directory
        self._clock = clock
        self._not_ended: set[str] = set()
        self._closed = threading.Event()
        self._closed.set()
        self._identity = DeviceIdentity("document_printer", "ipp")

    def identity(self) -> DeviceIdentity:
        """Say what this is, as the printer itself names it."""
        return self._identity

    def open(self, deadline: Deadline) -> None:
        """Ask the printer who it is and whether it takes PDF."""
        self._closed.clear()
        attributes = self._attributes(_SELF, deadline)
        formats = _texts(attributes.get("document-format-supported"))
        if _PDF not in formats:
            raise DriverError(NO_PDF, evidence=" ".join(formats))
        device_id = dict(
            part.split(":", 1) for part in _text(attributes, "printer-device-id").split(";") if ":" in part
        )
        self._identity = DeviceIdentity(
            "document_printer",
            "ipp",
            _text(attributes, "printer-make-and-model"),
            device_id.get("SN", device_id.get("SERN", "")),
            _text(attributes, "printer-firmware-string-version"),
        )

    def close(self) -> None:
        """End what is under way; there is no connection between two requests."""
        self._closed.set()
        self._client.interrupt()

    def poll(self, deadline: Deadline) -> Health:
        """Ask for the present condition."""
        return self._condition(deadline, self._media).health(self._clock())

    def reset(self, deadline: Deadline) -> None:
        """Take back what this terminal sent and does not know the end of: whoever waited for it has gone.

        By name, because the printer may be shared and all terminals are the same user to it.
        """
        self._condition(deadline, self._media)  # raises where the printer does not answer
        for name in sorted(self._not_ended):
            self.withdraw(name, deadline)
            self._not_ended.discard(name)

    def print(
        self,
        pdf: bytes,
        job_name: str,
        deadline: Deadline,
        options: PrintOptions | None = None,
        taken: Callable[[], None] | None = None,
    ) -> DocumentPrintResult:
        """Print once. Printed: the printer says completed. Not printed: nothing was taken. Unknown: everything between.

        Raises ``DriverError`` when a late job could not be withdrawn: it may come out yet.
        """
        how = options or PrintOptions(media=self._media)
        if not pdf.startswith(b"%PDF-") or not _JOB_NAME.fullmatch(job_name) or how.copies < 1:
            raise ValueError("a document is a PDF, its name 1 to 127 of A-Z a-z 0-9 -, its copies one or more")
        self._not_ended.add(job_name)
        result = self._print(pdf, job_name, deadline, how, taken)
        if result.outcome is not PrintOutcome.UNKNOWN:
            self._not_ended.discard(job_name)
        return result

    def _print(
        self, pdf: bytes, job_name: str, deadline: Deadline, how: PrintOptions, taken: Callable[[], None] | None
    ) -> DocumentPrintResult:
        left = deadline.remaining()
        follow_until = deadline.within(left - min(_LONGEST_WITHDRAWAL, left / 3))
        try:
            before = self._condition(follow_until, how.media)
            if not before.ready:
                return DocumentPrintResult(PrintOutcome.NOT_PRINTED, before.faults)
            answer = self._send(pdf, job_name, how, follow_until)
        except RequestFailedError as error:
            return self._unanswered(error, job_name, follow_until, deadline)
        if not answer.ok:
            refused = Fault(REFUSED, evidence=f"{answer.status:#06x}")
            return DocumentPrintResult(PrintOutcome.NOT_PRINTED, (refused,))
        if taken is not None:
            taken()
        number = next((job["job-id"] for job in answer.jobs if isinstance(job.get("job-id"), int)), None)
        return self._follow(number, job_name, follow_until, deadline, lost=())

    def find(self, job_name: str, deadline: Deadline) -> JobStanding:
        """Look for a job by its name among the finished and the unfinished ones."""
        job = self._listed(job_name, deadline)
        return _standing(job) if job is not None else JobStanding.NOT_LISTED

    def withdraw(self, job_name: str, deadline: Deadline) -> JobStanding:
        """Cancel a job that is still to come out; wait until the printer has let go of it or the deadline."""
        job = self._listed(job_name, deadline)
        if job is None or _standing(job).over:
            return _standing(job) if job is not None else JobStanding.NOT_LISTED
        number = _number(job, "job-id")
        self._cancel(number, deadline)
        return self._await_end(number, deadline, _standing(job))

    def self_test(self, deadline: Deadline) -> tuple[Check, ...]:
        """Check answers, PDF, paper, toner and mechanism, without using paper; each fault is a check of its own."""
        formats = _texts(self._attributes(_SELF, deadline).get("document-format-supported"))
        pdf = Check("pdf", CheckOutcome.PASS) if _PDF in formats else Check("pdf", CheckOutcome.FAIL, Fault(NO_PDF))
        found = self._condition(deadline, self._media)
        checks = [Check("answers", CheckOutcome.PASS, evidence=self._identity.model), pdf]
        topics = {"paper": ("paper", "tray"), "toner": ("toner",), "mechanism": ("",)}
        left = list(found.faults)
        for name, words in topics.items():
            faults = [fault for fault in left if any(word in fault.code for word in words)]
            left = [fault for fault in left if fault not in faults]
            checks += [_judged(name, fault) for fault in faults] or [Check(name, CheckOutcome.PASS)]
        return tuple(checks)

    def guided_test(self, operator: Operator, deadline: Deadline) -> tuple[Check, ...]:
        """Print a page with a grid, margins and rare characters, and ask whether it is right."""
        if self._font_directory is None:
            return (Check("test_print", CheckOutcome.SKIP),)
        name = f"selftest-{int(self._clock() * 1000)}"
        result = self.print(test_page(self._font_directory), name, deadline, PrintOptions(media=self._media))
        if result.outcome is not PrintOutcome.PRINTED:
            return (Check("test_print", CheckOutcome.FAIL, next(iter(result.faults), None), result.outcome.value),)
        operator.instruct("selftest.take_paper")
        answer = operator.confirm("selftest.is_grid_straight")
        outcome = {OperatorAnswer.YES: CheckOutcome.PASS, OperatorAnswer.NO: CheckOutcome.FAIL}
        fault = Fault(TEST_PAGE_BAD) if answer is OperatorAnswer.NO else None
        grid = Check("grid", outcome.get(answer, CheckOutcome.SKIP), fault)
        return (Check("test_print", CheckOutcome.PASS, evidence=f"job {result.printer_job}"), grid)

    # ---- one print

    def _send(self, pdf: bytes, job_name: str, how: PrintOptions, deadline: Deadline) -> Answer:
        """Send the job; a printer that says it is busy has not taken it, and is asked again."""
        wait = _FIRST_LOOK
        while True:
            answer = self._client.ask(
                IppOperation.PRINT_JOB,
                {"job-name": job_name, "document-format": _PDF},
                deadline,
                {
                    "copies": how.copies,
                    "media": how.media,
                    "sides": "two-sided-long-edge" if how.two_sided else "one-sided",
                },
                pdf,
            )
            if answer.status != _BUSY or not self._wait(wait, deadline):
                return answer
            wait = min(wait * 2, _LONGEST_LOOK)

    def _unanswered(
        self, error: RequestFailedError, job_name: str, follow_until: Deadline, deadline: Deadline
    ) -> DocumentPrintResult:
        """Say what is known after the answer was lost; the printer may have the job, so its list is asked."""
        if not error.sent:
            return DocumentPrintResult(PrintOutcome.NOT_PRINTED, (error.fault,))
        return self._follow(None, job_name, follow_until, deadline, lost=(error.fault,))

    def _follow(
        self, number: int | None, job_name: str, until: Deadline, deadline: Deadline, lost: tuple[Fault, ...]
    ) -> DocumentPrintResult:
        """Watch a job until it ends or time is short; then take it back. ``lost`` is why no answer confirmed the job."""
        wait, faults = _FIRST_LOOK, lost
        while True:
            try:
                job = self._job(number, until) if number is not None else self._listed(job_name, until)
                if job is not None:
                    number = _number(job, "job-id")
                    if _standing(job).over:
                        return self._ended(_standing(job), number, until, lost)
                elif number is not None:
                    return DocumentPrintResult(PrintOutcome.UNKNOWN, (Fault(BAD_ANSWER, "the job is gone"),), number)
            except DriverError as error:
                faults = faults or (error.fault,)
            if not self._wait(wait, until):
                break
            wait = min(wait * 2, _LONGEST_LOOK)
        standing = self._taken_back(job_name, deadline.within(deadline.remaining() * _WITHDRAWAL_SHARE))
        try:
            seen = self._condition(deadline, self._media).faults
        except DriverError:
            seen = ()  # why it was late; that it was is known
        late = (Fault(NO_ANSWER, "the job did not end"),)
        return DocumentPrintResult(standing.outcome(whole=not lost), seen or faults or late, number)

    def _taken_back(self, job_name: str, deadline: Deadline) -> JobStanding:
        """Withdraw a late job, trying again where a question fails: it would come out in front of the next citizen."""
        wait = _FIRST_LOOK
        while True:
            try:
                return self.withdraw(job_name, deadline)
            except DriverError:
                if not self._wait(wait, deadline):
                    raise
            wait = min(wait * 2, _LONGEST_LOOK)

    def _ended(
        self, standing: JobStanding, number: int, until: Deadline, lost: tuple[Fault, ...]
    ) -> DocumentPrintResult:
        """Say what the end of a job means, with the faults that stand now where it is no good one."""
        outcome = standing.outcome(whole=not lost)
        if outcome is PrintOutcome.PRINTED:
            return DocumentPrintResult(outcome, (), number)
        try:
            seen = self._condition(until, self._media).faults
        except DriverError as error:
            seen = (error.fault,)
        return DocumentPrintResult(outcome, seen or lost or (Fault(REFUSED, standing.value),), number)

    # ---- questions

    def _condition(self, deadline: Deadline, media: str) -> Condition:
        attributes = self._attributes(_STATE, deadline)
        state = attributes.get("printer-state")
        if not isinstance(state, int):
            raise RequestFailedError(BAD_ANSWER, "no printer-state", sent=False)
        return condition(
            int(state),
            _texts(attributes.get("printer-state-reasons")),
            attributes.get("printer-is-accepting-jobs") is not False,
            _texts(attributes.get("media-ready")),
            media,
        )

    def _attributes(self, names: Iterable[str], deadline: Deadline) -> Mapping[str, Any]:
        """Return printer attributes. Asked by name: one value that pyipp's tables lack spoils a whole answer."""
        answer = self._asked(IppOperation.GET_PRINTER_ATTRIBUTES, {"requested-attributes": list(names)}, deadline)
        if not answer.ok or not answer.printers:
            raise RequestFailedError(BAD_ANSWER, f"printer attributes: {answer.status:#06x}", sent=False)
        return answer.printers[0]

    def _job(self, number: int, deadline: Deadline) -> Mapping[str, Any] | None:
        answer = self._asked(
            IppOperation.GET_JOB_ATTRIBUTES, {"job-id": number, "requested-attributes": list(_JOB)}, deadline
        )
        if answer.status == _JOB_GONE:
            return None
        if not answer.ok or not answer.jobs:
            raise RequestFailedError(BAD_ANSWER, f"job attributes: {answer.status:#06x}", sent=False)
        return _checked_job(answer.jobs[0])

    def _listed(self, job_name: str, deadline: Deadline) -> Mapping[str, Any] | None:
        """Return the job of this name; the unfinished ones first, so that one that ends meanwhile is not missed."""
        for which in ("not-completed", "completed"):
            answer = self._asked(
                IppOperation.GET_JOBS,
                {"which-jobs": which, "my-jobs": False, "requested-attributes": list(_JOB)},
                deadline,
            )
            if not answer.ok:
                raise RequestFailedError(BAD_ANSWER, f"list of jobs: {answer.status:#06x}", sent=False)
            for job in answer.jobs:
                if job.get("job-name") == job_name:
                    return _checked_job(job)
        return None

    def _asked(self, operation: IppOperation, attributes: Mapping[str, Any], deadline: Deadline) -> Answer:
        """Ask a question: whatever goes wrong with it, nothing was printed by it."""
        try:
            return self._client.ask(operation, attributes, deadline)
        except RequestFailedError as error:
            raise RequestFailedError(error.fault.code, error.fault.detail, sent=False) from error

    def _cancel(self, number: int, deadline: Deadline) -> None:
        # Refused when it has just ended: what counts is where it stands afterwards.
        self._asked(IppOperation.CANCEL_JOB, {"job-id": number}, deadline)

    def _await_end(self, number: int, deadline: Deadline, standing: JobStanding) -> JobStanding:
        wait = _FIRST_LOOK
        while True:
            try:
                job = self._job(number, deadline)
            except DriverError:
                if deadline.expired:
                    return standing  # cancelled it is; there was no time to see the end
                raise
            if job is None:
                return JobStanding.NOT_LISTED
            standing = _standing(job)
            if standing.over or not self._wait(wait, deadline):
                return standing
            wait = min(wait * 2, _LONGEST_LOOK)

    def _wait(self, seconds: float, deadline: Deadline) -> bool:
        """Let some time pass; false when too little is left to ask once more, or the device was closed."""
        if deadline.remaining() <= seconds + _QUESTION:
            return False
        return not self._closed.wait(seconds)


def _judged(name: str, fault: Fault) -> Check:
    return Check(name, CheckOutcome.WARN if fault.code in WARNINGS else CheckOutcome.FAIL, fault)


def _checked_job(job: Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(job.get("job-id"), int) or not isinstance(job.get("job-state"), int):
        raise RequestFailedError(BAD_ANSWER, "a job without number or state", sent=False)
    return job


def _standing(job: Mapping[str, Any]) -> JobStanding:
    """Say where a job stands. Counts of sheets are not believed: printers leave them at 0 for jobs that came out."""
    state = int(job["job-state"])
    if state in _STANDINGS:
        return _STANDINGS[state]
    if state == _COMPLETED:
        wrong = "job-completed-with-errors" in _texts(job.get("job-state-reasons"))
        return JobStanding.BROKEN_OFF if wrong else JobStanding.PRINTED
    # time-at-processing is no-value (pyipp: an empty text) for a job that was never begun (RFC 8011, 5.3.14.2).
    never = state in (_CANCELED, _ABORTED) and job.get("time-at-processing") == ""
    return JobStanding.NEVER_STARTED if never else JobStanding.BROKEN_OFF


def _number(attributes: Mapping[str, Any], name: str) -> int:
    value = attributes.get(name)
    if not isinstance(value, int):
        raise RequestFailedError(BAD_ANSWER, f"no {name}", sent=True)
    return int(value)


def _text(attributes: Mapping[str, Any], name: str) -> str:
    return next(iter(_texts(attributes.get(name))), "")


def _texts(value: object) -> tuple[str, ...]:
    values = cast("list[object]", value) if isinstance(value, list) else [value]
    return tuple(text for text in values if isinstance(text, str) and text)
