"""The files of a travel document (ICAO Doc 9303 part 10): the zone in DG1, the portrait in DG2, the signed hashes in SOD."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from drivers.travel_document import mrz, tlv
from drivers.travel_document.tlv import InvalidDataError


@dataclass(frozen=True)
class File:
    """Where a file lies, its outer tag, and the most bytes that are believed of it."""

    identifier: int
    tag: int
    longest: int


CARD_ACCESS = File(0x011C, 0x31, 4096)
DG1 = File(0x0101, 0x61, 256)
DG2 = File(0x0102, 0x75, 262_144)
SOD = File(0x011D, 0x77, 65_536)

# Doc 9303 part 10, 4.7.2; ISO/IEC 19794-5:2005, 5: what lies around the picture.
_GROUP, _INSTANCE, _HEADER, _COUNT = 0x7F61, 0x7F60, 0xA1, 0x02
_PICTURES = (0x5F2E, 0x7F2E)
_FACE = b"FAC\x00010\x00"
_FACE_HEADER = struct.Struct(">8sIH")  # format and version, length of the whole, faces
_FACE_INFORMATION = struct.Struct(">IH14x")  # length of this face, feature points
_FEATURE_POINT = 8
_IMAGE_INFORMATION = 12
_JPEG = (b"\xff\xd8\xff",)
_JPEG_2000 = (b"\x00\x00\x00\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51")  # as a file, or the bare code stream


def zone(dg1: bytes) -> mrz.Zone:
    """Return the zone that DG1 holds. Raises ``InvalidDataError``."""
    try:
        text = tlv.find(tlv.find(dg1, DG1.tag), 0x5F1F).decode("ascii")
    except UnicodeDecodeError:
        raise InvalidDataError("zone: characters") from None
    return mrz.parse(text)


def portrait(dg2: bytes) -> bytes:
    """Return the first picture of DG2, a JPEG or JPEG 2000 by its first bytes. Raises ``InvalidDataError``."""
    group = tlv.find(tlv.find(dg2, DG2.tag), _GROUP)
    for item in tlv.read_all(tlv.find(group, _INSTANCE)):
        if item.tag in _PICTURES:
            return _picture(item.value)
    raise InvalidDataError("DG2: no picture")


def signed_data(sod: bytes) -> bytes:
    """Return the signature (CMS, DER) that SOD holds. Raises ``InvalidDataError``."""
    return tlv.find(sod, SOD.tag)


def _picture(record: bytes) -> bytes:
    try:
        form, _, faces = _FACE_HEADER.unpack_from(record)
        face_size, points = _FACE_INFORMATION.unpack_from(record, _FACE_HEADER.size)
    except struct.error:
        raise InvalidDataError("DG2: ends within a header") from None
    start = _FACE_HEADER.size + _FACE_INFORMATION.size + points * _FEATURE_POINT + _IMAGE_INFORMATION
    end = _FACE_HEADER.size + face_size
    if form != _FACE or faces < 1:
        raise InvalidDataError("DG2: not ISO/IEC 19794-5")
    if not start < end <= len(record):
        raise InvalidDataError("DG2: lengths")
    picture = record[start:end]
    if not picture.startswith(_JPEG + _JPEG_2000):
        raise InvalidDataError("DG2: neither JPEG nor JPEG 2000")
    return picture
