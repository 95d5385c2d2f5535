"""Citizens who are gone, and touches and results that belong to an earlier one."""

from __future__ import annotations

import pytest
from kiosk_stage import (
    ACCEPTED,
    ENROLMENT,
    PRINTED,
    QUERY,
    document,
    payload,
)

from kiosk.view import (
    Activity,
    Back,
    Cancel,
    Next,
    Phase,
    Pick,
    SetLanguage,
    StartService,
    StayHere,
)

# ---- idle


def test_the_warning_is_extended_three_times_and_then_everything_is_wiped(stage):
    stage.go_to("form")
    for _ in range(3):
        stage.wait(61)
        assert stage.view.idle_seconds == pytest.approx(29, abs=1)
        assert stage.view.idle_extendable
        stage.touch(StayHere())
        assert stage.view.idle_seconds is None
        stage.touch(StayHere())  # a second tap costs nothing
    stage.wait(61)
    assert not stage.view.idle_extendable
    stage.touch(StayHere())
    assert stage.view.idle_seconds is not None
    stage.wait(30)
    assert stage.at == "home"
    assert (stage.terminal.last_visit.outcome, stage.terminal.last_visit.wiped) == ("idle", True)


def test_a_touch_before_the_warning_starts_the_clock_anew_and_one_under_it_does_not_answer_it(stage):
    stage.go_to("form")
    stage.wait(50)
    stage.touch(Activity())
    stage.wait(50)
    assert stage.view.idle_seconds is None
    stage.wait(11)
    stage.touch(Activity())
    assert stage.view.idle_seconds is not None


def test_nobody_is_idle_while_a_step_is_at_work(stage):
    stage.go_to("sign")
    stage.background.held = True
    stage.go_to("submit")
    stage.wait(300)
    assert (stage.at, stage.view.idle_seconds) == ("submit", None)


def test_a_step_has_an_end_however_much_is_touched(stage):
    stage.go_to("rate")
    stage.wait(40)
    stage.touch(Activity())
    stage.wait(6)
    assert stage.at == "home"
    assert stage.terminal.last_visit.outcome == "left_early"


def test_the_timer_of_a_step_that_was_left_does_nothing(stage):
    stage.go_to("rate")
    stage.touch(Next())
    stage.do("reader", False)
    stage.wait(7)
    assert stage.at == "finish"
    stage.touch(Next(), StartService(QUERY))
    stage.wait(45)
    assert stage.at == "how"


# ---- earlier sessions


def test_touches_of_an_earlier_session_are_dropped(stage):
    stage.touch(StartService(QUERY))
    earlier = stage.view.session
    stage.touch(Cancel(), StartService(QUERY))
    for intent in (Cancel(), Pick("code"), SetLanguage("en")):
        stage.terminal.post(intent, earlier)
        stage.terminal.post(intent, None)
    stage.drain()
    assert (stage.at, stage.view.language) == ("how", "zh")


def test_a_second_tap_on_a_tile_starts_nothing_else(stage):
    stage.terminal.post(StartService(QUERY), None)
    stage.terminal.post(StartService(ENROLMENT), None)
    stage.drain()
    assert (stage.at, stage.view.session) == ("how", 1)


def test_a_card_read_for_an_earlier_session_reaches_nobody(stage):
    stage.go_to("identify")
    stage.workers["reader"].do(document())  # read, but the terminal has not heard of it yet
    stage.terminal.post(Cancel(), stage.view.session)
    stage.terminal.post(StartService(ENROLMENT), None)
    late = stage.bus.take(0), stage.bus.take(0)  # the progress and the result
    stage.drain()
    for posted in late:
        posted.call()
    stage.drain()
    assert (stage.at, stage.view.session) == ("notice", 2)
    assert stage.terminal._current.visit.identity is None


def test_what_waits_for_a_citizen_is_cancelled_when_the_step_is_left(stage):
    stage.go_to("identify")
    assert len(stage.workers["reader"].waiting()) == 1
    stage.touch(Back())
    assert stage.workers["reader"].waiting() == []


def test_an_answer_of_central_for_an_earlier_session_changes_nothing(stage):
    stage.go_to("submit")
    listener, key = stage.outbox.listener, stage.outbox.key
    stage.wait(6)
    stage.wait(2)
    stage.do("printer", PRINTED)
    stage.touch(Next(), Next(), Next())
    assert stage.at == "home"
    stage.go_to("submit")
    stage.outbox.listener, later = listener, stage.outbox.listener
    assert stage.outbox.key != key
    stage.outbox.accept()
    stage.drain()
    assert stage.body.phase is Phase.WORKING
    stage.outbox.listener = later
    stage.outbox.accept()
    stage.drain()
    assert stage.body.phase is Phase.DONE


def test_the_answer_to_a_question_of_an_earlier_session_reaches_nobody(stage):
    stage.background.held = True
    stage.ask_by_code()
    stage.wait(100)
    assert (stage.at, stage.view.idle_seconds) == ("result", None)  # nobody is idle while central is asked
    stage.touch(Cancel(), StartService(QUERY), Pick("code"))
    stage.background.release()
    stage.drain()
    assert (stage.at, stage.view.session) == ("scan", 2)
    stage.do("scanner", payload(ACCEPTED.query_code))
    assert stage.body.phase is Phase.WORKING
