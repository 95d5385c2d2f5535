"""Counted paper, such as blank licences: an append-only ledger that says which sheet went where, when, by whom and why."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from dataclasses import dataclass

from kiosk.documents.store import DocumentStore

TERMINAL = "terminal"
"""Who takes sheets for prints."""
_COLUMNS = "number, moment, kind, action, quantity, first, last, who, why, chain"


class StockError(Exception):
    """A movement that cannot be: no such blanks, a number loaded twice, nobody named. Nothing was written."""


@dataclass(frozen=True)
class Movement:
    """One line of the ledger. ``quantity`` is signed; ``first``..``last`` are serial numbers of numbered blanks.

    ``doubt`` is a sheet whose print is unknown: gone from the tray or not, a person must look. They note that it was ``used``,
    or that it lies in the tray and is ``back``.
    """

    number: int
    moment: float
    kind: str
    action: str
    quantity: int
    first: int | None
    last: int | None
    who: str
    why: str
    chain: str


@dataclass(frozen=True)
class Balance:
    """What the ledger says of one kind of paper.

    ``expected`` sheets should be in the tray; ``difference`` is what the last count found more or fewer (less what was
    set right since); ``ranges`` are the serial numbers left; ``doubtful`` counts the sheets of unknown prints that nobody has
    looked for, ``doubtful_ranges`` are their numbers.
    """

    kind: str
    expected: int
    difference: int
    doubtful: int
    doubtful_ranges: tuple[tuple[int, int], ...]
    ranges: tuple[tuple[int, int], ...]
    low: bool


class Stock:
    """The ledger in a ``DocumentStore``. Each line holds a SHA-256 over itself and the line before it.

    The chain shows a line that was changed or taken out; against a ledger rewritten as a whole, write down ``head``.
    """

    def __init__(self, store: DocumentStore, limits: dict[str, int] | None = None) -> None:
        """Use ``store``; ``limits`` gives for each kind at how many sheets it is low."""
        self._store = store
        self._limits = limits or {}

    def load(
        self, kind: str, who: str, why: str, quantity: int = 0, serials: tuple[int, int] | None = None
    ) -> Movement:
        """Note that blanks were put in: a number of them, or numbered ones from..to. Raises ``StockError``."""
        with self._store.transaction() as connection:
            ledger = _ledger(connection, kind)
            if serials is not None:
                if serials[0] > serials[1] or serials[0] < 0:
                    raise StockError("serial numbers run from the smaller to the larger")
                if any(
                    _range(line) & set(range(serials[0], serials[1] + 1)) for line in ledger if line.action == "load"
                ):
                    raise StockError("some of these serial numbers were loaded before")
                quantity = serials[1] - serials[0] + 1
            if quantity < 1:
                raise StockError("nothing to load")
            if ledger and any((line.first is None) != (serials is None) for line in ledger if line.action == "load"):
                raise StockError("blanks of one kind are all numbered or all not")
            return self._add(connection, kind, "load", quantity, serials, who, why)

    def spoil(self, kind: str, who: str, why: str, quantity: int = 1, serial: int | None = None) -> Movement:
        """Note that blanks were spoiled or are missing. Numbered ones are named. Raises ``StockError``."""
        with self._store.transaction() as connection:
            left = _left(_ledger(connection, kind))
            if left is not None:
                if serial is None:
                    raise StockError("these blanks are numbered: say which one")
                if serial not in left:
                    raise StockError("this number is not in stock")
                return self._add(connection, kind, "spoil", -1, (serial, serial), who, why)
            if serial is not None or not 0 < quantity <= _expected(_ledger(connection, kind)):
                raise StockError("so many are not in stock, or these blanks have no numbers")
            return self._add(connection, kind, "spoil", -quantity, None, who, why)

    def count(self, kind: str, who: str, found: int) -> Movement:
        """Note how many sheets a person counted; the ledger stays as it is and the difference is shown."""
        with self._store.transaction() as connection:
            expected = _expected(_ledger(connection, kind))
            return self._add(connection, kind, "count", 0, None, who, f"counted {found}, expected {expected}", found)

    def correct(self, kind: str, who: str, why: str, quantity: int) -> Movement:
        """Bring the ledger to what is there, with a reason; for blanks without numbers. Raises ``StockError``."""
        with self._store.transaction() as connection:
            ledger = _ledger(connection, kind)
            if _left(ledger) is not None or quantity == 0 or _expected(ledger) + quantity < 0:
                raise StockError("numbered blanks are spoiled or loaded by number, and nobody has fewer than none")
            return self._add(connection, kind, "correct", quantity, None, who, why)

    def settle(self, kind: str, who: str, why: str, back: bool, serial: int | None = None) -> Movement:
        """Note what became of a sheet in doubt: it is back in the tray, or used. Raises ``StockError``."""
        with self._store.transaction() as connection:
            ledger = _ledger(connection, kind)
            if _left(ledger) is None:
                if serial is not None or not _doubts(ledger):
                    raise StockError("no sheet is in doubt, or these blanks have no numbers")
            elif serial not in _doubts(ledger):
                raise StockError("these blanks are numbered: say which one of those in doubt")
            serials = (serial, serial) if serial is not None else None
            return self._add(connection, kind, "back" if back else "used", int(back), serials, who, why)

    def use(self, connection: sqlite3.Connection, kind: str, sheets: int, job: str, doubtful: bool) -> None:
        """Take sheets for a print, inside the transaction that notes how the print ended.

        More may be taken than the ledger has: the print has happened, and the difference must show.
        """
        left = _left(_ledger(connection, kind))
        for _ in range(sheets):
            serial = min(left) if left else None
            if left and serial is not None:
                left.discard(serial)
            serials = (serial, serial) if serial is not None else None
            self._add(connection, kind, "doubt" if doubtful else "take", -1, serials, TERMINAL, job)

    def balance(self, kind: str) -> Balance:
        """Return what should be there."""
        ledger = self.movements(kind)
        expected = _expected(ledger)
        return Balance(
            kind,
            expected,
            _difference(ledger),
            len(_doubts(ledger)),
            _folded({serial for serial in _doubts(ledger) if serial is not None}),
            _folded(_left(ledger) or set()),
            expected <= self._limits.get(kind, 0),
        )

    def kinds(self) -> tuple[str, ...]:
        """Return every kind that the ledger or the configuration names."""
        with self._store.transaction() as connection:
            found = {str(row[0]) for row in connection.execute("SELECT DISTINCT kind FROM ledger")}
        return tuple(sorted(found | self._limits.keys()))

    def movements(self, kind: str = "") -> tuple[Movement, ...]:
        """Return the ledger, oldest first; of one kind, or all."""
        with self._store.transaction() as connection:
            return _ledger(connection, kind)

    def head(self) -> str:
        """Return the chain's last value, for the hall's own book."""
        lines = self.movements()
        return lines[-1].chain if lines else ""

    def broken_at(self) -> int | None:
        """Return the number of the first line that does not follow from those before it; None when all do."""
        before = ""
        for expected, line in enumerate(self.movements(), start=1):
            if line.number != expected or line.chain != _chain(before, line):
                return expected
            before = line.chain
        return None

    def _add(
        self,
        connection: sqlite3.Connection,
        kind: str,
        action: str,
        quantity: int,
        serials: tuple[int, int] | None,
        who: str,
        why: str,
        counted: int | None = None,
    ) -> Movement:
        if not who.strip() or not why.strip() or not kind.strip():
            raise StockError("a movement needs a kind, who did it, and why")
        row = connection.execute("SELECT number, chain FROM ledger ORDER BY number DESC LIMIT 1").fetchone()
        number, before = (int(row[0]) + 1, str(row[1])) if row else (1, "")
        first, last = serials or (counted, None)
        line = Movement(number, self._store.clock(), kind, action, quantity, first, last, who, why, "")
        chain = _chain(before, line)
        connection.execute(
            f"INSERT INTO ledger ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - constant
            (number, line.moment, kind, action, quantity, first, last, who, why, chain),
        )
        return Movement(number, line.moment, kind, action, quantity, first, last, who, why, chain)


def _chain(before: str, line: Movement) -> str:
    parts = [
        before,
        line.number,
        line.moment,
        line.kind,
        line.action,
        line.quantity,
        line.first,
        line.last,
        line.who,
        line.why,
    ]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


def _ledger(connection: sqlite3.Connection, kind: str) -> tuple[Movement, ...]:
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM ledger WHERE ? IN ('', kind) ORDER BY number",  # noqa: S608 - constant
        (kind,),
    )
    return tuple(Movement(*row) for row in rows)


def _expected(ledger: tuple[Movement, ...]) -> int:
    return sum(line.quantity for line in ledger)


def _difference(ledger: tuple[Movement, ...]) -> int:
    """Return the last count's difference, less what set the ledger right since and moved no sheet.

    That is a correction, or a sheet whose doubt is older than the count and that is back: it was counted.
    """
    counts = [place for place, line in enumerate(ledger) if line.action == "count"]
    if not counts:
        return 0
    before, count, after = ledger[: counts[-1]], ledger[counts[-1]], ledger[counts[-1] + 1 :]
    difference, doubts = (count.first or 0) - _expected(before), _doubts(before)
    for line in after:
        if line.action == "correct":
            difference -= line.quantity
        elif line.action in ("used", "back") and line.first in doubts:
            doubts.remove(line.first)
            difference -= line.quantity
    return difference


def _range(line: Movement) -> set[int]:
    if line.action == "count" or line.first is None or line.last is None:
        return set()
    return set(range(line.first, line.last + 1))


def _left(ledger: tuple[Movement, ...]) -> set[int] | None:
    """Return the serial numbers that are still there; None for blanks without numbers."""
    if not any(line.action == "load" and line.first is not None for line in ledger):
        return None
    left: set[int] = set()
    for line in ledger:
        left = left | _range(line) if line.action in ("load", "back") else left - _range(line)
    return left


def _doubts(ledger: tuple[Movement, ...]) -> list[int | None]:
    """Return the sheets in doubt, oldest first: their serial numbers, or None for each that has none."""
    doubts: list[int | None] = []
    for line in ledger:
        if line.action == "doubt":
            doubts.append(line.first)
        elif line.action in ("used", "back"):
            doubts.remove(line.first)
    return doubts


def _folded(serials: set[int]) -> tuple[tuple[int, int], ...]:
    folded: list[tuple[int, int]] = []
    for serial in sorted(serials):
        if folded and serial == folded[-1][1] + 1:
            folded[-1] = (folded[-1][0], serial)
        else:
            folded.append((serial, serial))
    return tuple(folded)
