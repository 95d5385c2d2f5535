"""The real program: killed between commit and answer it gives the same answer later; it starts, ends and refuses as promised."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from central_world import PASSWORD, TASK_CODE, headers, new_key, submission
from sqlalchemy import func, select

from central.store.database import Database
from central.store.tables import CaseRow

CENTRAL = [str(Path(sys.executable).with_name("central"))]


@dataclass
class Serving:
    process: subprocess.Popen[str]
    url: str


@contextmanager
def serving(url: str, folders: dict[str, Path]) -> Generator[Serving]:
    """Run ``central serve`` until the block ends."""
    options = [f"--{name.replace('_', '-')}={path}" for name, path in folders.items()]
    process = subprocess.Popen(
        [*CENTRAL, "serve", "--database", url, "--port", "0", *options], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            assert selector.select(30), "central did not say its address"
        line = process.stdout.readline()
        assert line.startswith("central: http://127.0.0.1:"), line
        yield Serving(process, line.removeprefix("central: ").strip())
    finally:
        process.kill()
        process.wait(20)
        if process.stdout:
            process.stdout.close()


class SwallowingProxy:
    """Passes one connection's requests on, and at the first byte of an answer calls ``seen`` and hangs up instead."""

    def __init__(self, target: str, seen: threading.Event) -> None:
        host, _, port = target.removeprefix("http://").partition(":")
        self._target = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._seen = seen
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        self._listener.settimeout(30)
        client, _ = self._listener.accept()
        with client, socket.create_connection(self._target, timeout=30) as server, selectors.DefaultSelector() as both:
            both.register(client, selectors.EVENT_READ)
            both.register(server, selectors.EVENT_READ)
            while events := both.select(30):
                ready = {key.fileobj for key, _ in events}
                if server in ready:  # central has answered: its transaction is committed
                    self._seen.set()
                    return
                server.sendall(client.recv(65536))

    def close(self) -> None:
        self._thread.join(40)
        self._listener.close()


def test_killed_between_commit_and_answer_the_retry_gets_the_same_answer(
    database_url: str, folders: dict[str, Path]
) -> None:
    key, answered = new_key(), threading.Event()
    with serving(database_url, folders) as first:
        proxy = SwallowingProxy(first.url, answered)
        with pytest.raises(httpx.TransportError):
            httpx.post(f"{proxy.url}/api/v1/submissions", json=submission(), headers=headers(key=key), timeout=30)
        assert answered.wait(30)
        first.process.kill()  # SIGKILL
        assert first.process.wait(20) == -signal.SIGKILL
        proxy.close()
    database = Database(database_url)
    with database.reading() as session:
        number = session.scalars(select(CaseRow.project_no)).one()
    with serving(database_url, folders) as second:
        answers = [
            httpx.post(f"{second.url}/api/v1/submissions", json=submission(), headers=headers(key=key), timeout=30)
            for _ in range(2)
        ]
    assert [(answer.status_code, answer.json()["project_no"]) for answer in answers] == [(200, number)] * 2
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(CaseRow)) == 1
    database.close()


def test_sigterm_ends_it_cleanly_with_an_open_stream(sqlite_url: str, folders: dict[str, Path]) -> None:
    with serving(sqlite_url, folders) as central, httpx.Client(base_url=central.url, timeout=20) as client:
        page = client.get("/console/sign-in").text
        token = page.partition('name="form_token" value="')[2].partition('"')[0]
        client.post("/console/sign-in", data={"form_token": token, "name": "anna", "password": PASSWORD})
        with client.stream("GET", "/console/events") as stream:
            assert next(stream.iter_lines()) == "retry: 3000"
            started = time.monotonic()
            central.process.send_signal(signal.SIGTERM)
            assert central.process.wait(20) == 0
            assert time.monotonic() - started < 3


def test_enrolled_from_the_shell_a_terminal_gets_in_at_once(tmp_path: Path, folders: dict[str, Path]) -> None:
    url = f"sqlite:///{tmp_path}/new.sqlite"
    enrolled = subprocess.run([*CENTRAL, "enrol", "T-7", "--database", url], capture_output=True, text=True, timeout=60)
    assert (enrolled.returncode, enrolled.stderr) == (0, "T-7: enrolled\n")
    token = enrolled.stdout.strip()
    assert len(token) >= 40
    assert token.encode() not in (tmp_path / "new.sqlite").read_bytes()
    (tmp_path / "password").write_text("a long password\n")
    added = subprocess.run(
        [*CENTRAL, "operator", "add", "bob", "--database", url, "--password-file", tmp_path / "password"], timeout=60
    )
    assert added.returncode == 0
    with serving(url, {name: path for name, path in folders.items() if name != "key_file"}) as central:
        answer = httpx.get(f"{central.url}/api/v1/items", headers=headers("T-7", token), timeout=20)
        assert [item["task_code"] for item in answer.json()["items"]] == [TASK_CODE]
    assert (tmp_path / "new.sqlite.key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "new.sqlite").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--help"], 0),
        (["serve", "--help"], 0),
        (["enrol", "--help"], 0),
        (["operator", "add", "--help"], 0),
        (["serve", "--database", "mysql://x/y"], 2),
        (["serve", "--no-such-option"], 2),
        (["enrol", "T_1"], 2),
        (["serve", "--port", "0", "--database", "postgresql://nobody@127.0.0.1:1/x"], 1),
    ],
)
def test_exit_codes(arguments: list[str], code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from central.cli import main

    mask = os.umask(0)
    os.umask(mask)
    here = Path.cwd()
    os.chdir(tmp_path)
    try:
        with pytest.raises(SystemExit) as ended:
            main(arguments, prog_name="central")
    finally:
        os.chdir(here)
        os.umask(mask)
    assert ended.value.code == code
    assert "Traceback" not in capsys.readouterr().err
