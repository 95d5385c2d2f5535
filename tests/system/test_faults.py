"""Devices and citizens do what they do in a real hall: honest words, nothing twice, and on it goes by itself."""

import pytest
from headless_citizen import PROGRESS, HeadlessCitizen, person, wait_until
from receipts_seen import codes_on

from drivers.base import Deadline
from drivers.hall import PrinterAction
from drivers.sim.virtual_card import CardFaults, SamBackedCard
from kiosk.config import ASSETS
from kiosk.faults import Catalogue
from kiosk.texts import Texts

FAULTS = Catalogue.load(ASSETS / "faults")
TEXTS = Texts(ASSETS / "texts" / "kiosk.toml")


def words(code):
    return FAULTS.for_citizen(code, "zh")


def text(key):
    return TEXTS.get("zh", key)


@pytest.fixture
def world(terminal_world):
    """The module's terminal, at home, with a hall in which all is well and nothing lies about."""
    HeadlessCitizen(terminal_world).offered(30.0)
    yield terminal_world
    terminal_world.hall.take_card()
    terminal_world.hall.take_code()
    terminal_world.hall.take_paper()
    leave(HeadlessCitizen(terminal_world))


@pytest.fixture
def visitor(world):
    return HeadlessCitizen(world)


@pytest.fixture
def query(world):
    return HeadlessCitizen(world, service=PROGRESS)


def engine(world):
    return world.hall._printer.engine


def in_mid_receipt(world, action):
    """Let something happen to the printer once three lines of the next receipt are on the paper."""
    printer = engine(world)
    with printer.changed:
        printer.at_lines(printer.paper.lines + 3, lambda: world.hall.printer(action))


def receipts_of(visit):
    """How each print of a visit's receipt ended; the notice on A4 is another printer's."""
    return [done["outcome"] for done in visit["prints"] if done["kind"] == "receipt"]


def leave(visitor):
    """Go home from wherever this is."""
    glass = visitor.look()
    if glass["session"] is not None:
        visitor.intend(glass, "Cancel")
        visitor.home()


# ---- the printer


def test_paper_out_before_a_visit(world, visitor):
    """A service that needs paper says so on the home screen before anyone starts; the other one goes on."""
    world.hall.printer(PrinterAction.PAPER_OUT)
    glass = visitor.see(lambda seen: visitor.tile(seen) and not visitor.tile(seen)["available"], "the tile to close")
    assert visitor.tile(glass)["reason"] == words("printer.paper_out")
    assert visitor.tile(glass, PROGRESS)["available"]
    visitor.intend(glass, "StartService", service=visitor.service)
    assert HeadlessCitizen(world, service=PROGRESS).start()["step"] == "how"
    leave(visitor)
    world.hall.printer(PrinterAction.PAPER_OK)
    visitor.offered()


def test_no_paper_when_the_receipt_is_due(world, visitor):
    """Surely not printed: said so, offered again, and then printed once."""
    before = len(world.hall.papers())
    visitor.walk_to("sign")
    world.hall.printer(PrinterAction.PAPER_OUT)
    glass = visitor.walk_to("receipt", phase=("done", "refused"))
    assert (glass["phase"], glass["message"]) == ("refused", text("receipt.not_printed"))
    assert any(shown.startswith("CK1:") for shown in glass["texts"]), (
        "the code is on the screen for those without paper"
    )
    world.hall.printer(PrinterAction.PAPER_OK)

    def printed_again():
        visitor.intend(visitor.look(), "Pick", choice="retry")
        return visitor.look()["phase"] == "done"

    wait_until(printed_again, "the receipt, printed again", 20.0, 0.3)
    assert len(world.hall.papers()) == before + 1
    visitor.walk(lambda seen: seen["screen"] == "home", "the end of the visit")
    outcomes = receipts_of(world.observer.last_visit())
    assert outcomes[-1] == "printed"
    assert set(outcomes[:-1]) == {"not_printed"}


def test_a_receipt_that_is_left_in_the_printer_is_drawn_back(world, visitor):
    """It names its citizen: who comes next must not find it. One that is taken at once is never drawn back."""
    drawn_back = len(engine(world).retracted)
    world.hall.printer(PrinterAction.TICKET_LEFT)
    try:
        assert receipts_of(visitor.visit()) == ["printed"]
        wait_until(lambda: len(engine(world).retracted) > drawn_back, "the receipt to be drawn back", 40.0, 0.05)
        assert engine(world).waiting is None
    finally:
        world.hall.printer(PrinterAction.TICKET_TAKEN)
    HeadlessCitizen(world, person("li-ceshi", phone="13600000009")).visit()
    assert len(engine(world).retracted) == drawn_back + 1


@pytest.mark.parametrize("action", [PrinterAction.UNPLUG, PrinterAction.PAPER_OUT])
def test_trouble_in_mid_receipt(world, visitor, action):
    """Nobody can know what came out: said so, not printed again by anyone's touch, and nothing of it on the next paper."""
    before = len(world.hall.papers())
    visitor.walk_to("submit", phase=("done",))
    in_mid_receipt(world, action)
    glass = visitor.walk_to("receipt", phase=("done", "refused"), seconds=60.0)
    assert (glass["phase"], glass["message"]) == ("refused", text("receipt.unknown"))
    (code,) = [shown for shown in glass["texts"] if shown.startswith("CK1:")]
    visitor.intend(glass, "Pick", choice="retry")
    world.hall.printer(PrinterAction.PLUG if action is PrinterAction.UNPLUG else PrinterAction.PAPER_OK)
    visitor.walk(lambda seen: seen["screen"] == "home", "the end of the visit")
    assert receipts_of(world.observer.last_visit()) == ["unknown"]

    following = HeadlessCitizen(world, person(phone="13600000002"))
    record = following.visit()
    assert [done["outcome"] for done in record["prints"]] == ["printed", "printed"]
    papers = world.hall.papers()[before:]
    seen = [codes_on(paper) for paper in papers]
    assert sum(codes.count(code) for codes in seen) <= 1, "printed twice"
    assert len(seen[-1]) == 1
    assert seen[-1][0].startswith(f"CK1:{record['project_no']}:")
    assert all(len(codes) <= 1 for codes in seen), "two citizens on one paper"


def test_cover_opened_and_closed_in_mid_receipt(world, visitor):
    """A printer that goes on goes on: one whole receipt, and the truth about it."""
    before = len(world.hall.papers())
    visitor.walk_to("submit", phase=("done",))
    in_mid_receipt(world, PrinterAction.COVER_OPEN)
    visitor.walk(lambda _: engine(world).cover_open, "the cover to be open")
    assert visitor.look()["phase"] == "working"
    world.hall.printer(PrinterAction.COVER_CLOSED)
    glass = visitor.walk_to("receipt", phase=("done", "refused"))
    assert glass["phase"] == "done"
    assert len(world.hall.papers()) == before + 1
    visitor.walk(lambda seen: seen["screen"] == "home", "the end of the visit")


# ---- the card


@pytest.mark.parametrize("apdu", [0, 1, 3])
def test_card_pulled_in_mid_read(world, visitor, apdu):
    """A friendly word; put back, it is read, and nothing half of it is in the form."""
    hall, card = world.hall, visitor.citizen.card
    visitor.walk_to("identify")
    hall._pcsc.insert(SamBackedCard(card, faults=CardFaults(pull_at=apdu)))
    glass = visitor.see(lambda seen: seen["phase"] == "refused", "the words")
    assert glass["message"] == words("card.removed")
    hall.put_card(card, "pcsc")
    form = visitor.see(lambda seen: seen["step"] == "form", "the form")
    assert next(field for field in form["fields"] if field["name"] == "name")["value"] == card.name
    leave(visitor)


def test_serial_card_pulled_in_mid_read(world, visitor):
    """The same on the serial reader, in the middle of an answer."""
    hall, card = world.hall, person("li-ceshi").card
    visitor.walk_to("identify")
    hall._sdt.pull_after(200)
    hall.put_card(card, "sdt")
    glass = visitor.see(lambda seen: seen["phase"] == "refused", "the words")
    # Over the line a card that is gone and one that slipped look the same; either way it says what to do.
    assert glass["message"] in (words("card.removed"), words("card.unreadable"))
    hall._sdt.clear()
    hall.put_card(card, "sdt")
    visitor.see(lambda seen: seen["step"] == "form", "the form")
    leave(visitor)


def test_card_service_restarted_while_waiting(world, visitor):
    """pcscd dies and comes back while the terminal waits for a card: the same visit goes on."""
    glass = visitor.walk_to("identify")
    terminal = world.terminal.pid
    log = world.directory / "terminal.log"
    before = len(log.read_text())
    world.hall._pcsc.kill()
    wait_until(
        lambda: '"device": "card_reader", "state": "offline"' in log.read_text()[before:], "the loss to be noticed"
    )
    world.hall._pcsc.start(Deadline.after(20))
    world.hall.put_card(visitor.citizen.card, "pcsc")
    form = visitor.see(lambda seen: seen["step"] == "form", "the form")
    assert form["session"] == glass["session"]
    assert world.terminal.pid == terminal
    assert world.terminal.poll() is None
    leave(visitor)


def test_card_without_a_name(world, visitor):
    """The plain type-B card cannot give a name, and the citizen is told what to do."""
    visitor.walk_to("identify")
    world.hall.put_plain_card()
    glass = visitor.see(lambda seen: seen["phase"] == "refused", "the words")
    assert glass["message"] == words("card.plain_type_b")
    world.hall.put_card(visitor.citizen.card, "pcsc")
    visitor.see(lambda seen: seen["step"] == "form", "the form")
    leave(visitor)


def test_expired_card(world, visitor):
    """Words, and the wait goes on; the citizen leaves, and nothing of the card is left."""
    expired = person("wang-guoqi")
    visitor.walk_to("identify")
    world.hall.put_card(expired.card, expired.reader)
    glass = visitor.see(lambda seen: seen["phase"] == "refused", "the words")
    assert glass["message"] == words("card.expired")
    assert expired.card.name not in " ".join(glass["texts"])
    leave(visitor)
    assert world.observer.last_visit()["wiped"]


# ---- codes and papers

RUBBISH = {
    "4 KB": (b"A1b2" * 1024)[:2900],
    "control characters": b"CK1:\x00\x07\x1b[2J\x7f\r\n" * 20,
    "no text": bytes(range(128, 256)) * 4,
}


@pytest.mark.parametrize(
    ("rubbish", "code"),
    [("4 KB", "code.too_long"), ("control characters", "code.control_characters"), ("no text", "code.not_text")],
)
def test_rubbish_as_a_code(world, query, rubbish, code):
    """Refused with words, once, and the next code is looked at."""
    query.walk_to("scan")
    world.hall.hold_code(RUBBISH[rubbish])
    glass = query.see(lambda seen: seen["phase"] == "refused", "the words")
    assert glass["message"] == words(code)
    world.hall.hold_code(f"https://example.invalid/menu?{code}")
    glass = query.see(lambda seen: seen["message"] == words("code.not_a_receipt"), "the other words")
    assert glass["step"] == "scan"
    leave(query)


def test_code_of_no_case(world, query):
    """It looks like a receipt's, but central knows nothing of it."""
    query.code = "CKL:0195b1c2-0000-7000-8000-000000000000"
    glass = query.walk_to("result", phase=("done", "refused"))
    assert text("result.none") in glass["texts"]
    query.walk(lambda seen: seen["screen"] == "home", "the end of the query")


def test_blurred_paper(world, visitor):
    """What cannot be read is not taken; the same paper, sharp, is."""
    visitor.sharp = False
    visitor.walk_to("materials")
    glass = visitor.walk_to("materials", phase=("refused", "done"))
    assert (glass["phase"], glass["message"]) == ("refused", words("photo.blurred"))
    world.hall.put_paper(None, True)
    visitor.intend(glass, "Capture")
    visitor.see(lambda seen: seen["phase"] == "done", "the sharp photograph")
    leave(visitor)
