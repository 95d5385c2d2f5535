"""The network, central or the disk fails in the middle of a visit: what the citizen was told holds all the same."""

import contextlib
import resource
import sqlite3

import pytest
from headless_citizen import PROGRESS, HeadlessCitizen, person, wait_until
from receipts_seen import codes_on

from drivers.base import Deadline
from kiosk.config import ASSETS
from kiosk.faults import Catalogue
from kiosk.journal import Journal, load_key
from kiosk.training.world import World

FAULTS = Catalogue.load(ASSETS / "faults")


def cases(world):
    """Central's cases as (key, local number), in the order in which it took them."""
    database = world.directory / "central.sqlite"
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT key, local_no FROM cases ORDER BY id").fetchall()


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path, None, headless=True)
    try:
        world.start(Deadline.after(60))
        yield world
    finally:
        world.stop()


def hand_in(world, phone):
    """Go to the receipt and past it; return the receipt's screen."""
    visitor = HeadlessCitizen(world, person(phone=phone))
    visitor.offered()
    glass = visitor.walk_to("receipt", phase=("done", "refused"))
    assert visitor.told_handed_in
    visitor.walk(lambda seen: seen["screen"] == "home", "the end of the visit")
    return glass


def local_number_on(glass):
    return next(text for text in glass["texts"] if text.startswith("TRAINING-1-"))


def test_cable_out_during_the_hand_in(world):
    """Everybody gets a receipt with a local number; all comes to central in order and once; the code finds the case."""
    visitor = HeadlessCitizen(world, person(phone="13700000001"))
    visitor.walk_to("sign")
    world.hall.set_network(False)
    shown = visitor.walk_to("receipt", phase=("done", "refused"))
    assert visitor.told_handed_in
    assert shown["phase"] == "done"
    first = local_number_on(shown)
    visitor.walk(lambda seen: seen["screen"] == "home", "the end of the visit")
    (code,) = codes_on(world.hall.papers()[0])
    assert code.startswith("CKL:")
    assert code in shown["texts"], "the code on the screen is the one on the paper"

    second = local_number_on(hand_in(world, "13700000002"))
    assert cases(world) == []
    world.hall.set_network(True)
    wait_until(lambda: len(cases(world)) == 2, "the outbox to drain", 40.0)
    assert [local_no for _, local_no in cases(world)] == [first, second]
    assert cases(world)[0][0] == code.removeprefix("CKL:")

    world.kill_terminal()  # it must not send again what it has sent
    world.start_terminal()
    third = local_number_on_paper(world, "13700000003")
    assert [local_no for _, local_no in cases(world)] == [first, second, third]

    query = HeadlessCitizen(world, service=PROGRESS)
    query.code = code
    found = query.walk_to("result", phase=("done", "refused"))
    assert found["phase"] == "done"
    assert any(text.endswith("0001") and text.startswith("11130983MB1234567R4000236001001") for text in found["texts"])
    query.walk(lambda seen: seen["screen"] == "home", "the end of the query")

    by_card = HeadlessCitizen(world, person(how="card"), service=PROGRESS)
    found = by_card.walk_to("result", phase=("done", "refused"))
    numbers = {text for text in found["texts"] if text.startswith("11130983MB1234567R4000236001001")}
    assert len(numbers) == 3, "the card finds all three, each once"
    by_card.walk(lambda seen: seen["screen"] == "home", "the end of the query")


def local_number_on_paper(world, phone):
    """Hand in with the network up, and learn the local number from the visit's record."""
    visitor = HeadlessCitizen(world, person(phone=phone))
    record = visitor.visit()
    assert record["outcome"] == "done"
    (code,) = codes_on(world.hall.papers()[-1])
    assert code.startswith(f"CK1:{record['project_no']}:")
    return record["local_no"]


def test_central_does_not_know_the_token(world):
    """A terminal that central refuses keeps what citizens handed in, and brings it there once it may."""
    token = world.token_file.read_text()
    world.kill_terminal()
    world.token_file.write_text("no-such-token")
    world.start_terminal()
    shown = hand_in(world, "13700000011")
    assert shown["phase"] == "done"
    number = local_number_on(shown)
    assert cases(world) == []
    world.kill_terminal()
    world.token_file.write_text(token)
    world.start_terminal()
    wait_until(lambda: cases(world), "the outbox to drain", 40.0)
    assert [local_no for _, local_no in cases(world)] == [number]


def test_disk_takes_nothing_more(world):
    """Nobody is told that it was handed in, and nothing is printed; with room again, all goes on by itself."""
    visitor = HeadlessCitizen(world, person(phone="13700000021"))
    visitor.walk_to("sign")
    log = world.directory / "state" / "journal.sqlite-wal"
    # Every write behind this many bytes of any file fails, as on a disk that is full.
    limit = max(log.stat().st_size, (world.directory / "terminal.log").stat().st_size + 4096)
    resource.prlimit(world.terminal.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    visitor.act(visitor.look())
    shown = visitor.see(lambda seen: seen["screen"] == "fault", "the words")
    assert FAULTS.for_citizen("journal.unavailable", "zh") in shown["texts"]
    assert not visitor.told_handed_in
    visitor.intend(shown, "Pick", choice="stop")
    visitor.see(lambda seen: seen["session"] is None, "the end of the visit")
    assert world.observer.last_visit()["outcome"] == "journal.unavailable"
    out = visitor.see(lambda seen: seen["screen"] == "out_of_service", "the terminal to close", 30.0)
    assert FAULTS.for_citizen("journal.unavailable", "zh") in out["texts"]
    resource.prlimit(world.terminal.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    visitor.home(30.0)
    assert world.hall.papers() == ()
    assert cases(world) == []
    assert HeadlessCitizen(world, person(phone="13700000022")).visit()["outcome"] == "done"
    assert len(world.hall.papers()) == len(cases(world)) == 1
    world.terminal.terminate()
    world.terminal.wait(20)
    journal = Journal.open(
        world.directory / "state" / "journal.sqlite", load_key(world.directory / "journal.key", create=False)
    )
    assert journal.pending() == []
    journal.close()
