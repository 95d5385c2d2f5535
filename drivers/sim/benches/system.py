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
from drivers.conformance.case import COMMON_OPERATIONS
from drivers.system.loudspeaker import Loudspeaker
from drivers.system.temperature import Temperature
from drivers.system.touch_panel import TouchPanel


class _FilesBench(Bench):
    """Parts that are looked at through files. ``files`` are the good ones: path under the root -> text.

    They are read in no order that could be relied on, so trouble comes before the operation.
    """

    files: Mapping[str, str]
    stepless = frozenset((*COMMON_OPERATIONS, "celsius"))

    def start(self) -> None:
        """Write the files."""
        self._directory = tempfile.TemporaryDirectory(prefix="kiosk-sys-")
        self.root = Path(self._directory.name)
        self._writers: list[int] = []
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

    def disturb(self, disturbance: Disturbance, random: Random) -> None:
        """Take the part away or have it never answer; or spoil one file of it."""
        chosen = random.choice(sorted(self.files))
        path, text = self.root / chosen, self.files[chosen]
        match disturbance:
            case Disturbance.PARTIAL if random.random() < 0.5:
                path.unlink()
            case Disturbance.PARTIAL:
                path.write_text(text[: random.randrange(len(text))], encoding="utf-8")
            case Disturbance.GARBAGE:
                path.write_bytes(random.randbytes(random.randrange(1, 200)))
            case _:
                for name in self.files:
                    (self.root / name).unlink()
                    if disturbance is Disturbance.HANG:
                        os.mkfifo(self.root / name)
                        # Somebody holds it open and writes nothing.
                        self._writers.append(os.open(self.root / name, os.O_RDWR))

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
        while self._writers:
            os.close(self._writers.pop())


class TemperatureBench(_FilesBench):
    """One sensor of each kind, of which one is the hotter and changes."""

    name = "temperature"
    device_class = "temperature"
    _cool, _hot = 38, 41

    @property
    def files(self) -> Mapping[str, str]:  # type: ignore[override]
        """As the sensors are now, in thousandths of a degree."""
        return {
            "sys/class/thermal/thermal_zone0/temp": f"{self._cool * 1000}\n",
            "sys/class/hwmon/hwmon0/temp1_input": f"{self._hot * 1000}\n",
        }

    def make_at(self, root: Path) -> Device:
        """Return a thermometer."""
        return Temperature(root=root)

    @property
    def operations(self) -> Mapping[str, Operation]:
        """A thermometer is read."""
        return {"celsius": lambda device, deadline, cancel: device.celsius(deadline)}

    def prepare(self, operation: str) -> None:
        """Let it become warmer, or cool down."""
        self._hot = 41 + (self._hot - 40) % 20
        self.calm()

    def judge(self, operation: str, result: object, disturbed: bool) -> str:
        """It is the hotter of the two; where that one is lost, the other."""
        right = (self._hot, self._cool) if disturbed else (self._hot,)
        return "" if result in right else f"it is {self._hot} degrees, not {result!r}"


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
