"""Reads the papers that came out of the virtual printer, as a citizen's telephone would."""

import io

import zxingcpp
from PIL import Image


def codes_on(paper):
    """Return the texts of all QR codes on a paper (PNG)."""
    with Image.open(io.BytesIO(paper)) as picture:
        found = zxingcpp.read_barcodes(
            picture.convert("L"), formats=zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])
        )
    return [code.text for code in found]
