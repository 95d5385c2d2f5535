"""From the state of the terminal to the view that the screens draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kiosk.journey.definition import ServiceDefinition
from kiosk.journey.steps import Step, Tools
from kiosk.session import Visit
from kiosk.view import Body, Buttons, Choice, FaultView, HomeView, OutOfServiceView, Progress, Tile, View

if TYPE_CHECKING:
    from kiosk.technician.picture import Picture

STAGE_OF_KIND = {
    "notice": "notice",
    "identify": "identify",
    "form": "form",
    "materials": "materials",
    "review": "confirm",
    "sign": "confirm",
    "submit": "confirm",
    "receipt": "receipt",
    "document": "receipt",
    "rate": "receipt",
    "finish": "receipt",
}
"""Step kinds as the few stages that citizens see."""


@dataclass(frozen=True)
class Presenter:
    """Makes views in one language."""

    tools: Tools
    language: str
    services: Mapping[str, ServiceDefinition]

    def between_visits(self, closed: str, why_not: Mapping[str, str], card_may_lie_here: bool) -> View:
        """Return the home screen, or why nothing can be used if there is a code ``closed``; ``why_not`` gives the fault
        code of each service that cannot be used, else an empty text.
        """
        if not closed:
            return self._view(
                "home",
                self._say("home.title"),
                HomeView(
                    tuple(self._tile(name, why_not[name]) for name in self.services),
                    self._say("home.take_card") if card_may_lie_here else "",
                ),
            )
        message = self.tools.faults.for_citizen(closed, self.language)
        body = OutOfServiceView(message, self._say("out_of_service.advice"))
        return self._view("out_of_service", self._say("out_of_service.title"), body)

    def step(self, visit: Visit, step: Step, back: bool) -> View:
        """Return a step's screen; ``back`` says whether the journey allows to go back."""
        buttons = step.buttons()
        view = self._view(step.screen, step.title(), step.body())
        return replace(
            view,
            session=visit.number,
            step=step.definition.id,
            buttons=replace(buttons, back=(back or buttons.back) and buttons.cancel),
            progress=self._progress(visit, step),
        )

    def fault(self, visit: Visit, step: Step, code: str, can_retry: bool) -> View:
        """Return the screen that says why the visit is held up, or cannot go on."""
        message = self.tools.faults.for_citizen(code, self.language)
        leave = Choice("stop", self._say("button.home"))
        if can_retry:
            title, advice = "fault.title", "fault.wait_or_leave"
            choices = (Choice("retry", self._say("button.retry")), leave)
        else:
            title, advice, choices = "fault.title_final", "fault.ask_staff", (leave,)
        view = self._view("fault", self._say(title), FaultView(message, self._say(advice), choices))
        return replace(view, session=visit.number, step=step.definition.id)

    def technician(self, picture: Picture) -> View:
        """Return technician mode's screen."""
        view = self._view(picture.screen, picture.title, picture.body)
        return replace(view, step=picture.step, buttons=picture.buttons)

    def _view(self, screen: str, title: str, body: Body) -> View:
        return View(
            revision=0,
            session=None,
            screen=screen,
            step="",
            title=title,
            language=self.language,
            body=body,
            buttons=Buttons(),
            banner=self._say("training.banner") if self.tools.training else "",
            site=self.tools.site[self.language],
        )

    def _tile(self, name: str, code: str) -> Tile:
        service = self.services[name]
        return Tile(
            service=name,
            title=service.title.in_language(self.language),
            subtitle=service.subtitle.in_language(self.language),
            icon=service.icon,
            available=not code,
            reason=self.tools.faults.for_citizen(code, self.language) if code else "",
        )

    def _progress(self, visit: Visit, step: Step) -> Progress | None:
        """Return the stages of a service that hands something in; a short query needs none."""
        kinds = [definition.kind for definition in visit.service.steps]
        if "submit" not in kinds:
            return None
        stages = list(dict.fromkeys(STAGE_OF_KIND[kind] for kind in kinds if kind in STAGE_OF_KIND))
        stage = STAGE_OF_KIND.get(step.definition.kind)
        return Progress(
            tuple(self._say(f"stage.{name}") for name in stages), stages.index(stage) if stage is not None else 0
        )

    def _say(self, key: str) -> str:
        return self.tools.texts.get(self.language, key)
