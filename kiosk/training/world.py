"""A whole training terminal: virtual screen, virtual hall, embedded central platform, and the terminal's own process."""

from __future__ import annotations

import json
import os
import secrets
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

from drivers import registry
from drivers.base import Deadline
from drivers.hall import Hall, HallError
from kiosk.config import ASSETS, ROOT, Configuration
from kiosk.training.display import DisplayError, VirtualDisplay
from kiosk.training.training_seal import CERTIFICATE, KEY, ROOT_CERTIFICATE, make_seal

TERMINAL_ID = "TRAINING-1"
OPERATOR = "training"
"""Who may sign in to the console of the embedded platform."""
TECHNICIAN_PIN = "135790"
TECHNICIAN_PIN_HASH = (
    "$argon2id$v=19$m=65536,t=3,p=4$EJxJho11si4IfiH5k2GxOA$tB/0esePcCWPvaLDrq/8NAnRVASR7w+a0ZWQ44EAWw0"
)
"""Of ``TECHNICIAN_PIN``, which is no secret: made once, because making it takes longer than a test may."""
SEAL_NAME = "培训专用章 TRAINING"
"""Who seals documents in training, by the certificate."""
START_SECONDS = 30.0
STOP_SECONDS = 6.0


class WorldError(Exception):
    """A part of the training terminal did not start; the text says which, with its last words."""


class World:
    """Everything around one training terminal, in ``directory``. Nothing of it is left after ``stop``.

    ``screen`` is the size of the virtual screen, or None to use the one there is (``DISPLAY``), or no window at all with
    ``headless``. The hall's files live in a folder of their own under the system's temporary folder, because socket names
    are short. ``window`` is the size of a window on an existing screen. ``base`` is a terminal's own configuration: training
    then keeps its site, language, idle times and services, and has virtual devices and an embedded platform for the rest.
    """

    def __init__(
        self,
        directory: Path,
        screen: tuple[int, int] | None,
        language: str = "zh",
        headless: bool = False,
        idle: dict[str, float] | None = None,
        window: tuple[int, int] = (1080, 1920),
        base: Configuration | None = None,
    ) -> None:
        self.directory = directory
        self._hall_directory = Path(tempfile.mkdtemp(prefix="kiosk-"))
        self._seal = directory / "seal"
        self.hall: Hall = registry.virtual_hall(self._hall_directory / "hall")
        self.display: VirtualDisplay | None = VirtualDisplay(*screen) if screen and not headless else None
        self._size = screen or window
        self._base = base
        self._language = language
        self._headless = headless
        self._idle = idle or {}
        self._central: subprocess.Popen[bytes] | None = None
        self.terminal: subprocess.Popen[bytes] | None = None
        self.central_address: tuple[str, int] = ("127.0.0.1", 0)
        self.observer = Observation(self._hall_directory / "observer")

    def start(self, deadline: Deadline) -> None:
        """Bring everything up; returns when the terminal's process runs (not yet its home screen)."""
        self.prepare(deadline)
        self.start_terminal()

    def prepare(self, deadline: Deadline) -> None:
        """Bring up all that stands around the terminal, and write its configuration."""
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Only commands that end at once go to the other thread: a child dies with the thread that started it (pdeathsig).
        with ThreadPoolExecutor(1, "central") as beside:
            whole = self._is_whole()
            enrolled = None if whole else beside.submit(self._enrol, deadline)
            if not (self._seal / CERTIFICATE).exists():
                make_seal(self._seal, SEAL_NAME)
            if enrolled is None:
                self._serve()
            self._start_hardware(deadline)
            operator = None
            if enrolled is not None:
                enrolled.result()
                operator = beside.submit(self._add_operator, deadline)
                self._serve()
            self._await_central(deadline)
            if operator is not None:
                operator.result()
        url = self.hall.connect_network(*self.central_address)
        self._write_configuration(url)

    def _start_hardware(self, deadline: Deadline) -> None:
        try:
            if self.display is not None:
                self.display.start(deadline)
            self.hall.start(deadline)
        except (DisplayError, HallError) as error:
            raise WorldError(str(error)) from error

    def stop(self) -> None:
        """End the terminal, central, hall and screen, in that order."""
        for process in (self.terminal, self._central):
            _end(process)
        self.hall.stop()
        if self.display is not None:
            self.display.stop()
        shutil.rmtree(self._hall_directory, ignore_errors=True)

    @property
    def configuration(self) -> Path:
        """The file that the terminal runs with."""
        return self.directory / "terminal.toml"

    @property
    def root_certificate(self) -> Path:
        """The root under which training's documents are sealed."""
        return self._seal / ROOT_CERTIFICATE

    @property
    def token_file(self) -> Path:
        """The terminal's token for central."""
        return self.directory / "terminal.token"

    @property
    def operator_password_file(self) -> Path:
        """The password of the operator ``training`` for central's console."""
        return self.directory / "operator.password"

    @property
    def database(self) -> str:
        """The address of central's database."""
        return f"sqlite:///{self.directory / 'central.sqlite'}"

    def start_terminal(self) -> None:
        """Start the terminal's process, again after it was killed."""
        environment = dict(os.environ)
        if self.display is not None:
            environment["DISPLAY"] = self.display.name
        command = [*_program("kiosk.cli"), "run", "--config", str(self.configuration)]
        if self._headless:
            command.append("--headless")
        with (self.directory / "terminal.log").open("ab") as log:
            self.terminal = _child(command, log, environment)

    def _is_whole(self) -> bool:
        """Whether the platform was set up by an earlier start."""
        parts = (self.directory / "central.sqlite", self.token_file, self.operator_password_file)
        return all(part.exists() for part in parts)

    def _enrol(self, deadline: Deadline) -> None:
        self._new_secret(self.token_file)
        self._central_command(deadline, "enrol", TERMINAL_ID, "--token-file", str(self.token_file))

    def _add_operator(self, deadline: Deadline) -> None:
        self._new_secret(self.operator_password_file)
        self._central_command(
            deadline, "operator", "add", OPERATOR, "--password-file", str(self.operator_password_file)
        )

    def _serve(self, port: int = 0) -> None:
        serve = [*_program("central.cli"), "serve", "--database", self.database, "--port", str(port)]
        with (self.directory / "central.log").open("ab") as log:
            self._central = _child(serve, log, dict(os.environ), stdout=subprocess.PIPE)

    def _new_secret(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(24), encoding="ascii")

    def _central_command(self, deadline: Deadline, *arguments: str) -> None:
        command = [*_program("central.cli"), *arguments, "--database", self.database]
        done = subprocess.run(command, capture_output=True, timeout=deadline.remaining(), check=False)
        if done.returncode != 0:
            raise WorldError(f"central {arguments[0]} failed: {done.stderr.decode(errors='replace')[-800:]}")

    def kill_central(self) -> None:
        """Kill central as a power cut would."""
        if self._central is not None:
            self._central.kill()
            self._central.wait()

    def kill_terminal(self) -> None:
        """Kill the terminal as a power cut would."""
        if self.terminal is not None:
            self.terminal.kill()
            self.terminal.wait()

    def restart_central(self, deadline: Deadline) -> None:
        """Start central again where it was."""
        self._serve(self.central_address[1])
        self._await_central(deadline)

    def _await_central(self, deadline: Deadline) -> None:
        process = self._central
        assert process is not None  # noqa: S101 - started before
        line = _first_line(process, deadline)
        address = line.rpartition("http://")[2].strip()
        host, _, port = address.partition(":")
        if not port.isdigit():
            log = (self.directory / "central.log").read_text(encoding="utf-8", errors="replace")
            raise WorldError(f"the central platform did not start: {line!r} {log[-800:]}")
        self.central_address = (host, int(port))

    def _write_configuration(self, url: str) -> None:
        width, height = self._size
        base = self._base
        directory = base.services.directory if base else ASSETS / "services"
        offered = base.services.offered if base else sorted(path.stem for path in directory.glob("*.toml"))
        tables: dict[str, dict[str, Any]] = {
            "terminal": {
                "id": TERMINAL_ID,
                "site": base.terminal.site if base else "示例市政务服务中心",
                "site_en": base.terminal.site_en if base else "Example City Government Service Centre",
                "language": base.terminal.language if base else self._language,
            },
            "central": {"url": url, "token_file": str(self.token_file)},
            "window": {"width": width, "height": height, "fullscreen": self.display is not None},
            "idle": base.idle.model_dump() if base else dict(self._idle),
            "storage": {
                "directory": str(self.directory / "state"),
                "journal_key_file": str(self.directory / "journal.key"),
            },
            "services": {"directory": str(directory), "offered": list(offered)},
            "technician": {"pin_hash": TECHNICIAN_PIN_HASH},
            "documents": {
                "key_file": str(self._seal / KEY),
                "certificate_file": str(self._seal / CERTIFICATE),
                "chain_files": [str(self.root_certificate)],
                "trusted_files": [str(self.root_certificate)],
            },
            "training": {"observer_socket": str(self.observer.socket)},
        }
        lines = ['profile = "training"']
        for name, table in tables.items():
            lines += [
                f"\n[{name}]",
                *(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in table.items()),
            ]
        for name, table in self.hall.device_tables().items():
            lines += [f"\n[devices.{name}]", f"driver = {json.dumps(table['driver'])}", f"[devices.{name}.options]"]
            options = table["options"]
            lines += [f"{key} = {json.dumps(value)}" for key, value in cast("dict[str, object]", options).items()]
        self.configuration.write_text("\n".join(lines) + "\n", encoding="utf-8")


class Observation:
    """Asks the terminal's training socket what is on the glass."""

    def __init__(self, path: Path) -> None:
        self.socket = path

    def ask(self, question: dict[str, Any], seconds: float = 5.0) -> dict[str, Any] | None:
        """Return the answer; None while nobody listens or when the terminal went away meanwhile."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(seconds)
                connection.connect(str(self.socket))
                with connection.makefile("rwb") as lines:
                    lines.write(json.dumps(question).encode() + b"\n")
                    lines.flush()
                    answer = lines.readline()
        except OSError:
            return None
        return json.loads(answer) if answer.endswith(b"\n") else None

    def glass(self) -> dict[str, Any] | None:
        """Return what is shown now; None while there is nothing yet."""
        answer = self.ask({"ask": "glass"})
        return answer if answer and answer.get("revision") else None

    def last_visit(self) -> dict[str, Any] | None:
        """Return the record of the last visit."""
        answer = self.ask({"ask": "last_visit"})
        return answer["visit"] if answer else None

    def intend(self, session: int | None, kind: str, **values: object) -> None:
        """Give an intent to a terminal without a window."""
        self.ask({"intent": {"kind": kind, **values}, "session": session})


def pause(seconds: float) -> None:
    """Wait between two looks at the glass, as a person does."""
    time.sleep(seconds)


def _program(module: str) -> list[str]:
    return [sys.executable, "-m", module]


def _child(
    command: list[str], log: Any, environment: dict[str, str], stdout: int | None = None
) -> subprocess.Popen[bytes]:
    """Start a process that ends with this one, in a session of its own so that Ctrl-C is ours to hand on."""
    return subprocess.Popen(
        ["setpriv", "--pdeathsig", "TERM", *command],
        stdin=subprocess.DEVNULL,
        stdout=log if stdout is None else stdout,
        stderr=log,
        env=environment,
        cwd=ROOT,
        start_new_session=True,
    )


def _first_line(process: subprocess.Popen[bytes], deadline: Deadline) -> str:
    stream = process.stdout
    assert stream is not None  # noqa: S101 - asked for
    text = b""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while not text.endswith(b"\n"):
            if not selector.select(deadline.remaining()):
                break
            block = os.read(stream.fileno(), 4096)
            if not block:
                break
            text += block
    return text.decode(errors="replace")


def _end(process: subprocess.Popen[bytes] | None) -> None:
    if process is None or process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
