"""Counts days as authorities promise them: working days by a table of holidays and make-up days, or calendar days."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta, timezone
from pathlib import Path
from typing import Literal, cast

HALL_TIME = timezone(timedelta(hours=8), "UTC+8")
"""The one time zone of mainland China: days of acceptance are counted in it wherever the server stands."""

TABLE = Path(__file__).with_name("working_days.toml")
DayUnit = Literal["working_day", "calendar_day"]
_SATURDAY = 5


@dataclass(frozen=True)
class WorkingDays:
    """``years`` have a table; in all other years Monday to Friday are taken for working days."""

    years: frozenset[int]
    holidays: frozenset[date]
    make_up_days: frozenset[date]

    def is_working(self, day: date) -> bool:
        """Say whether offices work on ``day``."""
        if day in self.holidays:
            return False
        return day in self.make_up_days or day.weekday() < _SATURDAY

    def add(self, start: date, count: int, unit: DayUnit) -> date:
        """Return the last day of a term of ``count`` days that starts on the day after ``start``."""
        if unit == "calendar_day":
            return start + timedelta(days=count)
        day = start
        while count > 0:
            day += timedelta(days=1)
            if self.is_working(day):
                count -= 1
        return day

    def between(self, start: date, end: date, unit: DayUnit) -> int:
        """Return how many days of a term that started after ``start`` are used on ``end``, that day included."""
        days = (end - start).days
        if unit == "calendar_day":
            return max(0, days)
        return sum(self.is_working(start + timedelta(days=offset)) for offset in range(1, days + 1))


def load_working_days(path: Path = TABLE) -> WorkingDays:
    """Read a table. Raises ``ValueError`` when a day is in the wrong year or no date."""
    document = cast("Mapping[str, Mapping[str, list[object]]]", tomllib.loads(path.read_text(encoding="utf-8")))
    holidays: set[date] = set()
    make_up_days: set[date] = set()
    for year, table in document.items():
        for name, days in (("holidays", holidays), ("make_up_days", make_up_days)):
            for day in table.get(name, []):
                if not isinstance(day, date) or day.year != int(year):
                    raise ValueError(f"{path.name}: {name} of {year} holds {day}")
                days.add(day)
    return WorkingDays(frozenset(int(year) for year in document), frozenset(holidays), frozenset(make_up_days))
