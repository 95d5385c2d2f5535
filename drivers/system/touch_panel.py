"""Is the touch panel there, and is it the configured one? Without it the screen is only a picture."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from drivers.base import Deadline, DriverError, Fault
from drivers.system.files import read_text
from drivers.system.watched import Watched

_MULTITOUCH = 1 << 0x35
"""ABS_MT_POSITION_X in ``capabilities/abs`` (linux/input-event-codes.h)."""
_SINGLE_TOUCH = 1 << 0x00
"""ABS_X, with the property below."""
_DIRECT = 1 << 0x01
"""INPUT_PROP_DIRECT in ``properties``: what is touched is what is shown; a touch pad has it not."""


class TouchPanel(Watched):
    """The panel at ``device`` (a path under /dev/input), or called ``name``, or any; all under ``root``."""

    device_class = "touch_panel"
    driver = "touch_panel"

    def __init__(
        self, device: str = "", name: str = "", root: Path = Path("/"), now: Callable[[], float] = time.time
    ) -> None:
        super().__init__(now)
        self._device = device
        self._name = name
        self._root = root

    def look(self, deadline: Deadline) -> tuple[Fault, ...]:
        """Find the panel in /sys/class/input."""
        there = panels(self._root, deadline)
        node = ""
        if self._device:
            path = self._root / self._device.lstrip("/")
            if not path.exists():
                raise DriverError("touch_panel.not_found", self._device)
            node = path.resolve().name
        fitting = {
            event: name
            for event, name in there.items()
            if (not node or event == node) and (not self._name or name == self._name)
        }
        if not fitting:
            others = ", ".join(sorted(there.values()))[:120]
            wanted = self._device or self._name
            raise DriverError("touch_panel.wrong_device" if there else "touch_panel.not_found", wanted, others)
        self.model = next(iter(fitting.values()))
        return ()


def panels(root: Path, deadline: Deadline) -> dict[str, str]:
    """Return the touch panels there are: event node -> the panel's own name."""
    found: dict[str, str] = {}
    for event in sorted((root / "sys/class/input").glob("event*")):
        about = event / "device"
        try:
            axes = _mask(read_text(about / "capabilities/abs", "touch_panel.not_found", deadline))
            properties = _mask(read_text(about / "properties", "touch_panel.not_found", deadline))
            name = read_text(about / "name", "touch_panel.not_found", deadline).strip()
        except DriverError:
            if deadline.expired:
                raise
            continue  # unplugged between two looks, or no such device
        if axes & _MULTITOUCH or (axes & _SINGLE_TOUCH and properties & _DIRECT):
            found[event.name] = name
    return found


def _mask(text: str) -> int:
    """Read a bit mask as the kernel writes it: 64-bit words in hexadecimal, the highest first."""
    value = 0
    for word in text.split()[:32]:
        try:
            value = value << 64 | int(word, 16) & 0xFFFF_FFFF_FFFF_FFFF
        except ValueError:
            return 0
    return value
