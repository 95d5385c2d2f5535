"""Keeps one ippeveprinter with the D-Bus and Avahi that it insists on, in namespaces of their own, away from the machine's.

Started as a program by ``drivers.sim.ipp_printer``; it imports nothing of ours. Arguments: the directory, the number of the
control socket. The directory holds ``run`` (put over /run: Avahi knows only /run), ``bus.conf``, ``avahi.conf`` and
``print`` (the printer's mechanism: the command that ippeveprinter runs for each document).

The control socket (SOCK_SEQPACKET) takes ``start``, ``kill`` and ``connect``; each is answered by ``ok`` (with a connected
TCP socket to the printer for ``connect``) or ``failed REASON``. The end of the control socket, so also the end of the
parent process, ends everything: this program is the first process of a PID namespace.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

PORT = 8631
"""Any port: the network namespace is ours alone."""
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_CONNECT_SECONDS = 3.0
_READY_SECONDS = 15.0
_LOOK_AGAIN_SECONDS = 0.01


def _loopback_up() -> None:
    """Bring up the new namespace's loopback interface (struct ifreq: 16 bytes of name, then the flags)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sH14x", b"lo", 0)
        (flags,) = struct.unpack_from("H", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, request), 16)
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | _IFF_UP))


class _Cage:
    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._bus = f"unix:path={directory / 'bus'}"
        self._printer: subprocess.Popen[bytes] | None = None

    def start_services(self) -> None:
        """Start the two services; returns when Avahi is on the bus."""
        self._run(["dbus-daemon", f"--config-file={self._directory / 'bus.conf'}", "--nofork"])
        until = time.monotonic() + _READY_SECONDS
        while not (self._directory / "bus").exists():
            if time.monotonic() > until:
                raise TimeoutError("the message bus does not start")
            time.sleep(_LOOK_AGAIN_SECONDS)
        self._run(
            ["avahi-daemon", "--no-drop-root", "--no-chroot", "--no-rlimits", "-f", str(self._directory / "avahi.conf")]
        )

    def start(self) -> None:
        """Switch the printer on; returns when it accepts connections.

        It gives up when Avahi is not on the bus yet, so it is started again until it stays.
        """
        self.kill()
        command = ["ippeveprinter", "-r", "off", "-n", "localhost", "-p", str(PORT), "-V", "2.0"]
        command += ["-d", str(self._directory / "spool"), "-c", str(self._directory / "print")]
        command += ["-f", "application/pdf,text/plain", "-v", "A4"]
        until = time.monotonic() + _READY_SECONDS
        while time.monotonic() < until:
            if self._printer is None or self._printer.poll() is not None:
                self._printer = self._run(command)
            with contextlib.suppress(OSError):
                self.connect().close()
                return
            time.sleep(_LOOK_AGAIN_SECONDS)
        raise TimeoutError("ippeveprinter does not accept connections")

    def kill(self) -> None:
        """Take the power away: the printer and what it runs end at once."""
        if self._printer is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._printer.pid, signal.SIGKILL)
            self._printer.wait()
            self._printer = None

    def connect(self) -> socket.socket:
        """Return a connection to the printer."""
        return socket.create_connection(("127.0.0.1", PORT), timeout=_CONNECT_SECONDS)

    def serve(self, control: socket.socket) -> None:
        """Carry out commands until the control socket ends."""
        while command := control.recv(256):
            try:
                if command == b"connect":
                    with self.connect() as connection:
                        socket.send_fds(control, [b"ok"], [connection.fileno()])
                    continue
                {b"start": self.start, b"kill": self.kill}[command]()
                control.send(b"ok")
            except (OSError, subprocess.SubprocessError) as error:
                control.send(f"failed {error}".encode()[:256])

    def _run(self, command: list[str]) -> subprocess.Popen[bytes]:
        with (self._directory / "cage.log").open("ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": self._bus},
            )


def main() -> None:
    """Prepare the namespaces, then serve the control socket until it ends."""
    directory = Path(sys.argv[1])
    cage = _Cage(directory)
    with socket.socket(fileno=int(sys.argv[2])) as control, contextlib.suppress(ConnectionError):
        _loopback_up()
        subprocess.run(["mount", "--bind", str(directory / "run"), "/run"], check=True)
        cage.start_services()
        control.send(b"ok")
        try:
            cage.serve(control)
        finally:
            cage.kill()


if __name__ == "__main__":
    main()
