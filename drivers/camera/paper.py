"""Judges the photograph of a paper: is it there, is there light, can all of it be read, is a hand in the way.

The limits were measured on drawn papers (A4, A5, booklets; 1280 pixels wide, sensor noise of sigma 5, ten tables):
see tests/camera/paper_frames.py, and tests/camera/test_page.py, which keeps them.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers.camera.page import Outline, find_page, straighten

NORMAL_WIDTH = 1024
"""Width in pixels of the view at which pictures are compared, so that a better camera does not need other limits."""

LIT_PAPER, LIT_MAT = 70.0, 25.0
"""Brightness (0..255) of the brightest fiftieth below which a paper, and a view without one, is too dark."""

SHARP = 14.0
"""Sharpness from which a paper reads well: 18 and more for defocus of sigma 1 or 4 pixels of motion at 1280 pixels of
width, 9 and less for sigma 2 or 10 pixels of motion, 3 for sigma 3."""

WRITTEN = 0.03
"""Share of a page with writing on it, below which it lies face down: a title alone takes 0.05."""

GLARE_SHARE = 0.003
"""Share of a page that may be washed out: a character or two."""

COVERED_SHARE = 0.004
"""Share of a page that something reaching in from outside may cover: the tip of a thumb on its margin takes 0.006."""

_TILE = 64
_FEWEST_TILES, _SHARPEST_TILES = 3, 12
_STROKES_VARIANCE = 150.0
_TEXTURE_VARIANCE = 16.0
_WHITE = 250
_NOT_WHITE = 236.0
_CHECK_SIDE = 360.0
_MARGIN = 0.04
_DARK_PART = 0.56
_COLOURED = 0.16
_BAND = 0.9
_SECOND_DERIVATIVES = tuple(
    np.array(kernel, np.float32)
    for kernel in (
        [[0, 0, 0], [1, -2, 1], [0, 0, 0]],
        [[0, 1, 0], [0, -2, 0], [0, 1, 0]],
        [[0.5, 0, 0], [0, -1, 0], [0, 0, 0.5]],
        [[0, 0, 0.5], [0, -1, 0], [0.5, 0, 0]],
    )
)

Picture = NDArray[np.uint8]
Grey = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Appearance:
    """What was seen: the page's outline, the refusal's code (empty when the photograph can serve), and what was measured."""

    outline: Outline | None
    fault: str
    sharpness: float = 0.0
    brightness: float = 0.0
    evidence: str = ""


def appearance(image: Picture) -> Appearance:
    """Measure a BGR picture of any size. Only the page is judged: a sharp table does not make a sharp page."""
    sight = find_page(image)
    if sight.outline is None:
        brightness = float(np.percentile(image[::4, ::4], 98))
        fault = "photo.too_dark" if brightness < LIT_MAT else sight.fault
        return Appearance(None, fault, 0.0, brightness, f"no outline, brightness {brightness:.0f}")
    page = straighten(image, sight.outline, min(1.0, NORMAL_WIDTH / image.shape[1]))
    grey = np.asarray(cv2.cvtColor(page, cv2.COLOR_BGR2GRAY), np.float32)
    brightness = float(np.percentile(grey, 98))
    sharpness, texture = _sharpness(grey, brightness), _texture(grey, brightness)
    glare = _glare(page)
    long_side = float(max(page.shape[:2])) * max(1.0, image.shape[1] / NORMAL_WIDTH)
    covered = _covered(straighten(image, sight.outline, min(1.0, _CHECK_SIDE / long_side), _MARGIN))
    if brightness < LIT_PAPER:
        fault = "photo.too_dark"
    elif covered > COVERED_SHARE:
        fault = "photo.covered"
    elif glare > GLARE_SHARE:
        fault = "photo.glare"
    elif texture < WRITTEN:
        fault = "photo.blank"
    else:
        fault = "photo.blurred" if sharpness < SHARP else ""
    evidence = (
        f"sharpness {sharpness:.1f}, brightness {brightness:.0f}, written {texture:.2f}, glare {glare:.3f}, "
        f"covered {covered:.3f}, outline {sight.outline.support:.2f}"
    )
    return Appearance(sight.outline, fault, sharpness, brightness, evidence)


def _sharpness(grey: Grey, brightness: float) -> float:
    """Return the variance of the Laplacian, with three cares.

    Of the sharpest written parts only, as a page may hold a title alone; at a paper's brightness; and split into four directions of
    which the weakest counts, as motion leaves the strokes along it as sharp as ever.
    """
    contrast = (255.0 / max(brightness, 30.0)) ** 2
    quiet = cv2.GaussianBlur(grey, (0, 0), 1.0)  # or sensor noise would pass for sharpness
    inner = _inner(np.asarray(quiet, np.float32))
    strokes = _tile_variances(cv2.GaussianBlur(inner, (0, 0), 3.0))
    written = int((strokes > _STROKES_VARIANCE).sum())
    tiles = min(max(written, _FEWEST_TILES), _SHARPEST_TILES)
    return contrast * min(
        float(np.sort(_tile_variances(cv2.filter2D(inner, -1, kernel)))[-tiles:].mean())
        for kernel in _SECOND_DERIVATIVES
    )


def _texture(grey: Grey, brightness: float) -> float:
    soft = _inner(np.asarray(cv2.GaussianBlur(grey, (0, 0), 3.0), np.float32)) * np.float32(230.0 / max(brightness, 30))
    local = soft - cv2.GaussianBlur(soft, (0, 0), 24.0)  # light that falls off is no writing
    return float((_tile_variances(np.asarray(local, np.float32), _TILE // 2) > _TEXTURE_VARIANCE).mean())


def _inner(values: Grey) -> Grey:
    """Leave out a page's rim: the table shows there when the outline is a pixel off."""
    rows, columns = max(1, values.shape[0] // 25), max(1, values.shape[1] // 25)
    return values[rows:-rows, columns:-columns]


def _glare(page: Picture) -> float:
    """Return the share of the page that is washed out; nothing when the whole page is that bright, and readable."""
    least = np.asarray(cv2.GaussianBlur(page, (0, 0), 1.5), np.uint8).min(axis=2)
    if float(np.median(least)) > _NOT_WHITE:
        return 0.0
    blob = cv2.morphologyEx((least >= _WHITE).astype(np.uint8), cv2.MORPH_OPEN, np.ones((7, 7), np.uint8))
    return float(blob.mean())


def _covered(page: Picture) -> float:
    """Return the share of a page (with ``_MARGIN`` of the table around it) that something from outside covers.

    It is dark or has a colour that the page has not, is broader than writing, and reaches in over the page's edge. A band
    along a whole side is print: the cover of a booklet.
    """
    soft = cv2.GaussianBlur(page, (0, 0), 1.5).astype(np.float32) + 4.0
    rows = round(page.shape[0] * _MARGIN / (1 + 2 * _MARGIN)) + 1
    columns = round(page.shape[1] * _MARGIN / (1 + 2 * _MARGIN)) + 1
    soft = soft[rows:-rows, columns:-columns]
    if min(soft.shape[:2]) < 24:
        return 0.0
    ratios = np.log(soft[:, :, [0, 2]] / soft[:, :, 1:2])
    colour = np.abs(ratios - np.median(ratios, axis=(0, 1))).sum(axis=2)
    dark = soft[:, :, 1] < _DARK_PART * _light(np.asarray(soft[:, :, 1], np.float32))
    side = max(soft.shape[:2])
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side // 28 | 1, side // 28 | 1))
    # Padded with nothing, so that a sliver of the table along the rim is not broadened to something that reaches in.
    mask = np.pad((dark | (colour > _COLOURED)).astype(np.uint8), side // 14)
    # Closed before it is opened: nails, rings and the lines of a palm are other colours.
    mask = cv2.morphologyEx(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)), cv2.MORPH_OPEN, kernel)
    mask = mask[side // 14 : -(side // 14), side // 14 : -(side // 14)]
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    covered = 0
    for label in range(1, count):
        left, top, width, height, area = (int(value) for value in stats[label])
        bottom, right = soft.shape[0] - top - height, soft.shape[1] - left - width
        depth = side // 40
        if min(left, top, right, bottom) > depth // 2 or min(width, height) < depth:
            continue
        part = labels == label
        if max(part[0].mean(), part[-1].mean(), part[:, 0].mean(), part[:, -1].mean()) < _BAND:
            covered += area
    return covered / float(soft.shape[0] * soft.shape[1])


def _light(green: Grey) -> Grey:
    """Return how bright bare paper is at each place: a plane through the bright parts, as lamps stand to one side."""
    ys, xs = np.mgrid[-1 : 1 : green.shape[0] * 1j, -1 : 1 : green.shape[1] * 1j]
    terms = np.stack([np.ones_like(xs), xs, ys], axis=-1)
    coarse, values = terms[::6, ::6].reshape(-1, 3), green[::6, ::6].ravel()
    kept = values > np.percentile(values, 50)
    plane = np.zeros(3)
    for _ in range(3):
        plane = np.linalg.lstsq(coarse[kept], values[kept], rcond=None)[0]
        fitted = coarse @ plane
        kept = values > 0.85 * fitted
        if int(kept.sum()) < 30:
            break
    return np.asarray(np.maximum(terms @ plane, 1.0), np.float32)


def _tile_variances(values: NDArray[np.generic], tile: int = _TILE) -> Grey:
    height, width = values.shape
    tile = min(tile, height, width)
    rows, columns = height // tile, width // tile
    tiles = values[: rows * tile, : columns * tile].reshape(rows, tile, columns, tile)
    return np.asarray(tiles.astype(np.float32).var(axis=(1, 3)).ravel(), np.float32)
