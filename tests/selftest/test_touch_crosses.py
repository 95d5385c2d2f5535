"""The five crosses in their real window, touched as a finger does: where they were touched is measured and drawn."""

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
from PIL import Image

from drivers.base import Deadline
from kiosk.config import ROOT
from kiosk.selftest.crosses import judge
from kiosk.training.display import VirtualDisplay
from screens.crosses import PLACES

WIDTH, HEIGHT = 540, 960


@pytest.fixture
def display():
    """A glass of its own for each test: what an earlier window drew would stay on it, and be taken for the next one's cross."""
    shown = VirtualDisplay(WIDTH, HEIGHT)
    shown.start(Deadline.after(60))
    yield shown
    shown.stop()


@contextmanager
def crosses(display, folder, seconds):
    command = [sys.executable, "-m", "screens.crosses", str(folder), "--seconds", str(seconds)]
    command += ["--width", str(WIDTH), "--height", str(HEIGHT)]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "DISPLAY": display.name})
    try:
        wait(lambda: (folder / "ready").exists(), process)
        yield process
    finally:
        process.kill()
        process.wait()


def wait(condition, process, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, "the crosses ended"
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def blue_near(display, x, y):
    """Whether the cross whose turn it is is drawn there, in ink."""
    red, _, blue = display.screenshot().convert("RGB").getpixel((x + 20, y))
    return blue > 100 and red < 60


def touch_until(display, process, x, y, seen):
    """Touch as a person does: who sees nothing happen for a long while touches again."""
    end = time.monotonic() + 60.0
    while True:
        display.touch(x, y)
        again = time.monotonic() + 10.0
        while not seen():
            assert time.monotonic() < end, "waited in vain"
            if time.monotonic() > again:
                break
            time.sleep(0.02)
        else:
            return


def middle(number):
    x, y = PLACES[number]
    return round(x * WIDTH), round(y * HEIGHT)


def test_five_touches_are_measured_and_drawn(display, tmp_path):
    with crosses(display, tmp_path, 120) as process:
        for number in range(5):
            x, y = middle(number)
            wait(lambda x=x, y=y: blue_near(display, x, y), process)
            away = (3, 4) if number == 2 else (0, 0)
            following = middle(number + 1) if number < 4 else None

            def seen(following=following):
                return blue_near(display, *following) if following else process.poll() is not None

            touch_until(display, process, x + away[0], y + away[1], seen)
        assert process.wait(60) == 0
    result = json.loads((tmp_path / "crosses.json").read_text())
    distances = [touch["distance"] for touch in result["touches"]]
    assert len(distances) == 5
    assert distances[2] == pytest.approx(5.0, abs=1.5)
    assert all(distance <= 1.5 for number, distance in enumerate(distances) if number != 2)
    check = judge(result, (tmp_path / "crosses.png").read_bytes())
    assert check.outcome.value == "pass"
    with Image.open(tmp_path / "crosses.png") as picture:
        assert picture.width / picture.height == pytest.approx(WIDTH / HEIGHT, rel=0.02)


def test_crosses_that_nobody_touches_end_by_themselves_and_say_so(display, tmp_path):
    with crosses(display, tmp_path, 1) as process:
        assert process.wait(60) == 0
    check = judge(json.loads((tmp_path / "crosses.json").read_text()), b"")
    assert (check.outcome.value, check.fault.code) == ("fail", "crosses.none")


def test_told_to_end_they_keep_what_was_touched(display, tmp_path):
    with crosses(display, tmp_path, 120) as process:
        wait(lambda: blue_near(display, *middle(0)), process)
        touch_until(display, process, *middle(0), lambda: blue_near(display, *middle(1)))
        process.terminate()
        assert process.wait(60) == 0
    assert len(json.loads((tmp_path / "crosses.json").read_text())["touches"]) == 1
