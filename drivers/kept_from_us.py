"""What keeps a program from a device that is there: permission, or another program."""

from __future__ import annotations

from errno import EACCES, EAGAIN, EBUSY, EPERM

ACCESS_DENIED = "device.access_denied"
IN_USE = "device.in_use"

_CODES = {EACCES: ACCESS_DENIED, EPERM: ACCESS_DENIED, EBUSY: IN_USE, EAGAIN: IN_USE}
"""EAGAIN: a port that another program holds by flock(2), as pyserial does."""


def code_of(error: BaseException | None, otherwise: str) -> str:
    """Return the fault code of an error of opening a device; ``otherwise`` for one that says that it is gone."""
    number = getattr(error, "errno", None)
    return _CODES.get(number, otherwise) if isinstance(number, int) else otherwise
