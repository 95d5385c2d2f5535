"""A control socket in a process that runs out of descriptors; told on its input what to do, says on its output what happened."""

import contextlib
import os
import resource
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

from kiosk import control
from kiosk.logs import EventLog

FEW = 40


class CountingLog(EventLog):
    tries = 0
    enough = 0
    tried = threading.Event()

    def change(self, *arguments, **fields):
        self.tries += 1
        if self.tries >= self.enough:
            self.tried.set()
        return super().change(*arguments, **fields)


def main(directory, pause, tries):
    control._PAUSE_SECONDS = float(pause)
    log = CountingLog(sys.stdout, time.time, strict=True)
    log.enough = int(tries)
    terminal = SimpleNamespace(responsive=True, in_session=False, services_state=lambda: ())
    devices = SimpleNamespace(entries=(), availability=SimpleNamespace(health=None), post=lambda about, call: call())
    controlled = control.Controlled("T-1", terminal, devices, SimpleNamespace(lent=False))
    served = control.ControlSocket(Path(directory), controlled, log)
    served.start()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (FEW, most))
    taken = []
    for line in sys.stdin:
        if line == "fill\n":
            with contextlib.suppress(OSError):
                while True:
                    taken.append(os.open("/dev/null", os.O_RDONLY))
            said = f"filled {len(taken)}"
        elif line == "wait\n":
            said = f"tried {log.tried.wait(30)}"
        elif line == "free\n":
            while taken:
                os.close(taken.pop())
            said = "freed"
        else:
            served.stop()
            said = f"stopped {not served._thread.is_alive()}"
        sys.stdout.write(said + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
