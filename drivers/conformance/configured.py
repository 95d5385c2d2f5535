"""A real device, as it is configured, before the conformance suite: what needs nobody to pull a plug or to lay a card."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from threading import Event
from typing import Any

from drivers.base import Deadline, Device
from drivers.card_reader import CardHandle
from drivers.conformance import suite
from drivers.conformance.bench import Bench, Disturbance, Operation
from drivers.conformance.case import Case, Kind
from drivers.document_camera import CaptureRefused, Photograph
from drivers.document_printer import JobStanding
from drivers.io_board import Inputs
from drivers.power_supply import Power
from drivers.qr_scanner import QrPayload, QrRefused
from drivers.receipt_printer import Ticket

_WAIT_SECONDS = 0.5
"""How long is waited for a card or a code that nobody shows."""


def _waiting(name: str) -> Operation:
    def operation(device: Any, deadline: Deadline, cancel: Event) -> object:
        return getattr(device, name)(deadline.within(_WAIT_SECONDS), cancel)

    return operation


def _lights(device: Any, deadline: Deadline, cancel: Event) -> None:
    for slot in device.slots:
        device.set_light(slot, True, deadline)
        device.set_light(slot, False, deadline)


_NOTHING = type(None)
_OPERATIONS: Mapping[str, Mapping[str, tuple[Operation, tuple[type, ...]]]] = {
    "card_reader": {
        "wait_card": (_waiting("wait_card"), (CardHandle, _NOTHING)),
        "wait_removed": (_waiting("wait_removed"), (bool,)),
    },
    "code_scanner": {"scan": (_waiting("scan"), (QrPayload, QrRefused, _NOTHING))},
    "document_camera": {
        "capture": (
            lambda device, deadline, cancel: device.capture(deadline, cancel),
            (Photograph, CaptureRefused, _NOTHING),
        ),
        "preview": (lambda device, deadline, cancel: device.preview(deadline), (Photograph, _NOTHING)),
    },
    "document_printer": {
        "find": (lambda device, deadline, cancel: device.find("conformance-never", deadline), (JobStanding,)),
    },
    "io_board": {
        "inputs": (lambda device, deadline, cancel: device.inputs(deadline), (Inputs,)),
        "lights": (_lights, (_NOTHING,)),
    },
    "power_supply": {"power": (lambda device, deadline, cancel: device.power(deadline), (Power,))},
    "receipt_printer": {"wait_taken": (_waiting("wait_taken"), (Ticket,))},
    "temperature": {"celsius": (lambda device, deadline, cancel: device.celsius(deadline), (float,))},
}
"""By class: the calls that need no hand and use nothing up, and the types of what they may return."""


class ConfiguredBench(Bench):
    """A device that stands somewhere. Nothing disturbs it, and only the kinds of what it returns are known."""

    def __init__(self, name: str, device_class: str, factory: Callable[[], Device]) -> None:
        self.name = name
        self.device_class = device_class
        self._factory = factory
        self._calls = _OPERATIONS.get(device_class, {})

    def start(self) -> None:
        """It stands there already."""

    def stop(self) -> None:
        """It stays there."""

    def make(self) -> Device:
        """Return a new device for it."""
        return self._factory()

    def make_absent(self) -> Device | None:
        """Of a device that is configured there is no absent one."""
        return None

    @property
    def operations(self) -> Mapping[str, Operation]:
        """What needs no hand."""
        return {name: operation for name, (operation, _) in self._calls.items()}

    @property
    def disturbances(self) -> frozenset[Disturbance]:
        """None."""
        return frozenset()

    def prepare(self, operation: str) -> None:
        """Nobody prepares anything."""

    def disturb(self, disturbance: Disturbance, random: Random) -> None:
        """Nothing can be done to it."""
        raise NotImplementedError

    def calm(self) -> None:
        """Nothing was done to it."""

    def judge(self, operation: str, result: object, disturbed: bool) -> str:
        """Only its kind can be judged."""
        types = self._calls[operation][1]
        return "" if isinstance(result, types) else f"{operation} returned {result!r}"


def cases(bench: Bench, seed: int, count: int) -> Sequence[Case]:
    """Return the first cases, without the guided test: it prints, and waits for a person."""
    return [case for case in suite.cases(bench, seed, count) if case.kind is not Kind.GUIDED]
