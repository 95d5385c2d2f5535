"""What a finger does, through the X server: the intents that come out, and what must not come out."""

from __future__ import annotations

import time


def test_a_touched_tile_starts_its_service_without_a_session(portrait):
    portrait.show("home")
    portrait.touch("tile:progress_query")
    assert portrait.intents() == [("StartService", {"service": "progress_query"}, None)]


def test_the_standard_buttons_carry_the_session_of_the_view(portrait):
    portrait.show("review")
    for touched, intent in (("next", "Next"), ("back", "Back"), ("cancel", "Cancel")):
        portrait.touch(touched)
        assert portrait.intents() == [(intent, {}, 7)]


def test_a_disabled_button_posts_nothing(portrait):
    portrait.show("sign")
    button = portrait.touchables()["next"]
    assert button["enabled"] is False
    portrait.settled("signature:clear")
    portrait.drag((button["x"] + 100, button["y"] + 50))
    portrait.touch("back")
    assert portrait.intents() == [("Back", {}, 7)]


def test_the_language_button_asks_for_the_other_language_and_the_screen_follows(portrait):
    portrait.show("review", "zh")
    portrait.touch("language")
    assert portrait.intents() == [("SetLanguage", {"language": "en"}, 7)]
    portrait.show("review", "en")
    assert "Please check" in portrait.texts()
    portrait.touch("language")
    assert portrait.intents() == [("SetLanguage", {"language": "zh"}, 7)]


def test_the_keypad_fills_the_field_and_goes_when_done(portrait):
    portrait.show("form")
    portrait.touch("field:phone")
    for digit in "138":
        portrait.touch(f"key:{digit}")
    portrait.touch("key:backspace")
    fills = portrait.intents(4)
    assert [fill[1] for fill in fills] == [{"name": "phone", "value": value} for value in ("1", "13", "138", "13")]
    assert "13|" in portrait.texts()
    portrait.touch("key:done")
    portrait.gone("key:done")


def test_the_keypad_stops_at_the_fields_length(portrait):
    portrait.show("home")
    portrait.show("form")
    portrait.touch("field:phone")
    for _ in range(12):
        portrait.touch("key:1")
    assert portrait.intents(11)[-1][1] == {"name": "phone", "value": "1" * 11}
    portrait.touch("back")
    assert portrait.intents() == [("Back", {}, 7)]


def test_letters_have_capitals_and_a_choice_field_offers_its_choices(landscape):
    landscape.show("form")
    landscape.touch("field:note")
    landscape.touch("key:shift")
    landscape.touch("key:A")
    assert landscape.intents() == [("Fill", {"name": "note", "value": "A"}, 7)]
    landscape.touch("key:done")
    landscape.gone("key:done")
    landscape.touch("field:relation")
    landscape.touch("choice:child")
    assert landscape.intents() == [("Fill", {"name": "relation", "value": "child"}, 7)]


def test_a_signature_is_sent_stroke_by_stroke_in_parts_of_the_pad(portrait):
    portrait.show("sign")
    pad = portrait.settled("signature")
    x, y, width, height = pad["x"], pad["y"], pad["width"], pad["height"]
    portrait.drag(*[(x + width * (0.25 + 0.05 * step), y + height * 0.5) for step in range(11)])
    portrait.drag(*[(x + width * 0.5, y + height * (0.25 + 0.05 * step)) for step in range(11)])
    first, both = (intent[1]["strokes"] for intent in portrait.intents(2))
    assert len(first) == 1
    assert len(both) == 2
    (left, middle), (right, _) = first[0][0], first[0][-1]
    assert abs(left - 0.25) < 0.01
    assert abs(middle - 0.5) < 0.01
    assert abs(right - 0.75) < 0.01
    top, bottom = both[1][0][1], both[1][-1][1]
    assert abs(top - 0.25) < 0.01
    assert abs(bottom - 0.75) < 0.01
    portrait.touch("signature:clear")
    assert portrait.intents() == [("Signature", {"strokes": []}, 7)]


def test_a_message_does_not_take_what_was_signed(portrait):
    portrait.show("home")
    portrait.show("sign", revision=9001, banner="")
    pad = portrait.settled("signature")
    portrait.drag((pad["x"] + 200, pad["y"] + 200), (pad["x"] + 400, pad["y"] + 260))
    assert len(portrait.intents()[0][1]["strokes"]) == 1
    portrait.show("sign_message", revision=9002, banner="")
    portrait.drag((pad["x"] + 300, pad["y"] + 100), (pad["x"] + 320, pad["y"] + 300))
    assert len(portrait.intents()[0][1]["strokes"]) == 2


def signed(window, pad):
    """Write one stroke and wait until it is posted."""
    x, y, width, height = pad["x"], pad["y"], pad["width"], pad["height"]
    window.drag(*[(x + width * (0.2 + 0.05 * step), y + height * (0.3 + 0.02 * (step % 3))) for step in range(9)])
    return window.intents()[-1][1]["strokes"]


def test_a_signature_stays_when_the_screen_is_made_anew_in_another_place_or_language(portrait):
    """The terminal keeps the strokes as long as the step lasts, so the glass must: in the picture, and in what is sent."""
    portrait.show("home")
    portrait.show("sign", revision=9500, banner="")
    pad = portrait.settled("signature")
    empty = portrait.dark_part(pad)
    strokes = signed(portrait, pad)
    assert len(strokes) == 1
    assert portrait.dark_part(pad) > empty + 500
    for revision, change in enumerate(
        ({"banner": "培训模式"}, {"banner": "", "title": "请您签名确认"}, {"banner": "", "language": "en"}), 9501
    ):
        portrait.show("sign", revision=revision, **change)
        pad = portrait.settled("signature")
        assert portrait.dark_part(pad) > empty + 500
    portrait.ask("resize", width=1080, height=1800)
    assert portrait.dark_part(portrait.settled("signature")) > empty + 500
    portrait.ask("resize", width=1080, height=1920)
    pad = portrait.settled("signature")
    both = signed(portrait, pad)
    assert both[0] == strokes[0]
    assert len(both) == 2


def test_a_signature_is_gone_when_the_step_is_entered_again_or_the_next_visit_signs(portrait):
    portrait.show("home")
    portrait.show("sign", revision=9510, banner="")
    pad = portrait.settled("signature")
    assert len(signed(portrait, pad)) == 1
    portrait.show("review", revision=9511, banner="")
    portrait.show("sign", revision=9512, banner="")
    assert len(signed(portrait, portrait.settled("signature"))) == 1
    portrait.show("sign", revision=9513, banner="", session=8)
    assert len(signed(portrait, portrait.settled("signature"))) == 1


def test_a_finger_that_came_down_on_the_screen_before_does_nothing(portrait):
    """Also on the main button, which is the same one on both screens and stays where it is."""
    portrait.show("review", revision=9520, banner="")
    button = portrait.settled("next")
    portrait.press((button["x"] + 60, button["y"] + 60))
    portrait.show("review", revision=9521, banner="", step="another")
    portrait.release()
    portrait.touch("back")
    assert portrait.intents() == [("Back", {}, 7)]


def test_a_refused_receipt_or_query_can_be_tried_again(portrait):
    for name in ("receipt_refused", "result_refused"):
        portrait.show(name)
        portrait.touch("choice:retry")
        assert portrait.intents() == [("Pick", {"choice": "retry"}, 7)]


def test_rating_levels_and_reasons_are_picks(portrait):
    portrait.show("rate_reasons")
    portrait.touch("rate:0")
    portrait.touch("reason:r2")
    assert portrait.intents(2) == [("Pick", {"choice": "0"}, 7), ("Pick", {"choice": "r2"}, 7)]


def test_photograph_and_retake(portrait):
    portrait.show("materials_waiting")
    portrait.touch("capture")
    assert portrait.intents() == [("Capture", {}, 7)]
    portrait.show("materials_refused")
    portrait.touch("retake")
    assert portrait.intents() == [("Retake", {}, 7)]


def test_the_idle_question_covers_everything_and_counts_down(portrait):
    portrait.show("review")
    next_button = portrait.settled("next")
    portrait.show("idle")
    portrait.settled("stay")
    assert "24" in portrait.texts()
    portrait.drag((next_button["x"] + 50, next_button["y"] + 50))
    portrait.touch("stay")
    assert portrait.intents() == [("StayHere", {}, 7)]
    portrait.show("idle", idle_seconds=23, revision=9100)
    assert "23" in portrait.texts()
    portrait.touch("leave")
    assert portrait.intents() == [("Cancel", {}, 7)]


def test_the_second_half_of_a_double_tap_does_not_answer_the_next_screen(portrait):
    """Only a touch that certainly came within the quarter of a second proves something: a busy machine tries again."""
    for attempt in range(20):
        portrait.show("review", revision=9200 + 3 * attempt)
        button = portrait.settled("next")
        began = time.monotonic()
        portrait.show("submit_done", revision=9201 + 3 * attempt)
        portrait.drag((button["x"] + button["width"] / 2, button["y"] + button["height"] / 2))
        portrait.touchables(), portrait.touchables()
        in_time = time.monotonic() - began < 0.25
        portrait.show("review", revision=9202 + 3 * attempt)
        portrait.touch("back")
        came = portrait.intents()
        if in_time:
            assert came == [("Back", {}, 7)]
            return
    raise AssertionError("the machine was never quick enough to tell")


def test_the_home_screen_stands_still_while_the_clock_for_the_watchdog_ticks(portrait):
    """A minute's change of the clock may redraw it once or twice; a running animation would redraw it 30 times."""
    portrait.show("home", revision=9300)
    portrait.settled("language")
    before = portrait.ask("counts")
    end = time.monotonic() + 20
    while (after := portrait.ask("counts"))["ticks"] < before["ticks"] + 2:
        assert time.monotonic() < end, "no ticks come"
    assert after["flips"] - before["flips"] <= 4


def test_an_animation_ends_with_its_screen(portrait):
    for name in ("identify_waiting", "submit_working", "home"):
        portrait.show(name)
    before = portrait.ask("counts")
    end = time.monotonic() + 20
    while (after := portrait.ask("counts"))["ticks"] < before["ticks"] + 3:
        assert time.monotonic() < end, "no ticks come"
    assert after["flips"] - before["flips"] <= 5


def test_texts_of_a_visit_are_not_kept_into_the_next(portrait):
    portrait.show("review")
    portrait.show("home")
    between_visits = portrait.ask("measured")
    portrait.show("review")
    assert portrait.ask("measured") > between_visits
    portrait.show("home")
    assert portrait.ask("measured") == between_visits


def test_touches_are_reported_as_activity_at_most_once_a_second(portrait):
    portrait.show("review", revision=9400)
    portrait.settled("next")
    before, began = portrait.ask("counts")["activities"], time.monotonic()
    for _ in range(5):
        portrait.drag((500, 1000))
    portrait.touch("back")
    portrait.intents()
    told = portrait.ask("counts")["activities"] - before
    assert 1 <= told <= 1 + int(time.monotonic() - began)


# ---- technicians


def knock(window, times, at=(60, 100)):
    for _ in range(times):
        window.drag(at)


def test_five_touches_of_the_corner_ask_for_technician_mode(portrait):
    """Four do not, and not on a step's screen; a touch elsewhere begins the count anew."""
    portrait.show("review")
    portrait.settled("next")
    knock(portrait, 6)
    portrait.touch("next")
    assert portrait.intents() == [("Next", {}, 7)]  # whatever the knocks were, it has come by now
    portrait.show("home")
    portrait.settled("language")
    knock(portrait, 4)
    portrait.drag((540, 1900))
    knock(portrait, 4)
    portrait.drag((540, 1900))
    portrait.touch("language")
    assert portrait.intents() == [("SetLanguage", {"language": "en"}, None)]
    knock(portrait, 5)
    assert portrait.intents() == [("OpenTechnician", {}, None)]


def test_the_technicians_keys_are_posted_one_by_one(landscape):
    landscape.show("technician_entry")
    for key in ("1", "0", "backspace", "done"):
        landscape.touch(f"key:{key}")
    assert [intent[1]["key"] for intent in landscape.intents(4)] == ["1", "0", "backspace", "done"]


def test_a_technicians_choices_and_answers_are_posted(portrait):
    portrait.show("technician_devices")
    portrait.touch("choice:guided")
    assert [intent[1]["choice"] for intent in portrait.intents()] == ["guided"]
    portrait.show("technician_question")
    portrait.touch("choice:unable")
    assert [intent[1]["choice"] for intent in portrait.intents()] == ["unable"]


def test_a_touch_beside_the_cross_tells_where_it_was(portrait):
    portrait.show("home")
    portrait.show("technician_cross")
    portrait.settled("language")
    portrait.drag((540, 960))
    ((kind, where, _),) = portrait.intents()
    assert kind == "Touched"
    assert (round(where["x"], 2), round(where["y"], 2)) == (0.5, 0.5)
