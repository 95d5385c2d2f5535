"""What follows from a presence sensor, from a fan's thermometer, and from a warning that was hurried: tables of moments."""

from __future__ import annotations

import pytest

from kiosk.presence import Fan, Presence
from kiosk.session import IdleClock

T, F, N, TOUCH = True, False, None, "touch"


@pytest.mark.parametrize(
    ("story", "gone"),
    [
        ([(0, T), (5, F)], {12: False, 13: True, 60: True}),
        ([(0, T), (5, F), (9, T)], {13: False, 60: False}),
        ([(0, T), (5, F), (9, T), (10, F)], {17: False, 18: True}),
        ([(0, F)], {60: False}),  # never seen
        ([], {60: False}),
        ([(0, T), (5, N)], {60: False}),  # the board is faulty
        ([(0, T), (5, F), (8, N)], {60: False}),
        ([(0, T), (5, F), (8, N), (9, F)], {60: False}),  # and sees nobody since it works again
        ([(0, T), (5, F), (8, TOUCH)], {60: False}),  # a sensor that sees nobody while somebody touches the glass
        ([(0, T), (5, F), (8, TOUCH), (9, T), (10, F)], {17: False, 18: True}),
        ([(0, T), (1, TOUCH), (5, F)], {12: False, 13: True}),
        ([(0, T), (5, F), (9, F)], {13: True}),  # told twice
    ],
)
def test_who_walked_away(story, gone):
    for moment, expected in gone.items():
        presence = Presence(walked_away_after=8, sleep_after=0)
        for at, what in story:
            if at <= moment:
                presence.touched(at) if what is TOUCH else presence.seen(what, at)
        assert presence.walked_away(moment) is expected, moment
        assert not presence.asleep(moment)


@pytest.mark.parametrize(
    ("story", "asleep"),
    [
        ([(0, F)], {59: False, 60: True}),
        ([(0, F), (30, TOUCH)], {89: False, 90: True}),
        ([(0, F), (70, T)], {69: True, 70: False, 200: False}),
        ([(0, F), (70, N)], {69: True, 70: False, 200: False}),
        ([(0, T), (10, F)], {69: False, 70: True}),
        ([], {1000: False}),
    ],
)
def test_when_the_glass_is_dark(story, asleep):
    for moment, expected in asleep.items():
        presence = Presence(walked_away_after=8, sleep_after=60)
        for at, what in story:
            if at <= moment:
                presence.touched(at) if what is TOUCH else presence.seen(what, at)
        assert presence.asleep(moment) is expected, moment


def test_the_fan_does_not_start_and_stop_all_the_time():
    fan = Fan(on_from=60, off_below=50)
    states = []
    for celsius in (40, 59, 60, 55, 50, 49, 55, 60):
        fan.feel(celsius)
        states.append(fan.on)
    assert states == [False, False, True, True, True, False, False, True]


def test_a_hurried_warning_stands_at_once_and_ends_when_somebody_comes_back():
    idle = IdleClock(warn_after=60, answer_within=30, extensions=3, now=0)
    idle.hurry(10, now=5)
    assert (idle.warning(5), idle.hurried, idle.expired(14), idle.expired(15)) == (10, True, False, True)
    idle.hurry(10, now=8)  # told again each second
    assert idle.warning(8) == 7
    idle.came_back(9)
    assert (idle.warning(9), idle.hurried) == (None, False)
    idle.came_back(50)  # nothing was hurried
    assert idle.warning(69) == 30


def test_a_warning_that_stands_already_is_not_hurried_and_work_ends_a_hurry():
    idle = IdleClock(warn_after=60, answer_within=30, extensions=3, now=0)
    idle.hurry(10, now=65)
    assert (idle.warning(65), idle.hurried) == (25, False)
    idle.busy(66)
    idle.hurry(99, now=67)  # never longer than the usual warning
    assert idle.warning(67) == 30
    idle.busy(68)
    assert (idle.hurried, idle.warning(68)) == (False, None)
