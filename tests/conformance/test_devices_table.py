"""docs/devices.md says of every driver what it was tested against, and names only tests that are there."""

from __future__ import annotations

import re

from drivers import registry
from kiosk.config import ROOT

TEXT = (ROOT / "docs" / "devices.md").read_text(encoding="utf-8")


def test_every_driver_has_a_row_under_its_class() -> None:
    rows = [row.split("|")[1:3] for row in TEXT.splitlines() if row.startswith("| ") and row.count("|") >= 5]
    written = {(device_class.strip(), name) for device_class, names in rows for name in re.findall(r"`(\w+)`", names)}
    registered = {(driver.device_class, name) for name, driver in registry.drivers().items() if not driver.virtual}
    assert registered <= written


def test_what_is_said_to_be_fuzzed_is() -> None:
    folder = ROOT
    for path in re.findall(r"`((?:tests/\w+/)?test_\w+\.py)`", TEXT):
        folder = (ROOT / path).parent if "/" in path else folder
        test = folder / path.rsplit("/", 1)[-1]
        assert "from hypothesis import" in test.read_text(encoding="utf-8"), test
