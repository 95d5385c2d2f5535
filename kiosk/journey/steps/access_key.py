"""Asks for the key to a travel document's chip: typed from its data page, or read there by the document camera."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import Event

from drivers.base import Deadline
from drivers.card_reader import AccessKey, CanKey, MrzKey
from drivers.document_camera import CaptureRefused, DocumentCamera
from kiosk.devices.desk import Request
from kiosk.devices.worker import JobFailed
from kiosk.journey.definition import FieldDefinition, Words
from kiosk.journey.forms import Form
from kiosk.journey.steps.base import Step
from kiosk.texts import Texts
from kiosk.view import (
    Body,
    Buttons,
    Capture,
    Choice,
    ChooseView,
    Fill,
    FormView,
    Intent,
    MaterialsView,
    Next,
    Phase,
    Pick,
    Retake,
)

CAMERA_CLASS = "document_camera"
LOOK_SECONDS = 20.0
ZONE_SECONDS = 12.0
"""A picture of the best frame in a second, then its text, which takes three on a small processor."""
PREVIEW_SECONDS = 0.15
_DAY = r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])"
_FIELDS = {
    "zone": (
        ("document_number", "text", "[0-9A-Z]{5,22}", 22, "EX1234567"),
        ("birth", "digits", _DAY, 8, "19920212"),
        ("expiry", "digits", _DAY, 8, "20340102"),
    ),
    "can": (("can", "digits", r"\d{6}", 6, "123456"),),
}
"""Ways to type a key: name, kind, pattern, longest value and an invented example of each field."""


class KeyQuestion:
    """Takes the place of a step's own screen while it asks. What was typed lives here only, until ``leave``.

    All calls come on the terminal's thread. ``answered`` is called with the key, ``other`` when the citizen would rather use
    another card.
    """

    def __init__(self, step: Step, answered: Callable[[AccessKey], None], other: Callable[[], None]) -> None:
        self._step = step
        self._answered = answered
        self._other = other
        self._way = ""
        self._message = ""
        self._phase = Phase.WAITING
        self._picture = b""
        self._camera = ""
        self._shutter = Event()
        self._looking: Request | None = None
        self._forms = {way: _form(step, way) for way in _FIELDS}
        self._finding = self._find_camera()

    def ask(self, code: str) -> None:
        """Ask, or ask again, because of this code; what was typed before can be put right."""
        self._message = "" if code == "card.key_needed" else code
        if self._way == "camera" or code == "card.no_access_number":
            self._way = ""

    def leave(self) -> None:
        """Forget what was typed and let go of the camera."""
        self._cancel()
        for request in self._finding:
            request.cancel()
        self._forms.clear()
        self._picture = b""

    # ---- what is shown

    @property
    def screen(self) -> str:
        """The screen that draws ``body``."""
        return {"": "choose", "camera": "materials"}.get(self._way, "form")

    @property
    def awaits_hand_at(self) -> str:
        """The camera, while it looks for the data page."""
        return CAMERA_CLASS if self._way == "camera" else ""

    def title(self) -> str:
        """Return the screen's title."""
        return self._step.say("access_key.title")

    def body(self) -> Body:
        """Return the ways to choose from, the fields, or what the camera sees."""
        message = self._said()
        if self._way == "":
            return ChooseView(message or self._step.say("access_key.question"), self._choices())
        if self._way == "camera":
            name, guide = self._step.say("access_key.data_page"), self._step.say("access_key.guide")
            return MaterialsView(name, guide, self._phase, message, self._picture)
        return FormView(self._forms[self._way].views(self._step.visit.language), message)

    def buttons(self) -> Buttons:
        """Back leads to the ways, and from them to the card."""
        typing = self._way in self._forms
        return Buttons(back=True, cancel=True, next=self._step.say("button.next") if typing else "")

    # ---- what a touch means

    def handle(self, intent: Intent) -> None:
        """Choose a way, fill in, take the picture."""
        if self._way == "" and isinstance(intent, Pick) and intent.choice in [each.id for each in self._choices()]:
            self._choose(intent.choice)
        elif self._way == "camera" and isinstance(intent, Capture) and self._phase is Phase.WAITING:
            self._shutter.set()
            self._show(Phase.WORKING, "materials.hold_still")
        elif self._way == "camera" and isinstance(intent, Retake) and self._phase is Phase.REFUSED:
            self._look()
        elif self._way in self._forms and isinstance(intent, Fill):
            self._fill(intent)
        elif self._way in self._forms and isinstance(intent, Next):
            self._typed()

    def back(self) -> None:
        """From a way to the choice of ways, from there to another card."""
        if self._way == "":
            self._other()
            return
        self._cancel()
        self._way = ""
        self._show(Phase.WAITING)

    def _choose(self, way: str) -> None:
        self._cancel()
        if way == "other":
            self._other()
            return
        self._way = way
        if way == "camera":
            self._look()
        else:
            self._show(Phase.WAITING)

    def _fill(self, intent: Fill) -> None:
        upper = "".join(character for character in intent.value.upper() if character.isascii() and character.isalnum())
        if self._forms[self._way].fill(intent.name, upper):
            self._step.report.changed()

    def _typed(self) -> None:
        form = self._forms[self._way]
        if not form.complete():
            self._show(Phase.WAITING, "form.incomplete")
            return
        typed = form.typed()
        self._message = ""
        if self._way == "can":
            self._answered(CanKey(typed["can"]))
        else:
            self._answered(MrzKey(typed["document_number"], typed["birth"][2:], typed["expiry"][2:]))

    def _choices(self) -> tuple[Choice, ...]:
        usable = self._camera and not self._step.tools.devices.availability.reason(CAMERA_CLASS)
        ways = ("zone", "can", *(("camera",) if usable else ()), "other")
        return tuple(Choice(way, self._step.say(f"access_key.way.{way}")) for way in ways)

    def _said(self) -> str:
        if not self._message:
            return ""
        own = self._message.startswith(("access_key.", "form.", "materials."))
        return self._step.say(self._message) if own else self._step.say_code(self._message)

    def _show(self, phase: Phase, message: str = "") -> None:
        self._phase, self._message = phase, message
        self._step.report.changed()

    # ---- the camera

    def _find_camera(self) -> list[Request]:
        """Ask the cameras that are well whether they read zones; the way is offered once one says so."""
        desk = self._step.tools.devices

        def told(name: str, result: bool | JobFailed) -> None:
            if result is True:
                self._camera = name
                self._step.report.changed()

        names = desk.availability.usable_devices(CAMERA_CLASS)
        return [desk.ask(name, _reads_zone, 1.0, partial(told, name)) for name in names]

    def _look(self) -> None:
        """Show what the camera sees until the shutter is touched, then read the zone."""
        self._cancel()
        self._picture = b""
        desk = self._step.tools.devices
        request = self._looking = Request()
        shutter = self._shutter = Event()

        def work(camera: DocumentCamera, deadline: Deadline, cancel: Event) -> MrzKey | CaptureRefused | None:
            looking = deadline.within(LOOK_SECONDS)
            while not cancel.is_set() and not looking.expired:
                if shutter.is_set():
                    return camera.read_machine_readable_zone(deadline.within(ZONE_SECONDS), cancel)
                frame = camera.preview(deadline.within(1.0))
                if frame is not None:
                    desk.progress(request, partial(self._previewed, frame.jpeg))
                shutter.wait(PREVIEW_SECONDS)
            return None

        desk.ask(self._camera, work, LOOK_SECONDS + ZONE_SECONDS, self._looked, request)
        self._show(Phase.WAITING)

    def _previewed(self, jpeg: bytes) -> None:
        self._picture = jpeg
        self._step.report.changed()

    def _looked(self, result: MrzKey | CaptureRefused | JobFailed | None) -> None:
        self._looking = None
        match result:
            case MrzKey():
                self._picture = b""
                self._answered(result)
            case CaptureRefused():
                self._show(Phase.REFUSED, result.code)
            case JobFailed():
                self._way, self._camera = "", ""
                self._show(Phase.WAITING, "access_key.camera_gone")
            case None if self._shutter.is_set():
                self._show(Phase.REFUSED, "access_key.not_found")
            case None:
                self._look()

    def _cancel(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None


def _reads_zone(camera: DocumentCamera, deadline: Deadline, cancel: Event) -> bool:
    del deadline, cancel
    return camera.reads_zone


def _form(step: Step, way: str) -> Form:
    texts = step.tools.texts
    fields = tuple(
        FieldDefinition.model_validate(
            {
                "name": name,
                "kind": kind,
                "pattern": pattern,
                "max_length": longest,
                "example": example,
                "label": _words(texts, f"access_key.{name}"),
                "hint": _words(texts, f"access_key.{name}.hint"),
                "error": _words(texts, f"access_key.{name}.error"),
            }
        )
        for name, kind, pattern, longest, example in _FIELDS[way]
    )
    return Form(step.definition.model_copy(update={"fields": fields}), None, texts, {})


def _words(texts: Texts, key: str) -> Words:
    return Words(zh=texts.get("zh", key), en=texts.get("en", key))
