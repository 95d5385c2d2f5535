"""A technician before the whole terminal: in by PIN, the real devices examined, and citizens served again afterwards."""

import pytest
from headless_citizen import PROGRESS, HeadlessCitizen, wait_until

from drivers.hall import PrinterAction
from kiosk.training.world import TECHNICIAN_PIN


@pytest.fixture
def technician(terminal_world):
    visitor = HeadlessCitizen(terminal_world, service=PROGRESS)
    visitor.offered(30.0)

    def opened():
        """The mode is let in a moment after the devices: a technician who sees nothing happen touches again."""
        visitor.world.observer.intend(None, "OpenTechnician")
        return visitor.look()["screen"] == "technician_entry"

    wait_until(opened, "the technician's entry", 30.0)
    for key in (*TECHNICIAN_PIN, "done"):
        visitor.world.observer.intend(None, "KeyPressed", key=key)
    visitor.see(lambda glass: glass["screen"] == "technician", "the overview")
    yield visitor
    visitor.world.observer.intend(None, "Pick", choice="leave")
    visitor.offered(30.0)


def overview(technician, choice):
    """Start the checks and wait for what they found; the texts on the screen."""
    technician.world.observer.intend(None, "Pick", choice=choice)
    glass = technician.see(
        lambda seen: (seen["screen"], seen["step"]) == ("technician", "overview"), "the findings", 60.0
    )
    return glass["texts"]


def test_every_device_is_examined_and_used_again(technician):
    """All is well; afterwards a citizen's whole visit works on the same devices."""
    texts = overview(technician, "check")
    assert any("没有发现故障" in text for text in texts), texts
    technician.world.observer.intend(None, "Pick", choice="leave")
    citizen = HeadlessCitizen(technician.world)
    assert citizen.visit()["outcome"] == "done"
    technician.world.observer.intend(None, "OpenTechnician")


def test_a_fault_is_found_with_its_remedy(technician):
    """The printer's open cover stands there with its code; the other devices are well."""
    technician.world.hall.printer(PrinterAction.COVER_OPEN)
    try:
        texts = overview(technician, "check")
    finally:
        technician.world.hall.printer(PrinterAction.COVER_CLOSED)
    wrong = {text[text.index("[") + 1 : text.index("]")] for text in texts if "[" in text}
    assert wrong == {"printer.cover_open"}, texts
