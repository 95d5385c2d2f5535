"""What a command writes as root, the terminal's own user can open afterwards."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest

from kiosk.documents.stock import Stock
from kiosk.documents.store import DATABASE, DocumentStore
from kiosk.selftest.records import FOLDER, Records, record_of

NOBODY = 65534


def keep_a_record(storage):
    Records(storage).keep(record_of((), "T001", datetime(2026, 11, 22, tzinfo=UTC), guided=False))


def make_the_ledger(storage):
    store = DocumentStore(storage / DATABASE)
    Stock(store).load("licence", "Wang", "delivery", quantity=5)
    return store


@pytest.mark.parametrize(("user", "given"), [(0, {FOLDER, DATABASE}), (1000, set())])
def test_only_root_gives_away_what_it_wrote(tmp_path, monkeypatch, user, given):
    owners = {}
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(os, "chown", lambda place, uid, gid, **how: owners.update({place.name: (uid, gid, how)}))
    make_the_ledger(tmp_path).close()
    keep_a_record(tmp_path)
    owner = (tmp_path.stat().st_uid, tmp_path.stat().st_gid, {"follow_symlinks": False})
    assert {name for name in owners if not name.startswith(".")} == given
    assert len(owners) == (len(given) + 1 if given else 0), "the unfinished record as well"
    assert all(given_to == owner for given_to in owners.values())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_everything_that_root_makes_in_somebodys_storage_is_theirs(tmp_path):
    os.chown(tmp_path, NOBODY, NOBODY)
    store = make_the_ledger(tmp_path)
    keep_a_record(tmp_path)
    made = list(tmp_path.rglob("*"))
    assert {DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", FOLDER} <= {path.name for path in made}
    assert {path.stat().st_uid for path in made} == {NOBODY}
    store.close()
