"""Citizen files: what is accepted and fits on a card, and the words for everything that is wrong."""

import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.card_reader import DocumentKind
from drivers.cards import resident_id, social_security
from kiosk.training import citizen

RESIDENT = {
    "kind": '"resident"',
    "name": '"张伟样"',
    "sex": '"男"',
    "nation": '"汉"',
    "birth": "19900315",
    "address": '"样例省测试市演练区模拟路1号"',
    "number": '"990101199003150015"',
    "issuer": '"测试市公安局"',
    "valid_from": "20200301",
    "valid_to": "20400301",
}
FOREIGNER_2017 = {
    "kind": '"permanent_resident_2017"',
    "reader": '"sdt"',
    "name_en": '"SAMPLE, MARIE"',
    "sex": '"female"',
    "birth": "19830417",
    "number": '"deu990083041702"',
    "nationality": '"deu"',
    "valid_from": "20220601",
    "valid_to": "20420601",
}
FOREIGNER_2023 = {
    "kind": '"permanent_resident_2023"',
    "name_en": '"SAMPLE, MARIE"',
    "sex": "2",
    "birth": "19920212",
    "number": "999250199202120020",
    "nationality": '"FRA"',
    "issue_count": "1",
    "valid_from": "20240101",
    "valid_to": "20440101",
}


def text(card, **changes):
    card = {key: value for key, value in {**card, **changes}.items() if value is not None}
    return "[card]\n" + "\n".join(f"{key} = {value}" for key, value in card.items())


def parse(card, **changes):
    return citizen.parse(text(card, **changes), "file.toml")


def complaint(card, **changes):
    with pytest.raises(citizen.CitizenFileError) as caught:
        parse(card, **changes)
    return str(caught.value)


# ---- what comes with the terminal


def shipped():
    return [citizen.load(path) for path in sorted(citizen.CITIZENS.glob("*.toml"))]


def test_shipped_citizens_fit_on_their_cards():
    assert len(shipped()) >= 8
    for person in shipped():
        social = person.card.kind is DocumentKind.SOCIAL_SECURITY
        (social_security if social else resident_id).encode(person.card)  # raises for a card that cannot exist


def test_shipped_citizens_cover_kinds_readers_and_hard_cases():
    people = shipped()
    assert {person.card.kind for person in people} == set(DocumentKind) - {
        DocumentKind.PASSPORT,
        DocumentKind.EXIT_ENTRY_PERMIT,
    }
    assert {person.reader for person in people} == {"pcsc", "sdt"}
    everything = "".join(f"{person.card.name}{person.card.address}" for person in people)
    assert set("𠮷㛃䶮𪨊") <= set(everything)
    assert any(len(person.card.name_en) == 60 for person in people)
    assert any(person.card.valid_to is None for person in people)
    today = datetime.date(2025, 1, 1)
    assert sum(person.card.valid_to is not None and person.card.valid_to < today for person in people) == 1


# ---- what is accepted


def test_a_resident_is_read_in_full():
    person = citizen.parse(
        text(RESIDENT) + "\n[answers]\nphone = 13000000000\nagree = true\nplace = 'A'\n", "file.toml"
    )
    card = person.card
    assert (card.kind, card.name, card.sex, card.nation) == (DocumentKind.RESIDENT, "张伟样", "1", "01")
    assert (card.birth, card.valid_from) == (datetime.date(1990, 3, 15), datetime.date(2020, 3, 1))
    assert (card.valid_to, card.number) == (datetime.date(2040, 3, 1), "990101199003150015")
    assert person.reader == "pcsc"
    assert person.answers == {"phone": "13000000000", "agree": "true", "place": "A"}


@pytest.mark.parametrize("spelling", ['"男"', '"male"', '"Male"', '"1"', "1"])
def test_spellings_of_sex(spelling):
    assert parse(RESIDENT, sex=spelling).card.sex == "1"


@pytest.mark.parametrize(("spelling", "code"), [('"0"', "0"), ("0", "0"), ('"未知"', "0"), ("9", "9"), ('"女"', "2")])
def test_other_codes_of_sex(spelling, code):
    assert parse(RESIDENT, sex=spelling).card.sex == code


@pytest.mark.parametrize("spelling", ['"土家"', '"土家族"', '"Tujia"', '"15"', "15"])
def test_spellings_of_nation(spelling):
    assert parse(RESIDENT, nation=spelling).card.nation == "15"


@pytest.mark.parametrize("spelling", ['"1"', "1", '"01"', '"汉族"', '"han"'])
def test_spellings_of_the_first_nation(spelling):
    assert parse(RESIDENT, nation=spelling).card.nation == "01"


@pytest.mark.parametrize("spelling", ["20400301", '"20400301"', '"2040-03-01"', "2040-03-01"])
def test_spellings_of_days(spelling):
    assert parse(RESIDENT, valid_to=spelling).card.valid_to == datetime.date(2040, 3, 1)


def test_long_term():
    assert parse(RESIDENT, valid_to='"长期"').card.valid_to is None


def test_numbers_are_made_upper_case_and_may_be_integers():
    assert parse(FOREIGNER_2017).card.number == "DEU990083041702"
    assert parse(FOREIGNER_2017).card.nationality == "DEU"
    assert parse(FOREIGNER_2023).card.number == "999250199202120020"
    assert parse(FOREIGNER_2023).card.issue_count == "01"
    lower_x = parse(RESIDENT, number='"11010519491231002x"')
    assert lower_x.card.number == "11010519491231002X"


def test_what_the_chip_has_no_place_for_stays_off_the_card():
    card = parse(FOREIGNER_2023, issuer='"国家移民管理局"', address='"样例省"').card
    assert (card.issuer, card.address) == ("", "")
    resident_id.encode(card)


def test_repr_shows_nothing_personal():
    assert "张" not in repr(parse(RESIDENT))


# ---- what is refused, with the file's name, the key and words


@pytest.mark.parametrize(
    ("card", "changes", "key", "words"),
    [
        (RESIDENT, {"kind": '"passport"'}, "card.kind", "resident"),
        (RESIDENT, {"kind": None}, "card.kind", "is missing"),
        (RESIDENT, {"reader": '"usb"'}, "card.reader", "pcsc"),
        (RESIDENT, {"nmae": '"x"'}, "card.nmae", "not a key"),
        (RESIDENT, {"name": None}, "card.name", "is missing"),
        (RESIDENT, {"address": '""'}, "card.address", "is missing"),
        (RESIDENT, {"nation": None}, "card.nation", "is missing"),
        (RESIDENT, {"number": '"990101199003150018"'}, "card.number", "check digit"),
        (RESIDENT, {"number": '"99010119900315001"'}, "card.number", "17 digits"),
        (RESIDENT, {"sex": '"boy"'}, "card.sex", "not a sex"),
        (RESIDENT, {"nation": '"57"'}, "card.nation", "not a nation"),
        (RESIDENT, {"birth": '"19900230"'}, "card.birth", "no such day"),
        (RESIDENT, {"birth": '"March"'}, "card.birth", "YYYYMMDD"),
        (RESIDENT, {"birth": '"长期"'}, "card.birth", "YYYYMMDD"),
        (RESIDENT, {"valid_to": "20200229"}, "card.valid_to", "before valid_from"),
        (RESIDENT, {"name": '"' + "样" * 16 + '"'}, "card.name", "15 characters"),
        (RESIDENT, {"name": '"' + "𠮷" * 8 + '"'}, "card.name", "15 characters"),
        (RESIDENT, {"name": '"a\\u0007b"'}, "card.name", "control character"),
        (RESIDENT, {"name": "true"}, "card.name", "string"),
        (RESIDENT, {"kind": '"hmt_permit"'}, "card.number", "810000"),
        (FOREIGNER_2017, {"nationality": '"Germany"'}, "card.nationality", "too long"),
        (FOREIGNER_2017, {"nationality": '"D1"'}, "card.nationality", "alpha-3"),
        (FOREIGNER_2017, {"number": '"DEU99"'}, "card.number", "15 letters"),
        (FOREIGNER_2017, {"name_en": '"' + "A" * 61 + '"'}, "card.name_en", "60 characters"),
        (FOREIGNER_2017, {"name_en": None}, "card.name_en", "is missing"),
        (FOREIGNER_2023, {"number": '"110105194912310021"'}, "card.number", "check digit"),
        (FOREIGNER_2023, {"number": '"11010519491231002X"'}, "card.number", "begin with 9"),
        (FOREIGNER_2023, {"issue_count": '"many"'}, "card.issue_count", "two digits"),
    ],
)
def test_refusals_name_file_key_and_reason(card, changes, key, words):
    message = complaint(card, **changes)
    assert message.startswith("file.toml: ")
    assert f" {key}: " in message
    assert words in message


def test_every_wrong_key_is_told_at_once():
    message = complaint(RESIDENT, sex='"boy"', birth="1", number=None)
    assert len(message.splitlines()) == 3


def test_not_toml_and_no_card():
    with pytest.raises(citizen.CitizenFileError, match=r"file\.toml: is not TOML"):
        citizen.parse("[card", "file.toml")
    with pytest.raises(citizen.CitizenFileError, match=r"file\.toml: card: is missing"):
        citizen.parse("", "file.toml")
    with pytest.raises(citizen.CitizenFileError, match=r"file\.toml: cards: is not a key"):
        citizen.parse(text(RESIDENT) + "\n[cards]\n", "file.toml")


def test_unreadable_files(tmp_path: Path):
    with pytest.raises(citizen.CitizenFileError, match="cannot be read"):
        citizen.load(tmp_path / "nobody.toml")
    (tmp_path / "old.toml").write_bytes("[card]\nname = '张'".encode("gb18030"))
    with pytest.raises(citizen.CitizenFileError, match="not UTF-8"):
        citizen.load(tmp_path / "old.toml")


@settings(max_examples=300, deadline=None)
@given(
    name=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=18),
    address=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40),
    digits=st.text("0123456789", min_size=17, max_size=17),
    nation=st.sampled_from(["01", "水", "98"]),
)
def test_whatever_is_accepted_fits_on_a_card(name, address, digits, nation):
    quoted = ['"' + "".join(f"\\U{ord(character):08X}" for character in value) + '"' for value in (name, address)]
    number = f'"{digits}{citizen.check_digit(digits)}"'
    try:
        person = parse(RESIDENT, name=quoted[0], address=quoted[1], number=number, nation=f'"{nation}"')
    except citizen.CitizenFileError:
        return
    assert resident_id.parse(resident_id.encode(person.card), bytes(1024)) is not None
