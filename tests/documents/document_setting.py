"""A sample document, a certificate authority made for the test, and a sealer under it. Nobody here is real."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kiosk.config import ASSETS
from kiosk.documents.build import BuiltDocument, build
from kiosk.documents.seal import Sealer
from kiosk.documents.template import load
from kiosk.training.training_seal import CERTIFICATE, KEY, ROOT_CERTIFICATE, certificate, make_seal

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
    "sealed": "yes",
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


MIDDLE = "middle.pem"


def make_sealer(directory: Path, name: str = "root", steps: int = 1) -> tuple[Sealer, Path]:
    """Make a root and a sealer's certificate under it; return the sealer and the root's file.

    With two ``steps`` another authority, ``MIDDLE``, stands between them.
    """
    make_seal(directory, f"长安区政务服务中心（测试 {name}）")
    chain = [directory / ROOT_CERTIFICATE]
    if steps == 2:
        chain.insert(0, directory / MIDDLE)
        _put_between(directory)
    sealer = Sealer(directory / KEY, directory / CERTIFICATE, tuple(chain), "长安区政务服务中心", "电子印章", FONTS)
    return sealer, directory / ROOT_CERTIFICATE


def _put_between(directory: Path) -> None:
    """Sign the sealer's certificate anew, by an authority that a new root has signed."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    key = serialization.load_pem_private_key((directory / KEY).read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    old = [x509.load_pem_x509_certificate((directory / name).read_bytes()) for name in (ROOT_CERTIFICATE, CERTIFICATE)]
    root, sealer = (certificate.subject for certificate in old)
    middle = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "middle")])
    valid = timedelta(days=30)
    for name, subject, issuer, own, by in (
        (ROOT_CERTIFICATE, root, root, keys[0], keys[0]),
        (MIDDLE, middle, root, keys[1], keys[0]),
        (CERTIFICATE, sealer, middle, key, keys[1]),
    ):
        made = certificate(subject, issuer, own, by, valid, ca=name != CERTIFICATE)
        (directory / name).write_bytes(made.public_bytes(serialization.Encoding.PEM))
