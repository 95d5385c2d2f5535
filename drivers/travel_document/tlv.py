"""Tag, length, value (ISO 7816-4, BER): what travel documents' files and secure messages are made of, read within bounds."""

from __future__ import annotations

from dataclasses import dataclass

_MULTIPLE_BYTES = 0x1F
_MOST_TAG_BYTES = 3
_MOST_LENGTH_BYTES = 3  # a file of 16 MiB: more than any card holds


class InvalidDataError(Exception):
    """Bytes break the rules of what they should be; the message names the rule, never the content."""


@dataclass(frozen=True, repr=False)
class Item:
    """One item: its tag as a number (``0x7F61``), its value, and where the next one begins."""

    tag: int
    value: bytes
    end: int


def header(data: bytes, offset: int = 0) -> tuple[int, int, int]:
    """Return tag, length of the value, and where the value begins, also where the value is not there yet.

    Raises ``InvalidDataError``, as for an indefinite length, which no file of a travel document has.
    """
    try:
        first = data[offset]
        position = offset + 1
        tag = first
        if first & _MULTIPLE_BYTES == _MULTIPLE_BYTES:
            while True:
                part = data[position]
                position += 1
                tag = tag << 8 | part
                if not part & 0x80:
                    break
                if position - offset >= _MOST_TAG_BYTES:
                    raise InvalidDataError("tag too long")
        length = data[position]
        position += 1
        if length >= 0x80:
            count = length & 0x7F
            if not 1 <= count <= _MOST_LENGTH_BYTES or position + count > len(data):
                raise InvalidDataError("length of a length")
            length = int.from_bytes(data[position : position + count], "big")
            position += count
    except IndexError:
        raise InvalidDataError("ends within a header") from None
    return tag, length, position


def read(data: bytes, offset: int = 0) -> Item:
    """Return the item that begins at ``offset``. Raises ``InvalidDataError``."""
    tag, length, start = header(data, offset)
    if start + length > len(data):
        raise InvalidDataError(f"tag {tag:X} ends after its holder")
    return Item(tag, data[start : start + length], start + length)


def read_all(data: bytes) -> tuple[Item, ...]:
    """Return all items, one after the other. Raises ``InvalidDataError``."""
    items: list[Item] = []
    offset = 0
    while offset < len(data):
        item = read(data, offset)
        items.append(item)
        offset = item.end
    return tuple(items)


def find(data: bytes, tag: int) -> bytes:
    """Return the value of the first item with this tag. Raises ``InvalidDataError`` when there is none."""
    for item in read_all(data):
        if item.tag == tag:
            return item.value
    raise InvalidDataError(f"no tag {tag:X}")


def encode(tag: int, value: bytes) -> bytes:
    """Return one item; lengths in their shortest form."""
    length = len(value)
    if length < 0x80:
        size = bytes([length])
    else:
        octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
        size = bytes([0x80 | len(octets)]) + octets
    return tag.to_bytes((tag.bit_length() + 7) // 8 or 1, "big") + size + value
