"""The interface of every ID-card reader, and the identity it gives."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from threading import Event

from drivers.base import Check, CheckOutcome, Deadline, Device, Fault
from drivers.operator import Operator


class DocumentKind(StrEnum):
    """The four cards that share the resident-card chip, then the others."""

    RESIDENT = "resident"
    HMT_PERMIT = "hmt_permit"
    PERMANENT_RESIDENT_2017 = "permanent_resident_2017"
    PERMANENT_RESIDENT_2023 = "permanent_resident_2023"
    SOCIAL_SECURITY = "social_security"
    PASSPORT = "passport"
    EXIT_ENTRY_PERMIT = "exit_entry_permit"


class Verdict(StrEnum):
    """Whether a document is what its issuer made. Only ``GENUINE`` proves anything."""

    GENUINE = "genuine"
    NOT_GENUINE = "not_genuine"
    """A hash or a signature is wrong."""
    UNKNOWN_ISSUER = "unknown_issuer"
    """Nobody who is trusted vouches for the signer today."""
    NOT_CHECKED = "not_checked"
    """There was nothing to check it with."""


@dataclass(frozen=True)
class Authenticity:
    """A verdict, and what it rests on in a technician's words, without personal data."""

    verdict: Verdict
    evidence: str = ""


NOT_CHECKED = Authenticity(Verdict.NOT_CHECKED)


@dataclass(frozen=True, repr=False)
class IdentityDocument:
    """What a card says about its holder. Personal data: in memory only, so ``repr`` shows the kind alone.

    ``sex`` is a GB/T 2261.1 code ("0", "1", "2", "9"); ``nation`` a GB/T 3304 code of two digits or empty;
    ``nationality`` ISO 3166 alpha-3 or empty; ``valid_to`` is None for 长期. ``photo`` is the raw WLT picture (1024 bytes).
    ``card_number`` is the card's own number where ``number`` is the person's (social security card). ``added_address`` is the
    newest address written to the chip after issue, empty also where it was not read.
    ``portrait`` is a travel document's picture, JPEG or JPEG 2000, and ``authenticity`` what its signature says.
    ``valid_from`` is None where the document does not say it (travel documents).
    Fields that the kind does not have are empty.
    """

    kind: DocumentKind
    number: str
    name: str
    name_en: str
    sex: str
    birth: date
    valid_from: date | None
    valid_to: date | None
    nation: str = ""
    nationality: str = ""
    address: str = ""
    issuer: str = ""
    pass_number: str = ""
    issue_count: str = ""
    card_number: str = ""
    added_address: str = ""
    photo: bytes = b""
    portrait: bytes = b""
    authenticity: Authenticity = NOT_CHECKED

    @property
    def present_address(self) -> str:
        """The address last written to the chip, or the printed one."""
        return self.added_address or self.address

    def __repr__(self) -> str:
        return f"IdentityDocument({self.kind.value}, ...)"


@dataclass(frozen=True, repr=False)
class MrzKey:
    """The key to a travel document that its machine-readable zone gives: fields as they stand there, without check digits.

    ``number`` may be padded with ``<`` or not; ``birth`` and ``expiry`` are YYMMDD. Personal data: ``repr`` shows none.
    """

    number: str
    birth: str
    expiry: str

    def __repr__(self) -> str:
        return "MrzKey(...)"


@dataclass(frozen=True, repr=False)
class CanKey:
    """The card access number printed on a travel document (six digits). ``repr`` does not show it."""

    can: str

    def __repr__(self) -> str:
        return "CanKey(...)"


AccessKey = MrzKey | CanKey
"""What opens a travel document's chip."""


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
    ``card.invalid_data`` (content breaks its own rules), ``card.busy`` (another program holds it), ``card.key_needed`` (a
    travel document: read it again, under the same handle, with an ``AccessKey``), ``card.wrong_key`` (the document knows
    another), ``card.no_access_number`` (it opens by no card access number, its zone is needed),
    ``card.social_security_third`` (a third generation social security card, which gives name and number to a security module
    only).
    ``evidence`` never holds personal data.
    """

    code: str
    evidence: str = ""


_RECOGNISED = ("card.key_needed", "card.social_security_third")
"""Refusals that prove a reader as well as an identity does: the card was talked to and is one that keeps its holder's name."""


class CardReader(Device):
    """Reads identities from cards."""

    sees_removal = True
    """Whether ``wait_removed`` can tell of a card that was read that it was taken."""

    @property
    def must_lift(self) -> bool:
        """Whether a card lies there that ``wait_card`` does not offer until it is lifted; False where that cannot be known."""
        return False

    @abstractmethod
    def wait_card(self, deadline: Deadline, cancel: Event) -> CardHandle | None:
        """Wait for a card that has not been read yet; None at the deadline or when ``cancel`` is set."""

    @abstractmethod
    def read_identity(
        self, handle: CardHandle, deadline: Deadline, key: AccessKey | None = None
    ) -> IdentityDocument | CardRefused:
        """Read the whole card, or say why not. Only travel documents need a ``key``; other cards are read without."""

    @abstractmethod
    def wait_removed(self, deadline: Deadline, cancel: Event) -> bool:
        """Wait until no card is on the reader; False at the deadline or when ``cancel`` is set."""

    def guided_test(self, operator: Operator, deadline: Deadline) -> tuple[Check, ...]:
        """Have a card put on, read and taken away. Only the card's kind is told, never what is on it."""
        given_up = operator.instruct("selftest.put_card")
        handle = self.wait_card(deadline, given_up)
        if handle is None:
            if given_up.is_set():
                return (Check("card", CheckOutcome.SKIP),)
            return (Check("card", CheckOutcome.FAIL, Fault("card_reader.no_card_seen")),)
        read = _judge(self.read_identity(handle, deadline))
        given_up = operator.instruct("selftest.take_card")
        if not self.sees_removal:
            return (read,)
        if self.wait_removed(deadline, given_up):
            return (read, Check("removal", CheckOutcome.PASS))
        if given_up.is_set():
            return (read, Check("removal", CheckOutcome.SKIP))
        return (read, Check("removal", CheckOutcome.FAIL, Fault("card_reader.removal_not_seen")))


def _judge(outcome: IdentityDocument | CardRefused) -> Check:
    if isinstance(outcome, IdentityDocument):
        return Check("card", CheckOutcome.PASS, evidence=outcome.kind.value)
    if outcome.code in _RECOGNISED:
        return Check("card", CheckOutcome.PASS, evidence=outcome.code)
    fault = Fault(outcome.code, evidence=outcome.evidence)
    # The reader is well and sees the card, but it will never read a name: that is for the buyer of readers to know.
    plain = outcome.code == "card.plain_type_b"
    return Check("card", CheckOutcome.WARN if plain else CheckOutcome.FAIL, fault)
