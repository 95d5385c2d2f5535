"""The terminal's side of PACE gives the very bytes of ICAO Doc 9303 part 11, appendix G.1 (ECDH, generic mapping).

The example's numbers were taken from several public test suites that agree; the relations between its keys and points
are checked here on their own, with a library that the driver does not use for them.
"""

import ecdsa
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from drivers.base import Deadline
from drivers.card_reader import CanKey, CardRefused, MrzKey
from drivers.travel_document import ciphers, pace
from drivers.travel_document.chip import Chip, ChipError

KEY = MrzKey("T22000129", "640812", "101031")
CARD_ACCESS = bytes.fromhex("31143012060A04007F0007020204020202010202010D")
NONCE = bytes.fromhex("3F00C4D39D153F2B2A214A078D899B22")
ENCRYPTED_NONCE = bytes.fromhex("95A3A016522EE98D01E76CB6B98B42C3")
MAP_PRIVATE = int("7F4EF07B9EA82FD78AD689B38D0BC78CF21F249D953BC46F4C6E19259C010F99", 16)
MAP_CHIP_PRIVATE = int("498FF49756F2DC1587840041839A85982BE7761D14715FB091EFA7BCE9058560", 16)
AGREE_PRIVATE = int("A73FB703AC1436A18E0CFA5ABB3F7BEC7A070E7A6788486BEE230C4A22762595", 16)
MAP_PUBLIC = (
    "047ACF3EFC982EC45565A4B155129EFBC74650DCBFA6362D896FC70262E0C2CC5E"
    "544552DCB6725218799115B55C9BAA6D9F6BC3A9618E70C25AF71777A9C4922D"
)
MAP_CHIP_PUBLIC = (
    "04824FBA91C9CBE26BEF53A0EBE7342A3BF178CEA9F45DE0B70AA601651FBA3F57"
    "30D8C879AAA9C9F73991E61B58F4D52EB87A0A0C709A49DC63719363CCD13C54"
)
GENERATOR = (
    "048CED63C91426D4F0EB1435E7CB1D74A46723A0AF21C89634F65A9AE87A9265E2"
    "8C879506743F8611AC33645C5B985C80B5F09A0B83407C1B6A4D857AE76FE522"
)
AGREE_PUBLIC = (
    "042DB7A64C0355044EC9DF190514C625CBA2CEA48754887122F3A5EF0D5EDD301C"
    "3556F3B3B186DF10B857B58F6A7EB80F20BA5DC7BE1D43D9BF850149FBB36462"
)
AGREE_CHIP_PUBLIC = (
    "049E880F842905B8B3181F7AF7CAA9F0EFB743847F44A306D2D28C1D9EC65DF6DB"
    "7764B22277A2EDDC3C265A9F018F9CB852E111B768B326904B59A0193776F094"
)
SCRIPT = [
    ("0022C1A40F800A04007F00070202040202830101", "9000"),
    ("10860000027C0000", "7C12801095A3A016522EE98D01E76CB6B98B42C39000"),
    (f"10860000457C438141{MAP_PUBLIC}00", f"7C438241{MAP_CHIP_PUBLIC}9000"),
    (f"10860000457C438341{AGREE_PUBLIC}00", f"7C438441{AGREE_CHIP_PUBLIC}9000"),
    ("008600000C7C0A8508C2B0BD78D94BA86600", "7C0A86083ABB9674BCE93C089000"),
]


def given(*privates):
    """Random bytes that lead to these private keys."""
    values = iter(privates)
    return lambda length: (next(values) - 1).to_bytes(length, "big")


def test_private_and_public_keys_of_the_example_belong_together():
    for private, public in ((MAP_PRIVATE, MAP_PUBLIC), (MAP_CHIP_PRIVATE, MAP_CHIP_PUBLIC)):
        numbers = ec.derive_private_key(private, ec.BrainpoolP256R1()).public_key().public_numbers()
        assert f"04{numbers.x:064X}{numbers.y:064X}" == public


def test_password_opens_the_nonce():
    key = pace.password_key(KEY, ciphers.AES_128)
    assert key.hex() == "89ded1b26624ec1e634c1989302849dd"
    assert ciphers.decrypt(ciphers.AES_128, key, ENCRYPTED_NONCE) == NONCE


def test_what_the_chip_offers_is_understood():
    (offer,) = pace.offers(CARD_ACCESS)
    assert (offer.suite, offer.parameters, offer.ambiguous) == (ciphers.AES_128, 13, False)


def test_nonce_maps_to_the_generator():
    curve = ecdsa.BRAINPOOLP256r1
    theirs = ecdsa.ellipticcurve.PointJacobi.from_bytes(curve.curve, bytes.fromhex(MAP_CHIP_PUBLIC), order=curve.order)
    generator = pace.mapped_generator(curve, NONCE, theirs * MAP_PRIVATE)
    assert generator.to_bytes("uncompressed").hex().upper() == GENERATOR


def test_a_chip_that_cancels_the_nonce_out_gives_no_generator():
    curve = ecdsa.BRAINPOOLP256r1
    nonce = curve.generator * int.from_bytes(NONCE, "big")
    opposite = ecdsa.ellipticcurve.PointJacobi(curve.curve, nonce.x(), -nonce.y() % curve.curve.p(), 1, curve.order)
    with pytest.raises(ChipError, match="no generator"):
        pace.mapped_generator(curve, NONCE, opposite)


def test_the_whole_conversation_of_appendix_g_byte_for_byte():
    sent = []
    answers = iter(SCRIPT)

    def transmit(apdu):
        sent.append(apdu.hex().upper())
        return bytes.fromhex(next(answers)[1])

    chip = Chip(transmit, Deadline.after(60))
    (offer,) = pace.offers(CARD_ACCESS)
    assert pace.authenticate(chip, offer, KEY, given(MAP_PRIVATE, AGREE_PRIVATE)) is None
    assert sent == [command for command, _ in SCRIPT]
    assert chip.messaging is not None
    assert (chip.messaging._encryption_key.hex(), chip.messaging._authentication_key.hex()) == (
        "f5f0e35c0d7161ee6724ee513a0d9a7f",
        "fe251c7858b356b24514b3bd5f4297d1",
    )


def spoil(step, answer):
    script = [bytes.fromhex(reply) for _, reply in SCRIPT]
    script[step] = bytes.fromhex(answer)
    answers = iter(script)
    chip = Chip(lambda _: next(answers), Deadline.after(60))
    (offer,) = pace.offers(CARD_ACCESS)
    return chip, lambda: pace.authenticate(chip, offer, KEY, given(MAP_PRIVATE, AGREE_PRIVATE))


def test_a_chip_that_refuses_our_proof_knows_another_key():
    _, run = spoil(4, "6300")
    assert run() == CardRefused("card.wrong_key", "PACE: SW 6300")


@pytest.mark.parametrize(
    ("step", "answer"),
    [
        (0, "6A88"),
        (1, "7C0480021234" + "9000"),
        (2, f"7C438241{MAP_CHIP_PUBLIC[:-1]}59000"),  # not on the curve
        (2, "7C0382010" + "09000"),  # the point at infinity
        (3, f"7C438441{AGREE_PUBLIC}9000"),  # our own key sent back
        (4, "7C0A86083ABB9674BCE93C099000"),
        (4, "7C009000"),
    ],
)
def test_a_chip_that_breaks_the_protocol_is_not_believed(step, answer):
    chip, run = spoil(step, answer)
    with pytest.raises(ChipError):
        run()
    assert chip.messaging is None


def test_a_chip_that_only_mirrors_us_has_proven_nothing():
    (offer,) = pace.offers(CARD_ACCESS)

    def mirror(apdu):
        if apdu[1] == 0x22:
            return b"\x90\x00"
        if apdu[5:] == bytes.fromhex("7C0000"):
            return bytes.fromhex(SCRIPT[1][1])
        sent = bytearray(apdu[5:-1])
        sent[2] += 1  # 81 -> 82, 83 -> 84, 85 -> 86
        return bytes(sent) + b"\x90\x00"

    chip = Chip(mirror, Deadline.after(60))
    with pytest.raises(ChipError, match="no key"):
        pace.authenticate(chip, offer, KEY, given(MAP_PRIVATE, AGREE_PRIVATE))
    assert chip.messaging is None


def test_a_card_access_number_is_its_own_password():
    assert pace.password_key(CanKey("123456"), ciphers.AES_128) == ciphers.derive(ciphers.AES_128, b"123456", 3)


@pytest.mark.parametrize(
    "protocol",
    [
        "04007F00070202040402",
        "04007F00070202040602",
        "04007F00070202040102",
        "04007F000702020402",
        "04007F00070202040205",
    ],
)
def test_mappings_we_do_not_speak_are_passed_over(protocol):
    oid = bytes.fromhex(protocol)
    info = bytes([0x06, len(oid)]) + oid + bytes.fromhex("02010202010D")
    assert pace.offers(bytes([0x31, len(info) + 2, 0x30, len(info)]) + info) == ()


def test_the_strongest_cipher_comes_first_and_curves_are_told_apart():
    def info(last, number):
        return bytes.fromhex(f"3012060A04007F000702020402{last:02X}0201020201{number:02X}")

    infos = info(1, 12) + info(2, 12) + info(4, 13) + info(2, 13) + info(4, 99)
    found = pace.offers(bytes([0x31, len(infos)]) + infos)
    assert [(offer.suite.name, offer.parameters, offer.ambiguous) for offer in found] == [
        ("AES-256", 13, False),
        ("AES-128", 12, True),
        ("AES-128", 13, True),
        ("3DES", 12, False),
    ]
