"""Benches of the machine's own parts: a made-up /sys and /proc whose files vanish, hold nonsense, or never give a byte."""

from __future__ import annotations

import os
import tempfile
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from random import Random

from drivers.base import Device
from drivers.conformance.bench import Bench, Disturbance, Operation
from drivers.system.loudspeaker import Loudspeaker
from drivers.system.temperature import Temperature
from drivers.system.touch_panel import TouchPanel

_CELSIUS = 41.0


class _FilesBench(Bench):
    """Parts that are looked at through files. ``files`` are the good ones: path under the root -> text."""

    files: Mapping[str, str]

    def start(self) -> None:
        """Write the files."""
        self._directory = tempfile.TemporaryDirectory(prefix="kiosk-sys-")
        self.root = Path(self._directory.name)
        self._writer = -1
        self.calm()

    def stop(self) -> None:
        """Remove them."""
        self._let_go()
        self._directory.cleanup()

    @abstractmethod
    def make_at(self, root: Path) -> Device:
        """Return a device for the files under ``root``."""

    def make(self) -> Device:
        """Return a new device for these files."""
        return self.make_at(self.root)

    def make_absent(self) -> Device:
        """Return a device for a machine without such a part."""
        return self.make_at(self.root / "absent")

    @property
    def operations(self) -> Mapping[str, Operation]:
        """None beyond those of every device."""
        return {}

    @property
    def disturbances(self) -> frozenset[Disturbance]:
        """Files answer at once or never."""
        return frozenset({Disturbance.UNPLUG, Disturbance.PARTIAL, Disturbance.GARBAGE, Disturbance.HANG})

    def prepare(self, operation: str) -> None:
        """Nothing is to be prepared."""

    def arm(self, disturbance: Disturbance, random: Random) -> None:
        """Change one file at once."""
        chosen = random.choice(sorted(self.files))
        path, text = self.root / chosen, self.files[chosen]
        match disturbance:
            case Disturbance.PARTIAL:
                path.write_text(text[: random.randrange(len(text))], encoding="utf-8")
            case Disturbance.GARBAGE:
                path.write_bytes(random.randbytes(random.randrange(1, 200)))
            case Disturbance.HANG:
                path.unlink()
                os.mkfifo(path)
                self._writer = os.open(path, os.O_RDWR)  # somebody holds it open and writes nothing
            case _:
                path.unlink()

    def calm(self) -> None:
        """Write all files anew."""
        self._let_go()
        for name, text in self.files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.is_fifo():
                path.unlink()
            path.write_text(text, encoding="utf-8")

    def judge(self, operation: str, result: object, disturbed: bool) -> str:
        """Those of every device are judged by the suite."""
        return ""

    def _let_go(self) -> None:
        if self._writer >= 0:
            os.close(self._writer)
            self._writer = -1


class TemperatureBench(_FilesBench):
    """One sensor of each kind."""

    name = "temperature"
    device_class = "temperature"
    files: Mapping[str, str] = {
        "sys/class/thermal/thermal_zone0/temp": "38000\n",
        "sys/class/hwmon/hwmon0/temp1_input": f"{_CELSIUS * 1000:.0f}\n",
    }

    def make_at(self, root: Path) -> Device:
        """Return a thermometer."""
        return Temperature(root=root)

    @property
    def operations(self) -> Mapping[str, Operation]:
        """A thermometer is read."""
        return {"celsius": lambda device, deadline, cancel: device.celsius(deadline)}

    def judge(self, operation: str, result: object, disturbed: bool) -> str:
        """Undisturbed it is the hotter of the two."""
        if not isinstance(result, float) or (not disturbed and result != _CELSIUS):
            return f"it is {_CELSIUS} degrees, not {result!r}"
        return ""


class LoudspeakerBench(_FilesBench):
    """One card that plays and is not muted."""

    name = "loudspeaker"
    device_class = "loudspeaker"
    files: Mapping[str, str] = {
        "sys/class/sound/card0/id": "PCH\n",
        "sys/class/sound/pcmC0D0p/dev": "116:2\n",
        "proc/asound/card0/codec#0": "Codec: Example\nNode 0x14 [Pin Complex] wcaps 0x40058d: Stereo Amp-Out\n"
        "  Amp-Out vals:  [0x00 0x00]\n  Pin Default 0x90170110: [Fixed] Speaker at Int N/A\n",
    }

    def make_at(self, root: Path) -> Device:
        """Return a loudspeaker."""
        return Loudspeaker(root=root)


class TouchPanelBench(_FilesBench):
    """One panel with ten fingers."""

    name = "touch_panel"
    device_class = "touch_panel"
    files: Mapping[str, str] = {
        "sys/class/input/event3/device/name": "Example Touch\n",
        "sys/class/input/event3/device/properties": "2\n",
        "sys/class/input/event3/device/capabilities/abs": "260800000000003\n",
    }

    def make_at(self, root: Path) -> Device:
        """Return a panel."""
        return TouchPanel(root=root)
