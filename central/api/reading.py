"""Reads request bodies up to a limit, before anything looks inside them."""

from __future__ import annotations

from starlette.requests import Request

SUBMISSION_BYTES = 12 * 1024 * 1024
SMALL_BYTES = 256 * 1024
_PATIENCE = 4  # so many times the limit is read and thrown away, so that the sender gets to read why


class TooLargeError(Exception):
    """The body is larger than this address takes."""


async def read_body(request: Request, limit: int) -> bytes:
    """Return the body. Raises ``TooLargeError`` beyond ``limit`` bytes, without ever holding more than that."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit * _PATIENCE:
        raise TooLargeError
    body = bytearray()
    seen = 0
    async for chunk in request.stream():
        seen += len(chunk)
        if seen > limit * _PATIENCE:
            raise TooLargeError
        if seen <= limit:
            body += chunk
    if seen > limit:
        raise TooLargeError
    return bytes(body)
