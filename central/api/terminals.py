"""The addresses that terminals call; a body is read only once the terminal is known, and parsed beside the loop."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TypeVar

from fastapi import APIRouter, Depends, FastAPI
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ValidationError
from pydantic.json_schema import models_json_schema
from sqlalchemy import text
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from central.api.authentication import Gate
from central.api.problems import RefusedError, invalid, problem
from central.api.reading import SMALL_BYTES, SUBMISSION_BYTES, read_body
from central.domain.numbering import parse_key
from central.domain.refusal import Refusal
from central.platform import Platform
from central.store import once, ratings, self_tests
from central.store.catalogue import on_terminals
from kiosk.contract import PREFIX
from kiosk.contract.cases import Accepted, CaseList, CaseQuery, Rating, Submission
from kiosk.contract.reports import Catalogue, Problem, TerminalReport
from kiosk.contract.self_tests import SelfTestRecord

_Model = TypeVar("_Model", bound=BaseModel)
_BODIES: tuple[type[BaseModel], ...] = (Submission, CaseQuery, Rating, TerminalReport, SelfTestRecord)
_REFERENCE = "#/components/schemas/{model}"
_PROBLEMS: dict[int | str, dict[str, object]] = {
    401: {"model": Problem},
    413: {"model": Problem},
    422: {"model": Problem},
    503: {"model": Problem},
}
_BAD_KEY = Refusal(422, "invalid", "Idempotency-Key must be a UUIDv7")
_WRONG_TERMINAL = Refusal(422, "invalid", "terminal_id is not the terminal that asks")


def _takes(model: type[BaseModel], *, keyed: bool = False) -> dict[str, object]:
    """Return what OpenAPI says of a body that the handler reads by itself."""
    extra: dict[str, object] = {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": _REFERENCE.format(model=model.__name__)}}},
        }
    }
    headers = ["Terminal-Id"] + (["Idempotency-Key"] if keyed else [])
    extra["parameters"] = [
        {"name": name, "in": "header", "required": True, "schema": {"type": "string"}} for name in headers
    ]
    return extra


def terminal_routes(platform: Platform) -> APIRouter:
    """Return the routes of the contract."""
    gate = Gate(platform.database, platform.clock)
    admitted = Depends(gate.admit)
    router = APIRouter(prefix=PREFIX, dependencies=[Depends(HTTPBearer(auto_error=False))])

    async def work(writing: Callable[[Session], once.Answer | Refusal]) -> Response:
        def transaction() -> once.Answer | Refusal:
            with platform.database.writing() as session:
                return writing(session)

        result = await run_in_threadpool(transaction)
        if isinstance(result, Refusal):
            return problem(result)
        return Response(result.body, 200 if result.replayed else 201, media_type="application/json")

    @router.get("/items", response_model=Catalogue, responses={401: {"model": Problem}})
    async def items(request: Request, _terminal: str = admitted) -> Response:
        """Every item that terminals may offer today."""

        def read() -> bytes:
            with platform.database.reading() as session:
                return on_terminals(session, platform.today()).model_dump_json().encode()

        body = await run_in_threadpool(read)
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(body, headers=headers, media_type="application/json")

    @router.post(
        "/submissions",
        status_code=201,
        response_model=Accepted,
        responses={200: {"model": Accepted}, 404: {"model": Problem}, 409: {"model": Problem}, **_PROBLEMS},
        openapi_extra=_takes(Submission, keyed=True),
    )
    async def submissions(request: Request, terminal: str = admitted) -> Response:
        """Take in a submission, once per Idempotency-Key: 201 the first time, 200 with the same answer afterwards."""
        key = _key(request)
        body = await read_body(request, SUBMISSION_BYTES)
        submission = await _parsed(Submission, body)
        if submission.terminal_id != terminal:
            return problem(_WRONG_TERMINAL)
        asked = once.request_of(terminal, key, request.url.path, body)
        return await work(lambda session: platform.intake.take(session, asked, submission, platform.now()))

    @router.post(
        "/ratings",
        status_code=201,
        responses={404: {"model": Problem}, 409: {"model": Problem}, **_PROBLEMS},
        openapi_extra=_takes(Rating, keyed=True),
    )
    async def rate(request: Request, terminal: str = admitted) -> Response:
        """Keep a rating."""
        key = _key(request)
        body = await read_body(request, SMALL_BYTES)
        rating = await _parsed(Rating, body)
        asked = once.request_of(terminal, key, request.url.path, body)
        return await work(lambda session: ratings.rate(session, platform.seal, asked, rating, platform.now()))

    @router.post("/case-queries", response_model=CaseList, responses=_PROBLEMS, openapi_extra=_takes(CaseQuery))
    async def case_queries(request: Request, _terminal: str = admitted) -> Response:
        """Find cases by a receipt's code or by an identity document."""
        query = await _parsed(CaseQuery, await read_body(request, SMALL_BYTES))

        def find() -> CaseList:
            with platform.database.reading() as session:
                return CaseList(cases=platform.lookup.find(session, query.query, platform.today()))

        found = await run_in_threadpool(find)
        return Response(found.model_dump_json(), headers={"Cache-Control": "no-store"}, media_type="application/json")

    @router.post("/reports", status_code=204, responses=_PROBLEMS, openapi_extra=_takes(TerminalReport))
    async def reports(request: Request, terminal: str = admitted) -> Response:
        """Take note of a terminal's state: the latest wins."""
        body = await read_body(request, SMALL_BYTES)
        try:
            report = TerminalReport.model_validate_json(body)
        except ValidationError as error:
            return problem(invalid(error))
        if report.terminal_id != terminal:
            return problem(_WRONG_TERMINAL)
        platform.fleet.receive(report)
        return Response(status_code=204)

    @router.post("/self-tests", status_code=204, responses=_PROBLEMS, openapi_extra=_takes(SelfTestRecord))
    async def keep_self_test(request: Request, terminal: str = admitted) -> Response:
        """Keep the record of a self-test; one that comes again is kept once."""
        record = await _parsed(SelfTestRecord, await read_body(request, SMALL_BYTES))
        if record.terminal_id != terminal:
            return problem(_WRONG_TERMINAL)

        def keep() -> None:
            with platform.database.writing() as session:
                self_tests.keep(session, record, platform.now())

        await run_in_threadpool(keep)
        return Response(status_code=204)

    return router


def health_route(platform: Platform) -> APIRouter:
    """Return the one route that needs no token."""
    router = APIRouter(prefix=PREFIX)

    @router.get("/health")
    async def health() -> dict[str, str]:
        """Say that central and its database answer."""

        def ask() -> None:
            with platform.database.reading() as session:
                session.execute(text("SELECT 1"))

        await run_in_threadpool(ask)
        return {"status": "ok"}

    return router


def describe_bodies(app: FastAPI) -> None:
    """Add the schemas of the bodies that the handlers read by themselves to the app's OpenAPI document."""
    plain = app.openapi

    def openapi() -> dict[str, object]:
        document = plain()
        _, schemas = models_json_schema([(model, "validation") for model in _BODIES], ref_template=_REFERENCE)
        components = document.setdefault("components", {}).setdefault("schemas", {})
        for name, schema in schemas.get("$defs", {}).items():
            components.setdefault(name, schema)
        return document

    app.openapi = openapi


def _key(request: Request) -> str:
    key = parse_key(request.headers.get("idempotency-key", ""))
    if key is None:
        raise RefusedError(_BAD_KEY)
    return key


async def _parsed(model: type[_Model], body: bytes) -> _Model:
    try:
        return await run_in_threadpool(model.model_validate_json, body)
    except ValidationError as error:
        raise RefusedError(invalid(error)) from None
