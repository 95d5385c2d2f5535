"""A private pcscd with virtual card readers, so that the card driver runs against a real PC/SC service, not hardware.

How it is put together (found with pcscd 1.9.9 and vsmartcard-vpcd 3.3 of Debian 12):

- pcscd knows only /run/pcscd, and vpcd listens on every address. So pcscd runs in mount and network namespaces of its
  own (``drivers.sim.pcscd_cage``): nothing of it can be reached from the network, no port can be taken, a system
  pcscd is not disturbed, and the machine's real readers are not seen. The PC/SC socket is a file and reached from
  outside; card connections are made inside the network namespace and handed over as open sockets. Needs the right to
  make namespaces: root, or unprivileged user namespaces.
- vpcd's reversed mode (``DEVICENAME host:port``: it connects to us) is no way out: 3.3 cannot connect again after a
  card was removed; it then selects on socket -1 and pcscd aborts.
- One entry of reader.conf gives two readers (slots). Each further entry needs a copy of the driver under another name.

PCSCLITE_CSOCK_NAME is read once, at a process's first PC/SC call, and kept for the life of the process. Setting
``os.environ`` before that call works; afterwards the process can only talk to services at the same path. A process
that needs several services one after the other uses the same directory again: see ``process_directory``. A service is
started anew behind the same path without any trouble.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from drivers.base import Deadline
from drivers.sim import pcscd_cage
from drivers.sim.virtual_card import VirtualCard

DRIVER_LIBRARY = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
FRIENDLY_NAME = "Virtual Card Reader"
_FIRST_PORT = 35963
_SLOTS = 2
_LONGEST_SOCKET_PATH = 103  # struct sockaddr_un, less the closing zero, as libpcsclite copies it
_CONTROL_TIMEOUT = 10.0
_RETRY = 0.01


class VirtualPcscError(Exception):
    """The private service cannot be run on this machine; the text says what is missing."""


@functools.cache
def process_directory() -> Path:
    """Return a short-named directory for this process's services: always the same one, gone when the process ends."""
    directory = Path(tempfile.mkdtemp(prefix="pcsc-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return directory


class _Insertion:
    """One card lying on one reader: a connection to vpcd and the thread that answers on it.

    Messages in both directions: two bytes of length (big-endian), then the data. One byte of data is a command to the
    card's power supply: 00 off, 01 on, 02 reset, 04 send the ATR (the only one with an answer); anything else is an
    APDU.
    """

    def __init__(self, card: VirtualCard, connection: socket.socket) -> None:
        self.pulled = threading.Event()
        self._card = card
        self._connection = connection
        self._thread = threading.Thread(target=self._serve, name="virtual-card", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Break the connection: the card is away, or the service is."""
        with contextlib.suppress(OSError):  # raised when the service closed it first; the thread ends by itself then
            self._connection.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def _receive(self, length: int) -> bytes | None:
        data = b""
        while len(data) < length:
            # Without it the kernel delays the acknowledgement that vpcd's next send waits for, 44 ms each time.
            self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            part = self._connection.recv(length - len(data))
            if not part:
                return None
            data += part
        return data

    def _serve(self) -> None:
        index = 0
        with self._connection:
            try:
                while (header := self._receive(2)) is not None:
                    message = self._receive(*struct.unpack(">H", header))
                    if message is None:
                        return
                    if len(message) == 1:
                        if message == b"\x04":
                            self._send(self._card.atr)
                        else:
                            self._card.reset()
                        continue
                    answer = self._card.respond(index, message)
                    if answer is None:
                        self.pulled.set()
                        return
                    index += 1
                    self._send(answer)
            except OSError:  # the service was killed, or ``end`` closed the connection
                return

    def _send(self, data: bytes) -> None:
        self._connection.sendall(struct.pack(">H", len(data)) + data)


class VirtualPcsc:
    """A private PC/SC service with ``readers`` empty virtual readers; thread-safe.

    The service ends with ``stop`` and also when this process dies in any way. The number of readers is rounded up to
    an even one: ``reader_names`` gives those asked for, a last one too many stays empty. Raises ``VirtualPcscError``
    where pcscd, vpcd or the right to make namespaces is missing.
    """

    def __init__(self, directory: Path, readers: int = 1) -> None:
        self._directory = directory.resolve()
        self._readers = readers
        self._modules = False
        self._socket_path = self._directory / "run" / "pcscd" / "pcscd.comm"
        if len(str(self._socket_path)) > _LONGEST_SOCKET_PATH:
            raise VirtualPcscError(f"too long a path for a socket: {self._socket_path}")
        self.environment = {"PCSCLITE_CSOCK_NAME": str(self._socket_path)}
        self._lock = threading.RLock()
        self._cage: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._running = False
        self._inserted: dict[int, tuple[VirtualCard, _Insertion | None]] = {}

    def start(self, deadline: Deadline) -> None:
        """Start the service; returns when the readers are there."""
        with self._lock:
            if self._cage is None:
                self._configure()
                self._build_cage()
            self._command("start")
            self._wait_ready(deadline)
            self._running = True
            for reader, (card, _) in tuple(self._inserted.items()):
                if reader < self._readers:
                    self.insert(card, reader)

    def stop(self) -> None:
        """End everything: no process, thread or descriptor is left. May be called twice."""
        with self._lock:
            for reader in tuple(self._inserted):
                self.remove(reader)
            if self._control is not None and self._cage is not None:
                self._control.close()
                self._cage.wait()
            self._control = self._cage = None
            self._running = False

    def kill(self) -> None:
        """Kill the service with SIGKILL. Cards stay where they are and are there again after ``start``."""
        with self._lock:
            self._command("kill")
            self._running = False
            for reader, (card, insertion) in tuple(self._inserted.items()):
                if insertion is not None:
                    insertion.end()
                if self.present(reader):
                    self._inserted[reader] = (card, None)
                else:
                    del self._inserted[reader]

    def restart(self, deadline: Deadline, readers: int | None = None, modules: bool = False) -> None:
        """Kill the service and start it again, as an update or a crash does; ``readers`` changes their number.

        ``modules``: by their names the last two are slots for security modules.
        """
        with self._lock:
            self.kill()
            if readers is not None:
                self._readers, self._modules = readers, modules
                self._configure()
            self.start(deadline)

    def freeze(self) -> None:
        """Stop the service in its tracks: it takes connections and answers nothing, until ``thaw`` or ``kill``."""
        with self._lock:
            self._command("freeze")

    def thaw(self) -> None:
        """Have a frozen service go on."""
        with self._lock:
            self._command("thaw")

    def answers(self) -> bool:
        """Return whether the service runs and takes connections."""
        with self._lock:
            return self._running and self._takes_connections()

    def reader_names(self) -> tuple[str, ...]:
        """Return the readers' names, in the order of their numbers."""
        return tuple(f"{self._name(reader // _SLOTS)} 00 {reader % _SLOTS:02X}" for reader in range(self._readers))

    def insert(self, card: VirtualCard, reader: int = 0) -> None:
        """Put a card on a reader; pcscd sees it within 0.4 s. A card that lies there already is taken away first.

        While the service is not running the card just lies there and is seen at the next ``start``.
        """
        with self._lock:
            if not 0 <= reader < self._readers:
                raise ValueError(f"no reader {reader}")
            self.remove(reader)
            self._inserted[reader] = (card, _Insertion(card, self._connect(reader)) if self._running else None)

    def remove(self, reader: int = 0) -> None:
        """Take the card away; pcscd sees it within 0.4 s. Nothing happens when there is none."""
        with self._lock:
            _, insertion = self._inserted.pop(reader, (None, None))
            if insertion is not None:
                insertion.end()

    def present(self, reader: int = 0) -> bool:
        """Return whether a card lies on the reader: inserted, not removed, not pulled by its own fault."""
        with self._lock:
            if reader not in self._inserted:
                return False
            _, insertion = self._inserted[reader]
            return insertion is None or not insertion.pulled.is_set()

    def _name(self, entry: int) -> str:
        last = entry == (self._readers + 1) // _SLOTS - 1
        return f"{FRIENDLY_NAME} {'SAM ' if last and self._modules else ''}{entry + 1}"

    def _configure(self) -> None:
        if not DRIVER_LIBRARY.exists() or shutil.which("pcscd") is None:
            raise VirtualPcscError("pcscd or vsmartcard-vpcd is not installed")
        for name in ("run", "config", "empty"):
            (self._directory / name).mkdir(parents=True, exist_ok=True)
        entries: list[str] = []
        for number in range((self._readers + 1) // _SLOTS):
            library = self._directory / f"vpcd-{number}.so"
            shutil.copyfile(DRIVER_LIBRARY, library)
            port = _FIRST_PORT + _SLOTS * number
            entries.append(
                f'FRIENDLYNAME "{self._name(number)}"\nDEVICENAME /dev/null:{port}\nLIBPATH {library}\nCHANNELID {port}\n'
            )
        (self._directory / "config" / "virtual").write_text("\n".join(entries), encoding="ascii")

    def _build_cage(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(_CONTROL_TIMEOUT)
        with theirs:
            self._cage = subprocess.Popen(
                [
                    "unshare",
                    "--mount",
                    "--net",
                    *([] if os.geteuid() == 0 else ["--map-root-user"]),
                    sys.executable,
                    "-IS",
                    str(Path(pcscd_cage.__file__)),
                    str(self._directory),
                    str(theirs.fileno()),
                ],
                pass_fds=[theirs.fileno()],
                # Ctrl-C reaches the terminal's whole process group, but it is for this process to say when the service ends.
                start_new_session=True,
                stdin=subprocess.DEVNULL,
            )
        self._control = ours
        if ours.recv(256) != b"ok":
            self.stop()
            raise VirtualPcscError("no namespaces could be made: run as root or allow unprivileged user namespaces")

    def _command(self, text: str) -> socket.socket | None:
        if self._control is None:
            raise VirtualPcscError("not started")
        self._control.send(text.encode("ascii"))
        answer, descriptors, _, _ = socket.recv_fds(self._control, 256, 1, socket.MSG_CMSG_CLOEXEC)
        if answer != b"ok":
            raise VirtualPcscError(answer.decode(errors="replace") or "the private service ended by itself")
        return socket.socket(fileno=descriptors[0]) if descriptors else None

    def _connect(self, reader: int) -> socket.socket:
        connection = self._command(f"connect {_FIRST_PORT + reader}")
        if connection is None:
            raise VirtualPcscError("the service gave no connection")
        connection.setblocking(True)
        return connection

    def _wait_ready(self, deadline: Deadline) -> None:
        retry = threading.Event()
        while not self._takes_connections():
            if deadline.expired:
                raise VirtualPcscError(f"pcscd did not start: see {self._directory / 'pcscd.log'}")
            retry.wait(_RETRY)

    def _takes_connections(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            return probe.connect_ex(str(self._socket_path)) == 0
