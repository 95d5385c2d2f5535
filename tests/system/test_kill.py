"""Kills the terminal, and central, at random moments of visits, and then compares what was told with what was kept.

The hall and its printer live in this process, so what the printer took and what came out of it outlive every kill.
"""

import contextlib
import json
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest
from answer_gate import AnswerGate
from headless_citizen import ENROLMENT, HeadlessCitizen, person, secrets, wait_until
from receipts_seen import codes_on

from drivers.base import Deadline
from drivers.hall import PrinterAction
from kiosk.config import ASSETS
from kiosk.journal import Journal, load_key
from kiosk.journey.inspection import check
from kiosk.training.visitor import Lost, Visitor
from kiosk.training.world import World

CASES = 4
KILLS = 25
"""A case; with ``CASES`` of them a hundred, and the kills of the other tests come on top."""

MOMENTS = {
    # step -> the longest wait, in seconds, after it was entered or acted upon: long enough to come into what follows
    "start-up": 1.0,
    "home": 0.1,
    "notice": 0.05,
    "identify": 0.5,
    "form": 0.1,
    "materials": 1.2,
    "review": 0.05,
    "sign": 0.25,
    "submit": 0.25,
    "receipt": 0.6,
    "notice_of_acceptance": 1.2,
    "rate": 0.15,
    "finish": 0.05,
}
ORDER = (*MOMENTS, *("sign", "submit", "receipt", "receipt", "notice_of_acceptance"))
"""Twice and thrice, where something can be lost or doubled."""


class Ledger:
    """What the citizens were told, to be held against central's database and the terminal's journal."""

    def __init__(self, world):
        self.world = world
        self.told = set()
        self.visitors = 0

    def next_citizen(self, random):
        """Everybody has a telephone number of their own, by which what they handed in is known again."""
        self.visitors += 1
        stem = random.choice(("zhang-weiyang", "li-ceshi", "chan-yeungkoon", "sample-marie"))
        return HeadlessCitizen(self.world, person(stem, phone=f"139{self.visitors:08d}"))

    def note(self, visitor):
        if visitor.told_handed_in:
            self.told.add(visitor.citizen.answers["phone"])

    def settle(self):
        """Wait until the terminal has brought everything to central, then end it, so that its journal can be read."""
        log = self.world.directory / "terminal.log"

        def drained():
            events = [json.loads(line) for line in last_life(log) if line.startswith("{")]
            opened = [event for event in events if event["event"] == "journal.opened"]
            settled = [event for event in events if event["event"].startswith(("outbox.settled", "outbox.refused"))]
            return opened and len(settled) >= opened[-1]["pending"]

        wait_until(drained, "the outbox to drain", 40.0, 0.05)
        HeadlessCitizen(self.world).offered(30.0)
        self.world.terminal.terminate()
        assert self.world.terminal.wait(20) == 0

    def check(self):
        """Nothing lost, nothing doubled, nothing printed twice. To be called after ``settle``."""
        rows = query(
            self.world.directory / "state" / "journal.sqlite",
            "SELECT key, state, local_no FROM entry WHERE kind = 'submission'",
        )
        journal = Journal.open(
            self.world.directory / "state" / "journal.sqlite", load_key(self.world.directory / "journal.key", False)
        )
        phones = {}
        for key, state, _ in rows:
            assert state == "accepted", f"{key} is {state}"
            phone = json.loads(journal.entry(key).body)["form"]["phone"]
            assert phone not in phones, f"{phone} was handed in twice by one touch"
            phones[phone] = key
        journal.close()
        assert len({local_no for _, _, local_no in rows}) == len(rows), "a local number was given twice"
        assert self.told <= set(phones), "told as handed in, but not in the journal"
        cases = query(self.world.directory / "central.sqlite", "SELECT key, local_no, project_no FROM cases")
        assert sorted((key, local_no) for key, local_no, _ in cases) == sorted(
            (key, local_no) for key, _, local_no in rows
        ), "central's cases are not the journal's submissions, each once"
        ratings = query(self.world.directory / "central.sqlite", "SELECT subject_no FROM ratings")
        assert len(ratings) == len(set(ratings))
        self._check_papers({key: project_no for key, _, project_no in cases})

    def _check_papers(self, project_no_of):
        numbers = {number: key for key, number in project_no_of.items()}
        printed = []
        for paper in self.world.hall.papers():
            codes = codes_on(paper)
            assert len(codes) <= 1, f"two citizens' receipts on one paper: {codes}"
            for code in codes:
                kind, _, rest = code.partition(":")
                key = rest if kind == "CKL" else numbers[rest.partition(":")[0]]
                assert key in project_no_of, "a receipt for what was never handed in"
                printed.append(key)
        assert len(printed) == len(set(printed)), "a receipt was printed twice by itself"
        pages = list(self._pages())
        documents = [number for number in numbers for page in pages if number in page]
        assert len(documents) == len(set(documents)), "a document was printed twice by itself"
        assert len(documents) == len(pages), "a document about no case"

    def _pages(self):
        for pdf in self.world.hall.documents():
            done = subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True, timeout=30)
            yield done.stdout.decode()


def say(text):
    """Shown when the test fails, so that it can be done again."""
    sys.stdout.write(f"{text}\n")


def last_life(log):
    """The lines that the last of the killed terminals wrote."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    begun = [number for number, line in enumerate(lines) if '"journal.opened"' in line]
    return lines[begun[-1] :] if begun else []


def query(database, statement):
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return connection.execute(statement).fetchall()


@contextlib.contextmanager
def world_in(directory, gate=None, screen=None):
    world = World(directory, screen, headless=screen is None)
    if gate is not None:
        connect = world.hall.connect_network
        world.hall.connect_network = lambda host, port: connect(*gate.open(host, port))
    try:
        world.start(Deadline.after(60))
        yield world
    finally:
        world.stop()
        if gate is not None:
            gate.stop()


def slow_printer(world):
    """Give the printer a mechanism that takes a moment, and little memory, so that a kill can come in mid-receipt."""
    engine = world.hall._printer.engine
    with engine.changed:
        engine._lines_per_second = 120.0
        engine._buffer_bytes = 256


def clean_home(world, visitor):
    """See that a restarted terminal comes up with nothing of anyone. Returns the first glass it shows."""
    first = wait_until(world.observer.glass, "the restarted terminal", 30.0)
    assert (first["screen"], first["session"], first["step"]) == ("home", None, ""), first
    shown = " ".join(first["texts"])
    assert not [text for text in secrets(visitor.citizen) if text in shown]
    assert world.observer.last_visit() is None
    return first


@pytest.mark.timeout(200)
@pytest.mark.parametrize("case", range(CASES))
def test_killed_terminal_loses_and_doubles_nothing(tmp_path, case):
    """SIGKILL at random points of a visit: start-up, every step, before and after journal, sending, print, rating."""
    seed = 20261122 + case
    random = Random(seed)
    moments = [*(ORDER * (KILLS // len(ORDER) + 1))[:KILLS]]
    random.shuffle(moments)
    with world_in(tmp_path) as world:
        slow_printer(world)
        ledger = Ledger(world)
        for number, step in enumerate(moments):
            wait = random.choice((0.0, random.uniform(0.0, MOMENTS[step])))
            entered_only = random.random() < 0.3
            say(f"seed {seed} kill {number}: {step} + {wait:.3f} s{' before acting' if entered_only else ''}")
            visitor = ledger.next_citizen(random)
            kill_at(visitor, step, wait, entered_only)
            ledger.note(visitor)
            if random.random() < 0.7:
                world.hall.take_card()  # else the card still lies there when the terminal comes back
            world.start_terminal()
            if step != "start-up":
                clean_home(world, visitor)
        ledger.settle()
        ledger.check()
        assert len(ledger.told) >= KILLS // 6, "too few got far enough for this to prove anything"


@pytest.mark.timeout(120)
def test_half_a_receipt_never_reaches_the_next_citizen(tmp_path):
    """Killed in mid-receipt, and killed again before the printer could be cleared: the next paper is the next citizen's."""
    with world_in(tmp_path) as world:
        slow_printer(world)
        killed = threading.Event()
        first = HeadlessCitizen(world, person("li-ceshi", phone="13500000001"))
        first.offered()
        first.walk_to("submit", phase=("done",))
        printer = world.hall._printer
        with printer.engine.changed:
            printer.engine.at_lines(printer.engine.paper.lines + 6, lambda: (world.kill_terminal(), killed.set()))
        first.intend(first.look(), "Next")
        assert killed.wait(20)
        world.hall.take_card()
        world.hall.printer(PrinterAction.UNPLUG)
        world.start_terminal()
        clean_home(world, first)
        world.kill_terminal()
        world.hall.printer(PrinterAction.PLUG)
        world.start_terminal()
        second = HeadlessCitizen(world, person("zhang-weiyang", phone="13500000002"))
        record = second.visit()
        assert [done["outcome"] for done in record["prints"]] == ["printed", "printed"]
        lines = printer.paper_texts[-1]
        assert [line for line in lines if record["project_no"] in line.replace(" ", "")]
        half = printer.paper_texts[0]
        assert lines[0] == half[0], "the paper begins as every receipt does"
        assert not [line for line in lines if "李" in line], "somebody else is named on it"
        assert len(codes_on(world.hall.papers()[-1])) == 1


WINDOW_MOMENTS = ("identify", "form", "materials", "submit", "receipt", "notice_of_acceptance")


@pytest.mark.timeout(200)
def test_killed_terminal_with_its_window(tmp_path):
    """The same with the real window, touched on its virtual screen: what is drawn after each restart is a clean home."""
    seed = 815
    random = Random(seed)
    service, _ = check(ASSETS / "services" / f"{ENROLMENT}.toml")
    with world_in(tmp_path, screen=(1080, 1920)) as world:
        ledger = Ledger(world)
        for number, step in enumerate(WINDOW_MOMENTS):
            wait = random.uniform(0.0, MOMENTS[step])
            say(f"seed {seed} kill {number}: {step} + {wait:.3f} s")
            eyes = ledger.next_citizen(random)
            visitor = Visitor(world, service, eyes.citizen)
            with ThreadPoolExecutor(1) as hands:
                visit = hands.submit(visitor.visit)
                eyes.see(lambda glass, step=step, visit=visit: glass["step"] == step or visit.done(), step, 60.0)
                end = time.monotonic() + wait
                while time.monotonic() < end:
                    eyes.look()
                world.kill_terminal()
                assert isinstance(visit.exception(30), Lost), "the visitor sees the terminal go"
            ledger.note(eyes)
            world.hall.take_card()
            world.start_terminal()
            clean_home(world, eyes)
            drawn = visitor.see(lambda glass: True, "the window")
            assert (drawn["screen"], drawn["session"]) == ("home", None)
            assert not [text for text in secrets(eyes.citizen) if text in " ".join(drawn["texts"])]
        ledger.settle()
        ledger.check()
        assert ledger.told, "nobody got far enough for this to prove anything"


def kill_at(visitor, step, wait, entered_only):
    """Lead the visitor to a step, let a moment pass, and kill the terminal."""
    world = visitor.world
    if step != "start-up":
        visitor.offered()
        # A card that still lies on the reader is read so fast that nobody sees the step itself: then the next one will do.
        late_enough = (*MOMENTS,)[(*MOMENTS,).index(step) :]
        glass = visitor.walk(lambda seen: (seen["step"] or seen["screen"]) in late_enough, step)
        if not entered_only:
            visitor.act(glass)
    end = time.monotonic() + wait
    while time.monotonic() < end:
        visitor.look()
    world.kill_terminal()


@pytest.mark.timeout(200)
def test_central_killed_between_commit_and_answer(tmp_path):
    """Central has kept the case but nobody heard of it: the terminal asks again, and it is the same case."""
    gate = AnswerGate()
    random = Random(7)
    with world_in(tmp_path, gate) as world:
        ledger = Ledger(world)
        for number in range(4):
            visitor = ledger.next_citizen(random)
            visitor.offered(30.0)
            visitor.walk_to("sign")
            gate.hold(b"/submissions")
            visitor.walk_to("submit")
            assert gate.held.wait(20), "no answer to a submission came by"
            if number % 2:
                world.kill_terminal()
            world.kill_central()
            gate.release()
            world.restart_central(Deadline.after(30))
            if number % 2:
                world.start_terminal()
                clean_home(world, visitor)
            else:
                visitor.walk(lambda glass: glass["screen"] == "home", "the end of the visit")
                assert visitor.told_handed_in
            ledger.note(visitor)
        assert gate.times_held == 4
        world.kill_terminal()
        world.start_terminal()
        ledger.settle()
        ledger.check()
        assert len(query(tmp_path / "central.sqlite", "SELECT key FROM cases")) == 4


@pytest.mark.timeout(200)
def test_central_killed_while_submissions_are_in_flight(tmp_path):
    """Central dies at a random moment around the hand-in and comes back: what the citizen was told holds."""
    seed = 4711
    random = Random(seed)
    with world_in(tmp_path) as world:
        ledger = Ledger(world)
        for number in range(4):
            visitor = ledger.next_citizen(random)
            visitor.offered(30.0)
            visitor.act(visitor.walk_to("sign"))
            wait = random.uniform(0.0, 0.12)
            say(f"seed {seed} kill {number}: central at hand-in + {wait:.3f} s")
            end = time.monotonic() + wait
            while time.monotonic() < end:
                visitor.look()
            world.kill_central()
            world.restart_central(Deadline.after(30))
            visitor.walk(lambda glass: glass["screen"] == "home", "the end of the visit")
            assert visitor.told_handed_in
            ledger.note(visitor)
        world.kill_terminal()
        world.start_terminal()
        ledger.settle()
        ledger.check()
        assert len(ledger.told) == 4
