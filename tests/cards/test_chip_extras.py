"""What a chip holds beside text: added addresses, fingerprints, and the picture with its decoder hook."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


def test_a_decoder_is_installed_by_an_entry_point(tmp_path, monkeypatch) -> None:
    package = tmp_path / "wlt_for_tests-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: wlt_for_tests\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text("[civic_kiosk.photo_decoders]\nwlt = wlt_for_tests:decode\n")
    (tmp_path / "wlt_for_tests.py").write_text(f"def decode(raw):\n    return {PNG!r} if len(raw) == 1024 else None\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert photo.decode(RAW, photo.installed()) == PNG
    assert photo.decode(b"", photo.installed()) is None
