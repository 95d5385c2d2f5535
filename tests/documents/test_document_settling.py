"""A document printer that is well, or well again, is asked about open prints of its own, and nothing is printed by itself."""

import io
import json

import pytest
from test_document_jobs import PDF, Told

from drivers.base import Deadline, DeviceState, DriverError, Fault, Health
from drivers.document_printer import JobStanding
from kiosk.bus import Bus
from kiosk.devices.desk import DeviceDesk, DeviceEntry
from kiosk.documents.job import DocumentJobs, JobPhase
from kiosk.documents.settling import Settling
from kiosk.documents.stock import Stock
from kiosk.documents.store import DATABASE, DocumentStore
from kiosk.logs import EventLog

ONLINE = Health(DeviceState.ONLINE)
GONE = Health(DeviceState.OFFLINE, (Fault("document_printer.not_found"),))


class Listed(Told):
    """A printer that knows some jobs; ``answers`` is how often it still answers."""

    def __init__(self, standings=None, answers=100):
        super().__init__()
        self.standings, self.answers, self.asked = standings or {}, answers, []

    def poll(self, deadline):
        return ONLINE

    def withdraw(self, job_name, deadline):
        self.answers -= 1
        if self.answers < 0:
            raise DriverError("document_printer.no_answer")
        self.asked.append(job_name)
        return self.standings.get(job_name, JobStanding.NOT_LISTED)


class Bench:
    """The desk with some printers, whose workers' threads run."""

    def __init__(self, directory, printers):
        self.stream = io.StringIO()
        self.bus = Bus()
        self.directory = directory
        entries = tuple(
            DeviceEntry(name, "document_printer", "told", lambda printer=printer: printer)
            for name, printer in printers.items()
        )
        self.desk = DeviceDesk(entries, self.bus, lambda name, health: None, lambda about, error: None)
        self.settling = Settling(directory, self.desk, EventLog(self.stream, lambda: 0.0, strict=True))
        self.desk.start()

    def well(self, name):
        """Let a printer be well, and everything come to an end that follows from it; return what was told meanwhile."""
        self._go_on_until(lambda: self.desk.availability.health(name).state is DeviceState.ONLINE)
        before = len(self.stream.getvalue())
        self.settling.device_changed(name, ONLINE)
        over = []
        self.desk.ask(name, lambda printer, deadline, cancel: None, 10.0, over.append)
        self._go_on_until(lambda: over)
        lines = [json.loads(line) for line in self.stream.getvalue()[before:].splitlines()]
        return [(line["event"], line["device"], line.get("count")) for line in lines]

    def _go_on_until(self, reached):
        end = Deadline.after(30.0)
        while not reached():
            assert not end.expired
            posted = self.bus.take(0.5)
            if posted is not None:
                posted.call()

    def phases(self):
        """Return each job's phase by name."""
        store = DocumentStore(self.directory / DATABASE)
        found = {job.name: job.phase for job in DocumentJobs(store, Stock(store)).jobs()}
        store.close()
        return found


@pytest.fixture
def bench(tmp_path):
    made = []

    def make(**printers):
        made.append(Bench(tmp_path, printers))
        return made[-1]

    yield make
    for each in made:
        each.desk.stop(Deadline.after(10.0))


def open_print(directory, printer="a4", phase=JobPhase.SENT):
    """A print that was sent, and never heard of again; return its name."""
    store = DocumentStore(directory / DATABASE)
    jobs = DocumentJobs(store, Stock(store))
    job = jobs.prepare(PDF, printer=printer)
    if phase is not JobPhase.PREPARED:
        jobs._move(job.name, (JobPhase.PREPARED,), phase)
    store.close()
    return job.name


def age(directory, name, seconds):
    store = DocumentStore(directory / DATABASE)
    with store.transaction() as connection:
        connection.execute("UPDATE job SET created_at = created_at - ? WHERE name = ?", (seconds, name))
    store.close()


@pytest.mark.parametrize(
    ("standing", "phase"),
    [(JobStanding.NOT_LISTED, JobPhase.UNKNOWN), (JobStanding.NEVER_STARTED, JobPhase.NOT_PRINTED)],
)
def test_an_open_print_is_settled_once_the_printer_is_well(tmp_path, bench, standing, phase):
    """What the printer says of it counts; a printer that is not well is not asked; nothing is printed."""
    job = open_print(tmp_path)
    printer = Listed({job: standing})
    terminal = bench(a4=printer)
    terminal.settling.device_changed("a4", GONE)
    assert terminal.phases() == {job: JobPhase.SENT}
    assert terminal.well("a4") == [("documents.settled", "a4", 1)]
    assert terminal.phases() == {job: phase}
    assert printer.prints == []
    assert terminal.well("a4") == []


def test_a_settling_that_broke_off_goes_on_when_the_printer_is_back(tmp_path, bench):
    """What was settled stays so; the others are not forgotten."""
    first, second = open_print(tmp_path), open_print(tmp_path)
    printer = Listed({first: JobStanding.NEVER_STARTED, second: JobStanding.NEVER_STARTED}, answers=1)
    terminal = bench(a4=printer)
    assert terminal.well("a4") == [("documents.settled", "a4", 1)]
    assert terminal.phases() == {first: JobPhase.NOT_PRINTED, second: JobPhase.SENT}
    terminal.settling.device_changed("a4", GONE)
    printer.answers = 100
    assert terminal.well("a4") == [("documents.settled", "a4", 1)]
    assert terminal.phases() == {first: JobPhase.NOT_PRINTED, second: JobPhase.NOT_PRINTED}
    assert printer.asked == [first, second]


def test_a_print_of_this_run_is_settled_when_its_printer_is_back(tmp_path, bench):
    printer = Listed()
    terminal = bench(a4=printer)
    assert terminal.well("a4") == []
    job = open_print(tmp_path, phase=JobPhase.TAKEN)
    assert terminal.well("a4") == [], "it was well all the time"
    terminal.settling.device_changed("a4", GONE)
    printer.standings[job] = JobStanding.PRINTED
    assert terminal.well("a4") == [("documents.settled", "a4", 1)]
    assert terminal.phases() == {job: JobPhase.PRINTED}


def test_a_print_nobody_knows_of_is_taken_back_before_it_can_come_out_in_front_of_the_next_citizen(tmp_path, bench):
    """A printer that lost its power in mid-print may print on when it has it again."""
    printer = Listed()
    terminal = bench(a4=printer)
    terminal.well("a4")
    recent, old = open_print(tmp_path, phase=JobPhase.UNKNOWN), open_print(tmp_path, phase=JobPhase.UNKNOWN)
    age(tmp_path, old, 24 * 3600)
    terminal.settling.device_changed("a4", GONE)
    assert terminal.well("a4") == []
    assert printer.asked == [recent]
    assert set(terminal.phases().values()) == {JobPhase.UNKNOWN}


def test_each_printer_is_asked_about_its_own_jobs_only(tmp_path, bench):
    left, right = open_print(tmp_path, "left"), open_print(tmp_path, "right", JobPhase.PREPARED)
    printers = {"left": Listed({left: JobStanding.NEVER_STARTED}), "right": Listed()}
    terminal = bench(**printers)
    assert terminal.well("right") == [("documents.settled", "right", 1)]
    assert terminal.phases() == {left: JobPhase.SENT, right: JobPhase.NOT_PRINTED}
    assert terminal.well("left") == [("documents.settled", "left", 1)]
    assert terminal.phases() == {left: JobPhase.NOT_PRINTED, right: JobPhase.NOT_PRINTED}
    assert (printers["left"].asked, printers["right"].asked) == ([left], [])


def test_a_job_without_a_printer_is_asked_about_at_every_one_before_it_is_unknown(tmp_path, bench):
    """As are those whose printer is not of this terminal any more."""
    known, lost, moved = open_print(tmp_path, ""), open_print(tmp_path, ""), open_print(tmp_path, "sold last year")
    left, right = Listed(), Listed({known: JobStanding.NEVER_STARTED})
    terminal = bench(left=left, right=right)
    assert terminal.well("left") == []
    assert set(terminal.phases().values()) == {JobPhase.SENT}
    right.answers = 1
    assert terminal.well("right") == [("documents.settled", "right", 1)], "and it broke off: nothing is proven"
    assert terminal.phases() == {known: JobPhase.NOT_PRINTED, lost: JobPhase.SENT, moved: JobPhase.SENT}
    right.answers = 100
    assert terminal.well("right") == [("documents.settled", "right", 2)]
    assert terminal.phases() == {known: JobPhase.NOT_PRINTED, lost: JobPhase.UNKNOWN, moved: JobPhase.UNKNOWN}
    assert left.asked == [known, lost, moved]


def test_without_documents_nobody_is_asked(tmp_path, bench):
    printer = Listed()
    terminal = bench(a4=printer)
    assert terminal.well("a4") == []
    assert printer.asked == []
    assert not (tmp_path / DATABASE).exists()


def test_a_file_that_cannot_be_read_is_told(tmp_path, bench):
    (tmp_path / DATABASE).write_bytes(b"no database at all" * 100)
    assert bench(a4=Listed()).well("a4") == [("documents.unreadable", "a4", None)]
