"""A state that issues virtual travel documents: its certificates, its signature over files, and pictures of nobody."""

from __future__ import annotations

import hashlib
import io
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from asn1crypto import algos as _untyped_algos  # pyright: ignore[reportMissingTypeStubs]
from asn1crypto import cms as _untyped_cms  # pyright: ignore[reportMissingTypeStubs]
from asn1crypto import x509 as _untyped_x509  # pyright: ignore[reportMissingTypeStubs]
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from PIL import Image, ImageDraw

from drivers.travel_document import mrz, tlv
from drivers.travel_document.passive_authentication import SecurityObject

algos: Any = _untyped_algos
cms: Any = _untyped_cms
asn1_x509: Any = _untyped_x509

Scheme = Literal["rsa", "pss", "ecdsa"]
_SECURITY_OBJECT = "2.23.136.1.1.1"
_DAY = timedelta(days=1)


@dataclass
class VirtualIssuer:
    """One state with one certification authority (CSCA) and one document signer, both made anew. Not thread-safe.

    ``valid``: the signer's days; the authority is valid a year longer on both sides. ``authority`` and ``signer`` are their
    certificates, and may be replaced by others of ``authority_key`` and ``signer_key``. ``country`` is the state's code of two
    letters: UT is invented.
    """

    scheme: Scheme = "ecdsa"
    valid: tuple[datetime, datetime] = field(
        default_factory=lambda: (datetime.now(UTC) - 30 * _DAY, datetime.now(UTC) + 3650 * _DAY)
    )

    country: str = "UT"

    def __post_init__(self) -> None:
        self.authority_key = self._new_key()
        self.signer_key = self._new_key()
        year = 365 * _DAY
        self.authority = self._certificate(
            "Virtual CSCA", self.authority_key, "Virtual CSCA", (self.valid[0] - year, self.valid[1] + year), True
        )
        self.signer = self._certificate("Virtual signer", self.signer_key, "Virtual CSCA", self.valid, False)

    def publish(self, folder: Path, name: str = "virtual.cer") -> None:
        """Put the authority's certificate into a folder."""
        (folder / name).write_bytes(self.authority.public_bytes(Encoding.DER))

    def sign(self, files: Mapping[int, bytes], digest: str = "sha256") -> bytes:
        """Return EF.SOD over files (number of the data group -> its bytes)."""
        content = SecurityObject(
            {
                "version": 0,
                "algorithm": {"algorithm": digest},
                "hashes": [
                    {"number": number, "value": hashlib.new(digest, data, usedforsecurity=False).digest()}
                    for number, data in sorted(files.items())
                ],
            }
        ).dump()
        attributes = cms.CMSAttributes(
            [
                {"type": "content_type", "values": [_SECURITY_OBJECT]},
                {"type": "message_digest", "values": [hashlib.sha256(content).digest()]},
            ]
        )
        signer: Any = asn1_x509.Certificate.load(self.signer.public_bytes(Encoding.DER))
        signed = cms.ContentInfo(
            {
                "content_type": "signed_data",
                "content": {
                    "version": "v3",
                    "digest_algorithms": [{"algorithm": "sha256"}],
                    "encap_content_info": {"content_type": _SECURITY_OBJECT, "content": content},
                    "certificates": [signer],
                    "signer_infos": [
                        {
                            "version": "v1",
                            "sid": cms.SignerIdentifier(
                                name="issuer_and_serial_number",
                                value={"issuer": signer.issuer, "serial_number": signer.serial_number},
                            ),
                            "digest_algorithm": {"algorithm": "sha256"},
                            "signed_attrs": attributes,
                            "signature_algorithm": self._algorithm(),
                            "signature": self._sign(attributes.dump()),
                        }
                    ],
                },
            }
        )
        return tlv.encode(0x77, signed.dump())

    def _new_key(self) -> Any:
        if self.scheme == "ecdsa":
            return ec.generate_private_key(ec.SECP256R1())
        return rsa.generate_private_key(65537, 2048)

    def _pss(self) -> padding.PSS:
        return padding.PSS(padding.MGF1(hashes.SHA256()), 32)

    def _sign(self, data: bytes) -> bytes:
        if self.scheme == "ecdsa":
            return self.signer_key.sign(data, ec.ECDSA(hashes.SHA256()))
        return self.signer_key.sign(data, self._pss() if self.scheme == "pss" else padding.PKCS1v15(), hashes.SHA256())

    def _algorithm(self) -> Any:
        if self.scheme == "pss":
            sha256 = {"algorithm": "sha256"}
            mask = {"algorithm": "mgf1", "parameters": sha256}
            parameters = {"hash_algorithm": sha256, "mask_gen_algorithm": mask, "salt_length": 32}
            return algos.SignedDigestAlgorithm({"algorithm": "rsassa_pss", "parameters": parameters})
        return algos.SignedDigestAlgorithm(
            {"algorithm": "sha256_ecdsa" if self.scheme == "ecdsa" else "rsassa_pkcs1v15"}
        )

    def _certificate(
        self, subject: str, key: Any, issuer: str, valid: tuple[datetime, datetime], authority: bool
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(name_of(subject, self.country))
            .issuer_name(name_of(issuer, self.country))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(valid[0])
            .not_valid_after(valid[1])
            .add_extension(x509.BasicConstraints(ca=authority, path_length=0 if authority else None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.authority_key.public_key()), critical=False
            )
        )
        return builder.sign(
            self.authority_key, hashes.SHA256(), rsa_padding=self._pss() if self.scheme == "pss" else None
        )


def name_of(common: str, country: str = "UT") -> x509.Name:
    """Return the name of somebody in a state, which is Utopia unless said otherwise."""
    return x509.Name(
        [x509.NameAttribute(NameOID.COUNTRY_NAME, country), x509.NameAttribute(NameOID.COMMON_NAME, common)]
    )


def passport_zone(
    number: str, birth: str, expiry: str, name: str = "SAMPLE<<MARIE", sex: str = "F", state: str = "UTO"
) -> str:
    """Return a passport's zone (TD3, 88 characters), its check digits made by the driver's rule."""
    first = f"P<{state}{name}".ljust(44, "<")
    digit = mrz.check_digit
    number = number.ljust(9, "<")
    optional = "<" * 14
    second = (
        f"{number}{digit(number)}{state}{birth}{digit(birth)}{sex}{expiry}{digit(expiry)}{optional}{digit(optional)}"
    )
    return first + second + digit(second[0:10] + second[13:20] + second[21:43])


def permit_zone(number: str, birth: str, expiry: str, name: str = "YANGLI<<CESHI", sex: str = "F") -> str:
    """Return the zone in the chip of a 往来港澳通行证 (90 characters); what is not known of its rules is left empty."""
    digit = mrz.check_digit
    number = number.ljust(9, "<")
    first = f"CS{number}{digit(number)}<{expiry}{digit(expiry)}<{birth}{digit(birth)}<<"
    return first + f"{'<' * 12}{name:<<18}" + f"{sex:<<30}"


def dg1(zone: str) -> bytes:
    """Return DG1."""
    return tlv.encode(0x61, tlv.encode(0x5F1F, zone.encode("ascii")))


def dg2(picture: bytes) -> bytes:
    """Return DG2 with one picture, in ISO/IEC 19794-5 as travel documents have it."""
    kind = 0 if picture.startswith(b"\xff\xd8") else 1
    image_information = struct.pack(">BBHHBBHH", 1, kind, 240, 320, 1, 2, 0, 0)
    face_size = 20 + len(image_information) + len(picture)
    face = struct.pack(">IH14x", face_size, 0) + image_information + picture
    record = struct.pack(">8sIH", b"FAC\x00010\x00", 14 + face_size, 1) + face
    header = tlv.encode(0xA1, tlv.encode(0x81, b"\x02") + tlv.encode(0x87, b"\x01\x01") + tlv.encode(0x88, b"\x00\x08"))
    instance = tlv.encode(0x7F60, header + tlv.encode(0x5F2E, record))
    return tlv.encode(0x75, tlv.encode(0x7F61, tlv.encode(0x02, b"\x01") + instance))


def picture(form: Literal["JPEG", "JPEG2000"] = "JPEG", noise: int = 0) -> bytes:
    """Return a drawn figure of circles and a square, 240 by 320; ``noise`` makes it hard to compress, and so large."""
    image = Image.effect_noise((240, 320), noise).convert("RGB") if noise else Image.new("RGB", (240, 320), "#d8e4ec")
    draw = ImageDraw.Draw(image)
    draw.ellipse((80, 60, 160, 160), fill="#c08860")
    draw.rectangle((50, 180, 190, 320), fill="#40608c")
    target = io.BytesIO()
    if form == "JPEG":
        image.save(target, "JPEG", quality=95 if noise else 80)
    else:
        image.save(target, "JPEG2000", quality_mode="rates", quality_layers=[20])
    return target.getvalue()
