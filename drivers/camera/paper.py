"""Judges photographs of papers: is there a paper, is there light, can it be read.

The limits were measured on generated A4 papers (a title alone to a full page, 1280 to 3508 pixels wide, sensor noise of
sigma 5): see tests/camera/test_document_camera.py, which keeps them.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

NORMAL_WIDTH = 1024
"""Width in pixels at which pictures are compared, so that a better camera does not need other limits."""

PAPER_SHARE = 0.06
"""Share of the view with writing or edges that makes a paper: an empty mat of any colour has none, a dim paper 0.08."""

LIT_PAPER, LIT_MAT = 70.0, 25.0
"""Brightness (0..255) of the brightest fiftieth below which a paper, and a view without one, is too dark."""

SHARP = 20.0
"""Sharpness from which a paper reads well: 23 and more for defocus of sigma 1 or 5 pixels of motion at 1280 pixels of
width, 16 and less for sigma 2 or 9 pixels of motion, 4 for sigma 3."""

_TILE = 64
_SHARPEST_TILES = 12
_TEXTURE_VARIANCE = 16.0
_LEAST_SPAN = 30.0
_SECOND_DERIVATIVES = tuple(
    np.array(kernel, np.float32)
    for kernel in (
        [[0, 0, 0], [1, -2, 1], [0, 0, 0]],
        [[0, 1, 0], [0, -2, 0], [0, 1, 0]],
        [[0.5, 0, 0], [0, -1, 0], [0, 0, 0.5]],
        [[0, 0, 0.5], [0, -1, 0], [0.5, 0, 0]],
    )
)

Grey = NDArray[np.float32]


@dataclass(frozen=True)
class Appearance:
    """What was measured: ``sharpness``, ``texture`` (share of the view) and ``brightness`` of the brightest parts."""

    sharpness: float
    texture: float
    brightness: float

    @property
    def fault(self) -> str:
        """The refusal's code, empty when the photograph can serve."""
        if self.texture < PAPER_SHARE:
            return "photo.too_dark" if self.brightness < LIT_MAT else "photo.no_paper"
        if self.brightness < LIT_PAPER:
            return "photo.too_dark"
        return "photo.blurred" if self.sharpness < SHARP else ""

    @property
    def evidence(self) -> str:
        """The measured values, for a refusal."""
        return f"sharpness {self.sharpness:.1f}, texture {self.texture:.2f}, brightness {self.brightness:.0f}"


def appearance(image: NDArray[np.uint8]) -> Appearance:
    """Measure a BGR picture of any size.

    Sharpness is the variance of the Laplacian, with three cares: of the sharpest parts only, as a page may be half
    empty; at normal size and contrast; and split into four directions of which the weakest counts, as motion leaves
    the strokes along it as sharp as ever.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    scale = min(1.0, NORMAL_WIDTH / grey.shape[1])
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.float32)
    low, high = (float(value) for value in np.percentile(small, (2, 98)))
    contrast = (255.0 / max(high - low, _LEAST_SPAN)) ** 2
    texture = float((_tile_variances(cv2.GaussianBlur(small, (0, 0), 3.0)) > _TEXTURE_VARIANCE).mean())
    quiet = cv2.GaussianBlur(small, (0, 0), 1.0)  # or sensor noise would pass for sharpness
    sharpness = min(
        float(np.sort(_tile_variances(cv2.filter2D(quiet, -1, kernel)))[-_SHARPEST_TILES:].mean())
        for kernel in _SECOND_DERIVATIVES
    )
    return Appearance(sharpness * contrast, texture, high)


def _tile_variances(values: NDArray[np.generic]) -> Grey:
    height, width = values.shape
    tile = min(_TILE, height, width)
    rows, columns = height // tile, width // tile
    tiles = values[: rows * tile, : columns * tile].reshape(rows, tile, columns, tile)
    return np.asarray(tiles.astype(np.float32).var(axis=(1, 3)).ravel(), np.float32)
