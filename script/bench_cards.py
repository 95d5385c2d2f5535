"""Measures what our card reading costs over a bare loop of the same six commands, on the same virtual card.

From presence to identity, without detection: connecting, six pages, disconnecting, and for ours also the checks and the
parsed identity. Run as a program it prints the numbers; ``measure`` gives them to ``script/bench``.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event

from smartcard import scard
from smartcard.pcsc.PCSCReader import PCSCReader

from drivers.base import Deadline
from drivers.card_reader import DocumentKind, IdentityDocument
from drivers.cards.resident_id import check_digit
from drivers.pcsc.reader import PcscCardReader
from drivers.sim.pcsc import VirtualPcsc, process_directory
from drivers.sim.virtual_card import SamBackedCard

ROUNDS = 200

_CITIZEN = IdentityDocument(
    kind=DocumentKind.RESIDENT,
    number="11010519900307002" + check_digit("11010519900307002"),
    name="李测试",
    name_en="",
    sex="2",
    birth=date(1990, 3, 7),
    valid_from=date(2020, 1, 2),
    valid_to=None,
    nation="01",
    address="样例市测试路1号",
    issuer="样例市公安局",
    photo=bytes(range(256)) * 4,
)


def _pyscard_loop(reader: PCSCReader) -> bytes:
    connection = reader.createConnection()
    connection.connect()
    data: list[int] = []
    for page in range(6):
        part, sw1, sw2 = connection.transmit([0xFF, 0xB0, page, 0x00, 0x00])
        if (sw1, sw2) != (0x90, 0x00):
            raise RuntimeError(f"{sw1:02X}{sw2:02X}")
        data += part
    connection.disconnect()
    return bytes(data)


def _low_level_loop(context: int, reader: str) -> bytes:
    _, card, _ = scard.SCardConnect(context, reader, scard.SCARD_SHARE_SHARED, scard.SCARD_PROTOCOL_ANY)
    data: list[int] = []
    for page in range(6):
        result, answer = scard.SCardTransmit(card, scard.SCARD_PCI_T1, [0xFF, 0xB0, page, 0x00, 0x00])
        if result or answer[-2:] != [0x90, 0x00]:
            raise RuntimeError(f"0x{result & 0xFFFFFFFF:08X}")
        data += answer[:-2]
    scard.SCardDisconnect(card, scard.SCARD_LEAVE_CARD)
    return bytes(data)


def _lay_card(directory: Path, control: Connection) -> None:
    """Keep a card on a reader until the other end is closed: in a process of its own, as a card's chip is one of its own."""
    service = VirtualPcsc(directory)
    service.start(Deadline.after(10))
    service.insert(SamBackedCard(_CITIZEN))
    control.send("ready")
    with contextlib.suppress(EOFError):
        control.recv()
    service.stop()


def measure() -> dict[str, float]:
    """Return the medians in ms: ours, and the bare loop's through pyscard's connection and through its low-level calls.

    ``ratio`` is ours to pyscard's connection, ``low_level_ratio`` to the lowest calls there are. All in turn, so that
    whatever else the machine does meets all. Sets this process's PCSCLITE_CSOCK_NAME, so it must not have used PC/SC
    before, but for services in ``process_directory``.
    """
    directory = process_directory()
    os.environ.update(VirtualPcsc(directory).environment)
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    card = spawn.Process(target=_lay_card, args=(directory, theirs))
    card.start()
    theirs.close()
    times: dict[str, list[float]] = {"identity_ms": [], "pyscard_ms": [], "low_level_ms": []}
    try:
        ours.recv()
        _, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
        pyscard_reader = PCSCReader.readers()[0]
        reader = PcscCardReader()
        reader.open(Deadline.after(5))
        handle = reader.wait_card(Deadline.after(5), Event())
        if handle is None:
            raise RuntimeError("no card")
        loops: list[tuple[str, Callable[[], object]]] = [
            ("identity_ms", lambda: reader.read_identity(handle, Deadline.after(5))),
            ("pyscard_ms", partial(_pyscard_loop, pyscard_reader)),
            ("low_level_ms", partial(_low_level_loop, context, handle.reader)),
        ]
        for first in range(ROUNDS):
            for name, loop in (loops[(first + position) % len(loops)] for position in range(len(loops))):
                # pyscard leaves the card without power, which would be paid for by whoever comes next.
                _low_level_loop(context, handle.reader)
                began = time.perf_counter()
                outcome = loop()
                times[name].append((time.perf_counter() - began) * 1000)
                if name == "identity_ms" and outcome != _CITIZEN:
                    raise RuntimeError(f"no identity: {outcome}")
        reader.close()
        scard.SCardReleaseContext(context)
    finally:
        ours.close()
        card.join()
    medians = {name: statistics.median(values) for name, values in times.items()}
    return medians | {
        "ratio": medians["identity_ms"] / medians["pyscard_ms"],
        "low_level_ratio": medians["identity_ms"] / medians["low_level_ms"],
    }


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name}: {value:.3f}")
