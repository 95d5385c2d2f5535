"""Social security records: whole identities or a refusal, each rule broken once, and any bytes at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.card_reader import CardRefused, DocumentKind, IdentityDocument
from drivers.cards import social_security as card
from drivers.cards.resident_id import check_digit

NUMBER = "11010519850607002" + check_digit("11010519850607002")
HOLDER = IdentityDocument(
    kind=DocumentKind.SOCIAL_SECURITY,
    number=NUMBER,
    name="测试丁",
    name_en="",
    sex="2",
    birth=date(1985, 6, 7),
    valid_from=date(2020, 1, 2),
    valid_to=date(2040, 1, 2),
    nation="56",
    issuer="0" * 24,
    card_number="A00000001",
)


def test_records_lie_as_published() -> None:
    """Written by hand, so that parse and encode cannot be wrong together."""
    card_file = {
        0x01: bytes.fromhex("110105" + "0" * 26), 0x02: b"1", 0x03: b"2.00", 0x04: bytes(12),
        0x05: bytes.fromhex("20200102"), 0x06: bytes.fromhex("20400102"), 0x07: b"A00000001",
    }  # fmt: skip
    holder_file = {
        0x08: NUMBER.encode(), 0x09: "测试丁".encode("gbk") + bytes(24), 0x0A: b"2", 0x0B: b"\x56",
        0x0C: bytes.fromhex("110105"), 0x0D: bytes.fromhex("19850607"),
    }  # fmt: skip
    assert card.parse(card_file, holder_file) == HOLDER
    assert card.encode(HOLDER) == (card_file, holder_file)


@pytest.mark.parametrize("name", ["张" * 15, "张" * 16, "张" * 25, "𠮷" * 12, "A" + "张" * 15, "阿·买买提"])
def test_a_long_name_goes_on_in_4e_also_across_the_seam(name: str) -> None:
    card_file, holder_file = card.encode(replace(HOLDER, name=name))
    assert (card.NAME_CONTINUED in holder_file) == (len(name.encode("gb18030")) > 30)
    assert card.parse(card_file, holder_file) == replace(HOLDER, name=name)


@pytest.mark.parametrize(
    ("tag", "value", "evidence"),
    [
        (0x08, None, "number: missing"),
        (0x08, b"110105198506070021", "number: wrong check digit"),
        (0x08, b"1101051985060700", "number: 16 bytes, not 18"),
        (0x08, b"\xff" * 18, "number: not plain characters"),
        (0x09, bytes(30), "name: missing"),
        (0x09, b"\xff\xff" + bytes(28), "name: not GBK"),
        (0x09, "\ue000".encode("gb18030").ljust(30, b"\0"), "name: control or private-use character"),
        (0x0A, b"3", "sex: not a code of GB/T 2261.1"),
        (0x0B, b"\x60", "nation: not a code of GB/T 3304"),
        (0x0D, b"\x19\x85\x06\x31", "birth: no such day"),
        (0x0D, b"\x19\x85\x0a\x01", "birth: not eight digits"),
        (0x05, b"\0\0\0\0", "issued: no such day"),
        (0x06, b"\x20\x20\x01\x01", "expires: before issued"),
        (0x07, bytes(9), "card number: not plain characters"),
    ],
)
def test_a_broken_rule_is_refused_without_repeating_the_content(tag: int, value: bytes | None, evidence: str) -> None:
    records = {tag: content for part in card.encode(HOLDER) for tag, content in part.items()}
    records.pop(tag)
    if value is not None:
        records[tag] = value
    assert card.parse(records, records) == CardRefused("card.invalid_data", evidence)


def test_a_third_generation_card_is_refused_with_its_version_and_region_alone() -> None:
    card_file, holder_file = card.encode(HOLDER, "3.00")
    refused = CardRefused("card.social_security_third", "version 3.00, region 110105")
    assert card.parse(card_file, holder_file) == refused
    free = {tag: card_file[tag] for tag in card.FREE_OF_THIRD}
    assert card.refuse_third_generation(free) == refused


@pytest.mark.parametrize(
    "change", [{"valid_to": None}, {"name": "张" * 26}, {"number": NUMBER[:17] + "X"}, {"address": "某处"}]
)
def test_encode_refuses_what_no_card_can_hold(change: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        card.encode(replace(HOLDER, **change))


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (b"", None),
        (b"\x08", None),
        (b"\x08\x02\x31", None),
        (b"\x08\x01\x31", (8, b"1")),
        (b"\x0a\x01\x32\xff", (10, b"2")),
    ],
)
def test_a_record_is_as_long_as_it_says(answer: bytes, found: tuple[int, bytes] | None) -> None:
    assert card.record(answer) == found


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from([*range(0x01, 0x0E), 0x4E]), st.binary(max_size=32)), st.data())
def test_any_records_give_a_whole_identity_or_a_refusal(damage: dict[int, bytes], data: st.DataObject) -> None:
    card_file, holder_file = card.encode(HOLDER)
    result = card.parse(card_file | damage, holder_file | damage)
    if isinstance(result, IdentityDocument):
        assert result.name
        assert check_digit(result.number[:17]) == result.number[17]
    assert "A00000001" not in repr(result)
