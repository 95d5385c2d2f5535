"""The console's pages of cases: the newest, one in detail, and moving it on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from central.console.board import moment
from central.console.rendering import Renderer
from central.console.visits import Doorkeeper, Visit, read_form
from central.console.words import Words
from central.domain.progress import position
from central.domain.refusal import Refusal
from central.platform import Platform
from central.store.handling import Record, find_case, move, record_of, stand
from central.store.tables import CaseRow
from kiosk.contract.cases import Case, CaseStep

SHOWN = 50
_STAGE_TONES = {
    "running": "well",
    "reminder": "attention",
    "warning": "attention",
    "breach": "bad",
    "over_legal": "bad",
    "ended": "neutral",
}
_STATE_TONES = {"completed": "well", "returned": "bad"}
_LONGEST_REASON = 500


@dataclass(frozen=True)
class ShownRecord:
    """One line of a case's record: when, what was done by whom, and why."""

    when: str
    what: str
    why: str


@dataclass(frozen=True)
class ShownCase:
    """One case as shown; ``button`` is empty when nothing more can be done, ``seen`` guards the button."""

    case: Case
    name: str
    terminal_id: str
    training: bool
    stage_tone: str
    state_tone: str
    button: str
    seen: str
    record: Sequence[ShownRecord] = ()


def case_routes(platform: Platform, doorkeeper: Doorkeeper, renderer: Renderer) -> APIRouter:
    """Return the routes of the cases."""
    router = APIRouter()
    known = Depends(doorkeeper.visit)

    @router.get("/console/cases")
    async def cases(request: Request, visit: Visit = known) -> Response:
        def read() -> list[ShownCase]:
            with platform.database.reading() as session:
                newest = platform.lookup.newest(session, platform.today(), SHOWN)
                return [_shown(session, row, case, visit.words) for row, case in newest]

        shown = await run_in_threadpool(read)
        values = {"visit": visit, "words": visit.words, "cases": shown, "limit": SHOWN}
        return renderer.page(request, "cases.html", values)

    async def case_page(request: Request, visit: Visit, project_no: str, message: str, status: int) -> Response:
        def read() -> ShownCase | None:
            with platform.database.reading() as session:
                row = find_case(session, project_no)
                if row is None:
                    return None
                case = platform.lookup.public(session, row, platform.today())
                record = [shown_record(line) for line in record_of(session, platform.seal, row)]
                return _shown(session, row, case, visit.words, record)

        def shown_record(line: Record) -> ShownRecord:
            step = line.step if visit.words.language == "zh" else line.step_en
            what = visit.words.text(f"record.{line.action}", operator=line.operator, step=step)
            return ShownRecord(moment(line.at, platform.now()), what, line.reason)

        shown = await run_in_threadpool(read)
        if shown is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        values = {"visit": visit, "words": visit.words, "shown": shown, "message": message}
        return renderer.page(request, "case.html", values, status)

    @router.get("/console/cases/{project_no}")
    async def one_case(request: Request, project_no: str, visit: Visit = known) -> Response:
        return await case_page(request, visit, project_no, "", HTTPStatus.OK)

    @router.post("/console/cases/{project_no}/{action}")
    async def move_case(request: Request, project_no: str, action: str, visit: Visit = known) -> Response:
        form = await read_form(request, visit.form_token)
        if action not in ("advance", "return"):
            raise HTTPException(HTTPStatus.NOT_FOUND)

        def act() -> Refusal | None:
            with platform.database.writing() as session:
                reason = form.get("reason", "")[:_LONGEST_REASON]
                seen = form.get("seen", "")
                return move(session, platform.seal, project_no, visit.operator, action, seen, reason, platform.now())

        refusal = await run_in_threadpool(act)
        if refusal:
            message = visit.words.text(f"case.{refusal.code}")
            return await case_page(request, visit, project_no, message, refusal.status)
        back = "/console/cases" if form.get("from") == "list" else f"/console/cases/{project_no}"
        return RedirectResponse(back, HTTPStatus.SEE_OTHER)

    return router


def _shown(session: Session, row: CaseRow, case: Case, words: Words, record: Sequence[ShownRecord] = ()) -> ShownCase:
    return ShownCase(
        case=case,
        name=case.task_name if words.language == "zh" else case.task_name_en,
        terminal_id=row.terminal_id,
        training=row.training,
        stage_tone=_STAGE_TONES[case.clocks.stage],
        state_tone=_STATE_TONES.get(case.state, "neutral"),
        button=_button(case.steps, words),
        seen=stand(session, row),
        record=record,
    )


def _button(steps: tuple[CaseStep, ...], words: Words) -> str:
    at = position(steps)
    if at is None:
        return ""
    step = steps[at]
    name = step.name if words.language == "zh" else step.name_en
    key = "take_up" if step.state == "waiting" else "finish" if at == len(steps) - 1 else "pass"
    return words.text(f"case.{key}", step=name)
