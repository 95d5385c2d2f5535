"""All speed goals in one run: what was measured, against what, and the goal. Numbers are medians; only ratios carry over."""

from __future__ import annotations

import importlib
import json
import sys
import traceback

PARTS = ("bench_cards", "bench_codes", "bench_journal", "bench_receipts", "bench_screens", "bench_start")

GOALS: dict[str, tuple[str, float]] = {
    "cards.ratio": ("at most", 1.3),
    "codes.more_than_zxing": ("at least", 1),
    "codes.more_than_pyzbar": ("at least", 1),
    "codes.found.ladder": ("at least", 155),
    "codes.wrong.ladder": ("at most", 0),
    "codes.lies": ("at most", 0),
    "codes.empty_ratio": ("at most", 0.3),
    "journal.ratio": ("at least", 0.7),
    "screens.touch_ratio": ("at most", 0.7),
    "start.usable_ratio": ("at most", 2),
    "start.second_training_seconds": ("at most", 5),
}
"""What must hold, by the name of the figure. ``ratio`` is always ours to the peer's in the same run."""


def verdict(name: str, value: float) -> str:
    """Return whether a figure's goal was kept, or nothing where it has none."""
    if name not in GOALS:
        return ""
    word, bound = GOALS[name]
    kept = value <= bound if word == "at most" else value >= bound
    return f"   goal: {word} {bound:g}   {'kept' if kept else 'MISSED'}"


def main() -> int:
    """Run every part named on the command line, or all; exit 1 when one could not be measured."""
    chosen = [f"bench_{name}" for name in sys.argv[1:] if not name.startswith("-")] or list(PARTS)
    results: dict[str, float] = {}
    failed = False
    for part in chosen:
        try:
            measured = importlib.import_module(part).measure()
        except Exception:  # noqa: BLE001 - one part that cannot run must not hide the others
            traceback.print_exc()
            failed = True
            continue
        prefix = part.removeprefix("bench_")
        figures = {f"{prefix}.{key.removeprefix(f'{prefix}.')}": value for key, value in measured.items()}
        if prefix == "codes":
            found = figures["codes.found.ladder"]
            figures["codes.more_than_zxing"] = found - figures["codes.found.zxing"]
            figures["codes.more_than_pyzbar"] = found - figures["codes.found.pyzbar"]
        results.update(figures)
        for name, value in figures.items():
            print(f"{name:34} {value:12.3f}{verdict(name, value)}", flush=True)
    if "--json" in sys.argv:
        print(json.dumps(results))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
