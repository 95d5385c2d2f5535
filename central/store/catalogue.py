"""Items (事项) as published: read from files at start, kept by version, handed to terminals."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from central.domain.numbering import TASK_CODE
from central.store.tables import ItemRow
from central.store.upsert import insert_into
from kiosk.contract.items import Item
from kiosk.contract.reports import Catalogue

_LARGEST_VERSION = 2**31 - 1


class ItemError(Exception):
    """A file does not describe an item."""


def read_items(folder: Path) -> dict[str, Item]:
    """Return the items of all ``*.toml`` files by the files' stems (the services' names). Raises ``ItemError``."""
    items: dict[str, Item] = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ItemError(f"{path}: {error}") from error
        if "item" not in document:
            continue
        try:
            item = Item.model_validate(document["item"])
        except ValidationError as error:
            raise ItemError(f"{path}: {error}") from error
        if not item.steps or len(item.steps) != len(item.steps_en):
            raise ItemError(f"{path}: steps and steps_en must have the same number of names, at least one")
        items[path.stem] = item
    return items


def publish(session: Session, items: list[Item]) -> None:
    """Add the items, or replace them where the same version is there already."""
    for item in items:
        body = item.model_dump_json()
        row = insert_into(session, ItemRow).values(task_code=item.task_code, task_version=item.task_version, body=body)
        session.execute(
            row.on_conflict_do_update(index_elements=[ItemRow.task_code, ItemRow.task_version], set_={"body": body})
        )


def find_item(session: Session, task_code: str, task_version: int) -> Item | None:
    """Return one version of an item."""
    if not TASK_CODE.fullmatch(task_code) or not 0 < task_version <= _LARGEST_VERSION:
        return None
    row = session.get(ItemRow, (task_code, task_version))
    return Item.model_validate_json(row.body) if row else None


def on_terminals(session: Session, today: date) -> Catalogue:
    """Return, of every item, the newest version that is in force today and meant for terminals."""
    newest: dict[str, Item] = {}
    for body in session.scalars(select(ItemRow.body).order_by(ItemRow.task_code, ItemRow.task_version)):
        item = Item.model_validate_json(body)
        if item.effective_date <= today:
            newest[item.task_code] = item
    return Catalogue(
        items=tuple(item for item in newest.values() if item.is_service_terminals and _in_force(item, today))
    )


def _in_force(item: Item, day: date) -> bool:
    return item.cancel_date is None or day < item.cancel_date
