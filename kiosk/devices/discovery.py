"""``kiosk devices discover``: what is connected, which driver would fit, and the lines of configuration to paste."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

from drivers.discovery import Candidate, Certainty


@dataclass(frozen=True)
class Suggestion:
    """A candidate as it would stand in the configuration: the device's class, and the name of its table."""

    name: str
    device_class: str
    candidate: Candidate


def suggest(candidates: tuple[Candidate, ...], class_of: Callable[[str], str]) -> tuple[Suggestion, ...]:
    """Name each candidate after its class; a second one of the same class gets a number."""
    count: dict[str, int] = {}
    suggestions: list[Suggestion] = []
    for candidate in candidates:
        device_class = class_of(candidate.driver)
        number = count[device_class] = count.get(device_class, 0) + 1
        name = device_class if number == 1 else f"{device_class}_{number}"
        suggestions.append(Suggestion(name, device_class, candidate))
    return tuple(suggestions)


def ask_ports(candidates: tuple[Candidate, ...], ask: Callable[[Candidate], Candidate | None]) -> tuple[Candidate, ...]:
    """Ask what can be asked, places side by side and one driver after the other at each.

    Once one driver got an answer at a place, the others are not tried there; one that got none there is dropped.
    """
    by_place: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        by_place.setdefault(candidate.place, []).append(candidate)

    def settle(group: list[Candidate]) -> list[Candidate]:
        left: list[Candidate] = []
        for candidate in group:
            if not candidate.askable:
                left.append(candidate)
                continue
            answered = ask(candidate)
            if answered is not None:
                return [answered]
        return left

    if not by_place:
        return ()
    with ThreadPoolExecutor(len(by_place), "ask") as places:
        return tuple(candidate for group in places.map(settle, by_place.values()) for candidate in group)


def as_configuration(suggestions: tuple[Suggestion, ...]) -> str:
    """Return the ``[devices.*]`` tables; those that are only possible stand there as comments."""
    tables: list[str] = []
    for suggestion in suggestions:
        candidate = suggestion.candidate
        options = ", ".join(f"{key} = {json.dumps(value)}" for key, value in candidate.options.items())
        lines = [f"[devices.{suggestion.name}]", f'driver = "{candidate.driver}"', f"options = {{ {options} }}"]
        mark = "# " if candidate.certainty is Certainty.POSSIBLE else ""
        tables.append("\n".join((f"# {candidate.certainty}: {candidate.seen}", *(mark + line for line in lines))))
    return "\n\n".join(tables) + "\n" if tables else ""


def show(suggestions: tuple[Suggestion, ...], as_json: bool, asked: bool) -> None:
    """Print the table and the lines to paste, or all of it as JSON."""
    if as_json:
        found = [{"name": each.name, "class": each.device_class, **asdict(each.candidate)} for each in suggestions]
        sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if not suggestions:
        console.print("Nothing was found: no reader, no serial port with hardware, no camera, no printer.")
        console.print("Look at cables and power; for PC/SC readers, at pcscd: systemctl status pcscd")
        return
    table = Table()
    for heading in ("place", "class", "driver", "certainty", "seen"):
        table.add_column(heading, overflow="fold")
    for each in suggestions:
        candidate = each.candidate
        cells = (candidate.place, each.device_class, candidate.driver, candidate.certainty.value, candidate.seen)
        table.add_row(*(Text(cell) for cell in cells))
    console.print(table)
    if not asked and any(each.candidate.askable for each in suggestions):
        console.print("To have each driver ask the ports whether its device is there: kiosk devices discover --ask")
    console.print("\nLines for the configuration (what is only possible is a comment):\n", style="bold")
    sys.stdout.write(as_configuration(suggestions))
