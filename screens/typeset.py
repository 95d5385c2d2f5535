"""Break texts into lines as Chinese and English want it, which Kivy's labels, breaking at spaces only, cannot."""

from __future__ import annotations

from collections.abc import Callable

Measure = Callable[[str], int]

_NOT_AT_LINE_START = frozenset("，。、；：？！）》」』】〉〕”’…·％,.;:?!)]}%")
_CLAUSE_END = frozenset("，、。；：！？,.;:!?")
AWKWARD = 0.12
"""What ending a balanced line inside a clause costs, against the square of its relative unevenness."""
_NOT_AT_LINE_END = frozenset("（《「『【〈〔“‘([{")


def _stands_alone(character: str) -> bool:
    """Whether a line may be broken on both sides of it: ideographs, kana, full-width forms."""
    return character >= "⺀" and not 0xAC00 <= ord(character) <= 0xD7A3


def pieces(text: str) -> list[str]:
    """The parts of one paragraph between which a line may end; spaces stay at the end of the part before them."""
    found: list[str] = []
    open_end = False
    for character in text:
        glued = bool(found) and (
            open_end
            or character in _NOT_AT_LINE_START
            or character == " "
            or not (_stands_alone(character) or _stands_alone(found[-1][-1]) or found[-1][-1] in " -/")
        )
        if glued:
            found[-1] += character
        else:
            found.append(character)
        open_end = character in _NOT_AT_LINE_END
    return found


def longest_word(text: str, measure: Measure) -> int:
    """Pixels of the longest part without a line end inside. Numbers and codes do not count: they may be broken anywhere."""
    words = [piece for line in text.split("\n") for piece in pieces(line) if not any(map(str.isdigit, piece))]
    return max((measure(word.rstrip(" ")) for word in words), default=0)


def _hard_split(piece: str, measure: Measure, width: int) -> list[str]:
    """A part that is wider than a line (a 60-letter name, an address of one word), cut where it must be."""
    parts: list[str] = []
    present = ""
    for character in piece:
        if present and measure(present + character) > width:
            parts.append(present)
            present = ""
        present += character
    return [*parts, present]


def _fill(parts: list[str], measure: Measure, width: int) -> list[str]:
    lines: list[str] = []
    present = ""
    for part in parts:
        if present and measure((present + part).rstrip(" ")) > width:
            lines.append(present.rstrip(" "))
            present = part.lstrip(" ")
        else:
            present += part
    return [*lines, present.rstrip(" ")]


def _balance(parts: list[str], widths: list[int], count: int, width: int) -> list[str]:
    """Exactly ``count`` lines about equally long, ending with a sentence or clause where that costs little."""
    edges = [0]
    for part in widths:
        edges.append(edges[-1] + part)
    target = edges[-1] / count
    best: list[dict[int, tuple[float, int]]] = [{0: (0.0, 0)}]
    for line in range(1, count + 1):
        reached: dict[int, tuple[float, int]] = {}
        for start, (cost, _) in best[-1].items():
            for end in range(start + 1, len(parts) + 1):
                long = edges[end] - edges[start]
                if long > width:
                    break
                last = line == count
                if last != (end == len(parts)):
                    continue
                clause = parts[end - 1].rstrip(" ")[-1:] in _CLAUSE_END
                paid = cost + ((long - target) / target) ** 2 + (0.0 if last or clause else AWKWARD)
                if end not in reached or paid < reached[end][0]:
                    reached[end] = (paid, start)
        best.append(reached)
    if len(parts) not in best[count]:
        return []
    lines: list[str] = []
    end = len(parts)
    for line in range(count, 0, -1):
        start = best[line][end][1]
        lines.insert(0, "".join(parts[start:end]).strip(" "))
        end = start
    return lines


def wrap(text: str, measure: Measure, width: int, balanced: bool = False) -> list[str]:
    """The lines of ``text`` in ``width`` pixels; line ends in the text are kept.

    ``balanced`` makes the lines of a paragraph about equally long, without needing more of them: a heading never leaves
    one character alone.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        parts: list[str] = []
        for piece in pieces(paragraph):
            parts.extend([piece] if measure(piece.rstrip(" ")) <= width else _hard_split(piece, measure, width))
        filled = _fill(parts, measure, width)
        if balanced and len(filled) > 1:
            even = _balance(parts, [measure(part) for part in parts], len(filled), width)
            if even and all(measure(line) <= width for line in even):
                filled = even
        lines.extend(filled)
    return lines
