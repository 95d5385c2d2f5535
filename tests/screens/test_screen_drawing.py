"""Every screen, in both languages and both layouts, in the real window: nothing cut, no missing glyph, targets large enough."""

from __future__ import annotations

import itertools
import time

import pytest
import zxingcpp
from sample_views import samples

SMALLEST_TARGET = 60
LARGE_TARGET = 80


def problems_of(window, name: str, language: str) -> list[str]:
    found = window.show(name, language)
    touchables = window.touchables()
    for one in touchables.values():
        if min(one["width"], one["height"]) < SMALLEST_TARGET:
            found.append(f"small target: {one['id']} {one['width']}x{one['height']}")
        elif one["role"] != "key" and min(one["width"], one["height"]) < LARGE_TARGET:
            found.append(f"target below {LARGE_TARGET}: {one['id']}")
    for one, other in itertools.combinations(touchables.values(), 2):
        apart = (
            one["x"] + one["width"] <= other["x"]
            or other["x"] + other["width"] <= one["x"]
            or one["y"] + one["height"] <= other["y"]
            or other["y"] + other["height"] <= one["y"]
        )
        if not apart:
            found.append(f"{one['id']} lies on {other['id']}")
    found += window.ask("pages")
    return [f"{name} [{language}] {problem}" for problem in found]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_portrait_screens_show_every_text_whole(portrait, language):
    assert [problem for name in samples(language) for problem in problems_of(portrait, name, language)] == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_landscape_screens_show_every_text_whole(landscape, language):
    assert [problem for name in samples(language) for problem in problems_of(landscape, name, language)] == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("home", {"tile:medical_insurance_enrolment", "tile:progress_query", "language"}),
        ("notice", {"cancel", "next", "language"}),
        ("identify_refused", {"choice:scan", "back", "cancel", "language"}),
        ("choose", {"choice:self", "choice:child", "choice:parent", "back", "cancel", "language"}),
        ("materials_waiting", {"capture", "back", "cancel", "language"}),
        ("materials_refused", {"retake", "back", "cancel", "language"}),
        ("materials_done", {"retake", "back", "cancel", "next", "language"}),
        ("sign", {"signature", "signature:clear", "back", "cancel", "next", "language"}),
        ("rate", {"rate:0", "rate:1", "rate:2", "rate:3", "rate:4", "next", "language"}),
        ("receipt_refused", {"choice:retry", "next", "language"}),
        ("receipt_unknown", {"next", "language"}),
        ("result_refused", {"choice:retry", "next", "language"}),
        ("fault", {"choice:retry", "choice:manual", "choice:abort", "language"}),
        ("idle", {"stay", "leave"}),
        ("idle_last", {"leave"}),
    ],
)
def test_a_screen_offers_exactly_its_touch_targets(portrait, name, expected):
    portrait.show(name)
    assert set(portrait.touchables()) == expected


def test_targets_that_matter_lie_in_the_lower_part_of_an_upright_screen(portrait):
    for name in ("home", "choose", "fault", "sign", "materials_waiting"):
        portrait.show(name)
        for one in portrait.touchables().values():
            if one["id"] != "language":
                assert one["y"] > 1920 * 0.4, f"{one['id']} on {name} is out of reach from a wheelchair"


def test_an_unavailable_service_says_why_and_cannot_be_touched(portrait):
    portrait.show("home_broken")
    assert portrait.touchables()["tile:medical_insurance_enrolment"]["enabled"] is False
    assert any("读卡器正在维修" in text for text in portrait.texts())


def test_a_notice_for_everyone_stands_above_the_services(portrait):
    portrait.show("home_card_left")
    assert "请不要忘记取走您的证件。" in portrait.texts()


def test_rare_characters_and_markup_in_a_name_are_shown_as_they_are(portrait):
    assert portrait.show("review") == []
    assert "𠮷㛃䶮𪨊[样]&" in portrait.texts()


def test_the_code_of_a_receipt_can_be_read_from_the_glass(portrait):
    portrait.show("receipt_done", "zh")
    shown = portrait.ask("counts")["flips"]
    portrait.show("receipt_refused", "zh")
    end = time.monotonic() + 20
    while portrait.ask("counts")["flips"] == shown:
        assert time.monotonic() < end, "nothing was drawn"
    codes = []
    while not codes:
        codes = [code.text for code in zxingcpp.read_barcodes(portrait.picture())]
        assert time.monotonic() < end, "the code cannot be read"
    expected = samples("zh")["receipt_refused"].body.code
    assert codes == [expected]
