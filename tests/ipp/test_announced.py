"""Printers that announce themselves are found by DNS-SD within their time, and asked like any other."""

import json
import os
import socket
import time

import pytest
from zeroconf import ServiceInfo, Zeroconf
from zeroconf.asyncio import AsyncServiceInfo

from drivers.base import Deadline
from drivers.discovery import Surroundings
from drivers.ipp.announced import _printer, announced
from kiosk.devices_discover import discover

HERE = ["127.0.0.1"]
NAME = f"Counter {os.getpid()}"
"""Tests of other processes share the loopback interface."""


def service(scheme, port, name=NAME, addresses=("127.0.0.1",), **properties):
    kind = f"_{scheme}._tcp.local."
    packed = [socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address) for address in addresses]
    told = {"rp": "ipp/print", "ty": "Example 4000", "note": "Hall", **properties}
    return ServiceInfo(kind, f"{name}.{kind}", port=port, addresses=packed, properties=told, server="counter.local.")


@pytest.fixture(scope="module")
def announcer(hardware):
    """Announces the module's real ippeveprinter: in truth where it is, and encrypted where nobody is."""
    network = Zeroconf(interfaces=HERE)
    with socket.create_server(("127.0.0.1", 0)) as free:
        nobody = free.getsockname()[1]
    try:
        network.register_service(service("ipp", hardware.wire.port))
        network.register_service(service("ipps", nobody))
        yield
    finally:
        network.close()


def until_found(call, count, seconds=60):
    deadline = Deadline.after(seconds)
    while True:
        found = call()
        if len(found) >= count or deadline.expired:
            return found


def ours():
    return tuple(printer for printer in announced(1.5, HERE) if printer.name == NAME)


def test_a_printer_is_found_with_its_uri_encrypted_first(virtual, announcer):
    encrypted, plain = until_found(ours, 2)
    assert encrypted.uri.startswith("ipps://127.0.0.1:")
    assert encrypted.uri.endswith("/ipp/print")
    assert plain.uri == virtual.uri
    assert plain.about == "Example 4000, Hall, counter.local"


def test_discovery_asks_it_and_takes_the_way_that_answers(virtual, announcer, tmp_path, capsys):
    around = Surroundings(tmp_path, network_printers=lambda: until_found(ours, 2))
    assert discover(True, (), as_json=True, around=around) == 0
    (found,) = [each for each in json.loads(capsys.readouterr().out) if each["class"] == "document_printer"]
    assert found["place"] == NAME
    assert (found["certainty"], found["options"]) == ("answered", {"uri": virtual.uri})
    assert found["seen"]


def test_listening_ends_also_where_nobody_announces_anything():
    began = time.monotonic()
    announced(0.3, HERE)
    assert time.monotonic() - began < 10


def test_an_interface_that_is_not_there_is_no_error():
    assert announced(0.3, ["192.0.2.213"]) == ()


@pytest.mark.parametrize(
    ("addresses", "rp", "uri"),
    [
        (("192.0.2.7",), "printers/Hall 1", "ipps://192.0.2.7:631/printers/Hall%201"),
        (("192.0.2.7",), "", "ipps://192.0.2.7:631/"),
        (("169.254.3.4", "192.0.2.7"), "/ipp/print", "ipps://192.0.2.7:631/ipp/print"),
        (("2001:db8::7",), "ipp/print", "ipps://[2001:db8::7]:631/ipp/print"),
    ],
)
def test_the_uri_is_what_the_driver_takes(addresses, rp, uri):
    info = service("ipps", 631, addresses=addresses, rp=rp)
    assert _printer(info).uri == uri


def test_one_without_an_address_of_the_network_is_none():
    assert _printer(service("ipp", 631, addresses=("169.254.3.4",))) is None
    assert _printer(AsyncServiceInfo("_ipp._tcp.local.", "Nowhere._ipp._tcp.local.")) is None


def test_what_a_printer_says_of_itself_is_one_plain_line():
    assert "\n" not in _printer(service("ipp", 631, ty="Two\nlines\x1b[2J")).about
