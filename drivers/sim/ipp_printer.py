"""A virtual A4 printer: a real ippeveprinter in a cage of its own, behind a cable that can be disturbed byte by byte.

Two truths are kept apart, as on a desk: what the printer says over IPP, and which sheets came out (``papers``).
"""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

from drivers.base import Deadline
from drivers.sim import ipp_cage
from drivers.sim.ipp_wire import IppWire, Order, Trouble

PATH = "/ipp/print"
_CONTROL_SECONDS = 30.0
_REQUEST_SECONDS = 5.0
_LOOK_AGAIN_SECONDS = 0.005
_LONGEST_SOCKET_PATH = 107
_PROGRAMS = ("ippeveprinter", "dbus-daemon", "avahi-daemon", "unshare")
_BLOCKING = ("media-empty", "media-needed", "media-jam", "cover-open", "input-tray-missing", "marker-supply-empty")
"""Stems of reasons with which no sheet comes out; a job waits for them to end."""
_STEMS = (
    "cover-open",
    "input-tray-missing",
    "marker-supply-empty",
    "marker-supply-low",
    "marker-waste-almost-full",
    "marker-waste-full",
    "media-empty",
    "media-jam",
    "media-low",
    "paused",
    "spool-area-full",
    "toner-empty",
    "toner-low",
)
"""What ippeveprinter knows; it ignores any other reason without a word."""
_PRINT_JOB, _GET_PRINTER_ATTRIBUTES = 0x0002, 0x000B
_BUSY, _IDLE = 0x0507, 3

_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={directory}/bus</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
<allow user="*"/></policy></busconfig>
"""
_AVAHI = "[server]\nuse-ipv4=yes\nuse-ipv6=no\n[publish]\ndisable-publishing=yes\n"
_MECHANISM = """#!/bin/sh
# Runs for each document, $1. Says every change of "reasons" while it waits, and lets the sheet out when nothing holds it.
cd '{directory}' || exit 1
while :; do
  if ! cmp -s reasons shown; then
    cp reasons shown.part && echo "STATE: $(cat shown.part)" >&2 && mv shown.part shown
  fi
  [ "$CONTENT_TYPE" = text/plain ] && exit 0
  [ -e failing ] && exit 1
  [ -e held ] || break
  sleep 0.01
done
number=$(cat counter 2>/dev/null || echo 1)
echo $((number + 1)) > counter
cp "$1" unfinished && mv unfinished "papers/$(printf %08d "$number").pdf"
[ -e slow ] && sleep "$(cat slow)"
exit 0
"""


class VirtualIppError(Exception):
    """No virtual printer can be had on this machine; the text says what is missing."""


class VirtualIppPrinter:
    """One printer, switched on by ``start``. It ends with ``stop`` and also when this process dies in any way."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory.resolve()
        if len(str(self._directory / "bus")) > _LONGEST_SOCKET_PATH:
            raise VirtualIppError(f"too long a path for a socket: {self._directory}")
        self._lock = threading.RLock()
        self._cage: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self.wire: IppWire
        """The cable; there after ``start``."""

    @property
    def uri(self) -> str:
        """Where the terminal finds the printer; it stays the same while the power is off."""
        return f"ipp://127.0.0.1:{self.wire.port}{PATH}"

    def start(self) -> None:
        """Switch on. Raises ``VirtualIppError`` where a program or the right to make namespaces is missing."""
        lacking = [name for name in _PROGRAMS if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") is None]
        if lacking:
            raise VirtualIppError(f"not installed: {', '.join(lacking)}")
        for name in ("run/avahi-daemon", "spool", "papers"):
            (self._directory / name).mkdir(parents=True, exist_ok=True)
        (self._directory / "bus.conf").write_text(_BUS.format(directory=self._directory), encoding="ascii")
        (self._directory / "avahi.conf").write_text(_AVAHI, encoding="ascii")
        mechanism = self._directory / "print"
        mechanism.write_text(_MECHANISM.format(directory=self._directory), encoding="ascii")
        mechanism.chmod(0o755)
        self._write("reasons", "none\n")
        self._write("shown", "none\n")
        self._build_cage()
        self._command("start")
        self.wire = IppWire(self._connect)
        self._load_paper()

    def stop(self) -> None:
        """End everything; what came out stays in the directory."""
        if hasattr(self, "wire"):
            self.wire.stop()
        with self._lock:
            if self._control is not None and self._cage is not None:
                self._control.close()
                self._cage.wait()
            self._control = self._cage = None

    # ---- what happens to it

    def set_state(self, *reasons: str) -> None:
        """Let these printer-state-reasons be true from now on, such as ``media-empty-error``; none ends them all."""
        unknown = [reason for reason in reasons if not reason.startswith(_STEMS)]
        if unknown:
            raise ValueError(f"ippeveprinter does not know {', '.join(unknown)}")
        held = self._directory / "held"
        if any(reason.startswith(_BLOCKING) for reason in reasons):
            held.touch()
        # With its tray empty ippeveprinter starts no job, so also none that would tell a new state.
        self._load_paper()
        self._write("reasons", (",".join(reasons) or "none") + "\n")
        deadline = Deadline.after(_REQUEST_SECONDS)
        while not self._says(reasons):
            # An idle printer tells a new state only with a job, so it gets one that prints nothing; a busy one refuses it.
            status = 0 if self._shows_reasons() else self._request(_PRINT_JOB, "text/plain", b"state")[0]
            if status not in (0, _BUSY) or deadline.expired:
                raise VirtualIppError(f"the state could not be set: status {status:#06x}")
            threading.Event().wait(_LOOK_AGAIN_SECONDS)
        if not any(reason.startswith(_BLOCKING) for reason in reasons):
            held.unlink(missing_ok=True)
            self.wait_idle(deadline)

    def hold(self, held: bool = True) -> None:
        """Stop the mechanism without a word, or let it go on."""
        (self._directory / "held").touch() if held else (self._directory / "held").unlink(missing_ok=True)

    def fail_jobs(self, failing: bool = True) -> None:
        """Let every job be aborted before a sheet is fed."""
        (self._directory / "failing").touch() if failing else (self._directory / "failing").unlink(missing_ok=True)

    def power_off(self) -> None:
        """Take the power away: its memory is lost, what came out stays."""
        self._command("kill")
        self.wire.cut()

    def power_on(self) -> None:
        """Switch it on again, with no memory of earlier jobs."""
        self._write("shown", "none\n")
        self._command("start")
        self._load_paper()

    def set_plugged(self, plugged: bool) -> None:
        """Plug the network cable in or out; the printer keeps its power."""
        if plugged:
            self.wire.clear()
        else:
            self.wire.order(Order(Trouble.UNPLUGGED))
            self.wire.cut()

    @property
    def paper_count(self) -> int:
        """How many documents came out."""
        return sum(1 for _ in (self._directory / "papers").iterdir())

    def papers(self) -> tuple[bytes, ...]:
        """Return every document that came out, oldest first."""
        return tuple(path.read_bytes() for path in sorted((self._directory / "papers").iterdir()))

    def busy(self) -> bool:
        """Return whether a job is being printed now."""
        _, body = self._request(_GET_PRINTER_ATTRIBUTES)
        return _state(body) != _IDLE

    def clear_papers(self) -> None:
        """Take what came out away."""
        for path in (self._directory / "papers").iterdir():
            path.unlink()

    def wait_idle(self, deadline: Deadline) -> None:
        """Return when the printer has nothing to do."""
        while self.busy():
            if deadline.expired:
                raise VirtualIppError("the printer does not become idle")
            threading.Event().wait(_LOOK_AGAIN_SECONDS)

    # ---- below

    def _says(self, reasons: tuple[str, ...]) -> bool:
        """Whether the printer tells exactly these reasons over IPP; media-needed it adds by itself."""
        _, body = self._request(_GET_PRINTER_ATTRIBUTES)
        return {stem for stem in _STEMS if stem.encode() in body} == {
            stem for stem in _STEMS if any(reason.startswith(stem) for reason in reasons)
        }

    def _shows_reasons(self) -> bool:
        return (self._directory / "shown").read_text() == (self._directory / "reasons").read_text()

    def _write(self, name: str, text: str) -> None:
        part = self._directory / f"{name}.new"
        part.write_text(text, encoding="ascii")
        part.rename(self._directory / name)

    def _load_paper(self) -> None:
        """Fill the main tray with A4, on the page that ippeveprinter has for people."""
        with self._connect() as line:
            line.settimeout(_REQUEST_SECONDS)
            connection = http.client.HTTPConnection("localhost", timeout=_REQUEST_SECONDS)
            connection.sock = line
            connection.request("GET", "/media?size1=iso_a4_210x297mm&type1=stationery&level1=100&level3=25")
            connection.getresponse().read()

    def _request(self, operation: int, document_format: str = "", document: bytes = b"") -> tuple[int, bytes]:
        """Talk IPP (RFC 8010) to the printer past the cable; return the status code and the answer."""
        attributes = [(0x47, "attributes-charset", "utf-8"), (0x48, "attributes-natural-language", "en")]
        attributes += [(0x45, "printer-uri", f"ipp://localhost:{ipp_cage.PORT}{PATH}")]
        attributes += [(0x49, "document-format", document_format)] if document_format else []
        body = struct.pack(">bbhi", 2, 0, operation, 1) + b"\x01"
        for tag, name, value in attributes:
            body += struct.pack(
                f">bH{len(name)}sH{len(value)}s", tag, len(name), name.encode(), len(value), value.encode()
            )
        with self._connect() as line:
            line.settimeout(_REQUEST_SECONDS)
            connection = http.client.HTTPConnection("localhost", timeout=_REQUEST_SECONDS)
            connection.sock = line
            connection.request("POST", PATH, body + b"\x03" + document, {"Content-Type": "application/ipp"})
            answer = connection.getresponse().read()
        return struct.unpack_from(">h", answer, 2)[0], answer

    def _build_cage(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(_CONTROL_SECONDS)
        cage = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child=KILL"]
        cage += [] if os.geteuid() == 0 else ["--map-root-user"]
        program = [sys.executable, "-IS", ipp_cage.__file__, str(self._directory), str(theirs.fileno())]
        with theirs:
            self._cage = subprocess.Popen(
                [*cage, *program],
                pass_fds=[theirs.fileno()],
                env={**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin"},
                # Ctrl-C reaches the terminal's whole process group, but it is for this process to say when the printer ends.
                start_new_session=True,
                stdin=subprocess.DEVNULL,
            )
        self._control = ours
        if ours.recv(256) != b"ok":
            self.stop()
            raise VirtualIppError("no namespaces could be made: run as root or allow unprivileged user namespaces")

    def _connect(self) -> socket.socket:
        descriptors = self._command("connect")
        return socket.socket(fileno=descriptors[0])

    def _command(self, text: str) -> list[int]:
        """Let the cage do something; the descriptor of a connection comes with ``connect``."""
        with self._lock:
            if self._control is None:
                raise ConnectionError("not started")
            self._control.send(text.encode("ascii"))
            answer, descriptors, _, _ = socket.recv_fds(self._control, 256, 1, socket.MSG_CMSG_CLOEXEC)
        if answer != b"ok":
            raise ConnectionError(answer.decode(errors="replace") or "the cage ended by itself")
        return descriptors


def _state(answer: bytes) -> int:
    """Find printer-state (an enum of four octets) in an answer."""
    name = b"\x00\x0dprinter-state\x00\x04"
    return int(struct.unpack_from(">i", answer, answer.index(name) + len(name))[0])
