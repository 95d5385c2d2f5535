"""The interface of the virtual hall: everything that stands around a training terminal, worked by hand from the dock, the
shell or the scripted citizen. The hardware is virtual at its lowest port; the terminal runs its real drivers against it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import StrEnum

from drivers.base import Deadline
from drivers.card_reader import IdentityDocument


class HallError(Exception):
    """The virtual hall cannot be brought up on this machine; the text says what is missing."""


class PrinterAction(StrEnum):
    """What can be done to the virtual printer."""

    PAPER_OK = "paper_ok"
    PAPER_LOW = "paper_low"
    PAPER_OUT = "paper_out"
    COVER_OPEN = "cover_open"
    COVER_CLOSED = "cover_closed"
    JAM = "jam"
    CLEAR_JAM = "clear_jam"
    HEAD_HOT = "head_hot"
    HEAD_COOL = "head_cool"
    CUTTER_STUCK = "cutter_stuck"
    CUTTER_FREE = "cutter_free"
    TICKET_LEFT = "ticket_left"
    """From now on nobody takes what the printer holds out."""
    TICKET_TAKEN = "ticket_taken"
    """What it holds out is taken, and from now on each at once."""
    UNPLUG = "unplug"
    PLUG = "plug"


class DocumentPrinterAction(StrEnum):
    """What can be done to the virtual A4 printer."""

    PAPER_OK = "paper_ok"
    PAPER_OUT = "paper_out"
    JAM = "jam"
    CLEAR_JAM = "clear_jam"
    UNPLUG = "unplug"
    PLUG = "plug"


class CabinetAction(StrEnum):
    """What can happen before and to the cabinet."""

    WALK_AWAY = "walk_away"
    COME_BACK = "come_back"
    OPEN_DOOR = "open_door"
    CLOSE_DOOR = "close_door"


class PowerAction(StrEnum):
    """What can happen to the mains and the battery."""

    MAINS_OFF = "mains_off"
    BATTERY_LOW = "battery_low"
    MAINS_ON = "mains_on"


READERS = ("pcsc", "sdt")
"""The two card readers of the hall."""


class Hall(ABC):
    """Virtual cards and readers, cameras, printer, cabinet, power and network cable. Every call may come from any thread."""

    @abstractmethod
    def start(self, deadline: Deadline) -> None:
        """Bring all the hardware up. Raises ``HallError``."""

    @abstractmethod
    def stop(self) -> None:
        """End everything; no thread and no process is left."""

    @abstractmethod
    def connect_network(self, host: str, port: int) -> str:
        """Lay the network cable to central; return the base URL that the terminal must use."""

    @abstractmethod
    def device_tables(self) -> dict[str, dict[str, object]]:
        """Return the ``[devices.*]`` tables of the terminal's configuration for this hardware."""

    @abstractmethod
    def put_card(self, document: IdentityDocument, reader: str) -> None:
        """Put this person's card on a reader, taking away what lay there."""

    @abstractmethod
    def put_plain_card(self) -> None:
        """Put a type-B card, which cannot give a name, on the PC/SC reader."""

    @abstractmethod
    def take_card(self) -> None:
        """Take every card away."""

    @abstractmethod
    def hold_code(self, text: str | bytes) -> None:
        """Hold a QR code with this content to the code camera."""

    @abstractmethod
    def hold_picture(self, picture: bytes) -> None:
        """Hold a PNG or JPEG to the code camera."""

    @abstractmethod
    def take_code(self) -> None:
        """Take away what is before the code camera."""

    @abstractmethod
    def put_paper(self, picture: bytes | None, sharp: bool) -> None:
        """Put a paper under the document camera: a PNG or JPEG, or the hall's own proof of residence."""

    @abstractmethod
    def take_paper(self) -> None:
        """Take the paper away."""

    @abstractmethod
    def printer(self, action: PrinterAction) -> None:
        """Do something to the printer."""

    @abstractmethod
    def document_printer(self, action: DocumentPrinterAction) -> None:
        """Do something to the A4 printer."""

    @abstractmethod
    def cabinet(self, action: CabinetAction) -> None:
        """Walk away or come back; open or close the cabinet's door."""

    @abstractmethod
    def power(self, action: PowerAction) -> None:
        """Switch the mains off or on, or let the battery run low without them."""

    @abstractmethod
    def set_network(self, up: bool) -> None:
        """Plug the network cable in or out; open connections break."""

    @abstractmethod
    def papers(self) -> tuple[bytes, ...]:
        """Return every receipt that came out, oldest first, as PNG."""

    @abstractmethod
    def documents(self) -> tuple[bytes, ...]:
        """Return every document on A4 that came out, oldest first, as PDF."""

    @abstractmethod
    def accepted(self) -> tuple[bytes, ...]:
        """Return the bytes that the printer accepted, one entry a cut receipt, same order as ``papers``."""

    @abstractmethod
    def last_code(self) -> str | None:
        """Read the QR code on the last receipt, as a citizen's camera would; None when there is none."""

    @abstractmethod
    def state(self) -> dict[str, object]:
        """Return what is where, for the dock: card, code, paper, printer, cabinet, power, network.

        No personal data but the citizen's file name.
        """
