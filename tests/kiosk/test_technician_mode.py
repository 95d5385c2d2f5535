"""Technician mode: who gets in, what is examined, and that a machine is never left in it."""

import threading
import time

import pytest
from kiosk_stage import QUERY, document

from drivers.base import Check, CheckOutcome, Device, DeviceIdentity, DeviceState, Fault, Health
from drivers.card_reader import CardRefused, DocumentKind
from drivers.operator import Answer
from kiosk.config import ASSETS
from kiosk.devices.desk import DeviceEntry
from kiosk.faults import Catalogue
from kiosk.lending import LoanEvent
from kiosk.selftest import words
from kiosk.technician import credentials
from kiosk.technician.credentials import LOCKED_SECONDS, MOST_TRIES, Credentials, hash_of
from kiosk.technician.mode import ENTRY_SECONDS, UNTOUCHED_SECONDS, Place, Surroundings, TechnicianMode
from kiosk.technician.picture import Painter
from kiosk.technician.screen_person import CROSSES
from kiosk.texts import Texts
from kiosk.view import Cancel, KeyPressed, Mark, OpenTechnician, Pick, SetLanguage, StartService, Touched

PIN = "246810"
SECONDS = 900.0


@pytest.fixture(scope="module")
def hashes():
    return Credentials(hash_of(PIN), (hash_of(document().number),))


class Scripted(Device):
    """A device whose own check finds what the test wants, and whose guided check asks the operator."""

    waits_for = ""
    """An instruction that nobody follows."""

    def __init__(self, fault="", hold=None):
        self.fault = fault
        self.hold = hold

    def identity(self):
        return DeviceIdentity("receipt_printer", "scripted")

    def open(self, deadline):
        pass

    def close(self):
        pass

    def poll(self, deadline):
        return Health(DeviceState.ONLINE)

    def reset(self, deadline):
        pass

    def self_test(self, deadline):
        if self.hold is not None:
            self.hold.wait(deadline.remaining())
        if self.fault:
            return (Check("cover", CheckOutcome.FAIL, Fault(self.fault, evidence="DLE EOT 16")),)
        return (Check("cover", CheckOutcome.PASS),)

    def guided_test(self, operator, deadline):
        if self.waits_for:
            skipped = operator.instruct(self.waits_for)
            skipped.wait(deadline.remaining())
            return (Check("hand", CheckOutcome.SKIP if skipped.is_set() else CheckOutcome.FAIL),)
        operator.instruct("selftest.touch_crosses")
        answer = operator.confirm("selftest.is_light_on", about="card_reader")
        return (Check("grid", CheckOutcome.PASS if answer is Answer.YES else CheckOutcome.FAIL),)


class HandLender:
    """Lends when the test says so."""

    def __init__(self):
        self.loans = []
        self.given_back = []
        self.busy = False

    def lend(self, names, seconds, now, tell):
        if self.busy:
            return None
        self.loans.append((names, seconds, now, tell))
        return self.loans[-1]

    def give_back(self, loan):
        self.given_back.append(loan)

    def tell(self, event, held=frozenset()):
        self.loans[-1][3](event, held)


class Room:
    """A terminal with technician mode, in the test's hands."""

    def __init__(self, stage, hashes):
        self.stage = stage
        self.lender = HandLender()
        self.kept = []
        self.devices = {"printer": Scripted()}
        stage.desk.entries = (DeviceEntry("printer", "receipt_printer", "scripted", lambda: self.devices["printer"]),)
        around = Surroundings(
            lender=self.lender,
            devices=stage.desk,
            background=stage.background,
            log=stage.log,
            changed=stage.terminal.show_again,
            keep=lambda findings, guided: self.kept.append((findings, guided)),
            window=(1080, 1920),
            seconds=SECONDS,
            clock=lambda: stage.now,
        )
        self.mode = TechnicianMode(hashes, around)
        catalogue = Catalogue.load(ASSETS / "faults")
        texts = Texts(words.TEXTS)
        painter = Painter(
            Texts(ASSETS / "texts" / "technician.toml"),
            catalogue,
            lambda language: words.Words(texts, catalogue, stage.services, stage.desk.entries, {}, language),
            stage.desk,
            lambda: (("row.terminal", "T001"),),
        )
        stage.terminal.let_in(self.mode, painter)

    @property
    def view(self):
        return self.stage.view

    def touch(self, *intents):
        self.stage.touch(*intents)

    def keys(self, pin):
        self.touch(*(KeyPressed(digit) for digit in pin), KeyPressed("done"))

    def enter(self):
        self.touch(OpenTechnician())
        self.keys(PIN)
        assert self.view.screen == "technician"

    def until(self, condition):
        """Take what the examination's threads bring until it is so."""
        end = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < end, f"in vain; on the screen: {self.view}"
            self.stage.terminal.work(0.05)


@pytest.fixture
def room(stage, hashes):
    made = Room(stage, hashes)
    yield made
    made.mode.close("test")


def test_the_pin_opens_it_and_leaving_closes_it(room):
    """Digits are shown as a number of dots; inside, a citizen's touches do nothing; outside, everything is as before."""
    room.touch(OpenTechnician(), KeyPressed("2"), KeyPressed("9"), KeyPressed("backspace"))
    assert (room.view.screen, room.view.body.digits) == ("technician_entry", 1)
    room.touch(KeyPressed("backspace"))
    room.keys(PIN)
    assert room.view.screen == "technician"
    assert room.view.body.time_left.split()[1] == "15"
    room.touch(StartService(QUERY))
    assert room.view.screen == "technician"
    assert {reason for _, reason in room.stage.terminal.services_state()} == {"device.lent"}
    room.touch(Pick("leave"))
    assert room.view.screen == "home"
    assert {reason for _, reason in room.stage.terminal.services_state()} == {""}


def test_the_pin_is_never_in_a_view_or_a_log(room):
    room.touch(OpenTechnician())
    room.keys(PIN)
    seen = repr(room.stage.shown) + room.stage.stream.getvalue() + repr([KeyPressed(digit) for digit in PIN])
    assert PIN not in seen
    assert all(f"'{digit}'" not in repr(KeyPressed(digit)) for digit in PIN)
    assert '"technician.entered"' in room.stage.stream.getvalue()


def test_too_many_wrong_tries_close_the_lock_for_a_while(room):
    """Even the right PIN does not open it then; after the time it does."""
    room.touch(OpenTechnician())
    for number in range(MOST_TRIES):
        room.keys("000000")
        assert room.view.screen == "technician_entry"
        assert bool(room.view.body.message)
        assert (number == MOST_TRIES - 1) == ("五分钟" in room.view.body.message)
    room.keys(PIN)
    assert room.view.screen == "technician_entry"
    room.touch(Cancel())
    room.stage.now += LOCKED_SECONDS / 2
    room.touch(OpenTechnician())
    assert "五分钟" in room.view.body.message
    room.keys(PIN)
    assert room.view.screen == "technician_entry"
    room.touch(Cancel())
    room.stage.now += LOCKED_SECONDS
    room.enter()


def test_a_technicians_card_opens_it_and_another_does_not(room):
    reader = room.stage.workers["reader"]
    room.touch(OpenTechnician())
    room.stage.do("reader", CardRefused("card.unreadable"))
    assert room.view.screen == "technician_entry"
    assert room.view.body.message
    room.stage.do("reader", document(number="440524188001010014"))
    assert room.view.screen == "technician_entry"
    forged = document(kind=DocumentKind.SOCIAL_SECURITY)
    room.stage.do("reader", forged)
    assert room.view.screen == "technician_entry", "the number alone proves nothing: anybody can make such a card"
    room.stage.do("reader", document())
    assert room.view.screen == "technician"
    assert not [job for job in reader.jobs if not job.cancel.is_set()]


def test_a_card_found_as_the_door_is_closed_is_left_for_the_citizen(room):
    room.touch(OpenTechnician())
    (job,) = room.stage.workers["reader"].waiting()
    room.stage.devices["reader"].waiting = job.cancel.set
    room.stage.do("reader", document())
    assert room.stage.devices["reader"].keys == ()
    assert room.view.screen == "technician_entry"


def test_nobody_may_enter_where_nobody_is_named(stage):
    Room(stage, Credentials("", ()))
    stage.touch(OpenTechnician())
    assert stage.view.screen == "home"


def test_it_does_not_open_in_a_citizens_visit(room):
    room.stage.go_to("form")
    room.touch(OpenTechnician())
    assert room.stage.at == "form"
    assert not room.mode.active


def test_an_entry_that_nobody_finishes_is_left(room):
    room.touch(OpenTechnician())
    room.stage.wait(ENTRY_SECONDS + 2)
    assert room.view.screen == "home"


def test_an_overview_that_nobody_touches_is_left(room):
    room.enter()
    room.stage.wait(UNTOUCHED_SECONDS - 5)
    room.touch(SetLanguage("en"))
    assert room.view.screen == "technician"
    room.stage.wait(10)
    assert room.view.screen == "home"


def test_the_limit_holds_in_the_middle_of_a_check_that_hangs(room):
    """At the end of the time the devices go back and citizens are served, whatever the technician's check does."""
    hold = threading.Event()
    room.devices["printer"] = Scripted(hold=hold)
    room.enter()
    room.touch(Pick("check"))
    room.lender.tell(LoanEvent.ASIDE)
    assert room.mode.place is Place.CHECKING
    room.stage.wait(SECONDS + 2)
    assert room.view.screen == "home"
    assert room.lender.given_back == room.lender.loans
    hold.set()
    room.stage.drain()
    assert room.view.screen == "home"


def test_a_loan_that_is_taken_back_ends_it(room):
    room.enter()
    room.touch(Pick("check"))
    room.lender.tell(LoanEvent.TIME_IS_UP)
    room.stage.terminal.show_again()
    assert room.view.screen == "home"


def test_the_overview_tells_every_device_as_it_is_now(room):
    room.stage.health("printer", Health(DeviceState.FAULT, (Fault("printer.cover_open"),)))
    room.enter()
    (line,) = room.view.body.lines
    assert (line.mark, "printer.cover_open" in line.detail) == (Mark.BAD, True)
    room.stage.health("printer", Health(DeviceState.ONLINE))
    (line,) = room.view.body.lines
    assert line.mark is Mark.GOOD


def test_the_checks_find_what_is_wrong_and_give_the_devices_back(room):
    """Reason, consequence, remedy and code are on the screen; the record is kept."""
    room.devices["printer"] = Scripted("printer.cover_open")
    room.enter()
    room.touch(Pick("check"))
    assert room.view.body.choices[0].id == "stop"
    names, seconds, now, _ = room.lender.loans[0]
    assert (names, now) == (frozenset({"printer"}), True)
    assert 0 < seconds <= SECONDS
    room.lender.tell(LoanEvent.ASIDE)
    room.until(lambda: room.mode.place is Place.OVERVIEW)
    assert room.lender.given_back == room.lender.loans
    (line,) = room.view.body.lines
    assert line.mark is Mark.BAD
    assert line.detail.endswith("[printer.cover_open] 依据 DLE EOT 16")
    assert len(line.detail.splitlines()) == 4
    room.until(lambda: bool(room.kept))
    (((finding,), guided),) = room.kept
    assert (finding.code, guided) == ("printer.cover_open", False)


def test_a_device_that_could_not_be_given_is_told_as_hung(room):
    room.enter()
    room.touch(Pick("check"))
    room.lender.tell(LoanEvent.ASIDE, frozenset({"printer"}))
    room.until(lambda: room.mode.place is Place.OVERVIEW)
    assert "[device.hung]" in room.view.body.lines[0].detail


def test_somebody_at_the_shell_has_the_devices(room):
    room.lender.busy = True
    room.enter()
    room.touch(Pick("check"))
    assert room.view.screen == "technician"
    assert "另一处" in room.view.body.message


def guided(room):
    room.enter()
    room.touch(Pick("guided"))
    room.lender.tell(LoanEvent.ASIDE)
    room.until(lambda: room.view.screen == "technician_task" and len(room.view.body.choices) > 2)


@pytest.mark.parametrize(("answer", "outcome"), [("yes", CheckOutcome.PASS), ("no", CheckOutcome.FAIL)])
def test_a_question_is_answered_once_and_then_come_the_crosses(room, answer, outcome):
    """The guided checks' questions stand on the screen; five crosses follow; touches near them pass."""
    guided(room)
    room.touch(Pick(answer), Pick(answer))
    for number, (x, y) in enumerate(CROSSES):
        room.until(lambda number=number: room.view.screen == "technician_cross" and room.view.body.index == number + 1)
        assert (room.view.body.x, room.view.body.y) == (x, y)
        room.touch(Touched(x + 0.005, y - 0.003))
    room.until(lambda: room.mode.place is Place.OVERVIEW)
    found = {finding.check: finding.outcome for finding in room.mode.findings}
    assert found == {"cover": CheckOutcome.PASS, "grid": outcome, "crosses": CheckOutcome.PASS}
    room.until(lambda: bool(room.kept))
    assert room.kept[0][1]


def test_the_question_says_whose_it_is_and_where_to_look(room):
    guided(room)
    assert room.view.title.endswith("printer")
    assert room.view.body.text == "读卡区旁的指示灯亮了吗？"


@pytest.mark.parametrize("code", ["selftest.put_card", "vendor.turn_the_crank"])
def test_what_a_technician_cannot_do_is_skipped_and_the_checks_go_on(room, code, monkeypatch):
    """Also an instruction of a vendor's driver, for which there are no words here."""
    monkeypatch.setattr(Scripted, "waits_for", code)
    room.enter()
    room.touch(Pick("guided"))
    room.lender.tell(LoanEvent.ASIDE)
    room.until(lambda: room.view.screen == "technician_task")
    assert code.startswith("selftest.") or code in room.view.body.text
    assert [choice.id for choice in room.view.body.choices] == ["skip", "stop"]
    room.touch(Pick("skip"))
    room.until(lambda: room.view.screen == "technician_cross")
    assert room.stage.crashes == []


def test_each_task_is_a_step_of_its_own_so_that_a_late_touch_answers_nothing_else(room):
    guided(room)
    asked = room.view.step
    room.touch(Pick("yes"))
    room.until(lambda: room.view.screen == "technician_cross")
    assert room.view.step != asked


def test_a_panel_that_is_off_is_told(room):
    guided(room)
    room.touch(Pick("yes"))
    for number, (x, y) in enumerate(CROSSES):
        room.until(lambda number=number: room.view.screen == "technician_cross" and room.view.body.index == number + 1)
        room.touch(Touched(min(1.0, x + 0.08), y))
    room.until(lambda: room.mode.place is Place.OVERVIEW)
    assert "crosses.inaccurate" in {finding.code for finding in room.mode.findings}


def test_a_check_can_be_ended(room):
    """What was not asked is skipped, the devices go back, the overview says what was found."""
    guided(room)
    room.touch(Pick("stop"))
    room.until(lambda: room.mode.place is Place.OVERVIEW)
    assert room.lender.given_back == room.lender.loans
    assert {finding.outcome for finding in room.mode.findings} <= {CheckOutcome.PASS, CheckOutcome.SKIP}


def test_a_late_answer_of_an_earlier_entry_opens_nothing(room):
    """The hash is checked elsewhere; who left meanwhile is not let in by its result."""
    room.stage.background.held = True
    room.touch(OpenTechnician())
    room.keys(PIN)
    room.touch(Cancel())
    room.stage.background.release()
    room.stage.drain()
    assert room.view.screen == "home"
    room.touch(OpenTechnician())
    assert room.view.screen == "technician_entry"


def test_the_training_pin_is_the_one_that_is_told():
    from kiosk.training.world import TECHNICIAN_PIN, TECHNICIAN_PIN_HASH

    assert Credentials(TECHNICIAN_PIN_HASH, ()).opens_with_pin(TECHNICIAN_PIN)
    assert not Credentials(TECHNICIAN_PIN_HASH, ()).opens_with_pin("000000")
    assert not Credentials("no hash at all", ()).opens_with_pin(TECHNICIAN_PIN)
    assert credentials.MOST_TRIES < 10
