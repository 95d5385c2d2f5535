"""The interface of every ID-card reader, and the identity it gives."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from threading import Event

from drivers.base import Deadline, Device


class DocumentKind(StrEnum):
    """The four cards that share the resident-card chip."""

    RESIDENT = "resident"
    HMT_PERMIT = "hmt_permit"
    PERMANENT_RESIDENT_2017 = "permanent_resident_2017"
    PERMANENT_RESIDENT_2023 = "permanent_resident_2023"


@dataclass(frozen=True, repr=False)
class IdentityDocument:
    """What a card says about its holder. Personal data: in memory only, so ``repr`` shows the kind alone.

    ``sex`` is a GB/T 2261.1 code ("0", "1", "2", "9"); ``nation`` a GB/T 3304 code of two digits or empty;
    ``nationality`` ISO 3166 alpha-3 or empty; ``valid_to`` is None for 长期. ``photo`` is the raw WLT picture (1024 bytes).
    Fields that the kind does not have are empty.
    """

    kind: DocumentKind
    number: str
    name: str
    name_en: str
    sex: str
    birth: date
    valid_from: date
    valid_to: date | None
    nation: str = ""
    nationality: str = ""
    address: str = ""
    issuer: str = ""
    pass_number: str = ""
    issue_count: str = ""
    photo: bytes = b""

    def __repr__(self) -> str:
        return f"IdentityDocument({self.kind.value}, ...)"


@dataclass(frozen=True)
class CardHandle:
    """One presence of one card: the reader's name and a number that grows with every insertion."""

    reader: str
    presence: int


@dataclass(frozen=True)
class CardRefused:
    """A card that gave no identity. Never half an identity.

    ``code`` is one of ``card.removed`` (pulled while reading: put it back), ``card.unreadable`` (lift and replace),
    ``card.plain_type_b`` (a reader without SAM cannot read the name), ``card.unknown`` (not a card we know),
    ``card.invalid_data`` (content breaks its own rules), ``card.busy`` (another program holds it).
    ``evidence`` never holds personal data.
    """

    code: str
    evidence: str = ""


class CardReader(Device):
    """Reads identities from cards."""

    @abstractmethod
    def wait_card(self, deadline: Deadline, cancel: Event) -> CardHandle | None:
        """Wait for a card that has not been read yet; None at the deadline or when ``cancel`` is set."""

    @abstractmethod
    def read_identity(self, handle: CardHandle, deadline: Deadline) -> IdentityDocument | CardRefused:
        """Read the whole card, or say why not."""

    @abstractmethod
    def wait_removed(self, deadline: Deadline, cancel: Event) -> bool:
        """Wait until no card is on the reader; False at the deadline or when ``cancel`` is set."""
