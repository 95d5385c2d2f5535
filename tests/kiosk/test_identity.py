"""What the terminal makes of a card: valid or not, shown how, sent as what."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kiosk_stage import document

from drivers.card_reader import Authenticity, DocumentKind, Verdict
from kiosk.config import ASSETS
from kiosk.identity import applicant, in_words, masked, refusal, shown
from kiosk.texts import Texts

TEXTS = Texts(ASSETS / "texts" / "kiosk.toml")
TODAY = date(2026, 11, 22)
ALL = tuple(kind.value for kind in DocumentKind)


@pytest.mark.parametrize(
    ("changed", "holders", "code"),
    [
        ({}, ALL, ""),
        ({"valid_to": None}, ALL, ""),
        ({"valid_to": TODAY}, ALL, ""),
        ({"valid_from": TODAY}, ALL, ""),
        ({"valid_to": date(2026, 11, 21)}, ALL, "card.expired"),
        ({"valid_from": date(2026, 11, 23)}, ALL, "card.not_yet_valid"),
        ({}, ("hmt_permit",), "card.not_for_this_service"),
        ({"valid_to": date(2000, 1, 1)}, ("hmt_permit",), "card.not_for_this_service"),
    ],
)
def test_a_card_is_good_today_for_these_holders_or_the_reason_why_not(changed, holders, code):
    assert refusal(document(**changed), holders, TODAY) == code


@pytest.mark.parametrize("kind", [DocumentKind.PASSPORT, DocumentKind.EXIT_ENTRY_PERMIT])
@pytest.mark.parametrize(
    ("verdict", "code"),
    [
        (Verdict.GENUINE, ""),
        (Verdict.NOT_GENUINE, "card.not_genuine"),
        (Verdict.UNKNOWN_ISSUER, "card.issuer_unknown"),
        (Verdict.NOT_CHECKED, "card.issuer_unknown"),
    ],
)
def test_only_a_travel_document_that_is_proven_genuine_is_good(kind, verdict, code):
    travel = document(kind=kind, valid_from=None, authenticity=Authenticity(verdict))
    assert refusal(travel, ALL, TODAY) == code
    assert shown(travel, "valid_from", "zh", TEXTS) == ""


@pytest.mark.parametrize(
    ("number", "hidden"),
    [
        ("11010519491231002X", "110***********002X"),
        ("810000199001010123", "810***********0123"),
        ("1234567", "*******"),
        ("", ""),
        ("12345678", "123*5678"),
    ],
)
def test_first_three_and_last_four_of_a_number_are_shown(number, hidden):
    assert masked(number) == hidden


@given(st.text(min_size=1, max_size=40))
def test_a_mask_keeps_the_length_and_shows_at_most_seven(number):
    hidden = masked(number)
    assert len(hidden) == len(number)
    assert hidden.count("*") >= max(1, len(number) - 7)


def test_the_address_written_to_the_chip_after_issue_stands_for_the_printed_one():
    moved = document(address="旧路1号", added_address="新路7号")
    assert (shown(moved, "address", "zh", TEXTS), applicant(moved).address) == ("新路7号", "新路7号")
    stayed = document(address="旧路1号")
    assert (shown(stayed, "address", "zh", TEXTS), applicant(stayed).address) == ("旧路1号", "旧路1号")


def test_fields_are_shown_in_words():
    assert shown(document(), "valid_to", "zh", TEXTS) == "2040年1月1日"
    assert shown(document(valid_to=None), "valid_to", "zh", TEXTS) == "长期"
    assert shown(document(valid_to=None), "valid_to", "en", TEXTS) == "Long term"
    assert shown(document(sex="2"), "sex", "en", TEXTS) == "Female"
    assert shown(document(), "nationality", "zh", TEXTS) == ""
    assert in_words(date(2026, 1, 5), "zh", TEXTS) == "2026年1月5日"
    assert in_words(date(2026, 1, 5), "en", TEXTS) == "2026-01-05"


@pytest.mark.parametrize("sex", "0129")
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_code_of_sex_has_a_word(sex, language):
    assert shown(document(sex=sex), "sex", language, TEXTS)


def test_what_goes_to_central():
    sent = applicant(document())
    assert (sent.name, sent.document_type, sent.document_number) == ("张伟样", "resident", "11010519491231002X")
    foreign = applicant(
        document(
            kind=DocumentKind.PERMANENT_RESIDENT_2023, name="", name_en="SAMPLE, MARIE", nationality="FRA", nation=""
        )
    )
    assert (foreign.name, foreign.name_en, foreign.nationality) == ("SAMPLE, MARIE", "SAMPLE, MARIE", "FRA")
