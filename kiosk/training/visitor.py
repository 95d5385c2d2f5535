"""The scripted citizen: looks at the glass as a person does, touches the real screens, and goes through a service."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from drivers.base import Deadline
from kiosk.config import ASSETS
from kiosk.faults import Catalogue
from kiosk.journey.definition import FieldDefinition, ServiceDefinition
from kiosk.training.citizen import Citizen
from kiosk.training.display import VirtualDisplay
from kiosk.training.world import World, pause

VISIT_SECONDS = 150.0
TOUCH_SECONDS = 4.0
PATIENT_TOUCHES = 4
LOOK_SECONDS = 0.04
PAPER_SECONDS = 0.5
"""A hand lays the paper down and goes away before the other one touches the button."""
REFUSALS = {"identify": "card.", "scan": "code.", "materials": "photo."}
"""Screen -> the codes with which what the citizen shows there may be refused."""
PUT_AGAIN = ("card.removed", "card.unreadable")
"""Refusals whose words tell the citizen to put the card on the reader once more."""
MOST_TRIES = 3
HAND_SECONDS = 0.8
"""No hand is faster in taking a card up and laying it down again."""

SIGNATURE = (
    ((0.15, 0.30), (0.25, 0.28), (0.35, 0.30)),
    ((0.25, 0.20), (0.25, 0.45), (0.22, 0.65), (0.15, 0.80)),
    ((0.45, 0.25), (0.55, 0.50), (0.65, 0.75), (0.80, 0.70)),
    ((0.70, 0.30), (0.60, 0.55), (0.45, 0.80)),
)


class Lost(Exception):  # noqa: N818 - what happened to the citizen, not an error of the program
    """The scripted citizen does not know how to go on; the text says where."""


class Visitor:
    """One citizen before one terminal with a virtual screen. ``picture`` is called with the name of each thing seen."""

    def __init__(
        self,
        world: World,
        service: ServiceDefinition,
        citizen: Citizen,
        language: str = "zh",
        code: str = "",
        picture: Callable[[str], None] = lambda name: None,
    ) -> None:
        """``code`` is what the citizen holds up where a code is asked for."""
        display = world.display
        assert display is not None  # noqa: S101 - a scripted citizen touches a screen of its own
        self._world = world
        self._display: VirtualDisplay = display
        self._service = service
        self._citizen = citizen
        self._language = language
        self._code = code
        self._picture = picture
        self._pictured = ""
        self._tries = 1
        self.refused = ""
        """The code with which the citizen's card, code or paper was refused; empty as long as all went well."""

    def visit(self) -> None:
        """Go from the home screen to the home screen; leave early when refused. Raises ``Lost``."""
        home = self.see(lambda glass: _tile(glass, self._service.id) is not None, "the home screen")
        if self._language != "zh":
            self._touch(home, "language")
            self.see(
                lambda glass: glass["revision"] > home["revision"] and _tile(glass, self._service.id) is not None,
                "the other language",
            )
        glass = self.see(lambda glass: _is_offered(glass, self._service.id), "the service to be available")
        self._picture("home")
        self._touch_until(glass, f"tile:{self._service.id}", lambda seen: seen["session"] is not None, "the first step")
        deadline = Deadline.after(VISIT_SECONDS)
        while not deadline.expired:
            glass = self._world.observer.glass()
            if glass is None:
                raise Lost("the terminal is gone")
            if glass["session"] is None:
                self.see(lambda seen: seen["session"] is None, "the home screen at the end")
                self._picture("home-again")
                return
            if glass.get("drawn") == glass["revision"]:
                self._go_on(glass)
            pause(LOOK_SECONDS)
        raise Lost("the visit takes too long")

    def see(self, ready: Callable[[dict[str, Any]], bool], what: str, seconds: float = 20.0) -> dict[str, Any]:
        """Wait until what is drawn is so, and return it. Raises ``Lost``."""
        deadline = Deadline.after(seconds)
        while not deadline.expired:
            glass = self._world.observer.glass()
            if glass is not None and glass.get("revision") and glass.get("drawn") == glass["revision"] and ready(glass):
                return glass
            if self._world.terminal is not None and self._world.terminal.poll() is not None:
                raise Lost("the terminal has ended")
            pause(LOOK_SECONDS)
        raise Lost(f"waited in vain for {what}")

    def _go_on(self, glass: dict[str, Any]) -> None:
        screen = glass["screen"]
        if glass["phase"] == "refused" and screen in REFUSALS:
            self._refused(glass, REFUSALS[screen])
            return
        act = getattr(self, f"_at_{screen}", None)
        if act is None:
            raise Lost(f"no idea what to do on the screen {screen}")
        if screen not in ("receipt", "document", "result"):
            self._picture_once(glass)
        act(glass)

    def _refused(self, glass: dict[str, Any], prefix: str) -> None:
        """Understand why by the words on the screen: try again where they say so, else take everything along and leave."""
        faults = Catalogue.load(ASSETS / "faults")
        said = glass["message"]
        codes = (code for code in faults.entries if code.startswith(prefix))
        why = next((code for code in codes if faults.for_citizen(code, self._language) == said), "unknown")
        if why in PUT_AGAIN and self._tries < MOST_TRIES:
            self._tries += 1
            self._world.hall.take_card()
            pause(HAND_SECONDS)
            self._at_identify(glass)
            return
        self.refused = why
        self._picture(f"{glass['step']}-refused")
        self._take_everything()
        self._touch(glass, "cancel")
        self._moved_on(glass)

    # ---- one method a screen

    def _at_notice(self, glass: dict[str, Any]) -> None:
        self._next(glass)

    def _at_review(self, glass: dict[str, Any]) -> None:
        self._next(glass)

    def _at_choose(self, glass: dict[str, Any]) -> None:
        step = self._service.step(glass["step"])
        answer = self._citizen.answers.get(step.field, step.choices[0].id)
        self._touch(glass, f"choice:{answer}")
        self._moved_on(glass)

    def _at_identify(self, glass: dict[str, Any]) -> None:
        self._world.hall.put_card(self._citizen.card, self._citizen.reader)
        self._changed(glass)

    def _at_scan(self, glass: dict[str, Any]) -> None:
        self._world.hall.hold_code(self._code)
        self._changed(glass)

    def _at_form(self, glass: dict[str, Any]) -> None:
        for shown in glass["fields"]:
            if shown["kind"] != "read_only" and not shown["value"] and self._fill(glass, shown):
                return
        self._picture(f"{glass['step']}-filled")
        self._next(self._fresh())

    def _fill(self, glass: dict[str, Any], shown: dict[str, Any]) -> bool:
        """Fill one field as far as one look goes; False when there is nothing to put in."""
        name = shown["name"]
        glass = self._turned_to(glass, name)
        definition = _field(self._service, name)
        answer = (
            self._citizen.answers.get(name)
            or definition.example
            or (definition.choices[0].id if definition.choices else "")
        )
        if not answer:
            if definition.required:
                raise Lost(f"no answer for the field {name}")
            return False
        if shown["kind"] == "choice":
            if not _has(glass, f"choice:{answer}"):
                self._touch(glass, f"field:{name}")
                glass = self.see(lambda seen: _has(seen, f"choice:{answer}"), f"the choices of {name}")
            self._touch(glass, f"choice:{answer}")
        else:
            self._type(glass, name, answer)
        self.see(lambda seen: _value(seen, name) == answer, f"the field {name} to be filled")
        return True

    def _type(self, glass: dict[str, Any], name: str, answer: str) -> None:
        if not _has(glass, f"key:{answer[0]}"):
            self._touch(glass, f"field:{name}")
            glass = self.see(lambda seen: _has(seen, f"key:{answer[0]}"), "the keys")
        self._picture(f"{glass['step']}-keys")
        for place, character in enumerate(answer, start=1):
            self._touch(glass, f"key:{character}")
            expected = answer[:place]
            glass = self.see(
                lambda seen, expected=expected: _value(seen, name) == expected, f"{place} characters in {name}"
            )
        if _has(glass, "key:done"):
            self._touch(glass, "key:done")

    def _turned_to(self, glass: dict[str, Any], name: str) -> dict[str, Any]:
        """Turn the form's pages until the field is on the glass."""
        while not _has(glass, f"field:{name}") and not _has(glass, "key:done"):
            shown = glass["texts"]
            self._touch(glass, "page:next")
            glass = self.see(lambda seen, shown=shown: seen["texts"] != shown, "the next page")
        return glass

    def _at_materials(self, glass: dict[str, Any]) -> None:
        if glass["phase"] == "waiting":
            self._world.hall.put_paper(None, True)
            pause(PAPER_SECONDS)
            self._touch(self._fresh(), "capture")
            self.see(lambda seen: seen["phase"] in ("done", "refused"), "the photograph")
        elif glass["phase"] == "done":
            self._picture(f"{glass['step']}-done")
            self._world.hall.take_paper()
            self._next(self._fresh())

    def _at_sign(self, glass: dict[str, Any]) -> None:
        pad = _thing(glass, "signature")
        for stroke in SIGNATURE:
            points = [
                (round(pad["x"] + x * pad["width"]), round(pad["y"] + y * pad["height"])) for x, y in _slowly(stroke)
            ]
            self._display.press(*points[0])
            for point in points[1:]:
                self._display.move(*point)
                pause(0.015)
            self._display.release()
            pause(0.1)
        self.see(lambda seen: _has(seen, "next") and _thing(seen, "next")["enabled"], "the signature to be taken")
        self._picture(f"{glass['step']}-signed")
        self._next(self._fresh())

    def _at_submit(self, glass: dict[str, Any]) -> None:
        """It goes on by itself."""

    def _at_receipt(self, glass: dict[str, Any]) -> None:
        if glass["phase"] != "working":
            self._picture(glass["step"])
            self._next(self._fresh())

    def _at_document(self, glass: dict[str, Any]) -> None:
        self._at_receipt(glass)

    def _at_result(self, glass: dict[str, Any]) -> None:
        self._at_receipt(glass)

    def _at_rate(self, glass: dict[str, Any]) -> None:
        self._touch(glass, f"rate:{self._citizen.answers.get('rating', '1')}")
        self._moved_on(glass)

    def _at_finish(self, glass: dict[str, Any]) -> None:
        self._take_everything()
        self._next(glass)

    def _at_fault(self, glass: dict[str, Any]) -> None:
        self._take_everything()
        self._touch(glass, "choice:stop")
        self._moved_on(glass)

    # ---- touching

    def _take_everything(self) -> None:
        self._world.hall.take_card()
        self._world.hall.take_code()
        self._world.hall.take_paper()

    def _fresh(self) -> dict[str, Any]:
        return self.see(lambda _: True, "the screen")

    def _touch(self, glass: dict[str, Any], name: str) -> None:
        thing = _thing(glass, name)
        if not thing["enabled"]:
            # A new screen takes no touch for a moment, so that a finger that comes down late does not confirm it unread.
            glass = self.see(lambda seen: _has(seen, name) and _thing(seen, name)["enabled"], f"{name} to be touchable")
            thing = _thing(glass, name)
        self._display.touch(round(thing["x"] + thing["width"] / 2), round(thing["y"] + thing["height"] / 2))

    def _touch_until(self, glass: dict[str, Any], name: str, done: Callable[[dict[str, Any]], bool], what: str) -> None:
        """Touch, and once more when nothing came of it: a screen that is drawn anew under the finger takes no touch."""
        for _ in range(PATIENT_TOUCHES):
            self._touch(glass, name)
            seconds = Deadline.after(TOUCH_SECONDS)
            while not seconds.expired:
                seen = self._world.observer.glass()
                if seen is not None and seen.get("drawn") == seen["revision"] and done(seen):
                    return
                pause(LOOK_SECONDS)
            glass = self.see(lambda seen: done(seen) or _has(seen, name), what)
            if done(glass):
                return
        raise Lost(f"waited in vain for {what}")

    def _next(self, glass: dict[str, Any]) -> None:
        before = (glass["step"], glass["session"], glass["screen"])
        self._touch_until(
            glass,
            "next",
            lambda seen: (seen["step"], seen["session"], seen["screen"]) != before,
            f"the end of the step {glass['step']}",
        )

    def _moved_on(self, glass: dict[str, Any]) -> None:
        """Wait until the step has changed, so that one intention is one touch."""
        before = (glass["step"], glass["session"], glass["screen"])
        self.see(
            lambda seen: (seen["step"], seen["session"], seen["screen"]) != before,
            f"the end of the step {glass['step']}",
        )

    def _changed(self, glass: dict[str, Any]) -> None:
        """Wait until the terminal has answered to what was put or held somewhere."""
        before = (glass["step"], glass["session"])
        self.see(
            lambda seen: (
                (seen["step"], seen["session"]) != before
                or (seen["revision"] > glass["revision"] and seen["phase"] in ("refused", "done"))
            ),
            f"an answer in the step {glass['step']}",
        )

    def _picture_once(self, glass: dict[str, Any]) -> None:
        """One picture when a step is entered, and no more while it lasts."""
        moment = f"{glass['session']} {glass['step']} {glass['screen']}"
        if moment != self._pictured:
            self._pictured = moment
            self._picture(glass["step"] if glass["screen"] != "fault" else "fault")


def _slowly(stroke: tuple[tuple[float, float], ...]) -> list[tuple[float, float]]:
    """Return the stroke with eight points from corner to corner, as a hand moves."""
    points = [stroke[0]]
    for (x0, y0), (x1, y1) in pairwise(stroke):
        points += [(x0 + (x1 - x0) * part / 8, y0 + (y1 - y0) * part / 8) for part in range(1, 9)]
    return points


def _has(glass: dict[str, Any], name: str) -> bool:
    return any(thing["id"] == name for thing in glass.get("touchables", ()))


def _thing(glass: dict[str, Any], name: str) -> dict[str, Any]:
    for thing in glass.get("touchables", ()):
        if thing["id"] == name:
            return thing
    raise Lost(f"{name} is not on the screen {glass.get('screen')}")


def _tile(glass: dict[str, Any], service: str) -> dict[str, Any] | None:
    return next((tile for tile in glass.get("tiles", ()) if tile["service"] == service), None)


def _is_offered(glass: dict[str, Any], service: str) -> bool:
    tile = _tile(glass, service)
    return tile is not None and bool(tile["available"])


def _value(glass: dict[str, Any], name: str) -> str:
    return next((shown["value"] for shown in glass.get("fields", ()) if shown["name"] == name), "")


def _field(service: ServiceDefinition, name: str) -> FieldDefinition:
    return next(definition for step in service.steps for definition in step.fields if definition.name == name)
