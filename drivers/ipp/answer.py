"""Looks over an IPP answer before pyipp parses it: pyipp follows negative lengths backwards, and so for ever."""

from __future__ import annotations

import struct

_OPERATION, _JOB, _END, _PRINTER, _UNSUPPORTED = 0x01, 0x02, 0x03, 0x04, 0x05
_GROUPS = (_OPERATION, _JOB, _PRINTER, _UNSUPPORTED)
"""RFC 8010, 3.5.1: the delimiter tags that pyipp knows."""
_FIXED = {0x21: 4, 0x22: 1, 0x23: 4, 0x31: 11, 0x32: 9}
"""RFC 8010, 3.9: octets of integer, boolean, enum, dateTime and resolution; pyipp steps by these, whatever is said."""
_WITH_LANGUAGE = (0x35, 0x36)
_BEGIN_COLLECTION, _END_COLLECTION = 0x34, 0x37
_LOWEST_VALUE_TAG = 0x10
_HEADER_BYTES = 8
_DEEPEST = 16


class BadAnswerError(ValueError):
    """The bytes are no IPP answer that can be read; the text says where it goes wrong."""


def checked(data: bytes) -> bytes:
    """Return the answer without its empty groups, which pyipp misreads. Raises ``BadAnswerError``.

    After it every length lies within the data, so that pyipp's parser always moves forward.
    """
    if len(data) < _HEADER_BYTES:
        raise BadAnswerError(f"{len(data)} bytes")
    kept = bytearray(data[:_HEADER_BYTES])
    at, depth, group = _HEADER_BYTES, 0, b""
    while True:
        if at >= len(data):
            raise BadAnswerError("no end of attributes")
        tag = data[at]
        if tag < _LOWEST_VALUE_TAG:
            if depth:
                raise BadAnswerError(f"a group inside a collection at {at}")
            if tag == _END:
                if len(kept) == _HEADER_BYTES:
                    raise BadAnswerError("no attributes")
                return bytes(kept + data[at : at + 1])
            if tag not in _GROUPS:
                raise BadAnswerError(f"group {tag:#04x} at {at}")
            group, at = data[at : at + 1], at + 1
            continue
        if group == b"" and len(kept) == _HEADER_BYTES:
            raise BadAnswerError("an attribute outside a group")
        end = _attribute_end(data, at)
        depth += {_BEGIN_COLLECTION: 1, _END_COLLECTION: -1}.get(tag, 0)
        if not 0 <= depth <= _DEEPEST:
            raise BadAnswerError(f"collections do not match at {at}")
        kept += group + data[at:end]
        group, at = b"", end


def _attribute_end(data: bytes, at: int) -> int:
    """Return where the attribute at ``at`` ends: tag, length and name, length and value."""
    tag = data[at]
    value_at = at + 3 + _length(data, at + 1)
    length = _length(data, value_at)
    end = value_at + 2 + length
    if end > len(data):
        raise BadAnswerError(f"an attribute at {at} is cut short")
    if _FIXED.get(tag, length) != length:
        raise BadAnswerError(f"{length} octets of value {tag:#04x} at {at}")
    if tag in _WITH_LANGUAGE:
        language = _length(data, value_at + 2)
        if language + 4 > length or language + 4 + _length(data, value_at + 4 + language) != length:
            raise BadAnswerError(f"a text with language at {at}")
    return end


def _length(data: bytes, at: int) -> int:
    if at + 2 > len(data):
        raise BadAnswerError(f"a length at {at} is cut short")
    (length,) = struct.unpack_from(">h", data, at)
    if length < 0:
        raise BadAnswerError(f"a length of {length} at {at}")
    return int(length)
