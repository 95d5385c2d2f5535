"""Words every refusal of the API as a ``Problem``, without ever repeating what the request held."""

from __future__ import annotations

import logging
from http import HTTPStatus

from fastapi import FastAPI
from pydantic import ValidationError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from central.api.reading import TooLargeError
from central.domain.refusal import Refusal
from kiosk.contract import PREFIX
from kiosk.contract.reports import Problem

_RETRY_SECONDS = "5"
_MOST_ERRORS = 5
_log = logging.getLogger(__name__)


class RefusedError(Exception):
    """Carries a refusal out of a dependency."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


def problem(refusal: Refusal) -> Response:
    """Return the answer for a refusal."""
    body = Problem(code=refusal.code, detail=refusal.detail).model_dump_json()
    headers = {"Retry-After": _RETRY_SECONDS} if refusal.status in (409, 503) else {}
    if refusal.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(body, refusal.status, headers, media_type="application/json")


def invalid(error: ValidationError) -> Refusal:
    """Say which fields are wrong and how, not what they held."""
    found = [f"{'.'.join(map(str, item['loc']))}: {item['type']}" for item in error.errors(include_input=False)]
    return Refusal(422, "invalid", "; ".join(found[:_MOST_ERRORS]))


def word_problems(app: FastAPI) -> None:
    """Turn the exceptions of all handlers into problems (under the API's prefix) or plain words (elsewhere)."""

    async def refused(_request: Request, error: Exception) -> Response:
        return problem(error.refusal) if isinstance(error, RefusedError) else _internal(error)

    async def too_large(request: Request, _error: Exception) -> Response:
        return _answer(request, Refusal(413, "too_large", "the body is too large"))

    async def database_busy(request: Request, error: Exception) -> Response:
        _log.error("the database does not answer: %s on %s", type(error).__name__, request.url.path)
        return _answer(request, Refusal(503, "overloaded", "the database is busy or away"))

    async def http_error(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        phrase = HTTPStatus(status).phrase
        answer = _answer(request, Refusal(status, phrase.lower().replace(" ", "_"), phrase))
        if isinstance(error, HTTPException):
            answer.headers.update(error.headers or {})
        return answer

    app.add_exception_handler(RefusedError, refused)
    app.add_exception_handler(TooLargeError, too_large)
    for busy in (OperationalError, InterfaceError, PoolTimeout):
        app.add_exception_handler(busy, database_busy)
    app.add_exception_handler(HTTPException, http_error)


def _internal(error: Exception) -> Response:
    raise error


def _answer(request: Request, refusal: Refusal) -> Response:
    if request.url.path.startswith(PREFIX):
        return problem(refusal)
    return PlainTextResponse(refusal.detail, refusal.status)
