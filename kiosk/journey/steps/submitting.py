"""Handing in: journalled before it is sent, and the citizen gets an answer whether the network is there or not."""

from __future__ import annotations

from kiosk.contract.cases import LOCAL_CODE_PREFIX, MaterialFile, Submission
from kiosk.identity import applicant
from kiosk.journal import JournalUnavailable
from kiosk.journey.signature import png
from kiosk.journey.steps.base import Step
from kiosk.keys import new_key
from kiosk.session import HandedIn
from kiosk.uplink.outbox import Settled
from kiosk.view import Body, Buttons, Intent, Next, Phase, SubmitView

PATIENCE_SECONDS = 6.0
"""How long a citizen waits for central before the receipt says that the number follows."""


class SubmitStep(Step):
    """Hands in once. Nothing is told to the citizen before it is in the journal."""

    busy = True
    may_leave = False

    def enter(self) -> None:
        """Make the submission and journal it, on a thread that may wait for the disk."""
        self._phase = Phase.WORKING
        self._message = "submit.sending"
        self._decided = False
        visit, tools = self.visit, self.tools
        identity = visit.identity
        assert identity is not None  # noqa: S101 - the service check demands an identify step before
        key, handed_in_at = new_key(), tools.now()
        form, materials, strokes = dict(visit.typed), dict(visit.materials), visit.strokes
        language = visit.language
        item = visit.service.item

        def journal() -> HandedIn:
            local_no = tools.journal.next_local_no(tools.terminal_id)
            submission = Submission(
                task_code=item.task_code,
                task_version=item.task_version,
                terminal_id=tools.terminal_id,
                local_no=local_no,
                handed_in_at=handed_in_at,
                training=tools.training,
                language="zh" if language == "zh" else "en",
                applicant=applicant(identity),
                form=form,
                materials=tuple(MaterialFile(code=code, content=_encoded(jpeg)) for code, jpeg in materials.items()),
                signature_png=_encoded(png(strokes)),
            )
            body = submission.model_dump_json().encode()
            tools.outbox.hand_in("submission", key, local_no, body, "", self._settled_elsewhere)
            return HandedIn(key, local_no, handed_in_at.strftime("%Y-%m-%d %H:%M"))

        def attempt() -> HandedIn | JournalUnavailable:
            try:
                return journal()
            except JournalUnavailable as error:
                return error

        tools.background.run("submission", attempt, self._journalled, lambda: self.report.left("software_error"))

    def leave(self) -> None:
        """A late answer belongs to the outbox alone."""
        super().leave()
        self._decided = True

    def handle(self, intent: Intent) -> None:
        """Go on to the receipt without waiting for it to go by itself."""
        if isinstance(intent, Next) and self._phase is Phase.DONE:
            self.report.completed({})

    def body(self) -> Body:
        """Return how far it is."""
        return SubmitView(self._phase, self.say(self._message))

    def buttons(self) -> Buttons:
        """Nothing to touch while it is sent."""
        return Buttons()

    def _journalled(self, result: HandedIn | JournalUnavailable) -> None:
        if self._decided:
            return
        if isinstance(result, JournalUnavailable):
            self.report.left("journal.unavailable")
            return
        self.visit.handed_in = result
        self.after(PATIENCE_SECONDS, self._stored)
        if self._early is not None:
            self._settled(self._early)

    _early: Settled | None = None

    def _settled_elsewhere(self, settled: Settled) -> None:
        """Called on the outbox's thread."""
        self.tools.devices.post("submission settled", lambda: self._settled(settled))

    def _settled(self, settled: Settled) -> None:
        if self._decided:
            return
        if self.visit.handed_in is None:
            self._early = settled
            return
        if settled.accepted is not None:
            self.visit.handed_in.accepted = settled.accepted
            self._done("submit.accepted")
        else:
            self._decided = True
            self.report.left("submission_refused")

    def _stored(self) -> None:
        if not self._decided:
            self._done("submit.stored")

    def _done(self, message: str) -> None:
        self._decided = True
        self._phase, self._message = Phase.DONE, message
        self.report.changed()
        self.after(1.2, lambda: self.report.completed({}))


def local_code(key: str) -> str:
    """Return the QR text of a receipt that has no number yet."""
    return LOCAL_CODE_PREFIX + key


def _encoded(data: bytes) -> bytes:
    """Return what pydantic's base64 field expects on input."""
    import base64

    return base64.b64encode(data)
