"""A terminal on the test's own thread: its clock, devices, network and citizen do what the test says and nothing by themselves."""

from __future__ import annotations

import io
import json
from collections import deque
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

from drivers.base import Deadline, Device, DeviceIdentity, DeviceState, DriverError, Fault, Health
from drivers.card_reader import CardHandle, CardReader, DocumentKind, IdentityDocument
from drivers.document_camera import DocumentCamera, Photograph
from drivers.document_printer import DocumentPrinter
from drivers.print_outcome import PrintOutcome
from drivers.qr_scanner import QrPayload, QrScanner
from drivers.receipt_printer import PrintResult, ReceiptPrinter
from kiosk.bus import Bus, Timers
from kiosk.config import ASSETS, IdleSection
from kiosk.contract.cases import Accepted, Case, CaseList, CaseStep, Clocks
from kiosk.contract.reports import Problem
from kiosk.devices.desk import DeviceDesk, DeviceEntry
from kiosk.devices.worker import JobFailed
from kiosk.documents.issuing import Issuing
from kiosk.documents.template import load as load_document
from kiosk.faults import Catalogue
from kiosk.journal import EntryState, Journal
from kiosk.journey.inspection import check
from kiosk.journey.steps.base import Tools
from kiosk.logs import EventLog
from kiosk.receipts.template import load as load_template
from kiosk.terminal import Terminal
from kiosk.texts import Texts
from kiosk.uplink.outbox import Settled
from kiosk.view import Capture, Fill, Next, Pick, Signature, StartService
from kiosk.view_channel import ViewChannel

ENROLMENT, QUERY = "medical_insurance_enrolment", "progress_query"
KEY = b"\x05" * 32
PROJECT_NO = "11130983MB1234567R400023600100120261122" + "0001"
ACCEPTED = Accepted(
    project_no=PROJECT_NO,
    query_code=f"CK1:{PROJECT_NO}:secret",
    accept_date=date(2026, 11, 22),
    promise_date=date(2026, 11, 27),
)
STROKES = (((0.1, 0.1), (0.5, 0.6), (0.9, 0.2)),)
ONLINE = Health(DeviceState.ONLINE)
CLASSES = {
    "reader": "card_reader",
    "scanner": "code_scanner",
    "camera": "document_camera",
    "printer": "receipt_printer",
}


def document(**changed):
    values = {
        "kind": DocumentKind.RESIDENT,
        "number": "11010519491231002X",
        "name": "张伟样",
        "name_en": "",
        "sex": "1",
        "birth": date(1949, 12, 31),
        "valid_from": date(2020, 1, 1),
        "valid_to": date(2040, 1, 1),
        "nation": "01",
        "address": "示例市样板区测试路1号",
        "issuer": "示例市公安局",
    }
    return IdentityDocument(**{**values, **changed})


def payload(text):
    return QrPayload(text.encode(), text, "qr_code", 0.0)


def photograph(jpeg=b"\xff\xd8sharp"):
    return Photograph(jpeg, 1920, 1080, 400.0)


def a_case(**changed):
    values = {
        "project_no": PROJECT_NO,
        "local_no": "T001-20261122-0001",
        "task_name": "城乡居民基本医疗保险参保登记",
        "task_name_en": "Enrolment",
        "applicant_masked": "张**",
        "document_masked": "110***********002X",
        "accept_date": date(2026, 11, 22),
        "state": "in_review",
        "steps": (
            CaseStep(name="受理", name_en="Accepted", state="done", ended_at=datetime(2026, 11, 22, tzinfo=UTC)),
            CaseStep(name="审核", name_en="Examined", state="waiting"),
        ),
        "clocks": Clocks(
            legal_date=date(2026, 12, 4),
            promise_date=date(2026, 11, 27),
            assess_date=date(2026, 11, 26),
            used_days=1,
            stage="running",
        ),
    }
    return Case(**{**values, **changed})


PRINTED = PrintResult(PrintOutcome.PRINTED, (), 700)
NOT_PRINTED = PrintResult(PrintOutcome.NOT_PRINTED, (Fault("printer.paper_out"),))
UNKNOWN = PrintResult(PrintOutcome.UNKNOWN)


class Scripted(Device):
    """``answers``: what the next calls return, or raise when it is an exception."""

    def __init__(self, device_class):
        self.device_class = device_class
        self.answers = deque()
        self.calls = []

    def answer(self, call):
        self.calls.append(call)
        answer = self.answers.popleft()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def identity(self):
        return DeviceIdentity(self.device_class, "scripted")

    def open(self, deadline):
        pass

    def close(self):
        pass

    def poll(self, deadline):
        return ONLINE

    def reset(self, deadline):
        pass

    def self_test(self, deadline):
        return ()


class ScriptedReader(Scripted, CardReader):
    """``waiting`` is called before a card is found, so that time can pass."""

    presence = 0
    keys = ()
    must_lift = False
    waiting = staticmethod(lambda: None)

    def wait_card(self, deadline, cancel):
        self.waiting()
        if not self.answers or self.answers[0] is None:
            self.answers and self.answers.popleft()
            return None
        self.presence += 1
        return CardHandle("reader", self.presence)

    def read_identity(self, handle, deadline, key=None):
        self.read_seconds = deadline.remaining()
        self.keys = [*self.keys, (handle, key)]
        return self.answer("read")

    def wait_removed(self, deadline, cancel):
        return self.answer("removed")


class ScriptedScanner(Scripted, QrScanner):
    def scan(self, deadline, cancel):
        return self.answer("scan")


class ScriptedCamera(Scripted, DocumentCamera):
    """``looking`` is called at each preview, so that a test can act while the preview runs."""

    looking = staticmethod(lambda: None)
    preview_frames = 0
    reads_zone = False

    def preview(self, deadline):
        self.preview_frames += 1
        self.looking()
        return photograph(b"\xff\xd8preview%d" % self.preview_frames)

    def capture(self, deadline, cancel):
        return self.answer("capture")

    def read_machine_readable_zone(self, deadline, cancel):
        return self.answer("zone")


class ScriptedPrinter(Scripted, ReceiptPrinter):
    def __init__(self, device_class):
        super().__init__(device_class)
        self.printed = []

    def print(self, document, job_id, deadline):
        self.printed.append(document)
        return self.answer("print")


class ScriptedDocumentPrinter(Scripted, DocumentPrinter):
    """Takes a document; what it then does is the test's to say."""

    def __init__(self, device_class):
        super().__init__(device_class)
        self.printed = []

    def print(self, pdf, job_name, deadline, options=None, taken=None):
        self.printed.append(pdf)
        return self.answer("print")

    def find(self, job_name, deadline):
        return self.answer("find")

    def withdraw(self, job_name, deadline):
        return self.answer("withdraw")


KINDS = {
    "card_reader": ScriptedReader,
    "code_scanner": ScriptedScanner,
    "document_camera": ScriptedCamera,
    "receipt_printer": ScriptedPrinter,
    "document_printer": ScriptedDocumentPrinter,
}


class HandWorker:
    """Stands in a worker's place; does the next job when the test says so, on the test's thread."""

    def __init__(self, device, clock):
        self.device = device
        self.clock = clock
        self.jobs = deque()
        self.hung_checks = 0

    def submit(self, job):
        self.jobs.append(job)

    def check_hung(self):
        self.hung_checks += 1

    def waiting(self):
        return [job for job in self.jobs if not job.cancel.is_set()]

    def do(self, *answers):
        """Do all jobs up to the first that nobody cancelled, with these answers of the device."""
        self.device.answers.extend(answers)
        while True:
            job = self.jobs.popleft()
            if job.cancel.is_set():
                job.done(JobFailed(Fault("device.cancelled")))
                continue
            try:
                result = job.work(self.device, Deadline.after(job.seconds, self.clock), job.cancel)
            except DriverError as error:
                result = JobFailed(error.fault)
            job.done(result)
            return

    def refuse(self, code):
        """The device is away: every job fails."""
        while self.jobs:
            self.jobs.popleft().done(JobFailed(Fault(code)))


class HandBackground:
    """Does work at once, or when the test releases it."""

    def __init__(self, bus):
        self.bus = bus
        self.held = False
        self.waiting = deque()
        self.bugs = []

    def run(self, about, work, done, failed):
        self.waiting.append((about, work, done, failed))
        if not self.held:
            self.release()

    def release(self):
        while self.waiting:
            about, work, done, failed = self.waiting.popleft()
            try:
                result = work()
            except Exception as error:  # noqa: BLE001 - as the real one
                self.bugs.append(error)
                self.bus.post(about, failed)
            else:
                self.bus.post(about, lambda done=done, result=result: done(result))


class HandOutbox:
    """Journals what is handed in, and settles it when the test says so."""

    def __init__(self, journal):
        self.journal = journal
        self.trouble = None
        self.at_once = None
        self.handed_in = []

    def hand_in(self, kind, key, local_no, body, depends_on="", on_settled=None):
        if self.trouble is not None:
            raise self.trouble
        self.journal.add(key, kind, local_no, body, depends_on)
        self.handed_in.append(SimpleNamespace(kind=kind, key=key, local_no=local_no, body=body, depends_on=depends_on))
        if kind == "submission":
            self.listener = on_settled
            self.key = key
            if self.at_once is not None:
                self.at_once()

    def accept(self, accepted=ACCEPTED):
        self.listener(Settled(self.key, "submission", "", EntryState.ACCEPTED, accepted))

    def refuse(self):
        problem = Problem(code="invalid")
        self.listener(Settled(self.key, "submission", "", EntryState.REFUSED, problem=problem))

    @property
    def submissions(self):
        return [json.loads(entry.body) for entry in self.handed_in if entry.kind == "submission"]

    @property
    def ratings(self):
        return [entry for entry in self.handed_in if entry.kind == "rating"]


def load_services():
    loaded = {}
    for name in (ENROLMENT, QUERY):
        service, findings = check(ASSETS / "services" / f"{name}.toml")
        assert not findings
        loaded[name] = service
    return loaded


class Stage:
    """The terminal and everything around it."""

    def __init__(self, directory: Path, services=None, classes=None, training=False):
        self.now = 1000.0
        self.today = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
        self.stream = io.StringIO()
        self.log = EventLog(self.stream, lambda: 0.0, strict=True)
        self.bus = Bus()
        self.views = ViewChannel()
        self.shown = []
        self.views.subscribe(lambda: self.shown.append(self.views.latest()))
        self.classes = classes or CLASSES
        self.terminal = None
        clock = lambda: self.now  # noqa: E731
        entries = tuple(DeviceEntry(name, kind, "scripted", lambda: None) for name, kind in self.classes.items())
        self.desk = DeviceDesk(entries, self.bus, self._device_changed, self._bug, clock)
        self.devices = {name: KINDS[kind](kind) for name, kind in self.classes.items()}
        self.workers = {name: HandWorker(device, clock) for name, device in self.devices.items()}
        self.desk._workers = self.workers
        self.background = HandBackground(self.bus)
        self.journal = Journal.open(directory / "journal.sqlite", KEY)
        self.outbox = HandOutbox(self.journal)
        self.inquiries = []
        self.cases = CaseList(cases=(a_case(),))
        self.watch = SimpleNamespace(well=True, look=lambda: None)
        self.timers = Timers(clock)
        self.services = services or load_services()
        self.tools = Tools(
            devices=self.desk,
            background=self.background,
            timers=self.timers,
            texts=Texts(ASSETS / "texts" / "kiosk.toml"),
            faults=Catalogue.load(ASSETS / "faults"),
            journal=self.journal,
            outbox=self.outbox,
            inquire=self._inquire,
            receipts={path.stem: load_template(path) for path in (ASSETS / "receipts").glob("*.toml")},
            issuing=Issuing(
                {path.stem: load_document(path) for path in (ASSETS / "documents").glob("*.toml")},
                None,
                directory,
                ASSETS / "fonts",
                lambda: self.today,
            ),
            now=lambda: self.today,
            terminal_id="T001",
            site={"zh": "示例大厅", "en": "Example hall"},
            training=training,
            finish_after=8.0,
        )
        self.terminal = Terminal(
            services=self.services,
            tools=self.tools,
            devices=self.desk,
            bus=self.bus,
            timers=self.timers,
            views=self.views,
            log=self.log,
            idle=IdleSection(),
            default_language="zh",
            clock=clock,
            journal_watch=self.watch,
        )
        self.terminal.begin()
        for name in self.classes:
            self.health(name, ONLINE)

    def close(self):
        self.journal.close()

    def _device_changed(self, name, health):
        self.terminal.device_changed(name, health)

    def _bug(self, about, error):
        raise AssertionError(f"{about}: {error!r}")

    def _inquire(self, query):
        self.inquiries.append(query)
        return self.cases

    # ---- what happens

    def drain(self):
        while self.terminal.work(0):
            pass

    def wait(self, seconds):
        """Let time pass, a quarter of a second at a time."""
        for _ in range(round(seconds * 4)):
            self.now += 0.25
            self.drain()

    def health(self, name, health):
        self.desk._health_changed(name, health)
        self.drain()

    def lose(self, name, code="card_reader.not_found"):
        """The device's connection breaks: its job fails, and a moment later its health says so."""
        self.workers[name].refuse(code)
        self.health(name, Health(DeviceState.OFFLINE, (Fault(code),)))

    def do(self, name, *answers):
        self.workers[name].do(*answers)
        self.drain()

    def touch(self, *intents):
        for intent in intents:
            self.terminal.post(intent, self.view.session)
            self.drain()

    # ---- what is seen

    @property
    def view(self):
        return self.views.latest()

    @property
    def body(self):
        return self.view.body

    @property
    def at(self):
        """The screen shown: the step's id, or what stands in its place."""
        return self.view.step if self.view.screen not in ("fault", "home", "out_of_service") else self.view.screen

    def events(self, name):
        return [line for line in map(json.loads, self.stream.getvalue().splitlines()) if line["event"] == name]

    @property
    def crashes(self):
        return self.events("program.crashed")

    # ---- parts of a visit

    def fill_form(self):
        self.touch(
            Fill("phone", "13800000000"),
            Fill("insured_type", "resident"),
            Fill("residence_proof", "household_register"),
        )

    def photograph(self, picture=None):
        self.touch(Capture())
        self.do("camera", picture or photograph())

    def go_to(self, step, holder=None):
        """Walk the enrolment from the home screen to ``step``."""
        walk = {
            "notice": lambda: self.touch(StartService(ENROLMENT)),
            "identify": lambda: self.touch(Next()),
            "form": lambda: self.do("reader", holder or document()),
            "materials": lambda: (self.fill_form(), self.touch(Next())),
            "review": lambda: (self.photograph(), self.touch(Next())),
            "sign": lambda: self.touch(Next()),
            "submit": lambda: self.touch(Signature(STROKES), Next()),
            "receipt": lambda: (self.outbox.accept(), self.drain(), self.wait(1.5)),
            "rate": lambda: (self.do("printer", PrintResult(PrintOutcome.PRINTED)), self.touch(Next())),
            "finish": lambda: self.touch(Pick("1")),
        }
        names = list(walk)
        start = 0 if self.at == "home" else names.index(self.at) + 1
        for name in names[start : names.index(step) + 1]:
            walk[name]()
            assert self.at == name, f"at {self.at} instead of {name}"

    def ask_by_code(self):
        """Walk the query to its result, by a receipt's code."""
        self.touch(StartService(QUERY), Pick("code"))
        self.do("scanner", payload(ACCEPTED.query_code))


def with_policy(service, step, **changed):
    steps = tuple(each.model_copy(update=changed) if each.id == step else each for each in service.steps)
    return service.model_copy(update={"steps": steps})


def texts_of(document):
    return [
        text
        for element in document.elements
        for text in (getattr(element, "text", ""), *(cell.text for cell in getattr(element, "cells", ())))
    ]
