"""Text on the column grid: never wider than the paper, nothing lost, nothing that a printer could obey."""

from __future__ import annotations

import itertools
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.escpos.layout import MISSING, clean, columns_of, pad, rows, width_of, wrap
from drivers.receipt_printer import Align, Cell

CHINESE = st.text(st.sampled_from("张伟样受理回执，。、；：？！（）《》“”〓𠮷㛃abcXYZ 0123-./—é①"), max_size=120)
WIDTHS = st.integers(2, 48)


def everything(_: str) -> bool:
    return True


@given(CHINESE | st.text(max_size=80), WIDTHS)
def test_no_line_is_wider_than_the_paper(text: str, width: int):
    assert all(width_of(line) <= width for line in wrap(clean(text, everything), width))


@given(CHINESE | st.text(max_size=80), WIDTHS)
def test_wrapping_loses_and_reorders_nothing_but_spaces(text: str, width: int):
    cleaned = clean(text, everything)
    joined = "".join(wrap(cleaned, width))
    assert joined.replace(" ", "") == cleaned.replace(" ", "").replace("\n", "")


@given(st.text(st.sampled_from("张伟样受理回执，。；！）》"), min_size=1, max_size=80), st.integers(8, 48))
def test_closing_punctuation_starts_no_line_where_a_character_can_come_along(text: str, width: int):
    lines = wrap(text, width)
    for before, line in itertools.pairwise(lines):
        if line[0] in "，。；！）》":
            # Only a whole line of punctuation (nothing to bring along) is allowed to leave it there.
            assert all(character in "，。；！）》" for character in before[1:])


def test_words_stay_whole_and_long_ones_are_broken():
    assert wrap("Enrolment in basic medical insurance", 14) == ["Enrolment in", "basic medical", "insurance"]
    assert wrap("A" * 30, 12) == ["A" * 12, "A" * 12, "A" * 6]


def test_opening_punctuation_ends_no_line():
    assert wrap("请登录（国家平台）", 8) == ["请登录", "（国家平", "台）"]


def test_empty_text_is_an_empty_line_and_line_breaks_break():
    assert wrap("", 10) == [""]
    assert wrap("甲\n\n乙", 10) == ["甲", "", "乙"]


def test_a_width_that_holds_no_chinese_character_is_refused():
    with pytest.raises(ValueError, match="column"):
        wrap("张", 1)


@given(st.text(max_size=80))
def test_clean_text_holds_no_control_character(text: str):
    cleaned = clean(text, everything)
    assert all(unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn") for c in cleaned if c != "\n")
    assert all(value >= 0x20 or value == 0x0A for value in cleaned.encode("gb18030"))


def test_a_character_that_nobody_can_draw_is_marked():
    assert clean("张\U0001f600样", lambda _: False) == f"张{MISSING}样"
    assert clean("张\ue000样", everything) == f"张{MISSING}样"


@pytest.mark.parametrize(("character", "columns"), [("A", 1), ("张", 2), ("é", 2), ("①", 2), ("𠮷", 2), ("䶮", 2)])
def test_columns_are_what_the_printer_takes(character: str, columns: int):
    assert columns_of(character) == columns


@given(CHINESE, st.integers(0, 60), st.sampled_from(Align))
def test_padding_reaches_the_width(text: str, width: int, align: Align):
    padded = pad(text, width, align)
    assert width_of(padded) == max(width, width_of(text))
    assert text in padded


@given(st.lists(st.tuples(CHINESE, st.integers(2, 16), st.sampled_from(Align)), min_size=1, max_size=3))
def test_cells_stay_inside_their_columns(cells: list[tuple[str, int, Align]]):
    lines = rows(tuple(Cell(text, width, align) for text, width, align in cells), 48, everything)
    assert all(width_of(line) <= sum(width for _, width, _ in cells) for line in lines)


def test_cells_share_what_the_others_leave_and_stand_aligned():
    line = rows((Cell("金额", 10), Cell("中", 0, Align.CENTRE), Cell("12.00", 10, Align.RIGHT)), 48, everything)
    assert line == ["金额" + " " * 6 + " " * 13 + "中" + " " * 13 + "     12.00"]


def test_rows_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="fit"):
        rows((Cell("a", 40), Cell("b", 20)), 48, everything)
    with pytest.raises(ValueError, match="fit"):
        rows((Cell("a", 48), Cell("b", 0)), 48, everything)
