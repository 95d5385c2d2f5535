"""Whole visits through the terminal, from the home screen to the home screen."""

from __future__ import annotations

from dataclasses import replace

import pytest
from kiosk_stage import (
    ACCEPTED,
    ENROLMENT,
    PRINTED,
    PROJECT_NO,
    QUERY,
    STROKES,
    a_case,
    document,
    with_policy,
)

from drivers.card_reader import DocumentKind
from drivers.cards.resident_id import KINDS
from kiosk.contract.cases import CaseList, QueryByCode, QueryByDocument
from kiosk.uplink.client import Unreachable
from kiosk.view import (
    Back,
    Cancel,
    Fill,
    FinishView,
    FormView,
    Next,
    Phase,
    Pick,
    ReceiptView,
    ResultView,
    SetLanguage,
    Signature,
    StartService,
)

ENROLMENT_STEPS = [
    "notice",
    "identify",
    "form",
    "materials",
    "review",
    "sign",
    "submit",
    "receipt",
    "notice_of_acceptance",
    "rate",
    "finish",
]

# ---- whole visits


def test_an_enrolment_from_the_home_screen_to_the_home_screen(stage):
    stage.go_to("finish")
    assert stage.body.reminders == ("请取走您的证件", "请取走打印好的回执", "请取走拍摄过的材料")
    stage.do("reader", True)
    stage.wait(8)
    assert stage.at == "home"
    record = stage.terminal.last_visit
    assert [step.id for step in record.steps] == ENROLMENT_STEPS
    assert (record.outcome, record.wiped, record.prints) == (
        "done",
        True,
        [{"kind": "receipt", "outcome": "printed", "bytes": 0}],
    )
    assert all(step.left is not None and step.left >= step.entered for step in record.steps)
    (submission,) = stage.outbox.submissions
    assert submission["form"] == {
        "phone": "13800000000",
        "insured_type": "resident",
        "residence_proof": "household_register",
    }
    assert submission["applicant"]["name"] == "张伟样"
    assert [material["code"] for material in submission["materials"]] == ["proof_of_residence"]
    assert submission["signature_png"]
    (rating,) = stage.outbox.ratings
    assert rating.depends_on == stage.outbox.key
    assert f'"subject_no":"{PROJECT_NO}"' in rating.body.decode()


def test_project_no_is_recorded_in_training_only(stage, make_stage, services):
    training = make_stage(services=services, training=True)
    for each in (stage, training):
        each.go_to("finish")
        each.touch(Next())
    assert training.terminal.last_visit.project_no == PROJECT_NO
    assert stage.terminal.last_visit.project_no == ""


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_card_fills_the_form_and_is_handed_in(stage, kind):
    foreign = kind not in (DocumentKind.RESIDENT, DocumentKind.HMT_PERMIT)
    holder = document(
        kind=kind,
        name="" if foreign else "李测试",
        name_en="SAMPLE, MARIE" if foreign else "",
        nationality="FRA" if foreign else "",
        address="" if foreign else "示例市",
        nation="",
        valid_to=None,
    )
    stage.go_to("form", holder)
    shown = {field.name: field.value for field in stage.body.fields}
    assert shown["number"] == "110***********002X"
    assert ("name_en" in shown) == foreign
    stage.go_to("receipt")
    assert stage.outbox.submissions[0]["applicant"]["document_type"] == kind.value
    stage.do("printer", PRINTED)
    assert stage.body.phase is Phase.DONE


def test_a_query_by_the_code_of_a_receipt(stage):
    stage.ask_by_code()
    assert stage.inquiries[0].query == QueryByCode(query_code=ACCEPTED.query_code)
    assert [case.title for case in stage.body.cases] == ["城乡居民基本医疗保险参保登记"]
    assert [step.date for step in stage.body.cases[0].steps] == ["2026年11月22日", ""]
    stage.touch(Next())
    assert isinstance(stage.body, FinishView)
    stage.wait(8)
    assert stage.at == "home"
    assert stage.terminal.last_visit.outcome == "done"


def test_a_query_by_card(stage):
    stage.touch(StartService(QUERY), Pick("card"))
    stage.do("reader", document())
    assert stage.inquiries[0].query == QueryByDocument(document_type="resident", document_number="11010519491231002X")
    assert stage.body.phase is Phase.DONE


def test_whoever_goes_back_from_a_code_and_takes_the_card_is_asked_for_by_the_card(stage):
    stage.ask_by_code()
    stage.touch(Back(), Back(), Pick("card"))
    stage.do("reader", document())
    assert isinstance(stage.inquiries[-1].query, QueryByDocument)


def test_a_query_that_finds_nothing_says_so_and_one_that_fails_can_be_asked_again(stage):
    stage.cases = Unreachable("connection")
    stage.ask_by_code()
    assert stage.body.phase is Phase.REFUSED
    assert "网络暂时中断" in stage.body.message
    assert [choice.id for choice in stage.body.choices] == ["retry"]
    stage.cases = CaseList(cases=())
    stage.touch(Pick("retry"))
    assert stage.body.phase is Phase.DONE
    assert "没有查到办件" in stage.body.message
    assert stage.body.choices == ()
    assert len(stage.inquiries) == 2


def test_back_and_forth_loses_nothing_that_was_typed_and_takes_the_signature_anew(stage):
    stage.go_to("sign")
    stage.touch(Signature(STROKES))
    stage.touch(Back(), Back(), Back())
    assert stage.at == "form"
    assert {field.name: field.value for field in stage.body.fields}["phone"] == "13800000000"
    stage.touch(Next())
    assert stage.at == "materials"
    stage.photograph()
    stage.touch(Next(), Next())
    assert stage.at == "sign"
    assert not stage.view.buttons.next_enabled
    stage.touch(Next())
    assert stage.body.message
    assert stage.at == "sign"
    stage.touch(Signature(STROKES), Next())
    assert stage.at == "submit"


def test_what_was_typed_and_then_deleted_does_not_come_back(stage):
    stage.go_to("form")
    stage.fill_form()
    stage.touch(Fill("phone", ""), Back())
    assert stage.at == "identify"
    stage.do("reader", document())
    assert {field.name: field.value for field in stage.body.fields}["phone"] == ""


def test_nothing_leads_back_once_it_is_handed_in(stage):
    for step in ("submit", "receipt", "rate", "finish"):
        stage.go_to(step)
        assert not stage.view.buttons.back
        stage.touch(Back())
        assert stage.at == step


@pytest.mark.parametrize("step", [step for step in ENROLMENT_STEPS if step != "notice_of_acceptance"])
def test_the_language_can_be_switched_in_every_step_and_changes_nothing_else(stage, step):
    stage.go_to(step)
    before = stage.view
    stage.touch(SetLanguage("en"))
    assert (stage.at, stage.view.language) == (step, "en")
    assert stage.view.title != before.title
    assert all(ord(character) < 0x4E00 for character in stage.view.title)
    stage.touch(SetLanguage("zh"))
    assert replace(stage.view, revision=0) == replace(before, revision=0)
    stage.touch(SetLanguage("xx"))
    assert stage.view.language == "zh"


def test_the_next_citizen_is_greeted_in_the_terminal_s_own_language(stage):
    stage.touch(SetLanguage("en"), StartService(QUERY), Cancel())
    assert (stage.at, stage.view.language) == ("home", "zh")


def test_a_language_left_behind_on_the_home_screen_goes_back(stage):
    stage.touch(SetLanguage("en"))
    stage.wait(59)
    assert stage.view.language == "en"
    stage.wait(2)
    assert stage.view.language == "zh"


def test_a_terminal_whose_thread_takes_no_events_is_not_responsive(stage):
    stage.wait(5)
    assert stage.terminal.responsive
    stage.now += 11
    assert not stage.terminal.responsive
    stage.drain()
    assert stage.terminal.responsive


def test_a_rating_worse_than_three_asks_why(stage):
    stage.go_to("rate")
    stage.touch(Pick("slow"), Pick("5"))
    assert stage.at == "rate"
    assert len(stage.body.reasons) == 5
    stage.touch(Pick("slow"))
    assert stage.at == "finish"
    assert b'"reasons":["slow"]' in stage.outbox.ratings[0].body


def test_rating_is_free(stage):
    stage.go_to("rate")
    stage.touch(Next())
    assert stage.at == "finish"
    assert stage.outbox.ratings == []


def test_the_farewell_waits_for_the_card_that_still_lies_there(stage):
    stage.go_to("finish")
    stage.wait(12)
    assert stage.at == "finish"
    stage.do("reader", True)
    assert stage.at == "home"


def test_a_reader_that_is_lost_has_not_given_the_card_back(stage):
    stage.go_to("finish")
    stage.workers["reader"].refuse("card_reader.not_found")
    stage.drain()
    assert "请取走您的证件" in stage.body.reminders
    stage.wait(29)
    assert stage.at == "finish"
    assert "请取走您的证件" in stage.body.reminders
    stage.wait(1.5)
    assert stage.at == "home"


def test_a_reader_that_cannot_see_the_card_go_holds_nobody_up_for_ever(stage):
    stage.go_to("finish")
    stage.wait(29)
    stage.do("reader", False)
    assert stage.at == "finish"
    assert "请取走您的证件" in stage.body.reminders
    stage.wait(1.5)
    assert stage.at == "home"
    assert stage.workers["reader"].waiting() == []


# ---- two forms in one service


def test_two_forms_of_a_service_are_reviewed_and_handed_in_together(make_stage, services):
    service = services[ENROLMENT]
    form = service.step("form")
    first = form.model_copy(update={"id": "form", "next": "second", "fields": form.fields[:7]})
    second = form.model_copy(update={"id": "second", "fields": form.fields[7:]})
    steps = []
    for step in service.steps:
        steps += [first, second] if step.id == "form" else [step]
    stage = make_stage(services={ENROLMENT: service.model_copy(update={"steps": tuple(steps)})})
    stage.go_to("form")
    assert isinstance(stage.body, FormView)
    stage.touch(Fill("phone", "13800000000"), Next())
    stage.touch(Fill("insured_type", "student"), Fill("residence_proof", "residence_permit"), Next())
    stage.photograph()
    stage.touch(Next())
    assert {"手机号码", "参保类别"} <= {row.label for row in stage.body.rows}
    stage.touch(Next(), Signature(STROKES), Next())
    assert stage.outbox.submissions[0]["form"] == {
        "phone": "13800000000",
        "insured_type": "student",
        "residence_proof": "residence_permit",
    }


def test_several_cases_are_shown_in_both_languages(stage):
    stage.cases = CaseList(cases=(a_case(), a_case(state="completed")))
    stage.ask_by_code()
    assert isinstance(stage.body, ResultView)
    assert [case.rows[-1].value for case in stage.body.cases] == ["审核中", "已办结"]
    stage.touch(SetLanguage("en"))
    assert [case.rows[-1].value for case in stage.body.cases] == ["In review", "Completed"]


def test_the_receipt_screen_repeats_what_matters(stage):
    stage.go_to("receipt")
    assert isinstance(stage.body, ReceiptView)
    assert [row.value for row in stage.body.rows] == [PROJECT_NO, "2026年11月27日"]


def test_a_visit_that_a_step_s_time_limit_ends_is_wiped_at_once(make_stage, services):
    stage = make_stage(services={ENROLMENT: with_policy(services[ENROLMENT], "form", timeout=30.0)})
    stage.go_to("form")
    stage.wait(31)
    assert stage.at == "home"
    assert (stage.terminal.last_visit.outcome, stage.terminal.last_visit.wiped) == ("step_timeout", True)
