"""The table of drivers costs next to nothing to load: libraries, virtual hardware and benches come when they are used."""

from __future__ import annotations

import subprocess
import sys

import pytest

from drivers.conformance.bench import Bench, bench_at
from kiosk.config import ROOT

HEAVY = (
    *(
        "drivers.sim",
        "drivers.pcsc",
        "drivers.sdt",
        "drivers.camera",
        "drivers.escpos",
        "drivers.ipp",
        "drivers.modbus",
    ),
    *("drivers.nut", "drivers.system", "smartcard", "serial", "usb", "cv2", "numpy", "PIL", "escpos", "aiohttp"),
    *("pymodbus", "zeroconf", "kivy"),
)


def test_to_know_the_drivers_loads_none_of_them() -> None:
    program = f"import sys, drivers.registry; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_bench_is_made_by_its_name_with_its_arguments() -> None:
    made = bench_at("drivers.sim.benches.escpos:PrinterBench", "tcp", "clone")()
    assert isinstance(made, Bench)
    assert made.name == "escpos_tcp_clone"


@pytest.mark.parametrize(
    ("place", "error"),
    [
        ("drivers.sim.benches.nut:NoSuchBench", AttributeError),
        ("drivers.no_such_module:Bench", ModuleNotFoundError),
        ("drivers.sim.ups:VirtualUps", TypeError),
    ],
)
def test_a_name_that_is_no_bench_is_found_out(place: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        bench_at(place)()
