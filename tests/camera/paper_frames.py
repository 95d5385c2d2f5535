"""Draws what a document camera sees: papers with Chinese writing on many tables, tilted, blurred, under glare, under a hand.

Every frame follows from its kind and seed alone: no picture is kept in the repository.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as Pictures
from PIL import ImageDraw, ImageFont

WIDTH, HEIGHT = 1280, 720
FOCAL = 1400.0
FONT = Path(__file__).parents[2] / "assets" / "fonts" / "NotoSansSC-Regular.otf"
Image = np.ndarray
Generator = np.random.Generator

WORDS = (
    "兹证明张伟样，男，自二〇二一年三月起居住于样例市样例区幸福路12号院3号楼2单元501室，系本社区常住居民。",
    "该居民居住情况属实，特此证明。本证明自开具之日起六个月内有效。",
    "居住地址：样例省测试市演练区模拟路1号　居住起始日期：2020年3月1日",
    "用途：办理城乡居民基本医疗保险参保登记　公民身份号码：11010519491231002X",
)
SHEETS = {"a4": (210, 297), "a5": (148, 210), "a5_wide": (210, 148), "booklet": (125, 88)}
"""Kinds of sheets and their size in millimetres."""

TABLES = ("black", "dark", "grey", "light", "brown", "green", "blue", "wood", "cloth", "speckled")
SKINS = ((205, 190, 235), (150, 175, 228), (110, 145, 205), (70, 100, 160), (45, 62, 100), (28, 36, 58))
"""Skins from light to dark, BGR."""
GLOVES = ((45, 42, 40), (170, 110, 50), (90, 90, 92))

EXPECTED = {
    "plain": "",
    "tilted": "",
    "shadow": "",
    "dim": "",
    "blurred": "photo.blurred",
    "moved": "photo.blurred",
    "glare": "photo.glare",
    "hand": "photo.covered",
    "glove": "photo.covered",
    "cut": "photo.page_cut",
    "dark": "photo.too_dark",
    "empty": "photo.no_paper",
    "blank": "photo.blank",
}
"""Kinds of frames, and how each must be judged; empty for one that must be taken."""


@dataclass(frozen=True, eq=False)
class PaperFrame:
    """A BGR frame (720, 1280, 3); ``corners`` (4, 2) of the sheet in it, clockwise from its own top left."""

    image: Image
    kind: str
    sheet: str
    table: str
    corners: Image | None
    seed: int


@cache
def sheet_picture(sheet: str, written: bool = True) -> Image:
    """Return a sheet at 6 pixels a millimetre, BGR."""
    across, down = SHEETS[sheet]
    width, height = across * 6, down * 6
    paper = Pictures.new("RGB", (width, height), (240, 240, 236))
    draw = ImageDraw.Draw(paper)
    if not written:
        return np.ascontiguousarray(np.asarray(paper)[:, :, ::-1])
    size = 34 if sheet == "a4" else 26
    body, title = ImageFont.truetype(str(FONT), size), ImageFont.truetype(str(FONT), size * 3 // 2)
    margin, ink = width // 11, (36, 36, 40)
    left = margin
    top = height // 12
    if sheet == "booklet":
        draw.rectangle((margin, top + 70, margin + width // 4, top + 70 + height // 2), fill=(120, 140, 160))
        left += width // 4 + 30
    draw.text((width // 2, top), "居住证明", ink, title, anchor="ma")
    top += size * 3
    index = 0
    while top < height * 0.8:
        line, words = "", WORDS[index % len(WORDS)]
        for character in words:
            if body.getlength(line + character) > width - left - margin:
                draw.text((left, top), line, ink, body)
                top, line = top + size * 17 // 10, ""
            line += character
        draw.text((left, top), line, ink, body)
        top, index = top + size * 17 // 10, index + 1
    radius = min(width, height) // 9
    x, y = width - margin - radius, height - margin - radius
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=(200, 50, 50), width=radius // 10)
    draw.regular_polygon((x, y, radius // 3), 5, fill=(200, 50, 50))
    return np.ascontiguousarray(np.asarray(paper)[:, :, ::-1])


def table_picture(table: str, rng: Generator) -> Image:
    """Return a table that fills the view, float32 BGR."""
    flat = {
        "black": (18, 18, 18), "dark": (52, 58, 50), "grey": (118, 116, 112), "light": (172, 176, 178),
        "brown": (48, 80, 120), "green": (70, 105, 50), "blue": (130, 80, 40), "wood": (70, 110, 160),
        "cloth": (60, 60, 150), "speckled": (100, 100, 104),
    }[table]  # fmt: skip
    scene = np.full((HEIGHT, WIDTH, 3), flat, np.float32)
    ys, xs = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    if table == "wood":
        grain = np.sin(ys / rng.uniform(5, 11) + 3 * np.sin(xs / rng.uniform(120, 300)) + rng.uniform(0, 6))
        scene *= (1 + 0.16 * grain)[..., None]
    elif table == "cloth":
        pitch = rng.uniform(28, 60)
        light = ((xs // pitch).astype(int) + (ys // pitch).astype(int)) % 2
        scene[light == 1] = (150, 150, 190)
    elif table == "speckled":
        coarse = rng.uniform(0.55, 1.45, (HEIGHT // 6, WIDTH // 6)).astype(np.float32)
        scene *= cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)[..., None]
    return scene


def _corners(sheet: str, rng: Generator, tilt: float, kind: str) -> Image:
    """Return where the sheet's corners are seen, through a camera above it; ``tilt`` in degrees."""
    across, down = SHEETS[sheet]
    flat = np.array([[-across, -down], [across, -down], [across, down], [-across, down]], np.float64) / 2
    turn = np.deg2rad(rng.uniform(-14, 14) if kind != "plain" else rng.uniform(-4, 4))
    turned = flat @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    axis, angle = rng.uniform(0, 2 * np.pi), np.deg2rad(rng.uniform(tilt * 0.4, tilt))
    spin, _ = cv2.Rodrigues(np.array([np.cos(axis), np.sin(axis), 0.0]) * angle)
    space = np.c_[turned, np.zeros(4)] @ spin.T
    # From so far away that it fills most of the view; a booklet lies under the same camera and takes less of it.
    fill = rng.uniform(0.82, 0.93) if sheet != "booklet" else rng.uniform(0.45, 0.7)
    if kind == "cut":
        fill = rng.uniform(0.9, 1.6)
    distance = FOCAL * np.ptp(turned[:, 1]) / (HEIGHT * fill)
    distance = max(distance, FOCAL * np.ptp(turned[:, 0]) / (WIDTH * fill))
    seen = space[:, :2] * (FOCAL / (distance + space[:, 2]))[:, None]
    middle = (seen.max(axis=0) + seen.min(axis=0)) / 2
    size = np.ptp(seen, axis=0)
    if kind == "cut":
        side = int(rng.integers(0, 4))
        out = rng.uniform(0.12, 0.4)
        shift = np.zeros(2)
        room = np.array([WIDTH, HEIGHT]) / 2
        shift[side % 2] = (1 if side < 2 else -1) * (room[side % 2] + size[side % 2] * (out - 0.5))
        return seen - middle + shift + room
    room = np.maximum((np.array([WIDTH, HEIGHT]) - size) / 2 - 14, 0)
    if (room <= 0).any():  # tilted towards the camera it grew too large
        shrink = float(((np.array([WIDTH, HEIGHT]) - 40) / size).min())
        seen, middle = seen * shrink, middle * shrink
        room = np.maximum((np.array([WIDTH, HEIGHT]) - size * shrink) / 2 - 14, 0)
    return seen - middle + np.array([WIDTH, HEIGHT]) / 2 + rng.uniform(-1, 1, 2) * room * 0.6


def _reach(scene: Image, corners: Image, colour: tuple[int, int, int], rng: Generator) -> Image:
    """Put a hand over the sheet's edge: two to four fingers, the palm, and the arm out of the view."""
    middle = corners.mean(axis=0)
    side = int(rng.integers(0, 4))
    edge = corners[side] + (corners[(side + 1) % 4] - corners[side]) * rng.uniform(0.15, 0.85)
    inward = middle - edge
    inward = inward / np.linalg.norm(inward)
    across = np.array([-inward[1], inward[0]])
    scale = float(np.linalg.norm(corners[0] - corners[2])) / 800
    width = 34 * scale
    mask = np.zeros(scene.shape[:2], np.uint8)
    reach = rng.uniform(0.08, 0.3) * float(np.linalg.norm(middle - edge)) * 2
    fingers = int(rng.integers(2, 5))
    palm = edge - inward * width * 2.2
    for finger in range(fingers):
        aside = (finger - (fingers - 1) / 2) * width * 1.15
        tip = edge + inward * (reach * rng.uniform(0.75, 1.0)) + across * aside
        root = palm + across * aside
        cv2.line(mask, tuple(np.intp(root)), tuple(np.intp(tip)), 255, max(3, int(width)), cv2.LINE_AA)
    cv2.circle(mask, tuple(np.intp(palm)), int(width * max(2, fingers) * 0.55), 255, -1, cv2.LINE_AA)
    arm = palm - inward * 1500 + across * rng.uniform(-300, 300)
    cv2.line(mask, tuple(np.intp(palm)), tuple(np.intp(arm)), 255, int(width * 2.2), cv2.LINE_AA)
    soft = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), 1.2)
    round_ = np.clip(0.72 + cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), width / 3) * 0.32, 0, 1.05)
    hand = np.array(colour, np.float32) * round_[..., None]
    fall = cv2.GaussianBlur(np.roll(mask, (int(8 * scale), int(6 * scale)), (0, 1)).astype(np.float32), (0, 0), 9) / 255
    return (scene * (1 - 0.35 * fall[..., None])) * (1 - soft[..., None]) + hand * soft[..., None]


def _gleam(scene: Image, corners: Image, rng: Generator) -> Image:
    ys, xs = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    weights = rng.dirichlet((4, 4, 4, 4))
    x, y = weights @ corners
    spread = float(np.linalg.norm(corners[0] - corners[2])) * rng.uniform(0.06, 0.14)
    spot = np.exp(-(((xs - x) / spread) ** 2 + ((ys - y) / (spread * rng.uniform(0.5, 1.0))) ** 2))
    return scene + spot[..., None] * 600


def _shaded(scene: Image, rng: Generator) -> Image:
    points = np.array([[rng.uniform(0.2, 0.8) * WIDTH, -50], [rng.uniform(0.2, 0.8) * WIDTH, HEIGHT + 50]])
    away = 2000 if rng.random() < 0.5 else -2000
    area = np.vstack([points, points[::-1] + np.array([away, 0])]).astype(np.int32)
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.fillPoly(mask, [area], 255)
    soft = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), float(rng.uniform(8, 40)))
    return scene * (1 - rng.uniform(0.15, 0.35) * soft[..., None])


def _shaken(scene: Image, pixels: float, rng: Generator) -> Image:
    size = int(pixels) | 1
    kernel = np.zeros((size, size), np.float32)
    kernel[size // 2] = 1
    spin = cv2.getRotationMatrix2D((size // 2, size // 2), rng.uniform(0, 180), 1)
    kernel = cv2.warpAffine(kernel, spin, (size, size))
    return cv2.filter2D(scene, -1, kernel / kernel.sum())


def paper_frame(kind: str, seed: int, sheet: str = "", table: str = "") -> PaperFrame:
    """Return one frame of ``kind`` (one of ``EXPECTED``); sheet and table follow from the seed unless they are given."""
    rng = np.random.default_rng([list(EXPECTED).index(kind), seed])
    sheet = sheet or list(SHEETS)[int(rng.integers(0, len(SHEETS)))]
    table = table or TABLES[int(rng.integers(0, len(TABLES)))]
    scene = table_picture(table, rng)
    corners = None
    if kind != "empty":
        corners = _corners(sheet, rng, {"plain": 4.0, "tilted": 30.0}.get(kind, 16.0), kind)
        paper = sheet_picture(sheet, written=kind != "blank")
        height, width = paper.shape[:2]
        flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        transform = cv2.getPerspectiveTransform(flat, corners.astype(np.float32))
        ratio = float(np.linalg.norm(corners[0] - corners[2]) / np.hypot(width, height))
        soft = cv2.GaussianBlur(paper, (0, 0), 0.35 / ratio).astype(np.float32) if ratio < 1 else paper
        laid = cv2.warpPerspective(np.asarray(soft, np.float32), transform, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR)
        over = cv2.warpPerspective(np.ones((height, width), np.float32), transform, (WIDTH, HEIGHT))
        under = np.roll(cv2.GaussianBlur(over, (0, 0), 4), (3, 2), (0, 1))
        scene = scene * (1 - 0.35 * under[..., None])
        scene = scene * (1 - over[..., None]) + laid * over[..., None]
    ys, xs = np.mgrid[-1 : 1 : HEIGHT * 1j, -1 : 1 : WIDTH * 1j].astype(np.float32)
    way = rng.uniform(0, 2 * np.pi)
    scene = scene * (0.86 + 0.1 * (xs * np.cos(way) + ys * np.sin(way)))[..., None]
    scene = scene * rng.uniform(0.95, 1.05, 3).astype(np.float32)  # the lamp's own tint
    changes: dict[str, Callable[[Image], Image]] = {
        "shadow": lambda image: _shaded(image, rng),
        "dim": lambda image: image * rng.uniform(0.4, 0.6),
        "dark": lambda image: image * rng.uniform(0.12, 0.25),
        "blurred": lambda image: cv2.GaussianBlur(image, (0, 0), float(rng.uniform(2.2, 6.0))),
        "moved": lambda image: _shaken(image, rng.uniform(11, 24), rng),
        "glare": lambda image: _gleam(image, corners, rng),
        "hand": lambda image: _reach(image, corners, SKINS[int(rng.integers(0, len(SKINS)))], rng),
        "glove": lambda image: _reach(image, corners, GLOVES[int(rng.integers(0, len(GLOVES)))], rng),
    }
    scene = changes.get(kind, lambda image: image)(scene)
    scene = cv2.GaussianBlur(scene, (0, 0), 0.6)
    noise = rng.standard_normal((HEIGHT, WIDTH, 3), dtype=np.float32) * float(rng.uniform(1, 3.5))
    image = np.clip(scene + noise, 0, 255).astype(np.uint8)
    return PaperFrame(image, kind, sheet, table, corners, seed)


def paper_frames(kind: str, seeds: range) -> Iterator[PaperFrame]:
    """Yield the frames of one kind."""
    for seed in seeds:
        yield paper_frame(kind, seed)
