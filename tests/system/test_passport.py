"""A passport before the whole terminal: the chip's key is typed, the chip is opened and believed, and central is asked."""

import pytest
from headless_citizen import PROGRESS, HeadlessCitizen, person

from drivers.card_reader import MrzKey
from drivers.sim import virtual_issuer
from drivers.sim.virtual_passport import VirtualPassport
from drivers.travel_document import mrz
from kiosk.config import ASSETS
from kiosk.texts import Texts

NUMBER, BIRTH, EXPIRY = "X12345678", "900307", "340102"
TEXTS = Texts(ASSETS / "texts" / "kiosk.toml")


@pytest.fixture
def traveller(terminal_world):
    """Somebody at the reader's question for the key, with a passport of the hall's own state on it."""
    hall = terminal_world.hall
    hall.issuer.publish(hall.csca)
    files = {
        1: virtual_issuer.dg1(virtual_issuer.passport_zone(NUMBER, BIRTH, EXPIRY)),
        2: virtual_issuer.dg2(virtual_issuer.picture("JPEG")),
    }
    zone = mrz.information(MrzKey(NUMBER, BIRTH, EXPIRY)).decode()
    passport = VirtualPassport(files, hall.issuer.sign(files, "sha256"), zone_information=zone, can="123456")
    visitor = HeadlessCitizen(terminal_world, person(how="card"), service=PROGRESS)
    visitor.offered(30.0)
    visitor.start()
    visitor.walk_to("identify")
    visitor.put_until(
        lambda: hall._pcsc.insert(passport),
        lambda glass: (glass["step"], glass["screen"]) == ("identify", "choose"),
        "the question for the key",
    )
    yield visitor
    hall.take_card()
    glass = visitor.look()
    if glass["session"] is not None:
        visitor.intend(glass, "Cancel")
    visitor.home()


def type_key(visitor, number):
    glass = visitor.look()
    for name, value in (("document_number", number), ("birth", f"19{BIRTH}"), ("expiry", f"20{EXPIRY}")):
        visitor.intend(glass, "Fill", name=name, value=value)
    visitor.intend(glass, "Next")


def test_the_typed_key_opens_the_chip_and_central_is_asked(traveller):
    """A wrong number is told and put right; then the passport counts as its holder's card, and the visit ends wiped."""
    traveller.intend(traveller.look(), "Pick", choice="zone")
    type_key(traveller, "X12345679")
    glass = traveller.see(lambda seen: seen["screen"] == "form" and seen["message"], "the words about the wrong key")
    assert glass["step"] == "identify"
    type_key(traveller, NUMBER)
    glass = traveller.see(lambda seen: seen["step"] == "result" and seen["phase"] == "done", "central's answer", 40.0)
    assert TEXTS.get("zh", "result.none") in glass["texts"]
    traveller.walk(lambda seen: seen["screen"] == "home", "the end of the visit")
    assert traveller.world.observer.last_visit()["wiped"]


def test_a_passport_that_nobody_vouches_for_is_refused_with_words(traveller):
    for certificate in traveller.world.hall.csca.iterdir():
        certificate.unlink()
    traveller.intend(traveller.look(), "Pick", choice="zone")
    type_key(traveller, NUMBER)
    glass = traveller.see(lambda seen: seen["screen"] == "identify" and seen["phase"] == "refused", "the refusal", 40.0)
    assert glass["message"]
