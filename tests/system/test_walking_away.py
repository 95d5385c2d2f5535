"""A citizen who walks away from the real screens: asked whether they are still there, forgotten when nobody comes back."""

import pytest
from headless_citizen import ENROLMENT, person, secrets, wait_until

from drivers.base import Deadline
from drivers.hall import CabinetAction
from kiosk.config import ASSETS
from kiosk.journey.inspection import check
from kiosk.texts import Texts
from kiosk.training.visitor import Visitor
from kiosk.training.world import World

SECTION = "\n[cabinet]\nwalked_away_after = 1.0\nwalked_away_answer_within = 4.0\n"
"""As in a hall, only sooner."""
STILL_THERE = Texts(ASSETS / "texts" / "screens.toml").get("zh", "idle_title")


class WalkedAwayError(Exception):
    """The citizen turns round and goes, in the middle of it all."""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("world"), (1080, 1920))
    try:
        world.prepare(Deadline.after(60))
        with world.configuration.open("a", encoding="utf-8") as configuration:
            configuration.write(SECTION)
        world.start_terminal()
        yield world
    finally:
        world.stop()


def test_who_walks_away_is_asked_and_then_forgotten(world):
    citizen = person("li-ceshi", phone="13500000007")

    def go_at_the_form(name):
        if name == "form":
            world.hall.cabinet(CabinetAction.WALK_AWAY)
            raise WalkedAwayError

    service, findings = check(ASSETS / "services" / f"{ENROLMENT}.toml")
    assert not findings
    visitor = Visitor(world, service, citizen, picture=go_at_the_form)
    visitor.see(lambda glass: bool(glass.get("tiles")), "the home screen", 60.0)
    with pytest.raises(WalkedAwayError):
        visitor.visit()

    glass = visitor.see(lambda seen: STILL_THERE in seen["texts"], "the question whether somebody is there")
    session = glass["session"]
    assert session is not None
    world.hall.cabinet(CabinetAction.COME_BACK)
    glass = visitor.see(lambda seen: STILL_THERE not in seen["texts"], "the question to go, with the one who came back")
    assert (glass["session"], glass["step"]) == (session, "form"), "the visit goes on where it was"
    assert citizen.card.name in glass["texts"]

    world.hall.cabinet(CabinetAction.WALK_AWAY)
    visitor.see(lambda seen: STILL_THERE in seen["texts"], "the question once more")
    glass = visitor.see(lambda seen: seen["session"] is None, "the home screen, with nobody there")
    assert glass["screen"] == "home"
    shown = " ".join(glass["texts"])
    assert not [secret for secret in secrets(citizen) if secret in shown]
    record = wait_until(
        lambda: (seen := world.observer.last_visit()) and seen["number"] == session and seen, "the record of the visit"
    )
    assert (record["outcome"], record["wiped"], record["prints"]) == ("walked_away", True, [])
    assert record["steps"][-1]["id"] == "form"
