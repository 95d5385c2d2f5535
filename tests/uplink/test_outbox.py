"""Every entry reaches central exactly once, in order, whatever happens on the way."""

from __future__ import annotations

import sqlite3

import pytest
from uplink_fakes import PATIENCE, problem

from kiosk.journal import EntryState, Journal, JournalUnavailable
from kiosk.uplink.client import Delivered
from kiosk.uplink.outbox import SET_ASIDE_AFTER


def key(number):
    return f"019a0000-0000-7000-8000-{number:012d}"


def settle_all(terminal, count):
    return [terminal.next_settled().key for _ in range(count)]


def test_a_submission_is_accepted_and_its_answer_written_down_before_anyone_hears(terminal, central):
    terminal.start()
    seen = []
    terminal.outbox.hand_in(
        "submission",
        key(1),
        "T001-20261122-0001",
        b"body",
        on_settled=lambda settled: (seen.append(terminal.journal.entry(key(1))), terminal.settled.put(settled)),
    )
    settled = terminal.next_settled()
    assert settled.state is EntryState.ACCEPTED
    assert settled.accepted.query_code == "CK1:00000001"
    assert settled.local_no == "T001-20261122-0001"
    assert seen[0].state is EntryState.ACCEPTED
    assert b"CK1:00000001" in seen[0].answer
    assert central.requests == [("/submissions", key(1), b"body")]
    assert terminal.outbox.pending() == 0


@pytest.mark.parametrize(
    "mishap",
    [
        "drop_before",
        "drop_after",
        "truncated",
        "garbage",
        (500, b"Internal Server Error", {}),
        (503, problem("overloaded"), {}),
        (409, problem("in_flight"), {}),
        (429, problem("overloaded"), {}),
        (401, problem("unauthorised"), {}),
        (403, b"<html>Please sign in to the hall's network</html>", {"Content-Type": "text/html"}),
        (302, b"", {"Location": "http://127.0.0.1:1/"}),
        (200, b"<html>Welcome</html>", {}),
    ],
    ids=str,
)
def test_after_any_mishap_the_same_bytes_go_again_and_have_one_effect(terminal, central, mishap):
    central.script.extend([mishap, mishap])
    terminal.start()
    terminal.hand_in(key(1))
    terminal.hand_in(key(2))
    assert settle_all(terminal, 2) == [key(1), key(2)]
    assert central.effects == [key(1), key(2)]
    assert {body for _, sent, body in central.requests if sent == key(1)} == {key(1).encode()}
    assert [sent for _, sent, _ in central.requests] == [key(1), key(1), key(1), key(2)]


def test_an_answer_that_comes_too_late_is_asked_for_again(terminal, central):
    central.script.append("late")
    terminal.start(send_seconds=0.3)
    terminal.hand_in(key(1))
    assert terminal.next_settled().accepted.query_code == "CK1:00000001"
    assert central.effects == [key(1)]
    assert terminal.events("link.lost")[0]["code"] == "read_timeout"


def test_what_waits_while_central_is_away_goes_in_order_when_it_is_back(terminal, central):
    central.down = True
    terminal.start()
    for number in range(10):
        terminal.hand_in(key(number))
    central.wait_for(lambda: len(central.requests) > 2 * SET_ASIDE_AFTER)
    assert {sent for _, sent, _ in central.requests} == {key(0)}  # nothing overtakes
    assert terminal.outbox.pending() == 10
    central.down = False
    assert settle_all(terminal, 10) == [key(number) for number in range(10)]
    assert central.effects == [key(number) for number in range(10)]
    assert [line["event"] for line in terminal.events("link.lost", "link.back")] == ["link.lost", "link.back"]


def test_a_new_process_goes_on_where_the_last_one_stopped(terminal, central):
    central.script.extend(["ok", "ok", "drop_after"])
    terminal.start(longest_wait=60)
    for number in range(2):
        terminal.hand_in(key(number))
    settle_all(terminal, 2)
    central.down = True
    for number in range(2, 6):
        terminal.hand_in(key(number))
    central.wait_for(lambda: len(central.requests) >= 3)
    terminal.stop()
    central.down = False
    terminal.start()
    central.wait_for(lambda: len(central.effects) == 6)
    assert central.effects == [key(number) for number in range(6)]
    terminal.stop()
    journal = Journal.open(terminal.path, b"\x07" * 32)
    assert journal.pending() == []
    assert {journal.entry(key(number)).state for number in range(6)} == {EntryState.ACCEPTED}
    journal.close()


def test_an_effect_without_an_answer_is_not_doubled_by_a_new_process(terminal, central):
    central.script.append("late")
    terminal.start(send_seconds=0.3, longest_wait=60)
    terminal.hand_in(key(1))
    central.wait_for(lambda: central.effects == [key(1)])
    terminal.stop()
    terminal.start()
    central.wait_for(lambda: len(central.requests) >= 2)
    assert central.effects == [key(1)]


@pytest.mark.parametrize(
    ("status", "code"), [(422, "invalid"), (422, "key_reused"), (404, "unknown_item"), (413, "too_large")]
)
def test_what_central_refuses_for_good_is_reported_and_blocks_nobody(terminal, central, status, code):
    central.script.append((status, problem(code), {}))
    terminal.start()
    terminal.hand_in(key(1))
    terminal.hand_in(key(2))
    refused, fine = terminal.next_settled(), terminal.next_settled()
    assert (refused.key, refused.state, refused.problem.code) == (key(1), EntryState.REFUSED, code)
    assert (fine.key, fine.state) == (key(2), EntryState.ACCEPTED)
    assert len(central.requests) == 2
    terminal.stop()
    event = terminal.events("outbox.refused")[0]
    assert (event["key"], event["code"], event["status"]) == (key(1), code, status)


def test_a_rating_given_before_is_refused_although_it_is_a_409(terminal, central):
    central.script.append((409, problem("already_rated"), {}))
    terminal.start()
    terminal.hand_in(key(1), kind="rating")
    assert terminal.next_settled().state is EntryState.REFUSED


def test_a_wrong_token_holds_everything_back_and_loses_nothing(terminal, central):
    for number in range(3):
        central.always[key(number)] = (401, problem("unauthorised"), {})
    terminal.start()
    for number in range(3):
        terminal.hand_in(key(number))
    central.wait_for(lambda: len(central.requests) > 2 * SET_ASIDE_AFTER)
    assert {sent for _, sent, _ in central.requests} == {key(0)}
    assert [entry.key for entry in terminal.journal.pending()] == [key(0), key(1), key(2)]
    assert [line["code"] for line in terminal.events("outbox.waiting")] == ["unauthorised"]  # once, not each time
    central.always.clear()
    assert settle_all(terminal, 3) == [key(0), key(1), key(2)]


@pytest.mark.parametrize("poison", [(500, b"boom", {}), (409, problem("in_flight"), {})], ids=["500", "in_flight"])
def test_an_entry_over_which_central_always_fails_lets_the_others_go_first(terminal, central, poison):
    central.always[key(1)] = poison
    terminal.start()
    terminal.hand_in(key(1))
    terminal.hand_in(key(2))
    assert terminal.next_settled().key == key(2)
    assert sum(sent == key(1) for _, sent, _ in central.requests) >= SET_ASIDE_AFTER
    central.always.clear()
    assert terminal.next_settled().key == key(1)
    assert len(terminal.events("outbox.set_aside")) == 1


def test_a_rating_waits_for_its_submission_even_when_that_was_set_aside(terminal, central):
    central.always[key(1)] = (500, b"boom", {})
    terminal.start()
    terminal.hand_in(key(1))
    terminal.hand_in(key(2), kind="rating", depends_on=key(1))
    terminal.hand_in(key(3))
    assert terminal.next_settled().key == key(3)
    central.always.clear()
    assert settle_all(terminal, 2) == [key(1), key(2)]
    assert central.effects == [key(3), key(1), key(2)]
    assert ("/ratings", key(2), key(2).encode()) in central.requests


def test_handing_in_ends_the_pause(terminal, central):
    central.script.append("drop_before")
    terminal.start(longest_wait=3600)
    terminal.outbox._first_wait = 3600  # without being woken the second attempt would come in half an hour
    terminal.hand_in(key(1))
    central.wait_for(lambda: len(central.requests) == 1)
    terminal.hand_in(key(2))
    assert settle_all(terminal, 2) == [key(1), key(2)]


def test_the_link_coming_back_ends_the_pause(terminal, central):
    central.script.append("drop_before")
    terminal.start(longest_wait=3600)
    terminal.outbox._first_wait = 3600
    lost = []
    terminal.link.listen(lambda up: lost.append(up) or terminal.settled.put(up))
    terminal.hand_in(key(1))
    assert terminal.next_settled() is False
    terminal.link.note(Delivered())  # as the reporter does
    assert terminal.next_settled() is True
    assert terminal.next_settled().key == key(1)


def test_a_journal_that_cannot_write_is_said_to_the_caller_and_nothing_is_sent(terminal, central):
    terminal.start()
    terminal.journal._connection.execute("PRAGMA max_page_count = 1")
    with pytest.raises(JournalUnavailable) as caught:
        terminal.hand_in(key(1), body=b"x" * 100_000)
    assert caught.value.code == "journal.full"
    assert terminal.outbox._listeners == {}
    terminal.journal._connection.execute("PRAGMA max_page_count = 1000000")
    terminal.hand_in(key(2))
    assert terminal.next_settled().key == key(2)
    assert [sent for _, sent, _ in central.requests] == [key(2)]


def test_a_changed_entry_is_not_sent_and_blocks_nobody(terminal, central):
    terminal.start()
    central.down = True
    terminal.hand_in(key(1))
    terminal.hand_in(key(2))
    terminal.stop()
    with sqlite3.connect(terminal.path) as raw:
        body = raw.execute("SELECT body FROM entry WHERE key = ?", (key(1),)).fetchone()[0]
        raw.execute("UPDATE entry SET body = ? WHERE key = ?", (body[:-1] + bytes([body[-1] ^ 1]), key(1)))
    raw.close()
    central.requests.clear()
    central.down = False
    terminal.start()
    central.wait_for(lambda: central.effects == [key(2)])
    assert terminal.outbox.stop(PATIENCE)
    assert {sent for _, sent, _ in central.requests} == {key(2)}
    assert [line["key"] for line in terminal.events("journal.tampered")] == [key(1)]
    assert terminal.outbox.pending() == 1


def test_a_bug_of_a_listener_is_logged_and_stops_nothing(terminal, central):
    terminal.start()

    def broken(_):
        raise RuntimeError("张伟样 11010519491231002X")

    terminal.outbox.hand_in("submission", key(1), "T001-20261122-0001", b"1", on_settled=broken)
    terminal.hand_in(key(2))
    assert terminal.next_settled().key == key(2)
    crash = terminal.events("program.crashed")[0]
    assert crash["type"] == "RuntimeError"
    assert crash["file"].endswith("tests/uplink/test_outbox.py")
    assert "张伟样" not in terminal.stream.getvalue()
    assert "1949" not in terminal.stream.getvalue()


def test_stop_does_not_wait_for_a_silent_central(terminal, central):
    central.script.append("late")
    terminal.start()
    terminal.hand_in(key(1))
    central.wait_for(lambda: len(central.requests) == 1)
    assert terminal.outbox.stop(0.05) is False
    central.released.set()
    assert terminal.outbox.stop(PATIENCE) is True


def test_pauses_grow_are_spread_and_stay_below_the_longest(terminal):
    terminal.start()
    terminal.outbox._first_wait, terminal.outbox._longest_wait, terminal.outbox._failures = 0.5, 60.0, 0
    pauses = [terminal.outbox._pause() for _ in range(40)]
    for failures, pause in enumerate(pauses):
        whole = min(60.0, 0.5 * 2**failures)
        assert whole / 2 <= pause <= whole
    assert len(set(pauses[20:])) > 1
