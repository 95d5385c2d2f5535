"""Draws what a camera sees when a citizen holds a phone to it, so that anyone can make the measured frames again.

Every frame follows from its kind and seed alone: no picture is kept in the repository.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import qrcode
import zxingcpp

WIDTH, HEIGHT = 1280, 720
Image = np.ndarray
Generator = np.random.Generator


@dataclass(frozen=True, eq=False)
class PhoneFrame:
    """A BGR frame (720, 1280, 3) of ``kind`` and the bytes that its code holds."""

    image: Image
    data: bytes
    kind: str
    seed: int


def payload(rng: Generator) -> bytes:
    """Make up what a receipt's or a citizen's code may hold: short and long, ASCII, UTF-8 and GB18030."""
    digits = "".join(str(d) for d in rng.integers(0, 10, 40))
    choice = int(rng.integers(0, 6))
    if choice == 0:
        return f"GK1:{digits[:19]}".encode()
    if choice == 1:
        return f"https://zwfw.example.gov.cn/case/{digits[:19]}?t={digits[19:35]}".encode()
    if choice == 2:
        return f"事项：城乡居民医保参保登记；办件编号{digits[:12]}".encode()
    if choice == 3:
        return f"姓名：张伟样，受理号{digits[:10]}".encode("gb18030")
    if choice == 4:
        return ("V2|" + "|".join(digits[i : i + 5] for i in range(0, 40, 5)) * 2).encode()
    return digits[:28].encode()


def code_picture(data: bytes, module: int) -> Image:
    """Return the QR code of ``data`` with its quiet zone, ``module`` pixels a module, 0 and 255."""
    # A fixed mask saves the search for the handsomest of eight, which takes longer than all the rest of a frame.
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=4, mask_pattern=len(data) % 8)
    code.add_data(data, optimize=0)
    code.make()
    matrix = np.array(code.get_matrix(), dtype=bool)
    picture = np.where(matrix, 0, 255).astype(np.uint8)
    return np.kron(picture, np.ones((module, module), np.uint8))


def hall(rng: Generator) -> Image:
    """Return an out-of-focus hall as float32 grey: light falling off, soft blobs, a few straight edges."""
    coarse = rng.uniform(40, 170, (6, 9)).astype(np.float32)
    scene = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    for _ in range(int(rng.integers(3, 9))):
        x, y = int(rng.integers(0, WIDTH)), int(rng.integers(0, HEIGHT))
        w, h = int(rng.integers(30, 350)), int(rng.integers(30, 350))
        cv2.rectangle(scene, (x, y), (x + w, y + h), float(rng.uniform(20, 230)), -1)
    return cv2.GaussianBlur(scene, (0, 0), float(rng.uniform(1.0, 5.0)))


@dataclass
class Look:
    """How the phone is held and lit; each kind changes a few of these."""

    side: float
    turn: float
    tilt: float
    defocus: float = 0.6
    motion: float = 0.0
    glare: float = 0.0
    light: float = 1.0
    noise: float = 2.5
    moire: float = 0.0


def _look(kind: str, rng: Generator) -> Look:
    look = Look(side=rng.uniform(110, 260), turn=rng.uniform(-12, 12), tilt=rng.uniform(0.0, 0.06))
    module_scale = look.side / 200
    if kind == "defocus":
        look.defocus = rng.uniform(1.6, 3.4) * module_scale
    elif kind == "motion":
        look.motion = rng.uniform(4, 14) * module_scale
    elif kind == "perspective":
        look.tilt, look.turn = rng.uniform(0.2, 0.45), rng.uniform(-45, 45)
    elif kind == "glare":
        look.glare = rng.uniform(0.5, 1.0)
    elif kind == "low_light":
        look.light, look.noise = rng.uniform(0.06, 0.2), rng.uniform(4, 9)
    elif kind == "moire":
        look.moire = rng.uniform(0.5, 1.1)
    elif kind == "combined":
        look.defocus = rng.uniform(1.0, 2.4) * module_scale
        look.tilt, look.light = rng.uniform(0.05, 0.2), rng.uniform(0.3, 0.8)
        look.noise, look.glare, look.moire = rng.uniform(2, 6), rng.uniform(0, 0.5), rng.uniform(0, 0.4)
    return look


SYMBOLOGIES = {
    "code_128": zxingcpp.BarcodeFormat.Code128,
    "ean_13": zxingcpp.BarcodeFormat.EAN13,
    "pdf_417": zxingcpp.BarcodeFormat.PDF417,
}


def bars_picture(symbology: str, rng: Generator) -> tuple[Image, bytes]:
    """Return a made-up barcode as a square picture, 0 and 255, white above and below, and what it holds."""
    digits = "".join(str(d) for d in rng.integers(0, 10, 40))
    if symbology == "ean_13":
        total = sum(int(digit) * (1, 3)[place % 2] for place, digit in enumerate(digits[:12]))
        content = digits[:12] + str(-total % 10)
    elif symbology == "code_128":
        content = "BJ" + digits[: int(rng.integers(6, 13))]
    else:
        content = f"GK1:{digits[:19]}|{digits[19:31]}"
    bars = np.array(zxingcpp.create_barcode(content, SYMBOLOGIES[symbology]).to_image(scale=6))
    rim = bars.shape[1] // 20
    square = np.full((bars.shape[1] + 2 * rim,) * 2, 255, np.uint8)
    tall = min(bars.shape[0], square.shape[0] // 2)
    top = (square.shape[0] - tall) // 2
    square[top : top + tall, rim:-rim] = bars[:tall]
    return square, content.encode()


def _phone(picture: Image) -> tuple[Image, tuple[float, float, float, float]]:
    """Return a phone's picture (float32) that shows the code, and the code's left, top, right and bottom in it."""
    code = picture.astype(np.float32)
    side = code.shape[0]
    width, height = int(side * 1.25), int(side * 2.3)
    phone = np.full((height, width), 15.0, np.float32)
    rim = int(width * 0.04)
    phone[rim * 2 : -rim * 2, rim:-rim] = 235.0
    phone[rim * 3 : rim * 5, rim * 3 : width // 2] = 90.0
    for row in range(4):
        top = int(height * (0.76 + 0.04 * row))
        phone[top : top + rim // 2, rim * 3 : width - rim * (3 + row * 2)] = 120.0
    left, top = (width - side) // 2, int(height * 0.25)
    phone[top : top + side, left : left + side] = np.maximum(code * 0.92, 12.0)
    return phone, (left, top, left + side, top + side)


def phone_frame(kind: str, seed: int, symbology: str = "qr_code") -> PhoneFrame:
    """Return one frame of ``kind`` (one of ``KINDS``); bars and stacks are shown larger, as they are wider."""
    rng = np.random.default_rng([KINDS.index(kind), seed])
    if symbology == "qr_code":
        data, look = payload(rng), _look(kind, rng)
        picture = code_picture(data, 8)
    else:
        look = _look(kind, rng)
        look.side *= 1.9
        picture, data = bars_picture(symbology, rng)
    phone, (left, top, right, bottom) = _phone(picture)
    height, width = phone.shape
    scale = look.side / (right - left)
    centre = np.array([rng.uniform(420, 860), rng.uniform(300, 420)])
    angle = np.deg2rad(look.turn)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = np.array([(left + right) / 2, (top + bottom) / 2])
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    relative = (corners - middle) * scale
    direction = rng.uniform(0, 2 * np.pi)
    away = 1 + look.tilt * (relative @ np.array([np.cos(direction), np.sin(direction)])) / (look.side * 0.5)
    target = (relative / np.maximum(away, 0.3)[:, None]) @ rotation.T + centre
    transform = cv2.getPerspectiveTransform(corners.astype(np.float32), target.astype(np.float32))
    # Softened first, or the warp itself would alias.
    phone_soft = cv2.GaussianBlur(phone, (0, 0), 0.35 / scale) if scale < 1 else phone
    warped = cv2.warpPerspective(phone_soft, transform, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR)
    mask = cv2.warpPerspective(np.ones_like(phone), transform, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR)
    scene = hall(rng) * (1 - mask) + warped * mask
    return PhoneFrame(_exposed(scene, look, centre, rng), data, kind, seed)


def _exposed(scene: Image, look: Look, centre: Image, rng: Generator) -> Image:
    """Return the scene as the camera's optics, sensor and JPEG give it."""
    ys, xs = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    if look.moire:
        pitch, angle = rng.uniform(3.0, 12.0), rng.uniform(0, np.pi)
        wave = np.sin((xs * np.cos(angle) + ys * np.sin(angle)) * (2 * np.pi / pitch))
        fine = np.sin((xs * np.cos(angle + 1.4) + ys * np.sin(angle + 1.4)) * (2 * np.pi / (pitch * 1.31)))
        scene = scene * (1 - look.moire * 0.5 * (1 + 0.5 * (wave + fine))) + 60 * look.moire * (wave + fine) / 2
    scene = cv2.GaussianBlur(scene, (0, 0), max(look.defocus, 0.3))
    if look.motion >= 1:
        size = int(look.motion) | 1
        kernel = np.zeros((size, size), np.float32)
        kernel[size // 2, :] = 1
        spin = cv2.getRotationMatrix2D((size // 2, size // 2), rng.uniform(0, 180), 1)
        kernel = cv2.warpAffine(kernel, spin, (size, size))
        scene = cv2.filter2D(scene, -1, kernel / kernel.sum())
    scene = scene * look.light
    if look.glare:
        gx, gy = centre + rng.uniform(-0.45, 0.45, 2) * look.side
        spread = look.side * rng.uniform(0.18, 0.4)
        spot = np.exp(-(((xs - gx) / spread) ** 2 + ((ys - gy) / (spread * rng.uniform(0.4, 1.0))) ** 2))
        scene = scene + spot * 330 * look.glare
    return _sensor(scene, look.noise, rng)


def _sensor(scene: Image, noise: float, rng: Generator) -> Image:
    """Return the scene as BGR of eight bits with sensor noise and the traces of the camera's own JPEG."""
    grain = rng.standard_normal(scene.shape, dtype=np.float32) * noise
    grey = np.clip(scene + grain, 0, 255).astype(np.uint8)
    done, jpeg = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, 85])
    assert done
    return cv2.cvtColor(cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE), cv2.COLOR_GRAY2BGR)


def _stripes(rng: Generator) -> Image:
    ys, xs = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    angle, pitch = rng.uniform(0, np.pi), rng.uniform(6, 60)
    return 128 + 80 * np.sign(np.sin((xs * np.cos(angle) + ys * np.sin(angle)) * (2 * np.pi / pitch)))


def _squares(rng: Generator) -> Image:
    size = int(rng.integers(5, 40))
    cells = rng.integers(0, 2, (HEIGHT // size + 1, WIDTH // size + 1)).astype(np.float32) * 190 + 30
    picture = np.kron(cells, np.ones((size, size), np.float32))[:HEIGHT, :WIDTH]
    soft = hall(rng)
    x, y = int(rng.integers(0, WIDTH // 2)), int(rng.integers(0, HEIGHT // 2))
    soft[y : y + 300, x : x + 400] = picture[y : y + 300, x : x + 400]
    return soft


def _writing(rng: Generator) -> Image:
    scene = np.clip(hall(rng), 0, 255).astype(np.uint8)
    cv2.rectangle(scene, (300, 60), (980, 660), 225, -1)
    for line in range(16):
        words = "".join(chr(c) for c in rng.integers(33, 126, int(rng.integers(10, 38))))
        cv2.putText(scene, words, (330, 110 + line * 34), cv2.FONT_HERSHEY_SIMPLEX, 0.7, 40, 2)
    return scene.astype(np.float32)


def _grain(rng: Generator) -> Image:
    rough = rng.uniform(0, 255, (HEIGHT, WIDTH)).astype(np.float32)
    soft = cv2.GaussianBlur(rough, (0, 0), float(rng.uniform(1.5, 6)))
    return (soft - soft.mean()) / soft.std() * 40 + 120


def _crowd(rng: Generator) -> Image:
    scene = hall(rng)
    for _ in range(int(rng.integers(2, 6))):
        x, y, r = int(rng.integers(100, 1180)), int(rng.integers(150, 600)), int(rng.integers(50, 170))
        cv2.ellipse(scene, (x, y), (r, int(r * 1.3)), 0, 0, 360, float(rng.uniform(90, 200)), -1)
        cv2.ellipse(scene, (x - r // 3, y - r // 4), (r // 7, r // 12), 0, 0, 360, 30.0, -1)
        cv2.ellipse(scene, (x + r // 3, y - r // 4), (r // 7, r // 12), 0, 0, 360, 30.0, -1)
    return cv2.GaussianBlur(scene, (0, 0), 1.2)


KINDS = ("nominal", "defocus", "motion", "perspective", "glare", "low_light", "moire", "combined")
_EMPTY: tuple[Callable[[Generator], Image], ...] = (hall, _stripes, _squares, _writing, _grain, _crowd)


def phone_frames(seed: int, per_kind: int) -> Iterator[PhoneFrame]:
    """Yield ``per_kind`` frames of each kind; different ``seed`` values share no frame."""
    for index in range(per_kind):
        for kind in KINDS:
            yield phone_frame(kind, seed * 1000 + index)


def empty_frame(seed: int) -> Image:
    """Return a BGR frame without any code: a hall, people, writing, stripes, squares, grain."""
    rng = np.random.default_rng([99, seed])
    draw = _EMPTY[seed % len(_EMPTY)]
    return _sensor(draw(rng), float(rng.uniform(1.5, 5)), rng)
