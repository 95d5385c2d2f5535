"""Door, presence, guide lights, fan and power, as a visit meets them."""

from __future__ import annotations

from dataclasses import replace

import kiosk_stage
import pytest
from kiosk_stage import CLASSES, ENROLMENT, ONLINE, PRINTED, Scripted, document

from drivers.base import DeviceState, Fault, Health
from drivers.io_board import Inputs
from kiosk.config import CabinetSection
from kiosk.view import Activity, Next, Phase, StartService, StayHere

SOMEBODY = Inputs(door_open=False, tamper=False, present=True)
NOBODY = replace(SOMEBODY, present=False)


class ScriptedBoard(Scripted):
    """``state``: its switches. Waiting returns at once, with a change or without."""

    slots = frozenset({"card_reader", "receipt_printer", "document_camera"})

    def __init__(self, device_class):
        super().__init__(device_class)
        self.state = SOMEBODY
        self.lit = set()
        self.fan = None
        self.switched = 0

    def inputs(self, deadline):
        return self.state

    def wait_change(self, known, deadline, cancel):
        return self.state if self.state != known else None

    def set_light(self, slot, on, deadline):
        self.switched += 1
        (self.lit.add if on else self.lit.discard)(slot)

    def set_fan(self, on, deadline):
        self.fan = on


class ScriptedThermometer(Scripted):
    warmth = 40.0

    def celsius(self, deadline):
        return self.warmth


WITH_CABINET = {**CLASSES, "board": "io_board", "ups": "power_supply", "thermometer": "temperature"}


@pytest.fixture
def make_hall(make_stage, services, monkeypatch):
    for kind, made in (("io_board", ScriptedBoard), ("power_supply", Scripted), ("temperature", ScriptedThermometer)):
        monkeypatch.setitem(kiosk_stage.KINDS, kind, made)

    def make(**settings):
        stage = make_stage(services=services, classes=WITH_CABINET)
        stage.terminal._cabinet._settings = stage.terminal._cabinet_settings = CabinetSection(**settings)
        return Hall(stage)

    return make


@pytest.fixture
def hall(make_hall):
    made = make_hall()
    yield made
    assert made.stage.crashes == []


class Hall:
    """A stage whose board works by itself: each quarter of a second its job is done."""

    def __init__(self, stage):
        self.stage = stage
        self.board = stage.devices["board"]
        self.thermometer = stage.devices["thermometer"]
        self.wait(1)

    def work(self):
        for name in ("board", "thermometer"):
            if self.stage.workers[name].waiting():
                self.stage.do(name)

    def wait(self, seconds):
        for _ in range(round(seconds * 4)):
            self.stage.wait(0.25)
            self.work()

    def walk_away(self):
        self.board.state = NOBODY
        self.work()

    def come_back(self):
        self.board.state = SOMEBODY
        self.work()

    def fault(self, name, *codes):
        self.stage.health(name, Health(DeviceState.DEGRADED, tuple(map(Fault, codes))) if codes else ONLINE)

    @property
    def outcome(self):
        return self.stage.terminal.last_visit.outcome


# ---- presence


def test_who_walks_away_is_warned_and_then_everything_is_wiped(hall):
    hall.stage.go_to("form")
    hall.walk_away()
    hall.wait(7)
    assert hall.stage.view.idle_seconds is None
    hall.wait(2)
    assert hall.stage.view.idle_seconds == pytest.approx(9, abs=1)
    hall.wait(11)
    assert hall.stage.at == "home"
    assert (hall.outcome, hall.stage.terminal.last_visit.wiped) == ("walked_away", True)


def test_who_comes_back_goes_on_at_once(hall):
    hall.stage.go_to("form")
    hall.walk_away()
    hall.wait(10)
    assert hall.stage.view.idle_seconds is not None
    hall.come_back()
    assert hall.stage.view.idle_seconds is None
    hall.wait(30)
    assert hall.stage.at == "form"


@pytest.mark.parametrize("touch", [Activity(), StayHere()])
def test_a_touch_proves_the_sensor_wrong(hall, touch):
    hall.stage.go_to("form")
    hall.walk_away()
    hall.wait(10)
    hall.stage.touch(touch)
    assert (hall.stage.view.idle_seconds, hall.stage.view.idle_extendable) == (None, True)
    hall.wait(40)
    assert (hall.stage.at, hall.stage.view.idle_seconds) == ("form", None)


def test_nobody_walks_away_while_the_machine_is_at_work(hall):
    hall.stage.go_to("sign")
    hall.stage.background.held = True
    hall.stage.go_to("submit")
    hall.walk_away()
    hall.wait(60)
    assert (hall.stage.at, hall.stage.view.idle_seconds) == ("submit", None)


def test_nobody_walks_away_while_the_receipt_is_printed(hall):
    hall.stage.go_to("receipt")
    hall.walk_away()
    hall.wait(20)
    assert (hall.stage.at, hall.stage.view.idle_seconds) == ("receipt", None)


def test_a_board_that_fails_ends_no_visit(hall):
    hall.stage.go_to("form")
    hall.walk_away()
    hall.stage.lose("board", "io_board.no_answer")
    hall.wait(30)
    assert (hall.stage.at, hall.stage.view.idle_seconds) == ("form", None)
    hall.stage.health("board", ONLINE)
    hall.wait(20)  # it sees nobody, and has not seen anybody since
    assert (hall.stage.at, hall.stage.view.idle_seconds) == ("form", None)


def test_a_terminal_without_a_board_is_as_before(make_stage, services):
    stage = make_stage(services=services)
    stage.go_to("form")
    stage.wait(59)
    assert stage.view.idle_seconds is None
    stage.wait(32)
    assert (stage.at, stage.terminal.last_visit.outcome) == ("home", "idle")
    assert not stage.view.asleep


def test_the_glass_sleeps_while_nobody_is_there_and_wakes_at_once(hall):
    hall.walk_away()
    hall.wait(119)
    assert not hall.stage.view.asleep
    hall.wait(2)
    assert hall.stage.view.asleep
    hall.come_back()
    assert not hall.stage.view.asleep
    hall.walk_away()
    hall.wait(121)
    hall.stage.touch(Activity())
    assert not hall.stage.view.asleep


# ---- door


@pytest.mark.parametrize("code", ["io_board.door_open", "io_board.tamper"])
def test_an_open_cabinet_ends_the_visit_and_takes_no_other_until_it_is_shut(hall, code):
    hall.stage.go_to("form")
    hall.fault("board", code)
    assert (hall.stage.at, hall.outcome, hall.stage.terminal.last_visit.wiped) == ("out_of_service", code, True)
    assert {reason for _, reason in hall.stage.terminal.services_state()} == {code}
    assert hall.stage.body.message == hall.stage.tools.faults.for_citizen(code, "zh")
    hall.stage.touch(StartService(ENROLMENT))
    assert hall.stage.at == "out_of_service"
    hall.fault("board")
    assert hall.stage.at == "home"


def test_what_is_being_handed_in_is_handed_in_first(hall):
    hall.stage.go_to("sign")
    hall.stage.background.held = True
    hall.stage.go_to("submit")
    hall.fault("board", "io_board.door_open")
    hall.wait(3)
    assert hall.stage.at == "submit"
    hall.stage.background.held = False
    hall.stage.background.release()
    hall.stage.outbox.accept()
    hall.stage.drain()
    hall.wait(3)
    assert hall.stage.outbox.submissions
    hall.stage.do("printer", PRINTED)
    hall.wait(2)
    assert (hall.stage.at, hall.outcome) == ("out_of_service", "io_board.door_open")


def test_where_it_is_configured_so_the_service_goes_on_with_an_open_door(make_hall):
    hall = make_hall(out_of_service_when_open=False)
    hall.fault("board", "io_board.door_open")
    assert hall.stage.at == "home"
    hall.stage.go_to("form")
    hall.wait(3)
    assert hall.stage.at == "form"
    hall.fault("board", "io_board.tamper", "io_board.door_open")  # but what is opened now ends the visit
    assert (hall.stage.at, hall.outcome) == ("home", "io_board.tamper")


# ---- lights and fan


def test_lights_shine_where_a_hand_is_waited_for(hall):
    hall.stage.go_to("notice")
    hall.work()
    assert hall.board.lit == set()
    hall.stage.touch(Next())
    hall.work()
    assert (hall.stage.at, hall.board.lit) == ("identify", {"card_reader"})
    hall.stage.do("reader", document())
    hall.work()
    assert hall.board.lit == set()
    hall.stage.go_to("materials")
    hall.work()
    assert hall.board.lit == {"document_camera"}
    hall.stage.go_to("receipt")
    hall.work()
    assert (hall.stage.body.phase, hall.board.lit) == (Phase.WORKING, set())
    hall.stage.do("printer", PRINTED)
    hall.work()
    assert hall.board.lit == {"receipt_printer"}


def test_nothing_is_switched_again_while_nothing_changes_and_all_after_the_board_was_away(hall):
    hall.stage.go_to("identify")
    hall.work()
    before = hall.board.switched
    hall.wait(10)
    assert hall.board.switched == before
    hall.stage.lose("board", "io_board.not_found")
    hall.board.lit.clear()
    hall.stage.health("board", ONLINE)
    hall.wait(3)
    assert hall.board.lit == {"card_reader"}


def test_a_board_that_started_anew_unnoticed_has_its_lights_and_its_fan_back_soon(hall):
    hall.thermometer.warmth = 65.0
    hall.stage.go_to("identify")
    hall.wait(12)
    hall.board.lit.clear()
    hall.board.fan = False
    before = hall.board.switched
    hall.wait(31)
    assert (hall.board.lit, hall.board.fan) == ({"card_reader"}, True)
    assert hall.board.switched <= before + 2 * len(hall.board.slots), "and not with every look"


def test_the_fan_follows_the_temperature(hall):
    assert hall.board.fan is False
    hall.thermometer.warmth = 65.0
    hall.wait(12)
    assert hall.board.fan is True
    hall.thermometer.warmth = 55.0
    hall.wait(12)
    assert hall.board.fan is True
    hall.thermometer.warmth = 45.0
    hall.wait(12)
    assert hall.board.fan is False


# ---- power


def test_on_battery_all_goes_on_and_a_low_battery_ends_with_the_present_visit(hall):
    hall.fault("ups", "power.on_battery")
    hall.stage.go_to("form")
    hall.fault("ups", "power.battery_low")
    hall.wait(3)
    assert hall.stage.at == "form"
    hall.stage.go_to("finish")
    hall.stage.do("reader", True)
    hall.stage.touch(Next())
    assert (hall.outcome, hall.stage.at) == ("done", "out_of_service")
    assert hall.stage.body.message == hall.stage.tools.faults.for_citizen("power.battery_low", "zh")
    hall.stage.touch(StartService(ENROLMENT))
    assert hall.stage.at == "out_of_service"
    hall.fault("ups")
    assert hall.stage.at == "home"


def test_warm_wrong_clock_and_full_disk_stop_no_service(hall):
    hall.fault("thermometer", "temperature.too_hot")
    hall.wait(2)
    assert {reason for _, reason in hall.stage.terminal.services_state()} == {""}
