"""The home screen: a greeting above, the services as big tiles where hands reach them."""

from __future__ import annotations

from kivy.graphics import Color, Rectangle
from kivy.uix.widget import Widget

from kiosk.view import HomeView, StartService, Tile
from screens import theme
from screens.context import Context
from screens.geometry import Box
from screens.icons import Icon
from screens.part import Part
from screens.step import Step
from screens.widgets.pages import Block, Pages
from screens.widgets.press import CARD, Look, Pressable
from screens.widgets.shapes import Panel, fill, gradient
from screens.widgets.status import CAUTION
from screens.widgets.text import Text, height_of

UNAVAILABLE = Look(theme.DISABLED, theme.DISABLED, theme.ON_DISABLED, theme.LINE)


class TileButton(Pressable):
    """One service: icon, name, what it is, and when it cannot be had: why."""

    def __init__(self, context: Context, box: Box, tile: Tile, narrow: bool) -> None:
        look = CARD if tile.available else UNAVAILABLE
        super().__init__(
            context,
            box,
            f"tile:{tile.service}",
            tile.title,
            lambda: context.post(StartService(tile.service)),
            look,
            role="tile",
            enabled=tile.available,
            radius=context.metrics.px(36, 32),
        )
        metrics = context.metrics
        side = metrics.px(112, 100) if narrow else metrics.px(168, 128)
        inner = box.inset(metrics.px(32 if narrow else 48, 28 if narrow else 40), metrics.px(20, 14))
        sign, words = inner.from_left(side, metrics.px(26 if narrow else 44, 26 if narrow else 36))
        sign = sign.centred(side, side)
        tint, ink = (theme.PRIMARY_TINT, theme.PRIMARY) if tile.available else (theme.LINE, theme.ON_DISABLED)
        self.add_widget(Panel(sign, tint, side // 3))
        self.add_widget(Icon(context.icons, sign.inset(round(side * 0.22)), tile.icon, ink))
        if tile.available and not narrow:
            arrow, words = words.from_right(metrics.px(60, 48), metrics.px(16))
            self.add_widget(Icon(context.icons, arrow, "right", theme.PRIMARY))
        size = metrics.heading if narrow else metrics.px(56, 48)
        subtitle = "" if narrow else tile.subtitle
        below = subtitle if tile.available else context.labels("tile_unavailable", reason=tile.reason)
        title_room = min(
            round(words.height * 0.6) if below else words.height, height_of(tile.title, size, words.width, bold=True)
        )
        below_room = min(words.height - title_room, height_of(below, metrics.small, words.width)) if below else 0
        group = words.centred(words.width, title_room + below_room)
        title, rest = group.from_top(title_room)
        self.add_widget(
            Text(title, tile.title, size, theme.INK if tile.available else theme.ON_DISABLED, bold=True, balanced=True)
        )
        if below:
            colour = theme.SOFT if tile.available else theme.CAUTION
            self.add_widget(Text(rest, below, metrics.small, colour, valign="top", balanced=True))


class Notice(Part):
    """What everybody must see before touching a tile, such as a card that was left: bigger than any message of a step."""

    @staticmethod
    def height(context: Context, text: str, width: int) -> int:
        """Pixels that the notice needs."""
        metrics = context.metrics
        words = width - metrics.px(2 * 40 + 100 + 32, 2 * 36 + 88 + 28)
        return max(
            metrics.px(164, 136), height_of(text, metrics.heading, words, bold=True) + metrics.px(2 * 32, 2 * 26)
        )

    def __init__(self, context: Context, box: Box, text: str) -> None:
        super().__init__(box)
        metrics = context.metrics
        with self.canvas:
            fill(box, theme.BANNER, metrics.radius)
            line = metrics.px(6, 5)
            fill(box.inset(line), CAUTION.ground, metrics.radius - line)
        side = metrics.px(100, 88)
        sign, words = box.inset(metrics.px(40, 36), 0).from_left(side, metrics.px(32, 28))
        sign = sign.centred(side, side)
        self.add_widget(Panel(sign, theme.BANNER, side // 2))
        self.add_widget(Icon(context.icons, sign.inset(side // 5), CAUTION.icon, theme.INK))
        self.add_widget(Text(words, text, metrics.heading, CAUTION.ink, bold=True, balanced=True))


class Screen(Step):
    """Greeting, notice for everyone, tiles."""

    own_title = True

    def build(self, body: HomeView) -> None:
        """Portrait: greeting above, tiles below it; landscape: greeting at the left."""
        metrics = self.context.metrics
        if metrics.portrait:
            # The fewer the tiles, the lower they begin: hands of people who sit reach them.
            greeting = {1: 720, 2: 700, 3: 600}.get(len(body.tiles), 440) - (60 if body.notice else 0)
            hero, rest = self.box.from_top(metrics.px(greeting))
        else:
            hero, rest = self.box.from_left(metrics.px(640))
        self._greet(hero)
        rest = rest.inset(metrics.margin, metrics.px(56, 40))
        if body.notice:
            place, rest = rest.from_top(Notice.height(self.context, body.notice, rest.width), metrics.px(40, 28))
            self.add_widget(Notice(self.context, place, body.notice))
        hint, rest = rest.from_bottom(metrics.px(64, 48), metrics.gap)
        self.add_widget(
            Text(hint, self.context.labels("home_hint"), metrics.small, theme.SOFT, align="center", balanced=True)
        )
        self._tiles(rest, body.tiles)

    def _greet(self, hero: Box) -> None:
        metrics, labels = self.context.metrics, self.context.labels
        with self.canvas:
            Color(1, 1, 1, 1)
            Rectangle(
                texture=gradient(theme.HERO_BOTTOM, theme.HERO_TOP),
                pos=(hero.x, hero.y),
                size=(hero.width, hero.height),
            )
        words, below = hero.inset(0, metrics.px(64, 130)).from_top(metrics.px(310, 380))
        town = Box(hero.x, hero.y, hero.width, below.top - hero.y)
        if town.height >= metrics.px(200):
            town = town.from_bottom(round(hero.width * 0.3))[0]
            self.add_widget(Icon(self.context.icons, town, "picture_skyline", (*theme.PRIMARY_PALE[:3], 0.30)))
        words = words.inset(metrics.margin, 0)
        greeting, prompt = words.from_top(metrics.px(140, 120), metrics.px(14))
        self.add_widget(Text(greeting, labels("home_greeting"), metrics.display, theme.ON_PRIMARY, bold=True))
        self.add_widget(
            Text(
                prompt,
                self.title or labels("home_prompt"),
                metrics.title,
                theme.PRIMARY_PALE,
                valign="top",
                balanced=True,
            )
        )

    def _tiles(self, box: Box, tiles: tuple[Tile, ...]) -> None:
        metrics = self.context.metrics
        columns = 1 if len(tiles) <= 4 else 2
        rows = -(-len(tiles) // columns) or 1
        gap = metrics.px(36, 28)
        shortest, tallest = metrics.px(212, 168), metrics.px(330, 250)
        height = max(shortest, min(tallest, (box.height - gap * (rows - 1)) // rows))

        def row(start: int) -> Block:
            def make(place: Box) -> Widget:
                holder = Part()
                for part, tile in zip(place.columns(columns, gap), tiles[start : start + columns], strict=False):
                    holder.add_widget(TileButton(self.context, part, tile, narrow=columns > 1))
                return holder

            return Block(height, make)

        blocks = [row(start) for start in range(0, len(tiles), columns)]
        needed = rows * height + gap * (rows - 1)
        if needed < box.height:
            box = box.centred(box.width, needed) if not metrics.portrait else box.from_top(needed)[0]
        self.add_widget(Pages(self.context, box, blocks, gap))
