"""One question with a few big answers in the lower part of the glass."""

from __future__ import annotations

from kiosk.view import ChooseView, Pick
from screens import theme
from screens.step import Step
from screens.widgets.choices import ChoiceList, needed_height
from screens.widgets.text import Text


class Screen(Step):
    """The question over its answers."""

    def build(self, body: ChooseView) -> None:
        """Landscape: two columns of answers when there are more than four, or more than one column has room for."""
        context, metrics = self.context, self.context.metrics
        box = self.box.inset(metrics.margin, metrics.px(40, 16))
        question_room = metrics.px(200, 130)
        fits = needed_height(context, len(body.choices)) <= box.height - question_room - metrics.gap
        columns = 1 if metrics.portrait or (len(body.choices) <= 4 and fits) else 2
        needed = needed_height(context, len(body.choices), columns)
        answers, rest = box.from_bottom(min(needed, box.height - question_room - metrics.gap), metrics.px(48, 24))
        question = rest if metrics.portrait and rest.height < metrics.px(400) else rest.from_bottom(question_room)[0]
        if body.question and body.question != self.title:
            self.add_widget(Text(question, body.question, metrics.px(52, 46), theme.INK, bold=True, balanced=True))
        self.add_widget(
            ChoiceList(context, answers, body.choices, lambda choice: context.post(Pick(choice)), columns=columns)
        )
