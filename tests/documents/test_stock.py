"""Counted paper: every sheet's way is in the ledger, differences show, and a changed ledger is seen."""

from __future__ import annotations

import sqlite3

import pytest

from kiosk.documents.stock import Stock, StockError
from kiosk.documents.store import DocumentStore


@pytest.fixture
def path(tmp_path):
    return tmp_path / "documents.db"


@pytest.fixture
def stock(path):
    store = DocumentStore(path, clock=lambda: 1_700_000_000.0)
    yield Stock(store, {"licence": 10, "a4": 50})
    store.close()


def test_numbered_blanks_are_followed_by_number(stock):
    stock.load("licence", "Wang", "delivery 7", serials=(1000, 1019))
    stock.load("licence", "Wang", "delivery 8", serials=(2000, 2004))
    stock.spoil("licence", "Li", "jam", serial=1003)
    balance = stock.balance("licence")
    assert balance.ranges == ((1000, 1002), (1004, 1019), (2000, 2004))
    assert (balance.expected, balance.low) == (24, False)


@pytest.mark.parametrize("serials", [(1019, 1020), (990, 1000), (1005, 1006)])
def test_a_number_cannot_be_loaded_twice_even_after_it_was_spoiled(stock, serials):
    stock.load("licence", "Wang", "delivery", serials=(1000, 1019))
    stock.spoil("licence", "Li", "jam", serial=1005)
    with pytest.raises(StockError):
        stock.load("licence", "Wang", "again", serials=serials)


def test_what_cannot_be_is_refused_and_leaves_no_line(stock):
    stock.load("licence", "Wang", "delivery", serials=(1, 5))
    stock.load("a4", "Wang", "delivery", quantity=100)
    before = stock.movements()
    for attempt in (
        lambda: stock.spoil("licence", "Li", "jam"),
        lambda: stock.spoil("licence", "Li", "jam", serial=9),
        lambda: stock.spoil("a4", "Li", "wet", quantity=101),
        lambda: stock.spoil("a4", "Li", "wet", serial=3),
        lambda: stock.load("licence", "Wang", "loose", quantity=5),
        lambda: stock.load("a4", "Wang", "numbered", serials=(1, 2)),
        lambda: stock.load("a4", "Wang", "backwards", serials=(5, 2)),
        lambda: stock.load("a4", "", "nobody", quantity=5),
        lambda: stock.load("a4", "Wang", " ", quantity=5),
        lambda: stock.correct("licence", "Li", "guess", -1),
        lambda: stock.correct("a4", "Li", "guess", -101),
    ):
        with pytest.raises(StockError):
            attempt()
    assert stock.movements() == before


def test_a_count_shows_the_difference_until_it_is_corrected(stock):
    stock.load("a4", "Wang", "delivery", quantity=100)
    stock.count("a4", "Li", 97)
    assert (stock.balance("a4").expected, stock.balance("a4").difference) == (100, -3)
    stock.spoil("a4", "Li", "wet", quantity=10)
    assert (stock.balance("a4").expected, stock.balance("a4").difference) == (90, -3)
    stock.correct("a4", "Li", "three taken for a test", -3)
    assert (stock.balance("a4").expected, stock.balance("a4").difference) == (87, 0)


def doubt(stock, kind, sheets=1):
    with stock._store.transaction() as connection:
        stock.use(connection, kind, sheets, "doc-1", doubtful=True)


def test_a_numbered_sheet_in_doubt_that_lies_in_the_tray_is_back_and_taken_next(stock):
    stock.load("licence", "Wang", "delivery", serials=(100, 104))
    doubt(stock, "licence", sheets=2)
    stock.count("licence", "Li", 4)
    balance = stock.balance("licence")
    assert (balance.expected, balance.difference, balance.doubtful, balance.doubtful_ranges) == (3, 1, 2, ((100, 101),))
    stock.settle("licence", "Li", "found on top", back=True, serial=100)
    stock.settle("licence", "Li", "the citizen has it", back=False, serial=101)
    balance = stock.balance("licence")
    assert (balance.expected, balance.difference, balance.doubtful, balance.doubtful_ranges) == (4, 0, 0, ())
    assert balance.ranges == ((100, 100), (102, 104))
    with stock._store.transaction() as connection:
        stock.use(connection, "licence", 1, "doc-2", doubtful=False)
    assert stock.balance("licence").ranges == ((102, 104),)
    assert stock.broken_at() is None


def test_a_sheet_without_a_number_in_doubt_is_back_or_used(stock):
    stock.load("a4", "Wang", "delivery", quantity=100)
    doubt(stock, "a4", sheets=2)
    stock.settle("a4", "Li", "nothing came out", back=True)
    assert (stock.balance("a4").expected, stock.balance("a4").doubtful) == (99, 1)
    stock.settle("a4", "Li", "it lay in the output", back=False)
    assert (stock.balance("a4").expected, stock.balance("a4").doubtful) == (99, 0)


@pytest.mark.parametrize(("kind", "serial"), [("licence", 100), ("a4", None)])
def test_a_sheet_that_is_back_explains_a_difference_only_where_it_was_in_doubt_when_they_were_counted(
    stock, kind, serial
):
    if serial is None:
        stock.load(kind, "Wang", "delivery", quantity=5)
    else:
        stock.load(kind, "Wang", "delivery", serials=(serial, serial + 4))
    stock.count(kind, "Li", 5)
    doubt(stock, kind)
    stock.settle(kind, "Li", "nothing came out", back=True, serial=serial)
    assert (stock.balance(kind).expected, stock.balance(kind).difference) == (5, 0)
    doubt(stock, kind)
    stock.count(kind, "Li", 5)
    assert (stock.balance(kind).expected, stock.balance(kind).difference) == (4, 1)
    stock.settle(kind, "Li", "it was counted", back=True, serial=serial)
    assert (stock.balance(kind).expected, stock.balance(kind).difference) == (5, 0)


def test_without_a_count_there_is_no_difference(stock):
    stock.load("a4", "Wang", "delivery", quantity=100)
    stock.correct("a4", "Li", "the box held 98", -2)
    assert stock.balance("a4").difference == 0


@pytest.mark.parametrize("back", [True, False])
def test_only_a_sheet_in_doubt_is_settled_and_once(stock, back):
    stock.load("licence", "Wang", "delivery", serials=(100, 104))
    stock.load("a4", "Wang", "delivery", quantity=100)
    doubt(stock, "licence")
    stock.settle("licence", "Li", "seen", back=back, serial=100)
    before = stock.movements()
    for kind, serial in (("licence", 100), ("licence", 101), ("licence", None), ("a4", None), ("a4", 100)):
        with pytest.raises(StockError):
            stock.settle(kind, "Li", "again", back=back, serial=serial)
    assert stock.movements() == before


def test_a_low_stock_is_told(stock):
    stock.load("a4", "Wang", "delivery", quantity=51)
    assert not stock.balance("a4").low
    stock.spoil("a4", "Li", "wet")
    assert stock.balance("a4").low
    assert stock.balance("licence").low
    assert stock.kinds() == ("a4", "licence")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ledger SET quantity = 50 WHERE number = 2",
        "UPDATE ledger SET who = 'Zhao' WHERE number = 2",
        "UPDATE ledger SET last = 90 WHERE number = 1",
        "DELETE FROM ledger WHERE number = 2",
    ],
)
def test_a_line_changed_behind_its_back_is_found(stock, path, change):
    stock.load("licence", "Wang", "delivery", serials=(1, 99))
    stock.load("a4", "Wang", "delivery", quantity=100)
    stock.spoil("a4", "Li", "wet")
    assert stock.broken_at() is None
    with sqlite3.connect(path) as connection:
        with pytest.raises(sqlite3.Error):  # the file itself refuses
            connection.execute(change)
        connection.executescript("DROP TRIGGER ledger_stays; DROP TRIGGER ledger_keeps")
        connection.execute(change)
    connection.close()
    assert stock.broken_at() in (1, 2)


def test_it_is_there_after_a_restart(stock, path):
    stock.load("a4", "Wang", "delivery", quantity=100)
    head = stock.head()
    again = DocumentStore(path)
    assert Stock(again).balance("a4").expected == 100
    assert Stock(again).head() == head
    again.close()
