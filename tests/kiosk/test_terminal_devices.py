"""Cards, codes and papers that are refused, and devices that go and come back in the middle of a visit."""

from __future__ import annotations

from datetime import date

import pytest
from kiosk_stage import (
    ACCEPTED,
    CLASSES,
    ENROLMENT,
    ONLINE,
    QUERY,
    document,
    payload,
    photograph,
    with_policy,
)

from drivers.base import DeviceState, Fault, Health, Supply, SupplyLevel
from drivers.card_reader import CardRefused
from drivers.document_camera import CaptureRefused
from drivers.qr_scanner import QrRefused
from kiosk.journey.steps.devices import LOST_GRACE, MaterialsStep
from kiosk.view import (
    Activity,
    Back,
    Capture,
    FaultView,
    Next,
    Phase,
    Pick,
    Retake,
    StartService,
)

# ---- cards, codes and papers that are refused


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (CardRefused("card.removed"), "放回"),
        (CardRefused("card.unreadable"), "平放"),
        (CardRefused("card.plain_type_b"), "姓名"),
        (document(valid_to=date(2026, 11, 21)), "有效期"),
        (document(valid_from=date(2026, 11, 23)), "生效日期"),
    ],
)
def test_a_card_that_cannot_be_used_is_explained_and_the_wait_goes_on(stage, given, words):
    stage.go_to("identify")
    stage.do("reader", given)
    assert stage.at == "identify"
    assert stage.body.phase is Phase.REFUSED
    assert words in stage.body.message
    stage.do("reader", document())
    assert stage.at == "form"


def test_a_card_of_a_kind_that_the_service_is_not_for_is_refused(make_stage, services):
    only = {ENROLMENT: services[ENROLMENT].model_copy(update={"holders": ("hmt_permit",)})}
    stage = make_stage(services=only)
    stage.go_to("identify")
    stage.do("reader", document())
    assert stage.body.message == stage.tools.faults.for_citizen("card.not_for_this_service", "zh")


def test_a_card_found_as_the_wait_is_cancelled_is_left_for_the_next_one(stage):
    stage.go_to("identify")
    job = stage.workers["reader"].waiting()[0]
    stage.devices["reader"].waiting = job.cancel.set
    stage.do("reader", document())
    assert stage.devices["reader"].keys == ()
    assert stage.at == "identify"


def test_a_wait_without_a_card_is_asked_for_anew_and_leaves_the_whole_time_for_reading(stage):
    stage.go_to("identify")
    stage.do("reader", None)
    assert len(stage.workers["reader"].waiting()) == 1

    def late():
        stage.now += 19.9

    stage.devices["reader"].waiting = late
    stage.do("reader", document())
    assert stage.devices["reader"].read_seconds == pytest.approx(8)
    assert stage.at == "form"


def test_with_two_readers_the_first_card_wins_and_no_wait_is_left_behind(make_stage, services):
    stage = make_stage(services=services, classes={**CLASSES, "second": "card_reader"})
    stage.go_to("identify")
    for _ in range(3):
        stage.do("reader", None)
    assert len(stage.workers["second"].waiting()) == 1
    stage.do("second", document())
    assert stage.at == "form"
    assert stage.workers["reader"].waiting() == stage.workers["second"].waiting() == []
    assert stage.terminal._current.visit.card_reader == "second"


def test_a_reader_that_is_lost_leaves_the_other_one_waiting_and_is_asked_again_when_it_is_back(make_stage, services):
    stage = make_stage(services=services, classes={**CLASSES, "second": "card_reader"})
    stage.go_to("identify")
    stage.lose("reader")
    assert stage.at == "identify"
    stage.health("reader", ONLINE)
    stage.wait(1.5)
    stage.do("second", None)
    assert len(stage.workers["reader"].waiting()) == len(stage.workers["second"].waiting()) == 1


@pytest.mark.parametrize(
    "shown",
    [payload("https://example.org/"), payload("CK1:"), payload("CKL:" + "x" * 300), QrRefused("code.too_long")],
)
def test_a_code_that_is_no_receipt_is_refused_with_words(stage, shown):
    stage.touch(StartService(QUERY), Pick("code"))
    stage.do("scanner", shown)
    assert stage.at == "scan"
    assert stage.body.phase is Phase.REFUSED
    assert "回执" in stage.body.message
    stage.do("scanner", payload(ACCEPTED.query_code))
    assert stage.at == "result"


def test_a_blurred_photograph_is_refused_and_taken_again(stage, monkeypatch):
    monkeypatch.setattr(MaterialsStep, "PREVIEW_SECONDS", 0.0)
    stage.go_to("materials")
    stage.photograph(CaptureRefused("photo.blurred"))
    assert stage.body.phase is Phase.REFUSED
    assert "不够清晰" in stage.body.message
    stage.touch(Next())
    assert stage.at == "materials"
    stage.photograph(photograph(b"first"))
    assert stage.body.phase is Phase.DONE
    stage.touch(Retake())
    assert stage.body.picture == b""
    stage.photograph(photograph(b"second"))
    stage.touch(Next())
    assert stage.at == "review"
    assert stage.terminal._current.visit.materials == {"proof_of_residence": b"second"}


def test_the_live_picture_is_shown_until_the_shutter_is_touched(stage, monkeypatch):
    monkeypatch.setattr(MaterialsStep, "PREVIEW_SECONDS", 0.0)
    stage.go_to("materials")
    seen = []

    def looking():
        stage.drain()
        seen.append(stage.body.picture)
        if len(seen) == 4:
            stage.touch(Capture())

    stage.devices["camera"].looking = looking
    stage.do("camera", photograph())
    assert seen[:4] == [b"", b"\xff\xd8preview1", b"\xff\xd8preview2", b"\xff\xd8preview3"]
    assert stage.body.phase is Phase.DONE


def test_a_shutter_touched_in_the_moment_in_which_the_preview_s_time_ends_takes_the_picture_all_the_same(
    stage, monkeypatch
):
    monkeypatch.setattr(MaterialsStep, "PREVIEW_SECONDS", 0.0)
    stage.go_to("materials")

    def looking():
        stage.now += 30
        stage.touch(Capture())

    stage.devices["camera"].looking = looking
    stage.do("camera", photograph())
    assert stage.body.phase is Phase.WORKING
    stage.do("camera")
    assert stage.body.phase is Phase.DONE


# ---- devices that go


def test_a_card_that_lay_there_before_is_not_read_and_its_owner_is_told_to_lift_it(stage):
    """Somebody may have forgotten it: only lifting tells that it is this citizen's."""
    stage.go_to("identify")
    stage.devices["reader"].must_lift = True
    stage.do("reader", None)
    assert (stage.at, stage.body.phase) == ("identify", Phase.WAITING)
    assert "拿起来再重新放上" in stage.body.message
    stage.devices["reader"].must_lift = False
    stage.do("reader", document())
    assert stage.at == "form"


def test_while_no_card_lies_there_nobody_is_told_to_lift_one(stage):
    stage.go_to("identify")
    stage.do("reader", None)
    assert stage.body.message == ""


def test_a_device_that_is_back_within_the_grace_goes_unnoticed(stage):
    stage.go_to("identify")
    before = stage.body
    stage.lose("reader")
    stage.wait(1)
    stage.health("reader", ONLINE)
    stage.wait(2)
    assert (stage.at, stage.body) == ("identify", before)
    stage.do("reader", document())
    assert stage.at == "form"


def test_a_device_that_stays_away_shows_why_and_the_visit_goes_on_by_itself_when_it_is_back(stage):
    stage.go_to("identify")
    stage.lose("reader")
    stage.wait(LOST_GRACE + 1)
    assert isinstance(stage.body, FaultView)
    assert stage.body.message == "读卡功能暂时不可用"
    assert [choice.id for choice in stage.body.choices] == ["retry", "stop"]
    assert stage.view.title == "请稍等"
    stage.health("reader", ONLINE)
    assert stage.at == "fault"
    stage.wait(1.5)
    assert stage.at == "identify"
    stage.do("reader", document())
    assert stage.at == "form"


def test_retry_on_the_fault_screen_tries_again_and_stop_goes_home(stage):
    stage.go_to("identify")
    stage.lose("reader")
    stage.wait(LOST_GRACE + 1)
    stage.touch(Pick("retry"))
    assert stage.at == "identify"
    stage.wait(LOST_GRACE + 1)
    assert stage.at == "fault"
    stage.touch(Pick("stop"))
    assert stage.at == "home"
    assert stage.terminal.last_visit.outcome == "card_reader.not_found"


def test_a_fault_that_is_over_does_not_end_the_visit_later(stage):
    stage.go_to("identify")
    stage.lose("reader")
    stage.wait(LOST_GRACE + 1)
    step = stage.terminal._current.step
    step.report.completed({})  # a late report of the step behind the fault screen
    assert stage.at == "fault"
    stage.health("reader", ONLINE)
    stage.wait(1.5)
    for _ in range(3):
        stage.wait(50)
        stage.touch(Activity())
    assert stage.at == "identify"


def test_back_on_the_fault_screen_leads_back(stage):
    stage.go_to("identify")
    stage.lose("reader")
    stage.wait(LOST_GRACE + 1)
    stage.touch(Back())
    assert stage.at == "notice"


def test_a_fault_screen_that_nobody_answers_ends_with_the_fault_s_code(stage):
    stage.go_to("identify")
    stage.lose("reader")
    stage.wait(LOST_GRACE + 50)
    stage.touch(Activity())
    stage.wait(45)
    assert stage.at == "home"
    assert stage.terminal.last_visit.outcome == "card_reader.not_found"


def test_a_device_that_breaks_at_every_call_is_given_up_however_soon_it_is_back(stage):
    stage.go_to("identify")
    for _ in range(3):
        stage.lose("reader")
        stage.health("reader", ONLINE)
        stage.wait(2)
        assert stage.at == "identify"
    stage.lose("reader")
    assert stage.at == "fault"


def test_a_camera_lost_while_it_takes_the_picture_can_be_used_again_when_it_is_back(stage):
    stage.go_to("materials")
    stage.touch(Capture())
    stage.lose("camera", "camera.not_found")
    stage.health("camera", ONLINE)
    stage.wait(2)
    assert stage.body.phase is Phase.WAITING
    stage.photograph()
    assert stage.body.phase is Phase.DONE


def test_a_step_with_an_alternative_goes_there_by_itself_and_never_in_circles(stage):
    stage.touch(StartService(QUERY), Pick("code"))
    stage.lose("scanner", "code_scanner.not_found")
    stage.wait(LOST_GRACE + 1)
    assert stage.at == "identify"
    stage.lose("reader")
    stage.wait(LOST_GRACE + 1)
    assert stage.at == "fault"
    stage.touch(Pick("retry"))
    stage.wait(LOST_GRACE + 1)
    assert stage.at == "fault"


def test_the_other_way_is_offered_while_its_device_is_well(stage):
    stage.touch(StartService(QUERY), Pick("code"))
    assert [choice.label for choice in stage.body.alternatives] == ["改用身份证件"]
    stage.health("reader", Health(DeviceState.OFFLINE, (Fault("card_reader.not_found"),)))
    assert stage.body.alternatives == ()
    stage.touch(Pick("alternative"))
    assert stage.at == "scan"
    stage.health("reader", ONLINE)
    stage.wait(1.5)
    stage.touch(Pick("alternative"))
    assert stage.at == "identify"
    stage.touch(Back())
    assert stage.at == "how"


def test_an_answer_whose_device_is_not_well_is_not_offered(stage):
    stage.health("scanner", Health(DeviceState.FAULT, (Fault("camera.frozen"),)))
    stage.touch(StartService(QUERY), Pick("code"))
    assert stage.at == "how"
    assert [choice.id for choice in stage.body.choices] == ["card"]


def test_abort_ends_the_visit_with_words_and_not_with_a_sudden_home_screen(make_stage, services):
    stage = make_stage(services={ENROLMENT: with_policy(services[ENROLMENT], "identify", on_fault="abort")})
    stage.go_to("identify")
    stage.lose("reader")
    stage.wait(LOST_GRACE + 1)
    assert isinstance(stage.body, FaultView)
    assert [choice.id for choice in stage.body.choices] == ["stop"]
    stage.touch(Back(), Pick("retry"))
    assert stage.at == "home"
    assert stage.terminal.last_visit.outcome == "card_reader.not_found"


def test_skip_goes_on_without_the_device(make_stage, services):
    stage = make_stage(services={ENROLMENT: with_policy(services[ENROLMENT], "materials", on_fault="skip")})
    stage.go_to("materials")
    stage.lose("camera", "camera.not_found")
    stage.wait(LOST_GRACE + 1)
    assert stage.at == "review"


def test_a_service_whose_device_is_not_well_says_so_on_the_home_screen_and_cannot_be_started(stage):
    stage.health("printer", Health(DeviceState.ONLINE, (), (Supply("paper", SupplyLevel.OUT),)))
    tiles = {tile.service: tile for tile in stage.body.tiles}
    assert not tiles[ENROLMENT].available
    assert tiles[ENROLMENT].reason == "打印纸用完了"
    assert tiles[QUERY].available
    stage.touch(StartService(ENROLMENT))
    assert stage.at == "home"
    assert dict(stage.terminal.services_state()) == {ENROLMENT: "receipt_printer.paper_out", QUERY: ""}


def test_two_devices_that_come_back_one_after_the_other_both_count_again(stage):
    """Each needs its own second of settling; the later one must not be forgotten."""
    away = Health(DeviceState.OFFLINE, (Fault("device.hung"),))
    for name in ("reader", "printer"):
        stage.health(name, away)
    stage.health("reader", ONLINE)
    stage.wait(0.5)
    stage.health("printer", ONLINE)
    stage.wait(3)
    assert all(tile.available for tile in stage.body.tiles)


def test_the_hang_check_runs_every_second(stage):
    stage.wait(10)
    assert stage.workers["reader"].hung_checks in (9, 10)
