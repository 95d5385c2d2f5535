"""Measures how long a receipt takes to encode and how big it is, against the same receipt drawn as an image."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from escpos.printer import Dummy
from PIL import Image, ImageDraw, ImageFont

from drivers.escpos.encode import ReceiptEncoder
from drivers.receipt_printer import Align, Cut, QrCode, ReceiptDocument, Text

FONTS = Path(__file__).resolve().parent.parent / "assets" / "fonts"
TITLE = "政务服务受理回执"
LINES = tuple(f"第{number:02d}行：城乡居民医疗保险参保登记" for number in range(20))
CODE = "11430600MB1234567X4000123456789202503140042"
ROUNDS = 15
LINE_DOTS = 30


def as_image(font: ImageFont.FreeTypeFont) -> bytes:
    """Encode the receipt as python-escpos' users do who want Chinese to come out right everywhere."""
    page = Image.new("L", (576, LINE_DOTS * (len(LINES) + 2)), 255)
    pen = ImageDraw.Draw(page)
    pen.text((288, 0), TITLE, font=font, fill=0, anchor="ma")
    for number, line in enumerate(LINES, start=2):
        pen.text((0, number * LINE_DOTS), line, font=font, fill=0)
    recorder = Dummy(profile="TM-T20II")
    recorder.image(page)
    recorder.qr(CODE, size=6)
    recorder.cut()
    return recorder.output


def median_ms(encode: Callable[[], bytes]) -> float:
    """Return the median of several runs, after one that warms caches up."""
    encode()
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        encode()
        times.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times)


def measure() -> dict[str, float]:
    """Return milliseconds and bytes of both ways, and how many times more the image takes."""
    encoder = ReceiptEncoder(FONTS)
    document = ReceiptDocument(
        (Text(TITLE, Align.CENTRE, scale=2), *(Text(line) for line in LINES), QrCode(CODE), Cut())
    )
    font = ImageFont.truetype(str(FONTS / "NotoSansSC-Regular.otf"), 24)
    text_ms, image_ms = median_ms(lambda: encoder.encode(document)), median_ms(lambda: as_image(font))
    text_bytes, image_bytes = len(encoder.encode(document)), len(as_image(font))
    return {
        "receipt_encode_ms": text_ms,
        "receipt_bytes": float(text_bytes),
        "receipt_image_ms": image_ms,
        "receipt_image_bytes": float(image_bytes),
        "receipt_image_time_ratio": image_ms / text_ms,
        "receipt_image_bytes_ratio": image_bytes / text_bytes,
    }


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
