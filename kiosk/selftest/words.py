"""What a finding means for people: the reason, what follows for citizens, and what to do; in one language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from drivers.base import CheckOutcome
from kiosk.config import ASSETS
from kiosk.devices.desk import DeviceEntry
from kiosk.devices.discovery import OWN_PARTS
from kiosk.faults import Catalogue
from kiosk.journey.definition import ServiceDefinition
from kiosk.selftest.examination import Finding
from kiosk.texts import Texts

TEXTS = ASSETS / "texts" / "selftest.toml"


@dataclass(frozen=True)
class Told:
    """One finding in words; all empty where nothing is wrong and nothing was left out."""

    reason: str
    consequence: str
    remedy: str


class Words:
    """Says what findings mean in one language. The consequence is computed from the services' own needs.

    ``entries`` are all devices of the terminal, also those that were not examined: a second reader stands in for the first.
    ``closing`` gives, for each (device, code) with which nobody is served at all, the key of what follows.
    """

    def __init__(
        self,
        texts: Texts,
        catalogue: Catalogue,
        services: Mapping[str, ServiceDefinition],
        entries: Iterable[DeviceEntry],
        closing: Mapping[tuple[str, str], str],
        language: str,
    ) -> None:
        self.language = language
        self._texts = texts
        self._catalogue = catalogue
        self._services = services
        self._closing = closing
        self._classes = {entry.name: entry.device_class for entry in entries if entry.device_class}

    def say(self, key: str, **values: str | int) -> str:
        """Return a text of assets/texts/selftest.toml."""
        return self._texts.get(self.language, key, **values)

    def instruction(self, code: str, about: str = "") -> str:
        """Return what a person is told or asked; the code itself where there are no words, as for a vendor's driver."""
        try:
            place = self.say(f"place.{about}") if about else ""
            return self.say(code, about=place)
        except KeyError:
            return f"{code} {about}".strip()

    def codes(self) -> frozenset[str]:
        """Return every code that the catalogue knows."""
        return frozenset(self._catalogue.entries)

    def check(self, name: str) -> str:
        """Return a check's name in words; the name itself where there are none, as for a vendor's driver."""
        try:
            return self.say(f"check.{name}")
        except KeyError:
            return name

    def of(self, finding: Finding, findings: Iterable[Finding]) -> Told:
        """Return what one of the findings means, given all of them."""
        if not finding.code:
            return Told(self._why_skipped(finding, findings), "", "")
        reason, remedy = self._catalogue.for_technician(finding.code, self.language)
        return Told(reason, self._consequence(finding, findings), remedy)

    def _why_skipped(self, finding: Finding, findings: Iterable[Finding]) -> str:
        if finding.outcome is not CheckOutcome.SKIP or finding.evidence:
            return ""
        failed = any(line.device == finding.device and line.outcome is CheckOutcome.FAIL for line in findings)
        return self.say("skipped.after_failure" if failed else "skipped.not_done")

    def _consequence(self, finding: Finding, findings: Iterable[Finding]) -> str:
        if finding.outcome is CheckOutcome.SKIP:
            return ""
        closes = self._closing.get((finding.device, finding.code))
        if closes is not None:
            return self.say(closes)
        failed = {line.device for line in findings if line.outcome is CheckOutcome.FAIL}
        if finding.outcome is CheckOutcome.WARN and finding.device in failed:
            return ""  # what follows stands at the check that failed
        lost = self._lost_without(failed, finding.device_class) if finding.device in failed else []
        if lost:
            titles = [service.title.in_language(self.language) for service in lost]
            return self.say("consequence.unavailable", services=self.say("list.and").join(titles))
        if any((line.device, line.code) in self._closing for line in findings):
            return ""  # whether anything goes on is said at the line that may close the terminal
        entry = self._catalogue.entry(finding.code)
        but = entry.operator_zh if self.language == "zh" else entry.operator_en
        others = [
            name
            for name, device_class in self._classes.items()
            if device_class == finding.device_class and device_class not in OWN_PARTS and name not in failed
        ]
        if others and finding.device in failed:
            return self.say("consequence.stands_in", others=self.say("list.and").join(others), but=but)
        return self.say("consequence.goes_on", but=but)

    def _lost_without(self, failed: set[str], device_class: str) -> list[ServiceDefinition]:
        """Return the services that cannot be used because of this class of devices (and others that failed).

        Of a device whose class nobody knows: those that lack any device.
        """
        left = {each for name, each in self._classes.items() if name not in failed}
        return [
            service
            for service in self._services.values()
            if any(device_class in (*group, "") and not left.intersection(group) for group in service.requires)
        ]
