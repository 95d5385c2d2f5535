"""The command line of the central platform. Exit codes: 0 done, 1 failed, 2 usage."""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from central.store.database import Database

REPOSITORY = Path(__file__).parent.parent
DEFAULT_ITEMS = REPOSITORY / "assets" / "services"
DEFAULT_FAULTS = REPOSITORY / "assets" / "faults"
DEFAULT_CHECKS = REPOSITORY / "assets" / "texts" / "selftest.toml"

main = typer.Typer(
    name="central",
    help="The central platform: it takes in what terminals hand in, and shows operators how the terminals are.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
operator = typer.Typer(help="Who may sign in to the operators' console.", no_args_is_help=True)
main.add_typer(operator, name="operator")

DatabaseUrl = Annotated[
    str,
    typer.Option(
        "--database",
        envvar="CENTRAL_DATABASE",
        metavar="URL",
        help="sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME (a password is best given by the environment).",
    ),
]
_DEFAULT_DATABASE = "sqlite:///central.sqlite"


@main.command()
def serve(
    database: DatabaseUrl = _DEFAULT_DATABASE,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port to listen on; 0 takes any that is free.")
    ] = 8700,
    items: Annotated[
        Path | None, typer.Option(file_okay=False, exists=True, help="Folder of the services' files with their [item].")
    ] = None,
    faults: Annotated[
        Path | None, typer.Option(file_okay=False, exists=True, help="Folder of the fault catalogue, for words.")
    ] = None,
    checks: Annotated[
        Path | None,
        typer.Option(dir_okay=False, exists=True, help="File of the self-test's texts, for its checks' names."),
    ] = None,
    key_file: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False,
            exists=True,
            help="Base64 of 32 random bytes that seal personal fields. Made beside an SQLite file when not given.",
        ),
    ] = None,
) -> None:
    """Bring the database up to date and serve the terminals' API and the operators' console (at /console)."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    for chatty in ("alembic", "uvicorn"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    opened = _database(database)

    from sqlalchemy.exc import SQLAlchemyError  # these take half a second to load: --help does without

    from central.platform import open_platform
    from central.serving import listen
    from central.serving import serve as run
    from central.store.catalogue import ItemError
    from central.store.sealing import KeyFileError

    try:
        listener = listen(host, port)
    except OSError as error:
        raise _failed(f"cannot listen on {host}:{port}: {error.strerror}") from None
    try:
        platform = open_platform(
            opened,
            items=items or _existing(DEFAULT_ITEMS),
            faults=faults or _existing(DEFAULT_FAULTS),
            checks=checks or _existing(DEFAULT_CHECKS),
            key_file=key_file,
        )
    except (KeyFileError, ItemError, TimeoutError) as error:
        raise _failed(str(error)) from None
    except SQLAlchemyError as error:
        raise _failed(f"the database cannot be opened: {error}") from None
    run(platform, listener)


@main.command()
def enrol(
    terminal_id: Annotated[str, typer.Argument(help="Letters, digits and hyphens, at most 40.")],
    database: DatabaseUrl = _DEFAULT_DATABASE,
    token_file: Annotated[
        Path | None,
        typer.Option(dir_okay=False, exists=True, help="Take the token from this file instead of making one."),
    ] = None,
) -> None:
    """Let a terminal in, and print its token: once, as only its hash is kept. The same id again replaces the token."""
    from central.store import terminals

    if not terminals.TERMINAL_ID.fullmatch(terminal_id):
        raise typer.BadParameter("letters, digits and hyphens, at most 40", param_hint="TERMINAL_ID")
    token = token_file.read_text(encoding="utf-8").strip() if token_file else secrets.token_urlsafe(32)
    if len(token) < 16:
        raise typer.BadParameter("a token has at least 16 characters", param_hint="--token-file")
    with _upgraded(database) as session:
        replaced = terminals.enrol(session, terminal_id, token, datetime.now(UTC))
    typer.echo(f"{terminal_id}: {'token replaced' if replaced else 'enrolled'}", err=True)
    if token_file is None:
        typer.echo(token)


@operator.command("add")
def add_operator(
    name: Annotated[str, typer.Argument(help="Letters, digits, dots, hyphens and underscores, at most 40.")],
    database: DatabaseUrl = _DEFAULT_DATABASE,
    password_file: Annotated[
        Path | None, typer.Option(dir_okay=False, exists=True, help="Take the password from this file's first line.")
    ] = None,
) -> None:
    """Let somebody sign in to the console. Again for the same name gives a new password and ends its sessions."""
    from central.store import operators

    if not operators.OPERATOR_NAME.fullmatch(name):
        raise typer.BadParameter("letters, digits, dots, hyphens, underscores, at most 40", param_hint="NAME")
    if password_file:
        password = password_file.read_text(encoding="utf-8").partition("\n")[0].strip("\r")
    else:
        password = str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    if len(password) < operators.SHORTEST_PASSWORD:
        raise typer.BadParameter(f"a password has at least {operators.SHORTEST_PASSWORD} characters")
    with _upgraded(database) as session:
        replaced = operators.add_operator(session, name, password, datetime.now(UTC))
    typer.echo(f"{name}: {'password replaced' if replaced else 'added'}", err=True)


def _existing(path: Path) -> Path | None:
    return path if path.exists() else None


def _failed(why: str) -> typer.Exit:
    typer.echo(f"central: {why}", err=True)
    return typer.Exit(1)


def _database(url: str) -> Database:
    from central.store.database import Database, DatabaseError

    os.umask(0o077)  # what we make is ours alone

    try:
        return Database(url)
    except DatabaseError as error:
        raise typer.BadParameter(str(error), param_hint="--database") from None


@contextmanager
def _upgraded(url: str) -> Generator[Session]:
    """Open a write transaction on a database that is brought up to date first."""
    from sqlalchemy.exc import SQLAlchemyError

    from central.store.migrate import migrate

    database = _database(url)
    try:
        migrate(database)
        with database.writing() as session:
            yield session
    except (SQLAlchemyError, TimeoutError) as error:
        raise _failed(f"the database cannot be used: {error}") from None
    finally:
        database.close()


if __name__ == "__main__":
    main()
