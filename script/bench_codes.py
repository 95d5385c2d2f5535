#!/usr/bin/env python3
"""Measures the decoder ladder against zxing-cpp alone and pyzbar alone: codes found on the same frames, cost of none.

Costs are processor time on one thread, so that a busy machine does not blur them; pyzbar looks for QR codes only,
its cheapest use.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "camera")]

import cv2  # noqa: E402 - found through the path above, like the three below
import zxingcpp  # noqa: E402
from phone_frames import KINDS, Image, empty_frame, phone_frames  # noqa: E402
from pyzbar import pyzbar  # noqa: E402

from drivers.camera.ladder import Ladder, decode_once  # noqa: E402

SEED = 1
PER_KIND = 25
EMPTY = 60


def _zxing(grey: Image) -> list[bytes]:
    return [code.bytes for code in zxingcpp.read_barcodes(grey)]


def _zbar(grey: Image) -> list[bytes]:
    return [code.data for code in pyzbar.decode(grey, symbols=[pyzbar.ZBarSymbol.QRCODE])]


def _ladder(frame: Image) -> list[bytes]:
    return [code.data for code in decode_once(frame)]


def _milliseconds(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return (time.process_time() - start) * 1000


def measure(seed: int = SEED, per_kind: int = PER_KIND, empty: int = EMPTY) -> dict[str, float]:
    """Return counts of codes found and wrong texts on ``8 * per_kind`` phone frames, and mean ms per empty frame."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        found = dict.fromkeys(("ladder", "zxing", "pyzbar"), 0)
        wrong = dict.fromkeys(found, 0)
        for frame in phone_frames(seed, per_kind):
            grey = cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY)
            for name, texts in (("ladder", _ladder(frame.image)), ("zxing", _zxing(grey)), ("pyzbar", _zbar(grey))):
                found[name] += frame.data in texts
                wrong[name] += any(text != frame.data for text in texts)
        ladder = Ladder()
        spent = dict.fromkeys(found, 0.0)
        for index in range(empty):
            frame = empty_frame(index)
            grey = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
            read: list[bytes] = []
            spent["ladder"] += _milliseconds(lambda f=frame, r=read: r.extend(c.data for c in ladder.offer(f)))
            spent["zxing"] += _milliseconds(lambda g=grey: _zxing(g))
            spent["pyzbar"] += _milliseconds(lambda g=grey: _zbar(g))
            wrong["ladder"] += bool(read)
    finally:
        cv2.setNumThreads(threads)
    result: dict[str, float] = {"codes.frames": per_kind * len(KINDS), "codes.empty_frames": empty}
    for name in found:
        result[f"codes.found.{name}"] = found[name]
        result[f"codes.wrong.{name}"] = wrong[name]
        result[f"codes.empty_ms.{name}"] = spent[name] / empty
    result["codes.empty_ratio"] = spent["ladder"] / spent["pyzbar"]
    return result


def main() -> int:
    """Print what was measured; 1 when a goal is missed."""
    result = measure()
    for name, value in result.items():
        print(f"{name:28} {value:8.2f}")
    found = {name: result[f"codes.found.{name}"] for name in ("ladder", "zxing", "pyzbar")}
    reached = (
        found["ladder"] > max(found["zxing"], found["pyzbar"])
        and result["codes.wrong.ladder"] == 0
        and result["codes.empty_ratio"] <= 0.6
    )
    print("goals reached" if reached else "goals missed")
    return 0 if reached else 1


if __name__ == "__main__":
    raise SystemExit(main())
