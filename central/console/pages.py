"""The console's addresses: signing in and out, the terminals with their live changes, and the static files."""

from __future__ import annotations

import secrets
from http import HTTPStatus
from pathlib import Path

from fastapi import APIRouter, Depends, FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.staticfiles import StaticFiles

from central.console.attempts import Attempts
from central.console.board import Card, card_of, counts
from central.console.case_pages import case_routes
from central.console.live import changes
from central.console.rendering import HEADERS, Renderer
from central.console.self_test import self_test_of
from central.console.visits import (
    SIGN_IN,
    Doorkeeper,
    Visit,
    read_form,
    session_cookie,
    set_session_cookie,
    set_sign_in_cookie,
    sign_in_cookie,
)
from central.console.words import LANGUAGES, Words, load_words
from central.platform import Platform
from central.store.operators import password_matches, sign_in, sign_out
from central.store.self_tests import newest_first
from kiosk.contract.self_tests import SelfTestRecord

HOME = "/console"


def console_routes(platform: Platform) -> APIRouter:
    """Return all routes under /console."""
    doorkeeper = Doorkeeper(platform, load_words(platform.faults, platform.checks, platform.items))
    renderer = Renderer(platform)
    router = APIRouter(include_in_schema=False)
    router.include_router(_sign_in_routes(platform, doorkeeper, renderer))
    router.include_router(_terminal_routes(platform, doorkeeper, renderer))
    router.include_router(case_routes(platform, doorkeeper, renderer))
    return router


def serve_static_files(app: FastAPI) -> None:
    """Serve the style sheet and the script; they hold nothing secret."""
    app.mount("/console/static", StaticFiles(directory=Path(__file__).with_name("static")), name="static")


def _sign_in_routes(platform: Platform, doorkeeper: Doorkeeper, renderer: Renderer) -> APIRouter:
    router = APIRouter()
    attempts = Attempts(platform.clock)
    known = Depends(doorkeeper.visit)

    def form(request: Request, words: Words, message: str = "", status: int = 200) -> Response:
        token = sign_in_cookie(request) or secrets.token_urlsafe(24)
        page = renderer.page(request, "sign_in.html", {"words": words, "message": message, "form_token": token}, status)
        set_sign_in_cookie(request, page, token)
        return page

    @router.get("/")
    async def root() -> Response:
        return RedirectResponse(HOME, HTTPStatus.SEE_OTHER)

    @router.get(SIGN_IN)
    async def ask(request: Request) -> Response:
        return form(request, doorkeeper.words(request))

    @router.post(SIGN_IN)
    async def enter(request: Request) -> Response:
        words = doorkeeper.words(request)
        try:
            fields = await read_form(request, sign_in_cookie(request))
        except HTTPException as error:
            return form(request, words, words.text("sign_in.stale"), error.status_code)
        name, password = fields.get("name", "").strip(), fields.get("password", "")
        address = request.client.host if request.client else ""
        wait = attempts.begin(address, name)
        if wait:
            message = words.text("sign_in.too_many", minutes=int(wait // 60) + 1)
            return form(request, words, message, HTTPStatus.TOO_MANY_REQUESTS)

        def open_session() -> str | None:
            with platform.database.reading() as session:
                matches = password_matches(session, name, password)
            if not matches:
                return None
            with platform.database.writing() as session:
                return sign_in(session, name, platform.now())

        cookie = await run_in_threadpool(open_session)
        if cookie is None:
            return form(request, words, words.text("sign_in.wrong"), HTTPStatus.FORBIDDEN)
        attempts.succeeded(address, name)
        answer = RedirectResponse(HOME, HTTPStatus.SEE_OTHER)
        set_session_cookie(request, answer, cookie)
        return answer

    @router.post("/console/sign-out")
    async def leave(request: Request, visit: Visit = known) -> Response:
        await read_form(request, visit.form_token)

        def end_session() -> None:
            with platform.database.writing() as session:
                sign_out(session, session_cookie(request))

        await run_in_threadpool(end_session)
        answer = RedirectResponse(SIGN_IN, HTTPStatus.SEE_OTHER)
        set_session_cookie(request, answer, "")
        return answer

    @router.get("/console/language/{language}")
    async def choose_language(request: Request, language: str, next: str = HOME) -> Response:  # noqa: A002 - its address
        answer = RedirectResponse(next if next.startswith(HOME) else HOME, HTTPStatus.SEE_OTHER)
        if language in LANGUAGES:
            secure = request.url.scheme == "https"
            answer.set_cookie("language", language, 365 * 86400, secure=secure, httponly=True, samesite="strict")
        return answer

    return router


def _terminal_routes(platform: Platform, doorkeeper: Doorkeeper, renderer: Renderer) -> APIRouter:
    router = APIRouter()
    fleet = platform.fleet
    known = Depends(doorkeeper.visit)

    def cards(words: Words) -> list[Card]:
        return [card_of(sighting, words, platform.now()) for sighting in fleet.sightings()]

    @router.get(HOME)
    async def terminals(request: Request, visit: Visit = known) -> Response:
        shown = cards(visit.words)
        values = {"visit": visit, "words": visit.words, "cards": shown, "counts": counts(shown)}
        return renderer.page(request, "terminals.html", values)

    @router.get("/console/terminals/{terminal_id}")
    async def terminal(request: Request, terminal_id: str, visit: Visit = known) -> Response:
        sighting = fleet.sighting(terminal_id)
        if sighting is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        card = card_of(sighting, visit.words, platform.now())

        def read() -> list[SelfTestRecord]:
            with platform.database.reading() as session:
                return newest_first(session, terminal_id)

        report = sighting.report
        configured = frozenset(device.name for device in report.devices) if report is not None else None
        records = await run_in_threadpool(read)
        test = self_test_of(records, configured, visit.words, platform.now()) if records else None
        values = {"visit": visit, "words": visit.words, "card": card, "self_test": test}
        return renderer.page(request, "terminal.html", values)

    @router.get("/console/events")
    async def events(request: Request, terminal: str = "") -> Response:
        if await doorkeeper.signed_in(request) is None:
            raise HTTPException(HTTPStatus.UNAUTHORIZED)
        words = doorkeeper.words(request)

        def fragments(changed: set[str]) -> dict[str, str]:
            """Return the new HTML of the page's parts by their element ids."""
            if terminal:
                sighting = fleet.sighting(terminal) if terminal in changed else None
                if sighting is None:
                    return {}
                card = card_of(sighting, words, platform.now())
                return {"terminal": renderer.fragment("_terminal.html", {"card": card, "words": words})}
            shown = cards(words)
            parts = {
                f"terminal-{card.terminal_id}": renderer.fragment("_row.html", {"card": card, "words": words})
                for card in shown
                if card.terminal_id in changed
            }
            return parts | {"counts": renderer.fragment("_counts.html", {"counts": counts(shown), "words": words})}

        async def still_signed_in() -> bool:
            return await doorkeeper.signed_in(request) is not None

        stream = changes(platform, fragments, still_signed_in)
        return StreamingResponse(stream, headers=HEADERS, media_type="text/event-stream")

    return router
