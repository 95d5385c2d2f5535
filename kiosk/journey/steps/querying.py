"""The result of a query: the cases that central knows for this receipt or this card."""

from __future__ import annotations

from kiosk.contract.cases import Case, CaseList, CaseQuery, QueryByCode, QueryByDocument
from kiosk.journey.steps.base import Step
from kiosk.view import Body, Buttons, CaseStepView, CaseView, Choice, Intent, Next, Phase, Pick, ResultView, Row


class ResultStep(Step):
    """Asks central once, shows the cases or says in words why there are none; ``Pick("retry")`` asks again."""

    def enter(self) -> None:
        """Ask."""
        self._phase = Phase.WORKING
        self._message = "result.asking"
        self._cases: tuple[Case, ...] = ()
        identity = self.visit.identity
        if self.visit.code:
            query = CaseQuery(query=QueryByCode(query_code=self.visit.code))
        else:
            assert identity is not None  # noqa: S101 - a result step follows a scan or an identify step
            query = CaseQuery(query=QueryByDocument(document_type=identity.kind.value, document_number=identity.number))
        self.busy = True
        self.tools.background.run(
            "query", lambda: self.tools.inquire(query), self._answered, lambda: self._answered(None)
        )

    def handle(self, intent: Intent) -> None:
        """Finish, or ask again."""
        if isinstance(intent, Next) and self._phase is not Phase.WORKING:
            self.report.completed({"found": "yes" if self._cases else "no"})
        elif isinstance(intent, Pick) and intent.choice == "retry" and self._phase is Phase.REFUSED:
            self.enter()
            self.report.changed()

    def body(self) -> Body:
        """Return the cases."""
        return ResultView(
            self._phase,
            tuple(self._view(case) for case in self._cases),
            self.say(self._message) if self._message else "",
            (Choice("retry", self.say("button.retry")),) if self._phase is Phase.REFUSED else (),
        )

    def buttons(self) -> Buttons:
        """Done once there is an answer."""
        return Buttons(next="" if self._phase is Phase.WORKING else self.say("button.finish"))

    def _answered(self, answer: object) -> None:
        self.busy = False
        if isinstance(answer, CaseList):
            self._cases = answer.cases
            self.visit.asked_for = answer.cases[0].project_no if answer.cases else ""
            self._phase = Phase.DONE
            self._message = "" if answer.cases else "result.none"
        else:
            self._phase = Phase.REFUSED
            self._message = "result.unreachable"
        self.report.changed()

    def _view(self, case: Case) -> CaseView:
        language = self.visit.language
        zh = language == "zh"
        return CaseView(
            title=case.task_name if zh else case.task_name_en,
            rows=(
                Row(self.say("case.number"), case.project_no),
                Row(self.say("case.applicant"), f"{case.applicant_masked}  {case.document_masked}"),
                Row(self.say("case.accepted_on"), self.day(case.accept_date)),
                Row(self.say("case.state"), self.say(f"case.state.{case.state}")),
            ),
            steps=tuple(
                CaseStepView(
                    name=step.name if zh else step.name_en,
                    state=step.state,
                    date=self.day((step.ended_at or step.started_at).date())  # pyright: ignore[reportOptionalMemberAccess]
                    if step.ended_at or step.started_at
                    else "",
                )
                for step in case.steps
            ),
            clocks=(
                Row(self.say("clock.legal"), self.day(case.clocks.legal_date)),
                Row(self.say("clock.promised"), self.day(case.clocks.promise_date)),
                Row(self.say("clock.assessed"), self.day(case.clocks.assess_date)),
                Row(self.say("clock.used"), self.say("clock.days", days=str(case.clocks.used_days))),
            ),
        )
