"""What the public and the operators may see of a name or a document number (facts: masked on the server side)."""

from __future__ import annotations

_SHOWN_FIRST = 3
_SHOWN_LAST = 4
_LEAST_HIDDEN = 4
_LONGEST_HAN_NAME = 4
_LAST_LATIN = "\u024f"


def mask_name(name: str) -> str:
    """Keep the first character: ``张伟样`` becomes ``张**``, ``Maria Lopez`` becomes ``M***``.

    Names of more than four characters, whatever their script, end in three stars: their length stays unknown.
    """
    name = name.strip()
    if not name:
        return ""
    if name[0] <= _LAST_LATIN or len(name) > _LONGEST_HAN_NAME:
        return name[0] + "***"
    return name[0] + "*" * max(1, len(name) - 1)


def mask_number(number: str) -> str:
    """Keep the first three and the last four characters; of short numbers only the first and the last.

    The result is as long as the number, so that a holder recognises it.
    """
    number = number.strip()
    if len(number) >= _SHOWN_FIRST + _LEAST_HIDDEN + _SHOWN_LAST:
        hidden = len(number) - _SHOWN_FIRST - _SHOWN_LAST
        return number[:_SHOWN_FIRST] + "*" * hidden + number[-_SHOWN_LAST:]
    if len(number) > _LEAST_HIDDEN:
        return number[0] + "*" * (len(number) - 2) + number[-1]
    return "*" * len(number)
