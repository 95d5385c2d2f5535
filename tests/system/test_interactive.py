"""A whole ``kiosk selftest --interactive`` at a shell: a scripted technician reads what is asked, does it, and answers."""

import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest
from headless_citizen import person

from drivers.base import Deadline
from drivers.hall import CabinetAction, PrinterAction
from kiosk.config import ROOT
from kiosk.selftest.records import Records
from kiosk.selftest.words import TEXTS
from kiosk.texts import Texts
from kiosk.training.world import World
from screens.crosses import PLACES

WIDTH, HEIGHT = 540, 960
WHOLE_SECONDS = 200.0
AGAIN_SECONDS = 10.0
SAID = Texts(TEXTS)


def said(key, end="$", **values):
    """The form of a line, with whatever stands in place of its values."""
    blanks = dict.fromkeys(values, "@")
    return re.compile("^ *" + re.escape(SAID.get("en", key, **blanks)).replace("@", "(.+)") + end)


PROMPT = re.compile(r"  \? (.+?)  " + re.escape(SAID.get("en", "person.answers")) + " $")
HAND, PICTURE = said("progress.guided", device=""), said("person.picture", place="")
LIGHT, PAGE = said("selftest.is_light_on", about=""), said("selftest.is_test_page_laid")
READERS = {"card_reader": "pcsc", "card_reader_serial": "sdt"}


class Technician:
    """Reads a pseudo terminal, works the hall with both hands, and types answers."""

    def __init__(self, world, terminal):
        self.world = world
        self.hall = world.hall
        self.terminal = terminal
        self.device = ""
        self.said = ""
        self.asked = []
        self.pictures = {}
        self._lines = ""

    def work(self, process):
        """Do what is asked until the command has ended."""
        end = Deadline.after(WHOLE_SECONDS)
        while not end.expired:
            if not select.select([self.terminal], [], [], 0.2)[0]:
                if process.poll() is not None:
                    return
                continue
            try:
                block = os.read(self.terminal, 4096)
            except OSError:  # the other end is closed
                return
            text = block.decode().replace("\r\n", "\n")
            self.said += text
            self._lines += text
            while "\n" in self._lines:
                line, _, self._lines = self._lines.partition("\n")
                self._read(line)
            asked = PROMPT.search(self._lines)
            if asked:
                self._lines = ""
                self._answer(asked[1])
        raise AssertionError(f"no end of it: {self.said}")

    def _read(self, line):
        hand, picture = HAND.match(line), PICTURE.match(line)
        if hand:
            self.device = hand[1]
            return
        if picture:
            self.pictures[self.device] = Path(picture[1]), Path(picture[1]).read_bytes()
            return
        orders = {
            "put_card": lambda: self.hall.put_card(person("li-ceshi").card, READERS[self.device]),
            "take_card": self.hall.take_card,
            "show_code": lambda: self.hall.hold_code("a code of the technician's"),
            "take_paper": lambda: self.hall.printer(PrinterAction.TICKET_TAKEN),
            "open_door": lambda: self.hall.cabinet(CabinetAction.OPEN_DOOR),
            "close_door": lambda: self.hall.cabinet(CabinetAction.CLOSE_DOOR),
            "step_away": lambda: self.hall.cabinet(CabinetAction.WALK_AWAY),
            "walk_past": lambda: self.hall.cabinet(CabinetAction.COME_BACK),
            "touch_crosses": self._touch_crosses,
        }
        for key, do in orders.items():
            if line.startswith(f"  → {SAID.get('en', f'selftest.{key}')}"):
                self.asked.append((self.device, key))
                do()

    def _answer(self, question):
        """Yes to everything, but a lamp must really shine, the right one and no other; and the paper is laid first."""
        answer, light = "y", LIGHT.match(question)
        if light:
            shining = [SAID.get("en", f"place.{slot}") for slot in self.hall.state()["cabinet"]["lit"]]
            answer = "y" if shining == [light[1]] else "n"
        elif PAGE.match(question):
            self.hall.put_paper(None, sharp=True)
        self.asked.append((self.device, question))
        os.write(self.terminal, f"{answer}\n".encode())

    def _touch_crosses(self):
        for number in range(len(PLACES)):
            self._wait(lambda number=number: self._inked(number), f"cross {number}")
            self._touch_until_done(number)

    def _touch_until_done(self, number):
        """Who sees nothing happen for a long while touches again; a cross that was touched is drawn pale, or the window is gone."""
        end = Deadline.after(60.0)
        while self._inked(number):
            assert not end.expired, f"cross {number} takes no touch"
            x, y = self._middle(number)
            self.world.display.touch(x, y)
            again = Deadline.after(AGAIN_SECONDS)
            while self._inked(number) and not again.expired:
                time.sleep(0.02)

    def _inked(self, number):
        x, y = self._middle(number)
        red, _, blue = self.world.display.screenshot().convert("RGB").getpixel((x + 20, y))
        return blue > 100 and red < 60

    def _wait(self, condition, what):
        end = Deadline.after(60.0)
        while not condition():
            assert not end.expired, f"waited in vain for {what}: {self.said}"
            time.sleep(0.02)

    @staticmethod
    def _middle(number):
        return round(PLACES[number][0] * WIDTH), round(PLACES[number][1] * HEIGHT)


@pytest.fixture
def world(tmp_path):
    """All that stands around a terminal, with a screen, and no terminal."""
    world = World(tmp_path / "world", (WIDTH, HEIGHT))
    try:
        world.prepare(Deadline.after(60))
        yield world
    finally:
        world.stop()


@pytest.mark.timeout(300)
def test_a_technician_goes_through_everything(world):
    world.hall.printer(PrinterAction.TICKET_LEFT)
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "kiosk.cli", "selftest", "--interactive", "--language", "en"]
    environment = {**os.environ, "DISPLAY": world.display.name, "COLUMNS": "110"}
    command += ["--config", str(world.configuration)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    technician = Technician(world, ours)
    try:
        technician.work(process)
        assert process.wait(20) == 0, technician.said
    finally:
        process.kill()
        process.wait()
        os.close(ours)

    devices = set(world.hall.device_tables())
    guided = {device for device, _ in technician.asked}
    assert guided == devices - {"power_supply"} | {"touch_panel"}, "every device that needs a hand"
    assert set(technician.pictures) == {"document_camera", "receipt_printer"}
    assert technician.pictures["document_camera"][1].startswith(b"\xff\xd8\xff"), "a JPEG, to be looked at"
    assert not [place for place, _ in technician.pictures.values() if place.exists()], "nothing of it stays"

    _, heading, table = technician.said.rpartition(SAID.get("en", "heading.meaning"))
    assert heading
    for device in (*devices, "touch_panel"):
        assert device in table
    assert "✗" not in table
    assert re.search(r"\d+ pass, 0 warn, 0 fail, \d+ skip", table)
    assert SAID.get("en", "record.kept") in table

    (record,) = Records(world.directory / "state").all()
    assert (record.guided, record.outcome) == (True, "pass")
    found = {(line.device, line.check): line.outcome for line in record.lines}
    for device, check in (
        *(("card_reader", "card"), ("card_reader", "removal"), ("card_reader_serial", "card")),
        *(("code_scanner", "code"), ("document_camera", "picture"), ("document_printer", "grid")),
        *(("receipt_printer", check) for check in ("test_print", "grid", "cutter", "presenter")),
        *(("io_board", check) for check in ("door_opens", "door_closes", "presence", "light_card_reader")),
        ("touch_panel", "crosses"),
    ):
        assert found[device, check] == "pass", (device, check, found)
    assert len(world.hall.papers()) == len(world.hall.documents()) == 1
