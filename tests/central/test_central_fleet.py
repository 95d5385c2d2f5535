"""The state lane: the latest report wins, silence is noticed, and a restart forgets nothing."""

from __future__ import annotations

from central_world import HandClock, RunningCentral, Starter, report

from central.fleet.presence import Fleet
from central.platform import Platform
from central.store.terminals import StoredState
from kiosk.contract.reports import GONE_SECONDS, TerminalReport


def made(sequence: int = 1, **changes: object) -> TerminalReport:
    return TerminalReport.model_validate(report(sequence=sequence, **changes))


def test_the_latest_report_wins() -> None:
    clock = HandClock()
    fleet = Fleet(clock.monotonic, clock.now)
    assert fleet.receive(made(5))
    assert not fleet.receive(made(4, outbox_pending=9))
    assert fleet.receive(made(0, boot_id="another start"))
    (seen,) = fleet.sightings()
    assert seen.report is not None
    assert (seen.report.boot_id, seen.report.outbox_pending) == ("another start", 0)


def test_a_silent_terminal_is_gone_after_its_time_and_back_with_its_next_report() -> None:
    clock = HandClock()
    fleet = Fleet(clock.monotonic, clock.now)
    fleet.receive(made(1))
    with fleet.subscribed() as subscription:
        clock.advance(GONE_SECONDS)
        assert fleet.sweep() == set()
        clock.advance(1)
        assert fleet.sweep() == {"T-1"}
        assert fleet.sweep() == set()
        assert subscription.take() == {"T-1"}
        assert fleet.sightings()[0].gone
        fleet.receive(made(2))
        assert not fleet.sightings()[0].gone
        assert subscription.news.is_set()
        assert subscription.take() == {"T-1"}
        assert not subscription.news.is_set()


def test_one_silent_terminal_is_noticed_among_others() -> None:
    clock = HandClock()
    fleet = Fleet(clock.monotonic, clock.now)
    for second in range(0, 60, 15):
        fleet.receive(made(second, terminal_id="T-2"))
        if second == 0:
            fleet.receive(made(second))
        clock.advance(15)
    assert fleet.sweep() == {"T-1"}


def test_enrolled_terminals_are_listed_before_they_report() -> None:
    clock = HandClock()
    fleet = Fleet(clock.monotonic, clock.now)
    fleet.enrolled(["T-3"])
    assert [(seen.terminal_id, seen.report) for seen in fleet.sightings()] == [("T-3", None)]
    assert fleet.sighting("T-4") is None


def test_after_a_restart_the_time_of_silence_goes_on() -> None:
    clock = HandClock()
    before = clock.now()
    clock.advance(30)
    fleet = Fleet(clock.monotonic, clock.now)
    fleet.restore([StoredState(made(1), before)])
    assert not fleet.sightings()[0].gone
    clock.advance(11)
    assert fleet.sweep() == {"T-1"}


def test_what_could_not_be_stored_is_stored_later() -> None:
    clock = HandClock()
    fleet = Fleet(clock.monotonic, clock.now)
    fleet.receive(made(1))
    states = fleet.take_unstored()
    assert fleet.take_unstored() == []
    fleet.keep_unstored(states)
    assert [state.report.sequence for state in fleet.take_unstored()] == [1]


def test_reports_outlive_a_restart(start: Starter, database_url: str) -> None:
    first = start(database_url)
    assert first.post("reports", report(sequence=3)).status_code == 204
    first.client.__exit__()  # ends the application, which stores what it has
    second: Platform = start(database_url).platform
    seen = second.fleet.sighting("T-1")
    assert seen is not None
    assert seen.report is not None
    assert (seen.report.sequence, seen.seen_at) == (3, first.clock.now())
    assert second.fleet.sighting("T-2") is not None


def test_a_report_of_another_terminal_is_refused(central_on_sqlite: RunningCentral) -> None:
    answer = central_on_sqlite.post("reports", report(terminal="T-2"))
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert central_on_sqlite.post("reports", {"terminal_id": "T-1"}).json()["code"] == "invalid"
    seen = central_on_sqlite.platform.fleet.sighting("T-2")
    assert seen is not None
    assert seen.report is None
