"""A check that needs the technician's hand or eye: what to do in big words, a picture where there is one, the answers below."""

from __future__ import annotations

from kiosk.view import Pick, TechnicianTaskView
from screens import theme
from screens.step import Step
from screens.steps.materials import Preview
from screens.widgets.choices import ChoiceList, needed_height
from screens.widgets.shapes import Panel
from screens.widgets.text import Text, height_of


class Screen(Step):
    """Portrait: words, picture, answers; landscape: the picture at the left."""

    def build(self, body: TechnicianTaskView) -> None:
        """Without a picture the words stand in the middle."""
        context, metrics = self.context, self.context.metrics
        box = self.box.inset(metrics.margin, metrics.px(24, 12))
        columns = 2 if len(body.choices) > 1 else 1
        left, box = box.from_top(metrics.px(60, 48), metrics.px(20))
        self.add_widget(Text(left, body.time_left, metrics.small, theme.SOFT, bold=True))
        answers, box = box.from_bottom(needed_height(context, len(body.choices), columns), metrics.gap)
        if metrics.portrait or not body.picture:
            room = height_of(body.text, metrics.title, box.width, bold=True)
            words, frame = box.from_top(room, metrics.gap) if body.picture else (box, box)
        else:
            frame, words = box.from_left(round(box.width * 0.6), metrics.px(48))
        align = "left" if body.picture else "center"
        self.add_widget(Text(words, body.text, metrics.title, theme.INK, bold=True, balanced=True, align=align))
        if body.picture:
            self.add_widget(Panel(frame, theme.PREVIEW, metrics.radius))
            preview = Preview(frame.inset(metrics.px(12)))
            self.add_widget(preview)
            context.decoder.decode(body.picture, int(preview.width), int(preview.height), preview.show)
        self.add_widget(
            ChoiceList(context, answers, body.choices, lambda choice: context.post(Pick(choice)), columns=columns)
        )
