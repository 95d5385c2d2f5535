"""Vendors' packages bring words for their own faults; one that breaks a rule brings none, is named, and stops nothing."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from kiosk.config import ASSETS
from kiosk.faults import ENTRY_POINT_GROUP, Catalogue

OURS = Catalogue.load(ASSETS / "faults")
ENTRY = "\n".join(
    ['severity = "error"', 'action = "technician"']
    + [
        f'{who}_{language} = "{who}"'
        for who in ("citizen", "technician", "remedy", "operator")
        for language in ("zh", "en")
    ]
)


def bring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **packages: str | None) -> Catalogue:
    """Return the catalogue beside packages with one file of this text each, or that are not there."""
    monkeypatch.syspath_prepend(str(tmp_path))
    for name, text in packages.items():
        monkeypatch.delitem(sys.modules, name, raising=False)
        if text is not None:
            (tmp_path / name).mkdir()
            (tmp_path / name / "faults.toml").write_text(text, encoding="utf-8")
            (tmp_path / name / "README").write_text("not read", encoding="utf-8")
    entries = [EntryPoint(name, name, ENTRY_POINT_GROUP) for name in packages]
    monkeypatch.setattr("kiosk.faults.entry_points", lambda group: entries)
    return Catalogue.installed(ASSETS / "faults")


def test_a_package_brings_its_own_faults(tmp_path, monkeypatch):
    found = bring(tmp_path, monkeypatch, vendor_a=f'[codes."a1.hot"]\n{ENTRY}', vendor_b=f'[codes."b1.hot"]\n{ENTRY}')
    assert found.refused == ()
    assert found.entries.keys() - OURS.entries.keys() == {"a1.hot", "b1.hot"}
    assert found.for_technician("a1.hot", "en") == ("technician", "remedy")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f'[codes."card.removed"]\n{ENTRY}', "the code card.removed stands twice"),
        (f'[codes."a1.hot"]\n{ENTRY}', "the code a1.hot stands twice"),
        ('[codes."c1.hot"]\nseverity = "terrible"', "faults.toml: c1.hot: severity: Input should be"),
        ("[codes", "TOMLDecodeError"),
        ("", "KeyError"),
        (None, "ModuleNotFoundError"),
    ],
)
def test_one_that_breaks_a_rule_brings_none_and_is_named(text, why, tmp_path, monkeypatch):
    found = bring(tmp_path, monkeypatch, vendor_a=f'[codes."a1.hot"]\n{ENTRY}', vendor_c=text)
    assert found.entries.keys() - OURS.entries.keys() == {"a1.hot"}
    assert found.entry("card.removed") == OURS.entry("card.removed")
    (refused,) = found.refused
    assert "'vendor_c'" in refused
    assert why in refused
