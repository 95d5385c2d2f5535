"""Which devices count as usable: lost at once, back after a moment, and unknown is neither good nor bad."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.base import DeviceState, Fault, Health, Supply, SupplyLevel
from kiosk.devices.availability import SETTLING_SECONDS, USABLE, Availability, is_usable

ONLINE = Health(DeviceState.ONLINE)
AWAY = Health(DeviceState.OFFLINE, (Fault("printer.not_found"),))


def paper(level, state=DeviceState.ONLINE, faults=()):
    return Health(state, faults, (Supply("paper", level),))


def printers(*names):
    return Availability(dict.fromkeys(names or ("printer",), "receipt_printer"))


@pytest.mark.parametrize("state", list(DeviceState))
@pytest.mark.parametrize("level", list(SupplyLevel))
def test_only_a_supply_that_is_out_or_a_device_that_does_not_work_is_unusable(state, level):
    usable = state in ("online", "busy", "degraded") and level != "out"
    assert is_usable(paper(level, state)) is usable
    assert (state in USABLE) == (state in ("online", "busy", "degraded"))


def test_a_device_counts_at_once_the_first_time_and_after_a_loss_only_when_it_was_well_for_a_moment():
    known = printers()
    assert known.reason("receipt_printer") == "device.starting"
    known.observe("printer", ONLINE, 0.0)
    assert known.usable_devices("receipt_printer") == ["printer"]
    known.observe("printer", AWAY, 10.0)
    assert known.reason("receipt_printer") == "printer.not_found"
    known.observe("printer", ONLINE, 20.0)
    assert known.usable_devices("receipt_printer") == []
    assert known.reason("receipt_printer") == "device.starting"
    assert known.settle(20.4) == pytest.approx(0.6)
    known.observe("printer", ONLINE, 20.5)
    assert known.settle(21.0) is None
    assert known.reason("receipt_printer") == ""


def test_the_reason_is_what_stops_it_and_not_what_was_told_first():
    known = Availability({"printer": "receipt_printer"}, mild={"printer.paper_low", "printer.ticket_not_taken"})
    low, ticket, jam = (Fault(f"printer.{name}") for name in ("paper_low", "ticket_not_taken", "jam"))
    known.observe("printer", Health(DeviceState.FAULT, (low, ticket, jam)), 0.0)
    assert known.reason("receipt_printer") == "printer.jam"
    known.observe("printer", Health(DeviceState.FAULT, (ticket,)), 1.0)
    assert known.reason("receipt_printer") == "printer.ticket_not_taken"


def test_a_loose_plug_never_counts_as_well():
    known = printers()
    known.observe("printer", ONLINE, 0.0)
    for second in range(1, 20):
        known.observe("printer", AWAY, second)
        known.observe("printer", ONLINE, second + 0.1)
        known.settle(second + 0.9)
        assert known.usable_devices("receipt_printer") == []


def test_a_change_while_it_is_well_does_not_start_the_settling_anew():
    known = printers()
    known.observe("printer", ONLINE, 0.0)
    known.observe("printer", AWAY, 1.0)
    known.observe("printer", ONLINE, 2.0)
    known.observe("printer", paper(SupplyLevel.LOW), 3.1)
    assert known.reason("receipt_printer") == ""


def test_a_printer_out_of_paper_says_so():
    known = printers()
    known.observe("printer", paper(SupplyLevel.OUT), 0.0)
    assert known.reason("receipt_printer") == "receipt_printer.paper_out"
    known.observe("printer", paper(SupplyLevel.OUT, DeviceState.FAULT, (Fault("printer.paper_out"),)), 1.0)
    assert known.reason("receipt_printer") == "printer.paper_out"


def test_what_a_device_says_that_is_only_settling_is_no_reason():
    """Citizens have no words for paper that runs low; the tile would be grey without a reason."""
    known = printers()
    known.observe("printer", ONLINE, 0.0)
    known.observe("printer", AWAY, 1.0)
    known.observe("printer", paper(SupplyLevel.LOW, DeviceState.DEGRADED, (Fault("printer.paper_low"),)), 2.0)
    assert known.reason("receipt_printer") == "device.starting"


def test_one_well_device_of_a_class_is_enough_and_a_class_without_devices_says_so():
    known = printers("first", "second")
    known.observe("first", AWAY, 0.0)
    assert known.reason("receipt_printer") == "printer.not_found"
    known.observe("second", ONLINE, 0.0)
    assert known.reason("receipt_printer") == ""
    assert known.usable_devices("receipt_printer") == ["second"]
    assert known.reason("card_reader") == "card_reader.not_configured"
    assert (known.health("first"), known.device_class("first")) == (AWAY, "receipt_printer")
    assert list(known.names()) == ["first", "second"]


healths = st.sampled_from([ONLINE, AWAY, paper(SupplyLevel.UNKNOWN), paper(SupplyLevel.OUT)])


@given(st.lists(st.tuples(healths, st.floats(0, 3)), min_size=1))
def test_a_device_that_is_not_well_is_never_usable_and_one_that_stays_well_always_becomes_so(happened):
    known, now = printers(), 0.0
    for health, seconds in happened:
        now += seconds
        known.observe("printer", health, now)
        if not is_usable(health):
            assert known.usable_devices("receipt_printer") == []
        assert (known.reason("receipt_printer") == "") == bool(known.usable_devices("receipt_printer"))
    known.settle(now + SETTLING_SECONDS + 0.001)  # a float may fall short of it by its last bit
    assert bool(known.usable_devices("receipt_printer")) == is_usable(happened[-1][0])
