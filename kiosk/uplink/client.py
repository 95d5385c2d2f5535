"""Speaks to central: one request in, one plain outcome out, whatever the network does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from kiosk.contract import PREFIX
from kiosk.contract.cases import Accepted, CaseList, CaseQuery
from kiosk.contract.reports import Catalogue, Problem, TerminalReport
from kiosk.contract.self_tests import SelfTestRecord

if TYPE_CHECKING:
    from requests import Response, Session

CONNECT_SECONDS = 5.0
MAX_ANSWER_BYTES = 8_000_000
_MAX_RETRY_AFTER_SECONDS = 300.0
_PIECE_BYTES = 65_536
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class Delivered:
    """Central has it; there is nothing more to know."""


@dataclass(frozen=True)
class Refused:
    """Central will never take this, however often it is sent."""

    status: int
    problem: Problem


@dataclass(frozen=True)
class NotNow:
    """Something that speaks for central answered, but it cannot or may not take this now. Try again later.

    ``reason`` is central's problem code (``unauthorised``, ``in_flight``, ``overloaded``, ...) or ``http_NNN``;
    ``retry_after`` is the least number of seconds that central asked for, 0 where it did not.
    """

    reason: str
    retry_after: float = 0.0


@dataclass(frozen=True)
class Unreachable:
    """No answer that could be central's. Whether the request took effect is unknown: send the same again.

    ``reason``: connection, connect_timeout, read_timeout, tls, redirected, not_central, too_long, unreadable.
    """

    reason: str


@dataclass(frozen=True)
class Items:
    """The items that central publishes now, and the tag to ask with the next time."""

    catalogue: Catalogue
    etag: str


@dataclass(frozen=True)
class NotModified:
    """Central publishes what we have already."""


Failure = Refused | NotNow | Unreachable
Answer = TypeVar("Answer", bound=BaseModel)


@dataclass(frozen=True, repr=False)
class _Reply:
    status: int
    body: bytes
    etag: str
    retry_after: float


class CentralClient:
    """One terminal's view of central's API (kiosk.contract). Safe for several threads; each has its own connection.

    ``base_url`` must be https, except on this machine. ``certificates`` is a file of authorities to trust instead of
    the usual ones. ``seconds`` bounds each call's silences and its whole answer; connecting has at most 5 of them.
    """

    def __init__(
        self,
        base_url: str,
        terminal_id: str,
        token: str,
        certificates: str = "",
        clock: Callable[[], float] = time.monotonic,
        max_answer_bytes: int = MAX_ANSWER_BYTES,
    ) -> None:
        address = urlsplit(base_url)
        if address.scheme != "https" and not (address.scheme == "http" and address.hostname in _LOOPBACK):
            raise ValueError("central must be reached by https: the token and personal data travel there")
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise ValueError("central's token must be one word of printable ASCII")
        self._root = base_url.rstrip("/") + PREFIX
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Terminal-Id": terminal_id,
            "Accept": "application/json",
            "Accept-Encoding": "identity",  # a compressed answer could not be bounded before it is unpacked
        }
        self._certificates = certificates
        self._clock = clock
        self._max_answer_bytes = max_answer_bytes
        self._local = threading.local()

    def submit(self, key: str, body: bytes, seconds: float = 20.0) -> Accepted | Failure:
        """Hand in a submission. The same key with the same bytes has one effect, however often it is sent."""
        reply = self._send("POST", "/submissions", body, {"Idempotency-Key": key}, seconds)
        return reply if isinstance(reply, Unreachable) else _read(reply, Accepted)

    def rate(self, key: str, body: bytes, seconds: float = 10.0) -> Delivered | Failure:
        """Hand in a rating, under its own key."""
        return self._deliver("/ratings", body, {"Idempotency-Key": key}, seconds)

    def query(self, query: CaseQuery, seconds: float = 10.0) -> CaseList | Failure:
        """Ask for cases; an empty list when there are none."""
        reply = self._send("POST", "/case-queries", query.model_dump_json().encode(), {}, seconds)
        return reply if isinstance(reply, Unreachable) else _read(reply, CaseList)

    def report(self, report: TerminalReport, seconds: float = 5.0) -> Delivered | Failure:
        """Say how the terminal is."""
        return self._deliver("/reports", report.model_dump_json().encode(), {}, seconds)

    def self_test(self, record: SelfTestRecord, seconds: float = 5.0) -> Delivered | Failure:
        """Hand in the record of a self-test; sent again, it counts once."""
        return self._deliver("/self-tests", record.model_dump_json().encode(), {}, seconds)

    def items(self, etag: str = "", seconds: float = 20.0) -> Items | NotModified | Failure:
        """Ask for the published items, unless they still have the tag ``etag``."""
        reply = self._send("GET", "/items", None, {"If-None-Match": etag} if etag else {}, seconds)
        if isinstance(reply, Unreachable):
            return reply
        if reply.status == 304 and etag:
            return NotModified()
        answer = _read(reply, Catalogue)
        return Items(answer, reply.etag) if isinstance(answer, Catalogue) else answer

    def _deliver(self, path: str, body: bytes, headers: dict[str, str], seconds: float) -> Delivered | Failure:
        reply = self._send("POST", path, body, headers, seconds)
        if isinstance(reply, Unreachable):
            return reply
        return Delivered() if reply.status in (200, 201, 204) else _failure(reply)

    def _session(self) -> Session:
        session: Session | None = getattr(self._local, "session", None)
        if session is None:
            # Imported late: it costs a quarter of a second that the first screen need not wait for.
            import requests

            session = requests.Session()
            session.trust_env = False  # a .netrc would replace our token, proxy variables our route
            session.headers.update(self._headers)
            if self._certificates:
                session.verify = self._certificates
            self._local.session = session
        return session

    def _send(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str], seconds: float
    ) -> _Reply | Unreachable:
        session = self._session()
        import requests
        import urllib3

        if body is not None:
            headers = {**headers, "Content-Type": "application/json"}
        end = self._clock() + seconds
        try:
            with session.request(
                method,
                self._root + path,
                data=body,
                headers=headers,
                timeout=(min(CONNECT_SECONDS, seconds), seconds),
                allow_redirects=False,
                stream=True,
            ) as response:
                content = self._bounded(response, end)
                if isinstance(content, Unreachable):
                    return content
                return _reply(response, content)
        except requests.exceptions.SSLError:
            return Unreachable("tls")
        except requests.exceptions.ConnectTimeout:
            return Unreachable("connect_timeout")
        except (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError):
            return Unreachable("read_timeout")
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError):
            return Unreachable("connection")

    def _bounded(self, response: Response, end: float) -> bytes | Unreachable:
        content = bytearray()
        # read1 returns pieces as they come, so that clock and size are seen between them.
        while chunk := response.raw.read1(_PIECE_BYTES, decode_content=False):
            content += chunk
            if len(content) > self._max_answer_bytes:
                return Unreachable("too_long")
            if self._clock() > end:
                return Unreachable("read_timeout")
        return bytes(content)


def _reply(response: Response, content: bytes) -> _Reply | Unreachable:
    if 300 <= response.status_code < 400 and response.status_code != 304:
        return Unreachable("redirected")
    after = response.headers.get("Retry-After", "")
    retry_after = min(float(after), _MAX_RETRY_AFTER_SECONDS) if after.isdecimal() else 0.0
    return _Reply(response.status_code, content, response.headers.get("ETag", ""), retry_after)


def _read(reply: _Reply, kind: type[Answer]) -> Answer | Failure:
    if reply.status not in (200, 201):
        return _failure(reply)
    try:
        return kind.model_validate_json(reply.body)
    except ValidationError:
        return Unreachable("unreadable")


def _failure(reply: _Reply) -> Failure:
    problem = _problem(reply.body)
    if reply.status >= 500:
        return NotNow(problem.code if problem else f"http_{reply.status}", reply.retry_after)
    if problem is None:
        # A captive portal or a proxy must not be able to refuse in central's name.
        return Unreachable("not_central")
    if reply.status in (401, 408, 429) or (reply.status == 409 and problem.code == "in_flight"):
        return NotNow(problem.code, reply.retry_after)
    if 400 <= reply.status < 500:
        return Refused(reply.status, problem)
    return Unreachable("not_central")


def _problem(body: bytes) -> Problem | None:
    try:
        return Problem.model_validate_json(body)
    except ValidationError:
        return None
