"""Whose word counts for a signer: one good certificate of its issuer, whatever else of the same state lies beside it."""

from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from travel_document_setting import NOW, groups

from drivers.card_reader import Verdict
from drivers.sim.virtual_issuer import VirtualIssuer, name_of
from drivers.travel_document import data_groups, issuers, passive_authentication

FILES = groups()
YEAR = timedelta(days=365)
VALID, OLD = (NOW - YEAR, NOW + YEAR), (NOW - 6 * YEAR, NOW - YEAR)
RSA_KEY = rsa.generate_private_key(65537, 2048)
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())


def certified(
    key, valid: tuple[datetime, datetime], by, *, subject="Virtual CSCA", identified=True, authority=True
) -> x509.Certificate:
    """A certificate of a key by another key; ``identified``: with the identifiers of both."""
    builder = (
        x509.CertificateBuilder(name_of("Virtual CSCA"), name_of(subject), key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid[0])
        .not_valid_after(valid[1])
        .add_extension(x509.BasicConstraints(authority, 0 if authority else None), critical=True)
    )
    if identified:
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), False)
    return builder.sign(by, hashes.SHA256())


@pytest.fixture
def state():
    """A state that signs; its own certificate and its signer's are valid, without identifiers of keys."""
    issuer = VirtualIssuer(valid=VALID)
    key = issuer.authority_key
    issuer.authority = certified(key, VALID, key, identified=False)
    issuer.signer = certified(
        issuer.signer_key, VALID, key, subject="Virtual signer", identified=False, authority=False
    )
    return issuer


@pytest.fixture
def judged(tmp_path):
    """Judge what a state signed by these certificates, in this order."""

    def judge(state, *certificates):
        for number, certificate in enumerate(certificates):
            (tmp_path / f"{number}.cer").write_bytes(certificate.public_bytes(Encoding.DER))
        sod = data_groups.signed_data(state.sign(FILES))
        return passive_authentication.check(sod, FILES, issuers.load(tmp_path), NOW, "UTO")

    return judge


def same_key(state, valid):
    return certified(state.authority_key, valid, state.authority_key)


def link(state, valid):
    """The state's new key, certified by its old one."""
    return certified(state.authority_key, valid, OTHER_KEY)


def of_rsa(state, valid):
    return certified(RSA_KEY, valid, RSA_KEY, identified=False)


def of_another_key(state, valid):
    return certified(OTHER_KEY, valid, OTHER_KEY, identified=False)


def of_no_key(state, valid):
    """A certificate whose key is none: a point that is not on its curve."""
    key = ec.generate_private_key(ec.SECP256R1())
    encoded = certified(key, valid, key, identified=False).public_bytes(Encoding.DER)
    point = key.public_key().public_numbers().y.to_bytes(32, "big")
    return _Raw(encoded.replace(point, bytes(31) + b"\x05"))


class _Raw:
    def __init__(self, encoded: bytes) -> None:
        self._encoded = encoded

    def public_bytes(self, encoding: Encoding) -> bytes:
        return self._encoded


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("valid", [VALID, OLD], ids=["valid", "expired"])
@pytest.mark.parametrize("other", [same_key, link, of_rsa, of_another_key, of_no_key])
def test_one_good_certificate_is_enough_whatever_lies_beside_it(state, judged, other, valid, first):
    beside = other(state, valid)
    order = (beside, state.authority) if first else (state.authority, beside)
    assert judged(state, *order).verdict is Verdict.GENUINE


def test_an_issuer_that_is_past_its_days_proves_nothing(state, judged):
    outcome = judged(state, same_key(state, OLD), link(state, OLD), of_rsa(state, VALID))
    assert (outcome.verdict, outcome.evidence) == (
        Verdict.UNKNOWN_ISSUER,
        "certificate of the issuer is not valid today",
    )


def test_a_signer_whose_state_has_only_keys_of_another_kind_is_not_checked(state, judged):
    outcome = judged(state, of_rsa(state, VALID), of_another_key(state, VALID), of_no_key(state, VALID))
    assert (outcome.verdict, outcome.evidence) == (Verdict.NOT_CHECKED, "not supported: signature ecdsa")


def test_another_key_of_the_same_name_proves_nothing(state, judged):
    outcome = judged(state, of_another_key(state, VALID), of_no_key(state, VALID))
    assert (outcome.verdict, outcome.evidence) == (
        Verdict.UNKNOWN_ISSUER,
        "none of 2 certificates is the issuer's",
    )
