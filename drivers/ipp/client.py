"""One IPP request at a time through pyipp, bounded in time and size: pyipp bounds neither the body nor its own parser."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import aiohttp
from pyipp import IPP
from pyipp.enums import IppOperation
from pyipp.exceptions import (
    IPPConnectionError,
    IPPConnectionUpgradeRequired,
    IPPError,
    IPPParseError,
    IPPResponseError,
)
from pyipp.parser import parse

from drivers.base import Deadline, DriverError
from drivers.ipp.answer import BadAnswerError, checked
from drivers.wire import Direction

NOT_FOUND, NO_ANSWER = "document_printer.not_found", "document_printer.no_answer"
DISCONNECTED, BAD_ANSWER = "document_printer.disconnected", "document_printer.bad_answer"

_LARGEST_ANSWER = 1_000_000
_READ_BYTES = 65536
_USER = "civic-kiosk"

Saw = Callable[[Direction, int, str, str], None]


class RequestFailedError(DriverError):
    """A request without a usable answer; ``sent`` says whether the printer may have got any of it."""

    def __init__(self, code: str, detail: str, sent: bool) -> None:
        super().__init__(code, detail)
        self.sent = sent


@dataclass(frozen=True)
class Answer:
    """An answer: its IPP status code, and its groups of printer and job attributes."""

    status: int
    printers: tuple[Mapping[str, Any], ...]
    jobs: tuple[Mapping[str, Any], ...]

    @property
    def ok(self) -> bool:
        """Whether the printer did what it was asked (RFC 8011, 4.1.6: successful-*)."""
        return 0 <= self.status < 0x100


class _BoundedResponse(aiohttp.ClientResponse):
    async def read(self) -> bytes:
        body = bytearray()
        async for block in self.content.iter_chunked(_READ_BYTES):
            body += block
            if len(body) > _LARGEST_ANSWER:
                raise BadAnswerError("an answer without end")
        return bytes(body)


class IppClient:
    """Talks to one printer at ``ipp://host:port/path`` (or ``ipps``). Nothing stays open between two requests."""

    def __init__(self, uri: str, saw: Saw) -> None:
        self._uri = uri
        self._saw = saw
        self._lock = threading.Lock()
        self._running: tuple[asyncio.AbstractEventLoop, asyncio.Task[bytes]] | None = None

    def ask(
        self,
        operation: IppOperation,
        attributes: Mapping[str, Any],
        deadline: Deadline,
        job_attributes: Mapping[str, Any] | None = None,
        document: bytes = b"",
    ) -> Answer:
        """Send a request and return the answer. Raises ``RequestFailedError`` by the deadline at the latest."""
        # Names of operations and status codes only: attributes and documents may say who somebody is.
        name = operation.name.replace("_", "-").title()
        self._saw(Direction.OUT, len(document), name, "request" if not document else "request with a document")
        message: dict[str, Any] = {
            "operation-attributes-tag": {"requesting-user-name": _USER, **attributes},
            **({"job-attributes-tag": dict(job_attributes)} if job_attributes else {}),
            **({"data": document} if document else {}),
        }
        sent = threading.Event()
        try:
            body = self._run(operation, message, deadline, sent)
            answer = _read(body)
        except DriverError as error:
            self._saw(Direction.IN, 0, "", error.fault.code)
            raise
        except Exception as error:
            failed = _failure(error, sent.is_set())
            if failed is None:
                raise
            self._saw(Direction.IN, 0, type(error).__name__, failed.fault.code)
            raise failed from error
        self._saw(Direction.IN, len(body), f"{answer.status:#06x}", f"answer to {name}")
        return answer

    def interrupt(self) -> None:
        """End the request that another thread is making now, if there is one."""
        with self._lock:
            if self._running is not None:
                loop, task = self._running
                loop.call_soon_threadsafe(task.cancel)

    def _run(
        self, operation: IppOperation, message: dict[str, Any], deadline: Deadline, sent: threading.Event
    ) -> bytes:
        if deadline.expired:
            raise RequestFailedError(NO_ANSWER, "no time was left", sent=False)
        # A loop a request: no thread, socket or callback of one can outlive it.
        loop = asyncio.new_event_loop()
        try:
            task = loop.create_task(self._request(operation, message, deadline, sent))
            with self._lock:
                self._running = (loop, task)
            return loop.run_until_complete(task)
        except asyncio.CancelledError:
            raise RequestFailedError(DISCONNECTED, "closed", sent.is_set()) from None
        finally:
            with self._lock:
                self._running = None
            # A closed connection gives its socket back in the loop's next two rounds.
            loop.run_until_complete(_rounds(2))
            loop.close()

    async def _request(
        self, operation: IppOperation, message: dict[str, Any], deadline: Deadline, sent: threading.Event
    ) -> bytes:
        async def headers_sent(session: object, context: SimpleNamespace, parameters: object) -> None:
            sent.set()

        trace = aiohttp.TraceConfig()
        trace.on_request_headers_sent.append(headers_sent)
        seconds = deadline.remaining()
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True),
            response_class=_BoundedResponse,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=seconds),
            trace_configs=[trace],
        ) as session:
            printer = IPP(self._uri, session=session, request_timeout=max(1, round(seconds) + 1))
            async with asyncio.timeout(seconds):
                return await printer.raw(operation, message)


async def _rounds(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


def _failure(error: BaseException, sent: bool) -> RequestFailedError | None:
    """Return what an exception of pyipp, aiohttp or the parser means; None for one that only a bug can raise."""
    # pyipp wraps what happened while it connected and sent, but not what happened while the answer was read.
    wrapped = isinstance(error, IPPConnectionError | IPPParseError) and error.__cause__ is not None
    cause = error.__cause__ if wrapped else error
    match cause:
        case aiohttp.ClientConnectorError() | aiohttp.InvalidURL():
            return RequestFailedError(NOT_FOUND, type(cause).__name__, sent=False)
        case IPPResponseError():
            return RequestFailedError(BAD_ANSWER, str(cause.args[0]), sent)
        case IPPConnectionUpgradeRequired():
            return RequestFailedError(BAD_ANSWER, "the printer wants ipps", sent)
        case aiohttp.ServerTimeoutError() | TimeoutError():
            return RequestFailedError(NO_ANSWER if sent else NOT_FOUND, "", sent)
        case aiohttp.ClientResponseError() | ValueError():
            return RequestFailedError(BAD_ANSWER, str(cause) if isinstance(cause, BadAnswerError) else "", sent)
        case aiohttp.ClientError() | OSError():
            return RequestFailedError(DISCONNECTED, type(cause).__name__, sent)
        case IPPError():
            return RequestFailedError(BAD_ANSWER, type(cause).__name__, sent)
        case _:
            return None


def _read(body: bytes) -> Answer:
    data = checked(body)
    try:
        parsed = parse(data)
    except (IPPError, ArithmeticError, LookupError, TypeError, AttributeError) as error:
        # Values that break pyipp's own tables, such as a time zone or a name that comes before any attribute.
        raise BadAnswerError(type(error).__name__) from error
    return Answer(int(parsed["status-code"]), tuple(parsed["printers"]), tuple(parsed["jobs"]))
