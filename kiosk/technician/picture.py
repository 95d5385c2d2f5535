"""What technician mode shows, in one language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from drivers.base import CheckOutcome, DeviceState, Health
from drivers.operator import Answer
from kiosk.devices.availability import is_usable
from kiosk.devices.desk import DeviceDesk, DeviceEntry
from kiosk.faults import Catalogue
from kiosk.selftest.examination import Finding
from kiosk.selftest.words import Words
from kiosk.technician.mode import SKIP, Place, TechnicianMode
from kiosk.technician.screen_person import CROSSES, Task
from kiosk.texts import Texts
from kiosk.view import (
    Body,
    Buttons,
    Choice,
    CrossView,
    Mark,
    Row,
    TechnicianEntryView,
    TechnicianLine,
    TechnicianTaskView,
    TechnicianView,
)

MARKS = {
    CheckOutcome.PASS: Mark.GOOD,
    CheckOutcome.WARN: Mark.CAUTION,
    CheckOutcome.FAIL: Mark.BAD,
    CheckOutcome.SKIP: Mark.UNKNOWN,
}
WORST_FIRST = (CheckOutcome.FAIL, CheckOutcome.WARN, CheckOutcome.SKIP, CheckOutcome.PASS)


@dataclass(frozen=True)
class Picture:
    """One screen of the mode: its kind, the step (new for each question, so that none is answered twice), title and body."""

    screen: str
    step: str
    title: str
    body: Body
    buttons: Buttons


@dataclass(frozen=True)
class Painter:
    """Makes pictures. ``rows`` gives the terminal's own data as (key of a text, value)."""

    texts: Texts
    catalogue: Catalogue
    words: Callable[[str], Words]
    devices: DeviceDesk
    rows: Callable[[], tuple[tuple[str, str], ...]]

    def picture(self, mode: TechnicianMode, language: str) -> Picture:
        """Return what is to be seen now."""

        def say(key: str, **values: str | int) -> str:
            return self.texts.get(language, key, **values)

        message = say(mode.message) if mode.message else ""
        title = say("technician.title")
        if mode.place is Place.ENTRY:
            instruction = say(mode.entry)
            body: Body = TechnicianEntryView(instruction, len(mode.pin), mode.keypad, message)
            return Picture("technician_entry", "entry", title, body, Buttons(cancel=True))
        left = say("technician.time_left", minutes=mode.minutes_left)
        if mode.task is not None:
            return self._task(mode.task, language, left, f"{title} · {mode.device}" if mode.device else title, say)
        rows = tuple(Row(say(key), value) for key, value in self.rows())
        choices = self._choices(mode, say)
        if mode.place is Place.CHECKING and mode.progress[1]:
            message = say("technician.progress", message=message, done=mode.progress[0], total=mode.progress[1])
        body = TechnicianView(rows, self._lines(mode, language), choices, message, left)
        return Picture("technician", mode.place.value, title, body, Buttons())

    def _task(self, task: Task, language: str, left: str, title: str, say: Callable[..., str]) -> Picture:
        stop = Choice("stop", say("technician.stop"))
        if task.cross is not None:
            x, y = CROSSES[task.cross]
            body: Body = CrossView(x, y, task.cross + 1, len(CROSSES), say(task.code))
            return Picture("technician_cross", f"task-{task.number}", title, body, Buttons())
        text = self.words(language).instruction(task.code, task.about)
        answers = (
            (
                Choice(Answer.YES, say("technician.yes")),
                Choice(Answer.NO, say("technician.no")),
                Choice(Answer.UNABLE, say("technician.unable")),
            )
            if task.question
            else (Choice(SKIP, say("technician.skip")),)
        )
        body = TechnicianTaskView(text, (*answers, stop), task.picture, left)
        return Picture("technician_task", f"task-{task.number}", title, body, Buttons())

    def _choices(self, mode: TechnicianMode, say: Callable[..., str]) -> tuple[Choice, ...]:
        if mode.place is Place.CHECKING:
            return (Choice("stop", say("technician.stop")),)
        return (
            Choice("check", say("technician.check")),
            Choice("guided", say("technician.guided")),
            Choice("leave", say("technician.leave")),
        )

    def _lines(self, mode: TechnicianMode, language: str) -> tuple[TechnicianLine, ...]:
        if mode.examined:
            found = sorted(mode.findings, key=lambda finding: WORST_FIRST.index(finding.outcome))
            return tuple(self._finding(finding, mode.findings, language) for finding in found)
        return tuple(
            self._device(entry, self.devices.availability.health(entry.name), language)
            for entry in self.devices.entries
        )

    def _finding(self, finding: Finding, findings: tuple[Finding, ...], language: str) -> TechnicianLine:
        words = self.words(language)
        told = words.of(finding, findings)
        code = f"[{finding.code}]" if finding.code and finding.outcome is not CheckOutcome.SKIP else ""
        label = words.say("label.evidence") if finding.code and finding.evidence else ""
        seen = " ".join(part for part in (code, label, finding.evidence) if part)
        parts = (told.reason, told.consequence, told.remedy, seen)
        title = f"{finding.device} · {words.check(finding.check)}"
        return TechnicianLine(title, "\n".join(part for part in parts if part), MARKS[finding.outcome])

    def _device(self, entry: DeviceEntry, health: Health, language: str) -> TechnicianLine:
        title = f"{entry.name} · {entry.driver}"
        if health.faults:
            told = [
                (*self.catalogue.for_technician(fault.code, language), f"[{fault.code}]") for fault in health.faults
            ]
            mark = Mark.CAUTION if is_usable(health) else Mark.BAD
            return TechnicianLine(title, "\n".join(line for lines in told for line in lines), mark)
        state = self.texts.get(language, f"state.{health.state.value}")
        good = is_usable(health)
        return TechnicianLine(
            title, state, Mark.GOOD if good else Mark.UNKNOWN if health.state is DeviceState.STARTING else Mark.BAD
        )
