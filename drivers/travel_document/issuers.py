"""The states that are trusted to issue travel documents: their certificates (CSCA), from a folder that an operator keeps.

Certificates are opened with asn1crypto, because real issuers' often break rules that stricter readers insist on.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Generator
from pathlib import Path
from typing import Any

from asn1crypto import x509 as _untyped_x509  # pyright: ignore[reportMissingTypeStubs]

from drivers.base import Check, CheckOutcome, Fault

x509: Any = _untyped_x509

Certificates = tuple[Any, ...]
"""Certificates, as asn1crypto's ``Certificate``."""

MALFORMED = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError)
"""What asn1crypto, which reads lazily, raises for bytes that are not what they should be; deep nesting ends in the last."""

_IN_TEXT = re.compile(rb"-----BEGIN [A-Z0-9 ]*CERTIFICATE-----(.+?)-----END", re.DOTALL)
_SUFFIXES = frozenset({".cer", ".crt", ".der", ".pem"})


def load(folder: Path) -> Certificates:
    """Read every certificate of a certification authority in a folder's files (.cer .crt .der .pem).

    What is no such certificate, or cannot be read, is passed over; a folder that cannot be read holds none.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES)
    except OSError:
        return ()
    return tuple(certificate for path in paths for certificate in _authorities(_content(path)))


def examine(folder: Path) -> Check:
    """Say in a self-test how many certificates there are: without any, every travel document is refused."""
    count = len(load(folder))
    if count == 0:
        fault = Fault("card_reader.no_issuers", evidence=f"no certificate in {folder}")
        return Check("csca", CheckOutcome.WARN, fault, fault.evidence)
    return Check("csca", CheckOutcome.PASS, evidence=f"{count} certificates")


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes() if path.is_file() else b""
    except OSError:
        return b""


def _authorities(content: bytes) -> Generator[Any]:
    """Give what one file holds: certificates in text form, or one in binary form, after which a line may end."""
    for text in _IN_TEXT.findall(content) or (b"",):
        try:
            certificate = x509.Certificate.load(b64decode(text) if text else content)
            if certificate.ca:
                yield certificate
        except MALFORMED:
            continue
