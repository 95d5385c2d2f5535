"""``kiosk devices discover``: what is connected, which driver would fit, and the lines of configuration to paste."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import chain, count
from typing import TYPE_CHECKING

from drivers.discovery import Candidate, Certainty, plain
from kiosk.config import ASSETS
from kiosk.texts import Texts

if TYPE_CHECKING:
    from rich.table import Table

TEXTS = ASSETS / "texts" / "discovery.toml"
OWN_PARTS = frozenset({"clock", "storage", "temperature", "loudspeaker"})
"""Classes that every machine has something for: no sign that anything is connected to it."""


@dataclass(frozen=True)
class Suggestion:
    """A candidate as it would stand in the configuration: the device's class, and the name of its table."""

    name: str
    device_class: str
    candidate: Candidate


def suggest(
    candidates: tuple[Candidate, ...], class_of: Callable[[str], str], taken: Collection[str] = ()
) -> tuple[Suggestion, ...]:
    """Name each candidate after its class; where that name is ``taken`` or given already, with a number.

    The surest are named first: a mere possibility leaves the plain name to what is there.
    """
    order = list(Certainty)
    names, taken = dict[int, str](), set(taken)
    for at in sorted(range(len(candidates)), key=lambda at: order.index(candidates[at].certainty)):
        device_class = class_of(candidates[at].driver)
        numbered = (f"{device_class}_{number}" for number in count(2))
        names[at] = next(name for name in chain((device_class,), numbered) if name not in taken)
        taken.add(names[at])
    return tuple(Suggestion(names[at], class_of(each.driver), each) for at, each in enumerate(candidates))


def ask_ports(candidates: tuple[Candidate, ...], ask: Callable[[Candidate], Candidate | None]) -> tuple[Candidate, ...]:
    """Ask what can be asked, places side by side and one driver after the other at each.

    Once one driver got an answer at a place, the others are not tried there. ``ask`` returns None for what is to be dropped.
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
            if answered is not None and answered.certainty is Certainty.ANSWERED:
                return [answered]
            left += [answered] if answered is not None else []
        return left

    if not by_place:
        return ()
    with ThreadPoolExecutor(len(by_place), "ask") as places:
        return tuple(candidate for group in places.map(settle, by_place.values()) for candidate in group)


def said(candidate: Candidate, texts: Texts, language: str) -> str:
    """Return what was seen of a candidate and what there is to note, on one line; empty where its place says it all."""
    try:
        note = texts.get(language, f"note.{candidate.note}") if candidate.note else ""
    except KeyError:
        note = plain(candidate.note)  # the code of what was found wrong
    parts = (plain(candidate.seen), note)
    return " · ".join(part for part in parts if part)


def as_configuration(suggestions: tuple[Suggestion, ...], texts: Texts, language: str) -> str:
    """Return the ``[devices.*]`` tables; those that are only possible stand there as comments."""
    tables: list[str] = []
    for suggestion in suggestions:
        candidate = suggestion.candidate
        lines = [f"[devices.{suggestion.name}]", f'driver = "{candidate.driver}"']
        if candidate.options:
            options = ", ".join(f"{key} = {_toml(value)}" for key, value in candidate.options.items())
            lines.append(f"options = {{ {options} }}")
        mark = "# " if candidate.certainty is Certainty.POSSIBLE else ""
        certainty = texts.get(language, f"certainty.{candidate.certainty.value}")
        about = "# " + ": ".join(part for part in (certainty, said(candidate, texts, language)) if part)
        tables.append("\n".join((about, *(mark + line for line in lines))))
    return "\n\n".join(tables) + "\n" if tables else ""


def _toml(value: str | int) -> str:
    """JSON's texts are TOML's, but for one character that TOML wants escaped, and for pairs of escapes, which it forbids."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def show(
    suggestions: tuple[Suggestion, ...], classes: Collection[str], as_json: bool, asked: bool, language: str
) -> None:
    """Print the table, hints for the ``classes`` of which nothing sure was found, and the lines to paste; or JSON."""
    if as_json:
        found = [{"name": each.name, "class": each.device_class, **asdict(each.candidate)} for each in suggestions]
        sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
        return
    from rich.console import Console
    from rich.text import Text

    texts = Texts(TEXTS)
    console = Console(highlight=False)
    console.print(_table(suggestions, texts, language))
    sure = {each.device_class for each in suggestions if each.candidate.certainty is not Certainty.POSSIBLE}
    possible = {each.device_class for each in suggestions} - sure
    for heading, unsure in (("missing", set(classes) - sure - possible), ("unsure", possible)):
        if unsure:
            console.print(texts.get(language, heading), style="bold")
        for device_class in sorted(unsure):
            console.print(Text(f"  {device_class}: {_missing(texts, language, device_class, asked)}"), soft_wrap=True)
    if not asked:
        console.print(texts.get(language, "ask"), soft_wrap=True)
    console.print(f"\n{texts.get(language, 'lines')}\n", style="bold")
    sys.stdout.write(as_configuration(suggestions, texts, language))


def _table(suggestions: tuple[Suggestion, ...], texts: Texts, language: str) -> Table:
    """Return a row for each place: what was seen there, and what it may be."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(texts.get(language, "heading.place"), overflow="fold")
    for heading in ("driver", "certainty"):
        table.add_column(texts.get(language, f"heading.{heading}"), no_wrap=True)
    by_place: dict[str, list[Suggestion]] = {}
    for each in suggestions:
        by_place.setdefault(each.candidate.place, []).append(each)
    for place, group in by_place.items():
        seen = dict.fromkeys(told for each in group if (told := said(each.candidate, texts, language)))
        table.add_row(
            Text("\n").join((Text(place), *(Text(text, "dim") for text in seen))),
            Text("\n".join(f"{each.device_class} · {each.candidate.driver}" for each in group)),
            Text("\n".join(texts.get(language, f"certainty.{each.candidate.certainty.value}") for each in group)),
        )
    return table


def _missing(texts: Texts, language: str, device_class: str, asked: bool) -> str:
    for key in (f"{device_class}.asked" if asked else device_class, device_class):
        try:
            return texts.get(language, f"missing.{key}")
        except KeyError:
            continue  # said in the same words whether asked or not; or a class that a vendor made
    return texts.get(language, "missing.other")
