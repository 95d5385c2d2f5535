"""What the terminal finds by the entry point: the driver's class, its options, how to make a device, and its bench."""

from __future__ import annotations

from collections.abc import Mapping

from drivers.base import Device
from drivers.conformance.bench import Bench
from drivers.registry import Driver, Resources


def _make(name: str, options: Mapping[str, str | int | float | bool], resources: Resources) -> Device:
    from example_scanner.driver import ExampleScanner

    return ExampleScanner(str(options["host"]), int(options.get("port", 5025)))


def _bench() -> Bench:
    from example_scanner.bench import ExampleBench

    return ExampleBench()


DRIVER = Driver(
    "code_scanner",
    frozenset({"host", "port"}),
    _make,
    required=frozenset({"host"}),
    benches=(_bench,),
)
