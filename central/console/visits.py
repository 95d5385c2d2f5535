"""Who is looking at the console: the session cookie, the language, and the token that every form must carry."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from central.api.reading import read_body
from central.console.words import LANGUAGES, Language, Words
from central.domain.numbering import digest, same_digest
from central.platform import Platform
from central.store.operators import SESSION_HOURS, SignedIn, signed_in

SIGN_IN = "/console/sign-in"
_FORM_BYTES = 16 * 1024
_FORM_FIELDS = 20


@dataclass(frozen=True)
class Visit:
    """One request of somebody signed in."""

    operator: str
    form_token: str
    words: Words


class Doorkeeper:
    """Finds out who asks, in which language."""

    def __init__(self, platform: Platform, words: dict[Language, Words]) -> None:
        self._platform = platform
        self._words = words

    async def visit(self, request: Request) -> Visit:
        """Return who asks. Raises ``HTTPException`` 303 to the sign-in page."""
        found = await self.signed_in(request)
        if found is None:
            raise HTTPException(HTTPStatus.SEE_OTHER, headers={"Location": SIGN_IN})
        return Visit(found.operator, found.form_token, self.words(request))

    async def signed_in(self, request: Request) -> SignedIn | None:
        """Return who asks, None for strangers."""
        cookie = session_cookie(request)
        if not cookie:
            return None

        def look_up() -> SignedIn | None:
            with self._platform.database.reading() as session:
                return signed_in(session, cookie, self._platform.now())

        return await run_in_threadpool(look_up)

    def words(self, request: Request) -> Words:
        """Return the words of the language that was chosen, Chinese at first."""
        chosen = request.cookies.get("language", LANGUAGES[0])
        return self._words[chosen if chosen in LANGUAGES else LANGUAGES[0]]


def session_cookie(request: Request) -> str:
    """Return the session cookie's value, empty when there is none."""
    return request.cookies.get(_name(request, "session"), "")


def sign_in_cookie(request: Request) -> str:
    """Return the cookie that the sign-in form's token must equal."""
    return request.cookies.get(_name(request, "sign-in"), "")


def set_session_cookie(request: Request, response: Response, value: str) -> None:
    """Set the session cookie, or remove it when ``value`` is empty."""
    _set(request, response, "session", value, SESSION_HOURS * 3600 if value else 0)


def set_sign_in_cookie(request: Request, response: Response, value: str) -> None:
    """Set the cookie that belongs to the sign-in form."""
    _set(request, response, "sign-in", value, 3600)


async def read_form(request: Request, token: str) -> dict[str, str]:
    """Return a form's fields. Raises ``HTTPException`` 403 unless it carries ``token`` and comes from our own pages."""
    body = await read_body(request, _FORM_BYTES)
    try:
        form = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_FORM_FIELDS))
    except ValueError:
        raise HTTPException(HTTPStatus.BAD_REQUEST) from None
    from_us = request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")
    if not token or not from_us or not same_digest(digest(form.get("form_token", "")), digest(token)):
        raise HTTPException(HTTPStatus.FORBIDDEN)
    return form


def _name(request: Request, name: str) -> str:
    # Browsers take a __Host- cookie only over https: there it cannot be set from another host of the domain.
    return f"__Host-{name}" if request.url.scheme == "https" else name


def _set(request: Request, response: Response, name: str, value: str, seconds: int) -> None:
    response.set_cookie(
        _name(request, name),
        value,
        max_age=seconds,
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
