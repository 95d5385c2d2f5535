"""What makes the bytes of a scanned code acceptable, the same rule for the camera and for serial scanners."""

from __future__ import annotations

import unicodedata

from drivers.qr_scanner import QrPayload, QrRefused

MAXIMUM_BYTES = 1024
"""Longest accepted code. Tokens, receipt codes and form addresses stay below a few hundred bytes, and a symbol that a
phone shows and a camera still reads seldom passes 1 KB, though the largest could hold 2953 (ISO/IEC 18004, 40-L)."""

_CONTROL = ("Cc", "Zl", "Zp")
_NOT_CHARACTERS = ("Cn", "Co", "Cs")
_FIRST_IDEOGRAPHIC_PLANE, _LAST_IDEOGRAPHIC_PLANE = 2, 3


def accept(data: bytes, symbology: str, scanned_at: float) -> QrPayload | QrRefused:
    """Judge a code's bytes; ``scanned_at`` is seconds since the epoch, ``symbology`` is handed through.

    The text is strict UTF-8, else GB18030. Refused: longer than ``MAXIMUM_BYTES``; neither encoding, empty, or spelling
    code points that are no characters; control characters, among them line breaks.
    """
    if len(data) > MAXIMUM_BYTES:
        return QrRefused("code.too_long", f"{len(data)} bytes")
    text = _decode(data)
    if text is None or not text or any(_is_no_character(character) for character in text):
        return QrRefused("code.not_text", f"{len(data)} bytes")
    controls = sum(unicodedata.category(character) in _CONTROL for character in text)
    if controls:
        return QrRefused("code.control_characters", f"{controls} in {len(data)} bytes")
    return QrPayload(data, text, symbology, scanned_at)


def _decode(data: bytes) -> str | None:
    for encoding in ("utf-8", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _is_no_character(character: str) -> bool:
    # GB18030 maps nearly every four bytes to something, so rubbish decodes to unassigned code points. The ideographic
    # planes are exempt: rare names use extensions newer than Python's tables.
    if _FIRST_IDEOGRAPHIC_PLANE <= ord(character) >> 16 <= _LAST_IDEOGRAPHIC_PLANE:
        return False
    return unicodedata.category(character) in _NOT_CHARACTERS
