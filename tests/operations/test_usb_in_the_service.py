"""A USB card reader under the unit: libusb starts with the socket families left open, and the node is given to the terminal."""

from __future__ import annotations

import platform
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from drivers.sdt.usb_line import PRODUCT, VENDOR

ROOT = Path(__file__).resolve().parents[2]
# As systemd does it: a seccomp filter on socket(2), by which other families do not exist (EAFNOSUPPORT). The numbers are those
# of x86-64: 41 is socket, a filter's instruction is code, jump if true, jump if false, value.
PROGRAM = """
import ctypes, struct, sys
from drivers.base import DriverError
from drivers.sdt.usb_line import UsbLine

allowed = [int(number) for number in sys.argv[1:]]
refuse, allow = 0x00050000 | 97, 0x7FFF0000
steps = [(0x20, 0, 0, 0), (0x15, 0, len(allowed) + 2, 41), (0x20, 0, 0, 16)]
steps += [(0x15, len(allowed) - place, 0, number) for place, number in enumerate(allowed)]
steps += [(0x06, 0, 0, refuse), (0x06, 0, 0, allow)]
code = b"".join(struct.pack("HBBI", *step) for step in steps)
memory = ctypes.create_string_buffer(code)

class Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_void_p)]

held = Filter(len(steps), ctypes.addressof(memory))
library = ctypes.CDLL(None, use_errno=True)
if library.prctl(38, 1, 0, 0, 0) or library.prctl(22, 2, ctypes.byref(held)):
    sys.exit("no filter can be set here")
try:
    UsbLine(0xFFFF, 0xFFFF).open()
except DriverError as error:
    print(error.fault.code)
"""


def opened_with(families: list[str]) -> str:
    numbers = [str(socket.AddressFamily[family].value) for family in families]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *numbers], capture_output=True, text=True, timeout=60, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the filter is written for x86-64")
def test_libusb_starts_with_the_unit_s_socket_families_and_its_absence_is_told_as_such() -> None:
    unit = (ROOT / "kiosk.service").read_text(encoding="utf-8")
    (families,) = re.findall(r"(?m)^RestrictAddressFamilies=(.+)$", unit)
    assert opened_with(families.split()) == "card_reader.not_found"
    assert opened_with(["AF_UNIX", "AF_INET", "AF_INET6"]) == "card_reader.usb_unavailable"


def test_the_rule_for_the_device_node_names_the_driver_s_reader() -> None:
    (rule,) = re.findall(r'(?m)^SUBSYSTEM=="usb",.*$', (ROOT / "docs" / "operations.md").read_text(encoding="utf-8"))
    assert f'ATTR{{idVendor}}=="{VENDOR:04x}", ATTR{{idProduct}}=="{PRODUCT:04x}", GROUP="civic-kiosk"' in rule
