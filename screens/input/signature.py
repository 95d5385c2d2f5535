"""A pad that is written on with the finger: smooth lines on the glass, plain points to whoever keeps them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kivy.clock import Clock
from kivy.graphics import Color, SmoothLine

from screens import theme
from screens.context import Context
from screens.geometry import Box
from screens.part import Part
from screens.widgets.press import Look, Pressable
from screens.widgets.shapes import fill
from screens.widgets.text import Text

PAPER = Look(theme.SURFACE, theme.SURFACE, theme.INK, theme.PRIMARY)
Stroke = tuple[tuple[float, float], ...]


def smoothed(points: list[tuple[float, float]]) -> list[float]:
    """The flat points of a curve through the middles of the given segments, which turns a polygon into a pen's line."""
    if len(points) < 3:
        return [value for point in points for value in point]
    flat: list[float] = [*points[0]]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        start = ((before[0] + corner[0]) / 2, (before[1] + corner[1]) / 2)
        end = ((corner[0] + after[0]) / 2, (corner[1] + after[1]) / 2)
        for step in range(1, 5):
            part = step / 4
            flat += [
                (1 - part) ** 2 * start[axis] + 2 * part * (1 - part) * corner[axis] + part**2 * end[axis]
                for axis in (0, 1)
            ]
    return [*flat, *points[-1]]


class SignaturePad(Pressable):
    """White paper with a line to write on. ``changed`` gets all strokes when one ends, and none when cleared.

    Points are in 0..1 of the pad's width and height from its top left corner.
    """

    def __init__(
        self,
        context: Context,
        box: Box,
        hint: str,
        changed: Callable[[tuple[Stroke, ...]], None],
        strokes: tuple[Stroke, ...] = (),
    ) -> None:
        """``strokes``: what is written on it already."""
        super().__init__(context, box, "signature", hint, lambda: None, PAPER, role="pad")
        metrics = context.metrics
        self._changed = changed
        self._strokes = list(strokes)
        self._points: list[tuple[float, float]] = []
        self._line: Any = None
        self._redraw = Clock.create_trigger(self._draw_line, -1)
        self._thickness = metrics.px(5, 4)
        baseline = Box(
            box.x + metrics.px(60), box.y + round(box.height * 0.26), box.width - metrics.px(120), max(2, metrics.px(3))
        )
        with self.canvas:
            fill(baseline, theme.LINE, 1)
        place, _ = (
            Box(box.x, box.y, box.width, baseline.y - box.y)
            .inset(metrics.px(20), metrics.px(8))
            .from_top(metrics.px(64))
        )
        self.add_widget(Text(place, hint, metrics.small, theme.SOFT, align="center"))
        self._ink = Part()
        self.add_widget(self._ink)
        self._draw_all()

    @property
    def signed(self) -> bool:
        """Whether there is a stroke."""
        return bool(self._strokes)

    def clear(self) -> None:
        """White paper again, and say so."""
        self._strokes.clear()
        self._ink.canvas.clear()
        self._changed(())

    def _draw_all(self) -> None:
        """The ink of all strokes, and of no other."""
        self._ink.canvas.clear()
        for stroke in self._strokes:
            self._points = [(self.x + x * self.width, self.top - y * self.height) for x, y in stroke]
            self._begin_line()
            self._draw_line()
        self._line = None

    def _begin_line(self) -> None:
        """A dot where the finger came down, for a line has none before it moves."""
        x, y = self._points[0]
        half = self._thickness
        with self._ink.canvas:
            Color(*theme.INK)
            fill(Box(round(x) - half, round(y) - half, 2 * half, 2 * half), theme.INK, half)
            self._line = SmoothLine(width=self._thickness, overdraw_width=1.6, joint="round", cap="round")

    def _draw_line(self, _seconds: float = 0.0) -> None:
        if self._line is not None:
            self._line.points = smoothed(self._points)

    def _within(self, x: float, y: float) -> tuple[float, float]:
        return min(max(x, self.x), self.right), min(max(y, self.y), self.top)

    def on_touch_down(self, touch: Any) -> bool:
        """A stroke begins."""
        if not self.collide_point(*touch.pos):
            return False
        if self.context.accepts() and self._line is None:
            touch.grab(self)
            self._turn = self.context.turn()
            self._points = [touch.pos]
            self._begin_line()
        return True

    def on_touch_move(self, touch: Any) -> bool:
        """The stroke goes on."""
        if touch.grab_current is not self:
            return False
        point = self._within(*touch.pos)
        last = self._points[-1]
        if abs(point[0] - last[0]) + abs(point[1] - last[1]) >= 3:
            self._points.append(point)
            self._redraw()
        return True

    def on_touch_up(self, touch: Any) -> bool:
        """The stroke is done: tell all of them."""
        if touch.grab_current is not self:
            return False
        touch.ungrab(self)
        if self._turn != self.context.turn():
            self._draw_all()
            return True
        self._draw_line()
        self._strokes.append(tuple(((x - self.x) / self.width, (self.top - y) / self.height) for x, y in self._points))
        self._line = None
        self._changed(tuple(self._strokes))
        return True
