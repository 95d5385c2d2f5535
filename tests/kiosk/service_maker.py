"""Makes services for tests: small valid ones by hand, and random valid ones for properties."""

from __future__ import annotations

import json

from hypothesis import strategies as st

from kiosk.journey.definition import DEVICE_OF_KIND, ServiceDefinition

WORDS = {
    "title": "题",
    "paragraphs": ["段"],
    "instruction": "说明",
    "question": "问",
    "guide": "指引",
    "statement": "声明",
    "message": "话",
}
TEXT = {"zh": WORDS, "en": {name: "word" if name != "paragraphs" else ["word"] for name in WORDS}}
ITEM = {
    "task_code": "11130983MB1234567R4000236001001",
    "task_name": "事项",
    "task_name_en": "Item",
    "task_type": "20",
    "task_version": 1,
    "dept_name": "部门",
    "dept_name_en": "Department",
    "dept_code": "11130983MB1234567R",
    "use_level": "4",
    "anticipate_day": 10,
    "promise_day": 5,
    "assess_day": 4,
    "project_type": "2",
    "server_type": ["1"],
    "limit_scene_num": 0,
    "steps": ["受理", "办结"],
    "steps_en": ["Accepted", "Completed"],
    "effective_date": "2026-01-01",
    "materials": [{"code": "proof", "name": "证明", "name_en": "Proof"}],
}
OPTIONS = [{"id": "a", "zh": "甲", "en": "A"}, {"id": "b", "zh": "乙", "en": "B"}]


def as_toml(value):
    """Enough TOML for these tables: JSON's strings, numbers and lists are TOML's, tables are written inline."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {as_toml(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(as_toml(each) for each in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def step(step_id, kind, next_step="", **more):
    made = {"id": step_id, "kind": kind, "text": TEXT, **more}
    if kind != "finish":
        made["next"] = next_step
    needed = {
        "choose": {"field": step_id, "choices": OPTIONS},
        "form": {"fields": [{"name": f"{step_id}_text", "label": {"zh": "项", "en": "Item"}, "required": False}]},
        "materials": {"materials": ["proof"]},
        "receipt": {"template": "submission", "pending_template": "submission_pending"},
    }
    return {**needed.get(kind, {}), **made}


def service_table(*steps, **more):
    return {
        "format": 1,
        "id": "service",
        "icon": "service",
        "title": {"zh": "事项", "en": "Service"},
        "subtitle": {"zh": "说明", "en": "About"},
        "item": ITEM,
        "requires": [[name] for name in sorted(set(DEVICE_OF_KIND.values()))],
        "holders": ["resident"],
        "steps": list(steps),
        **more,
    }


def service(*steps, **more):
    return ServiceDefinition.model_validate(service_table(*steps, **more))


@st.composite
def services(draw):
    """A random valid service: identify and perhaps submit on every way, forward branches, and at times a loop back."""
    kinds = ["identify"]
    kinds += draw(
        st.lists(st.sampled_from(["notice", "choose", "form", "materials", "review", "sign", "scan"]), max_size=5)
    )
    if draw(st.booleans()):
        kinds += ["submit", *draw(st.permutations(["receipt", "rate", "notice"]))]
    kinds += draw(st.lists(st.sampled_from(["choose", "result", "notice"]), max_size=2))
    ids = [f"s{number}" for number in range(len(kinds))] + ["end"]
    fixed = {"submit", "identify"}
    steps = []
    for number, kind in enumerate(kinds):
        after = ids[number + 1]
        more = {}
        if kind in DEVICE_OF_KIND and kind != "identify":
            more["on_fault"] = draw(st.sampled_from(["wait", "skip", "abort"]))
        elif kind == "identify":
            more["on_fault"] = draw(st.sampled_from(["wait", "abort"]))
        way = after
        if kind == "choose":
            submit = kinds.index("submit") if "submit" in kinds else len(kinds)
            # Never over the hand-in, nor back before it; a choice in the middle may skip steps or ask again.
            targets = [
                ids[other]
                for other in range(len(ids))
                if (other <= submit) == (number < submit)
                and (other < len(kinds) or number > submit or submit == len(kinds))
            ]
            way = [{"to": draw(st.sampled_from(targets)), "field": ids[number], "equals": "a"}, {"to": after}]
        assert kind in fixed or way
        steps.append(step(ids[number], kind, way, **more))
    steps.append(step("end", "finish"))
    return service(*steps)
