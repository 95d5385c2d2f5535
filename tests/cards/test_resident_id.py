"""The card layouts: examples with every rule broken once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from drivers.card_reader import CardRefused, DocumentKind, IdentityDocument
from drivers.cards.resident_id import check_digit, encode, parse

PHOTO = bytes(1024)
RARE = "𠮷㛃䶮𪨊"


def put(block: bytes, offset: int, text: str | bytes) -> bytes:
    data = text if isinstance(text, bytes) else text.encode("utf-16-le")
    return block[:offset] + data + block[offset + len(data) :]


@pytest.mark.parametrize("whole", ["11010519491231002X", "440524188001010014"])
def test_check_digit_of_published_numbers(whole: str) -> None:
    assert check_digit(whole[:17]) == whole[17]


@pytest.mark.parametrize("first17", ["", "1101051949123100", "110105194912310021", "1101051949123100X", "１" * 17])
def test_check_digit_wants_seventeen_ascii_digits(first17: str) -> None:
    with pytest.raises(ValueError):
        check_digit(first17)


def test_every_kind_comes_back_as_it_went_in(document: IdentityDocument) -> None:
    block = encode(document)
    assert len(block) == 256
    assert parse(block, document.photo) == document


def test_citizen_bytes_lie_where_the_layout_says(resident: IdentityDocument) -> None:
    """A block written by hand from the published offsets, so that parse and encode cannot be wrong together."""
    layout = [
        ("张伟样", 15), ("1", 1), ("56", 2), ("19491231", 8), ("样例省试验市测试区虚构路１２号３单元４０１室", 35),
        ("11010519491231002X", 18), ("试验市公安局测试分局", 15), ("20150301", 8), ("长期", 8), ("", 18),
    ]  # fmt: skip
    by_hand = "".join(text.ljust(units) for text, units in layout).encode("utf-16-le")
    assert by_hand == encode(resident)


def test_pass_number_name_and_type_lie_where_the_layouts_say(of_kind: dict[DocumentKind, IdentityDocument]) -> None:
    permit = encode(of_kind[DocumentKind.HMT_PERMIT]).decode("utf-16-le")
    assert (permit[110:119], permit[119:121], permit[124], permit[16:18]) == ("H00000000", "02", "J", "  ")
    older = encode(of_kind[DocumentKind.PERMANENT_RESIDENT_2017]).decode("utf-16-le")
    assert (older[:9], older[60], older[61:76], older[76:79], older[110:118], older[120:124], older[124]) == (
        "SPECIMEN,", "2", "XXX110000000000", "CAN", "19850607", "1500", "I",
    )  # fmt: skip
    newer = encode(of_kind[DocumentKind.PERMANENT_RESIDENT_2023]).decode("utf-16-le")
    assert (newer[:3], newer[16:18], newer[26:61], newer[110:121], newer[121:124], newer[124]) == (
        "样例人", "01", "A" * 34 + " ", "B" * 11, "FRA", "Y",
    )  # fmt: skip


def test_names_beyond_the_basic_plane_that_fill_the_field(resident: IdentityDocument) -> None:
    name = RARE * 2 + "㛃䶮㛃"  # 15 code units: each of 𠮷 and 𪨊 takes two
    assert len(name.encode("utf-16-le")) == 30
    assert parse(encode(replace(resident, name=name)), resident.photo) == replace(resident, name=name)


def test_name_cut_inside_a_surrogate_pair_is_refused_not_guessed(resident: IdentityDocument) -> None:
    block = put(encode(resident), 0, ("张" * 14).encode("utf-16-le") + "𠮷".encode("utf-16-le")[:2])
    assert parse(block, PHOTO) == CardRefused("card.invalid_data", "name: half a character")


def test_surrogate_pair_and_space_on_the_seam_of_the_english_name(
    of_kind: dict[DocumentKind, IdentityDocument],
) -> None:
    document = of_kind[DocumentKind.PERMANENT_RESIDENT_2023]
    for name in ("A" * 34 + "𠮷" + "B" * 10, "A" * 34 + " " + "B" * 11, "A" * 35 + " " + "B" * 10, "A" * 46):
        assert parse(encode(replace(document, name_en=name)), document.photo) == replace(document, name_en=name)


def test_foreign_name_of_sixty_letters(of_kind: dict[DocumentKind, IdentityDocument]) -> None:
    document = replace(of_kind[DocumentKind.PERMANENT_RESIDENT_2017], name_en="N" * 60)
    assert parse(encode(document), document.photo) == document


def test_nul_padding_is_taken_as_padding(resident: IdentityDocument) -> None:
    block = put(encode(resident), 6, bytes(24))
    assert parse(block, resident.photo) == resident


@pytest.mark.parametrize(
    ("offset", "content", "evidence"),
    [
        (0, " " * 15, "name: missing"),
        (0, "张\n样", "name: control character"),
        (0, "张\u2028样", "name: control character"),
        (30, "3", "sex: not a code of GB/T 2261.1"),
        (30, " ", "sex: not a code of GB/T 2261.1"),
        (32, "60", "nation: not a code of GB/T 3304"),
        (36, "20230230", "birth: no such day"),
        (36, "00000101", "birth: no such day"),
        (36, "１９４９１２３１", "birth: not eight digits"),
        (52, " " * 35, "address: missing"),
        (122, " " * 18, "number: not 17 digits and a check digit"),
        (122, "110105194912310021", "number: wrong check digit"),
        (122, "11010519491231002x", "number: not 17 digits and a check digit"),
        (158, " " * 15, "issuer: missing"),
        (188, "20150229", "valid_from: no such day"),
        (188, "        ", "valid_from: not eight digits"),
        (204, "        ", "valid_to: not eight digits"),
        (204, "20150228", "valid_to: before valid_from"),
        (204, "长期有效", "valid_to: not eight digits"),
    ],
)
def test_content_that_breaks_a_rule_is_refused_without_repeating_it(
    resident: IdentityDocument, offset: int, content: str, evidence: str
) -> None:
    block = put(encode(resident), offset, content)
    assert parse(block, PHOTO) == CardRefused("card.invalid_data", evidence)


def test_rules_of_the_other_kinds(of_kind: dict[DocumentKind, IdentityDocument]) -> None:
    permit = encode(of_kind[DocumentKind.HMT_PERMIT])
    assert parse(put(permit, 122, "11010519491231002X"), PHOTO) == CardRefused(
        "card.invalid_data", "number: not a prefix of Hong Kong, Macau or Taiwan"
    )
    older = encode(of_kind[DocumentKind.PERMANENT_RESIDENT_2017])
    for offset, content, field in ((0, " " * 60, "name_en"), (122, " " * 15, "number"), (152, "CA1", "nationality")):
        refused = parse(put(older, offset, content), PHOTO)
        assert isinstance(refused, CardRefused)
        assert refused.evidence.startswith(field)
    newer = encode(of_kind[DocumentKind.PERMANENT_RESIDENT_2023])
    assert parse(put(newer, 122, "11010519491231002X"), PHOTO) == CardRefused(
        "card.invalid_data", "number: does not begin with 9"
    )
    assert parse(put(newer, 52, " " * 35), PHOTO) != CardRefused("card.invalid_data", "name_en: missing")
    assert parse(put(put(newer, 52, " " * 35), 220, " " * 11), PHOTO) == CardRefused(
        "card.invalid_data", "name_en: missing"
    )


@pytest.mark.parametrize("lengths", [(0, 0), (255, 1024), (257, 1024), (256, 0), (256, 1023), (256, 1025)])
def test_wrong_lengths_are_refused(resident: IdentityDocument, lengths: tuple[int, int]) -> None:
    text = encode(resident).ljust(300, b" ")[: lengths[0]]
    refused = parse(text, bytes(lengths[1]))
    assert isinstance(refused, CardRefused)
    assert refused.code == "card.invalid_data"


@pytest.mark.parametrize("marker", ["K", "j", "\0", "长", b"\x00\xd8"])
def test_unknown_type_character_is_an_unknown_card(resident: IdentityDocument, marker: str | bytes) -> None:
    refused = parse(put(encode(resident), 248, marker), PHOTO)
    assert isinstance(refused, CardRefused)
    assert refused.code == "card.unknown"


@pytest.mark.parametrize(
    "change",
    [
        {"name": "张" * 16},
        {"name": "𠮷" * 8},
        {"name": "张 "},
        {"name": ""},
        {"name": "张\ud842"},
        {"number": "110105194912310021"},
        {"nation": ""},
        {"nationality": "CHN"},
        {"valid_to": date(2001, 1, 1)},
    ],
)
def test_encode_refuses_what_no_card_can_hold_and_keeps_quiet_about_it(
    resident: IdentityDocument, change: dict[str, object]
) -> None:
    with pytest.raises(ValueError) as raised:
        encode(replace(resident, **change))
    assert "张" not in str(raised.value)
    assert "11010519491231" not in str(raised.value)


def test_neither_document_nor_refusal_shows_the_holder(resident: IdentityDocument) -> None:
    refused = parse(put(encode(resident), 122, "110105194912310021"), resident.photo)
    for shown in (repr(resident), repr(refused)):
        assert "张" not in shown
        assert "1949" not in shown
