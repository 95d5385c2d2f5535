"""Passive authentication (ICAO Doc 9303 part 11, 5.1): are the files the ones that the issuing state signed?

No revocation lists and no master lists are looked at: the folder holds the certificates of the states that are trusted.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from asn1crypto import algos as _untyped_algos  # pyright: ignore[reportMissingTypeStubs]
from asn1crypto import cms as _untyped_cms  # pyright: ignore[reportMissingTypeStubs]
from asn1crypto import core as _untyped_core  # pyright: ignore[reportMissingTypeStubs]

from drivers.card_reader import Authenticity, Verdict
from drivers.travel_document import signatures
from drivers.travel_document.countries import speaks_for
from drivers.travel_document.issuers import MALFORMED, Certificates
from drivers.travel_document.signatures import UnsupportedError

algos: Any = _untyped_algos
cms: Any = _untyped_cms
core: Any = _untyped_core

_BEST_FIRST = (Verdict.GENUINE, Verdict.UNKNOWN_ISSUER, Verdict.NOT_CHECKED)
_SECURITY_OBJECT = "2.23.136.1.1.1"  # id-icao-mrtd-security-ldsSecurityObject


class _DataGroupHash(core.Sequence):
    _fields = [("number", core.Integer), ("value", core.OctetString)]  # noqa: RUF012 - as asn1crypto wants it


class _DataGroupHashes(core.SequenceOf):
    _child_spec = _DataGroupHash


class SecurityObject(core.Sequence):
    """LDSSecurityObject (part 10, 4.6.2.3): the hash of every data group."""

    _fields = [  # noqa: RUF012 - as asn1crypto wants it
        ("version", core.Integer),
        ("algorithm", algos.DigestAlgorithm),
        ("hashes", _DataGroupHashes),
        ("information", core.Any, {"optional": True}),
    ]


def check(
    signed: bytes, files: Mapping[int, bytes], issuers: Certificates | None, today: datetime, state: str
) -> Authenticity:
    """Judge the files (number of the data group -> its bytes) by the signature of EF.SOD.

    ``state`` is the issuing state of three letters that the document's zone names: another state's word does not count.
    Without ``issuers`` hashes and signature are checked all the same: what is wrong is wrong. Never raises.
    """
    try:
        return _check(signed, files, issuers, today, state)
    except UnsupportedError as error:
        return Authenticity(Verdict.NOT_CHECKED, f"not supported: {error}")
    except MALFORMED as error:
        return Authenticity(Verdict.NOT_GENUINE, f"malformed signature: {type(error).__name__}")


def _check(
    signed: bytes, files: Mapping[int, bytes], issuers: Certificates | None, today: datetime, state: str
) -> Authenticity:
    content: Any = cms.ContentInfo.load(signed, strict=True)
    if content["content_type"].native != "signed_data":
        return _false("no signature")
    signature: Any = content["content"]
    security_object = bytes(signature["encap_content_info"]["content"].native or b"")
    if signature["encap_content_info"]["content_type"].dotted != _SECURITY_OBJECT:
        return _false("signs something else")
    if wrong := _wrong_hash(security_object, files):
        return _false(wrong)
    (signer,) = signature["signer_infos"]  # states give exactly one (part 10, SignedData)
    signer_certificate = _certificate(signature, signer)
    if signer_certificate is None:
        return _false("certificate of the signer is missing")
    if not _signed(signer, signer_certificate, security_object):
        return _false("signature is wrong")
    return _chain(signer_certificate, issuers, today, state)


def _false(evidence: str) -> Authenticity:
    return Authenticity(Verdict.NOT_GENUINE, evidence)


def _digest(name: str, data: bytes) -> bytes:
    if name not in signatures.HASHES:
        raise UnsupportedError(f"hash {name}")
    return hashlib.new(name, data, usedforsecurity=False).digest()


def _wrong_hash(security_object: bytes, files: Mapping[int, bytes]) -> str:
    """Return what is wrong with the hashes, or an empty text."""
    content: Any = SecurityObject.load(security_object, strict=True)
    name = content["algorithm"]["algorithm"].native
    expected = {int(entry["number"].native): bytes(entry["value"].native) for entry in content["hashes"]}
    for number, data in files.items():
        if number not in expected:
            return f"DG{number} is not signed"
        if not hmac.compare_digest(expected[number], _digest(name, data)):
            return f"DG{number} was changed"
    return ""


def _certificate(signature: Any, signer: Any) -> Any | None:
    """Return the certificate, inside the signature, that the signer names."""
    identifier = signer["sid"]
    for choice in signature["certificates"]:
        if choice.name != "certificate":
            continue
        certificate = choice.chosen
        if identifier.name == "subject_key_identifier":
            if certificate.key_identifier == identifier.chosen.native:
                return certificate
        else:
            issuer, number = identifier.chosen["issuer"], identifier.chosen["serial_number"].native
            if certificate.serial_number == number and certificate.issuer == issuer:
                return certificate
    return None


def _signed(signer: Any, certificate: Any, security_object: bytes) -> bool:
    """Check the hash that the signer signed, and the signature over it (RFC 5652, 5.4)."""
    digest = signer["digest_algorithm"]["algorithm"].native
    attributes = {attribute["type"].native: attribute["values"] for attribute in signer["signed_attrs"]}
    if attributes["content_type"][0].dotted != _SECURITY_OBJECT:
        return False
    if not hmac.compare_digest(attributes["message_digest"][0].native, _digest(digest, security_object)):
        return False
    data = signer["signed_attrs"].untag().dump(force=True)
    signature = signer["signature"].native
    return signatures.verifies(certificate.public_key, signer["signature_algorithm"], digest, signature, data)


def _chain(certificate: Any, issuers: Certificates | None, today: datetime, state: str) -> Authenticity:
    """Look for a trusted issuer of the signer's certificate.

    A state may have several certificates that fit, such as an old one of the same key: one good one is enough.
    """
    if issuers is None:
        return Authenticity(Verdict.NOT_CHECKED, "no folder of issuers' certificates; hashes and signature are right")
    words = [word for issuer in issuers if (word := _word(issuer, certificate, today, state)) is not None]
    none = Authenticity(Verdict.UNKNOWN_ISSUER, f"none of {len(issuers)} certificates is the issuer's")
    return min(words, key=lambda word: _BEST_FIRST.index(word.verdict), default=none)


def _word(issuer: Any, certificate: Any, today: datetime, state: str) -> Authenticity | None:
    """Return what one issuer's certificate says of the signer's; None when it is not the one that signed it."""
    try:
        if not _names(certificate, issuer) or not signatures.verifies(
            issuer.public_key,
            certificate["signature_algorithm"],
            "",
            certificate["signature_value"].native,
            certificate["tbs_certificate"].dump(),
        ):
            return None  # of another state, or an older or newer key of the same
        for one, whose in ((certificate, "signer"), (issuer, "issuer")):
            if not one.not_valid_before <= today <= one.not_valid_after:
                return Authenticity(Verdict.UNKNOWN_ISSUER, f"certificate of the {whose} is not valid today")
        country = str(issuer.subject.native.get("country_name", ""))
        if not speaks_for(country, state):
            return Authenticity(Verdict.UNKNOWN_ISSUER, f"issuer of {country or 'no country'}, document of {state}")
        return Authenticity(Verdict.GENUINE, f"issuer {issuer.sha256_fingerprint[:23]}")
    except UnsupportedError as error:
        return Authenticity(Verdict.NOT_CHECKED, f"not supported: {error}")
    except MALFORMED:
        return None


def _names(certificate: Any, issuer: Any) -> bool:
    """Whether a certificate may be of this issuer: by the key's identifier where both give it, else by name."""
    wanted, had = certificate.authority_key_identifier, issuer.key_identifier
    if wanted is not None and had is not None:
        return bool(wanted == had)
    return bool(certificate.issuer == issuer.subject)
