"""Which faults leave nobody served at all, by the terminal's own rules, so that no finding says that service goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from kiosk.cabinet import closing_codes
from kiosk.config import Configuration
from kiosk.devices.desk import DeviceEntry

_PANEL = "touch_panel"
_UNTOUCHABLE = ("touch_panel.not_found", "crosses.none", "crosses.missed")


def closing(configuration: Configuration, entries: Sequence[DeviceEntry]) -> Mapping[tuple[str, str], str]:
    """Return the key of what follows from each (device, code) with which nobody can be served.

    The cabinet heeds the first board and the first power supply; a disk counts where the journal lies on it.
    """

    def names(device_class: str) -> list[str]:
        return [entry.name for entry in entries if entry.device_class == device_class]

    heeded = (*names("io_board")[:1], *names("power_supply")[:1])
    found = {(name, code): "consequence.closed" for name in heeded for code in closing_codes(configuration.cabinet)}
    found |= {(name, code): "consequence.untouchable" for name in {_PANEL, *names(_PANEL)} for code in _UNTOUCHABLE}
    for name in names("storage"):
        directory = configuration.devices[name].options.get("directory")
        if directory is not None and _same_disk(Path(str(directory)), configuration.storage.directory):
            found[name, "storage.read_only"] = "consequence.closed"
            # The driver calls a disk full well before the journal does.
            found[name, "storage.full"] = "consequence.closed_without_room"
    return found


def _same_disk(one: Path, other: Path) -> bool:
    try:
        return one.stat().st_dev == other.stat().st_dev
    except OSError:
        return False  # one of them is not there, which is a fault of its own
