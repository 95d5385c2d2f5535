"""Checks a document's seal: is every byte as it was sealed, and is the one who sealed it known?"""

# pyHanko and asn1crypto are typed in part only; what comes out of them is typed where it enters a value here.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportMissingTypeStubs=false
from __future__ import annotations

import io
import logging
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

# What it says there comes back as a result; without a handler Python would print it to the screen.
for _name in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_name).addHandler(logging.NullHandler())


class SealStanding(StrEnum):
    """What a check found."""

    UNCHANGED = "unchanged"
    """As it was sealed, by somebody known."""
    CHANGED = "changed"
    """Something was changed or added after sealing, or the file cannot be read as what was sealed."""
    UNKNOWN_SIGNER = "unknown_signer"
    """As it was sealed, but nobody known vouches for who did it."""
    NO_SEAL = "no_seal"
    """The file was never sealed."""


@dataclass(frozen=True)
class SealCheck:
    """A check's result; ``signer`` is the certificate's subject (empty when there is none to show)."""

    standing: SealStanding
    signer: str = ""


def verify(pdf: bytes, trusted: Iterable[Path]) -> SealCheck:
    """Check the seal of a PDF against trusted root certificates (PEM or DER files). No network is asked.

    The file may come from anywhere: whatever breaks the reader is told as ``CHANGED``.
    """
    from pyhanko.keys import load_certs_from_pemder
    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko_certvalidator import ValidationContext

    roots = list(load_certs_from_pemder([str(path) for path in trusted]))
    context = ValidationContext(trust_roots=roots, allow_fetching=False)
    broken = (
        PdfError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        ArithmeticError,
        AssertionError,
        struct.error,
    )
    try:
        return _check(pdf, context)
    except (*broken, RecursionError, NotImplementedError, OSError):
        return SealCheck(SealStanding.CHANGED)


def _check(pdf: bytes, context: object) -> SealCheck:
    from asn1crypto import cms
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.status import SignatureCoverageLevel

    reader = PdfFileReader(io.BytesIO(pdf), strict=True)
    seals = reader.embedded_signatures
    if not seals:
        # A damaged file can lose sight of its seal; only one that never had any says so.
        return SealCheck(SealStanding.CHANGED if b"/ByteRange" in pdf else SealStanding.NO_SEAL)
    if len(seals) > 1:
        return SealCheck(SealStanding.CHANGED)
    status = validate_pdf_signature(seals[0], signer_validation_context=context)  # type: ignore[arg-type]
    signature = bytes(seals[0].pkcs7_content)
    padding = signature[len(cms.ContentInfo.load(signature).dump()) :]
    whole = status.coverage is SignatureCoverageLevel.ENTIRE_FILE and not padding.strip(b"\x00")
    signer = str(status.signing_cert.subject.human_friendly)
    if not (status.intact and status.valid and whole):
        return SealCheck(SealStanding.CHANGED)
    return SealCheck(SealStanding.UNCHANGED if status.trusted else SealStanding.UNKNOWN_SIGNER, signer)
