"""Every kind of mistake in a service file is found and named by the step's id."""

from __future__ import annotations

import tomllib

import pytest
from kiosk_stage import load_services
from service_maker import ITEM, OPTIONS, TEXT, as_toml, service, service_table, step

from kiosk.config import ASSETS
from kiosk.journey.definition import ServiceDefinition
from kiosk.journey.inspection import check, findings


def written(path, table):
    path.write_text("\n".join(f"{name} = {as_toml(value)}" for name, value in table.items()), encoding="utf-8")
    return path


def whole(**changed):
    """A valid service with every step kind, in which single steps are changed (or left out by None)."""
    steps = {
        "notice": step("notice", "notice", "ask"),
        "ask": step("ask", "choose", [{"to": "scan", "field": "ask", "equals": "a"}, {"to": "identify"}]),
        "scan": step("scan", "scan", "identify", on_fault="alternative", alternative="identify"),
        "identify": step("identify", "identify", "form", on_fault="wait"),
        "form": step("form", "form", "materials"),
        "materials": step("materials", "materials", "review"),
        "review": step("review", "review", "sign"),
        "sign": step("sign", "sign", "submit"),
        "submit": step("submit", "submit", "receipt"),
        "receipt": step("receipt", "receipt", "rate", on_fault="skip"),
        "rate": step("rate", "rate", "result"),
        "result": step("result", "result", "finish"),
        "finish": step("finish", "finish"),
    }
    top = {name: changed.pop(name) for name in list(changed) if name not in steps}
    for name, change in changed.items():
        if change is None:
            del steps[name]
        else:
            steps[name] = {key: value for key, value in {**steps.get(name, {}), **change}.items() if value is not None}
    return service_table(*steps.values(), **top)


def field(**changed):
    made = {
        "name": "phone",
        "label": {"zh": "电话", "en": "Phone"},
        "kind": "digits",
        "pattern": "1[0-9]{10}",
        "max_length": 11,
        "example": "13800000000",
        "error": {"zh": "请输入", "en": "Please enter"},
        **changed,
    }
    return {"fields": [{key: value for key, value in made.items() if value is not None}]}


def without(texts, language, name):
    return {"text": {**texts, language: {key: value for key, value in texts[language].items() if key != name}}}


def test_the_whole_service_is_valid(tmp_path):
    made, found = check(written(tmp_path / "service.toml", whole(form=field())))
    assert found == []
    assert isinstance(made, ServiceDefinition)


@pytest.mark.parametrize("path", sorted((ASSETS / "services").glob("*.toml")), ids=lambda path: path.stem)
def test_the_shipped_services_have_no_findings(path):
    assert check(path)[1] == []


MISTAKES = [
    # in one step
    ({"form": {"tmeout": 3}}, "steps.form.tmeout", "Extra inputs"),
    ({"form": {**field(), "kind": "fomr"}}, "steps.form.kind", "Input should be"),
    ({"notice": without(TEXT, "en", "paragraphs")}, "steps.notice", "text.en.paragraphs is missing"),
    ({"sign": without(TEXT, "zh", "statement")}, "steps.sign", "text.zh.statement is missing"),
    ({"review": {"timeout": 0}}, "steps.review.timeout", "greater than 0"),
    ({"review": {"id": "Über"}}, "steps.Über.id", "match pattern"),
    ({"review": {"next": None}}, "steps.review", "next is missing"),
    ({"finish": {"next": "notice"}}, "steps.finish", "has no next"),
    (
        {"ask": {"next": [{"to": "scan", "field": "ask", "equals": "a"}]}},
        "steps.ask",
        "last way of next has no condition",
    ),
    ({"ask": {"next": [{"to": "scan"}, {"to": "identify"}]}}, "steps.ask", "last way of next has no condition"),
    ({"scan": {"alternative": None}}, "steps.scan", "alternative goes with"),
    ({"identify": {"alternative": "scan"}}, "steps.identify", "alternative goes with"),
    ({"identify": {"on_fault": "explode"}}, "steps.identify.on_fault", "Input should be"),
    ({"receipt": {"template": None}}, "steps.receipt", "template is missing in kind receipt"),
    ({"review": {"materials": ["proof"]}}, "steps.review", "materials does not belong in kind review"),
    ({"ask": {"choices": [OPTIONS[0], OPTIONS[0]]}}, "steps.ask", "choice a stands twice"),
    ({"materials": {"materials": ["proof", "proof"]}}, "steps.materials", "material proof stands twice"),
    # in one field
    ({"form": field(source="identity.shoe_size")}, "steps.form.fields.0", "is not known"),
    ({"form": field(source="card.name")}, "steps.form.fields.0", "is not known"),
    ({"form": field(choices=OPTIONS)}, "steps.form.fields.0", "choices go with kind = choice"),
    ({"form": field(kind="choice", pattern=None)}, "steps.form.fields.0", "choices go with kind = choice"),
    (
        {"form": field(kind="choice", pattern=None, choices=[OPTIONS[0]] * 2)},
        "steps.form.fields.0",
        "choice a stands twice",
    ),
    ({"form": field(pattern=None, error=None)}, "steps.form.fields.0", "required field needs an error text"),
    ({"form": field(required=False, error=None)}, "steps.form.fields.0", "a pattern needs an error text"),
    ({"form": field(pattern="(")}, "steps.form.fields.0", "not a regular expression"),
    ({"form": field(example="12")}, "steps.form.fields.0", "needs an example that matches"),
    ({"form": field(example=None)}, "steps.form.fields.0", "needs an example that matches"),
    ({"form": field(max_length=5)}, "steps.form.fields.0", "the example cannot be typed"),
    ({"form": field(pattern="[a-z]+", example="abc")}, "steps.form.fields.0", "the example cannot be typed"),
    ({"form": field(label={"zh": "电话"})}, "steps.form.fields.0.label.en", "Field required"),
    # between steps
    ({"review": {"next": "sing"}}, "steps.review", "leads to 'sing', which is no step"),
    ({"scan": {"alternative": "nowhere"}}, "steps.scan", "leads to 'nowhere', which is no step"),
    ({"review": {"id": "sign"}}, "steps.sign", "stands twice"),
    ({"notice": {"next": "identify"}}, "steps.ask", "is never reached"),
    ({"result": {"next": "rate"}}, "steps.rate", "never comes to a finish step"),
    ({"sign": {"next": "form"}}, "steps.form", "never comes to a finish step"),
    ({"requires": [["document_camera"], ["receipt_printer"]]}, "steps.identify", "needs a card_reader, which requires"),
    ({"requires": [["card_reader"], ["document_camera"], ["toaster"]]}, "requires", "'toaster' is no class of devices"),
    (
        {"ask": {"choices": [{**OPTIONS[0], "device": "toaster"}, OPTIONS[1]]}},
        "steps.ask",
        "which is no class of devices",
    ),
    ({"scan": {"alternative": "form"}}, "steps.scan", "no words for a step of kind form"),
    ({"materials": {"materials": ["passport"]}}, "steps.materials", "material 'passport' is not one of the item's"),
    (
        {"ask": {"next": [{"to": "scan", "field": "form_text", "equals": "x"}, {"to": "identify"}]}},
        "steps.ask",
        "the field 'form_text', which no step fills",
    ),
    (
        {"ask": {"next": [{"to": "scan", "field": "ask", "equals": "c"}, {"to": "identify"}]}},
        "steps.ask",
        "whether ask is 'c', which it never is",
    ),
    ({"ask": {"next": "submit"}}, "steps.submit", "without a completed step of kind identify"),
    ({"identify": {"on_fault": "skip"}}, "steps.submit", "without a completed step of kind identify"),
    (
        {"ask": {"next": [{"to": "receipt", "field": "ask", "equals": "a"}, {"to": "identify"}]}},
        "steps.receipt",
        "kind submit",
    ),
    (
        {"ask": {"next": [{"to": "result", "field": "ask", "equals": "a"}, {"to": "identify"}]}},
        "steps.result",
        "identify or scan",
    ),
    (
        {"result": {"next": [{"to": "form", "field": "found", "equals": "no"}, {"to": "finish"}]}},
        "steps.submit",
        "leads to another hand-in",
    ),
    # in the item and the service
    ({"item": {**ITEM, "promise_day": 6}}, "item.promise_day", "more than half of anticipate_day"),
    ({"item": {**ITEM, "task_code": "1"}}, "item.task_code", "match pattern"),
    ({"item": {**ITEM, "colour": "red"}}, "item.colour", "Extra inputs"),
    ({"icon": "nowhere"}, "icon", "there is no assets/icons/nowhere.png"),
    ({"receipt": {"pending_template": None}}, "steps.receipt", "pending_template is missing in kind receipt"),
    ({"receipt": {"template": "nowhere"}}, "steps.receipt.template", "nowhere"),
    (
        {"receipt": {"template": "submission_pending"}},
        "steps.receipt.template",
        "asks for what no receipt step has: date",
    ),
    ({"holders": []}, "holders", "at least 1 item"),
    ({"holders": ["alien"]}, "holders.0", "Input should be"),
    ({"id": "another"}, "id", "but the file is called service.toml"),
    ({"extra": 1}, "extra", "Extra inputs"),
]


@pytest.mark.parametrize(
    ("change", "where", "problem"), MISTAKES, ids=[f"{where} {problem}"[:70] for _, where, problem in MISTAKES]
)
def test_a_mistake_is_found_and_named_by_its_step(tmp_path, change, where, problem):
    made, found = check(written(tmp_path / "service.toml", whole(**change)))
    assert made is None
    assert any(each.where == where and problem in each.problem for each in found), [str(each) for each in found]


def test_two_forms_may_not_share_a_field():
    shared = {"name": "shared", "label": {"zh": "项", "en": "Item"}, "required": False}
    made = service(
        step("a", "form", "b", fields=[shared]), step("b", "form", "c", fields=[shared]), step("c", "finish")
    )
    assert [str(each) for each in findings(made)] == ["steps: the field 'shared' stands twice"]


def test_next_may_ask_for_what_the_card_the_query_and_the_rating_say():
    ways = [{"to": "end", "field": "holder", "equals": "resident"}, {"to": "result"}]
    again = [{"to": "card", "field": "found", "equals": "no"}, {"to": "rate"}]
    worse = [{"to": "sorry", "field": "satisfaction", "equals": "5"}, {"to": "end"}]
    made = service(
        step("card", "identify", ways),
        step("result", "result", again),
        step("rate", "rate", worse),
        step("sorry", "notice", "end"),
        step("end", "finish"),
    )
    assert findings(made) == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"format = ", "is not TOML"), ("名".encode("gb18030"), "is not TOML"), (b"", "Field required")],
)
def test_a_file_that_is_no_service_is_named(tmp_path, content, problem):
    path = tmp_path / "service.toml"
    path.write_bytes(content)
    made, found = check(path)
    assert made is None
    assert any(problem in str(each) for each in found)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    assert [str(each) for each in check(tmp_path / "gone.toml")[1]] == [
        "gone.toml: cannot be read: No such file or directory"
    ]
    assert "cannot be read" in str(check(tmp_path)[1][0])


def test_steps_that_are_no_tables_do_not_break_the_check(tmp_path):
    path = tmp_path / "service.toml"
    path.write_text('steps = ["one", 2]\n')
    assert check(path)[1]


def test_a_shipped_service_is_what_its_file_says():
    """The model drops nothing: every key of the file is in it."""
    for name, made in load_services().items():
        table = tomllib.loads((ASSETS / "services" / f"{name}.toml").read_text(encoding="utf-8"))
        assert [each.id for each in made.steps] == [each["id"] for each in table["steps"]]
        assert made.item.task_code == table["item"]["task_code"]
