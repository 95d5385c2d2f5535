"""Steps that need nothing but the citizen: read, choose, fill in, review, sign, rate, leave."""

from __future__ import annotations

from threading import Event

from drivers.base import Deadline
from drivers.card_reader import CardReader
from kiosk.contract.cases import Rating
from kiosk.devices.desk import Request
from kiosk.devices.worker import JobFailed
from kiosk.journey.forms import Form
from kiosk.journey.steps.base import Step
from kiosk.keys import new_key
from kiosk.view import (
    Body,
    Buttons,
    Choice,
    ChooseView,
    Fill,
    FinishView,
    FormView,
    Intent,
    Next,
    NoticeView,
    Pick,
    RateView,
    ReviewView,
    Row,
    Signature,
    SignView,
)


class NoticeStep(Step):
    """What to know before starting."""

    def handle(self, intent: Intent) -> None:
        """Go on."""
        if isinstance(intent, Next):
            self.report.completed({})

    def body(self) -> Body:
        """Return the paragraphs."""
        return NoticeView(self.text.paragraphs)


class ChooseStep(Step):
    """One question; answers whose device is not well are not offered."""

    def handle(self, intent: Intent) -> None:
        """Take the answer."""
        if isinstance(intent, Pick) and any(choice.id == intent.choice for choice in self._choices()):
            self.report.completed({self.definition.field: intent.choice})

    def body(self) -> Body:
        """Return the question."""
        return ChooseView(self.text.question, self._choices())

    def buttons(self) -> Buttons:
        """Only cancel: touching an answer goes on."""
        return Buttons(cancel=True)

    def _choices(self) -> tuple[Choice, ...]:
        availability = self.tools.devices.availability
        return tuple(
            Choice(option.id, option.in_language(self.visit.language))
            for option in self.definition.choices
            if not option.device or not availability.reason(option.device)
        )


class FormStep(Step):
    """The form, filled from the card as far as it goes."""

    def enter(self) -> None:
        """Make the form, with what was typed before going back."""
        self._form = Form(self.definition, self.visit.identity, self.tools.texts, self.visit.typed)
        self._message = ""

    def handle(self, intent: Intent) -> None:
        """Take a value, or check everything and go on."""
        if isinstance(intent, Fill) and self._form.fill(intent.name, intent.value):
            self._keep()
            self.report.changed()
        elif isinstance(intent, Next):
            if self._form.complete():
                self.visit.forms[self.definition.id] = self._form
                choices = {field.name for field in self.definition.fields if field.kind == "choice"}
                self.report.completed({name: value for name, value in self._keep().items() if name in choices})
            else:
                self._message = "form.incomplete"
                self.report.changed()

    def body(self) -> Body:
        """Return the fields."""
        return FormView(self._form.views(self.visit.language), self.say(self._message) if self._message else "")

    def _keep(self) -> dict[str, str]:
        """Keep what this form says now, beside what other forms of the visit say; return it."""
        typed = self._form.typed()
        for field in self.definition.fields:
            self.visit.typed.pop(field.name, None)
        self.visit.typed.update(typed)
        return typed


class ReviewStep(Step):
    """Everything once more before it is handed in."""

    def handle(self, intent: Intent) -> None:
        """Go on."""
        if isinstance(intent, Next):
            self.report.completed({})

    def body(self) -> Body:
        """Return what was filled in and what was photographed."""
        rows = [row for form in self.visit.forms.values() for row in form.rows(self.visit.language)]
        for material in self.visit.service.item.materials:
            if material.code in self.visit.materials:
                name = material.name if self.visit.language == "zh" else material.name_en
                rows.append(Row(name, self.say("review.photographed")))
        return ReviewView(tuple(rows), self.text.statement)

    def buttons(self) -> Buttons:
        """Confirm."""
        return Buttons(cancel=True, next=self.say("button.confirm"))


class SignStep(Step):
    """The signature."""

    def enter(self) -> None:
        """Start with an empty pad, as it is shown: nobody hands in a signature that cannot be seen."""
        self.visit.strokes = ()
        self._message = ""

    def handle(self, intent: Intent) -> None:
        """Take strokes; go on once there is something that can be a signature."""
        if isinstance(intent, Signature):
            self.visit.strokes = intent.strokes
            self._message = ""
            self.report.changed()
        elif isinstance(intent, Next):
            if self._is_signed():
                self.report.completed({})
            else:
                self._message = "sign.missing"
                self.report.changed()

    def body(self) -> Body:
        """Return the statement."""
        return SignView(self.text.statement, self.say(self._message) if self._message else "")

    def buttons(self) -> Buttons:
        """Hand in."""
        return Buttons(cancel=True, next=self.say("button.hand_in"), next_enabled=self._is_signed())

    def _is_signed(self) -> bool:
        """A dot by accident is no signature: some stroke must have gone a twentieth of the pad."""
        return any(
            abs(a[0] - b[0]) + abs(a[1] - b[1]) > 0.05
            for stroke in self.visit.strokes
            for a in stroke[:1]
            for b in stroke
        )


RATING_LEVELS = ("1", "2", "3", "4", "5")
RATING_REASONS = ("slow", "unclear", "device", "result", "other")
NEEDS_REASON = frozenset({"4", "5"})
"""GB/T 39046 counts 1 very satisfied .. 5 very dissatisfied; a level worse than 3 needs a reason."""


class RateStep(Step):
    """好差评."""

    _level = ""

    def handle(self, intent: Intent) -> None:
        """Take the level, and a reason where one is needed; next skips."""
        if isinstance(intent, Next):
            self.report.completed({})
        elif isinstance(intent, Pick) and intent.choice in RATING_LEVELS:
            self._level = intent.choice
            if self._level in NEEDS_REASON:
                self.report.changed()
            else:
                self._rate(())
        elif isinstance(intent, Pick) and self._level in NEEDS_REASON and intent.choice in RATING_REASONS:
            self._rate((intent.choice,))

    def body(self) -> Body:
        """Return the faces, and the reasons once they are needed."""
        levels = tuple(Choice(level, self.say(f"rate.level.{level}")) for level in RATING_LEVELS)
        if self._level not in NEEDS_REASON:
            return RateView(self.text.question, levels, self._level)
        reasons = tuple(Choice(reason, self.say(f"rate.reason.{reason}")) for reason in RATING_REASONS)
        return RateView(self.text.question, levels, self._level, reasons, self.say("rate.why"))

    def buttons(self) -> Buttons:
        """Rating is free to skip."""
        return Buttons(next=self.say("button.skip"))

    def _rate(self, reasons: tuple[str, ...]) -> None:
        handed_in = self.visit.handed_in
        if handed_in is not None:
            rating = Rating(
                subject_no=handed_in.accepted.project_no if handed_in.accepted else handed_in.local_no,
                task_code=self.visit.service.item.task_code,
                assess_number=1,
                satisfaction=int(self._level),
                reasons=reasons,
                rated_at=self.tools.now(),
            )
            body = rating.model_dump_json().encode()
            self.tools.background.run(
                "rating",
                lambda: self.tools.outbox.hand_in(
                    "rating", new_key(), handed_in.local_no, body, handed_in.key, lambda settled: None
                ),
                lambda _: None,
                lambda: None,
            )
        self.report.completed({"satisfaction": self._level})


class FinishStep(Step):
    """Good-bye: stays a few seconds, longer while a card still lies on the reader."""

    LONGEST_WAIT = 30.0

    def enter(self) -> None:
        """Watch for the card to be taken."""
        self._card_there = bool(self.visit.card_reader)
        self._time_is_up = False
        self._request: Request | None = None
        self.after(self.tools.finish_after, self._up)
        self.after(self.LONGEST_WAIT, lambda: self.report.completed({}))
        if self._card_there:
            self._request = self.tools.devices.ask(
                self.visit.card_reader,
                _wait_removed,
                self.LONGEST_WAIT,
                self._removed,
            )

    def leave(self) -> None:
        """Stop watching."""
        super().leave()
        if self._request is not None:
            self._request.cancel()

    def handle(self, intent: Intent) -> None:
        """The citizen is done."""
        if isinstance(intent, Next):
            self.report.completed({})

    @property
    def awaits_hand_at(self) -> str:
        """The reader, while a card lies there."""
        return "card_reader" if self._card_there else ""

    def body(self) -> Body:
        """Return the good-bye and what to take along."""
        reminders: list[str] = []
        if self._card_there:
            reminders.append(self.say("finish.take_card"))
        if self.visit.receipt_came:
            reminders.append(self.say("finish.take_receipt"))
        if self.visit.materials:
            reminders.append(self.say("finish.take_paper"))
        return FinishView(self.text.message, tuple(reminders))

    def buttons(self) -> Buttons:
        """Go home."""
        return Buttons(next=self.say("button.finish"))

    def _up(self) -> None:
        self._time_is_up = True
        if not self._card_there:
            self.report.completed({})

    def _removed(self, result: bool | JobFailed) -> None:
        # A reader that is lost has taken nothing away: the reminder stays for its whole time.
        if result is True:
            self._card_there = False
            self.report.changed()
            if self._time_is_up:
                self.report.completed({})


def _wait_removed(reader: CardReader, deadline: Deadline, cancel: Event) -> bool:
    return reader.wait_removed(deadline, cancel)
