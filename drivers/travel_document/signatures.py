"""Checking one signature: RSA (PKCS #1 and PSS) and ECDSA, also where a certificate spells its curve out in full."""

from __future__ import annotations

from typing import Any

import ecdsa as _untyped_ecdsa  # pyright: ignore[reportMissingTypeStubs]
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

_ecdsa: Any = _untyped_ecdsa

HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303 - old passports are signed with it and stay valid for ten years
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_CURVES: tuple[tuple[Any, ec.EllipticCurve], ...] = (
    (_ecdsa.NIST192p, ec.SECP192R1()),
    (_ecdsa.NIST224p, ec.SECP224R1()),
    (_ecdsa.NIST256p, ec.SECP256R1()),
    (_ecdsa.NIST384p, ec.SECP384R1()),
    (_ecdsa.NIST521p, ec.SECP521R1()),
    (_ecdsa.BRAINPOOLP256r1, ec.BrainpoolP256R1()),
    (_ecdsa.BRAINPOOLP384r1, ec.BrainpoolP384R1()),
    (_ecdsa.BRAINPOOLP512r1, ec.BrainpoolP512R1()),
)


class UnsupportedError(Exception):
    """A kind of key, curve, hash or signature that is not spoken here: nothing is said about what it signs."""


def verifies(public_key: Any, algorithm: Any, digest: str, signature: bytes, data: bytes) -> bool:
    """Return whether ``signature`` over ``data`` is the key's.

    ``public_key`` and ``algorithm`` are asn1crypto's PublicKeyInfo and SignedDigestAlgorithm; ``digest`` is the hash for
    algorithms that do not name their own. Raises ``UnsupportedError``, and what asn1crypto raises for malformed bytes.
    """
    key = _key(public_key)
    scheme = algorithm.signature_algo
    name = digest if algorithm["algorithm"].native in ("rsassa_pkcs1v15", "ecdsa") else algorithm.hash_algo
    hashed = HASHES.get(name)
    if hashed is None:
        raise UnsupportedError(f"hash {name}")
    try:
        if scheme == "ecdsa" and isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, data, ec.ECDSA(hashed))
        elif scheme == "rsassa_pkcs1v15" and isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, padding.PKCS1v15(), hashed)
        elif scheme == "rsassa_pss" and isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, _pss(algorithm["parameters"]), hashed)
        else:
            raise UnsupportedError(f"signature {scheme}")
    except InvalidSignature:
        return False
    except UnsupportedAlgorithm as error:
        raise UnsupportedError(str(error)) from None
    return True


def _pss(parameters: Any) -> padding.PSS:
    mask = parameters["mask_gen_algorithm"]
    inner = HASHES.get(mask["parameters"]["algorithm"].native)
    if mask["algorithm"].native != "mgf1" or inner is None:
        raise UnsupportedError("mask of PSS")
    return padding.PSS(padding.MGF1(inner), int(parameters["salt_length"].native))


def _key(info: Any) -> Any:
    """Return the key; a curve that is spelled out must be a known one in *every* number, or a forger could choose it."""
    algorithm = info["algorithm"]
    try:
        if algorithm["algorithm"].native == "ec" and algorithm["parameters"].name == "specified":
            return ec.EllipticCurvePublicKey.from_encoded_point(
                _named(algorithm["parameters"].chosen), info["public_key"].native
            )
        if algorithm["algorithm"].native == "rsassa_pss":  # the key may be bound to PSS; it is an RSA key all the same
            numbers = info["public_key"].parsed
            return rsa.RSAPublicNumbers(numbers["public_exponent"].native, numbers["modulus"].native).public_key()
        return load_der_public_key(info.dump())
    except UnsupportedAlgorithm as error:
        raise UnsupportedError(str(error)) from None


def _named(domain: Any) -> ec.EllipticCurve:
    if domain["field_id"]["field_type"].native != "prime_field":
        raise UnsupportedError("curve not over a prime field")
    prime = int(domain["field_id"]["parameters"].native)
    base, order = domain["base"].native, int(domain["order"].native)
    coefficients = [int.from_bytes(domain["curve"][name].native, "big") for name in ("a", "b")]
    for known, curve in _CURVES:
        bases = (known.generator.to_bytes("uncompressed"), known.generator.to_bytes("compressed"))
        same = [known.curve.a() % prime, known.curve.b() % prime] == coefficients and known.order == order
        if known.curve.p() == prime and same and base in bases:
            return curve
    raise UnsupportedError("curve")
