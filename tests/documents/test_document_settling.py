"""A terminal that starts again asks the printer about open prints, once it can, and prints nothing by itself."""

import io
import json

import pytest
from test_document_jobs import PDF, Told

from drivers.base import Deadline, DeviceState, Fault, Health
from drivers.document_printer import JobStanding
from kiosk.bus import Bus
from kiosk.devices.desk import DeviceDesk, DeviceEntry
from kiosk.documents.job import DocumentJobs, JobPhase
from kiosk.documents.settling import Settling
from kiosk.documents.stock import Stock
from kiosk.documents.store import DATABASE, DocumentStore
from kiosk.logs import EventLog

ONLINE = Health(DeviceState.ONLINE)


class Bench:
    """The desk with one printer, whose worker's thread runs."""

    def __init__(self, directory, printer):
        self.stream = io.StringIO()
        self.bus = Bus()
        self.printer = printer
        entry = DeviceEntry("a4", "document_printer", "told", lambda: printer)
        self.desk = DeviceDesk((entry,), self.bus, lambda name, health: None, lambda about, error: None)
        self.settling = Settling(directory, self.desk, EventLog(self.stream, lambda: 0.0, strict=True))
        self.desk.start()

    def take_until_told(self):
        """Do what is posted until an event was logged."""
        end = Deadline.after(30.0)
        while not self.stream.getvalue():
            assert not end.expired
            posted = self.bus.take(0.5)
            if posted is not None:
                posted.call()
        return json.loads(self.stream.getvalue())


@pytest.fixture
def bench(tmp_path):
    made = []

    def make(printer):
        made.append(Bench(tmp_path, printer))
        return made[-1]

    yield make
    for each in made:
        each.desk.stop(Deadline.after(10.0))


def open_print(directory):
    """A print that the last run sent and never heard of again."""
    store = DocumentStore(directory / DATABASE)
    jobs = DocumentJobs(store, Stock(store))
    job = jobs.prepare(PDF)
    jobs._move(job.name, (JobPhase.PREPARED,), JobPhase.SENT)
    store.close()


def phases(directory):
    store = DocumentStore(directory / DATABASE)
    found = [job.phase for job in DocumentJobs(store, Stock(store)).jobs()]
    store.close()
    return found


class Well(Told):
    def poll(self, deadline):
        return ONLINE


@pytest.mark.parametrize(
    ("standing", "phase"),
    [(JobStanding.NOT_LISTED, JobPhase.UNKNOWN), (JobStanding.NEVER_STARTED, JobPhase.NOT_PRINTED)],
)
def test_an_open_print_is_settled_once_the_printer_is_well(tmp_path, bench, standing, phase):
    """What the printer says of it counts; a printer that is not well is not asked; nothing is printed."""
    open_print(tmp_path)
    printer = Well(standing=standing)
    terminal = bench(printer)
    terminal.settling.device_changed("a4", Health(DeviceState.OFFLINE, (Fault("document_printer.not_found"),)))
    assert phases(tmp_path) == [JobPhase.SENT]
    terminal.settling.device_changed("a4", ONLINE)
    told = terminal.take_until_told()
    assert (told["event"], told["count"]) == ("documents.settled", 1)
    assert phases(tmp_path) == [phase]
    assert printer.prints == []


def test_without_documents_nobody_is_asked(tmp_path, bench):
    terminal = bench(Well())
    terminal.settling.device_changed("a4", ONLINE)
    assert not (tmp_path / DATABASE).exists()


def test_a_file_that_cannot_be_read_is_told(tmp_path, bench):
    (tmp_path / DATABASE).write_bytes(b"no database at all" * 100)
    terminal = bench(Well())
    terminal.settling.device_changed("a4", ONLINE)
    assert terminal.take_until_told()["event"] == "documents.unreadable"
