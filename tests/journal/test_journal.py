"""The journal keeps what it is given, keeps it unreadable, and fails closed."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
import time
from dataclasses import replace

import pytest

from kiosk.journal import EntryState, EntryTampered, Journal, JournalUnavailable, PrintPhase, load_key

KEY = bytes(range(32))
NAME = "张伟样"
NUMBER = "11010519491231002X"
BODY = f'{{"name": "{NAME}", "document_number": "{NUMBER}"}}'.encode()


def key(number):
    return f"019a0000-0000-7000-8000-{number:012d}"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.db"


@pytest.fixture
def now():
    return [time.mktime((2026, 11, 22, 12, 0, 0, 0, 0, -1))]


@pytest.fixture
def journal(path, now):
    opened = Journal.open(path, KEY, clock=lambda: now[0])
    yield opened
    opened.close()


def reopened(journal, path):
    journal.close()
    return Journal.open(path, KEY)


def test_an_entry_is_pending_until_it_is_settled_and_then_keeps_its_answer(journal, path, now):
    journal.add(key(1), "submission", "T001-20261122-0001", BODY)
    journal.add(key(2), "rating", "T001-20261122-0001", b"{}", depends_on=key(1))
    first, second = journal.pending()
    assert (first.key, first.kind, first.local_no, first.body) == (key(1), "submission", "T001-20261122-0001", BODY)
    assert (first.state, first.answer, first.attempts, first.depends_on) == (EntryState.PENDING, b"", 0, "")
    assert first.created_at == now[0]
    assert second.depends_on == key(1)
    assert journal.pending_keys() == [(key(1), ""), (key(2), key(1))]
    journal.attempted(key(1))
    journal.attempted(key(1))
    journal.settle(key(1), EntryState.ACCEPTED, b'{"project_no": "1"}')
    journal.settle(key(1), EntryState.REFUSED, b"too late")
    assert journal.pending_keys() == [(key(2), key(1))]
    again = reopened(journal, path)
    entry = again.entry(key(1))
    assert (entry.state, entry.answer, entry.attempts) == (EntryState.ACCEPTED, b'{"project_no": "1"}', 2)
    assert [entry.key for entry in again.pending()] == [key(2)]
    assert again.pending_keys() == [(key(2), key(1))]
    assert again.entry(key(3)) is None
    again.close()


def test_pending_entries_keep_the_order_they_were_added_in_whatever_their_keys_and_the_clock(journal, path, now):
    for number in (5, 3, 9, 1):
        now[0] -= 3600
        journal.add(key(number), "submission", "T001-20261122-0001", BODY)
    assert [entry.key for entry in journal.pending()] == [key(5), key(3), key(9), key(1)]
    again = reopened(journal, path)
    assert [known for known, _ in again.pending_keys()] == [key(5), key(3), key(9), key(1)]
    again.close()


def test_a_key_is_used_once(journal):
    journal.add(key(1), "submission", "T001-20261122-0001", BODY)
    with pytest.raises(ValueError, match="used before"):
        journal.add(key(1), "submission", "T001-20261122-0002", b"other")
    assert journal.entry(key(1)).body == BODY


def test_settling_what_is_not_there_is_a_bug(journal):
    with pytest.raises(KeyError):
        journal.settle(key(1), EntryState.ACCEPTED, b"")
    journal.add(key(1), "submission", "T001-20261122-0001", BODY)
    with pytest.raises(ValueError, match="pending"):
        journal.settle(key(1), EntryState.PENDING, b"")


def test_the_disk_never_sees_personal_data_and_neither_does_a_repr(journal, path):
    journal.add(key(1), "submission", "T001-20261122-0001", BODY * 100)
    journal.settle(key(1), EntryState.ACCEPTED, BODY)
    assert NAME not in repr(journal.entry(key(1)))
    in_use = b"".join(file.read_bytes() for file in path.parent.iterdir())
    journal.close()
    at_rest = b"".join(file.read_bytes() for file in path.parent.iterdir())
    for written in (in_use, at_rest):
        assert b"T001-20261122-0001" in written  # the search does look at the right bytes
        assert NAME.encode() not in written
        assert NUMBER.encode() not in written
        assert b"document_number" not in written
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE entry SET body = CAST(substr(body, 1, length(body) - 2) || x'4142' AS BLOB) WHERE key = :first",
        "UPDATE entry SET body = substr(body, 1, 20) WHERE key = :first",
        "UPDATE entry SET body = (SELECT body FROM entry WHERE key = :second) WHERE key = :first",
        "UPDATE entry SET kind = 'rating' WHERE key = :first",
        "UPDATE entry SET local_no = 'T001-20261122-0002' WHERE key = :first",
        "UPDATE entry SET depends_on = :second WHERE key = :first",
        "UPDATE entry SET state = 'refused' WHERE key = :first",
        "UPDATE entry SET answer = (SELECT answer FROM entry WHERE key = :second) WHERE key = :first",
    ],
)
def test_a_changed_or_swapped_row_is_noticed_and_the_others_are_still_read(journal, path, change):
    for number in (1, 2):
        journal.add(key(number), "submission", "T001-20261122-0001", BODY)
        journal.settle(key(number), EntryState.ACCEPTED, b"yes")
    journal.close()
    raw = sqlite3.connect(path)
    with raw:
        raw.execute(change, {"first": key(1), "second": key(2)})
    raw.close()
    again = Journal.open(path, KEY)
    with pytest.raises(EntryTampered) as caught:
        again.entry(key(1))
    assert caught.value.key == key(1)
    assert again.entry(key(2)).body == BODY
    again.close()


def test_another_key_does_not_open_the_journal(journal, path):
    journal.close()
    with pytest.raises(JournalUnavailable) as caught:
        Journal.open(path, b"\x01" * 32)
    assert caught.value.code == "journal.key"
    with pytest.raises(JournalUnavailable):
        Journal.open(path, b"short")
    Journal.open(path, KEY).close()


def test_a_second_terminal_on_the_same_journal_is_refused(journal, path, monkeypatch):
    monkeypatch.setattr("kiosk.journal._BUSY_SECONDS", 0.0)
    with pytest.raises(JournalUnavailable) as caught:
        Journal.open(path, KEY)
    assert caught.value.code == "journal.in_use"


@pytest.mark.parametrize(
    "content", [b"this is no database, and long enough to be seen as none. " * 10, b"SQLite format 3\0" * 99]
)
def test_a_damaged_file_is_refused_and_left_for_people_to_look_at(path, content):
    path.write_bytes(content)
    with pytest.raises(JournalUnavailable) as caught:
        Journal.open(path, KEY)
    assert caught.value.code == "journal.corrupt"
    assert path.read_bytes() == content


def test_damage_in_the_middle_is_noticed_when_it_is_read(journal, path):
    for number in range(200):
        journal.add(key(number), "submission", "T001-20261122-0001", BODY)
    journal.close()
    content = bytearray(path.read_bytes())
    content[4096 * 8 : 4096 * 12] = os.urandom(4096 * 4)
    path.write_bytes(content)
    with pytest.raises(JournalUnavailable):  # on opening or on reading, but never silently
        Journal.open(path, KEY).pending()


def test_a_journal_of_a_later_version_is_refused(journal, path):
    journal.close()
    raw = sqlite3.connect(path)
    raw.execute("PRAGMA user_version = 99")
    raw.close()
    with pytest.raises(JournalUnavailable) as caught:
        Journal.open(path, KEY)
    assert caught.value.code == "journal.version"


def test_a_journal_of_the_first_version_is_brought_up_to_date_and_keeps_its_prints(journal, path):
    sent, printed = journal.prepare_print(key(1)), journal.prepare_print(key(1))
    for job in (sent, printed):
        journal.set_print_phase(job.job_id, PrintPhase.SENT)
    journal.set_print_phase(printed.job_id, PrintPhase.PRINTED)
    journal.close()
    raw = sqlite3.connect(path)
    raw.executescript(
        """
        CREATE TABLE old (job_id TEXT PRIMARY KEY, entry_key TEXT NOT NULL, process_id TEXT NOT NULL,
            phase TEXT NOT NULL CHECK (phase IN ('prepared', 'sent', 'printed', 'not_printed', 'unknown')),
            created_at REAL NOT NULL) STRICT;
        INSERT INTO old SELECT * FROM print_job ORDER BY rowid;
        DROP TABLE print_job;
        ALTER TABLE old RENAME TO print_job;
        PRAGMA user_version = 1;
        """
    )
    raw.close()
    for _ in range(2):
        again = Journal.open(path, KEY)
        assert again.unfinished_prints() == [replace(sent, phase=PrintPhase.SENT)]
        again.set_print_phase(printed.job_id, PrintPhase.TAKEN)
        assert again.prepare_print(key(2)).process_id not in (sent.process_id, printed.process_id)
        again.set_print_phase(again.unfinished_prints()[-1].job_id, PrintPhase.NOT_PRINTED)
        again.close()


def test_a_place_where_nothing_can_be_written_is_refused(tmp_path):
    with pytest.raises(JournalUnavailable):
        Journal.open(tmp_path / "missing" / "journal.db", KEY)


def test_a_closed_journal_accepts_nothing(journal):
    journal.close()
    journal.close()
    with pytest.raises(JournalUnavailable):
        journal.add(key(1), "submission", "T001-20261122-0001", BODY)


FULL_DISK = """
import resource, sys
from pathlib import Path
from kiosk.journal import Journal, JournalUnavailable

path, key = Path(sys.argv[1]), bytes(range(32))
journal = Journal.open(path, key)
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
kept = []
try:
    while True:
        number = journal.next_local_no("T001")
        journal.add(f"019a0000-0000-7000-8000-{len(kept):012d}", "submission", number, b"b" * 5000)
        kept.append(number)
except JournalUnavailable as error:
    assert error.code in ("journal.full", "journal.io"), error.code
assert len(kept) > 5
for _ in range(3):
    try:
        journal.add("019a0000-0000-7000-8000-999999999999", "submission", "T001-20261122-9999", b"b" * 50000)
        raise SystemExit("accepted on a full disk")
    except JournalUnavailable:
        pass
assert [entry.local_no for entry in journal.pending()] == kept
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
number = journal.next_local_no("T001")
assert number not in kept
journal.add("019a0000-0000-7000-8000-999999999999", "submission", number, b"b" * 50000)
journal.close()
again = Journal.open(path, key)
assert [entry.local_no for entry in again.pending()] == [*kept, number]
again.close()
"""


def test_a_full_disk_loses_nothing_accepts_nothing_and_passes(path):
    subprocess.run([sys.executable, "-c", FULL_DISK, str(path)], check=True, timeout=60)


def test_local_numbers_count_by_day_and_survive_a_restart(journal, path, now):
    assert journal.next_local_no("T001") == "T001-20261122-0001"
    assert journal.next_local_no("T001") == "T001-20261122-0002"
    now[0] += 86_400
    assert journal.next_local_no("T001") == "T001-20261123-0001"
    now[0] -= 86_400  # the clock was put right
    assert journal.next_local_no("T001") == "T001-20261122-0003"
    journal.close()
    again = Journal.open(path, KEY, clock=lambda: now[0])
    assert again.next_local_no("T001") == "T001-20261122-0004"
    assert again.next_local_no("hall-7") == "HALL-7-20261122-0001"
    with pytest.raises(ValueError, match="25"):
        again.next_local_no("T" * 26)
    assert len(again.next_local_no("T" * 25)) <= 40
    again.close()


def test_prints_go_forward_only_and_have_numbers_of_their_own(journal, path):
    jobs = [journal.prepare_print(key(1)) for _ in range(40)]
    assert len({job.process_id for job in jobs}) == 40
    assert all(len(job.process_id) == 4 and job.process_id.isascii() for job in jobs)
    assert len({job.job_id for job in jobs}) == 40
    sent, printed, failed, unknown, prepared = jobs[:5]
    for job in jobs[5:]:
        journal.set_print_phase(job.job_id, PrintPhase.NOT_PRINTED)
    for job in (sent, printed, unknown):
        journal.set_print_phase(job.job_id, PrintPhase.SENT)
    journal.set_print_phase(printed.job_id, PrintPhase.PRINTED)
    journal.set_print_phase(failed.job_id, PrintPhase.NOT_PRINTED)
    journal.set_print_phase(unknown.job_id, PrintPhase.UNKNOWN)
    ends = {PrintPhase.TAKEN, PrintPhase.RETRACTED}
    for job, known_later in ((printed, ends), (failed, set()), (unknown, ends)):
        for phase in set(PrintPhase) - known_later:
            with pytest.raises(ValueError, match="cannot become"):
                journal.set_print_phase(job.job_id, phase)
    journal.set_print_phase(printed.job_id, PrintPhase.TAKEN)
    journal.set_print_phase(unknown.job_id, PrintPhase.RETRACTED)
    for job, end in ((printed, PrintPhase.TAKEN), (unknown, PrintPhase.RETRACTED)):
        journal.set_print_phase(job.job_id, end)  # seen once more
        for phase in set(PrintPhase) - {end}:
            with pytest.raises(ValueError, match="cannot become"):
                journal.set_print_phase(job.job_id, phase)
    with pytest.raises(ValueError, match="cannot become"):
        journal.set_print_phase(prepared.job_id, PrintPhase.PRINTED)
    again = reopened(journal, path)
    left = again.unfinished_prints()
    assert [(job.job_id, job.phase) for job in left] == [
        (sent.job_id, PrintPhase.SENT),
        (prepared.job_id, PrintPhase.PREPARED),
    ]
    assert left[0].entry_key == key(1)
    assert again.prepare_print(key(1)).process_id not in {job.process_id for job in jobs}
    again.close()


def test_retention_forgets_what_is_settled_and_nothing_that_is_needed(journal, path, now):
    for number in range(4):
        journal.add(key(number), "submission", "T001-20261122-0001", BODY)
    journal.add(key(9), "rating", "T001-20261122-0001", b"{}", depends_on=key(2))
    old_job = journal.prepare_print(key(0))
    cut_short = journal.prepare_print(key(0))
    journal.set_print_phase(old_job.job_id, PrintPhase.NOT_PRINTED)
    journal.settle(key(0), EntryState.ACCEPTED, b"0")
    journal.settle(key(2), EntryState.ACCEPTED, b"2")
    now[0] += 100
    journal.settle(key(1), EntryState.REFUSED, b"1")
    assert journal.remove_settled_before(now[0] - 50) == 1
    assert journal.entry(key(0)) is None
    assert journal.entry(key(1)) is not None  # settled later
    assert journal.entry(key(2)) is not None  # a rating waits for it
    assert [entry.key for entry in journal.pending()] == [key(3), key(9)]
    assert [job.job_id for job in journal.unfinished_prints()] == [cut_short.job_id]
    assert key(0).encode() not in path.with_name("journal.db-wal").read_bytes()
    with pytest.raises(ValueError, match="cannot become"):
        journal.set_print_phase(old_job.job_id, PrintPhase.SENT)


def test_several_threads_write_at_once(journal):
    def work(thread):
        for number in range(25):
            local_no = journal.next_local_no("T001")
            mine = key(thread * 1000 + number)
            journal.add(mine, "submission", local_no, mine.encode())
            journal.prepare_print(mine)
            if number % 2:
                journal.settle(mine, EntryState.ACCEPTED, mine.encode())

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    pending = journal.pending()
    assert len(pending) == 4 * 13
    assert all(entry.body == entry.key.encode() for entry in pending)
    assert journal.next_local_no("T001") == "T001-20261122-0101"
    assert len({job.process_id for job in journal.unfinished_prints()}) == 100


def test_the_settings_that_make_it_durable_are_on(journal):
    # A SIGKILL cannot show a missing fsync, so the settings themselves are looked at.
    assert journal._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert journal._connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_key_file_is_made_once_for_us_alone(tmp_path):
    path = tmp_path / "journal-key"
    with pytest.raises(JournalUnavailable):
        load_key(path, create=False)
    made = load_key(path, create=True)
    assert len(made) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_key(path, create=True) == load_key(path, create=False) == made
    assert load_key(tmp_path / "another", create=True) != made
    assert sorted(file.name for file in tmp_path.iterdir()) == ["another", "journal-key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o620])
def test_a_key_file_that_others_may_open_is_refused(tmp_path, mode):
    path = tmp_path / "journal-key"
    load_key(path, create=True)
    path.chmod(mode)
    with pytest.raises(JournalUnavailable, match="0600"):
        load_key(path, create=True)


@pytest.mark.parametrize("size", [0, 16, 31, 33, 64])
def test_a_key_of_another_length_is_refused(tmp_path, size):
    path = tmp_path / "journal-key"
    path.write_bytes(b"k" * size)
    path.chmod(0o600)
    with pytest.raises(JournalUnavailable, match="32 bytes"):
        load_key(path, create=True)


def test_the_key_comes_from_systemd_when_no_file_is_named(tmp_path, monkeypatch):
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(JournalUnavailable, match="credentials"):
        load_key(None, create=True)
    (tmp_path / "journal-key").write_bytes(KEY)
    (tmp_path / "journal-key").chmod(0o440)  # as systemd leaves it where it uses an ACL
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert load_key(None, create=False) == KEY


def test_a_write_that_fails_half_way_leaves_nothing_behind(journal):
    before = journal.prepare_print(key(1))

    def deny(action, table, *_):
        return sqlite3.SQLITE_DENY if (action, table) == (sqlite3.SQLITE_INSERT, "print_job") else sqlite3.SQLITE_OK

    journal._connection.set_authorizer(deny)
    with pytest.raises(JournalUnavailable):
        journal.prepare_print(key(1))
    journal._connection.set_authorizer(None)
    after = journal.prepare_print(key(1))
    assert [job.job_id for job in journal.unfinished_prints()] == [before.job_id, after.job_id]
    assert int(after.process_id, 36) == int(before.process_id, 36) + 1


def test_a_probe_says_early_that_nothing_can_be_kept(journal, monkeypatch):
    journal.probe()
    with monkeypatch.context() as patched:
        patched.setattr("kiosk.journal._ROOM_BYTES", 1 << 60)
        with pytest.raises(JournalUnavailable) as caught:
            journal.probe()
        assert caught.value.code == "journal.full"
    journal._connection.execute("PRAGMA query_only = ON")
    with pytest.raises(JournalUnavailable) as caught:
        journal.probe()
    assert caught.value.code == "journal.read_only"
    journal._connection.execute("PRAGMA query_only = OFF")
    journal.probe()
    assert journal.pending() == []
