"""Rectangles that are cut into smaller ones, because screens are laid out at once and not by layouts that settle over frames."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Box:
    """A rectangle in whole window pixels; ``x`` and ``y`` are its lower left corner, as Kivy has it."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The right edge."""
        return self.x + self.width

    @property
    def top(self) -> int:
        """The upper edge."""
        return self.y + self.height

    def inset(self, across: int, down: int | None = None) -> Box:
        """Smaller by ``across`` at the left and right, by ``down`` above and below."""
        down = across if down is None else down
        return Box(self.x + across, self.y + down, max(0, self.width - 2 * across), max(0, self.height - 2 * down))

    def from_top(self, height: int, gap: int = 0) -> tuple[Box, Box]:
        """The upper ``height`` pixels, and what is left below ``gap``."""
        height = min(height, self.height)
        rest = max(0, self.height - height - gap)
        return Box(self.x, self.top - height, self.width, height), Box(self.x, self.y, self.width, rest)

    def from_bottom(self, height: int, gap: int = 0) -> tuple[Box, Box]:
        """The lower ``height`` pixels, and what is left above ``gap``."""
        height = min(height, self.height)
        rest = max(0, self.height - height - gap)
        return Box(self.x, self.y, self.width, height), Box(self.x, self.top - rest, self.width, rest)

    def from_left(self, width: int, gap: int = 0) -> tuple[Box, Box]:
        """The left ``width`` pixels, and what is left after ``gap``."""
        width = min(width, self.width)
        rest = max(0, self.width - width - gap)
        return Box(self.x, self.y, width, self.height), Box(self.right - rest, self.y, rest, self.height)

    def from_right(self, width: int, gap: int = 0) -> tuple[Box, Box]:
        """The right ``width`` pixels, and what is left before ``gap``."""
        width = min(width, self.width)
        rest = max(0, self.width - width - gap)
        return Box(self.right - width, self.y, width, self.height), Box(self.x, self.y, rest, self.height)

    def columns(self, count: int, gap: int = 0) -> tuple[Box, ...]:
        """``count`` equal boxes side by side, left first."""
        width = (self.width - gap * (count - 1)) // count
        return tuple(Box(self.x + place * (width + gap), self.y, width, self.height) for place in range(count))

    def rows(self, count: int, gap: int = 0) -> tuple[Box, ...]:
        """``count`` equal boxes one above the other, top first."""
        height = (self.height - gap * (count - 1)) // count
        return tuple(
            Box(self.x, self.top - height - place * (height + gap), self.width, height) for place in range(count)
        )

    def centred(self, width: int, height: int) -> Box:
        """A box of that size in the middle, no larger than this one."""
        width, height = min(width, self.width), min(height, self.height)
        return Box(self.x + (self.width - width) // 2, self.y + (self.height - height) // 2, width, height)
