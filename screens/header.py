"""The top of every screen: whose terminal this is, the time, the other language, and how far the visit has come."""

from __future__ import annotations

import time

from kivy.graphics import Color, Rectangle

from kiosk.view import Progress, SetLanguage, View
from screens import theme
from screens.context import Context
from screens.geometry import Box
from screens.icons import Icon
from screens.part import Part
from screens.theme import Metrics
from screens.widgets.press import Button, Look
from screens.widgets.shapes import fill
from screens.widgets.text import Text, height_of, measure

ON_LIGHT = Look(theme.SURFACE, theme.TINT_PRESSED, theme.PRIMARY, theme.PRIMARY)
ON_DARK = Look(theme.HERO_TOP, theme.PRIMARY, theme.ON_PRIMARY, theme.PRIMARY_PALE)


class Header(Part):
    """Site name, clock and language button; in training a banner over it, always."""

    @staticmethod
    def height(metrics: Metrics, banner: bool) -> int:
        """Pixels from the top edge."""
        return metrics.px(136, 112) + (metrics.px(72, 60) if banner else 0)

    def __init__(self, context: Context, box: Box, view: View, dark: bool) -> None:
        super().__init__(box)
        metrics, labels = context.metrics, context.labels
        ink = theme.ON_PRIMARY if dark else theme.INK
        with self.canvas:
            Color(*(theme.HERO_TOP if dark else theme.SURFACE))
            Rectangle(pos=(box.x, box.y), size=(box.width, box.height))
            if not dark:
                Color(*theme.LINE)
                Rectangle(pos=(box.x, box.y), size=(box.width, metrics.px(2)))
        if view.banner:
            strip, box = box.from_top(metrics.px(72, 60))
            with self.canvas:
                Color(*theme.BANNER)
                Rectangle(pos=(strip.x, strip.y), size=(strip.width, strip.height))
            inner = strip.inset(metrics.margin, metrics.px(4))
            side, gap = metrics.px(44), metrics.px(16)
            width = min(inner.width, side + gap + measure(metrics.small, True)(view.banner) + 2)
            sign, words = inner.centred(width, inner.height).from_left(side, gap)
            self.add_widget(Icon(context.icons, sign.centred(side, side), "info", theme.INK))
            self.add_widget(Text(words, view.banner, metrics.small, theme.INK, bold=True))
        row = box.inset(metrics.margin, metrics.px(16, 12))
        button, rest = row.from_right(metrics.px(250, 240), metrics.px(28))
        clock, rest = rest.from_right(metrics.px(130, 120), metrics.px(28))
        other = labels("other_language_code")
        sign, name = rest.from_left(metrics.px(72, 64), metrics.px(20))
        side = metrics.px(68, 60)
        self.add_widget(
            Icon(context.icons, sign.centred(side, side), "hall", theme.ON_PRIMARY if dark else theme.PRIMARY)
        )
        self.add_widget(Text(name, view.site, metrics.px(42, 38), ink, bold=True))
        self._clock = Text(clock, "", metrics.body, theme.PRIMARY_PALE if dark else theme.SOFT, align="right")
        self.add_widget(self._clock)
        self.add_widget(
            Button(
                context,
                button.centred(button.width, metrics.px(100, 84)),
                "language",
                labels("other_language"),
                lambda: context.post(SetLanguage(other)),
                ON_DARK if dark else ON_LIGHT,
                icon="globe",
                size=metrics.px(38, 34),
            )
        )
        self.tell_time(time.localtime())

    def tell_time(self, now: time.struct_time) -> None:
        """Show the hour and minute; nothing is drawn while they stay the same."""
        self._clock.say(time.strftime("%H:%M", now))


class Stages(Part):
    """Which stage this is, what comes next, and the title; landscape has them side by side, to leave height for the content."""

    @staticmethod
    def _heights(context: Context, view: View, width: int) -> tuple[int, int, int]:
        """Pixels of the bar with the space below it, of the words of the stage, and of the title."""
        metrics = context.metrics
        bar = metrics.px(30, 24) if view.progress else 0
        words = metrics.px(72, 52) if view.progress else 0
        if not view.title:
            return bar, words, 0
        if view.progress and not metrics.portrait:
            width -= metrics.px(760)
        two_lines = height_of("一\n一", metrics.title, width, bold=True)
        title = min(two_lines, height_of(view.title, metrics.title, width, bold=True))
        return bar, words, title

    @classmethod
    def height(cls, context: Context, view: View, width: int) -> int:
        """Pixels for the stages and the title, with the space around them."""
        metrics = context.metrics
        bar, words, title = cls._heights(context, view, width)
        below = words + title if metrics.portrait else max(words, title)
        return metrics.px(30, 20) + bar + below + metrics.px(24, 12)

    def __init__(self, context: Context, box: Box, view: View) -> None:
        super().__init__(box)
        metrics = context.metrics
        rest = box.inset(metrics.margin, 0)
        bar, words, title = self._heights(context, view, rest.width)
        _, rest = rest.from_top(metrics.px(30, 20))
        if view.progress is not None:
            strip, rest = rest.from_top(bar)
            strip, _ = strip.from_top(metrics.px(16, 12))
            count = max(1, len(view.progress.stages))
            with self.canvas:
                for place, segment in enumerate(strip.columns(count, metrics.px(10))):
                    reached = place <= view.progress.index
                    fill(segment, theme.PRIMARY if reached else theme.LINE, segment.height // 2)
            if metrics.portrait:
                row, rest = rest.from_top(words)
            else:
                row, rest = rest.from_right(metrics.px(760))
                row, _ = row.from_top(max(words, title))
            self._tell(context, row, view.progress)
        if view.title:
            place, _ = rest.from_top(title)
            self.add_widget(Text(place, view.title, metrics.title, theme.INK, bold=True, balanced=True))

    def _tell(self, context: Context, row: Box, progress: Progress) -> None:
        metrics, labels = context.metrics, context.labels
        stages, index = progress.stages, progress.index
        here = labels("stage", index=index + 1, count=len(stages))
        after = labels("stage_next", name=stages[index + 1]) if index + 1 < len(stages) else labels("stage_last")
        left, right = row.columns(2, metrics.gap)
        self.add_widget(
            Text(left, here, metrics.small, theme.PRIMARY, bold=True, align="left" if metrics.portrait else "right")
        )
        self.add_widget(Text(right, after, metrics.small, theme.SOFT, align="right"))
