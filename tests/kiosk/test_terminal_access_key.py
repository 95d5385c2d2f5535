"""A travel document on the reader: its key is asked for, typed or read by the camera, and forgotten with the visit."""

from __future__ import annotations

import gc
import weakref
from datetime import date

import pytest
from kiosk_stage import ENROLMENT, ONLINE, QUERY, document

from drivers.base import DeviceState, Fault, Health
from drivers.card_reader import (
    Authenticity,
    CanKey,
    CardRefused,
    DocumentKind,
    MrzKey,
    Verdict,
)
from drivers.document_camera import CaptureRefused
from kiosk.journey.steps import access_key
from kiosk.view import Back, Cancel, Capture, Fill, IdentifyView, Next, Phase, Pick, Retake, SetLanguage, StartService

KEY = MrzKey("EX1234567", "920212", "340102")
NEEDED, WRONG = CardRefused("card.key_needed"), CardRefused("card.wrong_key")
REMOVED = CardRefused("card.removed")


def passport(**changed):
    values = {
        "kind": DocumentKind.PASSPORT,
        "number": "EX1234567",
        "name": "",
        "name_en": "SAMPLE MARIE",
        "sex": "2",
        "birth": date(1992, 2, 12),
        "valid_from": None,
        "valid_to": date(2034, 1, 2),
        "nation": "",
        "nationality": "FRA",
        "authenticity": Authenticity(Verdict.GENUINE),
    }
    return document(**{**values, **changed})


@pytest.fixture
def asked(stage, monkeypatch):
    """A travel document lies on the reader and the key is asked for."""
    monkeypatch.setattr(access_key, "PREVIEW_SECONDS", 0.0)
    stage.touch(StartService(QUERY), Pick("card"))
    stage.do("reader", NEEDED)
    return stage


def fill(stage, number="ex1234567", birth="19920212", expiry="20340102"):
    stage.touch(Fill("document_number", number), Fill("birth", birth), Fill("expiry", expiry))


def ways(stage):
    return [choice.id for choice in stage.body.choices]


def keys(stage):
    return [key for _, key in stage.devices["reader"].keys]


def values(stage):
    return [field.value for field in stage.body.fields]


# ---- typed


def test_the_key_is_typed_and_the_same_card_is_read_again_with_it(asked):
    assert (asked.at, asked.view.screen) == ("identify", "choose")
    assert "芯片" in asked.body.question
    asked.touch(Pick("zone"))
    assert asked.view.screen == "form"
    fill(asked)
    assert values(asked) == ["EX1234567", "19920212", "20340102"]
    asked.touch(Next())
    assert isinstance(asked.body, IdentifyView)
    assert asked.body.phase is Phase.WORKING
    asked.do("reader", passport())
    assert asked.at == "result"
    (first, no_key), (second, key) = asked.devices["reader"].keys
    assert first == second
    assert (no_key, key) == (None, KEY)
    assert asked.terminal._current.visit.identity.kind is DocumentKind.PASSPORT
    assert asked.inquiries[0].query.document_type == "passport"
    assert asked.inquiries[0].query.document_number == "EX1234567"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("document_number", ""),
        ("document_number", "EX1"),
        ("birth", "1992021"),
        ("birth", "19921312"),
        ("birth", "920212"),
        ("expiry", "20340132"),
        ("expiry", ""),
    ],
)
def test_what_cannot_be_a_number_or_a_day_is_not_tried_on_the_chip(asked, name, value):
    asked.touch(Pick("zone"))
    fill(asked)
    asked.touch(Fill(name, value), Next())
    assert asked.view.screen == "form"
    assert [field.name for field in asked.body.fields if field.error] == [name]
    assert keys(asked) == [None]
    assert asked.workers["reader"].waiting() == []


def test_after_a_wrong_key_what_was_typed_is_put_right_and_tried_again(asked):
    asked.touch(Pick("zone"))
    fill(asked, number="EX1234561")
    asked.touch(Next())
    asked.do("reader", WRONG)
    assert asked.view.screen == "form"
    assert asked.body.message == asked.tools.faults.for_citizen("card.wrong_key", "zh")
    assert values(asked)[0] == "EX1234561"
    asked.touch(Fill("document_number", "EX1234567"), Next())
    asked.do("reader", passport())
    assert asked.at == "result"
    assert keys(asked)[-1] == KEY
    assert len({handle for handle, _ in asked.devices["reader"].keys}) == 1


def test_the_card_access_number_opens_it_too(asked):
    asked.touch(Pick("can"), Fill("can", "24681"), Next())
    assert asked.body.fields[0].error
    asked.touch(Fill("can", "246810"), Next())
    asked.do("reader", passport())
    assert asked.at == "result"
    assert keys(asked)[-1] == CanKey("246810")


def test_a_document_that_has_no_card_access_number_leads_to_the_ways_with_words(asked):
    asked.touch(Pick("can"), Fill("can", "246810"), Next())
    asked.do("reader", CardRefused("card.no_access_number"))
    assert asked.view.screen == "choose"
    assert asked.body.question == asked.tools.faults.for_citizen("card.no_access_number", "zh")
    asked.touch(Pick("zone"))
    assert asked.body.message == ""
    fill(asked)
    asked.touch(Next())
    asked.do("reader", passport())
    assert asked.at == "result"
    assert keys(asked) == [None, CanKey("246810"), KEY]


def test_back_leads_to_the_ways_then_to_another_card_then_out(asked):
    asked.touch(Pick("can"), Back())
    assert asked.view.screen == "choose"
    assert asked.view.buttons.back
    asked.touch(Back())
    assert isinstance(asked.body, IdentifyView)
    assert "其他" in asked.body.message or "原来的证件" in asked.body.message
    asked.do("reader", document())
    assert asked.at == "result"
    assert keys(asked) == [None, None]


def test_another_card_may_be_used_instead_and_back_leaves_the_step(asked):
    asked.touch(Pick("other"))
    assert isinstance(asked.body, IdentifyView)
    asked.touch(Back())
    assert asked.at == "how"


# ---- lifted, lost


def test_a_document_lifted_to_be_looked_at_is_waited_for_and_read_with_the_key_once_it_is_back(asked):
    asked.touch(Pick("zone"))
    fill(asked)
    asked.touch(Next())
    asked.do("reader", REMOVED)
    assert isinstance(asked.body, IdentifyView)
    assert asked.body.phase is Phase.WAITING
    assert "放在读卡区" in asked.body.message
    asked.do("reader", passport())
    assert asked.at == "result"
    assert keys(asked)[1:] == [KEY, KEY]
    assert asked.devices["reader"].read_seconds == pytest.approx(20)


def test_the_key_of_a_refused_document_is_not_tried_on_the_next(asked):
    asked.touch(Pick("can"), Fill("can", "246810"), Next())
    asked.do("reader", passport(valid_to=date(2026, 1, 1)))
    assert asked.body.phase is Phase.REFUSED
    asked.do("reader", NEEDED)
    assert keys(asked)[-1] is None
    asked.touch(Pick("can"))
    assert values(asked) == [""]


def test_a_reader_lost_while_it_reads_with_the_key_goes_on_with_the_key_when_it_is_back(asked):
    asked.touch(Pick("zone"))
    fill(asked)
    asked.touch(Next())
    asked.lose("reader")
    asked.health("reader", ONLINE)
    asked.wait(3)
    asked.do("reader", passport())
    assert asked.at == "result"
    assert keys(asked) == [None, KEY]


def test_a_document_that_is_not_proven_genuine_is_refused(asked):
    asked.touch(Pick("can"), Fill("can", "246810"), Next())
    asked.do("reader", passport(authenticity=Authenticity(Verdict.UNKNOWN_ISSUER)))
    assert asked.at == "identify"
    assert asked.body.message == asked.tools.faults.for_citizen("card.issuer_unknown", "zh")


def test_a_service_that_takes_no_travel_documents_asks_for_no_key(make_stage, services):
    stage = make_stage(services={ENROLMENT: services[ENROLMENT]})
    stage.go_to("identify")
    stage.do("reader", NEEDED)
    assert isinstance(stage.body, IdentifyView)
    assert stage.body.message == stage.tools.faults.for_citizen("card.not_for_this_service", "zh")


# ---- by the camera


@pytest.fixture
def camera(asked):
    """The citizen chose the camera, which reads zones."""
    asked.devices["camera"].reads_zone = True
    asked.do("camera")
    assert ways(asked) == ["zone", "can", "camera", "other"]
    asked.touch(Pick("camera"))
    assert asked.view.screen == "materials"
    return asked


def shoot(stage, found):
    stage.touch(Capture())
    stage.do("camera", found)


def test_the_camera_is_offered_only_where_it_reads_zones_and_is_well(asked):
    assert ways(asked) == ["zone", "can", "other"]
    asked.do("camera")
    assert ways(asked) == ["zone", "can", "other"]
    asked.touch(Pick("camera"))
    assert asked.view.screen == "choose"


def test_a_camera_that_fails_is_no_way_any_more(camera):
    camera.touch(Back())
    camera.health("camera", Health(DeviceState.OFFLINE, (Fault("camera.not_found"),)))
    assert ways(camera) == ["zone", "can", "other"]


def test_the_key_is_read_by_the_camera(camera):
    assert camera.terminal._current.step.awaits_hand_at == "document_camera"
    shoot(camera, KEY)
    camera.do("reader", REMOVED)
    camera.do("reader", passport())
    assert camera.at == "result"
    assert keys(camera) == [None, KEY, KEY]


def test_the_live_picture_is_shown(camera):
    seen = []

    def looking():
        camera.drain()
        seen.append(camera.body.picture)
        if len(seen) == 3:
            camera.touch(Capture())

    camera.devices["camera"].looking = looking
    camera.do("camera", KEY)
    assert seen[:3] == [b"", b"\xff\xd8preview1", b"\xff\xd8preview2"]


@pytest.mark.parametrize("outcome", [None, CaptureRefused("photo.glare")])
def test_a_data_page_that_was_not_read_is_taken_again(camera, outcome):
    shoot(camera, outcome)
    assert camera.body.phase is Phase.REFUSED
    assert camera.body.message
    camera.touch(Retake())
    assert camera.body.phase is Phase.WAITING
    shoot(camera, KEY)
    camera.do("reader", passport())
    assert camera.at == "result"


def test_a_camera_lost_while_it_looks_leaves_the_other_ways(camera):
    camera.workers["camera"].refuse("camera.not_found")
    camera.drain()
    assert camera.view.screen == "choose"
    assert "高拍仪" in camera.body.question
    assert ways(camera) == ["zone", "can", "other"]


def test_a_wrong_key_from_the_camera_leads_to_the_ways_with_words(camera):
    shoot(camera, KEY)
    camera.do("reader", WRONG)
    assert camera.view.screen == "choose"
    assert camera.body.question == camera.tools.faults.for_citizen("card.wrong_key", "zh")


# ---- language, end of the visit


def test_the_language_may_change_while_the_key_is_typed(asked):
    asked.touch(SetLanguage("en"))
    assert asked.view.title == "Open the chip of your document"
    asked.touch(Pick("zone"))
    fill(asked)
    asked.touch(SetLanguage("zh"))
    assert asked.body.fields[0].label == "证件号码"
    assert values(asked) == ["EX1234567", "19920212", "20340102"]


@pytest.mark.parametrize("end", ["idle", "cancelled", "done"])
def test_after_the_visit_nothing_holds_the_key_or_what_was_typed(asked, end):
    asked.touch(Pick("zone"))
    fill(asked)
    asked.touch(Next())
    step = asked.terminal._current.step
    asked.do("reader", WRONG)
    asked.touch(Next())
    asked.do("reader", REMOVED)
    key = weakref.ref(step._key)
    form = weakref.ref(step._question._forms["zone"])
    if end == "done":
        asked.do("reader", passport())
        asked.touch(Next(), Next())
    elif end == "cancelled":
        asked.touch(Cancel())
    else:
        asked.wait(91)
    assert asked.terminal.last_visit.outcome == end
    assert asked.terminal.last_visit.wiped
    asked.shown.clear()
    asked.devices["reader"].keys = ()
    for worker in asked.workers.values():
        worker.jobs.clear()
    gc.collect()
    assert (key(), form(), step._question) == (None, None, None)
    for secret in ("EX1234567", "19920212", "920212", "20340102"):
        assert secret not in asked.stream.getvalue()


def test_a_visit_that_ends_while_the_camera_looks_lets_it_go(camera):
    request = camera.terminal._current.step._question._looking
    camera.wait(91)
    assert camera.at == "home"
    assert request.cancelled
    assert camera.workers["camera"].waiting() == []
