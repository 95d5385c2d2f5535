"""Whatever lies in the folder of issuers' certificates, those that are good are used and the others cost nothing."""

import os
from base64 import b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from travel_document_setting import KEY, NOW, issuer, passport, soon, wire

from drivers.base import CheckOutcome
from drivers.card_reader import IdentityDocument, Verdict
from drivers.pcsc.reader import PcscCardReader
from drivers.registry import Resources, find
from drivers.travel_document import issuers
from drivers.travel_document.read import read_travel_document

DER, PEM = issuer().authority.public_bytes(Encoding.DER), issuer().authority.public_bytes(Encoding.PEM)
OTHER = issuer("rsa").authority.public_bytes(Encoding.PEM)
BROKEN = b"-----BEGIN CERTIFICATE-----\nMII=A\n-----END CERTIFICATE-----\n"


def verdict(folder: Path) -> Verdict:
    document = read_travel_document(wire(passport()), KEY, soon(), folder, now=lambda: NOW)
    assert isinstance(document, IdentityDocument), document
    return document.authenticity.verdict


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("csca.cer", DER),
        ("csca.CRT", DER),
        ("csca.der", DER + b"\n"),
        ("csca.PEM", PEM),
        ("windows.pem", PEM.replace(b"\n", b"\r\n")),
        ("several.pem", OTHER + PEM),
        ("said.pem", b"subject=C = UT, CN = Virtual CSCA\n" + PEM),
        ("broken_first.pem", BROKEN + PEM),
        ("key_first.pem", BROKEN.replace(b"CERTIFICATE", b"EC PRIVATE KEY") + PEM),
        ("many.pem", (BROKEN + OTHER) * 100 + PEM),
    ],
)
def test_a_certificate_is_found_in_any_form(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert verdict(tmp_path) is Verdict.GENUINE


def test_every_certificate_of_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "several.pem").write_bytes(OTHER + PEM)
    assert [certificate.dump() for certificate in issuers.load(tmp_path)] == [
        issuer(scheme).authority.public_bytes(Encoding.DER) for scheme in ("rsa", "ecdsa")
    ]


ODD = {
    "folder": lambda place: place.mkdir(),
    "link to nothing": lambda place: place.symlink_to("/nonexistent"),
    "link to itself": lambda place: place.symlink_to(place),
    "pipe": os.mkfifo,
    "empty": lambda place: place.write_bytes(b""),
    "broken": lambda place: place.write_bytes(b"0\x82\xff\xff"),
    "broken text": lambda place: place.write_bytes(BROKEN),
    "text that is none": lambda place: place.write_bytes(b"-----BEGIN CERTIFICATE-----\n" + b64encode(b"no")),
    "signer": lambda place: place.write_bytes(issuer().signer.public_bytes(Encoding.DER)),
}


@pytest.mark.parametrize("odd", ODD)
def test_what_is_no_certificate_of_an_issuer_costs_nothing(tmp_path: Path, odd: str) -> None:
    ODD[odd](tmp_path / "a.cer")
    (tmp_path / "readme.txt").write_bytes(DER)
    assert issuers.load(tmp_path) == ()
    assert verdict(tmp_path) is Verdict.UNKNOWN_ISSUER
    issuer().publish(tmp_path)
    assert verdict(tmp_path) is Verdict.GENUINE


def test_a_file_that_may_not_be_read_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.cer", "b.cer"):
        issuer().publish(tmp_path, name)
    read = Path.read_bytes

    def refused(path: Path) -> bytes:
        if path.name == "a.cer":
            raise PermissionError(13, "Permission denied")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refused)
    assert len(issuers.load(tmp_path)) == 1


def test_a_folder_that_is_not_there_holds_no_issuer(tmp_path: Path) -> None:
    assert verdict(tmp_path / "missing") is Verdict.UNKNOWN_ISSUER
    (tmp_path / "file").write_bytes(DER)
    assert verdict(tmp_path / "file") is Verdict.UNKNOWN_ISSUER


@pytest.mark.parametrize("missing", [False, True])
def test_the_self_test_says_how_many_there_are_and_warns_of_none(tmp_path: Path, missing: bool) -> None:
    folder = tmp_path / "missing" if missing else tmp_path
    reader = find("pcsc").make("card", {"csca": str(folder)}, Resources(font_directory=tmp_path))
    assert isinstance(reader, PcscCardReader)  # not opened: the folder is looked at all the same

    def check():
        (found,) = (check for check in reader.self_test(soon()) if check.name == "csca")
        return found

    assert check().outcome is CheckOutcome.WARN
    assert check().fault.code == "card_reader.no_issuers"
    if not missing:
        (tmp_path / "several.pem").write_bytes(OTHER + PEM)
        assert (check().outcome, check().evidence) == (CheckOutcome.PASS, "2 certificates")
