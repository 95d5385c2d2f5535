"""Whether a photographed paper is the one asked for, and its number the citizen's: what is said, and what is done about it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.document_camera import Photograph
from kiosk.journey.steps.devices import MaterialsStep
from kiosk.paper_check import Match, PaperVerdict, check_paper
from kiosk.view import Next, Phase, Retake

OWN = "11010519491231002X"
OTHER = "440308199901020018"
EXPECTS = ("居住证明", "户口簿")


@pytest.mark.parametrize(
    ("lines", "verdict"),
    [
        (("居 住 证 明", "号码：11010519491231002X"), PaperVerdict(Match.MATCH, Match.MATCH)),
        (("居住证明", "１１０１０５ 1949 1231 002x"), PaperVerdict(Match.MATCH, Match.MATCH)),
        (("居住证明", "号码I1O1O519491231OO2X"), PaperVerdict(Match.MATCH, Match.MATCH)),
        (("居住证明", "号码1101051949", "1231002X"), PaperVerdict(Match.MATCH, Match.MATCH)),
        (("居住证明", "号码" + OTHER), PaperVerdict(Match.MATCH, Match.OTHER)),
        (("居住证明", "编号110105194912310021"), PaperVerdict(Match.MATCH, Match.NOT_FOUND)),
        (("不动产权证书" * 5,), PaperVerdict(Match.OTHER, Match.NOT_FOUND)),
        (("看不清",), PaperVerdict(Match.NOT_FOUND, Match.NOT_FOUND)),
        ((), PaperVerdict()),
    ],
)
def test_a_paper_is_judged_by_its_words_and_its_number(lines, verdict):
    assert check_paper(lines, EXPECTS, OWN) == verdict


def test_the_doubt_that_is_told_is_the_paper_first():
    assert check_paper(("完全不同的一张纸" * 4, OTHER), EXPECTS, OWN).doubt == "paper"
    assert check_paper(("居住证明", OTHER), EXPECTS, OWN).doubt == "number"
    assert check_paper(("看不清",), EXPECTS, OWN).doubt == ""
    assert check_paper(("居住证明",), EXPECTS, "").number is Match.NOT_FOUND


@given(st.lists(st.text(), max_size=5), st.text(max_size=20))
def test_no_text_breaks_the_check(lines, number):
    verdict = check_paper(lines, EXPECTS, number)
    assert verdict.doubt in ("", "paper", "number")


@pytest.fixture
def reading(stage, monkeypatch):
    """A camera that reads what the test puts in."""
    monkeypatch.setattr(MaterialsStep, "PREVIEW_SECONDS", 0.0)
    camera = stage.devices["camera"]
    lines = []
    monkeypatch.setattr(type(camera), "reads_text", True)
    monkeypatch.setattr(type(camera), "read_text", lambda self, jpeg, deadline, cancel: tuple(lines), raising=False)
    stage.go_to("materials")
    return lines


@pytest.mark.parametrize(
    ("text", "words"),
    [("不动产权证书与其他很多很多很多很多很多很多文字", "可能不是所需的材料"), ("居住证明" + OTHER, "可能不一致")],
)
def test_a_doubt_is_told_and_the_citizen_decides(stage, reading, text, words):
    reading.append(text)
    stage.photograph()
    assert stage.body.phase is Phase.REFUSED
    assert words in stage.body.message
    stage.touch(Retake())
    assert stage.body.phase is Phase.WAITING
    stage.photograph()
    stage.touch(Next())
    assert stage.at == "review", "the picture may be used all the same"
    assert text not in stage.stream.getvalue()


def test_the_right_paper_passes_in_silence(stage, reading):
    reading.append("居住证明" + OWN)
    stage.photograph()
    assert stage.body.phase is Phase.DONE


def test_hints_follow_the_live_picture_and_do_not_flicker(stage, monkeypatch):
    monkeypatch.setattr(MaterialsStep, "PREVIEW_SECONDS", 0.0)
    stage.go_to("materials")
    hints = iter(["photo.no_paper", "photo.no_paper", "photo.covered", "", "", ""])
    seen = []

    def preview(self, deadline):
        stage.drain()
        seen.append(stage.body.hint)
        hint = next(hints, None)
        if hint is None:
            self_step = stage.terminal._current.step
            self_step._shutter.wanted.set()
        return Photograph(b"\xff\xd8%d" % len(seen), 640, 360, 0.0, hint or "")

    monkeypatch.setattr(type(stage.devices["camera"]), "preview", preview)
    stage.do("camera", Photograph(b"\xff\xd8sharp", 1, 1, 0.0))
    place = "请把材料平放在高拍仪下"
    assert seen == ["", "", place, place, place, "可以拍照了", "可以拍照了"]
    assert stage.body.hint == "", "no hint beside a photograph"
