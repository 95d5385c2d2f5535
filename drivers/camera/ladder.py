"""Reads codes from frames, a cheap decoder first and dearer ones after: bad pictures are read, empty ones cost little.

Why these rungs and this order: zxing-cpp reads more than zbar, ten times cheaper and never wrong; softening helps
against noise, sharpening against defocus, enlarging for small codes, a local threshold against stripes and glare, and
zbar reads codes that have lost a corner, which zxing-cpp does not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray

from drivers.camera import zbar

Picture = NDArray[np.uint8]
"""BGR (height, width, 3) or grey (height, width)."""

REGION = 420
"""Side in pixels of the window with most gradient energy: a code at arm's length fits, and doubling it stays cheap."""

_ENERGY_SCALE = 4
# Not the whole family: a Micro QR code may have no error correction at all, and nobody shows one to a terminal.
_QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCodeModel2)
_BARS = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.Code128, zxingcpp.BarcodeFormat.EAN13])
_PDF417 = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.PDF417)


@dataclass(frozen=True, repr=False)
class Code:
    """One code: its bytes as they are, symbology (``qr_code``, ``code_128``, ``ean_13``, ``pdf_417``) and the rung that read it."""

    data: bytes
    symbology: str
    rung: str

    def __repr__(self) -> str:
        return f"Code({self.symbology}, {len(self.data)} bytes, {self.rung})"


class _View:
    """One frame with what several rungs need of it, made when first asked for."""

    def __init__(self, image: Picture) -> None:
        self._image = image

    @cached_property
    def grey(self) -> Picture:
        if self._image.ndim == 2:
            return self._image
        return np.asarray(cv2.cvtColor(self._image, cv2.COLOR_BGR2GRAY), np.uint8)

    @cached_property
    def region(self) -> Picture:
        height, width = self.grey.shape
        if height <= REGION and width <= REGION:
            return self.grey
        small = cv2.resize(
            self.grey,
            (max(2, width // _ENERGY_SCALE), max(2, height // _ENERGY_SCALE)),
            interpolation=cv2.INTER_AREA,
        ).astype(np.int16)
        energy = np.abs(small[:-1, 1:] - small[:-1, :-1]) + np.abs(small[1:, :-1] - small[:-1, :-1])
        side = REGION // _ENERGY_SCALE
        window = cv2.boxFilter(energy.astype(np.float32), -1, (side, side), borderType=cv2.BORDER_CONSTANT)
        y, x = divmod(int(np.argmax(window)), window.shape[1])
        left = min(max(x * _ENERGY_SCALE - REGION // 2, 0), max(width - REGION, 0))
        top = min(max(y * _ENERGY_SCALE - REGION // 2, 0), max(height - REGION, 0))
        return self.grey[top : top + REGION, left : left + REGION]

    @cached_property
    def doubled(self) -> Picture:
        return np.asarray(cv2.resize(self.region, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), np.uint8)

    @cached_property
    def doubled_sharpened(self) -> Picture:
        # Blurred before it is enlarged: a quarter of the work, and as far from it as the eye or a decoder can tell.
        soft = cv2.resize(_blurred(self.region, 2.5), self.doubled.shape[::-1], interpolation=cv2.INTER_LINEAR)
        return np.asarray(cv2.addWeighted(self.doubled, 7, soft, -6, 0), np.uint8)


def _blurred(grey: Picture, sigma: float) -> Picture:
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), sigma), np.uint8)


def _sharpened(grey: Picture, sigma: float, amount: float) -> Picture:
    return np.asarray(cv2.addWeighted(grey, 1 + amount, _blurred(grey, sigma), -amount, 0), np.uint8)


def _thresholded(grey: Picture) -> Picture:
    soft = _blurred(grey, 1.5)
    white = cv2.adaptiveThreshold(soft, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, 51, 2)
    return np.asarray(white, np.uint8)


def _read(grey: Picture, formats: zxingcpp.BarcodeFormats, rung: str) -> tuple[Code, ...]:
    found = zxingcpp.read_barcodes(grey, formats=formats)
    # Asked for PDF417, it gives MicroPDF417 as well.
    return tuple(Code(code.bytes, _SYMBOLOGIES[code.format], rung) for code in found if code.format in _SYMBOLOGIES)


def _read_twice(view: _View, formats: zxingcpp.BarcodeFormats, rung: str) -> tuple[Code, ...]:
    """Return what is read alike in the frame and in an enlarged one: bars have little or no error correction.

    One in sixty small ones was read wrong; those were not wrong alike twice. A frame without any is not looked at again.
    """
    found = _read(view.grey, formats, rung)
    if not found:
        return ()
    larger = np.asarray(cv2.resize(view.grey, None, fx=1.5, fy=1.5, interpolation=cv2.INTER_CUBIC), np.uint8)
    again = _read(larger, formats, rung)
    return tuple(code for code in found if code in again)


_SYMBOLOGIES: dict[zxingcpp.BarcodeFormat, str] = {
    zxingcpp.BarcodeFormat.QRCode: "qr_code",
    zxingcpp.BarcodeFormat.QRCodeModel2: "qr_code",
    zxingcpp.BarcodeFormat.Code128: "code_128",
    zxingcpp.BarcodeFormat.EAN13: "ean_13",
    zxingcpp.BarcodeFormat.PDF417: "pdf_417",
}

Rung = Callable[[_View, str], tuple[Code, ...]]

FIRST = "plain"
_RUNGS: dict[str, Rung] = {
    FIRST: lambda view, rung: _read(view.grey, _QR, rung),
    "blurred": lambda view, rung: _read(_blurred(view.grey, 1.2), _QR, rung),
    "region_sharpened": lambda view, rung: _read(view.doubled_sharpened, _QR, rung),
    "region": lambda view, rung: _read(view.doubled, _QR, rung),
    "zbar": lambda view, rung: tuple(Code(data, "qr_code", rung) for data in zbar.read_qr(view.region)),
    "sharpened": lambda view, rung: _read(_sharpened(view.grey, 2, 3), _QR, rung),
    "region_thresholded": lambda view, rung: _read(_thresholded(view.doubled), _QR, rung),
    "bars": lambda view, rung: _read_twice(view, _BARS, rung),
    "pdf_417": lambda view, rung: _read_twice(view, _PDF417, rung),
}

RUNGS: tuple[str, ...] = tuple(_RUNGS)
"""Names of the rungs in the order they are tried; the first is tried on every frame."""

CYCLE = len(RUNGS) - 1
"""Frames of a stream after which every rung had its turn."""


def read_rung(image: Picture, rung: str) -> tuple[Code, ...]:
    """Try one rung alone, for tests and measurements; KeyError when there is none of that name."""
    return _RUNGS[rung](_View(image), rung)


def decode_once(image: Picture) -> tuple[Code, ...]:
    """Return the codes that the first successful rung finds in a single picture, empty when none of them finds any."""
    view = _View(image)
    for name, rung in _RUNGS.items():
        if codes := rung(view, name):
            return codes
    return ()


class Ladder:
    """Reads a stream of frames: the first rung on each, and one of the others in turn where that finds nothing.

    A citizen holds a code for thirty frames or more, so every rung sees it several times within a second.
    """

    def __init__(self) -> None:
        self._turn = 0
        self.last = FIRST
        """Name of the rung that was tried last."""

    def offer(self, image: Picture) -> tuple[Code, ...]:
        """Return the codes found in the next frame of the stream."""
        view = _View(image)
        self.last = FIRST
        if codes := _RUNGS[FIRST](view, FIRST):
            return codes
        self._turn = self._turn % CYCLE + 1
        self.last = RUNGS[self._turn]
        return _RUNGS[self.last](view, self.last)
