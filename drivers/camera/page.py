"""Finds a sheet of paper in a picture by its outline, and straightens it as if it had been photographed from above.

Several simple guesses at what is paper are made, for no single threshold separates white from every table; the outline that
the picture supports best along its four sides wins.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Points = NDArray[np.float32]

WORK_WIDTH = 480
"""Width in pixels at which the outline is looked for: a side is found to half a percent, in a few milliseconds a guess."""

SMALLEST_SHARE = 0.05
"""Share of the view below which a sheet is too small to be read (an A6 booklet under an A4 camera takes 0.2)."""

SUPPORT = 0.65
"""Part of an outline along which white must end; a hand over one side leaves 0.75, squares of a cloth give 0.58."""

_FOCAL = 1.1
"""Focal length by the view's width: document cameras see 45 to 60 degrees, and the aspect depends on it little."""
_ASPECTS = (2**0.5, 85.6 / 54.0)
"""Sides of ISO 216 sheets and of booklets like ID-3 (within one percent), and of ID-1 cards (ISO/IEC 7810)."""
_ASPECT_SLACK = 0.08
_DIFFERENT = 9.0
_EDGE_SAMPLES = 32
_PAPERLIKE = 0.10
_EDGE = 14.0
_TINTED = 22.0
_AS_BRIGHT = 0.72


@dataclass(frozen=True, eq=False)
class Outline:
    """A sheet's corners in the picture's pixels, (4, 2): top left, top right, bottom right, bottom left.

    ``support`` is the part (0..1) of its sides that the picture shows; ``share`` the part of the view that it takes.
    """

    corners: Points
    support: float
    share: float


@dataclass(frozen=True)
class Sight:
    """What was found: an outline, or the reason why there is none (``photo.no_paper``, ``.page_cut``, ``.covered``)."""

    outline: Outline | None
    fault: str = ""


def find_page(image: Picture) -> Sight:
    """Look for one sheet in a BGR picture of any size."""
    height, width = image.shape[:2]
    if min(height, width) < 32:
        return Sight(None, "photo.no_paper")
    scale = min(1.0, WORK_WIDTH / width)
    small = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    small = np.asarray(cv2.GaussianBlur(small, (0, 0), 1.2), np.uint8)
    lab = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2LAB), np.float32)
    best: Outline | None = None
    cut: tuple[float, Picture] | None = None
    torn = 0.0
    view = small.shape[0] * small.shape[1]
    for mask, is_paper in _guesses(small):
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        for contour in (np.asarray(found, np.int32) for found in contours):
            share = cv2.contourArea(contour) / view
            if share < SMALLEST_SHARE:
                continue
            if _at_the_border(contour, small.shape[:2]):
                if is_paper and share >= _PAPERLIKE and (region := _region(contour, lab)) is not None:
                    if _is_cut(contour, region, lab):
                        cut = max(cut or (0.0, region), (share, region), key=lambda found: found[0])
                    else:
                        torn = max(torn, share)
                continue
            if is_paper and share > torn and _region(contour, lab) is not None:
                torn = share
            outline = _outline(contour, lab)
            if outline is not None and (best is None or _rank(outline) > _rank(best)):
                best = outline
    if best is not None and best.support >= SUPPORT and not (cut and _printed_in(best, cut[1], lab)):
        return Sight(Outline(best.corners / np.float32(scale), best.support, best.share))
    if cut is not None and cut[0] >= 0.8 * torn:
        return Sight(None, "photo.page_cut")
    return Sight(None, "photo.covered" if torn >= _PAPERLIKE else "photo.no_paper")


def straighten(image: Picture, outline: Outline, scale: float = 1.0, margin: float = 0.0) -> Picture:
    """Return the sheet from above, as large as it was seen times ``scale``, with ``margin`` (share of its side) around it.

    Its aspect comes from the perspective, and is that of a usual format where it is near one.
    """
    corners = outline.corners.astype(np.float64)
    edges = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    across, down = max(edges[0], edges[2]), max(edges[1], edges[3])
    aspect = _aspect(corners, image.shape[1], image.shape[0])
    width = max(8.0, (across * down * aspect) ** 0.5 * scale)
    height = max(8.0, width / aspect)
    left, top = width * margin, height * margin
    size = (round(width + 2 * left), round(height + 2 * top))
    target = np.array([[left, top], [left + width, top], [left + width, top + height], [left, top + height]])
    transform = cv2.getPerspectiveTransform(outline.corners, target.astype(np.float32))
    flags = cv2.INTER_CUBIC if scale >= 1.0 else cv2.INTER_LINEAR
    warped = cv2.warpPerspective(image, transform, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, np.uint8)


def _guesses(small: Picture) -> Iterator[tuple[Picture, bool]]:
    """Yield masks of what may be paper; whether a mask says so itself, or only that something has an outline."""
    grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)
    white = np.asarray(small.min(axis=2), np.uint8)  # of all colours white is the one whose least channel is bright
    for plane in (white, grey):
        level, mask = cv2.threshold(plane, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
        yield _tidied(np.asarray(mask, np.uint8)), bool(level > 12)
        bright = plane[plane > level]
        if bright.size > 200:  # white on a light table, or beside a light hand
            upper, _ = cv2.threshold(bright.reshape(-1, 1), 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
            yield _tidied(np.asarray((plane > upper) * np.uint8(255), np.uint8)), True
    top = float(np.percentile(white, 97))
    for part in (0.86, 0.7, 0.5):
        yield _tidied(np.asarray((white > top * part) * np.uint8(255), np.uint8)), top > 25
    edges = cv2.Canny(grey, 20, 60)
    yield _filled(np.asarray(cv2.dilate(edges, np.ones((3, 3), np.uint8)), np.uint8)), False


def _tidied(mask: Picture) -> Picture:
    """Close the writing, then cut what hangs on by a thread."""
    closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((9, 9), np.uint8)), np.uint8)


def _filled(edges: Picture) -> Picture:
    """Return what closed lines enclose."""
    contours, _ = cv2.findContours(edges, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    mask = np.zeros_like(edges)
    cv2.drawContours(mask, contours, -1, 255, cv2.FILLED)
    inner = cv2.erode(mask, np.ones((5, 5), np.uint8))  # the line itself, and what it was thickened by, are outside
    return np.asarray(cv2.morphologyEx(inner, cv2.MORPH_OPEN, np.ones((9, 9), np.uint8)), np.uint8)


def _on_border(contour: NDArray[np.int32], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    points = contour.reshape(-1, 2)
    height, width = shape[:2]
    found = (points[:, 0] <= 1) | (points[:, 1] <= 1) | (points[:, 0] >= width - 2) | (points[:, 1] >= height - 2)
    return np.asarray(found, np.bool_)


def _at_the_border(contour: NDArray[np.int32], shape: tuple[int, ...]) -> bool:
    return int(_on_border(contour, shape).sum()) > 0.01 * sum(shape[:2])


def _region(contour: NDArray[np.int32], lab: NDArray[np.float32]) -> Picture | None:
    """Return a contour's mask when it is as colourless as paper and has an edge, which light that falls off has not."""
    mask = np.zeros(lab.shape[:2], np.uint8)
    cv2.drawContours(mask, [contour], -1, 1, cv2.FILLED)
    band = np.ones((7, 7), np.uint8)
    inner = (mask == 1) & (cv2.erode(mask, band, borderType=cv2.BORDER_REPLICATE) == 0)
    outer = (mask == 0) & (cv2.dilate(mask, band, borderType=cv2.BORDER_REPLICATE) == 1)
    if not inner.any() or not outer.any():
        return None
    colour = np.median(lab[inner], axis=0)
    step = colour - np.median(lab[outer], axis=0)
    grey = float(np.abs(colour[1:] - 128.0).max()) < _TINTED
    return mask if grey and float(np.linalg.norm(step)) > _EDGE and float(step[0]) > 0 else None


def _is_cut(contour: NDArray[np.int32], region: Picture, lab: NDArray[np.float32]) -> bool:
    """Whether a region that meets the view's border is a sheet that goes on there, and not an arm reaching over it."""
    full = cv2.contourArea(cv2.convexHull(contour))
    if full <= 0 or cv2.contourArea(contour) / full < 0.85:
        return False
    points = contour.reshape(-1, 2)[_on_border(contour, lab.shape[:2])]
    leaving = lab[points[:, 1], points[:, 0]] - np.median(lab[region == 1], axis=0)
    return float((np.linalg.norm(leaving, axis=1) < _EDGE * 1.5).mean()) > 0.4


def _printed_in(outline: Outline, region: Picture, lab: NDArray[np.float32]) -> bool:
    """Whether an outline is that of a picture or box on a larger sheet, and not that of a sheet on something larger."""
    mask = np.zeros(lab.shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, np.rint(outline.corners).astype(np.int32), 1)
    around = (region == 1) & (mask == 0)
    if float((region[mask == 1] == 1).mean()) < 0.8 or not around.any():
        return False
    return float(np.median(lab[mask == 1][:, 0])) < float(np.median(lab[around][:, 0])) + _EDGE


def _rank(outline: Outline) -> float:
    return outline.support**2 * outline.share**0.25


def _outline(contour: NDArray[np.int32], lab: NDArray[np.float32]) -> Outline | None:
    hull = np.asarray(cv2.convexHull(contour), np.int32)
    corners = _four(hull)
    if corners is None:
        return None
    corners = _fitted(corners, contour.reshape(-1, 2).astype(np.float32))
    if corners is None or not _like_a_sheet(corners, lab.shape[1], lab.shape[0]):
        return None
    corners = _upright(corners)
    share = abs(float(cv2.contourArea(corners))) / (lab.shape[0] * lab.shape[1])
    return Outline(corners, _support(corners, lab), share) if share >= SMALLEST_SHARE else None


def _four(hull: NDArray[np.int32]) -> Points | None:
    """Return four corners of a hull; of one whose corner is hidden, those where its longest sides meet."""
    around = cv2.arcLength(hull, True)
    rough = np.empty((0, 2), np.float32)
    for slack in (0.01, 0.02, 0.035, 0.05):
        rough = np.asarray(cv2.approxPolyDP(hull, slack * around, True), np.float32).reshape(-1, 2)
        if len(rough) <= 6:
            break
    if len(rough) == 4:
        return rough
    if not 5 <= len(rough) <= 6:
        return None
    nexts = np.roll(rough, -1, axis=0)
    kept = sorted(np.argsort(np.linalg.norm(nexts - rough, axis=1))[-4:])
    lines = [(rough[i], nexts[i] - rough[i]) for i in kept]
    return _meetings(lines)


def _meetings(lines: list[tuple[Points, Points]]) -> Points | None:
    """Return where each line (a point, a direction) meets the one before it."""
    corners: list[Points] = []
    for index, (point, way) in enumerate(lines):
        before, before_way = lines[index - 1]
        crossing = float(before_way[0] * way[1] - before_way[1] * way[0])
        if abs(crossing) < 1e-3 * float(np.linalg.norm(way) * np.linalg.norm(before_way)):
            return None
        gap = point - before
        along = float(gap[0] * way[1] - gap[1] * way[0]) / crossing
        corners.append(np.asarray(before + along * before_way, np.float32))
    return np.asarray(corners, np.float32)


def _fitted(corners: Points, points: Points) -> Points | None:
    """Lay each side anew through the contour's points beside it, so that one bad corner moves none of the others."""
    slack = max(3.0, 0.02 * float(np.ptp(corners)))
    lines: list[tuple[Points, Points]] = []
    for index in range(4):
        start, end = corners[index], corners[(index + 1) % 4]
        way = end - start
        length = float(np.linalg.norm(way))
        if length < 8:
            return None
        way = way / np.float32(length)
        along = (points - start) @ way
        aside = np.abs((points - start) @ np.array([-way[1], way[0]], np.float32))
        near = points[(aside < slack) & (along > 0.06 * length) & (along < 0.94 * length)]
        if len(near) < 8:
            lines.append((np.asarray(start, np.float32), np.asarray(way, np.float32)))
            continue
        line = np.asarray(cv2.fitLine(near, cv2.DIST_HUBER, 0, 0.01, 0.01), np.float32).ravel()
        lines.append((line[2:], line[:2]))
    return _meetings(lines)


def _like_a_sheet(corners: Points, width: int, height: int) -> bool:
    """Whether four corners can be those of a sheet that lies whole in the view, give or take a curled edge."""
    slack = 0.03 * width
    inside = (corners > -slack).all() and (corners < (width + slack, height + slack)).all()
    if not inside or not cv2.isContourConvex(corners.astype(np.float32)):
        return False
    before, after = np.roll(corners, 1, axis=0) - corners, np.roll(corners, -1, axis=0) - corners
    lengths = np.linalg.norm(after, axis=1)
    cosines = (before * after).sum(axis=1) / (np.linalg.norm(before, axis=1) * lengths + 1e-6)
    opposite = np.maximum(lengths[:2] / (lengths[2:] + 1e-6), lengths[2:] / (lengths[:2] + 1e-6))
    return bool(np.abs(cosines).max() < 0.6 and opposite.max() < 1.8 and lengths.max() < 4 * lengths.min())


def _upright(corners: Points) -> Points:
    """Begin with the corner that is at the top left, clockwise: the sheet is turned by the least angle."""
    middle = corners.mean(axis=0)
    angles = np.arctan2(corners[:, 1] - middle[1], corners[:, 0] - middle[0])
    ring = corners[np.argsort(angles)]
    turns = [_turn(np.roll(ring, -first, axis=0)) for first in range(4)]
    return np.asarray(np.roll(ring, -int(np.argmin(turns)), axis=0), np.float32)


def _turn(ring: Points) -> float:
    across = ring[1] + ring[2] - ring[0] - ring[3]
    return abs(float(np.arctan2(across[1], across[0])))


def _support(corners: Points, lab: NDArray[np.float32]) -> float:
    """Return the part of the sides along which the sheet's own white ends at the line."""
    height, width = lab.shape[:2]
    offset = max(3.0, width / 120)
    parts = np.linspace(0.04, 0.96, _EDGE_SAMPLES, dtype=np.float32)[:, None]
    mask = np.zeros((height, width), np.uint8)
    cv2.fillConvexPoly(mask, np.rint(corners).astype(np.int32), 1)
    inside = lab[:, :, 0][mask == 1]
    white = float(np.percentile(inside, 60)) if inside.size else 0.0
    found: list[NDArray[np.bool_]] = []
    for index in range(4):
        start, end = corners[index], corners[(index + 1) % 4]
        way = (end - start) / np.float32(max(1e-6, float(np.linalg.norm(end - start))))
        inward = np.array([-way[1], way[0]], np.float32) * np.float32(offset)  # clockwise, y downwards
        on = start + parts * (end - start)
        within, without = _values(lab, on + inward), _values(lab, on - inward)
        ends = np.linalg.norm(within - without, axis=1) > _DIFFERENT
        found.append(ends & (within[:, 0] > _AS_BRIGHT * white))
    return float(np.concatenate(found).mean())


def _values(lab: NDArray[np.float32], points: Points) -> NDArray[np.float32]:
    xs = np.clip(np.rint(points[:, 0]).astype(int), 0, lab.shape[1] - 1)
    ys = np.clip(np.rint(points[:, 1]).astype(int), 0, lab.shape[0] - 1)
    return lab[ys, xs]


def _aspect(corners: NDArray[np.float64], width: int, height: int) -> float:
    """Return width by height of the sheet itself, from how its square shape is distorted by a camera of ``_FOCAL``."""
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    centred = (corners - np.array([width / 2, height / 2])) / (_FOCAL * width)
    columns = cv2.getPerspectiveTransform(square, centred.astype(np.float32))
    aspect = float(np.linalg.norm(columns[:, 0]) / max(1e-9, float(np.linalg.norm(columns[:, 1]))))
    aspect = min(max(aspect, 0.2), 5.0)
    for usual in _ASPECTS:
        for ratio in (usual, 1 / usual):
            if abs(aspect / ratio - 1) < _ASPECT_SLACK and abs(aspect / ratio - 1) == min(
                abs(aspect / other - 1) for format_ in _ASPECTS for other in (format_, 1 / format_)
            ):
                return ratio
    return aspect
