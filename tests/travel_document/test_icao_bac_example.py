"""The terminal's side of BAC and secure messaging gives the very bytes of ICAO Doc 9303 part 11, appendix D."""

import hashlib

import pytest

from drivers.base import Deadline
from drivers.card_reader import CardRefused, MrzKey
from drivers.travel_document import bac, ciphers, mrz
from drivers.travel_document.chip import Chip, ChipError
from drivers.travel_document.secure_messaging import SecureMessaging, SecureMessagingError

KEY = MrzKey("L898902C", "690806", "940623")
SESSION_KEYS = (bytes.fromhex("979EC13B1CBFE9DCD01AB0FED307EAE5"), bytes.fromhex("F1CB1F1FB5ADF208806B89DC579DC1F8"))
CHALLENGE = "4608F91988702212"
OWN = {8: bytes.fromhex("781723860C06C226"), 16: bytes.fromhex("0B795240CB7049B01C19B33E32804F0B")}
SCRIPT = [
    ("0084000008", CHALLENGE + "9000"),
    (
        "008200002872C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F25F1448EEA8AD90A728",
        "46B9342A41396CD7386BF5803104D7CEDC122B9132139BAF2EEDC94EE178534F2F2D235D074D74499000",
    ),
    ("0CA4020C158709016375432908C044F68E08BF8B92D635FF24F800", "990290008E08FA855A5D4C50A8ED9000"),
    ("0CB000000D9701048E08ED6705417E96BA5500", "8709019FF0EC34F9922651990290008E08AD55CC17140B2DED9000"),
    (
        "0CB000040D9701128E082EA28A70F3C7B53500",
        "871901FB9235F4E4037F2327DCC8964F1F9B8C30F42C8E2FFF224A990290008E08C8B2787EAEA07D749000",
    ),
]


def test_zone_gives_the_access_keys():
    assert mrz.information(KEY) == b"L898902C<369080619406236"
    seed = hashlib.sha1(mrz.information(KEY)).digest()[:16]
    assert seed.hex() == "239ab9cb282daf66231dc5a4df6bfbae"
    encryption, authentication = bac.access_keys(KEY)
    assert encryption.hex() == "ab94fdecf2674fdfb9b391f85d7f76f2"
    assert authentication.hex() == "7962d9ece03d1acd4c76089dce131543"


def test_the_seed_of_the_session_gives_its_keys():
    seed = bytes.fromhex("0036D272F5C350ACAC50C3F572D23600")
    assert tuple(ciphers.derive(ciphers.TRIPLE_DES, seed, number) for number in (1, 2)) == SESSION_KEYS


def test_a_long_number_goes_into_the_key_in_full():
    # Appendix D.2, TD1 with a number of more than nine characters.
    assert mrz.information(MrzKey("D23145890734", "340712", "950712")) == b"D23145890734934071279507122"


def test_the_whole_conversation_of_appendix_d_byte_for_byte():
    sent = []
    answers = iter(SCRIPT)

    def transmit(apdu):
        sent.append(apdu.hex().upper())
        return bytes.fromhex(next(answers)[1])

    chip = Chip(transmit, Deadline.after(60))
    assert bac.authenticate(chip, KEY, OWN.__getitem__) is None
    assert chip.select_file(0x011E) == 0x9000
    head = chip.command(bytes.fromhex("00B00000"), expected=4)
    rest = chip.command(bytes.fromhex("00B00004"), expected=18)
    assert (head, rest) == (
        (bytes.fromhex("60145F01"), 0x9000),
        (bytes.fromhex("04303130365F36063034303030305C026175"), 0x9000),
    )
    assert sent == [command for command, _ in SCRIPT]


@pytest.mark.parametrize("status", ["6300", "6982", "6985", "6A80"])
def test_a_chip_that_refuses_the_proof_knows_another_key(status):
    answers = iter([CHALLENGE + "9000", status])
    chip = Chip(lambda _: bytes.fromhex(next(answers)), Deadline.after(60))
    refused = bac.authenticate(chip, KEY, OWN.__getitem__)
    assert refused == CardRefused("card.wrong_key", f"BAC: SW {status}")
    assert chip.messaging is None


@pytest.mark.parametrize("place", range(40))
def test_a_chip_that_cannot_prove_the_key_is_not_believed(place):
    answer = bytearray.fromhex(SCRIPT[1][1])
    answer[place] ^= 1
    answers = iter([bytes.fromhex(CHALLENGE + "9000"), bytes(answer)])
    chip = Chip(lambda _: next(answers), Deadline.after(60))
    with pytest.raises(ChipError):
        bac.authenticate(chip, KEY, OWN.__getitem__)
    assert chip.messaging is None


def test_an_answer_recorded_from_another_time_is_not_believed():
    answers = iter([bytes.fromhex("0102030405060708" + "9000"), bytes.fromhex(SCRIPT[1][1])])
    chip = Chip(lambda _: next(answers), Deadline.after(60))
    with pytest.raises(ChipError):
        bac.authenticate(chip, KEY, OWN.__getitem__)


def test_one_changed_bit_anywhere_in_an_answer_is_seen():
    answer = bytes.fromhex("8709019FF0EC34F9922651990290008E08AD55CC17140B2DED")
    for place in range(len(answer)):
        for bit in range(8):
            session = SecureMessaging(ciphers.TRIPLE_DES, *SESSION_KEYS, 0x887022120C06C229)
            changed = bytearray(answer)
            changed[place] ^= 1 << bit
            with pytest.raises(SecureMessagingError):
                session.open(bytes(changed))
    session = SecureMessaging(ciphers.TRIPLE_DES, *SESSION_KEYS, 0x887022120C06C229)
    assert session.open(answer) == (bytes.fromhex("60145F01"), 0x9000)


def test_an_answer_is_good_once_only():
    session = SecureMessaging(ciphers.TRIPLE_DES, *SESSION_KEYS, 0x887022120C06C227)
    answer = bytes.fromhex("990290008E08FA855A5D4C50A8ED")
    assert session.open(answer) == (b"", 0x9000)
    with pytest.raises(SecureMessagingError):
        session.open(answer)
