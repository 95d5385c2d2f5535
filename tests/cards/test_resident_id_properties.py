"""The card layouts under arbitrary content: what goes in comes out, and nothing makes parse raise."""

from __future__ import annotations

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.card_reader import CardRefused, DocumentKind, IdentityDocument
from drivers.cards.codes import NATIONS, SEX
from drivers.cards.resident_id import KINDS, check_digit, encode, parse

CHARACTERS = st.one_of(
    st.sampled_from("𠮷㛃䶮𪨊·长期 张A"),
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")),
    st.sampled_from("ABC "),
)


@st.composite
def texts(draw: st.DrawFn, units: int, empty: bool = False) -> str:
    """Text of at most ``units`` UTF-16 code units without padding at its end, often exactly full."""
    drawn = draw(st.lists(CHARACTERS, min_size=1, max_size=units))
    text = ""
    for character in drawn:
        if len((text + character).encode("utf-16-le")) <= units * 2:
            text += character
    text = text.rstrip(" \0")
    return text if text or empty else "张"


def digits(count: int, start: str = "") -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=count - len(start), max_size=count - len(start)).map(
        lambda rest: start + rest
    )


DAYS = st.dates(date(1, 1, 1), date(9999, 12, 31))


@st.composite
def any_document(draw: st.DrawFn) -> IdentityDocument:
    kind = draw(st.sampled_from(KINDS))
    valid_from, valid_to = sorted((draw(DAYS), draw(DAYS)))
    foreign = kind in (DocumentKind.PERMANENT_RESIDENT_2017, DocumentKind.PERMANENT_RESIDENT_2023)
    start = {DocumentKind.HMT_PERMIT: draw(st.sampled_from(["810000", "820000", "830000"]))}
    first17 = draw(digits(17, start.get(kind, "9" if foreign else "")))
    older = kind is DocumentKind.PERMANENT_RESIDENT_2017
    longest_english = 60 if older else 46
    return IdentityDocument(
        kind=kind,
        number="XXX" + draw(digits(12)) if older else first17 + check_digit(first17),
        name=draw(texts(15, empty=foreign)),
        name_en=draw(texts(longest_english)) if foreign else "",
        sex=draw(st.sampled_from(list(SEX))),
        birth=draw(DAYS),
        valid_from=valid_from,
        valid_to=draw(st.sampled_from([valid_to, None])),
        nation=draw(st.sampled_from(list(NATIONS))) if kind is DocumentKind.RESIDENT else "",
        nationality=draw(st.text("ABCXYZ", min_size=3, max_size=3)) if foreign else "",
        address="" if foreign else draw(texts(35)),
        issuer=draw(texts(4, empty=True)) if older else "" if foreign else draw(texts(15)),
        pass_number=draw(texts(9, empty=True)) if kind is DocumentKind.HMT_PERMIT else "",
        issue_count="" if kind is DocumentKind.RESIDENT or older else draw(texts(2, empty=True)),
        photo=draw(st.binary(min_size=1024, max_size=1024)),
    )


@settings(max_examples=300, deadline=None)
@given(any_document())
def test_parse_is_the_inverse_of_encode(document: IdentityDocument) -> None:
    assert parse(encode(document), document.photo) == document


@settings(max_examples=300, deadline=None)
@given(st.binary(min_size=256, max_size=256), st.sampled_from([b" \0", b"I\0", b"J\0", b"Y\0", b""]))
def test_arbitrary_bytes_are_refused_and_never_raise(block: bytes, marker: bytes) -> None:
    text = block[:248] + marker + block[248 + len(marker) :]
    assert isinstance(parse(text, bytes(1024)), CardRefused)


@settings(max_examples=300, deadline=None)
@given(any_document(), st.integers(0, 255), st.binary(min_size=1, max_size=8))
def test_a_damaged_block_gives_a_whole_document_or_a_refusal(
    document: IdentityDocument, at: int, damage: bytes
) -> None:
    block = encode(document)
    damaged = (block[:at] + damage + block[at + len(damage) :])[:256]
    result = parse(damaged, document.photo)
    if isinstance(result, IdentityDocument):
        # What was accepted is complete: it can be written to a card again.
        assert parse(encode(result), result.photo) == result


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.binary(max_size=1100))
def test_any_lengths_never_raise(text: bytes, photo: bytes) -> None:
    assert isinstance(parse(text, photo), CardRefused)
