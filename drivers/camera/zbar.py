"""Reads QR codes with libzbar as raw bytes: pyzbar's own call lets it guess a charset, which garbles Chinese texts."""

from __future__ import annotations

from ctypes import c_char_p, c_void_p, cast, string_at

import numpy as np
from numpy.typing import NDArray
from pyzbar import wrapper  # pyright: ignore[reportMissingTypeStubs]

_GREY = int.from_bytes(b"Y800", "little")  # zbar.h, zbar_fourcc: one byte of brightness a pixel
_ENABLE = 0  # zbar.h, ZBAR_CFG_ENABLE
_BINARY = 4  # zbar.h, ZBAR_CFG_BINARY, since 0.23.1: the payload as it is; pyzbar does not name it
_ALL, _QR = 0, 64  # zbar.h, zbar_symbol_type_t: ZBAR_NONE stands for every symbology here


def read_qr(grey: NDArray[np.uint8]) -> tuple[bytes, ...]:
    """Return the payloads of the QR codes in a grey picture (height, width).

    A libzbar that cannot hand out raw bytes gives only payloads of pure ASCII, which no guess can harm.
    Raises MemoryError when libzbar has none left, OSError when it does not take the picture.
    """
    height, width = grey.shape
    pixels = np.ascontiguousarray(grey).tobytes()
    scanner = wrapper.zbar_image_scanner_create()
    image = wrapper.zbar_image_create()
    if not scanner or not image:
        raise MemoryError("libzbar")
    try:
        wrapper.zbar_image_scanner_set_config(scanner, _ALL, _ENABLE, 0)
        wrapper.zbar_image_scanner_set_config(scanner, _QR, _ENABLE, 1)
        raw = wrapper.zbar_image_scanner_set_config(scanner, _QR, _BINARY, 1) == 0
        wrapper.zbar_image_set_format(image, _GREY)
        wrapper.zbar_image_set_size(image, width, height)
        wrapper.zbar_image_set_data(image, cast(c_char_p(pixels), c_void_p), len(pixels), None)
        if wrapper.zbar_scan_image(scanner, image) < 0:
            raise OSError("libzbar did not take the picture")
        found: list[bytes] = []
        symbol = wrapper.zbar_image_first_symbol(image)
        while symbol:
            data = string_at(wrapper.zbar_symbol_get_data(symbol), wrapper.zbar_symbol_get_data_length(symbol))
            if raw or data.isascii():
                found.append(data)
            symbol = wrapper.zbar_symbol_next(symbol)
        return tuple(found)
    finally:
        wrapper.zbar_image_destroy(image)
        wrapper.zbar_image_scanner_destroy(scanner)
