"""A seal for training: a root and a sealer's certificate under it, made for this machine and worth nothing elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

KEY, CERTIFICATE, ROOT_CERTIFICATE = "sealer.key", "sealer.pem", "root.pem"
"""The files' names, in PEM."""


def make_seal(directory: Path, name: str, valid: timedelta = timedelta(days=3650)) -> None:
    """Write the files of a seal in ``name`` into ``directory``; valid from yesterday."""
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name, sealer_name = _named(f"{name} (root)"), _named(name)
    root = certificate(root_name, root_name, root_key, root_key, valid, ca=True)
    sealer = certificate(sealer_name, root_name, key, root_key, valid, ca=False)
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    (directory / ROOT_CERTIFICATE).write_bytes(root.public_bytes(serialization.Encoding.PEM))
    (directory / CERTIFICATE).write_bytes(sealer.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (directory / KEY).touch(mode=0o600)
    (directory / KEY).write_bytes(private)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    valid: timedelta,
    ca: bool,
) -> x509.Certificate:
    """Return a certificate for ``subject`` and its ``key``, signed by ``issuer_key``; valid from yesterday."""
    begin = datetime.now(UTC) - timedelta(days=1)
    usage = dict.fromkeys(
        ("key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"), False
    ) | {"digital_signature": not ca, "content_commitment": not ca, "key_cert_sign": ca, "crl_sign": ca}
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + valid)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
