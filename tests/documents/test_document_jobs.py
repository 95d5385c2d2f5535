"""Each document comes out at most once, whatever kills the terminal, and what is not known is called unknown."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from pathlib import Path

import pytest

from drivers.base import Deadline, DriverError
from drivers.document_printer import DocumentPrinter, DocumentPrintResult, JobStanding
from drivers.ipp.printer import IppPrinter
from drivers.print_outcome import PrintOutcome
from drivers.sim.ipp_printer import VirtualIppPrinter
from kiosk.documents.job import DocumentJob, DocumentJobs, JobPhase
from kiosk.documents.stock import Stock
from kiosk.documents.store import DocumentStore, DocumentStoreError

PROCESS = Path(__file__).with_name("document_printing_process.py")
KILLS = 10
PDF = b"%PDF-1.4 a licence"


def within(seconds=30.0):
    return Deadline.after(seconds)


class Told(DocumentPrinter):
    """A printer whose words a test decides; abstract calls that are not used stay unused."""

    def __init__(self, outcome=PrintOutcome.PRINTED, standing=JobStanding.PRINTED):
        self.outcome, self.standing, self.prints = outcome, standing, []
        self.gone = False

    def print(self, pdf, job_name, deadline, options=None, taken=None):
        self.prints.append(job_name)
        if self.gone:
            taken()
            raise DriverError("document_printer.disconnected")
        return DocumentPrintResult(self.outcome)

    def withdraw(self, job_name, deadline):
        if self.gone:
            raise DriverError("document_printer.not_found")
        return self.standing

    find = withdraw
    identity = open = close = poll = reset = self_test = lambda *arguments: None


def settle(jobs, printer):
    """Ask about every open job; return those that are settled now, as they are."""
    names = [job.name for job in jobs.open() if jobs.settle(job, printer, within())]
    return [job for job in jobs.jobs() if job.name in names]


@pytest.fixture
def store(tmp_path):
    opened = DocumentStore(tmp_path / "documents.db")
    yield opened
    opened.close()


@pytest.fixture
def jobs(store):
    return DocumentJobs(store, Stock(store))


@pytest.mark.parametrize("outcome", list(PrintOutcome))
def test_the_printers_word_is_written_down_and_a_job_is_printed_once_only(jobs, outcome):
    job, printer = jobs.prepare(PDF), Told(outcome)
    jobs.print(job, PDF, printer, within())
    assert jobs.jobs()[0].phase == JobPhase(outcome.value)
    with pytest.raises(ValueError, match="cannot become"):
        jobs.print(job, PDF, printer, within())
    assert len(printer.prints) == 1


def test_another_document_than_the_prepared_one_is_not_printed(jobs):
    job, printer = jobs.prepare(PDF), Told()
    with pytest.raises(ValueError, match="not the document"):
        jobs.print(job, PDF + b" forged", printer, within())
    assert printer.prints == []


@pytest.mark.parametrize(
    ("phase", "standing", "settled"),
    [
        (JobPhase.PREPARED, JobStanding.PRINTED, JobPhase.NOT_PRINTED),
        (JobPhase.SENT, JobStanding.PRINTED, JobPhase.UNKNOWN),  # perhaps only half of it
        (JobPhase.SENT, JobStanding.NEVER_STARTED, JobPhase.NOT_PRINTED),
        (JobPhase.TAKEN, JobStanding.PRINTED, JobPhase.PRINTED),
        (JobPhase.TAKEN, JobStanding.BROKEN_OFF, JobPhase.UNKNOWN),
        (JobPhase.TAKEN, JobStanding.NEVER_STARTED, JobPhase.NOT_PRINTED),
    ],
)
def test_after_a_crash_the_printer_is_asked_and_nothing_is_printed_again(store, jobs, phase, standing, settled):
    job, printer = jobs.prepare(PDF), Told(standing=standing)
    with store.transaction() as connection:
        connection.execute("UPDATE job SET phase = ?", (phase,))
    (now,) = settle(jobs, printer)
    assert (now.name, now.phase) == (job.name, settled)
    assert printer.prints == []
    assert jobs.open() == ()


@pytest.mark.parametrize("phase", [JobPhase.SENT, JobPhase.TAKEN])
def test_a_printer_that_does_not_know_a_job_proves_nothing(store, jobs, phase):
    """It stays open until whoever knows of all printers gives it up; then its sheet is doubtful."""
    jobs.prepare(PDF, "licence")
    with store.transaction() as connection:
        connection.execute("UPDATE job SET phase = ?", (phase,))
    assert settle(jobs, Told(standing=JobStanding.NOT_LISTED)) == []
    (job,) = jobs.open()
    assert job.phase is phase
    jobs.give_up(job)
    assert [each.phase for each in jobs.jobs()] == [JobPhase.UNKNOWN]
    jobs.give_up(job)  # twice is no other than once
    assert Stock(store).balance("licence").doubtful == 1


def test_a_printer_that_does_not_answer_leaves_the_job_open(store, jobs):
    jobs.prepare(PDF)
    with store.transaction() as connection:
        connection.execute("UPDATE job SET phase = 'taken'")
    printer = Told()
    printer.gone = True
    with pytest.raises(DriverError):
        settle(jobs, printer)
    printer.gone = False
    assert [job.phase for job in settle(jobs, printer)] == [JobPhase.PRINTED]


def test_a_print_whose_printer_went_away_stays_open_and_is_withdrawn_when_it_is_back(jobs):
    job, printer = jobs.prepare(PDF), Told(standing=JobStanding.BROKEN_OFF)
    printer.gone = True
    with pytest.raises(DriverError):
        jobs.print(job, PDF, printer, within())
    assert [each.phase for each in jobs.open()] == [JobPhase.TAKEN]
    printer.gone = False
    assert [each.phase for each in settle(jobs, printer)] == [JobPhase.UNKNOWN]


def test_a_job_remembers_its_printer(jobs):
    assert [jobs.prepare(PDF, printer="a4").printer, jobs.prepare(PDF).printer] == ["a4", ""]
    assert [job.printer for job in jobs.jobs()] == ["a4", ""]


def test_a_print_and_its_sheet_are_one_write(store, jobs):
    stock = Stock(store)
    stock.load("licence", "Wang", "delivery", serials=(100, 104))
    for outcome in PrintOutcome:
        jobs.print(jobs.prepare(PDF, "licence"), PDF, Told(outcome), within())
    balance = stock.balance("licence")
    # One printed, one unknown (a person must look), one not printed and still there.
    assert (balance.expected, balance.doubtful, balance.ranges) == (3, 1, ((102, 104),))
    with pytest.raises(DocumentStoreError), store.transaction() as connection:
        connection.execute("DELETE FROM ledger")


def test_a_damaged_file_is_told(tmp_path):
    path = tmp_path / "documents.db"
    path.write_bytes(b"no database at all, but long enough to be read as one" * 100)
    with pytest.raises(DocumentStoreError):
        DocumentStore(path)


VERSION_1 = """
CREATE TABLE job (
    name TEXT PRIMARY KEY,
    phase TEXT NOT NULL CHECK (phase IN ('prepared', 'sent', 'taken', 'printed', 'not_printed', 'unknown')),
    paper TEXT NOT NULL, sheets INTEGER NOT NULL, created_at REAL NOT NULL, digest TEXT NOT NULL
) STRICT;
CREATE TABLE ledger (
    number INTEGER PRIMARY KEY, moment REAL NOT NULL, kind TEXT NOT NULL,
    action TEXT NOT NULL CHECK (action IN ('load', 'take', 'spoil', 'doubt', 'correct', 'count')),
    quantity INTEGER NOT NULL, first INTEGER, last INTEGER, who TEXT NOT NULL, why TEXT NOT NULL, chain TEXT NOT NULL
) STRICT;
CREATE TRIGGER ledger_stays BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is only added to'); END;
CREATE TRIGGER ledger_keeps BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is only added to'); END;
PRAGMA user_version = 1;
"""
"""As the first version of the program made the file."""


def test_a_file_of_the_first_version_is_brought_to_this_one(tmp_path):
    """Its prints are there, without a printer; its ledger still follows from itself; it can be opened again and again."""
    path = tmp_path / "documents.db"
    new = DocumentStore(tmp_path / "new.db")
    line = Stock(new).load("licence", "Wang", "delivery", serials=(7, 8))
    new.close()
    old = sqlite3.connect(path)
    old.executescript(VERSION_1)
    old.execute("INSERT INTO job VALUES ('doc-1', 'taken', 'licence', 1, 5.0, 'digest')")
    old.execute("INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", dataclasses.astuple(line))
    old.commit()
    old.close()
    for _ in range(2):
        store = DocumentStore(path)
        jobs, stock = DocumentJobs(store, Stock(store)), Stock(store)
        assert jobs.jobs()[0] == DocumentJob("doc-1", JobPhase.TAKEN, "licence", 1, 5.0, "digest", "")
        assert (stock.broken_at(), stock.balance("licence").ranges) == (None, ((7, 8),))
        assert jobs.prepare(PDF, printer="a4") in jobs.jobs()
        with store.transaction() as connection:
            stock.use(connection, "licence", 1, "doc-2", doubtful=True)
        stock.settle("licence", "Li", "found in the tray", back=True, serial=7)
        for forbidden in ("DELETE FROM ledger", "UPDATE ledger SET quantity = 5"):
            with pytest.raises(DocumentStoreError, match="only added to"), store.transaction() as connection:
                connection.execute(forbidden)
        store.close()


def test_a_file_of_a_later_version_is_left_alone(tmp_path):
    path = tmp_path / "documents.db"
    DocumentStore(path).close()
    later = sqlite3.connect(path)
    later.execute("PRAGMA user_version = 99")
    later.close()
    with pytest.raises(DocumentStoreError, match="later version"):
        DocumentStore(path)


@pytest.fixture
def virtual():
    directory = tempfile.mkdtemp(prefix="kiosk-ipp-")
    printer = VirtualIppPrinter(Path(directory))
    try:
        printer.start()
        yield printer
    finally:
        printer.stop()
        shutil.rmtree(directory)


def test_killed_at_any_point_each_document_comes_out_at_most_once(tmp_path, virtual):
    chance = random.Random(20261123)
    path = tmp_path / "documents.db"
    DocumentStore(path).close()
    device = IppPrinter(virtual.uri)
    device.open(within())
    for kill in range(KILLS):
        process = subprocess.Popen(
            [sys.executable, str(PROCESS), str(path), virtual.uri, "1000", str(kill)],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout.readline() == "ready\n"
            for _ in range(chance.randrange(2)):
                assert process.stdout.readline() == "done\n"
            threading.Event().wait(chance.uniform(0.0, 0.05))
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
            process.wait(20)
            process.stdout.close()
        # The printer may still be reading what was on the line when the terminal died.
        virtual.wait_idle(within())
        store = DocumentStore(path)
        jobs = DocumentJobs(store, Stock(store))
        for job in jobs.open():
            if not jobs.settle(job, device, within()):
                jobs.give_up(job)
        came_out = Counter(hashlib.sha256(paper).hexdigest() for paper in virtual.papers())
        assert all(count == 1 for count in came_out.values())
        for job in jobs.jobs():
            assert job.phase in (JobPhase.PRINTED, JobPhase.NOT_PRINTED, JobPhase.UNKNOWN)
            if job.phase is not JobPhase.UNKNOWN:
                assert came_out[job.digest] == (job.phase is JobPhase.PRINTED)
        # Every sheet is accounted for: as many taken or in doubt as documents printed or unknown.
        gone = sum(job.phase is not JobPhase.NOT_PRINTED for job in jobs.jobs())
        assert Stock(store).balance("licence").expected == -gone
        assert sum(job.phase is JobPhase.UNKNOWN for job in jobs.jobs()) <= kill + 1
        store.close()
    device.close()
