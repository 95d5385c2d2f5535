"""What goes between reader and card, in a technician's words: which command, which answer, and no personal byte."""

from __future__ import annotations

from drivers.wire import MASK, shown

_FILES = {
    b"\x3f\x00": "the card's root",
    b"\xef\x05": "EF05 (card)",
    b"\xef\x06": "EF06 (holder)",
    b"\x01\x1c": "CardAccess",
    b"\x01\x1e": "COM",
    b"\x01\x1d": "SOD",
    b"\x01\x01": "DG1",
    b"\x01\x02": "DG2",
}
_APPLICATIONS = {
    bytes.fromhex("7378312E73682EC9E7BBE1B1A3D5CF"): "social security",
    bytes.fromhex("A0000002471001"): "travel document",
}
_SECURE_MESSAGING = 0x0C
_STATUS_WORDS = {
    0x9000: "done",
    0x6282: "end of file",
    0x6300: "authentication failed",
    0x6700: "wrong length",
    0x6982: "not allowed without authentication",
    0x6985: "not allowed now",
    0x6986: "no file selected",
    0x6988: "secure messaging is wrong",
    0x6A80: "wrong data",
    0x6A81: "not supported",
    0x6A82: "no such file or application",
    0x6A83: "no such record",
    0x6A86: "wrong parameters",
    0x6A88: "no such data",
    0x6B00: "past the end",
    0x6D00: "unknown instruction",
    0x6E00: "unknown class",
}


def command(apdu: bytes) -> tuple[str, str]:
    """Return a command's bytes and its meaning. Data are masked but for plain SELECT, which names files only."""
    plain_select = apdu[:2] == b"\x00\xa4"
    return shown(apdu, None if plain_select else slice(5, None)), _meaning(apdu)


def answer(apdu: bytes) -> tuple[str, str]:
    """Return an answer's bytes, all masked but the status word, and its meaning. Whole answers end in a status word."""
    if len(apdu) < 2:
        return MASK * len(apdu), "no status word"
    word = int.from_bytes(apdu[-2:], "big")
    return shown(apdu, slice(0, -2)), f"{len(apdu) - 2} bytes, {word:04X} {_status(word)}".rstrip()


def answer_to_reset(atr: bytes) -> str:
    """Return an answer to reset up to its category indicator; what follows is masked.

    ISO/IEC 7816-3: TS, T0 (high half: which of TA TB TC TD follow; low half: how many historical bytes), each TD announcing the
    next group likewise, the historical bytes, a checksum. Up to there it is the same for every card of a model. The historical
    bytes are the issuer's (ISO/IEC 7816-4: the first says their category), and some hold the chip's serial number, which
    tells one person's card from another's; the checksum is the XOR of all and would give a masked byte away.
    """
    announced, place = atr[1:2], 2
    while announced and announced[0] & 0xF0:
        place += (announced[0] >> 4).bit_count()
        announced = atr[place - 1 : place] if announced[0] & 0x80 else b""
    return shown(atr, slice(place + 1, None))


def _status(word: int) -> str:
    if word in _STATUS_WORDS:
        return _STATUS_WORDS[word]
    return {0x61: "more to fetch", 0x6C: "wrong length asked for"}.get(word >> 8, "")


def _meaning(apdu: bytes) -> str:
    if len(apdu) < 4:
        return "no command"
    kind, instruction, p1, p2 = apdu[:4]
    secured = ", encrypted" if kind == _SECURE_MESSAGING else ""
    match instruction:
        case 0xA4:
            return f"select {'' if secured else _selected(apdu[2], apdu[5:])}".rstrip() + secured
        case 0xB0 if kind == 0xFF:
            return f"read text and photo, page {p1}"
        case 0xB0:
            return f"read binary at {(p1 << 8 | p2) & 0x7FFF}" + secured
        case 0xB2:
            return f"read record {p1}" if p2 & 0x04 else f"read record tagged {p1:02X}"
        case 0x22:
            return "start PACE"
        case _:
            names = {
                0x36: "chip's serial number",
                0x82: "mutual authentication",
                0x84: "get challenge",
                0x86: "PACE round",
                0xC0: "get response",
            }
            return names.get(instruction, f"instruction {instruction:02X}") + secured


def _selected(p1: int, data: bytes) -> str:
    if p1 == 0x04:
        return f"application {_APPLICATIONS.get(data, data.hex())}"
    return f"file {_FILES.get(data[:2], data[:2].hex().upper())}"
