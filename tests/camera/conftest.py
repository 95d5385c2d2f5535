"""What the camera tests share: a font, and a proof of residence that belongs to nobody."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def font() -> Path:
    return Path(__file__).parents[2] / "assets" / "fonts" / "NotoSansSC-Regular.otf"


@pytest.fixture(scope="session")
def lines() -> tuple[str, ...]:
    return (
        "居住证明",
        "兹证明张伟样，男，自二〇二一年三月起居住于样例市样例区幸福路12号院3号楼2单元501室，系本社区常住居民。",
        "该居民居住情况属实，特此证明。",
        "本证明自开具之日起六个月内有效。",
        "样例市样例区幸福社区居民委员会",
        "2026年3月12日",
    )
