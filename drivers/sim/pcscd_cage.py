"""Keeps one pcscd in mount and network namespaces of its own, so that no machine-wide service is needed or disturbed.

Started as a program by ``drivers.sim.pcsc``; it imports nothing of ours. Arguments: the directory, the number of the
control socket. The directory holds ``run`` (put over /run: pcscd knows only /run/pcscd), ``config`` (its reader.conf)
and ``empty`` (put over the USB drivers: a private service must not take the machine's real readers).

The control socket (SOCK_SEQPACKET) takes ``start``, ``kill``, ``freeze``, ``thaw`` and ``connect PORT``; each is answered by
``ok`` (with a connected TCP socket for ``connect``) or ``failed REASON``. The end of the control socket, so also the end of the
parent process, ends everything.
"""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path

USB_DRIVERS = Path("/usr/lib/pcsc/drivers")
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_CONNECT_TIMEOUT = 3.0


def _loopback_up() -> None:
    """Bring up the new namespace's loopback interface (struct ifreq: 16 bytes of name, then the flags)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sH14x", b"lo", 0)
        (flags,) = struct.unpack_from("H", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, request), 16)
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | _IFF_UP))


def _mount_over(source: Path, target: Path) -> None:
    subprocess.run(["mount", "--bind", str(source), str(target)], check=True)


def _service_command(directory: Path) -> list[str]:
    command = ["pcscd", "--foreground", "--error", "--config", str(directory / "config")]
    # Since 2.0 pcscd asks polkit who may use it, and nothing here would answer.
    asks_polkit = b"--disable-polkit" in subprocess.run(["pcscd", "--help"], capture_output=True, check=False).stdout
    return [*command, "--disable-polkit"] if asks_polkit else command


class _Cage:
    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._command = _service_command(directory)
        self._service: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.kill()
        # A killed service leaves its files; a process that has its old number by now would keep the new one away.
        service_directory = self._directory / "run" / "pcscd"
        shutil.rmtree(service_directory, ignore_errors=True)
        service_directory.mkdir()
        with (self._directory / "pcscd.log").open("ab") as log:
            self._service = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *self._command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        if self._service is not None:
            self._service.kill()
            self._service.wait()
            self._service = None

    def freeze(self) -> None:
        if self._service is not None:
            self._service.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        if self._service is not None:
            self._service.send_signal(signal.SIGCONT)

    def serve(self, control: socket.socket) -> None:
        orders = {"start": self.start, "kill": self.kill, "freeze": self.freeze, "thaw": self.thaw}
        while command := control.recv(256).decode("ascii").split():
            try:
                if command[0] == "connect":
                    with socket.create_connection(("127.0.0.1", int(command[1])), timeout=_CONNECT_TIMEOUT) as card:
                        socket.send_fds(control, [b"ok"], [card.fileno()])
                    continue
                orders[command[0]]()
                control.send(b"ok")
            except (OSError, subprocess.SubprocessError) as error:
                control.send(f"failed {error}".encode()[:256])


def main() -> None:
    """Prepare the namespaces, then serve the control socket until it ends."""
    directory = Path(sys.argv[1])
    cage = _Cage(directory)
    with socket.socket(fileno=int(sys.argv[2])) as control, contextlib.suppress(ConnectionError):
        _loopback_up()
        # Also a USB reader plugged in later finds no driver here.
        if USB_DRIVERS.is_dir():
            _mount_over(directory / "empty", USB_DRIVERS)
        _mount_over(directory / "run", Path("/run"))
        control.send(b"ok")
        try:
            cage.serve(control)
        finally:
            cage.kill()


if __name__ == "__main__":
    main()
