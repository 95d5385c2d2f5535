"""The composition root of discovery: this machine's ports, and the registered drivers that could serve what is there."""

from __future__ import annotations

from collections.abc import Collection

from drivers import registry
from drivers.discovery import Candidate, Surroundings, ask, best
from drivers.services import this_machine
from kiosk.config import ASSETS
from kiosk.devices import discovery
from kiosk.devices.discovery import Suggestion


def discover(
    ask_ports: bool,
    serial_ports: tuple[str, ...],
    as_json: bool,
    language: str = "en",
    around: Surroundings | None = None,
) -> int:
    """Print what is connected; return 0 when something was found, 1 when there are only the machine's own parts.

    ``around`` is the machine; tests give a made-up one.
    """
    drivers = registry.drivers()
    resources = registry.Resources(ASSETS / "fonts")
    found = _candidates(drivers, around or this_machine(serial_ports, network=ask_ports))

    def asked(candidate: Candidate) -> Candidate | None:
        return ask(candidate, drivers[candidate.driver].make(candidate.driver, candidate.options, resources))

    if ask_ports:
        found = discovery.ask_ports(found, asked)
    suggestions = discovery.suggest(best(found), lambda driver: drivers[driver].device_class)
    known = {driver.device_class for driver in drivers.values() if driver.candidates is not None}
    discovery.show(suggestions, known, as_json, ask_ports, language)
    return 0 if any(each.device_class not in discovery.OWN_PARTS for each in suggestions) else 1


def connected(taken: Collection[str] = (), around: Surroundings | None = None) -> tuple[Suggestion, ...]:
    """Return what is connected, without asking any port; names in ``taken`` are not given again.

    It takes no longer than this machine's services may: a few seconds where one of them hangs.
    """
    drivers = registry.drivers()
    found = best(_candidates(drivers, around or this_machine()))
    return discovery.suggest(found, lambda driver: drivers[driver].device_class, taken)


def _candidates(drivers: dict[str, registry.Driver], around: Surroundings) -> tuple[Candidate, ...]:
    return tuple(
        candidate
        for driver in drivers.values()
        if driver.candidates is not None and not driver.virtual
        for candidate in driver.candidates(around)
    )
