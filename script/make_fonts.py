"""Take the Simplified Chinese faces out of Debian's Noto CJK collections and write down which characters need HanaMin.

Index 0 of the collection is the Japanese face, which draws 骨 and 直 in another way: it must never reach a screen or paper.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from fontTools.ttLib import TTFont

SIMPLIFIED = 2
COLLECTIONS = Path("/usr/share/fonts/opentype/noto")
HANAZONO = Path("/usr/share/fonts/truetype/hanazono")
OUT = Path(__file__).resolve().parent.parent / "assets" / "fonts"


def ranges(points: list[int]) -> list[list[int]]:
    """Fold sorted code points into inclusive [first, last] pairs."""
    folded: list[list[int]] = []
    for point in points:
        if folded and point == folded[-1][1] + 1:
            folded[-1][1] = point
        else:
            folded.append([point, point])
    return folded


def main() -> None:
    """Write NotoSansSC-Regular.otf, NotoSansSC-Bold.otf, HanaMinA.ttf, HanaMinB.ttf and coverage.json."""
    OUT.mkdir(parents=True, exist_ok=True)
    coverage: dict[str, list[list[int]]] = {}
    for weight in ("Regular", "Bold"):
        face = TTFont(COLLECTIONS / f"NotoSansCJK-{weight}.ttc", fontNumber=SIMPLIFIED, lazy=True, recalcBBoxes=False)
        name = face["name"].getDebugName(4) or ""
        if "SC" not in name:
            raise SystemExit(
                f"face {SIMPLIFIED} of NotoSansCJK-{weight}.ttc is {name!r}, not the Simplified Chinese one"
            )
        if weight == "Regular":
            coverage["NotoSansSC"] = ranges(sorted(face.getBestCmap()))
        face.save(OUT / f"NotoSansSC-{weight}.otf")
    for name in ("HanaMinA", "HanaMinB"):
        shutil.copy(HANAZONO / f"{name}.ttf", OUT / f"{name}.ttf")
        coverage[name] = ranges(sorted(TTFont(HANAZONO / f"{name}.ttf", lazy=True).getBestCmap()))
    (OUT / "coverage.json").write_text(json.dumps(coverage, separators=(",", ":")))


if __name__ == "__main__":
    main()
