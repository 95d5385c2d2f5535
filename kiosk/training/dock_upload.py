"""What is uploaded to the dock is taken only when it is a picture of sensible size, else refused in words."""

from __future__ import annotations

import io

from fastapi import Request
from PIL import Image
from starlette.concurrency import run_in_threadpool

UPLOAD_LIMIT = 8 * 1024 * 1024
_MOST_PIXELS = 50_000_000
_FORMATS = ("PNG", "JPEG")


class DockRefusalError(Exception):
    """An order that the dock does not carry out: HTTP status, stable code, and English words."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail


async def read_picture(request: Request) -> bytes:
    """Return the body when it is a PNG or JPEG of at most 8 MB. Raises ``DockRefusalError``."""
    body = bytearray()
    async for block in request.stream():
        body += block
        if len(body) > UPLOAD_LIMIT:
            raise DockRefusalError(413, "picture.too_large", f"more than {UPLOAD_LIMIT // 2**20} MB")
    await run_in_threadpool(_check, bytes(body))
    return bytes(body)


def _check(body: bytes) -> None:
    try:
        with Image.open(io.BytesIO(body), formats=_FORMATS) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                raise DockRefusalError(
                    413, "picture.too_large", f"{picture.width}x{picture.height} pixels are too many"
                )
            picture.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DockRefusalError(
            422, "picture.unreadable", f"not a PNG or JPEG that can be read ({type(error).__name__})"
        ) from None
