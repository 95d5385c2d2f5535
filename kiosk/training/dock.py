"""The dock: a local web page from which a person works everything around a training terminal, and sees its screen.

It listens on this machine alone. A page of another site can neither read it (the Host header is checked, so a foreign
name that resolves to 127.0.0.1 is refused) nor work it (every POST carries a token that only the page itself and the
shell know).
"""

from __future__ import annotations

import errno
import hmac
import html
import socket
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Literal

import uvicorn
from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles
from starlette.concurrency import run_in_threadpool
from starlette.middleware.trustedhost import TrustedHostMiddleware

from drivers.base import Deadline
from drivers.hall import Hall
from kiosk.config import ASSETS
from kiosk.training.citizen import CitizenFileError
from kiosk.training.display import Display
from kiosk.training.dock_upload import DockRefusalError, read_picture
from kiosk.training.dock_work import (
    CabinetOrder,
    CodeOrder,
    DockWork,
    DocumentPrinterOrder,
    NetworkOrder,
    PaperOrder,
    PowerOrder,
    PrinterOrder,
)

TOKEN_HEADER = "X-Dock-Token"  # noqa: S105 - a header's name
_HOSTS = ["127.0.0.1", "localhost"]
_PAGE = ASSETS / "dock"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def create_dock(hall: Hall, display: Display | None, citizens: Path, token: str) -> FastAPI:
    """Build the dock over a started hall.

    ``citizens`` is the folder to choose from; every POST must carry ``token``.
    """
    dock = DockWork(hall, display, citizens)
    app = FastAPI(title="Dock", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.closing = dock.closing
    _guard(app, token)
    _serve_pictures(app, dock)
    _take_orders(app, dock)
    return app


def _guard(app: FastAPI, token: str) -> None:
    @app.middleware("http")
    async def check_token(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:  # pyright: ignore[reportUnusedFunction]
        given = request.headers.get(TOKEN_HEADER, "")
        if request.method not in ("GET", "HEAD") and not hmac.compare_digest(given.encode(), token.encode()):
            return JSONResponse({"code": "dock.token", "detail": "wrong token: load the page anew"}, 403)
        answer = await call_next(request)
        answer.headers["Content-Security-Policy"] = _POLICY
        answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers.setdefault("Cache-Control", "no-store")
        return answer

    # Added last, so asked first.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=_HOSTS, www_redirect=False)

    @app.exception_handler(DockRefusalError)
    async def refused(_request: Request, error: DockRefusalError) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        return JSONResponse({"code": error.code, "detail": error.detail}, error.status)

    @app.exception_handler(CitizenFileError)
    async def bad_citizen(_request: Request, error: CitizenFileError) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        return JSONResponse({"code": "citizen.invalid", "detail": str(error)}, 422)

    @app.exception_handler(RequestValidationError)
    async def bad_order(_request: Request, error: RequestValidationError) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        lines = [f"{'.'.join(str(part) for part in item['loc'][1:])}: {item['msg']}" for item in error.errors()]
        return JSONResponse({"code": "order.invalid", "detail": "; ".join(lines)}, 422)

    page = (_PAGE / "index.html").read_text(encoding="utf-8").replace("{{token}}", html.escape(token))

    @app.get("/", response_class=HTMLResponse)
    def index() -> str:  # pyright: ignore[reportUnusedFunction]
        return page

    app.mount("/static", StaticFiles(directory=_PAGE), name="static")


def _serve_pictures(app: FastAPI, dock: DockWork) -> None:
    async def screen(after: int = 0, width: Annotated[int, Query(ge=64, le=4096)] = 4096) -> Response:
        frame = await dock.frame(after, width)
        if frame is None:
            return Response(status_code=204)
        return Response(frame[1], media_type="image/jpeg", headers={"X-Frame": str(frame[0])})

    def screenshot() -> Response:
        return Response(dock.screenshot(), media_type="image/png")

    def receipt(number: int, form: Literal["png", "bin"]) -> Response:
        receipts = dock.hall.papers() if form == "png" else dock.hall.accepted()
        if not 1 <= number <= len(receipts):
            raise DockRefusalError(404, "receipt.unknown", f"{len(receipts)} receipts have come out")
        media_type = "image/png" if form == "png" else "application/octet-stream"
        return Response(receipts[number - 1], media_type=media_type)

    def document(number: int) -> Response:
        documents = dock.hall.documents()
        if not 1 <= number <= len(documents):
            raise DockRefusalError(404, "document.unknown", f"{len(documents)} documents have come out")
        return Response(documents[number - 1], media_type="application/pdf")

    def events() -> StreamingResponse:
        return StreamingResponse(dock.changes(), media_type="text/event-stream")

    app.add_api_route("/api/screen.jpg", screen, methods=["GET"], response_model=None)
    app.add_api_route("/api/screen.png", screenshot, methods=["GET"], response_model=None)
    app.add_api_route("/api/receipts/{number}.{form}", receipt, methods=["GET"], response_model=None)
    app.add_api_route("/api/documents/{number}.pdf", document, methods=["GET"], response_model=None)
    app.add_api_route("/api/events", events, methods=["GET"], response_model=None)
    app.add_api_route("/api/state", dock.state, methods=["GET"])
    app.add_api_route("/api/citizens", dock.people, methods=["GET"])


def _take_orders(app: FastAPI, dock: DockWork) -> None:
    hall = dock.hall

    def hold_code(order: CodeOrder) -> None:
        try:
            hall.hold_code(order.text)
        except ValueError as error:
            raise DockRefusalError(422, "code.impossible", f"no QR code can hold this text: {error}") from None

    async def hold_picture(request: Request) -> None:
        await run_in_threadpool(hall.hold_picture, await read_picture(request))

    def put_paper(order: PaperOrder) -> None:
        hall.put_paper(None, order.sharp)

    async def put_picture(request: Request) -> None:
        picture = await read_picture(request)
        await run_in_threadpool(lambda: hall.put_paper(picture, sharp=True))

    def work_printer(order: PrinterOrder) -> None:
        hall.printer(order.action)

    def work_document_printer(order: DocumentPrinterOrder) -> None:
        hall.document_printer(order.action)

    def work_cabinet(order: CabinetOrder) -> None:
        hall.cabinet(order.action)

    def work_power(order: PowerOrder) -> None:
        hall.power(order.action)

    def set_network(order: NetworkOrder) -> None:
        hall.set_network(order.up)

    for path, handler in {
        "card": dock.put_card,
        "card/plain": dock.put_plain_card,
        "card/take": dock.take_card,
        "code": hold_code,
        "code/picture": hold_picture,
        "code/last-receipt": dock.hold_last_code,
        "code/take": hall.take_code,
        "paper": put_paper,
        "paper/picture": put_picture,
        "paper/take": hall.take_paper,
        "printer": work_printer,
        "document-printer": work_document_printer,
        "cabinet": work_cabinet,
        "power": work_power,
        "network": set_network,
        "touch": dock.touch,
    }.items():
        app.add_api_route(f"/api/{path}", handler, methods=["POST"], status_code=204, response_model=None)


class DockServer:
    """Serves a dock on 127.0.0.1, in a thread, at ``port`` or at a free one when that is taken."""

    def __init__(self, app: FastAPI, port: int = 0) -> None:
        self._app = app
        self._port = port
        self._server = uvicorn.Server(
            uvicorn.Config(
                app, log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=1, ws="none"
            )
        )
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name="dock", daemon=True)
        self._listening = threading.Event()

    def start(self, deadline: Deadline) -> str:
        """Listen and return the dock's URL, without a slash at its end. Raises ``TimeoutError``."""
        try:
            self._socket = socket.create_server(("127.0.0.1", self._port), backlog=64)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        port = self._socket.getsockname()[1]
        self._thread.start()
        while not self._server.started:
            if deadline.expired or not self._thread.is_alive():
                self.stop()
                raise TimeoutError("the dock did not start in time")
            self._listening.wait(0.01)
        return f"http://127.0.0.1:{port}"

    def stop(self) -> None:
        """End the pages' connections and the thread. May be called twice."""
        self._app.state.closing.set()
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(10)
        if self._socket is not None:
            self._socket.close()

    def _run(self) -> None:
        if self._socket is not None:
            self._server.run(sockets=[self._socket])
