#!/usr/bin/env python3
"""Measures the decoder ladder against zxing-cpp alone and pyzbar alone: codes found on the same frames, cost of none.

A third figure is its honesty: every rung is tried on 3 000 more frames, and none may read what is not there.

Costs are processor time on one thread, so that a busy machine does not blur them; pyzbar looks for QR codes only,
its cheapest use.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "camera")]

import cv2  # noqa: E402 - found through the path above, like the three below
import zxingcpp  # noqa: E402
from phone_frames import KINDS, SYMBOLOGIES, Image, empty_frame, phone_frame, phone_frames  # noqa: E402
from pyzbar import pyzbar  # noqa: E402

from drivers.camera.ladder import RUNGS, Ladder, decode_once, read_rung  # noqa: E402

SEED = 1
PER_KIND = 25
EMPTY = 120
MANY = 3000
MOST_EMPTY_RATIO = 0.3
LEAST_FOUND = 155
_MANY_SEED = 50_000


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


def lies(number: int) -> int:
    """Return how many wrong texts and false codes all rungs find in one frame: half hold none, an eighth of them bars."""
    seed = _MANY_SEED + number
    if number % 2:
        image, data = empty_frame(seed), b""
    else:
        symbology = list(SYMBOLOGIES)[number // 16 % len(SYMBOLOGIES)] if number % 16 == 0 else "qr_code"
        frame = phone_frame(KINDS[number // 2 % len(KINDS)], seed, symbology)
        image, data = frame.image, frame.data
    return sum(code.data != data for rung in RUNGS for code in read_rung(image, rung))


def lies_in(many: int) -> int:
    """Return the sum of ``lies`` over so many frames, in as many processes as are good for it."""
    if many < 200:
        return sum(lies(number) for number in range(many))
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        return sum(pool.map(lies, range(many), chunksize=50))


def measure(seed: int = SEED, per_kind: int = PER_KIND, empty: int = EMPTY, many: int = MANY) -> dict[str, float]:
    """Return counts of codes found and wrong texts on ``8 * per_kind`` phone frames, mean ms per empty frame, and lies."""
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
    result["codes.many_frames"] = many
    result["codes.lies"] = lies_in(many)
    return result


def main() -> int:
    """Print what was measured; 1 when a goal is missed."""
    result = measure()
    for name, value in result.items():
        print(f"{name:28} {value:8.2f}")
    found = {name: result[f"codes.found.{name}"] for name in ("ladder", "zxing", "pyzbar")}
    reached = (
        found["ladder"] > max(found["zxing"], found["pyzbar"])
        and found["ladder"] >= LEAST_FOUND
        and result["codes.wrong.ladder"] + result["codes.lies"] == 0
        and result["codes.empty_ratio"] <= MOST_EMPTY_RATIO
    )
    print("goals reached" if reached else "goals missed")
    return 0 if reached else 1


if __name__ == "__main__":
    raise SystemExit(main())
