"""The step that reads the citizen's card, and asks for the key where the card is a travel document."""

from __future__ import annotations

from threading import Event

from drivers.base import Deadline
from drivers.card_reader import AccessKey, CardHandle, CardReader, CardRefused, IdentityDocument
from kiosk.devices.desk import Request
from kiosk.devices.worker import JobFailed
from kiosk.identity import accepts_travel_documents, refusal
from kiosk.journey.steps.access_key import KeyQuestion
from kiosk.journey.steps.devices import READ_SECONDS, WAIT_SECONDS, DeviceStep
from kiosk.view import Body, Buttons, IdentifyView, Intent, Phase

LIFT_SECONDS = 4.0
"""Who has just put a card down sees it read; after so long a card that lies there is one that was there before."""
KEYED_READ_SECONDS = 20.0
"""A travel document's portrait comes over the air, encrypted, a few hundred bytes at a time."""
KEY_CODES = ("card.key_needed", "card.wrong_key", "card.no_access_number")


class IdentifyStep(DeviceStep):
    """The first card on any reader wins. A card that was pulled or refused is explained, and the wait goes on.

    A travel document is read again with the key that the citizen gave. Lifted to look at its data page or to lay that under
    the camera, it is waited for, and read with the key once it is back.
    """

    def enter(self) -> None:
        """Wait for a card, without a key."""
        self._key: AccessKey | None = None
        self._question: KeyQuestion | None = None
        self._asks = False
        self._opening: tuple[str, CardHandle] | None = None
        super().enter()

    def leave(self) -> None:
        """Forget the key and what was typed."""
        super().leave()
        self._forget_key()

    def ask(self, name: str) -> Request:
        """Wait for a card and read it, in one job so that nobody comes between."""
        request = Request()
        desk = self.tools.devices
        key = self._key
        seconds = READ_SECONDS if key is None else KEYED_READ_SECONDS

        def work(reader: CardReader, deadline: Deadline, cancel: Event) -> IdentityDocument | CardRefused | None:
            handle = reader.wait_card(deadline.within(LIFT_SECONDS), cancel)
            if handle is None:
                if reader.must_lift:
                    desk.progress(request, self._lift_first)
                handle = reader.wait_card(deadline.within(WAIT_SECONDS - LIFT_SECONDS), cancel)
            if handle is None or cancel.is_set():
                return None  # a card that was read counts as used, and nobody would hear of it
            desk.progress(request, lambda: self._reading(name, handle))
            return reader.read_identity(handle, deadline.within(seconds), key)

        return desk.ask(name, work, WAIT_SECONDS + seconds, lambda result: self._read(name, result), request)

    # ---- what is shown: the card, or the question for its key

    @property
    def screen(self) -> str:
        """The step's own screen, or the question's."""
        return self._question.screen if self._question is not None and self._asks else super().screen

    @property
    def awaits_hand_at(self) -> str:
        """The reader, or the camera that is to see the data page."""
        return self._question.awaits_hand_at if self._question is not None and self._asks else super().awaits_hand_at

    def title(self) -> str:
        """Return the screen's title."""
        return self._question.title() if self._question is not None and self._asks else super().title()

    def body(self) -> Body:
        """Return what to do."""
        if self._question is not None and self._asks:
            return self._question.body()
        return IdentifyView(self.text.instruction, self.phase, self.message, self.alternatives())

    def buttons(self) -> Buttons:
        """Only cancel while the reader works; what the question needs while it asks."""
        return self._question.buttons() if self._question is not None and self._asks else super().buttons()

    def handle(self, intent: Intent) -> None:
        """Give a touch to the question while it asks."""
        if self._question is not None and self._asks:
            self._question.handle(intent)
        else:
            super().handle(intent)

    def back(self) -> bool:
        """Go back in the question while it asks."""
        if self._question is None or not self._asks:
            return False
        self._question.back()
        return True

    # ---- what the reader says

    def _lift_first(self) -> None:
        """Say why the card that lies there is not read: somebody may have left it, and only lifting tells whose it is."""
        if self.phase is Phase.WAITING and not self._message and not self._asks:
            self.show(Phase.WAITING, "identify.lift_first")

    def _reading(self, name: str, handle: CardHandle) -> None:
        self._only(name)
        self._opening = name, handle
        self.show(Phase.WORKING, "identify.reading")

    def _read(self, name: str, result: IdentityDocument | CardRefused | JobFailed | None) -> None:
        self._requests.pop(name, None)
        match result:
            case IdentityDocument():
                why_not = refusal(result, self.visit.service.holders, self.tools.now().date())
                if why_not:
                    self._forget_key()
                    self._refuse(why_not)
                    return
                self._cancel_all()
                self.visit.identity = result
                self.visit.card_reader = name
                self.visit.code = ""  # of another way to ask, before the citizen went back
                self.report.completed({"holder": result.kind.value})
            case CardRefused() if result.code in KEY_CODES:
                self._ask_for_key(result.code)
            case CardRefused() if result.code == "card.removed" and self._key is not None:
                self._wait_again(Phase.WAITING, "identify.put_back")
            case CardRefused():
                self._refuse(result.code)
            case JobFailed():
                self.show(Phase.WAITING)
                self.lost(name, result)
            case None:
                self._ask_all()

    def _refuse(self, code: str) -> None:
        self._wait_again(Phase.REFUSED, code)

    def _wait_again(self, phase: Phase, message: str = "") -> None:
        self.show(phase, message)
        self._cancel_all()
        self._ask_all()

    # ---- the key

    def _ask_for_key(self, code: str) -> None:
        if not accepts_travel_documents(self.visit.service.holders):
            self._refuse("card.not_for_this_service")
            return
        self._cancel_all()
        self._key = None
        if self._question is None:
            self._question = KeyQuestion(self, self._read_with, self._other_card)
        self._question.ask(code)
        self._asks = True
        self.show(Phase.WAITING)

    def _read_with(self, key: AccessKey) -> None:
        """Read the document that asked for it, if it still lies there."""
        if self._opening is None:
            return
        name, handle = self._opening
        self._key = key
        self._asks = False
        self.show(Phase.WORKING, "identify.reading")

        def work(reader: CardReader, deadline: Deadline, cancel: Event) -> IdentityDocument | CardRefused:
            del cancel
            return reader.read_identity(handle, deadline, key)

        self._requests[name] = self.tools.devices.ask(
            name, work, KEYED_READ_SECONDS, lambda result: self._read(name, result)
        )

    def _other_card(self) -> None:
        self._forget_key()
        self._wait_again(Phase.WAITING, "identify.other_card")

    def _forget_key(self) -> None:
        self._key = None
        self._asks = False
        if self._question is not None:
            self._question.leave()
            self._question = None
