"""Which bytes of a scanned code are accepted as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.code_text import MAXIMUM_BYTES, accept
from drivers.qr_scanner import QrPayload, QrRefused


@pytest.mark.parametrize("text", ["https://example.invalid/c?k=1", "办件编号 2024-001", "𠮷㛃䶮𪨊", "é"])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_utf8_and_gb18030_give_the_same_text(text: str, encoding: str) -> None:
    if (text, encoding) == ("é", "gb18030"):
        text = "é测"
    data = text.encode(encoding)
    assert accept(data, "QRCode", 12.5) == QrPayload(data, text, "QRCode", 12.5)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "code.not_text"),
        (b"\xff\xfe\x00", "code.not_text"),
        (b"\x84\x31\x95", "code.not_text"),
        (b"\xe3\x32\x9a\x35", "code.not_text"),
        ("\ufdd0".encode(), "code.not_text"),
        ("\ue000".encode(), "code.not_text"),
        (b"A\x00B", "code.control_characters"),
        (b"line\r\nbreak", "code.control_characters"),
        (b"\x1b@", "code.control_characters"),
        ("a\u0085b".encode(), "code.control_characters"),
        ("a\u2028b".encode(), "code.control_characters"),
        (b"A" * (MAXIMUM_BYTES + 1), "code.too_long"),
        (bytes(range(256)) * 16, "code.too_long"),
    ],
)
def test_what_is_refused(data: bytes, code: str) -> None:
    refused = accept(data, "QRCode", 0.0)
    assert isinstance(refused, QrRefused)
    assert refused.code == code


def test_the_longest_code_is_accepted() -> None:
    assert isinstance(accept(b"A" * MAXIMUM_BYTES, "QRCode", 0.0), QrPayload)


def test_a_name_with_a_character_newer_than_our_tables_is_accepted() -> None:
    assert isinstance(accept("\U0002ebf0\U00031350".encode("gb18030"), "QRCode", 0.0), QrPayload)


@given(st.binary(max_size=1200))
def test_any_bytes_give_whole_text_or_a_refusal_and_never_raise(data: bytes) -> None:
    result = accept(data, "QRCode", 0.0)
    if isinstance(result, QrPayload):
        assert not any(ord(character) < 32 for character in result.text)
        assert result.text.encode("utf-8") == data or result.text.encode("gb18030") == data
