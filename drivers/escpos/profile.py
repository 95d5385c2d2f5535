"""What one make of printer can do, as data: how a job is confirmed, which status it gives, and what its presenter obeys."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import TypeVar, cast

_FOLDER = Path(__file__).parent / "profiles"
_COLUMN_DOTS = 12
_CHOICE = TypeVar("_CHOICE", bound=StrEnum)


class Confirmation(StrEnum):
    """How a printer says that a job is done."""

    PROCESS_ID = "process_id"
    """GS ( H function 48: answered with the job's id when it is on paper."""
    JOB_BLOCK = "job_block"
    """GS G 1 id before the job, GS G 0 behind it: answered with FF 13 id."""
    QUEUED_STATUS = "queued_status"
    """GS r 1 behind the job: answered when all before it was carried out."""


class StatusKind(StrEnum):
    """What a printer answers when it is asked how it is."""

    REAL_TIME = "real_time"
    """DLE EOT 1 to 4, one byte each."""
    FULL = "full"
    """DLE EOT 20: Custom's six bytes."""


class Characters(StrEnum):
    """Which Chinese characters the printer's own font has; the others are drawn as dots."""

    GB2312 = "gb2312"
    GBK = "gbk"

    def knows(self, character: str) -> bool:
        """Whether the printer can print this character itself."""
        encoded = character.encode("gb18030")
        if self is Characters.GBK or len(encoded) == 1:
            return len(encoded) <= 2
        return len(encoded) == 2 and 0xA1 <= encoded[0] <= 0xF7 and encoded[1] >= 0xA1


@dataclass(frozen=True)
class Presenter:
    """Commands of the mechanism that holds a ticket until it is taken."""

    present: bytes
    """Holds the ticket out; empty where the cut itself does."""
    retract: bytes
    """Draws a ticket that nobody took back into the machine."""
    holds_seconds: int
    """After which the printer clears the output by itself, whoever is dead by then; 0: never."""
    then_retracts: bool
    """Whether it then draws the ticket back; otherwise it lets it drop."""


@dataclass(frozen=True)
class Profile:
    """One make of printer. ``dots`` is the width it prints, ``automatic_status`` the n of GS a (0: never switched on)."""

    name: str
    dots: int
    characters: Characters
    cut: bytes
    confirmation: Confirmation
    status: StatusKind
    automatic_status: int
    clears_buffers: bool
    identity: tuple[int, ...]
    """Questions GS I n for maker, model, serial number and firmware, in this order; none where it answers none."""
    presenter: Presenter | None = None

    @property
    def columns(self) -> int:
        """Columns of the printer's font A, 12 dots each."""
        return self.dots // _COLUMN_DOTS


def names() -> tuple[str, ...]:
    """Return the profiles that come with the program."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


def load(name: str) -> Profile:
    """Return a profile by its name, or by the path of a TOML file.

    Raises ``ValueError`` for a name that is not there and for a file that says too much, too little or nonsense.
    """
    path = Path(name) if name.endswith(".toml") else _FOLDER / f"{name}.toml"
    if path.parent == _FOLDER and name not in names():
        raise ValueError(f"printer profile {name!r}; there are {', '.join(names())}, or the path of a .toml file")
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"printer profile {name}: {error}") from error
    return _Reader(path.stem, table).profile()


class _Reader:
    """Reads a table strictly; every complaint names the profile and the key."""

    def __init__(self, name: str, table: Mapping[str, object]) -> None:
        self._name = name
        self._table = table

    def profile(self) -> Profile:
        self._check_keys({field.name for field in fields(Profile)} - {"name"}, {"presenter"})
        presenter = self._table.get("presenter")
        status = self._choice("status", StatusKind)
        automatic_status = self._number("automatic_status", 0, 255)
        if status is StatusKind.FULL and automatic_status:
            raise self._wrong("automatic_status", "0 beside a full status, which cannot be told from it")
        return Profile(
            name=self._name,
            dots=self._number("dots", 24 * _COLUMN_DOTS, 1000),
            characters=self._choice("characters", Characters),
            cut=self._bytes("cut"),
            confirmation=self._choice("confirmation", Confirmation),
            status=status,
            automatic_status=automatic_status,
            clears_buffers=self._flag("clears_buffers"),
            identity=self._numbers("identity"),
            presenter=_Reader(f"{self._name}.presenter", self._mapping(presenter)).presenter() if presenter else None,
        )

    def presenter(self) -> Presenter:
        self._check_keys({field.name for field in fields(Presenter)}, set())
        retract = self._bytes("retract")
        if not retract:
            raise self._wrong("retract", "a command: a ticket that nobody took cannot stay")
        holds_seconds = self._number("holds_seconds", 0, 255)
        return Presenter(self._bytes("present"), retract, holds_seconds, self._flag("then_retracts"))

    def _check_keys(self, known: set[str], optional: set[str]) -> None:
        unknown, lacking = self._table.keys() - known, known - optional - self._table.keys()
        for problem, keys in (("has no key", unknown), ("lacks", lacking)):
            if keys:
                raise ValueError(f"printer profile {self._name} {problem} {', '.join(sorted(keys))}")

    def _wrong(self, key: str, wanted: str) -> ValueError:
        return ValueError(f"printer profile {self._name}: {key} is {wanted}")

    def _mapping(self, value: object) -> Mapping[str, object]:
        if not isinstance(value, dict):
            raise self._wrong("presenter", "a table")
        return cast("Mapping[str, object]", value)

    def _number(self, key: str, least: int, most: int) -> int:
        value = self._table[key]
        if type(value) is not int or not least <= value <= most:
            raise self._wrong(key, f"a number from {least} to {most}")
        return value

    def _numbers(self, key: str) -> tuple[int, ...]:
        value = self._table[key]
        numbers = cast("list[object]", value) if isinstance(value, list) else [None]
        if not all(type(number) is int and 0 <= number <= 255 for number in numbers) or len(numbers) > 4:
            raise self._wrong(key, "up to four numbers from 0 to 255")
        return tuple(cast("list[int]", numbers))

    def _flag(self, key: str) -> bool:
        value = self._table[key]
        if not isinstance(value, bool):
            raise self._wrong(key, "true or false")
        return value

    def _bytes(self, key: str) -> bytes:
        value = self._table[key]
        try:
            return bytes.fromhex(value if isinstance(value, str) else "?")
        except ValueError as error:
            raise self._wrong(key, "bytes in hexadecimal") from error

    def _choice(self, key: str, kind: type[_CHOICE]) -> _CHOICE:
        value = self._table[key]
        if value not in list(kind):
            raise self._wrong(key, f"one of {', '.join(kind)}")
        return kind(str(value))
