"""Genuine is said only of files that a trusted, valid issuer's signer has signed, whatever the signature's kind."""

from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import cms, core, keys
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from travel_document_setting import NOW, groups, issuer

from drivers.card_reader import Verdict
from drivers.travel_document import data_groups, issuers, passive_authentication, signatures

FILES = groups()
SCHEMES = ("rsa", "pss", "ecdsa")
SIGNED = data_groups.signed_data(issuer().sign(FILES))


@pytest.fixture(scope="module")
def trusted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("csca")
    for scheme in SCHEMES:
        issuer(scheme).publish(folder, f"{scheme}.cer")
    return issuers.load(folder)


def judged(sod, trusted, files=FILES, today=NOW):
    return passive_authentication.check(data_groups.signed_data(sod), files, trusted, today, "UTO")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("digest", ["sha1", "sha224", "sha256", "sha384", "sha512"])
def test_every_kind_of_signature_and_hash_is_genuine(scheme, digest, trusted):
    assert judged(issuer(scheme).sign(FILES, digest), trusted).verdict is Verdict.GENUINE


def signed_parts(signed):
    """Every part of a signature that another part vouches for."""
    content = cms.ContentInfo.load(signed)["content"]
    signer, certificate = content["signer_infos"][0], content["certificates"][0].chosen
    return (
        content["encap_content_info"]["content"].native,
        signer["signed_attrs"].contents,
        signer["signature"].native,
        certificate["tbs_certificate"].dump(),
        certificate["signature_value"].native,
    )


@pytest.mark.parametrize("scheme", SCHEMES)
def test_one_changed_bit_in_anything_that_is_signed_is_never_genuine(scheme, trusted):
    signed = data_groups.signed_data(issuer(scheme).sign(FILES))
    parts = signed_parts(signed)
    assert passive_authentication.check(signed, FILES, trusted, NOW, "UTO").verdict is Verdict.GENUINE
    for part in parts:
        start = signed.index(part)
        for place in range(start, start + len(part), 2):
            changed = bytearray(signed)
            changed[place] ^= 1 << place % 8
            assert (
                passive_authentication.check(bytes(changed), FILES, trusted, NOW, "UTO").verdict is not Verdict.GENUINE
            )


def resigned(change):
    """A signature that was changed by its own signer, who signs it again: right in itself, and not after the rules."""
    content = cms.ContentInfo.load(SIGNED)
    signature = content["content"]
    attributes = {
        attribute["type"].native: attribute["values"][0].native for attribute in signer_of(content)["signed_attrs"]
    }
    change(signature, attributes)
    signed = cms.CMSAttributes([{"type": name, "values": [value]} for name, value in attributes.items()])
    for signer in signature["signer_infos"]:
        signer["signed_attrs"] = signed
        signer["signature"] = issuer().signer_key.sign(signed.dump(), ec.ECDSA(signatures.HASHES["sha256"]))
    return content.dump(force=True)


def signer_of(content):
    return content["content"]["signer_infos"][0]


def unchanged(signature, attributes):
    pass


def of_another_type(signature, attributes):
    signature["encap_content_info"]["content_type"] = "data"


def attributes_of_another_type(signature, attributes):
    attributes["content_type"] = "data"


def signed_twice(signature, attributes):
    signature["signer_infos"].append(signature["signer_infos"][0].copy())


def signed_by_nobody(signature, attributes):
    signature["signer_infos"] = []


def of_other_content(signature, attributes):
    attributes["message_digest"] = bytes(32)


@pytest.mark.parametrize(
    ("change", "evidence"),
    [
        (unchanged, ""),
        (of_another_type, "signs something else"),
        (attributes_of_another_type, "signature is wrong"),
        (of_other_content, "signature is wrong"),
        (signed_twice, "malformed signature: ValueError"),
        (signed_by_nobody, "malformed signature: ValueError"),
    ],
)
def test_a_signature_that_breaks_the_rules_for_travel_documents_is_none(change, evidence, trusted):
    outcome = passive_authentication.check(resigned(change), FILES, trusted, NOW, "UTO")
    if evidence:
        assert (outcome.verdict, outcome.evidence) == (Verdict.NOT_GENUINE, evidence)
    else:
        assert outcome.verdict is Verdict.GENUINE


def test_a_file_that_was_not_signed_is_not_genuine(trusted):
    sod = issuer().sign({1: FILES[1]})
    assert judged(sod, trusted).evidence == "DG2 is not signed"


def test_a_signer_that_is_past_its_days_proves_nothing(trusted):
    sod = issuer().sign(FILES)
    for today in (datetime(2025, 12, 31, tzinfo=UTC), datetime(2036, 1, 2, tzinfo=UTC)):
        outcome = judged(sod, trusted, today=today)
        assert (outcome.verdict, outcome.evidence) == (
            Verdict.UNKNOWN_ISSUER,
            "certificate of the signer is not valid today",
        )
    assert judged(sod, trusted, today=issuer().valid[0] + timedelta(days=1)).verdict is Verdict.GENUINE


def spelled_out(base: bytes | None = None) -> keys.PublicKeyInfo:
    """A public key whose certificate gives the curve's numbers instead of its name."""
    public = ec.derive_private_key(7, ec.SECP256R1()).public_key()
    prime = 2**256 - 2**224 + 2**192 + 2**96 - 1
    generator = ec.derive_private_key(1, ec.SECP256R1()).public_key()
    domain = keys.SpecifiedECDomain(
        {
            "version": "ecdpVer1",
            "field_id": {"field_type": "prime_field", "parameters": core.Integer(prime)},
            "curve": {
                "a": (prime - 3).to_bytes(32, "big"),
                "b": bytes.fromhex("5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B"),
            },
            "base": base or generator.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
            "order": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
        }
    )
    info = keys.PublicKeyInfo(
        {
            "algorithm": {"algorithm": "ec", "parameters": keys.ECDomainParameters("specified", domain)},
            "public_key": public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
        }
    )
    return keys.PublicKeyInfo.load(info.dump())


def test_a_curve_that_is_spelled_out_is_known_by_all_its_numbers():
    private = ec.derive_private_key(7, ec.SECP256R1())
    algorithm = cms.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"})
    signature = private.sign(b"data", ec.ECDSA(signatures.HASHES["sha256"]))
    assert signatures.verifies(spelled_out(), algorithm, "", signature, b"data")
    assert not signatures.verifies(spelled_out(), algorithm, "", signature, b"Data")


def test_a_curve_with_a_generator_of_one_s_own_choice_is_refused():
    # Whoever may choose the generator can make a key for any public point.
    chosen = ec.derive_private_key(7, ec.SECP256R1()).public_key()
    forged = spelled_out(chosen.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))
    algorithm = cms.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"})
    with pytest.raises(signatures.UnsupportedError):
        signatures.verifies(forged, algorithm, "", b"", b"data")


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_judged_without_a_crash(data):
    outcome = passive_authentication.check(data, FILES, None, NOW, "UTO")
    assert outcome.verdict in (Verdict.NOT_GENUINE, Verdict.NOT_CHECKED)


PARTS = signed_parts(SIGNED)


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_signature_with_anything_put_into_what_is_signed_is_never_genuine(trusted, data):
    part = data.draw(st.sampled_from(PARTS))
    start = SIGNED.index(part) + data.draw(st.integers(0, len(part) - 1))
    end = min(start + data.draw(st.integers(0, 20)), SIGNED.index(part) + len(part))
    changed = SIGNED[:start] + data.draw(st.binary(max_size=20)) + SIGNED[end:]
    assume(changed != SIGNED)
    assert passive_authentication.check(changed, FILES, trusted, NOW, "UTO").verdict is not Verdict.GENUINE


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_signature_with_anything_put_into_it_is_judged_without_a_crash(trusted, data):
    signed = bytearray(SIGNED)
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(signed) - 1))
        length = data.draw(st.integers(0, 20))
        signed[start : start + length] = data.draw(st.binary(max_size=20))
    assert passive_authentication.check(bytes(signed), FILES, trusted, NOW, "UTO").verdict in Verdict


def test_nesting_without_end_is_no_crash():
    for nested in (b"\x30\x80" * 30000, b"\xa0\x80" * 30000, b"\x30\x83\x00\xff\xff" * 5000):
        head = bytes.fromhex("06092A864886F70D010702")
        assert passive_authentication.check(nested, FILES, None, NOW, "UTO").verdict is Verdict.NOT_GENUINE
        assert (
            passive_authentication.check(b"\x30\x80" + head + nested, FILES, None, NOW, "UTO").verdict
            is Verdict.NOT_GENUINE
        )
