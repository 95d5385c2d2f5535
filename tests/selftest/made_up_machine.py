"""Drivers as a vendor would ship them: our own of the machine's parts, on files and kernel answers that a test makes up."""

import errno
import os
from pathlib import Path

from drivers.registry import Driver
from drivers.system.clock import Clock
from drivers.system.loudspeaker import Loudspeaker
from drivers.system.storage import Storage
from drivers.system.temperature import Temperature
from drivers.system.touch_panel import TouchPanel

ROOT = frozenset({"root"})
NAMES = ("touch_panel", "loudspeaker", "clock", "storage", "temperature")

CODEC = """Codec: Example
Node 0x14 [Pin Complex] wcaps 0x40058d: Stereo Amp-Out
  Amp-Out vals:  [{amplifier} {amplifier}]
  Pin Default 0x90170110: [Fixed] Speaker at Int N/A
"""
WELL = {
    "sys/class/input/event7/device/name": "Example Touch\n",
    "sys/class/input/event7/device/properties": "2\n",
    "sys/class/input/event7/device/capabilities/abs": "260800000000003\n",
    "sys/class/sound/card0/id": "PCH\n",
    "sys/class/sound/pcmC0D0p": "",
    "proc/asound/card0/codec#0": CODEC.format(amplifier="0x00"),
    "sys/class/thermal/thermal_zone0/temp": "41000\n",
    "run/systemd/timesync/synchronized": "",
    "now": "1798000000",  # in 2026
    "statvfs": "4096 4096 16000000 8000000 8000000 4000000 2000000 2000000 0 255",
}
"""What a machine in good order says; ``now`` and ``statvfs`` (as os.statvfs_result has it) stand for calls into the kernel."""


def write(root, **files):
    """Make the machine well, but for these files (``name=text``, with ``__`` for ``/``); None takes a file away."""
    for name, text in WELL.items():
        _write(root / name, text)
    for name, text in files.items():
        _write(root / name.replace("__", "/"), text)


def _write(path, text):
    if text is None:
        path.unlink()
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _root(options):
    return Path(str(options["root"]))


def _clock(name, options, resources):
    def forbidden():
        raise PermissionError(errno.EPERM, "as the service's own unit has it")

    return Clock(forbidden, lambda: float((_root(options) / "now").read_text()), _root(options))


def _storage(name, options, resources):
    def ask(directory):
        return os.statvfs_result(map(int, (directory / "statvfs").read_text().split()))

    return Storage(_root(options), ask=ask)


TOUCH_PANEL = Driver(
    "touch_panel",
    ROOT | {"name"},
    lambda name, options, resources: TouchPanel(name=str(options.get("name", "")), root=_root(options)),
)
LOUDSPEAKER = Driver("loudspeaker", ROOT, lambda name, options, resources: Loudspeaker(root=_root(options)))
CLOCK = Driver("clock", ROOT, _clock)
STORAGE = Driver("storage", ROOT, _storage)
TEMPERATURE = Driver("temperature", ROOT, lambda name, options, resources: Temperature(root=_root(options)))
