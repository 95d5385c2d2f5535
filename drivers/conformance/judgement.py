"""What counts as a right answer to the calls that every device has, and which faults a driver may tell."""

from __future__ import annotations

from collections.abc import Collection
from typing import cast

from drivers.base import Check, CheckOutcome, DeviceIdentity, DeviceState, Fault, Health

_WELL = frozenset({DeviceState.ONLINE, DeviceState.BUSY, DeviceState.DEGRADED})


def wrong_with_fault(fault: Fault, codes: Collection[str] | None) -> str:
    """Say when a fault's code stands in no catalogue; None lets every code pass."""
    if codes is None or fault.code in codes:
        return ""
    return f"the fault code {fault.code!r} stands in no catalogue"


def wrong_with_identity(identity: DeviceIdentity, device_class: str) -> str:
    """Say what an identity lacks or holds too much of, or return an empty text."""
    if identity.device_class != device_class or not identity.driver:
        return f"the identity lacks its class ({device_class}) or its driver: {identity}"
    for text in (identity.driver, identity.model, identity.serial_number, identity.firmware):
        if not text.isprintable() or text != text.strip():
            return f"the identity holds unprintable or surrounding blank characters: {identity}"
    return ""


def wrong_with_result(operation: str, result: object, disturbed: bool, codes: Collection[str] | None) -> str:
    """Say what is wrong with what open, poll, reset or self_test returned, or return an empty text."""
    match operation:
        case "poll":
            return _wrong_with_health(result, disturbed, codes)
        case "self_test":
            return wrong_with_checks(operation, result, disturbed, codes) or (
                "" if result else "self_test has no checks"
            )
        case _:
            return "" if result is None else f"{operation} returned {result!r}"


def _wrong_with_health(result: object, disturbed: bool, codes: Collection[str] | None) -> str:
    if not isinstance(result, Health):
        return f"poll returned {result!r}"
    for fault in result.faults:
        if wrong := wrong_with_fault(fault, codes):
            return wrong
    if disturbed or result.state in _WELL:
        return ""
    return f"poll says {result.state.value}, {result.faults}"


def wrong_with_checks(what: str, result: object, disturbed: bool, codes: Collection[str] | None) -> str:
    """Say what is wrong with a self-test's or a guided test's checks, or return an empty text."""
    if not isinstance(result, tuple):
        return f"{what} returned {result!r}"
    for check in cast("tuple[object, ...]", result):
        if not isinstance(check, Check):
            return f"{what} returned {check!r} among its checks"
        if check.fault is not None and (wrong := wrong_with_fault(check.fault, codes)):
            return wrong
        if check.outcome is CheckOutcome.FAIL and check.fault is None:
            return f"the check {check.name} fails without a fault"
        if check.outcome is CheckOutcome.FAIL and not disturbed:
            return f"the check {check.name} fails: {check.fault}"
    return ""


def tells_trouble(result: object) -> bool:
    """Whether a poll's or a self-test's result says that the device cannot be used."""
    if isinstance(result, Health):
        return result.state not in _WELL
    checks = cast("tuple[Check, ...]", result if isinstance(result, tuple) else ())
    return any(check.outcome is CheckOutcome.FAIL for check in checks)
