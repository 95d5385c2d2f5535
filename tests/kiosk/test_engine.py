"""The engine, step by step as tables and as properties of any service and any order of events."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kiosk_stage import load_services
from service_maker import service, services, step

from kiosk.journey.engine import (
    DeviceFailed,
    DeviceRecovered,
    EndVisit,
    EnterStep,
    JourneyState,
    LeaveStep,
    Left,
    Refuse,
    ShowFault,
    StepCompleted,
    TookAlternative,
    WentBack,
    advance,
    begin,
    can_go_back,
    successor,
)
from kiosk.journey.inspection import findings

SHIPPED = load_services()
ENROLMENT = SHIPPED["medical_insurance_enrolment"]
QUERY = SHIPPED["progress_query"]
GONE = "card_reader.not_found"


def at(service, step_id, **more):
    return JourneyState(step_id, {}, **more)


def enter(before, after):
    return (LeaveStep(before), EnterStep(after))


@pytest.mark.parametrize(
    ("service", "state", "event", "step_id", "effects"),
    [
        (ENROLMENT, at(ENROLMENT, "notice"), StepCompleted(), "identify", enter("notice", "identify")),
        (QUERY, at(QUERY, "how"), StepCompleted((("how", "card"),)), "identify", enter("how", "identify")),
        (QUERY, at(QUERY, "how"), StepCompleted((("how", "code"),)), "scan", enter("how", "scan")),
        (
            ENROLMENT,
            at(ENROLMENT, "form", trail=("notice", "identify")),
            WentBack(),
            "identify",
            enter("form", "identify"),
        ),
        (ENROLMENT, at(ENROLMENT, "notice"), WentBack(), "notice", ()),
        (ENROLMENT, at(ENROLMENT, "form"), Left("idle"), "form", (LeaveStep("form"), EndVisit("idle"))),
        (ENROLMENT, at(ENROLMENT, "finish"), StepCompleted(), "finish", (LeaveStep("finish"), EndVisit("done"))),
        # what to do on a fault: wait, skip, alternative, abort
        (
            ENROLMENT,
            at(ENROLMENT, "identify"),
            DeviceFailed(GONE),
            "identify",
            (LeaveStep("identify"), ShowFault("identify", GONE)),
        ),
        (
            ENROLMENT,
            at(ENROLMENT, "receipt"),
            DeviceFailed("printer.jam"),
            "notice_of_acceptance",
            enter("receipt", "notice_of_acceptance"),
        ),
        (QUERY, at(QUERY, "scan"), DeviceFailed("camera.frozen"), "identify", enter("scan", "identify")),
        (ENROLMENT, at(ENROLMENT, "form"), DeviceFailed(GONE), "form", (LeaveStep("form"), Refuse(GONE))),
        (QUERY, at(QUERY, "scan"), TookAlternative(), "identify", enter("scan", "identify")),
        (ENROLMENT, at(ENROLMENT, "identify"), TookAlternative(), "identify", ()),
        (ENROLMENT, at(ENROLMENT, "identify", fault=GONE), DeviceRecovered(), "identify", (EnterStep("identify"),)),
        (ENROLMENT, at(ENROLMENT, "identify"), DeviceRecovered(), "identify", ()),
        (ENROLMENT, at(ENROLMENT, "identify", fault=GONE), DeviceFailed("device.hung"), "identify", ()),
        (
            ENROLMENT,
            at(ENROLMENT, "identify", fault=GONE, trail=("notice",)),
            WentBack(),
            "notice",
            enter("identify", "notice"),
        ),
    ],
)
def test_one_event_leads_to_one_step_and_these_effects(service, state, event, step_id, effects):
    after, done = advance(service, state, event)
    assert (after.step, done) == (step_id, effects)


def test_two_alternatives_that_both_fail_end_in_a_fault_screen_and_not_in_a_circle():
    state = at(QUERY, "scan", trail=("how",))
    state, _ = advance(QUERY, state, DeviceFailed("camera.frozen"))
    state, effects = advance(QUERY, state, DeviceFailed(GONE))
    assert effects == (LeaveStep("identify"), ShowFault("identify", GONE))
    state, _ = advance(QUERY, state, DeviceRecovered())
    state, effects = advance(QUERY, state, DeviceFailed(GONE))
    assert effects == (LeaveStep("identify"), ShowFault("identify", GONE))
    state, effects = advance(QUERY, state, WentBack())
    assert effects == enter("identify", "how")


def test_back_leads_the_way_that_was_taken_and_not_the_way_that_stands_in_the_file():
    state, _ = begin(QUERY)
    state, _ = advance(QUERY, state, StepCompleted((("how", "card"),)))
    state, _ = advance(QUERY, state, StepCompleted())
    state, _ = advance(QUERY, state, WentBack())
    assert state.step == "identify"
    state, _ = advance(QUERY, state, WentBack())
    assert (state.step, state.trail) == ("how", ())


def test_the_first_way_whose_condition_holds_is_taken():
    ways = [{"to": "x", "field": "q", "equals": "a"}, {"to": "y", "field": "q", "equals": "b"}, {"to": "z"}]
    made = service(step("q", "choose", ways), *(step(name, "finish") for name in "xyz"))
    assert [successor(made.step("q"), {"q": value}) for value in ("a", "b", "c", "")] == ["x", "y", "z", "z"]
    assert successor(made.step("q"), {}) == "z"


# ---- properties

names = st.sampled_from(["how", "insured_type", "s0", "s1", "s2", "s3", "other"])
events = st.one_of(
    st.builds(StepCompleted, st.lists(st.tuples(names, st.sampled_from(["a", "b", "card"])), max_size=2).map(tuple)),
    st.just(StepCompleted()),
    st.just(WentBack()),
    st.builds(DeviceFailed, st.sampled_from(["device.hung", GONE])),
    st.just(TookAlternative()),
    st.just(DeviceRecovered()),
)
endings = st.builds(Left, st.sampled_from(["idle", "cancelled", "step_timeout"]))
any_service = st.one_of(st.sampled_from(list(SHIPPED.values())), services())


@settings(max_examples=60, deadline=None)
@given(services())
def test_generated_services_have_no_findings(made):
    assert findings(made) == []


@settings(max_examples=150, deadline=None)
@given(any_service, st.lists(st.one_of(events, events, events, endings), max_size=40))
def test_any_events_in_any_order_keep_the_rules(made, happened):
    ids = {each.id for each in made.steps}
    state, effects = begin(made)
    assert effects == (EnterStep(state.step),)
    inside = True  # whether a step has been entered and not left
    given_values = {}
    was_committed = False
    for event in happened:
        before = state
        state, effects = advance(made, state, event)
        if before.outcome:
            assert (state, effects) == (before, ())
            continue
        assert state.step in ids
        if isinstance(event, StepCompleted):
            given_values.update(event.values)
        assert dict(state.values) == given_values  # nothing that was said is ever lost
        for effect in effects:
            if isinstance(effect, LeaveStep):
                assert effect.step == before.step
                inside = False
            elif isinstance(effect, EnterStep):
                assert not inside
                assert effect.step == state.step
                inside = True
            elif isinstance(effect, ShowFault):
                assert not inside
                assert state.fault == effect.code
            else:
                assert isinstance(effect, EndVisit | Refuse)
                assert not inside
                assert state.outcome == effect.outcome
        assert inside == (not state.fault and not state.outcome)
        if was_committed:
            assert state.committed
            assert not can_go_back(made, state)
            assert made.step(state.step).kind != "submit"
        was_committed = state.committed


@settings(max_examples=80, deadline=None)
@given(any_service, st.data())
def test_every_path_ends_when_the_citizen_answers_and_every_device_works(made, data):
    """Loops are there only for those who choose them: whoever chooses the last way each time comes to the end."""
    state, _ = begin(made)
    seen = []
    while not state.outcome:
        assert state.step not in seen
        seen.append(state.step)
        chosen = made.step(state.step)
        values = ((chosen.field, "none_of_these"),) if chosen.field else ()
        state, _ = advance(made, state, StepCompleted(values))
    assert state.outcome == "done"


@settings(max_examples=60, deadline=None)
@given(any_service)
def test_every_step_can_be_reached_by_events(made):
    reached, pending = set(), [begin(made)[0]]
    while pending:
        state = pending.pop()
        if state.outcome or state.step in reached:
            continue
        reached.add(state.step)
        chosen = made.step(state.step)
        said = [((branch.field, branch.equals),) for branch in chosen.branches if branch.field] + [
            ((chosen.field, "?"),)
        ]
        for event in (*(StepCompleted(values) for values in said), TookAlternative()):
            pending.append(advance(made, state, event)[0])
    assert reached == {each.id for each in made.steps}


@settings(max_examples=80, deadline=None)
@given(any_service, st.data())
def test_a_device_that_fails_for_ever_moves_a_visit_on_only_finitely_often(made, data):
    """Nobody touches anything and every device fails: the terminal comes to rest."""
    start = data.draw(st.sampled_from([each.id for each in made.steps if each.device] or [made.steps[0].id]))
    state = JourneyState(start, {})
    for _ in range(2 * len(made.steps)):
        before = state
        if not made.step(state.step).device:
            break
        state, effects = advance(made, state, DeviceFailed(GONE))
        if not effects:
            break
        assert (state.step, state.fault, state.outcome) != (before.step, before.fault, before.outcome)
    else:
        raise AssertionError("still going round")


def test_states_do_not_tell_what_was_answered():
    assert "secret" not in repr(JourneyState("form", {"phone": "secret"}))
