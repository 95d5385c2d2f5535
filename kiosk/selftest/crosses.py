"""The touch panel's own check: five crosses on the glass, touched one after the other, in a window of a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from drivers.base import Check, CheckOutcome, Deadline, Fault
from drivers.operator import Operator
from kiosk.config import ROOT, WindowSection
from kiosk.selftest.examination import Guided

FARTHEST = 24.0
"""Pixels of 1080 across (5 mm on a 21.5 inch panel) that a touch may be off: our smallest button is 88 wide."""
_LOOK_SECONDS = 0.2
_STOP_SECONDS = 3.0


def crosses(window: WindowSection) -> Guided:
    """Return the check. Where there is no screen to show it on (a shell over the network) it is skipped, and says so."""
    if not os.environ.get("DISPLAY"):
        skipped = Check("crosses", CheckOutcome.SKIP, Fault("crosses.no_screen"))
        return Guided("touch_panel", "touch_panel", lambda operator, deadline: (skipped,))
    return Guided("touch_panel", "touch_panel", lambda operator, deadline: _touch(window, operator, deadline))


def _touch(window: WindowSection, operator: Operator, deadline: Deadline) -> tuple[Check, ...]:
    operator.instruct("selftest.touch_crosses")
    with tempfile.TemporaryDirectory(prefix="kiosk-crosses-") as name:
        folder = Path(name)
        seconds = max(5.0, deadline.remaining() - 10.0)
        command = [sys.executable, "-m", "screens.crosses", str(folder), "--seconds", f"{seconds:.0f}"]
        command += ["--width", str(window.width), "--height", str(window.height)]
        command += ["--fullscreen"] if window.fullscreen else []
        command += ["--touch-device", window.touch_device] if window.touch_device else []
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            _wait(process, operator, deadline)
        finally:
            _end(process)
        result = folder / "crosses.json"
        picture = folder / "crosses.png"
        if not result.is_file():
            detail = (folder / "log").read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
            return (Check("crosses", CheckOutcome.SKIP, evidence="".join(detail)[:120]),)
        return (judge(json.loads(result.read_bytes()), picture.read_bytes() if picture.is_file() else b""),)


def judge(result: dict[str, Any], picture: bytes) -> Check:
    """Return what the touches say: ``{"width": pixels, "touches": [{"distance": pixels}, ...]}``, five when all were made."""
    scale = 1080 / min(int(result["width"]), int(result["height"]))
    distances = [float(touch["distance"]) * scale for touch in result["touches"]]
    evidence = f"{len(distances)} of 5, at most {max(distances, default=0.0):.0f} px"
    if len(distances) < 5:
        if not distances:
            return Check("crosses", CheckOutcome.FAIL, Fault("crosses.none"), evidence, picture)
        return Check("crosses", CheckOutcome.FAIL, Fault("crosses.missed"), evidence, picture)
    if max(distances) > FARTHEST:
        return Check("crosses", CheckOutcome.WARN, Fault("crosses.inaccurate"), evidence, picture)
    return Check("crosses", CheckOutcome.PASS, None, evidence, picture)


def _wait(process: subprocess.Popen[bytes], operator: Operator, deadline: Deadline) -> None:
    while process.poll() is None and not deadline.expired:
        if operator.cancel.wait(_LOOK_SECONDS):
            return


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
