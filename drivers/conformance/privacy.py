"""Finds the data of invented people, which a bench's hardware holds, in what a driver gives to technicians and logs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_ENCODINGS = ("utf-8", "gb18030", "utf-16-le", "utf-16-be")
"""How cards, codes and printers spell names; a wire's bytes are shown as hexadecimal."""


def tells(personal: Iterable[str], thing: object) -> str:
    """Say which of ``personal`` the text of a thing holds, as it is or as hexadecimal bytes, by its place: ``personal[1]``.

    Empty when it holds none.
    """
    texts = frozenset(_texts(thing))
    for index, each in enumerate(personal):
        if any(form in text for text in texts for form in _forms(each)):
            return f"personal[{index}] of the bench"
    return ""


def _forms(text: str) -> Iterator[str]:
    yield text.casefold()
    for encoding in _ENCODINGS:
        data = text.encode(encoding)
        yield data.hex()
        yield data.hex(" ")


def _texts(thing: object) -> Iterator[str]:
    """Give what stands in a log or a report: both spellings, and those of whatever an error came from."""
    yield str(thing).casefold()
    yield repr(thing).casefold()
    if isinstance(thing, BaseException):
        yield from _texts(vars(thing))
        before = thing.__cause__ or (None if thing.__suppress_context__ else thing.__context__)
        if before is not None:
            yield from _texts(before)
