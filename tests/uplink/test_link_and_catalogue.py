"""Central hears of the terminal every few seconds and at once of changes; items survive without a network."""

from __future__ import annotations

import io
import json
import threading
import time
from datetime import UTC, datetime

import pytest
from uplink_fakes import PATIENCE, TOKEN, problem

from kiosk.contract.reports import Catalogue, TerminalReport
from kiosk.logs import EventLog
from kiosk.uplink.catalogue import ItemCatalogue
from kiosk.uplink.client import CentralClient, Delivered, NotNow, Unreachable
from kiosk.uplink.link import Link, Reporter

ITEM = {
    "task_code": "12330000000000000A3330000000000",
    "task_name": "城乡居民医保参保登记",
    "task_name_en": "Medical insurance enrolment",
    "task_type": "20",
    "task_version": 1,
    "dept_name": "样例市医疗保障局",
    "dept_name_en": "Sample City Healthcare Security Administration",
    "dept_code": "12330000000000000A",
    "use_level": "4",
    "anticipate_day": 20,
    "promise_day": 10,
    "assess_day": 5,
    "project_type": "1",
    "server_type": ["1"],
    "limit_scene_num": 0,
    "steps": ["受理", "办结"],
    "steps_en": ["Accepted", "Completed"],
    "effective_date": "2026-01-01",
}
ITEMS = json.dumps({"items": [ITEM]}).encode()


@pytest.fixture
def stream():
    return io.StringIO()


@pytest.fixture
def log(stream):
    return EventLog(stream, time.time, strict=True)


@pytest.fixture
def client(central):
    return CentralClient(central.url, "T001", TOKEN)


def events(stream, *names):
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    return [line for line in lines if not names or line["event"] in names]


def make_report(boot_id, sequence):
    return TerminalReport(
        terminal_id="T001",
        boot_id=boot_id,
        sequence=sequence,
        clock=datetime(2026, 11, 22, tzinfo=UTC),
        software_version="0.1.0",
        training=True,
        in_session=False,
        outbox_pending=0,
        devices=(),
        services=(),
    )


@pytest.fixture
def start(client, log):
    started = []

    def start(**settings):
        link = Link(log)
        settings = {"every": 0.02, "retry_after": 0.02, "apart": 0.0, "make_report": make_report, **settings}
        reporter = Reporter(client, link, log, **settings)
        started.append(reporter)
        reporter.start()
        return reporter, link

    yield start
    for reporter in started:
        assert reporter.stop(PATIENCE)


def test_the_link_is_logged_once_when_lost_and_once_when_back(log, stream):
    now = [100.0]
    link = Link(log, clock=lambda: now[0])
    heard = []
    link.listen(heard.append)
    assert link.up is None
    link.note(Delivered())
    now[0] = 110.0
    for _ in range(3):
        link.note(Unreachable("connect_timeout"))
    assert link.up is False
    now[0] = 172.0
    assert link.seconds == 62.0
    for outcome in (NotNow("overloaded"), Delivered()):
        link.note(outcome)
    assert heard == [True, False, True]
    assert [(line["event"], line.get("code"), line.get("lost_seconds")) for line in events(stream)] == [
        ("link.lost", "connect_timeout", None),
        ("link.back", None, 62),
    ]


def test_reports_come_again_and_again_numbered_within_one_boot(start, central):
    reporter, link = start()
    central.wait_for(lambda: len(central.reports) >= 4)
    assert [report["sequence"] for report in central.reports[:4]] == [0, 1, 2, 3]
    assert {report["boot_id"] for report in central.reports} == {reporter.boot_id}
    assert link.up is True
    other, _ = start()
    assert other.boot_id != reporter.boot_id


def test_a_change_is_reported_without_waiting(start, central):
    reporter, _ = start(every=3600)
    central.wait_for(lambda: len(central.reports) == 1)
    reporter.changed()
    central.wait_for(lambda: len(central.reports) == 2)


def test_many_changes_make_few_reports_and_the_last_one_is_in(start, central):
    state = [0]
    began = time.monotonic()
    reporter, _ = start(
        every=3600,
        apart=0.3,
        make_report=lambda boot, _: make_report(boot, 0).model_copy(update={"sequence": state[0]}),
    )
    central.wait_for(lambda: len(central.reports) == 1)
    for number in range(1, 51):
        state[0] = number
        reporter.changed()
    central.wait_for(lambda: central.reports[-1]["sequence"] == 50)
    assert time.monotonic() - began >= 0.3
    assert len(central.reports) <= 3


def test_a_lost_central_is_found_again_by_a_report(start, central, stream):
    central.down = True
    _, link = start(every=3600)
    central.wait_for(lambda: len(central.requests) >= 3)
    assert link.up is False
    back = threading.Event()
    link.listen(lambda up: back.set() if up else None)
    central.down = False
    assert back.wait(PATIENCE)
    assert [line["event"] for line in events(stream, "link.lost", "link.back")] == ["link.lost", "link.back"]


def test_a_refused_report_is_logged_once_and_tried_again(start, central, stream):
    central.script.extend([(401, problem("unauthorised"), {})] * 3)
    start()
    central.wait_for(lambda: len(central.reports) >= 1)
    assert [line["code"] for line in events(stream, "link.refused")] == ["unauthorised"]


def test_a_bug_in_a_report_is_logged_and_the_next_report_comes(start, central, stream):
    calls = []

    def sometimes(boot_id, sequence):
        calls.append(sequence)
        if len(calls) == 1:
            raise RuntimeError("not ready")
        return make_report(boot_id, sequence)

    start(make_report=sometimes)
    central.wait_for(lambda: len(central.reports) >= 1)
    assert [line["type"] for line in events(stream, "program.crashed")] == ["RuntimeError"]


def test_the_reporter_fetches_the_items(start, central, client, log, tmp_path):
    central.items = (ITEMS, '"7"')
    seen = []
    arrived = threading.Event()
    catalogue = ItemCatalogue(
        tmp_path / "items.json", client, log, on_change=lambda items: (seen.append(items), arrived.set())
    )
    start(catalogue=catalogue)
    assert arrived.wait(PATIENCE)
    assert seen == [catalogue.current()] == [Catalogue.model_validate_json(ITEMS)]


def test_items_are_there_without_a_network(central, client, log, tmp_path, stream):
    path = tmp_path / "items.json"
    central.items = (ITEMS, '"7"')
    assert ItemCatalogue(path, client, log).refresh_when_due() is None
    central.down = True
    offline = ItemCatalogue(path, client, log)
    assert [item.task_name for item in offline.current().items] == ["城乡居民医保参保登记"]
    assert isinstance(offline.refresh_when_due(), Unreachable)
    assert offline.current() is not None
    central.down = False
    assert offline.refresh_when_due() is None  # due still, since it failed
    assert central.headers[-1]["If-None-Match"] == '"7"'
    assert len(events(stream, "catalogue.changed")) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["items.json"]


def test_items_are_asked_for_only_when_due(central, client, log, tmp_path):
    now = [0.0]
    catalogue = ItemCatalogue(tmp_path / "items.json", client, log, clock=lambda: now[0], refresh_seconds=300)
    for moment in (0.0, 1.0, 299.0, 300.0):
        now[0] = moment
        catalogue.refresh_when_due()
    assert len(central.requests) == 2


@pytest.mark.parametrize("content", [b"", b'{"etag": "1", "catalogue": {"items": [{}]}}', b"\x00" * 100])
def test_damaged_items_are_fetched_anew(central, client, log, tmp_path, stream, content):
    path = tmp_path / "items.json"
    path.write_bytes(content)
    central.items = (ITEMS, '"7"')
    catalogue = ItemCatalogue(path, client, log)
    assert catalogue.current() is None
    assert catalogue.refresh_when_due() is None
    assert len(catalogue.current().items) == 1
    assert len(ItemCatalogue(path, client, log).current().items) == 1
    assert [line["code"] for line in events(stream, "catalogue.unreadable")] == ["catalogue.damaged"]


def test_bad_items_from_central_do_not_replace_good_ones(central, client, log, tmp_path):
    path = tmp_path / "items.json"
    central.items = (ITEMS, '"7"')
    catalogue = ItemCatalogue(path, client, log, refresh_seconds=0.0)
    catalogue.refresh_when_due()
    central.items = (b'{"items": [{"task_code": "no"}]}', '"8"')
    assert catalogue.refresh_when_due() == Unreachable("unreadable")
    assert len(catalogue.current().items) == 1
    assert len(ItemCatalogue(path, client, log).current().items) == 1


def test_items_that_cannot_be_stored_serve_until_the_next_start(central, client, log, tmp_path, stream):
    central.items = (ITEMS, '"7"')
    catalogue = ItemCatalogue(tmp_path / "missing" / "items.json", client, log)
    assert catalogue.refresh_when_due() is None
    assert len(catalogue.current().items) == 1
    assert [line["code"] for line in events(stream, "catalogue.unreadable")] == ["catalogue.not_stored"]
