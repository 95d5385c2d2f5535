"""Lets the scripted citizen see the terminal as a person does: what is on the glass, where it can be touched.

A Unix socket that exists only in training. One JSON line asks, one JSON line answers:
``{"ask": "glass"}``, ``{"ask": "last_visit"}``, and without a window ``{"intent": {"kind": "Next", ...}, "session": 1}``.
"""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Any, Protocol, cast

from kiosk import view as views
from kiosk.terminal import Terminal, ViewChannel
from kiosk.view import HomeView, Intent

TAKE_SECONDS = 3.0
"""Longest wait until the terminal's thread has taken an intent, so that who looks next never sees what was before it."""
INTENTS: dict[str, type[Intent]] = {
    kind.__name__: kind
    for kind in (
        views.StartService,
        views.SetLanguage,
        views.Next,
        views.Back,
        views.Cancel,
        views.StayHere,
        views.Pick,
        views.Fill,
        views.Capture,
        views.Retake,
        views.Signature,
        views.Activity,
        views.OpenTechnician,
        views.KeyPressed,
        views.Touched,
    )
}


class Glass(Protocol):
    """Returns what is drawn: the things to touch, all texts in reading order, the revision of the view drawn."""

    def __call__(self) -> tuple[tuple[Any, ...], tuple[str, ...], int]:
        """Look, from any thread."""
        ...


class Observer:
    """Serves the socket on threads of its own."""

    def __init__(self, socket: Path, terminal: Terminal, channel: ViewChannel, glass: Glass | None) -> None:
        """``glass`` is None when there is no window; then intents may be given instead of touches."""
        self._terminal = terminal
        self._channel = channel
        self._glass = glass
        socket.unlink(missing_ok=True)
        self._server = _Server(str(socket), self._answer)
        socket.chmod(0o600)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Close the socket."""
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, question: dict[str, Any]) -> dict[str, Any]:
        if "intent" in question:
            return self._act(question)
        if question.get("ask") == "last_visit":
            record = self._terminal.last_visit
            return {"visit": None if record is None else asdict(record)}
        if question.get("ask") == "glass":
            return self._look()
        return {"error": "ask is glass or last_visit"}

    def _act(self, question: dict[str, Any]) -> dict[str, Any]:
        if self._glass is not None:
            return {"error": "there is a window: touch it"}
        given = dict(question["intent"])
        kind = INTENTS.get(str(given.pop("kind", "")))
        if kind is None or set(given) != {field.name for field in fields(kind)}:
            return {"error": "no such intent"}
        if "strokes" in given:
            given["strokes"] = tuple(tuple((float(x), float(y)) for x, y in stroke) for stroke in given["strokes"])
        self._terminal.post(kind(**given), question.get("session"))
        taken = threading.Event()
        self._terminal.after_posted(taken.set)
        return {"taken": taken.wait(TAKE_SECONDS)}

    def _look(self) -> dict[str, Any]:
        view = self._channel.latest()
        if view is None:
            return {"revision": 0}
        seen: dict[str, Any] = {
            "revision": view.revision,
            "screen": view.screen,
            "step": view.step,
            "session": view.session,
            "asleep": view.asleep,
            "title": view.title,
            "phase": str(getattr(view.body, "phase", "")),
            "message": getattr(view.body, "message", ""),
        }
        if isinstance(view.body, HomeView):
            seen["tiles"] = [asdict(tile) for tile in view.body.tiles]
        if isinstance(view.body, views.FormView):
            seen["fields"] = [asdict(field) for field in view.body.fields]
        if self._glass is not None:
            try:
                things, texts, drawn = self._glass()
            except TimeoutError:  # the window is not there yet, or not any more
                return {"revision": 0}
            seen.update(drawn=drawn, touchables=[asdict(thing) for thing in things], texts=list(texts))
        else:
            seen["texts"] = list(_texts((view.body, view.buttons)))
        return seen


def _texts(value: object) -> Iterator[str]:
    """Yield every text in a view's value: what a window would have to show."""
    if isinstance(value, str):
        if value:
            yield value
    elif isinstance(value, tuple):
        for part in cast("tuple[object, ...]", value):
            yield from _texts(part)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _texts(getattr(value, field.name))


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, path: str, answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        self.answer = answer
        super().__init__(path, _Handler)


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        server = self.server
        assert isinstance(server, _Server)  # noqa: S101 - made by it
        for line in self.rfile:
            try:
                question = json.loads(line)
                answer = (
                    server.answer(cast("dict[str, Any]", question))
                    if isinstance(question, dict)
                    else {"error": "a JSON object, please"}
                )
            except (ValueError, KeyError, TypeError) as error:
                answer = {"error": type(error).__name__}
            self.wfile.write(json.dumps(answer, ensure_ascii=False).encode() + b"\n")
            self.wfile.flush()
