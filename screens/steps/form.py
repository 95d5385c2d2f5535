"""A form that is mostly filled already: what the card gave above, the few fields to fill below, with keys of our own."""

from __future__ import annotations

from kiosk.view import FieldKind, FieldView, Fill, FormView, Phase
from screens import theme
from screens.geometry import Box
from screens.input.keypad import BACKSPACE, DONE, Keypad
from screens.part import Part
from screens.step import Step
from screens.widgets.choices import ChoiceList, needed_height
from screens.widgets.fields import FieldBox, card_blocks, editable_block, heading
from screens.widgets.pages import Block, Pages, around, together
from screens.widgets.press import PRIMARY, Button
from screens.widgets.shapes import Panel
from screens.widgets.status import TONES, Message, message_height
from screens.widgets.text import Text

MASK = "*"
"""A value with this in it was not typed here; typing starts anew instead of after it."""


class Screen(Step):
    """``_focused`` is the field that the keys write to, ``_draft`` what it says now, ahead of the view by some milliseconds."""

    def build(self, body: FormView) -> None:
        """Fields, and the keys when a field is being filled."""
        if not hasattr(self, "_focused"):
            self._focused = ""
            self._draft = ""
        if self._focused not in {field.name for field in self._editable(body)}:
            self._focused = ""
        self._keys_area: Box | None = None
        self._edited: FieldBox | None = None
        self._fields = Part()
        self._keys = Part()
        self.add_widget(self._fields)
        self.add_widget(self._keys)
        self._lay_keys(body)
        self._lay_fields(body)

    def update(self, before: FormView, body: FormView) -> bool:
        """Values and errors change while somebody types: the keys stay under the finger."""
        kinds = [(field.name, field.kind, field.choices) for field in before.fields]
        if kinds != [(field.name, field.kind, field.choices) for field in body.fields]:
            return False
        typed = all(
            (old.error, old.hint) == (new.error, new.hint) and (old.value == new.value or new.name == self._focused)
            for old, new in zip(before.fields, body.fields, strict=True)
        )
        if not typed or before.message != body.message:
            self._lay_fields(body)
        return True

    @staticmethod
    def _editable(body: FormView) -> list[FieldView]:
        return [field for field in body.fields if field.kind is not FieldKind.READ_ONLY]

    def _focus(self, field: FieldView) -> None:
        self._focused = field.name
        self._draft = "" if MASK in field.value else field.value
        self._refresh()

    def _unfocus(self) -> None:
        self._focused = ""
        self._refresh()

    def _refresh(self) -> None:
        body = self.view.body if self.view is not None else None
        if isinstance(body, FormView):
            self._lay_keys(body)
            self._lay_fields(body)

    def _lay_fields(self, body: FormView) -> None:
        context, metrics = self.context, self.context.metrics
        self._fields.clear_widgets()
        self._edited = None
        box = self._room().inset(metrics.margin, metrics.px(20, 8))
        if body.message:
            height = message_height(context, body.message, box.width)
            place, box = box.from_top(height, metrics.px(20, 12))
            self._fields.add_widget(Message(context, place, body.message, TONES[Phase.REFUSED]))
        read_only = [field for field in body.fields if field.kind is FieldKind.READ_ONLY]
        editable = self._editable(body)
        gap = metrics.px(14, 10)
        if self._focused:
            # While keys are open, the field that they write to and its neighbours; no pages to turn at the same time.
            blocks, focused = self._blocks(editable, box.width)
            for place in around([block.height for block in blocks], gap, box.height, focused):
                part, box = box.from_top(blocks[place].height, gap)
                self._fields.add_widget(blocks[place].make(part))
        elif metrics.portrait or not (read_only and editable):
            width = box.width
            blocks = card_blocks(context, read_only, width)
            first = next((len(blocks) + place for place, field in enumerate(editable) if field.error), 0)
            blocks += self._headed(editable, width, gap)
            self._fields.add_widget(Pages(context, box, blocks, gap, first))
        else:
            left, right = box.columns(2, metrics.px(56))
            self._fields.add_widget(
                Pages(context, left, card_blocks(context, read_only, left.width), gap, name="page:card")
            )
            first = next((place for place, field in enumerate(editable) if field.error), 0)
            blocks = self._headed(editable, right.width, gap)
            self._fields.add_widget(Pages(context, right, blocks, gap, first))

    def _headed(self, fields: list[FieldView], width: int, gap: int) -> list[Block]:
        """Blocks of the fields to fill with their heading; none without fields."""
        if not fields:
            return []
        title = heading(self.context, "pencil", self.context.labels("to_fill"))
        first, *others = self._blocks(fields, width)[0]
        return [together(title, first, gap), *others]

    def _blocks(self, fields: list[FieldView], width: int) -> tuple[list[Block], int]:
        """Blocks of the fields to fill, and the place of the focused one."""
        focused = next((place for place, field in enumerate(fields) if field.name == self._focused), 0)
        return [
            editable_block(
                self.context,
                field,
                self._shown(field),
                width,
                field.name == self._focused,
                lambda field=field: self._focus(field),
                self._keep,
            )
            for field in fields
        ], focused

    def _keep(self, widget: FieldBox) -> None:
        self._edited = widget

    def _shown(self, field: FieldView) -> str:
        if field.kind is FieldKind.CHOICE:
            return next((choice.label for choice in field.choices if choice.id == field.value), field.value)
        return self._draft if field.name == self._focused else field.value

    def _room(self) -> Box:
        """Where the fields go: above the keys, or at their left."""
        if self._keys_area is None:
            return self.box
        if self.context.metrics.portrait:
            return self.box.from_top(self.box.top - self._keys_area.top)[0]
        return self.box.from_left(self._keys_area.x - self.box.x - self.context.metrics.px(8))[0]

    def _lay_keys(self, body: FormView) -> None:
        metrics = self.context.metrics
        self._keys.clear_widgets()
        self._keys_area = None
        field = next((field for field in body.fields if field.name == self._focused), None)
        if field is None:
            return
        letters = field.kind is FieldKind.TEXT
        if field.kind is FieldKind.CHOICE:
            wanted = needed_height(self.context, len(field.choices)) + metrics.px(48 + 100 + 20, 48 + 84 + 16)
        else:
            wanted = Keypad.height(self.context, letters)
        if metrics.portrait:
            area = self.box.inset(metrics.px(28), metrics.px(20)).from_bottom(
                min(wanted, round(self.box.height * 0.68))
            )[0]
        else:
            side = metrics.px(1060 if letters else 760)
            right = self.box.inset(metrics.margin, metrics.px(12)).from_right(side)[0]
            area = right.centred(right.width, min(wanted, right.height))
        self._keys_area = area
        if field.kind is FieldKind.CHOICE:
            self._lay_choices(area, field)
        else:
            title = self.context.labels("keypad_title", name=field.label)
            self._keys.add_widget(Keypad(self.context, area, title, letters, lambda key: self._press(field, key)))

    def _lay_choices(self, area: Box, field: FieldView) -> None:
        context, metrics = self.context, self.context.metrics
        self._keys.add_widget(Panel(area, theme.TINT_PRESSED, metrics.px(36)))
        head, rest = area.inset(metrics.px(32), metrics.px(24)).from_top(metrics.px(100, 84), metrics.px(20, 16))
        title, done = head, None
        if field.value:
            done, title = head.from_right(metrics.px(260, 240), metrics.px(16))
        self._keys.add_widget(
            Text(title, context.labels("keypad_choose", name=field.label), metrics.body, theme.PRIMARY, bold=True)
        )
        if done is not None:
            self._keys.add_widget(
                Button(
                    context, done, f"key:{DONE}", context.labels("key_done"), self._unfocus, PRIMARY, size=metrics.small
                )
            )

        def choose(choice: str) -> None:
            context.post(Fill(field.name, choice))
            self._unfocus()

        self._keys.add_widget(ChoiceList(context, rest, field.choices, choose, chosen=field.value, low=False))

    def _press(self, field: FieldView, key: str) -> None:
        if key == DONE:
            self._unfocus()
            return
        if key == BACKSPACE:
            draft = self._draft[:-1]
        elif len(self._draft) < field.max_length:
            draft = self._draft + key
        else:
            return
        self._draft = draft
        if self._edited is not None:
            self._edited.show(draft)
        self.context.post(Fill(field.name, draft))
