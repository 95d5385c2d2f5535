"""The four clocks of a case (四条线): legal, promised, assessed and used days, and the stage of alarm they give."""

from __future__ import annotations

from datetime import date
from typing import Literal

from central.domain.working_days import DayUnit, WorkingDays
from kiosk.contract.cases import Clocks
from kiosk.contract.items import Item

REMINDER_PERCENT = 70
WARNING_PERCENT = 90
Stage = Literal["running", "reminder", "warning", "breach", "over_legal", "ended"]


def limits(calendar: WorkingDays, item: Item, accepted: date) -> tuple[date, date, date]:
    """Return the legal, the promised and the assessed last day of a case of ``item``."""
    legal, promise, assess = (
        calendar.add(accepted, days, item.day_unit) for days in (item.anticipate_day, item.promise_day, item.assess_day)
    )
    return legal, promise, assess


def clocks(
    calendar: WorkingDays,
    unit: DayUnit,
    accepted: date,
    dates: tuple[date, date, date],
    today: date,
    ended: date | None,
) -> Clocks:
    """Return where a case stands on ``today``; ``dates`` as ``limits`` gave them.

    A day counts as used from its morning on: reminder at 70% of the promised days, warning at 90% (so the promised
    day itself warns), breach once all of them are over (100%), over_legal once the legal days are over.
    """
    legal, promise, assess = dates
    used = calendar.between(accepted, ended or today, unit)
    promised_days = calendar.between(accepted, promise, unit)
    stage: Stage = "running"
    if ended is not None:
        stage = "ended"
    elif today > legal:
        stage = "over_legal"
    elif today > promise:
        stage = "breach"
    elif promised_days and used * 100 >= promised_days * WARNING_PERCENT:
        stage = "warning"
    elif promised_days and used * 100 >= promised_days * REMINDER_PERCENT:
        stage = "reminder"
    return Clocks(legal_date=legal, promise_date=promise, assess_date=assess, used_days=used, stage=stage)
