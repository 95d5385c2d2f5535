"""Steps that work with a device: show a code, photograph a paper, and what all that wait for a device have in common."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from threading import Event

from drivers.base import Deadline
from drivers.document_camera import CaptureRefused, DocumentCamera, Photograph
from drivers.qr_scanner import QrPayload, QrRefused, QrScanner
from kiosk.contract.cases import CASE_CODE_PREFIX, LOCAL_CODE_PREFIX
from kiosk.devices.desk import Request
from kiosk.devices.worker import JobFailed
from kiosk.journey.steps.base import Step
from kiosk.paper_check import PaperVerdict, check_paper
from kiosk.view import (
    Body,
    Buttons,
    Capture,
    Choice,
    Intent,
    MaterialsView,
    Next,
    Phase,
    Pick,
    Retake,
    ScanView,
)

WAIT_SECONDS = 20.0
"""A wait for the citizen is asked for anew this often: between two waits the device's health is looked at, and a call that
does not come back is seen to hang."""
LOST_GRACE = 4.0
"""A device that drops out in the middle (a restarted service, a loose plug) may be back before the citizen notices."""
LOOK_SECONDS = 0.25
MOST_LOSSES = 3
"""A device that drops out again and again in one step is broken, however soon it is back each time."""
JOIN_SECONDS = 0.5
"""How often a step that waits looks for a device that has come back, such as the second of two readers."""
READ_SECONDS = 8.0
TEXT_SECONDS = 8.0
"""A page's text is read in three seconds on a small processor; a picture whose text takes longer is taken unread."""
RECEIPT_SYMBOLOGIES = frozenset({"qr_code", "unknown"})
"""Receipts bear QR codes; a scanner on a serial line does not tell what it read."""
HINTS = {
    "": "materials.hint_ready",
    "photo.no_paper": "materials.hint_no_paper",
    "photo.page_cut": "materials.hint_page_cut",
    "photo.covered": "materials.hint_covered",
    "photo.glare": "materials.hint_glare",
    "photo.too_dark": "materials.hint_too_dark",
    "photo.blank": "materials.hint_blank",
    "photo.blurred": "materials.hint_blurred",
}
"""What the live picture says of each thing that would be refused, before the shutter is touched."""
WORDS_OF_DOUBT = {"": "materials.good", "paper": "materials.other_paper", "number": "materials.other_number"}
TEXTS = frozenset({"identify", "materials"})
"""Messages that begin so are texts of assets/texts; all others are codes of the fault catalogue."""


class DeviceStep(Step):
    """Asks the devices of one class, again after a short loss, and gives up with the fault's code."""

    phase = Phase.WAITING
    _message = ""

    @property
    def message(self) -> str:
        """What is said now, in the visit's present language: a text of the terminal's or the words of a code."""
        if not self._message:
            return ""
        return self.say(self._message) if self._message.split(".")[0] in TEXTS else self.say_code(self._message)

    @property
    def awaits_hand_at(self) -> str:
        """The step's device, while it waits for a card, a code, a paper."""
        return self.definition.device if self.phase in (Phase.WAITING, Phase.REFUSED) else ""

    def enter(self) -> None:
        """Ask every device of the class that is well."""
        self._requests: dict[str, Request] = {}
        self._losses = 0
        self._ask_all()
        self.after(JOIN_SECONDS, self._join)

    def leave(self) -> None:
        """Let go of the devices."""
        super().leave()
        self._cancel_all()

    def ask(self, name: str) -> Request:
        """Give the device its work."""
        raise NotImplementedError

    def show(self, phase: Phase, message: str = "") -> None:
        """Show something new; ``message`` is the key of a text or a code of the fault catalogue."""
        self.phase, self._message = phase, message
        self.report.changed()

    def lost(self, name: str, failed: JobFailed) -> None:
        """A device dropped out: go on with the others, or try again until the grace is over."""
        self._requests.pop(name, None)
        if self._requests:
            return
        self._losses += 1
        if self._losses > MOST_LOSSES:
            self.report.device_failed(failed.fault.code)
        else:
            self._look_again(LOST_GRACE)  # not at once: that the device is gone is known only a moment later

    def _look_again(self, left: float) -> None:
        self.after(LOOK_SECONDS, lambda: self._retry_until(left - LOOK_SECONDS))

    def _retry_until(self, left: float) -> None:
        if self.tools.devices.availability.usable_devices(self.definition.device):
            self._ask_all()
        elif left <= 0:
            self.report.device_failed(self.tools.devices.fault_of(self.definition.device).code)
        else:
            self._look_again(left)

    def _ask_all(self) -> None:
        """Ask every device that is well and not at work for this step already."""
        for name in self.tools.devices.availability.usable_devices(self.definition.device):
            if name not in self._requests:
                self._requests[name] = self.ask(name)
        if not self._requests:
            self._look_again(LOST_GRACE)

    def _join(self) -> None:
        """While others wait for the citizen, ask a device that was away when they were asked, or dropped out since."""
        if self._requests and self.phase is not Phase.WORKING:
            self._ask_all()
        self.after(JOIN_SECONDS, self._join)

    def _cancel_all(self) -> None:
        for request in self._requests.values():
            request.cancel()
        self._requests.clear()

    def _only(self, name: str) -> None:
        """Stop the other devices: this one has the citizen's card."""
        for other in [key for key in self._requests if key != name]:
            self._requests.pop(other).cancel()

    def alternatives(self) -> tuple[Choice, ...]:
        """Return the other way, where the service has one and its device is well."""
        if not self.definition.alternative:
            return ()
        other = self.visit.service.step(self.definition.alternative)
        if other.device and self.tools.devices.availability.reason(other.device):
            return ()
        return (Choice("alternative", self.say(f"alternative.{other.kind}")),)

    def handle(self, intent: Intent) -> None:
        """Take the other way."""
        if isinstance(intent, Pick) and intent.choice == "alternative" and self.alternatives():
            self.report.alternative()

    def buttons(self) -> Buttons:
        """Only cancel: the device goes on by itself."""
        return Buttons(cancel=True)


class ScanStep(DeviceStep):
    """Waits for the code of a receipt; other codes are refused with words and the wait goes on."""

    def ask(self, name: str) -> Request:
        """Wait for a code."""

        def work(scanner: QrScanner, deadline: Deadline, cancel: Event) -> QrPayload | QrRefused | None:
            return scanner.scan(deadline, cancel)

        return self.tools.devices.ask(name, work, WAIT_SECONDS, lambda result: self._scanned(name, result))

    def body(self) -> Body:
        """Return what to do."""
        return ScanView(self.text.instruction, self.phase, self.message, self.alternatives())

    def _scanned(self, name: str, result: QrPayload | QrRefused | JobFailed | None) -> None:
        self._requests.pop(name, None)
        match result:
            case QrPayload():
                if result.symbology in RECEIPT_SYMBOLOGIES and _is_receipt(result.text):
                    self._cancel_all()
                    self.visit.code = result.text
                    self.report.completed({})
                else:
                    self._refuse("code.not_a_receipt")
            case QrRefused():
                self._refuse(result.code)
            case JobFailed():
                self.lost(name, result)
            case None:
                self._ask_all()

    def _refuse(self, code: str) -> None:
        self.show(Phase.REFUSED, code)
        self._cancel_all()
        self._ask_all()


def _is_receipt(text: str) -> bool:
    """Whether this can be the code of a receipt: anything may be held to the camera, and central takes no more than that."""
    return text.startswith((CASE_CODE_PREFIX, LOCAL_CODE_PREFIX)) and 8 <= len(text) <= 200


@dataclass(frozen=True)
class _Taken:
    """A photograph, and what was read on it where anything was."""

    photograph: Photograph
    verdict: PaperVerdict = field(default_factory=PaperVerdict)


@dataclass
class _Shutter:
    """What the terminal's thread tells the camera's thread while it shows the preview."""

    wanted: Event = field(default_factory=Event)


class MaterialsStep(DeviceStep):
    """Photographs the papers one after the other, with a live picture, and refuses those that cannot be read."""

    PREVIEW_SECONDS = 0.15

    def enter(self) -> None:
        """Start with the first paper."""
        self._index = 0
        self._picture = b""
        self._hint = ""
        self._taken: Photograph | None = None
        super().enter()

    def leave(self) -> None:
        """Forget the picture: whoever still holds this step must not hold a citizen's paper."""
        super().leave()
        self._taken = None
        self._picture = b""

    def ask(self, name: str) -> Request:
        """Show the preview until the shutter is touched, then take the picture."""
        request = Request()
        desk = self.tools.devices
        shutter = self._shutter = _Shutter()

        expects = self.definition.expects.get(self.definition.materials[self._index], ())
        number = self.visit.identity.number if self.visit.identity is not None else ""

        def work(camera: DocumentCamera, deadline: Deadline, cancel: Event) -> _Taken | CaptureRefused | None:
            shown: tuple[bytes, str | None] = (b"", None)
            last: str | None = None
            looking = deadline.within(WAIT_SECONDS)
            while not cancel.is_set() and not looking.expired:
                if shutter.wanted.is_set():
                    taken = camera.capture(deadline.within(READ_SECONDS), cancel)
                    if not isinstance(taken, Photograph):
                        return taken
                    if not expects or not camera.reads_text:
                        return _Taken(taken)
                    desk.progress(request, lambda: self.show(Phase.WORKING, "materials.checking"))
                    lines = camera.read_text(taken.jpeg, deadline.within(TEXT_SECONDS), cancel)
                    return _Taken(taken, check_paper(lines or (), expects, number))
                frame = camera.preview(deadline.within(1.0))
                if frame is not None:
                    hint = frame.hint if frame.hint == last else shown[1]  # seen twice, or it would flicker
                    last = frame.hint
                    if (frame.jpeg, hint) != shown:
                        shown = (frame.jpeg, hint)
                        desk.progress(request, partial(self._previewed, frame.jpeg, hint))
                shutter.wanted.wait(self.PREVIEW_SECONDS)
            return None

        seconds = WAIT_SECONDS + READ_SECONDS + (TEXT_SECONDS if expects else 0.0)
        return desk.ask(name, work, seconds, lambda result: self._captured(name, result), request)

    def handle(self, intent: Intent) -> None:
        """Take the picture, take it again, or go on with it."""
        if isinstance(intent, Capture) and self._taken is None and self._requests:
            self._shutter.wanted.set()
            self.show(Phase.WORKING, "materials.hold_still")
        elif isinstance(intent, Retake) and (self._taken is not None or self.phase is Phase.REFUSED):
            self._again()
        elif isinstance(intent, Next) and self._taken is not None:
            self.visit.materials[self.definition.materials[self._index]] = self._taken.jpeg
            if self._index + 1 == len(self.definition.materials):
                self.report.completed({})
            else:
                self._index += 1
                self._again()
        else:
            super().handle(intent)

    def body(self) -> Body:
        """Return the picture and what to do."""
        code = self.definition.materials[self._index]
        material = next(material for material in self.visit.service.item.materials if material.code == code)
        return MaterialsView(
            name=material.name if self.visit.language == "zh" else material.name_en,
            guide=self.text.guide,
            phase=self.phase,
            message=self.message,
            picture=self._picture,
            index=self._index + 1,
            count=len(self.definition.materials),
            hint=self.say(self._hint) if self._hint and self.phase is Phase.WAITING else "",
        )

    def buttons(self) -> Buttons:
        """Next only with a picture; capture and retake belong to the screen."""
        return Buttons(cancel=True, next=self.say("button.use_picture"), next_enabled=self._taken is not None)

    def _again(self) -> None:
        self._taken = None
        self._picture, self._hint = b"", ""
        self.show(Phase.WAITING)
        self._cancel_all()
        self._ask_all()

    def _previewed(self, jpeg: bytes, hint: str | None) -> None:
        self._picture = jpeg
        self._hint = HINTS.get(hint, "") if hint is not None else ""
        self.report.changed()

    def _captured(self, name: str, result: _Taken | CaptureRefused | JobFailed | None) -> None:
        self._requests.pop(name, None)
        match result:
            case _Taken():
                self._taken = result.photograph
                self._picture = result.photograph.jpeg
                # A warning only: the citizen takes it again or goes on, and the people who examine the case decide.
                self.show(Phase.REFUSED if result.verdict.doubt else Phase.DONE, WORDS_OF_DOUBT[result.verdict.doubt])
            case CaptureRefused():
                self.show(Phase.REFUSED, result.code)
                self._ask_all()
            case JobFailed():
                self.show(Phase.WAITING)
                self.lost(name, result)
            case None:
                wanted = self._shutter.wanted.is_set()
                self._ask_all()
                if wanted:  # touched in the moment in which the wait ended
                    self._shutter.wanted.set()
