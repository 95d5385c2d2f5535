"""The ESC/POS commands of a receipt, taken from python-escpos so that we keep no second list of them."""

from __future__ import annotations

import os
import shutil
from bisect import bisect_left
from collections.abc import Callable
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from drivers.receipt_printer import Align

if TYPE_CHECKING:
    from PIL.Image import Image

PAPER_DOTS = 576
"""Printable width of 80 mm paper at 203 dots an inch."""

KANJI_ON = b"\x1c\x26"
"""FS &: bytes above 0x80 are now pairs of GB 18030."""
KANJI_OFF = b"\x1c\x2e"
"""FS .: bytes are now characters of the code page."""

_QR_BYTES_M = (
    *(14, 26, 42, 62, 84, 106, 122, 152, 180, 213, 251, 287, 331, 362, 412, 450, 504, 560, 624, 666),
    *(
        711,
        779,
        857,
        911,
        997,
        1059,
        1125,
        1190,
        1264,
        1370,
        1452,
        1538,
        1628,
        1722,
        1809,
        1911,
        1989,
        2099,
        2213,
        2331,
    ),
)
"""Bytes that QR code versions 1 to 40 hold at error correction level M (ISO/IEC 18004, table 7)."""
LARGEST_QR_BYTES = _QR_BYTES_M[-1]
_LEVEL_M = 1
_ALIGN_NAMES = {Align.LEFT: "left", Align.CENTRE: "center", Align.RIGHT: "right"}
_OWN_CACHE = "ESCPOS_CAPABILITIES_PICKLE_DIR"
"""With which whoever sets up the machine gives python-escpos a lasting folder for its cache."""
_LINES_TO_KNIFE = 6
_PRINTER_PROFILE = "TM-T20II"
"""A profile of python-escpos with 576 dots, a full cut and native QR codes; it decides nothing else here."""


@cache
def _library() -> Any:
    """Import python-escpos and remove the folder that each import of it leaves in the temporary directory, with its own cache."""
    from escpos import capabilities, printer  # pyright: ignore[reportMissingTypeStubs]

    if _OWN_CACHE not in os.environ:
        shutil.rmtree(capabilities.pickle_dir, ignore_errors=True)
    return printer


def _recorded(record: Callable[[Any], None]) -> bytes:
    recorder: Any = _library().Dummy(profile=_PRINTER_PROFILE)
    record(recorder)
    return bytes(recorder.output)


@lru_cache(maxsize=1)
def initialise() -> bytes:
    """Return ESC @: every setting back to its default, the print buffer cleared."""
    return _recorded(lambda recorder: recorder.hw("INIT"))


@lru_cache(maxsize=32)
def style(align: Align, scale: int, bold: bool) -> bytes:
    """Return the settings of the lines that follow; GS ! sizes Latin and Chinese characters alike."""
    return _recorded(
        lambda recorder: recorder.set(align=_ALIGN_NAMES[align], bold=bold, custom_size=True, width=scale, height=scale)
    )


@lru_cache(maxsize=32)
def feed(lines: int) -> bytes:
    """Return ESC d: print and feed ``lines`` (0 to 255) lines."""
    return _recorded(lambda recorder: recorder.print_and_feed(lines))


def cut(command: bytes) -> bytes:
    """Return the feed that brings the last line past the knife, and the printer's own command to cut."""
    return feed(_LINES_TO_KNIFE) + command


def qr(data: str, module: int, dots: int = PAPER_DOTS) -> bytes:
    """Return GS ( k: a QR code that the printer draws itself, error correction M.

    ``module`` is made smaller where the code would be wider than the paper. Raises ``ValueError`` when there is nothing
    to draw or more than a QR code holds.
    """
    size = len(data.encode())
    version = bisect_left(_QR_BYTES_M, size) + 1
    if not data or version > len(_QR_BYTES_M):
        raise ValueError(f"a QR code of {size} bytes cannot be printed")
    widest = dots // (17 + 4 * version)
    return _recorded(lambda recorder: recorder.qr(data, ec=_LEVEL_M, size=max(1, min(module, widest, 16)), native=True))


def raster(image: Image) -> bytes:
    """Return GS v 0: an image (mode "1", black on white, no wider than the paper) that stands at the set alignment."""
    return _recorded(lambda recorder: recorder.image(image, impl="bitImageRaster"))
