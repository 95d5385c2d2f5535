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
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

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
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.status import SignatureCoverageLevel

    reader = PdfFileReader(io.BytesIO(pdf), strict=True)
    seals = reader.embedded_signatures
    if not seals:
        # A damaged file can lose sight of its seal; only one that never had any says so.
        return SealCheck(SealStanding.CHANGED if b"/ByteRange" in pdf else SealStanding.NO_SEAL)
    status = validate_pdf_signature(seals[0], signer_validation_context=context)  # type: ignore[arg-type]
    path = None if status.validation_path is None else {certificate.dump() for certificate in status.validation_path}
    whole = status.coverage is SignatureCoverageLevel.ENTIRE_FILE
    signer = str(status.signing_cert.subject.human_friendly)
    if not (status.intact and status.valid and whole and _is_canonical(pdf, seals[0], path)):
        return SealCheck(SealStanding.CHANGED)
    return SealCheck(SealStanding.UNCHANGED if status.trusted else SealStanding.UNKNOWN_SIGNER, signer)


def _is_canonical(pdf: bytes, seal: EmbeddedPdfSignature, path: set[bytes] | None) -> bool:
    """Whether the signature stands in the file in the one way it can: it protects a part of its own bytes alone.

    ``path`` are the certificates that vouch for the signer, and no others may be there; None where nobody does.
    """
    from asn1crypto import cms

    content = cms.ContentInfo.load(bytes(seal.pkcs7_content))["content"]
    signer, certificates = content["signer_infos"][0], content["certificates"]
    parts = ("sid", "digest_algorithm", "signed_attrs", "signature_algorithm", "signature")
    again = cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": [signer["digest_algorithm"]],
            "encap_content_info": {"content_type": "data"},
            "certificates": certificates,
            "signer_infos": [cms.SignerInfo({"version": "v1"} | {part: signer[part] for part in parts})],
        }
    )
    encoded = cms.ContentInfo({"content_type": "signed_data", "content": again}).dump()
    places: list[int] = [int(place) for place in seal.byte_range]  # type: ignore[union-attr]
    hole = pdf[places[1] : places[2]]
    written = hole == b"<%s>" % encoded.hex().upper().encode().ljust(len(hole) - 2, b"0")
    return written and (path is None or {certificate.chosen.dump() for certificate in certificates} <= path)
