"""Bytes from a printer: whatever they are, they end in an answer or a refusal, without a crash and without end."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.base import DriverError
from drivers.ipp import client
from drivers.ipp.answer import BadAnswerError, checked
from drivers.ipp.reasons import condition


def attribute(tag, name, value):
    return struct.pack(f">BH{len(name)}sH{len(value)}s", tag, len(name), name, len(value), value)


HEADER = struct.pack(">bbhi", 2, 0, 0, 1)
GOOD = (
    HEADER
    + b"\x01"
    + attribute(0x47, b"attributes-charset", b"utf-8")
    + b"\x04"
    + attribute(0x23, b"printer-state", struct.pack(">i", 3))
    + attribute(0x44, b"printer-state-reasons", b"media-low-report")
    + attribute(0x44, b"", b"toner-low-report")
    + attribute(0x34, b"media-col", b"")
    + attribute(0x4A, b"", b"media-size")
    + attribute(0x21, b"", struct.pack(">i", 7))
    + attribute(0x37, b"", b"")
    + b"\x03"
)


def read(data):
    """Read as the client does; None for what it refuses."""
    try:
        return client._read(data)
    except (BadAnswerError, ValueError, DriverError):
        return None


def test_a_good_answer_is_read():
    answer = read(GOOD)
    assert answer.ok
    assert answer.printers[0]["printer-state-reasons"] == ["media-low-report", "toner-low-report"]


def test_an_empty_group_which_pyipp_misreads_is_left_out():
    empty = GOOD.replace(b"\x04", b"\x05\x04", 1)
    assert read(empty).printers == read(GOOD).printers


@pytest.mark.parametrize("length", [-1, -200, 0x7FFF])
def test_a_length_that_would_lead_backwards_or_out_is_refused(length):
    with pytest.raises(BadAnswerError):
        checked(GOOD[:10] + struct.pack(">h", length) + GOOD[12:])


def test_every_prefix_is_refused():
    for cut in range(len(GOOD)):
        with pytest.raises(BadAnswerError):
            checked(GOOD[:cut])


@settings(max_examples=600, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_end(data):
    read(data)
    read(HEADER + data)


@settings(max_examples=600, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_any_changed_bytes_end(changes):
    data = bytearray(GOOD)
    for place, value in changes:
        data[place] = value
    read(bytes(data))


@given(st.integers(-5, 9), st.lists(st.text(max_size=20), max_size=5).map(tuple), st.booleans())
def test_any_condition_is_told(state, reasons, accepting):
    health = condition(state, reasons, accepting, (), "iso_a4_210x297mm").health(0.0)
    assert all(fault.code.startswith("document_printer.") for fault in health.faults)


def test_the_suffix_does_not_count_and_an_unknown_error_is_told():
    for suffix in ("", "-report", "-warning", "-error"):
        (fault,) = condition(3, (f"door-open{suffix}",), True, (), "a").faults
        assert fault.code == "document_printer.cover_open"
    assert condition(3, ("none",), True, (), "a").faults == ()
    assert condition(3, ("sleepy-report",), True, (), "a").faults == ()
    assert condition(3, ("on-fire-error",), True, (), "a").faults[0].code == "document_printer.error"
    assert not condition(5, ("none",), True, (), "a").ready
    assert not condition(3, ("none",), False, (), "a").ready
