"""``kiosk documents`` and ``kiosk stock``: check a seal; keep the ledger of counted paper, also while the terminal runs."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from kiosk.config import Configuration
    from kiosk.documents.stock import Movement, Stock

documents_app = typer.Typer(no_args_is_help=True, help="Documents on A4.")
stock_app = typer.Typer(no_args_is_help=True, help="Counted paper, such as blank licences.")

_Config = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="The configuration.")]
_Kind = Annotated[str, typer.Argument(help="The kind of paper, such as licence.")]
_Who = Annotated[str, typer.Option("--who", help="Who does it: a name or a staff number.")]
_Why = Annotated[str, typer.Option("--why", help="Why, such as a delivery's number.")]


@documents_app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="A PDF.")],
    trusted: Annotated[
        list[Path] | None, typer.Option("--trusted", metavar="FILE", help="A root certificate; may be repeated.")
    ] = None,
    config: _Config = None,
) -> None:
    """Check a document's seal: exit 0 only if nothing was changed and the one who sealed it is known."""
    from kiosk.documents.verify import SealStanding
    from kiosk.documents.verify import verify as check

    roots = trusted if trusted is not None else list(_configuration(config).documents.trusted_files)
    try:
        found = check(file.read_bytes(), roots)
    except OSError as error:
        raise _fail(f"kiosk documents verify: {error.filename}: {error.strerror}", 2) from None
    except ValueError:
        raise _fail("kiosk documents verify: a trusted certificate cannot be read", 2) from None
    said = {
        SealStanding.UNCHANGED: "unchanged since it was sealed by",
        SealStanding.CHANGED: "CHANGED after it was sealed, or damaged",
        SealStanding.UNKNOWN_SIGNER: "not changed, but the signer is not known here:",
        SealStanding.NO_SEAL: "was never sealed",
    }
    typer.echo(f"{file}: {said[found.standing]} {found.signer}".rstrip())
    raise typer.Exit(0 if found.standing is SealStanding.UNCHANGED else 1)


@stock_app.command()
def show(
    ledger: Annotated[bool, typer.Option("--ledger", help="Every movement as well.")] = False, config: _Config = None
) -> None:
    """What should be in the trays, and what does not add up; exit 1 if anything does not."""
    with _stock(config) as stock:
        wrong = stock.broken_at()
        for kind in stock.kinds():
            balance = stock.balance(kind)
            notes = [
                f"counted {balance.difference:+d}" if balance.difference else "",
                f"{balance.doubtful} in doubt {_ranges(balance.doubtful_ranges)}".rstrip() if balance.doubtful else "",
                "LOW" if balance.low else "",
            ]
            typer.echo(
                "  ".join(part for part in (f"{kind}: {balance.expected}", _ranges(balance.ranges), *notes) if part)
            )
            if balance.difference:
                wrong = wrong or -1
        if ledger:
            for line in stock.movements():
                typer.echo(_line(line))
        if wrong is not None and wrong > 0:
            typer.echo(f"the ledger was changed behind its back at line {wrong}", err=True)
        typer.echo(f"last seal of the ledger: {stock.head() or '-'}")
    raise typer.Exit(1 if wrong is not None else 0)


@stock_app.command()
def load(
    kind: _Kind,
    who: _Who,
    why: _Why,
    quantity: Annotated[int, typer.Option("--quantity", help="Sheets without numbers.")] = 0,
    first: Annotated[int | None, typer.Option("--from", help="The first serial number.")] = None,
    last: Annotated[int | None, typer.Option("--to", help="The last serial number.")] = None,
    config: _Config = None,
) -> None:
    """Note that blanks were put in: a number of sheets, or serial numbers from..to."""
    if (first is None) != (last is None) or (first is None) == (quantity == 0):
        raise _fail("kiosk stock load: give --quantity, or --from and --to", 2)
    serials = (first, last) if first is not None and last is not None else None
    _change(config, lambda stock: stock.load(kind, who, why, quantity, serials))


@stock_app.command()
def spoil(
    kind: _Kind,
    who: _Who,
    why: _Why,
    quantity: Annotated[int, typer.Option("--quantity", help="Sheets without numbers.")] = 1,
    serial: Annotated[int | None, typer.Option("--serial", help="The blank's serial number.")] = None,
    config: _Config = None,
) -> None:
    """Note that a blank was spoiled or is missing."""
    _change(config, lambda stock: stock.spoil(kind, who, why, quantity, serial))


@stock_app.command()
def count(
    kind: _Kind, who: _Who, found: Annotated[int, typer.Option("--found", min=0)], config: _Config = None
) -> None:
    """Note how many sheets are in the tray; a difference is shown, nothing is changed."""
    _change(config, lambda stock: stock.count(kind, who, found))


@stock_app.command()
def correct(
    kind: _Kind,
    who: _Who,
    why: _Why,
    quantity: Annotated[int, typer.Option("--quantity", help="Sheets more or, with a minus, fewer.")],
    config: _Config = None,
) -> None:
    """Bring the ledger to what is there, for paper without numbers."""
    _change(config, lambda stock: stock.correct(kind, who, why, quantity))


@stock_app.command()
def settle(
    kind: _Kind,
    who: _Who,
    why: _Why,
    back: Annotated[bool, typer.Option("--back/--used", help="It lies in the tray, or it was used.")],
    serial: Annotated[int | None, typer.Option("--serial", help="The blank's serial number.")] = None,
    config: _Config = None,
) -> None:
    """Note what became of a sheet in doubt, whose print nobody knows the end of."""
    _change(config, lambda stock: stock.settle(kind, who, why, back, serial))


def _change(config: Path | None, change: Callable[[Stock], Movement]) -> None:
    from kiosk.documents.stock import StockError

    with _stock(config) as stock:
        try:
            line = change(stock)
        except StockError as error:
            raise _fail(f"kiosk stock: {error}") from None
        typer.echo(_line(line))
        typer.echo(f"{line.kind}: {stock.balance(line.kind).expected}")


def _ranges(ranges: tuple[tuple[int, int], ...]) -> str:
    return " ".join(f"{first}-{last}" for first, last in ranges)


def _line(line: Movement) -> str:
    moment = datetime.fromtimestamp(line.moment).astimezone().isoformat(timespec="minutes")
    serials = f"{line.first}-{line.last}" if line.first is not None and line.last is not None else ""
    return f"{line.number:5} {moment} {line.kind} {line.action} {line.quantity:+d} {serials} {line.who}: {line.why}"


@contextmanager
def _stock(config: Path | None) -> Generator[Stock]:
    from kiosk.documents.stock import Stock
    from kiosk.documents.store import DATABASE, DocumentStore, DocumentStoreError

    configuration = _configuration(config)
    try:
        store = DocumentStore(configuration.storage.directory / DATABASE)
        try:
            yield Stock(store, configuration.documents.paper)
        finally:
            store.close()
    except DocumentStoreError as error:
        raise _fail(f"kiosk stock: {error}") from None


def _configuration(config: Path | None) -> Configuration:
    from kiosk.app import default_configuration
    from kiosk.config import ConfigurationError, load

    try:
        return load(config or default_configuration())
    except ConfigurationError as error:
        raise _fail(f"kiosk: {error}", 2) from None


def _fail(text: str, code: int = 1) -> typer.Exit:
    typer.echo(text, err=True)
    return typer.Exit(code)
