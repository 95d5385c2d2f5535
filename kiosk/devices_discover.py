"""The composition root of ``kiosk devices discover``: the machine's ports, the registered drivers, and the table."""

from __future__ import annotations

from pathlib import Path

from drivers import registry
from drivers.discovery import Candidate, ask, best
from kiosk.config import ASSETS
from kiosk.devices import discovery


def discover(ask_ports: bool, serial_ports: tuple[str, ...], as_json: bool, root: Path = Path("/")) -> int:
    """Print what is connected; return 0 when something was found, 1 when nothing was."""
    known = registry.drivers()
    resources = registry.Resources(ASSETS / "fonts")
    around = registry.surroundings(root, serial_ports)
    candidates = tuple(
        candidate
        for driver in known.values()
        if driver.candidates is not None and not driver.virtual
        for candidate in driver.candidates(around)
    )

    def asked(candidate: Candidate) -> Candidate | None:
        return ask(candidate, known[candidate.driver].make(candidate.driver, candidate.options, resources))

    if ask_ports:
        candidates = discovery.ask_ports(candidates, asked)
    found = discovery.suggest(best(candidates), lambda driver: known[driver].device_class)
    discovery.show(found, as_json, ask_ports)
    return 0 if found else 1
