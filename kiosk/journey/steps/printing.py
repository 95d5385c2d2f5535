"""What receipt and document have in common: printed once, on a printer that may hang, and what stands on such a paper."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Event
from typing import Any, ClassVar

from drivers.base import Deadline, Fault
from drivers.print_outcome import PrintOutcome
from kiosk.devices.desk import Request
from kiosk.identity import masked
from kiosk.journey.steps.base import Step, Tools
from kiosk.session import Visit
from kiosk.view import Buttons, Choice, Intent, Next, Phase, Pick

OVERDUE_SECONDS = 10.0
"""So long after its time a printer that does not come back is waited for no more."""


class PrintStep(Step):
    """Prints when it is entered. Only a print that surely did not happen is offered again."""

    messages: ClassVar[Mapping[str, str]]
    """What is said while it prints (``printing``) and of each outcome: keys of assets/texts."""
    print_seconds: ClassVar[float]
    shown_seconds: ClassVar[float] = 8.0
    """How long the screen that says where the paper is stays before the visit goes on by itself."""

    _overdue: int | None = None

    def enter(self) -> None:
        """Print."""
        self._phase = Phase.WORKING
        self._message = self.messages["printing"]
        self._again = False
        self.print()

    def print(self) -> None:
        """Begin to print, by ``ask_printer``; ``ended`` says how it ended."""
        raise NotImplementedError

    def handle(self, intent: Intent) -> None:
        """Go on, or print again what surely was not printed."""
        if isinstance(intent, Next) and self._phase is not Phase.WORKING:
            self.report.completed({})
        elif isinstance(intent, Pick) and intent.choice == "retry" and self._again:
            self.enter()
            self.report.changed()

    @property
    def awaits_hand_at(self) -> str:
        """The printer, once the paper is out."""
        return self.definition.device if self._phase is Phase.DONE else ""

    def buttons(self) -> Buttons:
        """Next once the print ended, however it ended."""
        return Buttons(next="" if self._phase is Phase.WORKING else self.say("button.next"))

    def choices(self) -> tuple[Choice, ...]:
        """Return the offer to print again, where there is one."""
        return (Choice("retry", self.say("button.print_again")),) if self._again else ()

    def leave(self) -> None:
        """A print that was begun is ended, and nobody waits for it."""
        super().leave()
        self._not_overdue()

    def ask_printer(
        self, name: str, work: Callable[[Any, Deadline], Any], not_begun: Any, done: Callable[[Any, bool], None]
    ) -> None:
        """Let a printer work; ``done`` gets the result, ``not_begun`` where the work was cancelled before, and whether it began.

        A printer that hangs is given up after a while: what was begun may come out yet, what was not must not come out later.
        """
        self.busy = True
        begun = Event()

        def begin(printer: Any, deadline: Deadline, cancel: Event) -> Any:
            begun.set()
            return not_begun if cancel.is_set() else work(printer, deadline)

        request = self.tools.devices.ask(name, begin, self.print_seconds, lambda result: done(result, begun.is_set()))
        self._overdue = self.tools.timers.after(
            self.print_seconds + OVERDUE_SECONDS, lambda: self._give_up(request, begun)
        )

    def ended(
        self, outcome: PrintOutcome, accepted_bytes: int = 0, waits: bool = False, faults: tuple[Fault, ...] = ()
    ) -> None:
        """Say how the print ended; ``waits``: the visit goes on when the paper is taken, and not by time."""
        self.busy = False
        self._not_overdue()
        self.report.printed(outcome, accepted_bytes, faults[0].code if faults else "")
        if outcome is PrintOutcome.PRINTED:
            self._phase = Phase.DONE
            if not waits:
                self.after(self.shown_seconds, lambda: self.report.completed({}))
        else:
            self._phase, self._again = Phase.REFUSED, outcome is PrintOutcome.NOT_PRINTED
        self._message = self.messages[outcome]
        self.report.changed()

    def _give_up(self, request: Request, begun: Event) -> None:
        request.cancel()
        self.ended(PrintOutcome.UNKNOWN if begun.is_set() else PrintOutcome.NOT_PRINTED)

    def _not_overdue(self) -> None:
        if self._overdue is not None:
            self.tools.timers.cancel(self._overdue)


def paper_values(visit: Visit, tools: Tools, language: str) -> dict[str, str]:
    """Return what stands on every paper that a citizen takes home: the hall, the service, and whose it is."""
    item, identity = visit.service.item, visit.identity
    values = {
        "site": tools.site[language],
        "service": item.task_name if language == "zh" else item.task_name_en,
        "applicant": identity.name or identity.name_en if identity else "",
        "id_number": masked(identity.number) if identity else "",
    }
    return values | ({"training": "yes"} if tools.training else {})
