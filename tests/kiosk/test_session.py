"""One visit: the idle clock with a time of its own, and a wipe that can say whether anything is left."""

from __future__ import annotations

import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kiosk_stage import ENROLMENT, document, load_services

from kiosk.session import HandedIn, IdleClock, Visit

SERVICE = load_services()[ENROLMENT]


def idle(extensions=3):
    return IdleClock(warn_after=60, answer_within=30, extensions=extensions, now=0)


@pytest.mark.parametrize(
    ("now", "left", "expired"),
    [(0, None, False), (59.9, None, False), (60, 30, False), (75, 15, False), (90, 0, True), (200, 0, True)],
)
def test_warning_and_end(now, left, expired):
    assert idle().warning(now) == left
    assert idle().expired(now) is expired


def test_a_touch_starts_the_clock_anew_until_the_warning_and_then_only_an_answer_does():
    clock = idle()
    clock.active(59)
    assert clock.warning(118) is None
    clock.active(120)
    assert clock.warning(120) == 29
    assert clock.stay(120)
    assert clock.warning(179) is None
    assert clock.warning(180) == 30


def test_the_warning_can_be_put_off_so_often_and_no_more():
    clock, now = idle(), 0
    for _ in range(3):
        now += 70
        assert clock.extendable
        assert clock.stay(now)
    now += 70
    assert not clock.extendable
    assert not clock.stay(now)
    assert clock.expired(now + 20)


def test_a_second_tap_on_the_answer_costs_no_extension():
    clock = idle(extensions=2)
    for now in (70, 70.2, 140, 140.2):
        assert clock.stay(now)
    assert not clock.stay(230)


def test_nobody_is_idle_while_the_machine_works():
    clock = idle()
    clock.busy(80)
    assert clock.warning(139) is None


@given(st.lists(st.tuples(st.sampled_from(["active", "stay", "busy"]), st.floats(0, 100)), max_size=30))
def test_a_citizen_who_is_gone_is_always_found_out(happened):
    clock, now = idle(), 0.0
    for what, seconds in happened:
        now += seconds
        getattr(clock, what)(now)
    assert clock.expired(now + 90.001)  # a little more than the sum of both times, for floats round


def filled():
    visit = Visit(1, SERVICE, "zh", identity=document(), card_reader="reader")
    visit.typed["phone"] = "13800000000"
    visit.materials["proof_of_residence"] = b"jpeg"
    visit.strokes = (((0.0, 0.0),),)
    visit.code = "CK1:secret"
    visit.forms["form"] = object()
    visit.handed_in = HandedIn("key", "T001", "2026")
    return visit


def test_the_wipe_leaves_no_identity_in_the_process_and_says_so():
    visit = filled()
    trace = weakref.ref(visit.identity)
    assert visit.wipe()
    assert trace() is None
    assert (visit.identity, visit.typed, visit.materials, visit.strokes) == (None, {}, {}, ())
    assert (visit.code, visit.forms, visit.handed_in) == ("", {}, None)
    assert visit.wipe()  # twice is no harm


def test_the_wipe_says_when_somebody_still_holds_the_identity():
    visit = filled()
    kept = visit.identity
    assert not visit.wipe()
    assert kept.name == "张伟样"


def test_an_identity_in_a_ring_of_references_is_wiped_as_well():
    visit = filled()
    ring = [visit.identity]
    ring.append(ring)
    del ring
    assert visit.wipe()


def test_nothing_of_a_visit_is_in_its_repr():
    assert "13800000000" not in repr(filled())
    assert "张伟样" not in repr(filled())
    assert "张伟样" not in repr(document())
