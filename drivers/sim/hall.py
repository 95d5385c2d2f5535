"""The virtual hall: one of each virtual device, and what a person does with them, for training and end-to-end tests."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import zxingcpp
from PIL import Image

from drivers.base import Deadline
from drivers.card_reader import DocumentKind, IdentityDocument
from drivers.hall import READERS, CabinetAction, DocumentPrinterAction, Hall, HallError, PowerAction, PrinterAction
from drivers.modbus import profile
from drivers.sim.camera import PictureStage
from drivers.sim.io_board import VirtualIoBoard
from drivers.sim.ipp_printer import VirtualIppError, VirtualIppPrinter
from drivers.sim.network import NetworkCable
from drivers.sim.pcsc import VirtualPcsc, VirtualPcscError
from drivers.sim.printer import VirtualPrinter
from drivers.sim.printer_condition import Mishap
from drivers.sim.sdt import VirtualSdtReader
from drivers.sim.social_security_card import SocialSecurityCard
from drivers.sim.ups import VirtualUps
from drivers.sim.virtual_card import PlainTypeBCard, SamBackedCard
from drivers.sim.virtual_issuer import VirtualIssuer

_ASSETS = Path(__file__).resolve().parents[2] / "assets"
_PROOF = _ASSETS / "dock" / "proof_of_residence.txt"
_FONTS = _ASSETS / "fonts"
_PAPER_FONT = _FONTS / "NotoSansSC-Regular.otf"
_EMPTY, _JAMMED = "media-empty-error", "media-jam-error"
_BLUR = 6.0
"""Gaussian sigma in pixels of a paper out of focus: no letter can be read."""

PLAIN_CARD = "plain"
_BOARD_PROFILE = "generic_8x8"
_PRINTER = "custom"
"""The model with the most to show: its presenter holds each ticket out, and its full status tells every fault."""


class VirtualHall(Hall):
    """Stands in ``directory``, which must be short-named (it holds a socket) and private to this hall."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.csca = directory / "csca"
        self.csca.mkdir()
        self.issuer = VirtualIssuer()
        self.issuer.publish(self.csca)
        self._pcsc = VirtualPcsc(directory / "pcsc")
        self._sdt = VirtualSdtReader(directory / "sdt")
        self._code = PictureStage(directory / "code")
        self._paper = PictureStage(directory / "paper")
        self._printer = VirtualPrinter(_FONTS, model=_PRINTER)
        self._printer.set_taken_at_once(True)
        self._document_printer = VirtualIppPrinter(directory / "a4")
        self._document_reasons: set[str] = set()
        self._board = VirtualIoBoard(directory / "board", profile.load(_BOARD_PROFILE))
        self._ups = VirtualUps()
        self._printer_address = ""
        self._cable: NetworkCable | None = None
        self._lock = threading.RLock()
        self._cards = dict.fromkeys(READERS, "")
        self._held = ""
        self._lying = ""
        self._plugged = {"receipt": True, "document": True}

    def start(self, deadline: Deadline) -> None:
        """Bring all the hardware up."""
        with ThreadPoolExecutor(2, "hall") as beside:
            service = beside.submit(self._pcsc.start, deadline)
            document_printer = beside.submit(self._document_printer.start)
            self._sdt.start()
            self._board.start()
            self._ups.start()
            self._printer_address = self._printer.start_tcp()
            self._code.clear()
            self._paper.clear()
            try:
                service.result()
                document_printer.result()
            except (VirtualPcscError, VirtualIppError) as error:
                raise HallError(str(error)) from error

    def stop(self) -> None:
        """End everything; no thread and no process is left."""
        with ExitStack() as everything:
            # Each is ended even when another one fails.
            everything.callback(self._document_printer.stop)
            for end in (self._pcsc.stop, self._sdt.stop, self._board.stop, self._ups.stop, self._printer.stop):
                everything.callback(end)
            if self._cable is not None:
                everything.callback(self._cable.stop)

    def connect_network(self, host: str, port: int) -> str:
        """Lay the network cable to central; return the base URL that the terminal must use."""
        self._cable = NetworkCable(host, port)
        near_host, near_port = self._cable.address
        return f"http://{near_host}:{near_port}"

    def device_tables(self) -> dict[str, dict[str, object]]:
        """Return the ``[devices.*]`` tables of the terminal's configuration for this hardware."""
        return {
            "card_reader": {
                "driver": "virtual_pcsc",
                "options": {
                    "reader": self._pcsc.reader_names()[0],
                    "service": self._pcsc.environment["PCSCLITE_CSOCK_NAME"],
                    "csca": str(self.csca),
                },
            },
            "card_reader_serial": {"driver": "virtual_sdt", "options": {"port": str(self._sdt.path)}},
            "code_scanner": {"driver": "virtual_camera_scanner", "options": {"picture": str(self._code.path)}},
            "document_camera": {"driver": "virtual_document_camera", "options": {"picture": str(self._paper.path)}},
            "receipt_printer": {
                "driver": "virtual_escpos",
                "options": {"address": self._printer_address, "profile": _PRINTER},
            },
            "document_printer": {"driver": "virtual_ipp", "options": {"uri": self._document_printer.uri}},
            "io_board": {
                "driver": "virtual_modbus_io",
                "options": {"port": str(self._board.path), "profile": _BOARD_PROFILE},
            },
            "power_supply": {"driver": "virtual_nut", "options": {"port": self._ups.port}},
        }

    def put_card(self, document: IdentityDocument, reader: str) -> None:
        """Put this person's card on a reader, taking away what lay there. ``ValueError`` for an impossible one."""
        with self._lock:
            if reader == "pcsc":
                social = document.kind is DocumentKind.SOCIAL_SECURITY
                self._pcsc.insert(SocialSecurityCard(document) if social else SamBackedCard(document))
            elif reader == "sdt":
                self._sdt.insert(document)
            else:
                raise ValueError(f"no reader {reader!r}: there are {', '.join(READERS)}")
            self._cards[reader] = document.kind.value

    def put_plain_card(self) -> None:
        """Put a type-B card, which cannot give a name, on the PC/SC reader."""
        with self._lock:
            self._pcsc.insert(PlainTypeBCard())
            self._cards["pcsc"] = PLAIN_CARD

    def take_card(self) -> None:
        """Take every card away."""
        with self._lock:
            self._pcsc.remove()
            self._sdt.remove()
            self._cards = dict.fromkeys(READERS, "")

    def hold_code(self, text: str | bytes) -> None:
        """Hold a QR code with this content to the code camera. ``ValueError`` for more than a code can hold."""
        with self._lock:
            self._code.show_code(text)
            self._held = "text"

    def hold_picture(self, picture: bytes) -> None:
        """Hold a PNG or JPEG to the code camera. ``ValueError`` for anything else."""
        with self._lock:
            self._code.show(picture)
            self._held = "picture"

    def take_code(self) -> None:
        """Take away what is before the code camera."""
        with self._lock:
            self._code.clear()
            self._held = ""

    def put_paper(self, picture: bytes | None, sharp: bool) -> None:
        """Put a paper under the document camera: a PNG or JPEG, as it is, or the hall's own proof of residence."""
        with self._lock:
            if picture is not None:
                self._paper.show(picture)
                self._lying = "picture"
                return
            lines = _PROOF.read_text(encoding="utf-8").splitlines()
            self._paper.show_paper(lines, _PAPER_FONT, blur=0.0 if sharp else _BLUR)
            self._lying = "sharp" if sharp else "blurred"

    def take_paper(self) -> None:
        """Take the paper away."""
        with self._lock:
            self._paper.clear()
            self._lying = ""

    def printer(self, action: PrinterAction) -> None:
        """Do something to the printer."""
        deeds: dict[PrinterAction, Callable[[], None]] = {
            PrinterAction.PAPER_OK: lambda: self._printer.set_paper("ok"),
            PrinterAction.PAPER_LOW: lambda: self._printer.set_paper("low"),
            PrinterAction.PAPER_OUT: lambda: self._printer.set_paper("out"),
            PrinterAction.COVER_OPEN: lambda: self._printer.set_cover(True),
            PrinterAction.COVER_CLOSED: lambda: self._printer.set_cover(False),
            PrinterAction.JAM: lambda: self._printer.fail(Mishap.JAM),
            PrinterAction.CLEAR_JAM: lambda: self._printer.mend(Mishap.JAM),
            PrinterAction.HEAD_HOT: lambda: self._printer.fail(Mishap.HOT_HEAD),
            PrinterAction.HEAD_COOL: lambda: self._printer.mend(Mishap.HOT_HEAD),
            PrinterAction.CUTTER_STUCK: lambda: self._printer.fail(Mishap.CUTTER),
            PrinterAction.CUTTER_FREE: lambda: self._printer.mend(Mishap.CUTTER),
            PrinterAction.TICKET_LEFT: lambda: self._printer.set_taken_at_once(False),
            PrinterAction.TICKET_TAKEN: lambda: self._printer.set_taken_at_once(True),
            PrinterAction.UNPLUG: self._printer.unplug,
            PrinterAction.PLUG: self._printer.plug,
        }
        with self._lock:
            deeds[action]()
            if action in (PrinterAction.PLUG, PrinterAction.UNPLUG):
                self._plugged["receipt"] = action is PrinterAction.PLUG

    def document_printer(self, action: DocumentPrinterAction) -> None:
        """Do something to the A4 printer; unplugged, it keeps its power and loses its cable."""
        with self._lock:
            if action in (DocumentPrinterAction.PLUG, DocumentPrinterAction.UNPLUG):
                self._plugged["document"] = action is DocumentPrinterAction.PLUG
                self._document_printer.set_plugged(self._plugged["document"])
                return
            reason = _JAMMED if action in (DocumentPrinterAction.JAM, DocumentPrinterAction.CLEAR_JAM) else _EMPTY
            if action in (DocumentPrinterAction.JAM, DocumentPrinterAction.PAPER_OUT):
                self._document_reasons.add(reason)
            else:
                self._document_reasons.discard(reason)
            self._document_printer.set_state(*sorted(self._document_reasons))

    def cabinet(self, action: CabinetAction) -> None:
        """Walk away or come back; open or close the cabinet's door."""
        switch, state = {
            CabinetAction.WALK_AWAY: ("present", False),
            CabinetAction.COME_BACK: ("present", True),
            CabinetAction.OPEN_DOOR: ("door_open", True),
            CabinetAction.CLOSE_DOOR: ("door_open", False),
        }[action]
        self._board.set_switch(switch, state)

    def power(self, action: PowerAction) -> None:
        """Switch the mains off or on, or let the battery run low without them."""
        if action is PowerAction.BATTERY_LOW:
            self._ups.run_low()
        else:
            self._ups.set_mains(action is PowerAction.MAINS_ON)

    def set_network(self, up: bool) -> None:
        """Plug the network cable in or out; open connections break. ``ValueError`` while there is no cable."""
        if self._cable is None:
            raise ValueError("no network cable was laid")
        self._cable.set_up(up)

    def papers(self) -> tuple[bytes, ...]:
        """Return every receipt that came out, oldest first, as PNG."""
        return self._printer.papers

    def documents(self) -> tuple[bytes, ...]:
        """Return every document on A4 that came out, oldest first, as PDF."""
        return self._document_printer.papers()

    def accepted(self) -> tuple[bytes, ...]:
        """Return the bytes that the printer accepted, one entry a cut receipt, same order as ``papers``."""
        return self._printer.accepted_jobs

    def last_code(self) -> str | None:
        """Read the QR code on the last receipt, as a citizen's camera would; None when there is none."""
        papers = self.papers()
        if not papers:
            return None
        with Image.open(io.BytesIO(papers[-1])) as picture:
            codes = zxingcpp.read_barcodes(
                picture.convert("L"), formats=zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])
            )
        return codes[0].text if codes else None

    def state(self) -> dict[str, object]:
        """Return what is where, without personal data.

        ``cards``: reader -> a kind of card, ``plain``, or empty. ``code``: ``text``, ``picture`` or empty. ``paper``:
        ``sharp``, ``blurred``, ``picture`` or empty. ``printer``: its ``paper`` (``ok``, ``low``, ``out``),
        ``cover_open``, ``jammed``, ``head_hot``, ``cutter_stuck``, whether tickets are ``ticket_left``, ``plugged``; paper, jam
        and plug for ``document_printer``. ``cabinet``: whether somebody is ``present``, ``door_open``, the slots that
        are ``lit``, whether the ``fan`` turns. ``power``: ``mains_on``, ``mains_off`` or ``battery_low``. ``network``:
        whether the cable is plugged in. ``receipts``, ``documents``: how many have come out.
        """
        with self._lock:
            engine = self._printer.engine
            return {
                "cards": dict(self._cards),
                "code": self._held,
                "paper": self._lying,
                "printer": {
                    "paper": engine.paper_level,
                    "cover_open": engine.cover_open,
                    "jammed": Mishap.JAM in engine.mishaps,
                    "head_hot": Mishap.HOT_HEAD in engine.mishaps,
                    "cutter_stuck": Mishap.CUTTER in engine.mishaps,
                    "ticket_left": not engine.taken_at_once,
                    "plugged": self._plugged["receipt"],
                },
                "document_printer": {
                    "paper": "out" if _EMPTY in self._document_reasons else "ok",
                    "jammed": _JAMMED in self._document_reasons,
                    "plugged": self._plugged["document"],
                },
                "cabinet": {
                    "present": self._board.switch("present"),
                    "door_open": self._board.switch("door_open"),
                    "lit": sorted(self._board.lit),
                    "fan": self._board.fan_on,
                },
                "power": self._power_state(),
                "network": self._cable is not None and self._cable.up,
                "receipts": len(self._printer.papers),
                "documents": self._document_printer.paper_count,
            }

    def _power_state(self) -> str:
        words = self._ups.status.split()
        if "LB" in words:
            return PowerAction.BATTERY_LOW.value
        return (PowerAction.MAINS_OFF if "OB" in words else PowerAction.MAINS_ON).value
