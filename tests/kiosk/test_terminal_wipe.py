"""After a visit nothing is left of it, and a bug ends a visit but not the terminal."""

from __future__ import annotations

import gc
import weakref

import pytest
from kiosk_stage import (
    ACCEPTED,
    PROJECT_NO,
    document,
    photograph,
)

from kiosk.view import (
    Back,
    Cancel,
    Fill,
    Next,
    Pick,
    StayHere,
)

# ---- nothing is left


def held_by_anyone(trace):
    gc.collect()
    return trace() is not None


@pytest.mark.parametrize("end", ["done", "cancelled", "idle", "terminal_stopped"])
def test_after_a_visit_nothing_in_the_process_holds_the_citizen_or_the_papers(stage, end):
    holder, paper = document(), photograph()
    identity, picture = weakref.ref(holder), weakref.ref(paper)
    stage.go_to("form", holder)
    del holder
    stage.fill_form()
    stage.touch(Next())
    stage.photograph(paper)
    del paper
    visit = stage.terminal._current.visit
    if end == "done":
        stage.go_to("finish") if stage.at == "review" else stage.touch(Next())
        stage.go_to("finish")
        stage.touch(Next())
    elif end == "cancelled":
        stage.touch(Cancel())
    elif end == "idle":
        stage.wait(91)
    else:
        stage.terminal.stop()
        stage.terminal.run()
    stage.shown.clear()
    assert stage.terminal.last_visit.outcome == end
    assert stage.terminal.last_visit.wiped
    assert not held_by_anyone(identity)
    assert not held_by_anyone(picture)
    assert (visit.typed, visit.materials, visit.strokes, visit.code, visit.forms) == ({}, {}, (), "", {})


def test_a_wipe_that_fails_is_recorded_as_such(stage):
    holder = document()
    stage.go_to("form", holder)
    stage.touch(Cancel())
    assert not stage.terminal.last_visit.wiped  # this test still holds it


def test_no_log_line_tells_who_was_here(stage):
    stage.go_to("finish")
    stage.touch(Next())
    for secret in ("张伟样", "11010519491231002X", "13800000000", PROJECT_NO, ACCEPTED.query_code):
        assert secret not in stage.stream.getvalue()
    (ended,) = stage.events("session.ended")
    assert (ended["outcome"], ended["wiped"]) == ("done", True)


def test_a_step_that_somebody_still_holds_holds_no_paper(stage):
    stage.go_to("materials")
    step, paper = stage.terminal._current.step, photograph()
    picture = weakref.ref(paper)
    stage.photograph(paper)
    del paper
    stage.touch(Next())
    assert stage.at == "review"
    assert not held_by_anyone(picture)
    assert step._picture == b""


def test_whoever_leaves_before_the_end_is_reminded_of_the_card(stage):
    stage.go_to("identify")
    stage.touch(Cancel())
    assert stage.body.notice == ""
    stage.go_to("form")
    stage.touch(Cancel())
    assert stage.body.notice == "请不要忘记取走您的证件。"
    stage.wait(21)
    assert stage.body.notice == ""
    stage.go_to("form")
    stage.touch(Cancel())
    stage.go_to("finish")
    stage.touch(Next())
    assert stage.body.notice == ""


# ---- bugs


def crash(stage):
    stage.bus.post("bug", lambda: 1 / 0)
    stage.drain()


def test_a_bug_ends_the_visit_wiped_and_with_words_and_the_terminal_lives(make_stage, services):
    stage = make_stage(services=services)
    stage.go_to("form")
    visit, step = stage.terminal._current.visit, stage.terminal._current.step
    crash(stage)
    assert visit.identity is None
    assert stage.body.message == "本机出现问题，这次没有办成。"
    step.report.completed({})  # whatever the broken step had still going on
    stage.touch(Back(), StayHere(), Fill("phone", "13800000000"))
    assert stage.at == "fault"
    assert stage.workers["reader"].waiting() == []
    assert visit.typed == {}
    stage.wait(91)
    assert stage.at == "home"
    assert stage.terminal.last_visit.outcome == "software_error"
    stage.go_to("identify")
    assert [line["type"] for line in stage.crashes] == ["ZeroDivisionError"]


def test_a_bug_after_handing_in_does_not_say_that_nothing_was_done(make_stage, services):
    stage = make_stage(services=services)
    stage.go_to("receipt")
    crash(stage)
    assert stage.body.message == "本机出现问题，但您的申请已经收到。请到人工窗口索取回执。"
    stage.touch(Pick("stop"))
    assert stage.terminal.last_visit.outcome == "software_error_handed_in"


def test_a_bug_between_visits_or_in_leaving_a_step_ends_at_the_home_screen(make_stage, services, monkeypatch):
    stage = make_stage(services=services)
    crash(stage)
    assert stage.at == "home"
    stage.go_to("form")
    monkeypatch.setattr(stage.terminal._current.step, "leave", lambda: 1 / 0)
    stage.touch(Cancel())
    assert stage.at == "fault"
    assert stage.terminal._current.visit.identity is None
    stage.touch(Pick("stop"))
    assert stage.at == "home"


def test_a_bug_in_the_tick_does_not_stop_the_clock(make_stage, services, monkeypatch):
    stage = make_stage(services=services)
    stage.go_to("form")
    with monkeypatch.context() as broken:
        broken.setattr(stage.desk, "check_hung", lambda: 1 / 0)
        stage.wait(1)
    assert stage.crashes
    stage.wait(95)
    assert stage.at == "home"


def test_run_ends_when_it_is_told_to_and_wipes(stage):
    stage.go_to("form")
    stage.terminal.stop()
    stage.terminal.run()
    assert stage.terminal.last_visit.outcome == "terminal_stopped"
    assert not stage.terminal.in_session
