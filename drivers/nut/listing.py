"""Asks upsd for a list: the variables of one supply, or the supplies that it watches."""

from __future__ import annotations

from collections.abc import Callable

from drivers.base import Deadline, DriverError
from drivers.nut.connection import NutConnection
from drivers.nut.protocol import LONGEST_LIST, ProtocolError, Refusal, refusal, supply
from drivers.wire import Direction

Saw = Callable[[Direction, int, str, str], None]


def ask_list(
    connection: NutConnection, question: str, take: Callable[[str], None], limit: Deadline, saw: Saw
) -> Refusal | None:
    """Ask ``question`` (``LIST ...``) and hand each line of the list to ``take``, which raises ``ProtocolError``.

    Return the daemon's refusal where it gives no list. Raises ``DriverError``.
    """
    connection.discard()
    connection.send_line(question, limit)
    saw(Direction.OUT, len(question) + 1, question, "asks for a list")

    def line() -> str:
        text = connection.line(limit)
        saw(Direction.IN, len(text) + 1, text[:120], "")
        return text

    first = line()
    refused = refusal(first)
    if refused is not None:
        return refused
    if first != f"BEGIN {question}":
        raise unexpected("no list")
    count = 0
    while (text := line()) != f"END {question}":
        try:
            take(text)
        except ProtocolError as error:
            raise unexpected(str(error)) from error
        count += 1
        if count > LONGEST_LIST:
            raise unexpected("a list without an end")
    return None


def supplies(host: str, port: int, deadline: Deadline) -> dict[str, str]:
    """Return the supplies that the daemon watches, each with its description; none where it refuses to say.

    Raises ``DriverError`` where no daemon answers.
    """
    found: dict[str, str] = {}

    def take(line: str) -> None:
        name, description = supply(line)
        found[name] = description

    connection = NutConnection(host, port)
    try:
        connection.open(deadline)
        ask_list(connection, "LIST UPS", take, deadline, lambda direction, length, shown, meaning: None)
    finally:
        connection.close()
    return found


def unexpected(detail: str) -> DriverError:
    """Return the error of an answer that no daemon gives."""
    return DriverError("power.unexpected_answer", detail)
