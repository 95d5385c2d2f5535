"""Calls in order from any thread, timers in order of their time, and background work whose result always comes back."""

from __future__ import annotations

import threading
import weakref

import pytest

from kiosk.background import Background
from kiosk.bus import Bus, Timers


def test_calls_come_in_the_order_in_which_they_were_posted():
    bus, done = Bus(), []
    for number in range(100):
        bus.post("count", lambda number=number: done.append(number))
    while (posted := bus.take(0)) is not None:
        posted.call()
    assert done == list(range(100))
    assert bus.take(-1) is None


class Moment:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def moment():
    return Moment()


def test_timers_run_in_the_order_of_their_time_and_once(moment):
    timers, done = Timers(moment), []
    timers.after(2, lambda: done.append("two"))
    timers.after(1, lambda: done.append("one"))
    timers.after(1, lambda: done.append("one too"))
    assert timers.seconds_to_next(10) == 1
    timers.run_due()
    assert done == []
    moment.now = 2
    timers.run_due()
    timers.run_due()
    assert done == ["one", "one too", "two"]
    assert timers.seconds_to_next(10) == 10


def test_a_timer_that_another_one_cancels_in_the_same_moment_does_not_run(moment):
    timers, done = Timers(moment), []
    timers.after(1, lambda: timers.cancel(second))
    second = timers.after(1, lambda: done.append("second"))
    moment.now = 5
    timers.run_due()
    timers.cancel(second)
    assert done == []


def test_what_a_cancelled_timer_held_is_let_go_of_even_while_timers_run(moment):
    class Citizen:
        pass

    timers, citizen = Timers(moment), Citizen()
    trace = weakref.ref(citizen)
    seen = []

    def end():
        timers.cancel(later)
        seen.append(trace())

    timers.after(1, end)
    later = timers.after(9, lambda citizen=citizen: None)
    del citizen
    moment.now = 1
    timers.run_due()
    assert seen == [None]


def test_a_timer_that_raises_does_not_take_the_others_with_it(moment):
    timers, done = Timers(moment), []
    timers.after(1, lambda: 1 / 0)
    timers.after(1, lambda: done.append("second"))
    moment.now = 1
    with pytest.raises(ZeroDivisionError):
        timers.run_due()
    timers.run_due()
    assert done == ["second"]


def test_background_work_brings_its_result_or_its_failure_to_the_bus():
    bus, bugs, done = Bus(), [], []
    background = Background(bus, lambda about, error: bugs.append((about, type(error))))
    background.run("sum", lambda: threading.current_thread().name, done.append, lambda: done.append("failed"))
    posted = bus.take(10)
    assert done == []
    posted.call()
    assert done[0].startswith("background")
    background.run("bug", lambda: 1 / 0, done.append, lambda: done.append("failed"))
    bus.take(10).call()
    assert done[1:] == ["failed"]
    assert bugs == [("bug", ZeroDivisionError)]
    background.stop()


def test_work_that_stop_cancels_is_no_bug(caplog):
    bus, bugs = Bus(), []
    background = Background(bus, lambda about, error: bugs.append(error))
    release = threading.Event()
    for _ in range(3):
        background.run("busy", lambda: release.wait(10), lambda _: None, lambda: None)
    background.run("late", lambda: None, lambda _: None, lambda: None)
    background.stop()
    release.set()
    for _ in range(3):
        assert bus.take(10).about == "busy"
    assert (bugs, caplog.records) == ([], [])
