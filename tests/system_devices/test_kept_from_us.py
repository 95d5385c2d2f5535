"""A device that is there and may not be opened, or is held by another program, is told as such and not as missing."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from drivers.base import Deadline, DriverError
from drivers.camera.opencv import OpenCvSource
from drivers.escpos.transport import DeviceFileTransport
from drivers.serial_line import SerialLine

FAR = 20.0

OPENINGS: dict[str, Callable[[str], None]] = {
    "thing": lambda node: SerialLine(node, 9600, "thing").open(),
    "printer": lambda node: DeviceFileTransport(Path(node)).open(Deadline.after(FAR)),
    "camera": lambda node: OpenCvSource(node).open(Deadline.after(FAR)),
}


@pytest.mark.parametrize("begins", OPENINGS)
@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.EACCES, "device.access_denied"),
        (errno.EPERM, "device.access_denied"),
        (errno.EBUSY, "device.in_use"),
        (errno.ENOENT, "{}.not_found"),
        (errno.EIO, "{}.not_found"),
    ],
)
def test_why_a_node_cannot_be_opened_is_told(
    monkeypatch: pytest.MonkeyPatch, begins: str, number: int, code: str
) -> None:
    node, really_open = "/dev/of-the-test", os.open

    def refuse(path: str, *arguments: int) -> int:
        if str(path) == node:
            raise OSError(number, os.strerror(number))
        return really_open(path, *arguments)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(DriverError) as raised:
        OPENINGS[begins](node)
    assert raised.value.fault.code == code.format(begins)
    assert node in f"{raised.value.fault.detail} {raised.value.fault.evidence}"
