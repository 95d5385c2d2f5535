"""What a chip holds beside text: added addresses, fingerprints, and the picture with its decoder hook."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.base import Check, CheckOutcome, Fault
from drivers.card_reader import CardRefused
from drivers.cards import fingerprints, photo
from drivers.cards.resident_id import parse_added_address

RAW = bytes(range(256)) * 4
PNG = b"\x89PNG\r\n\x1a\n" + b"picture"


def address(text: str) -> bytes:
    return text.ljust(35).encode("utf-16-le")


def test_the_newest_added_address_counts() -> None:
    assert parse_added_address(b"") == ""
    assert parse_added_address(address("旧路1号")) == "旧路1号"
    assert parse_added_address(address("旧路1号") + address("新路2号") + address("")) == "新路2号"


@pytest.mark.parametrize("data", [bytes(69), bytes(350), b"\x00\xd8" * 35, address("a\nb")])
def test_broken_added_addresses_are_refused(data: bytes) -> None:
    refused = parse_added_address(data)
    assert isinstance(refused, CardRefused)
    assert refused.code == "card.invalid_data"


@given(st.binary(max_size=300))
def test_any_added_address_is_text_or_a_refusal(data: bytes) -> None:
    assert isinstance(parse_added_address(data), str | CardRefused)


@pytest.mark.parametrize(
    ("code", "finger"), [(11, "right_thumb"), (15, "right_little_finger"), (16, "left_thumb"), (99, "")]
)
def test_a_fingerprint_names_its_finger_and_shows_nothing(code: int, finger: str) -> None:
    block = b"C\x01\x02\x03\x01" + bytes([code]) + bytes(506)
    found = fingerprints.parse(block * 2)
    assert found == (fingerprints.Fingerprint(finger, block),) * 2
    assert repr(found[0]) == "Fingerprint(...)"


@pytest.mark.parametrize("length", [1, 511, 513, 1536])
def test_fingerprints_come_in_whole_blocks(length: int) -> None:
    assert fingerprints.parse(bytes(length)) is None


def test_the_first_decoder_that_gives_a_picture_wins() -> None:
    seen: list[bytes] = []

    def cannot(raw: bytes) -> None:
        seen.append(raw)

    def gives_nonsense(raw: bytes) -> bytes:
        return b"BMP"

    assert photo.decode(RAW, [cannot, gives_nonsense, lambda raw: PNG]) == PNG
    assert photo.decode(RAW, [cannot]) is None
    assert seen == [RAW, RAW]


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A function that installs a package of decoders, each by its name and where it stands in the module."""

    def install(source: str, **decoders: str) -> None:
        information = tmp_path / "wlt_for_tests-1.0.dist-info"
        information.mkdir()
        (information / "METADATA").write_text("Metadata-Version: 2.1\nName: wlt_for_tests\nVersion: 1.0\n")
        lines = [f"{name} = {place}" for name, place in decoders.items()]
        (information / "entry_points.txt").write_text("\n".join(["[civic_kiosk.photo_decoders]", *lines, ""]))
        (tmp_path / "wlt_for_tests.py").write_text(source)
        monkeypatch.delitem(sys.modules, "wlt_for_tests", raising=False)
        monkeypatch.syspath_prepend(tmp_path)

    return install


DECODER = f"def decode(raw):\n    return {PNG!r} if len(raw) == 1024 else None\n"


def test_a_decoder_is_installed_by_an_entry_point(package) -> None:
    package(DECODER, wlt="wlt_for_tests:decode")
    assert photo.decode(RAW, photo.installed()) == PNG
    assert photo.decode(b"", photo.installed()) is None
    assert photo.check() == Check("photo", CheckOutcome.PASS, evidence="wlt")


def test_without_a_decoder_the_self_test_says_that_pictures_are_handed_on_raw() -> None:
    assert photo.check() == Check("photo", CheckOutcome.SKIP, Fault("card_reader.no_photo_decoder"))


@pytest.mark.parametrize(
    ("source", "place", "evidence"),
    [
        ("import no_such_library\n", "wlt_for_tests:decode", "ModuleNotFoundError: No module named 'no_such_library'"),
        (DECODER, "wlt_for_tests:decoder", "AttributeError"),
        ("import sys\nsys.exit('no licence')\n", "wlt_for_tests:decode", "SystemExit: no licence"),
        ("decode = 7\n", "wlt_for_tests:decode", "wlt_for_tests:decode cannot be called"),
    ],
)
def test_a_decoder_whose_package_is_broken_is_a_warning_and_the_others_go_on(package, source, place, evidence) -> None:
    package(source, broken=place, good="builtins:bytes")
    check = photo.check()
    assert check.outcome is CheckOutcome.WARN
    assert check.fault.code == "card_reader.photo_decoder_broken"
    assert check.fault.evidence.startswith("broken: ")
    assert evidence in check.fault.evidence
    assert photo.installed() == (bytes,)
