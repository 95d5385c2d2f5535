"""A sample document, a certificate authority made for the test, and a sealer under it. Nobody here is real."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kiosk.config import ASSETS
from kiosk.documents.build import BuiltDocument, build
from kiosk.documents.seal import Sealer
from kiosk.documents.template import load

FONTS = ASSETS / "fonts"
MOMENT = datetime(2026, 11, 22, 10, 31, tzinfo=UTC)
RARE = "𠮷㛃䶮𪨊"
VALUES = {
    "site": "长安区政务服务中心",
    "applicant": f"欧阳{RARE}",
    "id_number": "110101********1234",
    "service": "城乡居民基本医疗保险参保登记",
    "project_no": "11430600MB1234567X4000123456789202611220042",
    "accepted_at": "2026年11月22日 10:31",
    "promised_date": "2026年11月27日",
    "handled_by": "长安区医疗保障局",
    "phone": "0000-12333",
    "materials": "\n".join(
        (
            "1\t居民身份证\t1\t电子核验",
            "2\t居住证明（由户籍所在地或者居住地的社区居民委员会出具，含骑缝章）\t1\t扫描件",
            "3\t参保登记表\t1\t在线填写",
        )
    ),
    "code": "11430600MB1234567X4000123456789202611220042",
}


def sample(**more: str) -> BuiltDocument:
    return build(load(ASSETS / "documents" / "acceptance_notice.toml"), {**VALUES, **more}, FONTS, MOMENT)


def make_sealer(directory: Path, name: str = "root") -> tuple[Sealer, Path]:
    """Make a root and a sealer's certificate under it; return the sealer and the root's file."""
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Test {name}")])
    signer_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "长安区政务服务中心（测试）")])
    root = _certificate(root_name, root_name, root_key, root_key, ca=True)
    certificate = _certificate(signer_name, root_name, key, root_key, ca=False)
    files = {
        "root.pem": root.public_bytes(serialization.Encoding.PEM),
        "sealer.pem": certificate.public_bytes(serialization.Encoding.PEM),
        "sealer.key": key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
    }
    directory.mkdir(parents=True, exist_ok=True)
    for file, content in files.items():
        (directory / file).write_bytes(content)
    sealer = Sealer(
        directory / "sealer.key",
        directory / "sealer.pem",
        (directory / "root.pem",),
        "长安区政务服务中心",
        "电子印章",
        FONTS,
    )
    return sealer, directory / "root.pem"


def _certificate(subject, issuer, key, issuer_key, ca):
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=not ca,
                content_commitment=not ca,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=ca,
                crl_sign=ca,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
