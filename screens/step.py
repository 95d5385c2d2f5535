"""What all step screens share: they are built from a body, and built anew only when that body changed."""

from __future__ import annotations

from typing import Any, ClassVar

from kiosk.view import View
from screens.context import Context
from screens.geometry import Box
from screens.part import Part


class Step(Part):
    """One screen kind. A module of ``screens.steps`` is named like ``View.screen`` and calls its class ``Screen``."""

    own_title: ClassVar[bool] = False
    """Whether the screen draws the view's title itself and wants the room of title and progress too."""

    def __init__(self, context: Context, box: Box) -> None:
        super().__init__(box)
        self.context = context
        self.box = box
        self.view: View | None = None

    def show(self, view: View) -> None:
        """Draw the view's body, touching only what changed where the screen knows how."""
        before, self.view = self.view, view
        if before is not None and before.body == view.body and before.title == view.title:
            return
        if before is None or before.title != view.title or not self.update(before.body, view.body):
            self.retire()
            self.clear_widgets()
            self.canvas.clear()
            self.build(view.body)

    def take_over(self, before: Step) -> None:
        """Keep what only the glass knows of the same step, drawn before in another language or size; before ``show``."""

    def build(self, body: Any) -> None:
        """Make all widgets for ``body``, the type that belongs to this screen."""
        raise NotImplementedError

    def update(self, before: Any, body: Any) -> bool:
        """Change what is there from ``before`` to ``body``; False when it has to be built anew."""
        return False

    @property
    def title(self) -> str:
        """The present view's title."""
        return self.view.title if self.view is not None else ""
