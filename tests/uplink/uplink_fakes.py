"""A central platform of a few lines that remembers every effect and misbehaves on command."""

from __future__ import annotations

import hashlib
import io
import json
import queue
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from kiosk.journal import Journal
from kiosk.logs import EventLog
from kiosk.uplink.client import CentralClient
from kiosk.uplink.link import Link
from kiosk.uplink.outbox import Outbox

PATIENCE = 20.0
KEY = b"\x07" * 32
TOKEN = "a-token"


def problem(code):
    return json.dumps({"code": code, "detail": "made up"}).encode()


def accepted(number):
    return json.dumps(
        {
            "project_no": f"12330000000000000A3330000000000{20261122}{number:04d}",
            "query_code": f"CK1:{number:08d}",
            "accept_date": "2026-11-22",
            "promise_date": "2026-12-04",
        }
    ).encode()


class FakeCentral:
    """``script`` holds what to do with the next requests: a name below, or (status, body, headers)."""

    def __init__(self):
        self.script = deque()
        self.always = {}  # key -> the same, for every request with this key
        self.down = False
        self.requests = []  # (path, key, body), as they arrived
        self.effects = []  # keys, in the order of their first effect
        self.answers = {}  # key -> (hash of the body, answer)
        self.reports = []
        self.headers = []
        self.items = (b'{"items":[]}', '"1"')
        self.released = threading.Event()
        self._changed = threading.Condition()
        central = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                central.handle(self)

            do_GET = do_POST  # noqa: N815 - the library's name

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.block_on_close = False
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def stop(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()

    def wait_for(self, predicate, seconds=PATIENCE):
        with self._changed:
            assert self._changed.wait_for(predicate, seconds), "central has not seen it in time"

    def handle(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        path = handler.path.removeprefix("/api/v1")
        key = handler.headers.get("Idempotency-Key", "")
        with self._changed:
            if self.down:
                action = "drop_before"
            elif key in self.always:
                action = self.always[key]
            else:
                action = self.script.popleft() if self.script else "ok"
            self.requests.append((path, key, body))
            self.headers.append(dict(handler.headers))
            self._changed.notify_all()
        if action == "drop_before":
            return drop(handler)
        if isinstance(action, tuple):
            return reply(handler, *action)
        status, answer, headers = self.effect(handler, path, key, body)
        if action == "drop_after":
            return drop(handler)
        if action == "late":
            self.released.wait(PATIENCE)
            return drop(handler)
        if action == "truncated":
            handler.send_response(status)
            handler.send_header("Content-Length", str(len(answer) + 1))
            handler.end_headers()
            handler.wfile.write(answer)
            return drop(handler)
        if action == "garbage":
            return reply(handler, status, b'{"project_no": "', {})
        return reply(handler, status, answer, headers)

    def effect(self, handler, path, key, body):
        with self._changed:
            try:
                if path == "/items":
                    answer, etag = self.items
                    if handler.headers.get("If-None-Match") == etag:
                        return 304, b"", {}
                    return 200, answer, {"ETag": etag}
                if path == "/reports":
                    self.reports.append(json.loads(body))
                    return 204, b"", {}
                if path == "/case-queries":
                    return 200, b'{"cases":[]}', {}
                digest = hashlib.sha256(body).hexdigest()
                if key in self.answers:
                    known, answer = self.answers[key]
                    if known != digest:
                        return 422, problem("key_reused"), {}
                    return 200, answer, {}
                self.effects.append(key)
                answer = accepted(len(self.effects)) if path == "/submissions" else b"{}"
                self.answers[key] = (digest, answer)
                return 201, answer, {}
            finally:
                self._changed.notify_all()


def reply(handler, status, body, headers):
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    if status not in (204, 304):
        handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def drop(handler):
    handler.close_connection = True
    handler.connection.shutdown(2)


class Terminal:
    """A journal, a client, a link and an outbox with short pauses; ``restart`` is a new process on the same journal."""

    def __init__(self, path, central):
        self.path = path
        self.central = central
        self.stream = io.StringIO()
        self.settled = queue.Queue()
        self.outbox = None
        self.journal = None

    def start(self, send_seconds=PATIENCE, longest_wait=0.05):
        self.log = EventLog(self.stream, time.time, strict=True)
        self.journal = Journal.open(self.path, KEY)
        self.client = CentralClient(self.central.url, "T001", TOKEN)
        self.link = Link(self.log)
        self.outbox = Outbox(
            self.journal,
            self.client,
            self.link,
            self.log,
            first_wait=0.005,
            longest_wait=longest_wait,
            send_seconds=send_seconds,
        )
        self.outbox.start()
        return self

    def stop(self):
        if self.journal is not None:
            assert self.outbox.stop(PATIENCE)
            self.journal.close()
            self.journal = None

    def hand_in(self, key, kind="submission", body=b"", depends_on=""):
        self.outbox.hand_in(kind, key, "T001-20261122-0001", body or key.encode(), depends_on, self.settled.put)

    def next_settled(self):
        return self.settled.get(timeout=PATIENCE)

    def events(self, *names):
        lines = [json.loads(line) for line in self.stream.getvalue().splitlines()]
        return [line for line in lines if not names or line["event"] in names]
