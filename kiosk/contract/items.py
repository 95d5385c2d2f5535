"""Items (事项) and their materials: what central publishes and terminals show (GB/T 39046-2020, chapter on items)."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Value(BaseModel):
    """A value on the wire: immutable, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Material(Value):
    """One paper that an item asks for."""

    code: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    name: str
    name_en: str
    is_need: bool = True


class Item(Value):
    """One item as its authority publishes it. Days are working days unless ``day_unit`` says otherwise.

    ``task_code`` is 31 characters: 18 of credit code, 1 of level, 12 of basic code.
    """

    task_code: str = Field(pattern=r"^[0-9A-Z]{18}[1-6][0-9A-Z]{12}$")
    task_name: str
    task_name_en: str
    task_type: Literal["01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "20"]
    task_version: int = Field(ge=1)
    dept_name: str
    dept_name_en: str
    dept_code: str = Field(pattern=r"^[0-9A-Z]{18}$")
    use_level: Literal["1", "2", "3", "4", "5", "6"]
    anticipate_day: int = Field(ge=0)
    promise_day: int = Field(ge=0)
    assess_day: int = Field(ge=0)
    day_unit: Literal["working_day", "calendar_day"] = "working_day"
    project_type: Literal["1", "2", "9"]
    server_type: tuple[Literal["1", "2", "3", "4", "5", "6", "9"], ...]
    limit_scene_num: int = Field(ge=0)
    is_service_terminals: bool = True
    effective_date: date
    cancel_date: date | None = None
    by_law: str = ""
    materials: tuple[Material, ...] = ()
    steps: tuple[str, ...] = Field(min_length=1)
    steps_en: tuple[str, ...] = Field(min_length=1)
