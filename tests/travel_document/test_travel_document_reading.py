"""A document is read in full and judged, whichever way its chip opens; and whatever goes wrong, no half identity comes out."""

import random

import pytest
from travel_document_setting import (
    BIRTH,
    CAN_KEY,
    EXPIRY,
    KEY,
    NOW,
    NUMBER,
    WRONG_KEY,
    ZONE,
    CardPulledError,
    groups,
    issuer,
    passport,
    picture,
    soon,
    wire,
)

from drivers.base import Deadline
from drivers.card_reader import Authenticity, CanKey, CardRefused, DocumentKind, IdentityDocument, MrzKey, Verdict
from drivers.sim import virtual_issuer
from drivers.sim.virtual_card import CardFaults
from drivers.sim.virtual_issuer import VirtualIssuer
from drivers.sim.virtual_passport import Manner
from drivers.travel_document import data_groups
from drivers.travel_document.chip import Chip, ChipError
from drivers.travel_document.read import read_travel_document
from drivers.travel_document.tlv import InvalidDataError

SUITES = ("3DES", "AES-128", "AES-192", "AES-256")


@pytest.fixture
def folder(tmp_path):
    issuer().publish(tmp_path)
    return tmp_path


def read(card, key=KEY, folder=None, seen=None, deadline=None):
    return read_travel_document(wire(card, seen), key, deadline or soon(), folder, now=lambda: NOW)


def verdict(card, folder=None):
    document = read(card, folder=folder)
    assert isinstance(document, IdentityDocument), document
    return document.authenticity.verdict


def test_a_passport_is_read_in_full(folder):
    document = read(passport(), folder=folder)
    assert isinstance(document, IdentityDocument)
    assert (document.kind, document.number, document.name_en) == (DocumentKind.PASSPORT, NUMBER, "SAMPLE, MARIE")
    assert (document.birth.isoformat(), document.valid_from) == ("1990-03-07", None)
    assert str(document.valid_to) == "2034-01-02"
    assert (document.sex, document.nationality, document.issuer) == ("2", "UTO", "UTO")
    assert document.portrait == picture()
    assert document.authenticity.verdict is Verdict.GENUINE
    for secret in ("SAMPLE", NUMBER, BIRTH):
        assert secret not in repr(document)
        assert secret not in document.authenticity.evidence


def test_germany_s_single_letter_is_the_country_s_code(tmp_path):
    zone = virtual_issuer.passport_zone(NUMBER, BIRTH, EXPIRY, state="D<<")
    germany = VirtualIssuer(valid=issuer().valid, country="DE")
    germany.publish(tmp_path)
    document = read(passport(zone=zone, sod=germany.sign(groups(zone))), folder=tmp_path)
    assert isinstance(document, IdentityDocument)
    assert (document.nationality, document.issuer) == ("DEU", "DEU")
    assert document.authenticity.verdict is Verdict.GENUINE


def test_a_state_vouches_for_its_own_documents_only(folder):
    zone = virtual_issuer.passport_zone(NUMBER, BIRTH, EXPIRY, state="CHN")
    document = read(passport(zone=zone), folder=folder)
    assert isinstance(document, IdentityDocument)
    assert document.authenticity == Authenticity(Verdict.UNKNOWN_ISSUER, "issuer of UT, document of CHN")


def test_a_permit_is_read_in_full(tmp_path):
    zone = virtual_issuer.permit_zone(NUMBER, BIRTH, EXPIRY)
    china = VirtualIssuer(valid=issuer().valid, country="CN")
    china.publish(tmp_path)
    document = read(passport(Manner("bac"), zone=zone, sod=china.sign(groups(zone))), folder=tmp_path)
    assert isinstance(document, IdentityDocument)
    assert (document.kind, document.number, document.name_en) == (
        DocumentKind.EXIT_ENTRY_PERMIT,
        NUMBER,
        "YANGLI, CESHI",
    )
    assert (document.nationality, document.sex, document.authenticity.verdict) == ("CHN", "2", Verdict.GENUINE)


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("curve", ["nist", "brainpool"])
def test_pace_with_every_cipher_by_zone_and_by_card_access_number(suite, curve):
    for key in (KEY, CAN_KEY):
        assert isinstance(read(passport(Manner("pace", curve, suite)), key), IdentityDocument)


def test_pace_is_taken_where_both_are_offered_and_bac_where_it_is_alone():
    for access, instructions in (("both", 0x86), ("pace", 0x86), ("bac", 0x82)):
        seen = []
        assert isinstance(read(passport(Manner(access)), seen=seen), IdentityDocument)
        assert {apdu[1] for apdu in seen} & {0x86, 0x82} == {instructions}


@pytest.mark.parametrize("curve", ["nist", "brainpool"])
def test_a_chip_that_offers_several_curves_is_told_which(curve):
    assert isinstance(read(passport(Manner("pace", curve, ambiguous=True))), IdentityDocument)


def test_an_offer_we_do_not_speak_is_passed_over_for_one_we_do():
    assert isinstance(read(passport(Manner("both", other_offer=True))), IdentityDocument)


@pytest.mark.parametrize("access", ["bac", "pace", "both"])
def test_a_wrong_zone_is_a_wrong_key_and_bac_is_not_tried_after_pace(access):
    seen = []
    outcome = read(passport(Manner(access)), WRONG_KEY, seen=seen)
    assert isinstance(outcome, CardRefused)
    assert outcome.code == "card.wrong_key"
    assert access == "bac" or 0x82 not in {apdu[1] for apdu in seen}


def test_a_wrong_card_access_number_is_a_wrong_key():
    outcome = read(passport(), CanKey("654321"))
    assert isinstance(outcome, CardRefused)
    assert outcome.code == "card.wrong_key"


@pytest.mark.parametrize("card", [passport(Manner("bac")), passport(Manner("pace"), can="")], ids=["bac", "pace"])
def test_a_chip_that_has_no_card_access_number_says_so_and_opens_by_its_zone(card):
    outcome = read(card, CAN_KEY)
    assert isinstance(outcome, CardRefused)
    assert outcome.code == "card.no_access_number"
    assert isinstance(read(card, KEY), IdentityDocument)


@pytest.mark.parametrize(
    "key",
    [
        CanKey("12345"),
        CanKey("１２３４５６"),
        MrzKey("", BIRTH, EXPIRY),
        MrzKey("é", BIRTH, EXPIRY),
        MrzKey("X", "90", EXPIRY),
    ],
)
def test_what_cannot_be_a_key_is_refused_before_the_chip_is_asked(key):
    seen = []
    outcome = read(passport(), key, seen=seen)
    assert isinstance(outcome, CardRefused)
    assert (outcome.code, seen) == ("card.wrong_key", [])


def test_a_zone_with_fillers_in_the_number_is_the_same_key():
    assert isinstance(read(passport(), MrzKey(NUMBER.lower() + "<<", BIRTH, EXPIRY)), IdentityDocument)


@pytest.mark.parametrize("form", ["JPEG", "JPEG2000"])
def test_both_forms_of_portrait_come_out_as_they_are(form, folder):
    document = read(passport(portrait=picture(form)), folder=folder)
    assert isinstance(document, IdentityDocument)
    assert document.portrait == picture(form)


FACE = 14
"""Where the length of the face stands in its record; that of the record stands six bytes before it."""


def with_length(at, change):
    """DG2 whose record says another length."""
    group = bytearray(groups()[2])
    place = group.index(b"FAC\x00") + at
    length = int.from_bytes(group[place : place + 4], "big")
    group[place : place + 4] = change(length).to_bytes(4, "big")
    return bytes(group)


@pytest.mark.parametrize("change", [lambda _: 0, lambda _: 32, lambda length: length + 1, lambda _: 0xFFFFFFFF])
def test_a_portrait_that_is_longer_than_its_record_or_has_no_byte_is_none(change):
    with pytest.raises(InvalidDataError, match="lengths"):
        data_groups.portrait(with_length(FACE, change))


def test_a_wrong_length_of_the_whole_record_costs_no_portrait():
    assert data_groups.portrait(with_length(FACE - 6, lambda length: length + 9)) == picture()


@pytest.mark.parametrize("manner", [Manner("bac"), Manner("pace"), Manner("pace", cipher="3DES")])
def test_a_portrait_beyond_the_reach_of_read_binary_is_read_by_its_odd_form(manner):
    large = picture(noise=120)
    assert len(large) > 0x8000 + 1000
    document = read(passport(manner, portrait=large))
    assert isinstance(document, IdentityDocument), document
    assert document.portrait == large


def test_no_command_and_no_answer_is_ever_longer_than_a_short_one():
    for access in ("bac", "pace"):
        card = passport(Manner(access), portrait=picture(noise=120))
        longest, plain = 0, wire(card)

        def transmit(apdu, plain=plain):
            nonlocal longest
            answer = plain(apdu)
            longest = max(longest, len(apdu), len(answer))
            return answer

        assert isinstance(read_travel_document(transmit, KEY, soon(), now=lambda: NOW), IdentityDocument)
        assert longest <= 258


def test_a_chip_that_gives_less_than_was_asked_for_is_read_to_the_end():
    document = read(passport(Manner(short=17)))
    assert isinstance(document, IdentityDocument)
    assert document.portrait == picture()


def test_a_chip_that_gives_more_than_was_asked_for_is_not_believed():
    def transmit(apdu):
        if apdu[1] == 0xA4:
            return b"\x90\x00"
        offset = int.from_bytes(apdu[2:4], "big")
        more = 1 if offset else 0
        return (b"\x61\x20" + bytes(32))[offset : offset + apdu[4]] + bytes(more) + b"\x90\x00"

    with pytest.raises(ChipError, match="27 bytes at 8"):
        Chip(transmit, soon()).read_file(0x0101, 0x61, 256)


def test_a_session_that_the_chip_ends_is_told_with_its_status_word():
    outcome = read(passport(Manner("bac"), faults=CardFaults(refuse_at=(8, 0x6988))))
    assert outcome == CardRefused("card.unreadable", "the chip ended the session: SW 6988")


def test_answers_that_wait_to_be_fetched_are_fetched():
    for access in ("bac", "pace"):
        document = read(passport(Manner(access, get_response=True)))
        assert isinstance(document, IdentityDocument)
        assert document.portrait == picture()


def test_a_wrong_length_is_asked_again_with_the_right_one():
    card = passport(Manner("bac"))
    plain = wire(card)

    def transmit(apdu):
        return (
            b"\x6c\x08"
            if apdu == bytes.fromhex("0084000008") and not told.append(1) and len(told) == 1
            else plain(apdu)
        )

    told = []
    assert isinstance(read_travel_document(transmit, KEY, soon(), now=lambda: NOW), IdentityDocument)
    assert len(told) == 2


# ---- authenticity


def test_a_changed_zone_or_portrait_is_not_genuine(folder):
    other = groups(virtual_issuer.passport_zone(NUMBER, BIRTH, EXPIRY, "OTHER<<NAME"), picture("JPEG2000"))
    for number in (1, 2):
        document = read(passport(tampered={number: other[number]}), folder=folder)
        assert isinstance(document, IdentityDocument)
        assert document.authenticity.verdict is Verdict.NOT_GENUINE
        assert document.authenticity.evidence == f"DG{number} was changed"
        # With no folder too: what is wrong is wrong.
        assert verdict(passport(tampered={number: other[number]})) is Verdict.NOT_GENUINE


def test_without_a_folder_nothing_is_proven():
    assert verdict(passport()) is Verdict.NOT_CHECKED


def test_an_issuer_that_is_not_in_the_folder_is_unknown(folder, tmp_path_factory):
    empty = tmp_path_factory.mktemp("empty")
    assert verdict(passport(), empty) is Verdict.UNKNOWN_ISSUER
    stranger = VirtualIssuer()  # of the same name as the one that is trusted
    assert verdict(passport(sod=stranger.sign(groups())), folder) is Verdict.UNKNOWN_ISSUER


# ---- whatever goes wrong


def conversation_length(manner):
    seen = []
    assert isinstance(read(passport(manner), seen=seen), IdentityDocument)
    return len(seen)


@pytest.mark.parametrize("access", ["bac", "pace"])
def test_a_card_pulled_at_any_command_raises_what_the_reader_raised(access):
    for index in range(conversation_length(Manner(access))):
        with pytest.raises(CardPulledError):
            read(passport(Manner(access), faults=CardFaults(pull_at=index)))


@pytest.mark.parametrize("access", ["bac", "pace"])
@pytest.mark.parametrize("status", [0x6F00, 0x6982, 0x6988, 0x6A82, 0x6300])
def test_a_refusal_at_any_command_never_gives_an_identity_by_luck(access, status):
    for index in range(conversation_length(Manner(access))):
        outcome = read(passport(Manner(access), faults=CardFaults(refuse_at=(index, status))))
        # Older chips have no master file and no EF.CardAccess, and say so to the first two commands.
        if index > (1 if access == "bac" else 0):
            assert isinstance(outcome, CardRefused), index
            assert outcome.code in {"card.unreadable", "card.wrong_key"}


def garbled(answer, seed):
    """One of many ways in which an answer can be wrong."""
    chance = random.Random(seed)
    body = bytearray(answer)
    match chance.randrange(6):
        case 0:
            return b""
        case 1:
            return bytes(body[: chance.randrange(len(body))])
        case 2:
            body[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
            return bytes(body)
        case 3:
            return chance.randbytes(chance.randrange(1, 260))
        case 4:
            return chance.randbytes(chance.randrange(1, 256)) + b"\x90\x00"
        case _:
            return bytes([chance.choice((0x61, 0x6C)), chance.randrange(256)])


@pytest.mark.parametrize("access", ["bac", "pace"])
def test_garbage_at_any_command_never_gives_another_identity(access):
    expected = read(passport(Manner(access)))
    assert isinstance(expected, IdentityDocument)
    for index in range(conversation_length(Manner(access))):
        for seed in range(6):
            plain = wire(passport(Manner(access)))
            count = 0

            def transmit(apdu, plain=plain, at=index, seed=seed):
                nonlocal count
                answer = plain(apdu)
                count += 1
                return garbled(answer, f"{at}-{seed}") if count == at + 1 else answer

            outcome = read_travel_document(transmit, KEY, soon(), now=lambda: NOW)
            assert isinstance(outcome, CardRefused) or outcome == expected, (index, seed)


def test_a_chip_that_babbles_for_ever_ends_by_itself():
    for answer in (b"\x61\x10", b"\x6c\x10", b"\x00" * 16 + b"\x61\x10", b"\x90\x00", b""):
        count = 0

        def transmit(apdu, answer=answer):
            nonlocal count
            count += 1
            assert count < 100
            return answer

        outcome = read_travel_document(transmit, KEY, soon(), now=lambda: NOW)
        assert isinstance(outcome, CardRefused)


def test_out_of_time_ends_the_reading():
    moment = 0.0

    def clock():
        nonlocal moment
        moment += 1.0
        return moment

    for seconds in (0.0, 3.0, 12.0, 25.0):
        outcome = read(passport(), deadline=Deadline.after(seconds, clock))
        assert outcome == CardRefused("card.unreadable", "out of time")


@pytest.mark.parametrize(
    "files",
    [
        {1: b"\x61\x84\xff\xff\xff\xff"},
        {1: b"\x61\x82\xff\xff" + b"A" * 40},
        {2: b"\x75\x83\xff\xff\xff" + b"A" * 40},
        {2: b"\x75\x80" + b"A" * 40},
        {1: b"\x75\x03ABC"},
        {1: groups()[1][:-10]},
        {2: groups()[2][:-10]},
        {1: b""},
    ],
)
def test_a_file_that_is_not_what_it_says_is_not_read(files):
    outcome = read(passport(tampered=files))
    assert isinstance(outcome, CardRefused)
    assert outcome.code == "card.unreadable"


def test_other_cards_with_the_same_application_are_not_ours():
    zone = ZONE.replace("P<UTO", "V<UTO", 1)
    outcome = read(passport(zone=zone))
    assert outcome == CardRefused("card.unknown", "document code V")


@pytest.mark.parametrize("zone", [ZONE[:-1] + "0" if ZONE[-1] != "0" else ZONE[:-1] + "1", ZONE[:80]])
def test_a_zone_that_breaks_its_own_rules_is_no_identity(zone):
    outcome = read(passport(zone=zone))
    assert isinstance(outcome, CardRefused)
    assert outcome.code == "card.invalid_data"
