"""Receipts are data: templates are checked with clear words, and the shipped ones give readable paper."""

from __future__ import annotations

import io
import tomllib
from pathlib import Path

import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from drivers.escpos.encode import ReceiptEncoder
from drivers.receipt_printer import Align, Cell, Columns, Cut, QrCode, ReceiptDocument, Text
from drivers.sim.paper import Paper, Sheet
from drivers.sim.printer_lexer import Lexer
from kiosk.receipts import LANGUAGES, ReceiptTemplate, ReceiptTemplateError, build, load

ROOT = Path(__file__).resolve().parents[2]
FONTS = ROOT / "assets" / "fonts"
SHIPPED = sorted((ROOT / "assets" / "receipts").glob("*.toml"))
PROJECT_NO = "11430600MB1234567X4000123456789202503140042"
VALUES = {
    "site": "样例市政务服务中心一楼24小时自助区",
    "service": "城乡居民基本医疗保险参保登记",
    "applicant": "欧阳𠮷样",
    "id_number": "430602********001X",
    "project_no": PROJECT_NO,
    "local_number": "YL0003-20250314-0007",
    "code": PROJECT_NO,
    "accepted_at": "2025-03-14 21:07",
    "handed_in_at": "2025-03-14 21:07",
    "asked_at": "2025-03-14 21:07",
    "promised_date": "2025-03-21",
    "date": "2025-03-15 12:00",
    "state": "审核中",
    "steps": "受理\t已完成\t2025-03-14\n审核\t办理中\t\n办结\t未开始\t",
    "clocks": "承诺办结时限\t2025-03-21",
    "next_steps": "请保管本回执。\n如需补正，将发送短信。",
}
GOOD = """
required = ["name"]
optional = ["mark"]
[[line]]
kind = "text"
when = "mark"
text = { zh = "补打", en = "Reprint" }
[[line]]
kind = "field"
label = { zh = "姓名", en = "Name" }
value = "{name}"
"""


def values_for(template: ReceiptTemplate, *extra: str) -> dict[str, str]:
    return {name: VALUES[name] for name in template.required} | {name: VALUES.get(name, "1") for name in extra}


def printed(document: ReceiptDocument) -> Sheet:
    lexer, paper = Lexer(), Paper(FONTS)
    for value in ReceiptEncoder(FONTS).encode(document):
        for command in lexer.feed(value):
            paper.execute(command)
    return paper.sheets[0]


def loaded(tmp_path: Path, text: str) -> ReceiptTemplate:
    path = tmp_path / "sample.toml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def test_the_templates_that_the_terminal_needs_are_there():
    assert {"submission", "submission_pending", "progress"} <= {path.stem for path in SHIPPED}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_receipt_can_be_read(path: Path, language: str):
    template = load(path)
    sheet = printed(build(template, language, values_for(template)))
    picture = Image.open(io.BytesIO(sheet.png)).convert("L")
    assert [code.text for code in zxingcpp.read_barcodes(picture)] == [PROJECT_NO]
    text = "\n".join(sheet.lines)
    for name in template.required - {"code", "steps", "next_steps", "applicant"}:
        assert VALUES[name] in text.replace("\n" + " " * 20, ""), name
    assert "〓" not in text
    assert "训练" not in text
    assert "补打" not in text
    assert all(len(line.encode("gb18030")) <= 48 for line in sheet.lines)
    assert "[image]" in sheet.lines  # the name with the rare character


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_training_and_reprint_are_marked_in_both_languages(path: Path, language: str):
    template = load(path)
    lines = printed(build(template, language, values_for(template, "training", "reprint"))).lines
    assert lines[0] in ("训练 TRAINING, NOT VALID", "TRAINING, NOT VALID 训练")
    assert any("补打" in line and "REPRINT" in line for line in lines)


def test_the_case_number_stands_on_a_line_of_its_own():
    template = load(ROOT / "assets" / "receipts" / "submission.toml")
    assert PROJECT_NO in printed(build(template, "zh", values_for(template))).lines


def test_clocks_are_left_out_where_there_are_none():
    template = load(ROOT / "assets" / "receipts" / "progress.toml")
    without = printed(build(template, "zh", values_for(template))).lines
    with_clocks = printed(build(template, "zh", values_for(template, "clocks"))).lines
    assert "办理时限" not in without
    assert "承诺办结时限" + " " * 22 + "2025-03-21" in with_clocks
    assert len(with_clocks) == len(without) + 3


def test_labels_stand_in_both_languages_the_citizens_first(tmp_path: Path):
    template = loaded(tmp_path, GOOD)
    for language, label in (("zh", "姓名 Name"), ("en", "Name 姓名")):
        assert build(template, language, {"name": "张伟样"}) == ReceiptDocument(
            (Columns((Cell(label, 20), Cell("张伟样"))),)
        )


def test_a_text_stands_in_the_citizens_language_alone(tmp_path: Path):
    template = loaded(tmp_path, GOOD)
    assert build(template, "en", {"name": "x", "mark": "1"}).elements[0] == Text("Reprint")


def test_every_kind_of_line_makes_its_element(tmp_path: Path):
    template = loaded(
        tmp_path,
        """
required = ["a", "t"]
[[line]]
kind = "number"
label = { zh = "编号", en = "No." }
value = "{a}"
[[line]]
kind = "table"
value = "{t}"
widths = [10]
[[line]]
kind = "qr"
value = "x:{a}"
module = 4
[[line]]
kind = "cut"
""",
    )
    assert build(template, "zh", {"a": "7", "t": "甲\t乙\n丙"}).elements == (
        Text("编号 No.", Align.CENTRE),
        Text("7", Align.CENTRE, bold=True),
        Columns((Cell("甲", 10), Cell("乙"))),
        Columns((Cell("丙", 10),)),
        QrCode("x:7", 4),
        Cut(),
    )


@given(st.text())
def test_a_value_is_never_taken_for_a_placeholder(name: str):
    template = load(SHIPPED[0])
    document = build(template, "zh", values_for(template) | {"applicant": f"{name}{{code}}"})
    assert any(isinstance(e, Columns) and e.cells[-1].text == f"{name}{{code}}" for e in document.elements)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("optional =", "optinal ="), "unknown key optinal"),
        (('kind = "field"', 'kind = "feild"'), "line 2: kind 'feild'"),
        (('value = "{name}"', ""), "line 2 (field): value missing"),
        (('value = "{name}"', 'value = "{name}"\nsize = 2'), "line 2 (field): unknown key size"),
        (('value = "{name}"', 'value = "{nam}"'), "nam: shown in a line, but neither required nor optional"),
        (('value = "{name}"', 'value = "name"'), "name: required, but shown in no line"),
        (('value = "{name}"', 'value = "{Name}"'), "line 2 (field): a placeholder"),
        (('value = "{name}"', "value = 5"), "line 2 (field): value must be str"),
        (('when = "mark"', 'when = "marc"'), "marc: named by a `when`, but not optional"),
        (('when = "mark"', ""), "mark: optional, but used in no line"),
        ((', en = "Reprint"', ""), "line 1 (text): no text in en"),
        (('en = "Reprint"', 'en = "Reprint", fr = "x"'), "line 1 (text): unknown key fr"),
        (('text = { zh = "补打", en = "Reprint" }', 'text = "补打"'), "line 1 (text): a text is a table"),
        (('when = "mark"', 'when = "mark"\nscale = 3'), "line 1 (text): scale 3"),
        (('when = "mark"', 'when = "mark"\nalign = "middle"'), "line 1 (text): align 'middle'"),
        (('when = "mark"', 'when = "mark"\nbold = 1'), "line 1 (text): bold must be bool"),
        (('["mark"]', '["mark", "name"]'), "name: both required and optional"),
        (('["mark"]', '"mark"'), "optional must be a list of names"),
        (("[[line]]", "[[lines]]"), "unknown key lines"),
        (("required =", "required"), "sample.toml: "),
    ],
)
def test_a_mistake_in_a_template_is_named(tmp_path: Path, change: tuple[str, str], words: str):
    broken = GOOD.replace(*change)
    assert broken != GOOD
    with pytest.raises(ReceiptTemplateError) as mistake:
        loaded(tmp_path, broken)
    assert words in str(mistake.value)
    assert str(mistake.value).startswith("sample.toml: ")


def test_an_absent_template_is_named(tmp_path: Path):
    with pytest.raises(ReceiptTemplateError, match=r"none\.toml"):
        load(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("language", "values", "words"),
    [
        ("fr", {"name": "张伟样"}, "language 'fr'"),
        ("zh", {}, "no value for name"),
        ("zh", {"name": ""}, "no value for name"),
        ("zh", {"name": "张伟样", "nmae": "x"}, "unknown value nmae"),
    ],
)
def test_wrong_values_are_named_without_being_shown(tmp_path: Path, language: str, values: dict[str, str], words: str):
    template = loaded(tmp_path, GOOD)
    with pytest.raises(ReceiptTemplateError) as mistake:
        build(template, language, values)
    assert words in str(mistake.value)
    assert "张伟样" not in str(mistake.value)


def test_every_shipped_receipt_ends_with_a_cut():
    for path in SHIPPED:
        assert tomllib.loads(path.read_text(encoding="utf-8"))["line"][-1]["kind"] == "cut"
