"""A document on A4 is coming: the receipt's screen, with another printer and another paper."""

from __future__ import annotations

from screens.steps import receipt


class Screen(receipt.Screen):
    """As the receipt's."""

    slot_picture = "picture_document_printer"
    paper_picture = "picture_document"
    paper_size = (84.0, 56.0)
