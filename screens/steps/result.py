"""What a query found: how far each case is, as a line of steps, and its time limits."""

from __future__ import annotations

from kivy.uix.widget import Widget

from kiosk.view import CaseView, Phase, Pick, ResultView
from screens import theme
from screens.geometry import Box
from screens.step import Step
from screens.widgets.choices import ChoiceList, needed_height
from screens.widgets.fields import heading
from screens.widgets.pages import Block, Pages, together
from screens.widgets.press import Button
from screens.widgets.rows import row_blocks
from screens.widgets.shapes import Panel
from screens.widgets.status import INFORM, TONES, Dots, Emblem
from screens.widgets.text import Text, height_of
from screens.widgets.timeline import timeline_blocks


class Screen(Step):
    """One case at a time; with several, buttons go from one to the next."""

    def build(self, body: ResultView) -> None:
        """The first case, or the message."""
        self._case = 0
        if body.cases:
            self._show_case(body)
        else:
            self._show_message(body)

    def _show_message(self, body: ResultView) -> None:
        context, metrics = self.context, self.context.metrics
        box = self.box.inset(metrics.margin, metrics.px(28, 32))
        if body.choices:
            answers, box = box.from_bottom(needed_height(context, len(body.choices)), metrics.px(40, 24))
            answers = answers.centred(metrics.px(1080, 900), answers.height)
            self.add_widget(ChoiceList(context, answers, body.choices, lambda choice: context.post(Pick(choice))))
        group = box.centred(box.width, metrics.px(700, 500))
        emblem, rest = group.from_top(metrics.px(260, 200), metrics.px(56, 36))
        tone = INFORM if body.phase in (Phase.WAITING, Phase.DONE) else TONES[body.phase]
        self.add_widget(Emblem(context, emblem, tone))
        text = body.message or context.labels("please_wait")
        size = metrics.px(50, 44)
        needed = min(metrics.px(260, 170), height_of(text, size, rest.width, bold=True))
        words, rest = rest.from_top(needed, metrics.px(40))
        self.add_widget(Text(words, text, size, theme.INK, bold=True, align="center", balanced=True, valign="top"))
        if body.phase is Phase.WORKING:
            self.add_widget(Dots(context, rest.from_top(metrics.px(64, 48))[0]))

    def _turn(self, by: int) -> None:
        body = self.view.body if self.view is not None else None
        if isinstance(body, ResultView):
            self._case += by
            self.clear_widgets()
            self._show_case(body)

    def _show_case(self, body: ResultView) -> None:
        context, metrics, labels = self.context, self.context.metrics, self.context.labels
        case, count = body.cases[self._case], len(body.cases)
        box = self.box.inset(metrics.margin, metrics.px(20, 8))
        if count > 1:
            bar, box = box.from_bottom(metrics.px(110, 92), metrics.px(24, 14))
            left, middle, right = bar.columns(3, metrics.gap)
            for place, touch_id, label, by, enabled in (
                (left, "case:previous", "case_previous", -1, self._case > 0),
                (right, "case:next", "case_next", 1, self._case + 1 < count),
            ):
                icon = "left" if by < 0 else "right"
                self.add_widget(
                    Button(
                        context,
                        place,
                        touch_id,
                        labels(label),
                        lambda by=by: self._turn(by),
                        icon=icon,
                        icon_after=by > 0,
                        enabled=enabled,
                        size=metrics.body,
                    )
                )
            where = labels("case", index=self._case + 1, count=count)
            self.add_widget(Text(middle, where, metrics.small, theme.SOFT, align="center", balanced=True))
        gap = metrics.px(12, 8)
        if metrics.portrait:
            title, *rows = self._facts(case, box.width)
            # How far it is comes first: that is what people came to see.
            blocks = [title, *self._steps(case), *rows, *self._clocks(case, box.width)]
            self.add_widget(Pages(context, box, blocks, gap))
        else:
            left, right = box.columns(2, metrics.px(48))
            self.add_widget(
                Pages(
                    context,
                    left,
                    [*self._facts(case, left.width), *self._clocks(case, left.width)],
                    gap,
                    name="page:facts",
                )
            )
            self.add_widget(Pages(context, right, self._steps(case), gap))

    def _facts(self, case: CaseView, width: int) -> list[Block]:
        metrics = self.context.metrics

        def make(box: Box) -> Widget:
            return Text(box, case.title, metrics.heading, theme.INK, bold=True, balanced=True)

        title = Block(height_of(case.title, metrics.heading, width, bold=True), make)
        return [title, *row_blocks(self.context, case.rows, width)]

    def _steps(self, case: CaseView) -> list[Block]:
        """The heading, and all steps as one card that stays whole."""
        context, metrics = self.context, self.context.metrics
        if not case.steps:
            return []
        steps = timeline_blocks(context, case.steps)
        pad = metrics.px(24, 18)

        def make(box: Box) -> Widget:
            card = Panel(box, theme.SURFACE, metrics.radius)
            rest = box.inset(metrics.px(32, 28), pad)
            for step in steps:
                place, rest = rest.from_top(step.height)
                card.add_widget(step.make(place))
            return card

        card = Block(sum(step.height for step in steps) + 2 * pad, make)
        return [together(heading(context, "progress", context.labels("result_steps")), card, metrics.px(12, 8))]

    def _clocks(self, case: CaseView, width: int) -> list[Block]:
        if not case.clocks:
            return []
        title = heading(self.context, "clock", self.context.labels("result_clocks"))
        first, *others = row_blocks(self.context, case.clocks, width)
        return [together(title, first, self.context.metrics.px(12, 8)), *others]
