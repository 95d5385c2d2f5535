"""Profiles are data: each that comes along is whole, one of another maker can be given by path, and nonsense is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from printer_bench import FONTS, picture

from drivers.escpos.encode import ReceiptEncoder
from drivers.escpos.profile import Characters, Confirmation, StatusKind, load, names
from drivers.receipt_printer import Cut, QrCode, ReceiptDocument, Rule, Text
from drivers.sim.paper import Paper
from drivers.sim.printer_lexer import Lexer

CLONE = (Path(load.__code__.co_filename).parent / "profiles" / "clone.toml").read_text(encoding="utf-8")


def test_the_four_profiles_come_along():
    assert names() == ("clone", "custom", "epson", "nippon")
    loaded = {name: load(name) for name in names()}
    assert [loaded[name].confirmation for name in names()] == [
        Confirmation.QUEUED_STATUS,
        Confirmation.QUEUED_STATUS,
        Confirmation.PROCESS_ID,
        Confirmation.JOB_BLOCK,
    ]
    assert {name for name in names() if loaded[name].presenter} == {"custom"}
    assert {name for name in names() if loaded[name].status is StatusKind.FULL} == {"custom"}
    assert {name for name in names() if loaded[name].automatic_status} == {"epson", "nippon"}


def test_a_profile_of_ones_own_is_given_by_path(tmp_path: Path):
    path = tmp_path / "narrow.toml"
    path.write_text(CLONE.replace("dots = 576", "dots = 384"), encoding="utf-8")
    profile = load(str(path))
    assert (profile.name, profile.dots, profile.columns) == ("narrow", 384, 32)


@pytest.mark.parametrize("rare", ["𠮷", "龦"])
def test_a_narrow_printer_gets_narrow_lines(tmp_path: Path, rare: str):
    path = tmp_path / "narrow.toml"
    path.write_text(CLONE.replace("dots = 576", "dots = 384"), encoding="utf-8")
    document = ReceiptDocument((Text("样" * 20), Text(f"{rare}样"), Rule(), QrCode("x" * 300, 8), Cut()))
    lexer, paper = Lexer(), Paper(FONTS, 384, gb2312_only=True)
    for value in ReceiptEncoder(FONTS, load(str(path))).encode(document):
        for command in lexer.feed(value):
            paper.execute(command)
    assert paper.sheets[0].lines == ("样" * 16, "样" * 4, "[image]", "─" * 16, "[qr]")
    assert picture(paper.sheets[0].png).width == 384


@pytest.mark.parametrize(
    ("character", "gb2312", "gbk"), [("a", 1, 1), ("样", 1, 1), ("鎔", 0, 1), ("𠮷", 0, 0), ("㛃", 0, 0)]
)
def test_each_font_knows_its_characters(character: str, gb2312: bool, gbk: bool):
    assert Characters.GB2312.knows(character) == gb2312
    assert Characters.GBK.knows(character) == gbk


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("dots = 576", "", "lacks dots"),
        ("dots = 576", "dots = 5", "dots is a number"),
        ("dots = 576", 'dots = "576"', "dots is a number"),
        ("dots = 576", "dots = true", "dots is a number"),
        ('cut = "1d 56 00"', 'cut = "1d 5"', "cut is bytes"),
        ('status = "real_time"', 'status = "loud"', "status is one of real_time, full"),
        ("clears_buffers = false", "clears_buffers = 0", "clears_buffers is true or false"),
        ("identity = []", "identity = [1, 300]", "identity is up to four"),
        ("identity = []", "identity = []\ncolour = 1", "has no key colour"),
        ("identity = []", "identity = []\npresenter = 1", "presenter is a table"),
        (
            "identity = []",
            'identity = []\n[presenter]\npresent = ""\nholds_seconds = 0\nthen_retracts = false',
            "lacks retract",
        ),
        (
            "identity = []",
            'identity = []\n[presenter]\npresent = ""\nretract = ""\nholds_seconds = 0\nthen_retracts = false',
            "retract is a command",
        ),
        (
            'status = "real_time"\nautomatic_status = 0',
            'status = "full"\nautomatic_status = 1',
            "automatic_status is 0",
        ),
        ("dots = 576", "dots = = 1", "Invalid value"),
    ],
)
def test_a_profile_that_makes_no_sense_is_refused(tmp_path: Path, before: str, after: str, complaint: str):
    path = tmp_path / "mine.toml"
    assert before in CLONE
    path.write_text(CLONE.replace(before, after), encoding="utf-8")
    with pytest.raises(ValueError, match="printer profile mine") as refused:
        load(str(path)) if "Invalid" not in complaint else load_named(path)
    assert complaint in str(refused.value)


def load_named(path: Path) -> None:
    """A file that is no TOML is named by its path."""
    try:
        load(str(path))
    except ValueError as error:
        raise ValueError(str(error).replace(str(path), "mine")) from error


@pytest.mark.parametrize("name", ["star", "basic", "../clone", "", "/nowhere/at/all.toml"])
def test_a_profile_that_is_not_there_is_refused(name: str):
    with pytest.raises(ValueError, match="printer profile"):
        load(name)
