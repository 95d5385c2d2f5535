"""The parts of the screens that need no window: colours, line breaking, faces, labels, the crossing between threads."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest
from sample_views import LONG_NAME, ROOT, paper

from screens import texts, theme, touch_map
from screens.bridge import Bridge, decode_jpeg
from screens.fonts import FACE, GETA, Coverage, _usual
from screens.geometry import Box
from screens.typeset import wrap

FONTS = ROOT / "assets" / "fonts"
SCREENS = ROOT / "screens"


def luminance(colour: theme.Colour) -> float:
    """WCAG 2.1 relative luminance."""
    parts = [value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4 for value in colour[:3]]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


@pytest.mark.parametrize("pair", theme.TEXT_PAIRS)
def test_every_text_colour_stands_out_from_its_ground(pair):
    light, dark = sorted((luminance(colour) for colour in pair), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def width(text: str) -> int:
    """A face whose ideographs are 40 and letters 20 pixels wide."""
    return sum(40 if character > "⺀" else 20 for character in text)


def test_chinese_breaks_anywhere_but_not_before_a_full_stop_or_after_an_opening_bracket():
    lines = wrap("请把身份证（原件）放好。谢谢", width, 240)
    assert "".join(lines) == "请把身份证（原件）放好。谢谢"
    assert all(width(line) <= 240 for line in lines)
    assert not any(line[0] in "。），" for line in lines)
    assert not any(line.endswith("（") for line in lines)


def test_english_breaks_between_words_only():
    assert wrap("Take your card please", width, 200) == ["Take your", "card", "please"]


def test_a_name_wider_than_the_line_is_broken_and_loses_nothing():
    lines = wrap(LONG_NAME, width, 300)
    assert "".join(lines).replace(" ", "") == LONG_NAME.replace(" ", "")
    assert all(width(line) <= 300 for line in lines)


def test_balanced_lines_leave_no_character_alone_and_prefer_a_clause_end():
    text = "照片不够清楚，请放平后重新拍照"
    assert wrap(text, width, 560) == ["照片不够清楚，请放平后重新拍", "照"]
    assert wrap(text, width, 560, balanced=True) == ["照片不够清楚，", "请放平后重新拍照"]


def test_the_main_face_has_every_character_that_skips_the_tables():
    coverage = Coverage(FONTS)
    usual = [chr(point) for point in range(0x20, 0xFFFF) if _usual(chr(point))]
    assert len(usual) > 20_000
    assert [character for character in usual if not coverage.has("NotoSansSC", character)] == []


def test_rare_name_characters_find_a_face_and_unknown_ones_get_a_mark():
    coverage = Coverage(FONTS)
    assert coverage.runs("王𠮷㛃䶮") == [(FACE, "王𠮷㛃䶮")]
    assert coverage.runs("王𪨊一") == [(FACE, "王"), ("HanaMinB", "𪨊"), (FACE, "一")]
    assert coverage.runs("a\U0010fffeb\x07") == [(FACE, "ab")]
    assert coverage.runs("\u1780") == [(FACE, GETA)]


def test_the_labels_file_has_exactly_the_labels_that_the_screens_ask_for():
    labels = texts.load(ROOT / "assets" / "texts" / "screens.toml")
    source = "\n".join(path.read_text(encoding="utf-8") for path in SCREENS.rglob("*.py"))
    known = set(labels["zh"].entries)
    asked = set(re.findall(r'labels\(\s*"(\w+)"', source))
    assert asked <= known
    named_elsewhere = {f"state_{state}" for state in ("done", "current", "waiting", "returned")}
    unused = {key for key in known - asked - named_elsewhere if f'"{key}"' not in source}
    assert unused == set()
    with pytest.raises(texts.UnknownTextError):
        labels["en"]("no_such_label")


def test_languages_with_different_keys_are_refused(tmp_path: Path):
    path = tmp_path / "screens.toml"
    path.write_text('[zh]\nback = "返回"\nnext = "下一步"\n[en]\nback = "Back"\n', encoding="utf-8")
    with pytest.raises(texts.UnknownTextError, match="next"):
        texts.load(path)


def test_boxes_are_cut_without_losing_or_overlapping_pixels():
    box = Box(10, 20, 300, 200)
    top, rest = box.from_top(50, 10)
    assert (top.top, top.y, rest.top, rest.y) == (220, 170, 160, 20)
    left, middle, right = box.columns(3, 15)
    assert left.right + 15 == middle.x
    assert right.right <= box.right


def test_a_picture_is_decoded_to_fit_and_rubbish_is_no_picture():
    pixels = decode_jpeg(paper(), 400, 400)
    assert (pixels.width, pixels.height) == (400, 300)
    assert len(pixels.rgb) == 400 * 300 * 3
    assert decode_jpeg(b"\xff\xd8 rubbish", 400, 400).rgb == b""


class ManualLoop:
    def __init__(self) -> None:
        self.calls = []

    def call(self, action) -> None:
        self.calls.append(action)


def test_views_that_come_faster_than_frames_are_skipped():
    loop, drawn, latest = ManualLoop(), [], [None]
    bridge = Bridge(loop, lambda: latest[0], drawn.append)
    for view in ("first", "second", "third"):
        latest[0] = view
        bridge.wake()
    assert len(loop.calls) == 1
    loop.calls.pop()()
    assert drawn == ["third"]
    latest[0] = "fourth"
    bridge.wake()
    loop.calls.pop()()
    assert drawn == ["third", "fourth"]


def test_without_a_window_a_snapshot_says_so_and_does_not_hang():
    assert touch_map.touchables() == ((), (), -1)
    failed = threading.Event()

    def ask() -> None:
        with pytest.raises(TimeoutError):
            touch_map.snapshot(1.0)
        failed.set()

    threading.Thread(target=ask).start()
    assert failed.wait(10)
