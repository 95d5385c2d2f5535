"""A technician's next questions: is the device that was not found elsewhere, and what is connected that nobody configured?"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from drivers.base import CheckOutcome
from drivers.discovery import Certainty
from kiosk.config import DeviceSection
from kiosk.devices.discovery import OWN_PARTS, TEXTS, Suggestion, said
from kiosk.selftest.examination import Finding
from kiosk.selftest.words import Words
from kiosk.texts import Texts

NOT_CONFIGURED = "not_configured"
"""The check under which a device is told that is connected and not configured; always skipped."""
_MOST = 6


def is_lost(finding: Finding) -> bool:
    """Whether it says that a device could not be reached, for a reason other than this program's (hung, a bug)."""
    failed = finding.check == "connection" and finding.outcome is CheckOutcome.FAIL
    return failed and not finding.code.startswith("device.")


def with_places(
    findings: Sequence[Finding], configured: Mapping[str, DeviceSection], connected: Sequence[Suggestion], words: Words
) -> tuple[Finding, ...]:
    """Return the findings; those of lost devices say in their evidence what of their class is connected elsewhere.

    What is configured, be it for another device, is not meant.
    """
    free = _free(connected, configured.values())

    def told(finding: Finding) -> Finding:
        others = [each for each in free if _may_be(each, finding)]
        if not others or not is_lost(finding):
            return finding
        others.sort(key=lambda each: _fitness(each, finding.driver))
        places = [_place_of(each, finding.driver) for each in others[:_MOST]] + ["…"] * (len(others) > _MOST)
        there = "\n".join(places)  # one below the other: they are long, and are copied from here
        here = _place(configured[finding.device], others)
        said = words.say("elsewhere", configured=here, connected=there)
        return replace(finding, evidence=f"{finding.evidence}\n{said}".strip())

    return tuple(told(finding) for finding in findings)


def not_configured(
    findings: Sequence[Finding], configured: Mapping[str, DeviceSection], connected: Sequence[Suggestion], words: Words
) -> tuple[Finding, ...]:
    """Return a skipped line for each device that is connected and not configured, and that no lost one may be."""
    lost = {finding.device_class for finding in findings if is_lost(finding)}
    texts = Texts(TEXTS)
    return tuple(
        Finding(
            each.name,
            each.device_class,
            each.candidate.driver,
            NOT_CONFIGURED,
            CheckOutcome.SKIP,
            evidence=": ".join((each.candidate.place, *filter(None, (said(each.candidate, texts, words.language),)))),
        )
        for each in _free(connected, configured.values())
        if each.candidate.certainty is not Certainty.POSSIBLE
        and each.device_class not in OWN_PARTS
        and each.device_class not in lost
    )


def _may_be(suggestion: Suggestion, finding: Finding) -> bool:
    """Whether it may be the lost device. What is only possible is told for its own driver alone: any port may be anything."""
    candidate = suggestion.candidate
    likely = candidate.certainty is not Certainty.POSSIBLE or candidate.driver == finding.driver
    return suggestion.device_class == finding.device_class and likely


def _fitness(suggestion: Suggestion, driver: str) -> tuple[bool, int]:
    """Return an order: what the configured driver would serve first, then the surest."""
    candidate = suggestion.candidate
    return candidate.driver != driver.removeprefix("virtual_"), list(Certainty).index(candidate.certainty)


def _free(connected: Sequence[Suggestion], sections: Collection[DeviceSection]) -> list[Suggestion]:
    """Return what no device is configured for: not its driver there, and not its place for another driver."""
    taken = {_real(value) for section in sections for value in section.options.values()}
    return [
        each
        for each in connected
        if _real(each.candidate.place) not in taken and not any(_is_for(section, each) for section in sections)
    ]


def _is_for(section: DeviceSection, suggestion: Suggestion) -> bool:
    """Whether the configured driver would use this device; where it says no place it takes any."""
    candidate, options = suggestion.candidate, section.options
    if section.driver.removeprefix("virtual_") != candidate.driver:
        return False
    key, place = next(iter(candidate.options.items()), ("", ""))
    if key == "reader":  # a part of a reader's name is enough
        return str(options.get(key, "")).casefold() in str(place).casefold()
    return key not in options or _real(options[key]) == _real(place)


def _real(value: object) -> str:
    """Return a place as one name: without its scheme, with links followed; cameras are numbered as the kernel does."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"/dev/video{value}"
    text = str(value).removeprefix("file://").removeprefix("serial://")
    if text.startswith("/"):
        return os.path.realpath(text.partition("?")[0])
    return text.replace("//127.0.0.1:", "//localhost:")


def _place(section: DeviceSection, others: Sequence[Suggestion]) -> str:
    """Return the configured place: the option that says where devices of this class are, or else the first one."""
    keys = [next(iter(each.candidate.options), "") for each in others]
    found = [section.options[key] for key in keys if key in section.options]
    return next((str(value) for value in (*found, *section.options.values())), "—")


def _place_of(suggestion: Suggestion, driver: str) -> str:
    """Return the place as the configuration would name it, and the driver where that is another one."""
    candidate = suggestion.candidate
    place = next((str(value) for value in candidate.options.values()), candidate.place)
    return place if candidate.driver == driver.removeprefix("virtual_") else f"{place} [{candidate.driver}]"
