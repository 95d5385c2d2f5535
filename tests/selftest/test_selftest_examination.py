"""An examination tells what it finds as it goes, survives devices that hang, crash or are cancelled, and asks a person in turn."""

import queue
import re
import threading
from unittest.mock import ANY

import pytest

from drivers.base import (
    Check,
    CheckOutcome,
    Deadline,
    Device,
    DeviceIdentity,
    DeviceState,
    DriverError,
    Fault,
    Health,
    Supply,
    SupplyLevel,
)
from drivers.operator import Answer
from kiosk.devices.desk import DeviceEntry
from kiosk.selftest.examination import Examination, Guided, Limits, Stage
from kiosk.selftest.turn import Turn

QUICK = Limits(opening=0.2, test=0.2, guided=0.2, grace=0.2)
WELL = (Check("port", CheckOutcome.PASS),)
PASS, WARN, FAIL, SKIP = CheckOutcome.PASS, CheckOutcome.WARN, CheckOutcome.FAIL, CheckOutcome.SKIP


class Toy(Device):
    def __init__(self, checks=WELL, trouble=None, health=None, guided=(), hold=None):
        self.checks, self.trouble, self.guided, self.hold = checks, trouble, guided, hold
        self.health = health or Health(DeviceState.ONLINE)
        self.closed = threading.Event()
        self.answers = []

    def identity(self):
        return DeviceIdentity("receipt_printer", "toy", "Toy 1")

    def open(self, deadline):
        if self.trouble is not None:
            raise self.trouble

    def close(self):
        self.closed.set()

    def poll(self, deadline):
        return self.health

    def reset(self, deadline):
        pass

    def self_test(self, deadline):
        if self.hold is not None:
            self.hold.wait(30)
        return self.checks

    def guided_test(self, operator, deadline):
        for code in self.guided:
            operator.instruct(code)
            self.answers.append(operator.confirm(code))
        return (Check("hand", PASS),) if self.guided else ()


class Yes:
    """A person who says yes to everything."""

    def __init__(self):
        self.heard = []

    def show(self, code, about, skipped):
        self.heard.append(code)

    def ask(self, code, about, picture, deadline, given_up):
        return Answer.YES

    def rest(self):
        pass


def entries(**devices):
    return tuple(
        DeviceEntry(name, "receipt_printer", "toy", lambda device=device: device) for name, device in devices.items()
    )


def found(lines):
    return [(line.device, line.check, line.outcome, line.code) for line in lines]


def test_every_device_is_opened_examined_and_closed():
    good = Toy((Check("port", PASS, evidence="115200"), Check("lamp", WARN, Fault("printer.paper_low"))))
    bad = Toy((Check("paper", FAIL, Fault("printer.paper_out", evidence="0x60")), Check("cut", SKIP)))
    gone = Toy(trouble=DriverError("printer.not_found", "", "ENOENT"))
    buggy = Toy(trouble=ValueError("bug"))
    lines = Examination(entries(good=good, bad=bad, gone=gone, buggy=buggy)).run()
    assert found(lines) == [
        ("good", "port", PASS, ""),
        ("good", "lamp", WARN, "printer.paper_low"),
        ("bad", "paper", FAIL, "printer.paper_out"),
        ("bad", "cut", SKIP, ""),
        ("gone", "connection", FAIL, "printer.not_found"),
        ("buggy", "connection", FAIL, "device.software_error"),
    ]
    assert [line.evidence for line in lines] == ["115200", "", "0x60", "", "ENOENT", ANY]
    assert re.fullmatch(r"ValueError .*test_selftest_examination.py:\d+", lines[-1].evidence)
    assert "bug" not in lines[-1].evidence, "what an exception says may quote a citizen's data"
    assert lines[0].identity.model == "Toy 1"
    assert all(device.closed.is_set() for device in (good, bad, gone, buggy))


def test_what_the_terminal_would_find_wrong_is_found_also_where_the_device_s_own_checks_do_not_tell():
    low = Toy(health=Health(DeviceState.DEGRADED, (Fault("printer.paper_low"),)))
    told = Toy((Check("paper", WARN, Fault("printer.paper_low")),), health=low.health)
    out = Toy(health=Health(DeviceState.ONLINE, (), (Supply("paper", SupplyLevel.OUT),)))
    lines = Examination(entries(low=low, told=told, out=out)).run()
    assert [line for line in found(lines) if line[2] is not PASS] == [
        ("low", "condition", WARN, "printer.paper_low"),
        ("told", "paper", WARN, "printer.paper_low"),
        ("out", "condition", FAIL, "receipt_printer.paper_out"),
    ]


def test_a_device_that_hangs_is_one_failed_line_and_is_closed():
    hold = threading.Event()
    hanging, good = Toy(hold=hold), Toy()
    lines = Examination(entries(hanging=hanging, good=good), limits=QUICK).run()
    assert found(lines) == [("hanging", "connection", FAIL, "device.hung"), ("good", "port", PASS, "")]
    assert hanging.closed.wait(10)
    hold.set()


def test_a_device_that_the_terminal_could_not_give_is_told_as_hung_and_left_alone():
    device = Toy()
    lines = Examination(entries(stuck=device), held=frozenset({"stuck"})).run()
    assert found(lines) == [("stuck", "connection", FAIL, "device.hung")]
    assert not device.closed.is_set()


def test_guided_checks_come_one_after_the_other_and_progress_is_told():
    told = []
    operator = Yes()
    first, second = Toy(guided=("selftest.one",)), Toy(guided=("selftest.two",))
    gone = Toy(trouble=DriverError("printer.not_found"), guided=("selftest.never",))
    extra = Guided("panel", "touch_panel", lambda operator, deadline: (Check("crosses", PASS),))
    lines = Examination(entries(first=first, second=second, gone=gone), operator, told.append, (extra,)).run()
    assert [line[:3] for line in found(lines)] == [
        ("first", "port", PASS),
        ("first", "hand", PASS),
        ("second", "port", PASS),
        ("second", "hand", PASS),
        ("gone", "connection", FAIL),
        ("panel", "crosses", PASS),
    ]
    assert operator.heard == ["selftest.one", "selftest.two"]
    assert [(each.device, each.stage) for each in told if each.stage is Stage.GUIDED] == [
        ("first", Stage.GUIDED),
        ("second", Stage.GUIDED),
        ("panel", Stage.GUIDED),
    ]
    assert told[-1].done == told[-1].total == 7
    told_lines = [line for each in told for line in each.findings]
    assert sorted(found(told_lines)) == sorted(found(lines))


def test_cancelled_it_ends_soon_and_blames_no_device():
    hold = threading.Event()
    begun = threading.Event()
    devices = entries(slow=Toy(hold=hold), other=Toy(guided=("selftest.one",)))
    examination = Examination(devices, Yes(), lambda progress: begun.set())
    ended = []
    thread = examination.start(ended.append)
    assert begun.wait(10)
    examination.cancel()
    thread.join(20)
    hold.set()
    (lines,) = ended
    assert ("slow", "connection", SKIP, "device.cancelled") in found(lines)
    assert not [line for line in lines if line.outcome is FAIL]


class Slow(Yes):
    """Answers only when the test says so."""

    def __init__(self):
        super().__init__()
        self.asked = threading.Semaphore(0)
        self.answers = queue.SimpleQueue()
        self.given_up = []

    def ask(self, code, about, picture, deadline, given_up):
        self.given_up.append(given_up)
        self.asked.release()
        while not (deadline.expired or given_up.is_set()):
            try:
                return self.answers.get(timeout=0.01)
            except queue.Empty:
                continue
        return Answer.UNABLE


class Asking(Toy):
    def guided_test(self, operator, deadline):
        answer = operator.confirm("selftest.is_paper_cut")
        outcome = {Answer.YES: PASS, Answer.NO: FAIL}.get(answer, SKIP)
        return (Check("printed", PASS), Check("cut", outcome, Fault("printer.cutter") if outcome is FAIL else None))


def test_a_technician_who_does_not_answer_in_time_breaks_no_device():
    """What was proved before the question stays; the question is skipped, and its late answer is not the next one's."""
    person = Slow()
    lines = []
    devices = entries(first=Asking(), second=Asking())
    limits = Limits(opening=1.0, test=1.0, guided=4.0, grace=2.0)
    thread = threading.Thread(target=lambda: lines.extend(Examination(devices, person, limits=limits).run()))
    thread.start()
    assert person.asked.acquire(timeout=10)
    assert person.asked.acquire(timeout=20), "the second question comes when the first was not answered in time"
    assert person.given_up[0].is_set(), "the first turn is over"
    person.answers.put(Answer.YES)
    thread.join(20)
    outcomes = [(line.device, line.check, line.outcome) for line in lines if line.check != "port"]
    assert outcomes == [
        ("first", "printed", PASS),
        ("first", "cut", SKIP),
        ("second", "printed", PASS),
        ("second", "cut", PASS),
    ]


def test_a_check_that_goes_on_after_its_turn_gets_no_answer_any_more():
    turn = Turn(Yes(), Deadline.after(60))
    skipped = turn.instruct("selftest.put_card")
    turn.end()
    assert skipped.is_set()
    assert turn.instruct("selftest.put_card").is_set()
    assert turn.confirm("selftest.is_paper_cut") is Answer.UNABLE


@pytest.mark.parametrize("trouble", ["hang", "bug"])
def test_an_extra_check_that_hangs_or_crashes_is_one_failed_line(trouble):
    release = threading.Event()

    def run(operator, deadline):
        if trouble == "bug":
            raise ValueError("bug")
        release.wait(30)
        return ()

    lines = Examination((), Yes(), extras=(Guided("panel", "touch_panel", run),), limits=QUICK).run()
    release.set()
    assert found(lines) == [
        ("panel", "connection", FAIL, "device.hung" if trouble == "hang" else "device.software_error")
    ]
