"""What all steps have in common: the tools they work with and the report they make."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Protocol

from kiosk.contract.cases import CaseList, CaseQuery
from kiosk.faults import Catalogue
from kiosk.identity import in_words
from kiosk.journey.definition import StepDefinition, StepText
from kiosk.session import Visit
from kiosk.texts import Texts
from kiosk.view import Body, Buttons, Intent

if TYPE_CHECKING:
    from kiosk.background import Background
    from kiosk.bus import Timers
    from kiosk.devices.desk import DeviceDesk
    from kiosk.documents.issuing import Issuing
    from kiosk.journal import Journal
    from kiosk.receipts.template import ReceiptTemplate
    from kiosk.uplink.client import Failure
    from kiosk.uplink.outbox import Outbox


class Inquiry(Protocol):
    """Asks central for cases; may take seconds, so it is called in the background."""

    def __call__(self, query: CaseQuery) -> CaseList | Failure:
        """Return the answer or why there is none."""
        ...


@dataclass(frozen=True)
class Tools:
    """What steps work with; every one may be used from the terminal's thread without waiting."""

    devices: DeviceDesk
    background: Background
    timers: Timers
    texts: Texts
    faults: Catalogue
    journal: Journal
    outbox: Outbox
    inquire: Inquiry
    receipts: Mapping[str, ReceiptTemplate]
    issuing: Issuing
    now: Callable[[], datetime]
    terminal_id: str
    site: Mapping[str, str]
    training: bool
    finish_after: float


class Report(Protocol):
    """How a step tells the visit what happened, always on the terminal's thread."""

    def changed(self) -> None:
        """There is something new to show."""

    def completed(self, values: Mapping[str, str]) -> None:
        """The step is done."""

    def device_failed(self, code: str) -> None:
        """The step's device cannot go on."""

    def alternative(self) -> None:
        """The citizen chose the other way."""

    def left(self, outcome: str) -> None:
        """The visit cannot go on; ``outcome`` is the reason's code."""

    def printed(self, outcome: str, accepted_bytes: int, code: str) -> None:
        """A print ended; for the visit's record, and with the code of what went wrong for the log."""


class Step:
    """One step of one visit, from ``enter`` to ``leave``. All calls come on the terminal's thread."""

    busy: bool = False
    """Whether the machine itself is at work, so that nobody is idle."""
    may_leave: bool = True
    """Whether the citizen may still stop here."""

    def __init__(self, definition: StepDefinition, visit: Visit, tools: Tools, report: Report) -> None:
        self.definition = definition
        self.visit = visit
        self.tools = tools
        self.report = report
        self._timers: list[int] = []
        self._is_left = False

    @property
    def awaits_hand_at(self) -> str:
        """The class of the device at which the citizen has to do something now, for its guide light; empty for none."""
        return ""

    @property
    def text(self) -> StepText:
        """The step's own texts in the visit's language."""
        return self.definition.text.in_language(self.visit.language)

    def say(self, key: str, **values: str) -> str:
        """Return one of the terminal's texts in the visit's language."""
        return self.tools.texts.get(self.visit.language, key, **values)

    def say_code(self, code: str) -> str:
        """Return what a citizen is told of a code of the fault catalogue."""
        return self.tools.faults.for_citizen(code, self.visit.language)

    def day(self, day: date) -> str:
        """Return a date as people write it in the visit's language."""
        return in_words(day, self.visit.language, self.tools.texts)

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        """Call back while this step lasts."""
        if self._is_left:
            return
        self._timers.append(self.tools.timers.after(seconds, call))

    def enter(self) -> None:
        """Start working."""

    def leave(self) -> None:
        """Let go of everything; called once."""
        self._is_left = True
        for timer in self._timers:
            self.tools.timers.cancel(timer)

    def handle(self, intent: Intent) -> None:
        """Act on a touch; what makes no sense here is ignored, for it may have been on its way when the step changed."""

    def body(self) -> Body:
        """Return what is shown now."""
        raise NotImplementedError

    def back(self) -> bool:
        """Go back within the step; False when back leads out of it."""
        return False

    @property
    def screen(self) -> str:
        """The name of the screen that draws ``body``."""
        return self.definition.kind

    def title(self) -> str:
        """Return the screen's title."""
        return self.text.title

    def buttons(self) -> Buttons:
        """Return the buttons offered now; back is added by the visit where the journey allows it."""
        return Buttons(cancel=True, next=self.say("button.next"))
