"""The machine-readable zone (ICAO Doc 9303 parts 3 to 6): check digits, its fields, and the key found in what a camera read."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from drivers.card_reader import MrzKey
from drivers.travel_document.tlv import InvalidDataError

_WEIGHTS = (7, 3, 1)
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_KINDS = {90: 30, 72: 36, 88: 44}  # characters of a whole zone -> of one line
_PERMIT = ("CS", "CD")  # 往来港澳通行证, 往来台湾通行证: a single line on the card, three on the chip


@dataclass(frozen=True, repr=False)
class Zone:
    """The fields of a zone. ``birth`` and ``expiry`` are YYMMDD as they stand there; ``sex`` is M, F or empty.

    Fillers are taken away. Personal data: ``repr`` shows the document's code only.
    """

    code: str
    state: str
    number: str
    surname: str
    given_names: str
    nationality: str
    birth: str
    expiry: str
    sex: str

    def __repr__(self) -> str:
        return f"Zone({self.code}, ...)"

    @property
    def key(self) -> MrzKey:
        """What opens the chip."""
        return MrzKey(self.number, self.birth, self.expiry)


def check_digit(text: str) -> str:
    """Return the check digit (part 3, 4.9). Raises ``ValueError`` for a character that no zone has."""
    return str(
        sum(_value(character) * weight for character, weight in zip(text, itertools.cycle(_WEIGHTS), strict=False)) % 10
    )


def _value(character: str) -> int:
    return 0 if character == "<" else _ALPHABET.index(character)


def information(key: MrzKey) -> bytes:
    """Return what the chip's access key is made of: number, birth and expiry, each with its check digit (part 11, 9.7.2)."""
    number = key.number.upper().rstrip("<").ljust(9, "<")
    return "".join(part + check_digit(part) for part in (number, key.birth, key.expiry)).encode("ascii")


def valid_key(key: MrzKey) -> bool:
    """Whether a key is one that a zone can give."""
    return bool(
        re.fullmatch("[0-9A-Z][0-9A-Z<]{0,21}", key.number.upper())
        and re.fullmatch("[0-9<]{6}", key.birth)
        and re.fullmatch("[0-9]{6}", key.expiry)
    )


def parse(text: str) -> Zone:
    """Read a whole zone: TD1 (3 lines of 30), TD2 (2 of 36), TD3 (2 of 44) or the PRC permits' 3 of 30, joined.

    Raises ``InvalidDataError`` when a check digit is wrong.
    """
    width = _KINDS.get(len(text))
    if width is None or not re.fullmatch("[0-9A-Z<]*", text):
        raise InvalidDataError("zone: length or characters")
    lines = [text[start : start + width] for start in range(0, len(text), width)]
    if len(lines) == 3:
        return _permit(lines) if text[:2] in _PERMIT else _three_lines(lines)
    return _two_lines(lines)


def _two_lines(lines: Sequence[str]) -> Zone:
    """TD2 and TD3: the second line begins alike. Parts 4 and 6 (4.2.2)."""
    names, line = lines
    passport = len(line) == 44
    number, birth, expiry = _checked(line, 0, 9), _checked(line, 13, 6), _checked(line, 21, 6)
    optional = line[28:42]
    # An issuer may leave the digit of an empty field empty.
    if passport and line[42] != check_digit(optional) and (optional.strip("<") or line[42] != "<"):
        raise InvalidDataError("zone: check digit of the optional data")
    _composite(line[0:10] + line[13:20] + line[21:-1], line[-1])
    surname, given = _names(names[5:])
    return Zone(
        names[:2].rstrip("<"), _letters(names[2:5]), number, surname, given, _letters(line[10:13]), birth, expiry,
        _sex(line[20]),
    )  # fmt: skip


def _three_lines(lines: Sequence[str]) -> Zone:
    """TD1. Part 5 (4.2.2); a number of more than nine characters goes on in the optional data."""
    first, second, names = lines
    number = _long_number(first) if first[14] == "<" else _checked(first, 5, 9)
    birth, expiry = _checked(second, 0, 6), _checked(second, 8, 6)
    _composite(first[5:30] + second[0:7] + second[8:15] + second[18:29], second[29])
    surname, given = _names(names)
    return Zone(
        first[:2].rstrip("<"), _letters(first[2:5]), number, surname, given, _letters(second[15:18]), birth, expiry,
        _sex(second[7]),
    )  # fmt: skip


def _permit(lines: Sequence[str]) -> Zone:
    """The PRC permits: one line of key data, a line of coded Chinese name and Latin name, a line beginning with the sex.

    Two public sources agree on these places. The rule of the last check digit and the code of the Chinese name were in
    none, so neither is used.
    """
    first, second, third = lines
    number, expiry, birth = _checked(first, 2, 9), _checked(first, 13, 6), _checked(first, 21, 6)
    surname, given = _names(second[12:])
    return Zone(first[:2], "CHN", number, surname, given, "CHN", birth, expiry, _sex(third[0]))


def _checked(line: str, start: int, length: int) -> str:
    field, digit = line[start : start + length], line[start + length]
    if check_digit(field) != digit:
        raise InvalidDataError(f"zone: check digit at {start + length}")
    return field.rstrip("<") if length == 9 else field


def _long_number(line: str) -> str:
    rest = line[15:30].split("<", 1)[0]
    number = line[5:14] + rest[:-1]
    if len(rest) < 2 or check_digit(number) != rest[-1]:
        raise InvalidDataError("zone: check digit of a long number")
    return number


def _composite(fields: str, digit: str) -> None:
    if check_digit(fields) != digit:
        raise InvalidDataError("zone: composite check digit")


def _names(field: str) -> tuple[str, str]:
    surname, _, given = field.rstrip("<").partition("<<")
    return surname.replace("<", " "), given.replace("<", " ").strip()


def _letters(field: str) -> str:
    return field.rstrip("<")


def _sex(character: str) -> str:
    return character if character in "MF" else ""


def birth_day(field: str, today: date) -> date:
    """Return a day of birth, in this century unless that is still to come. Raises ``InvalidDataError`` also for ``<<``."""
    day = _day(field, 2000)
    return day if day <= today else _day(field, 1900)


def expiry_day(field: str, today: date) -> date:
    """Return a day of expiry, within fifty years of today. Raises ``InvalidDataError``."""
    return min((_day(field, century) for century in (1900, 2000, 2100)), key=lambda day: abs((day - today).days))


def _day(field: str, century: int) -> date:
    if not re.fullmatch("[0-9]{6}", field):
        raise InvalidDataError("zone: a date that is not complete")
    try:
        return date(century + int(field[:2]), int(field[2:4]), int(field[4:]))
    except ValueError:
        raise InvalidDataError("zone: no such day") from None


# ---- what a camera read

_TO_DIGIT = {"O": "0", "Q": "0", "D": "0", "I": "1", "L": "1", "B": "8", "S": "5", "Z": "2", "G": "6"}
_TO_LETTER = {"0": "O", "1": "I", "8": "B", "5": "S", "2": "Z"}
_CONFUSED = {letter: digit for letter, digit in _TO_DIGIT.items() if letter in "OIBSZ"} | _TO_LETTER
_FILLERS = str.maketrans({"«": "<<", "‹": "<", "〈": "<", "《": "<<", "＜": "<", "≤": "<", "く": "<"})
_MOST_LINES = 200
_MOST_PLACES = 6


def find(lines: Iterable[str]) -> MrzKey | None:
    """Return the key in lines of recognised text; None where no line, or more than one key, passes its check digits.

    Letters read where only digits can be are put right, and in the number O/0, I/1, B/8, S/5, Z/2, where the field's check
    digit then holds and in the number only if there is a single such way. Names and optional data are not looked at.
    """
    texts = [_plain(line) for line in itertools.islice(lines, _MOST_LINES)]
    keys: set[MrzKey] = set()
    for index, line in enumerate(texts):
        following = texts[index + 1] if index + 1 < len(texts) else ""
        for key in (_from_two_lines(line), _from_three_lines(line, following), _from_permit(line)):
            if key is not None:
                keys.add(key)
    return keys.pop() if len(keys) == 1 else None


def _plain(line: str) -> str:
    return "".join(line[:200].translate(_FILLERS).upper().split())


def _from_two_lines(line: str) -> MrzKey | None:
    if not 34 <= len(line) <= 46 or not re.fullmatch("[A-Z0-9<]{28}", line[:28]):
        return None
    return _key(line[0:10], line[13:20], line[21:28])


def _from_three_lines(first: str, second: str) -> MrzKey | None:
    if not 28 <= len(first) <= 32 or first[0] not in "ACI" or first[:2] in _PERMIT:
        return None
    if not re.match("[A-Z0-9<]{15}", first) or not re.match("[A-Z0-9<]{15}", second) or len(second) > 32:
        return None
    if first[14] != "<":
        return _key(first[5:15], second[0:7], second[8:15])
    rest = first[15:30].split("<", 1)[0]
    return _key(first[5:14] + rest, second[0:7], second[8:15]) if len(rest) >= 2 else None


def _from_permit(line: str) -> MrzKey | None:
    if not 28 <= len(line) <= 32 or not re.fullmatch("C[S5D0][A-Z0-9<]{26}", line[:28]):
        return None
    return _key(line[2:12], line[21:28], line[13:20])


def _key(number: str, birth: str, expiry: str) -> MrzKey | None:
    """Return the key of three fields, each with its check digit behind; None unless all three hold."""
    repaired = _number(number[:-1], _digits(number[-1]))
    dates = [_digits(field) for field in (birth, expiry)]
    if repaired is None or any(not re.fullmatch("[0-9<]{6}[0-9]", field) for field in dates):
        return None
    if any(check_digit(field[:-1]) != field[-1] for field in dates):
        return None
    key = MrzKey(repaired.rstrip("<"), dates[0][:-1], dates[1][:-1])
    return key if valid_key(key) else None


def _digits(field: str) -> str:
    return "".join(_TO_DIGIT.get(character, character) for character in field)


def _number(field: str, digit: str) -> str | None:
    """Return the number as it was read if its check digit holds, else the only way to put it right; None for several ways.

    A letter may have been a digit anywhere; a digit may have been a letter in the first place only, where most have one.
    """
    if check_digit(field) == digit:
        return field
    places = [index for index, character in enumerate(field) if character in _TO_LETTER.values()]
    if field[0] in _TO_LETTER:
        places.append(0)
    if len(places) > _MOST_PLACES:
        return None
    fitting: list[str] = []
    for count in range(1, len(places) + 1):
        for chosen in itertools.combinations(places, count):
            text = "".join(_CONFUSED[c] if index in chosen else c for index, c in enumerate(field))
            if check_digit(text) == digit:
                fitting.append(text)
    return fitting[0] if len(fitting) == 1 else None
