"""The dark glass while nobody is there: it is dark, a touch presses nothing, and the light comes back."""

from __future__ import annotations

import time

from PIL import ImageStat

DEADLINE = 20.0


def brightness_once(window, wanted):
    """Look again and again until the picture's mean grey is as wanted."""
    end = time.monotonic() + DEADLINE
    while not wanted(grey := ImageStat.Stat(window.picture().convert("L")).mean[0]):
        assert time.monotonic() < end, f"the picture's grey stays {grey}"
    return grey


def test_a_dark_glass_presses_nothing_and_shines_again(portrait):
    portrait.show("home", revision=9400)
    tile = portrait.settled("tile:progress_query")
    bright = brightness_once(portrait, lambda grey: grey > 60)
    portrait.show("home", asleep=True, revision=9401)
    brightness_once(portrait, lambda grey: grey < bright / 3)
    assert (portrait.touchables(), portrait.texts()) == ({}, [])
    portrait.drag((tile["x"] + 50, tile["y"] + 50))
    portrait.show("home", revision=9402)
    brightness_once(portrait, lambda grey: grey > bright / 2)
    portrait.touch("language")
    assert portrait.intents() == [("SetLanguage", {"language": "en"}, None)]
