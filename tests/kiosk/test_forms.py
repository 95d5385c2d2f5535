"""Forms: what the card fills cannot be typed over, what is typed is cleaned, and what is wrong is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kiosk_stage import document, load_services
from service_maker import step

from drivers.card_reader import DocumentKind
from kiosk.config import ASSETS
from kiosk.journey.definition import StepDefinition
from kiosk.journey.forms import Form, cleaned
from kiosk.texts import Texts
from kiosk.view import FieldKind, Row

TEXTS = Texts(ASSETS / "texts" / "kiosk.toml")
STEP = load_services()["medical_insurance_enrolment"].step("form")
TEXT_FIELD = {"name": "remark", "label": {"zh": "备注", "en": "Remark"}, "required": False, "max_length": 12}


def form(holder=None, earlier=None, definition=STEP):
    return Form(definition, holder or document(), TEXTS, earlier or {})


def free_text():
    return Form(StepDefinition.model_validate(step("f", "form", "x", fields=[TEXT_FIELD])), None, TEXTS, {})


def shown(form, language="zh"):
    return {view.name: view for view in form.views(language)}


def test_the_card_s_fields_are_filled_read_only_and_the_number_is_masked():
    views = shown(form())
    assert [(views[name].value, views[name].kind) for name in ("name", "number", "sex", "birth")] == [
        ("张伟样", FieldKind.READ_ONLY),
        ("110***********002X", FieldKind.READ_ONLY),
        ("男", FieldKind.READ_ONLY),
        ("1949年12月31日", FieldKind.READ_ONLY),
    ]
    assert (shown(form(), "en")["sex"].value, shown(form(), "en")["birth"].value) == ("Male", "1949-12-31")


def test_fields_that_this_kind_of_card_does_not_have_are_left_out():
    assert "name_en" not in shown(form())
    foreign = document(kind=DocumentKind.PERMANENT_RESIDENT_2023, name="", name_en="SAMPLE, MARIE", address="")
    assert {"name", "address"}.isdisjoint(shown(form(foreign)))


def test_what_the_card_says_cannot_be_typed_over_and_unknown_fields_are_refused():
    made = form()
    assert not made.fill("name", "别人")
    assert not made.fill("shoe_size", "43")
    assert not made.fill("insured_type", "king")
    assert shown(made)["name"].value == "张伟样"
    assert made.typed() == {}


def test_digits_keep_only_digits_and_all_of_them():
    made = form()
    assert made.fill("phone", " 138-0000 0000x")
    assert made.typed() == {"phone": "13800000000"}
    made.fill("phone", "１３８")
    assert made.typed() == {}


def test_nothing_is_wrong_before_it_is_checked_and_then_each_field_says_what_to_enter():
    made = form()
    assert [view.error for view in made.views("zh")] == [""] * len(made.views("zh"))
    assert not made.complete()
    errors = {name: view.error for name, view in shown(made, "en").items() if view.error}
    assert set(errors) == {"phone", "insured_type", "residence_proof"}
    assert errors["phone"] == "Please enter an 11-digit mobile number"
    made.fill("phone", "12800000000")
    made.fill("insured_type", "student")
    made.fill("residence_proof", "residence_permit")
    assert not made.complete()
    made.fill("phone", "13800000000")
    assert made.complete()
    assert [view.error for view in made.views("zh") if view.error] == []


def test_what_was_typed_before_going_back_is_there_again():
    made = form(earlier={"phone": "13800000000", "name": "别人"})
    assert shown(made)["phone"].value == "13800000000"
    assert shown(made)["name"].value == "张伟样"


def test_the_review_shows_labels_words_and_no_empty_rows():
    made = form()
    made.fill("phone", "13800000000")
    made.fill("insured_type", "elderly")
    rows = made.rows("zh")
    assert Row("参保类别", "60 岁以上老人") in rows
    assert Row("证件号码", "110***********002X") in rows
    assert "居住证明种类" not in [row.label for row in rows]
    assert Row("Kind of insured person", "Aged 60 or over") in made.rows("en")


def test_a_blank_between_two_words_can_be_typed_but_none_is_kept_at_the_ends():
    made = free_text()
    for typed in ("M", "Marie", "Marie ", "Marie S"):
        made.fill("remark", typed)
        assert shown(made)["remark"].value == typed
    made.fill("remark", " Marie ")
    assert made.typed() == {"remark": "Marie"}
    assert made.rows("zh") == (Row("备注", "Marie"),)
    made.fill("remark", "   ")
    assert made.typed() == {}


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("a\x00b\nc\u200bd\u2028e", "abcde"),
        ("\ud800x", "x"),
        ("𠮷㛃䶮𪨊", "𠮷㛃䶮𪨊"),
        ("\U000323af\ue863", "\U000323af\ue863"),  # newer than Python's tables, and a private-use form of GB 18030
        ("x" * 40, "x" * 12),
    ],
)
def test_control_characters_go_and_rare_characters_stay(typed, kept):
    assert cleaned(typed, 12) == kept


@given(st.text())
def test_whatever_is_typed_fits_and_is_clean(text):
    made = free_text()
    assert made.fill("remark", text)
    value = shown(made)["remark"].value
    assert len(value) <= 12
    assert value == cleaned(value, 12)
    assert made.complete()
