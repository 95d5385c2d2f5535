"""SDT frames over USB bulk endpoints (readers that answer to 0400:C35A), by pyusb. Tried on a fake backend only."""

from __future__ import annotations

from threading import Event, Lock
from typing import Any, cast

import usb.core as _untyped_core  # pyright: ignore[reportMissingTypeStubs]
import usb.util as _untyped_util  # pyright: ignore[reportMissingTypeStubs]

from drivers.base import Deadline, DriverError
from drivers.kept_from_us import code_of

_core: Any = _untyped_core
_util: Any = _untyped_util

VENDOR, PRODUCT = 0x0400, 0xC35A
_CHUNK = 4096  # a multiple of every bulk packet size: a smaller buffer could overflow
_SLICE_MILLISECONDS = 50
_SHORTEST_MILLISECONDS = 1  # 0 would mean for ever
_DISCARD_AT_MOST = 65536
_GET_STATUS = (0x80, 0x00, 0, 0, 2)


class UsbLine:
    """One USB reader: the first bulk endpoint each way of its first interface. ``backend`` is pyusb's, found by itself.

    ``close`` may come from another thread.
    """

    def __init__(self, vendor: int = VENDOR, product: int = PRODUCT, backend: object | None = None) -> None:
        self._vendor = vendor
        self._product = product
        self._backend = backend
        self._device: Any = None
        self._into: Any = None
        self._out: Any = None
        self._lock = Lock()

    def open(self) -> None:
        """Find the reader and claim its interface.

        Raises ``card_reader.not_found``, ``device.access_denied``, ``device.in_use`` (another program has it), and
        ``card_reader.usb_unavailable`` when libusb is missing or may not start, as without its netlink socket.
        """
        self.close()
        try:
            device = _core.find(idVendor=self._vendor, idProduct=self._product, backend=self._backend)
        except _core.NoBackendError as error:
            raise DriverError("card_reader.usb_unavailable", "libusb cannot be loaded or does not start") from error
        except _core.USBError as error:
            raise self._gone(error) from error
        if device is None:
            raise self._gone(None)
        try:
            device.set_configuration()
            interface = device.get_active_configuration()[(0, 0)]
            self._into, self._out = (_bulk(interface, way) for way in (_util.ENDPOINT_IN, _util.ENDPOINT_OUT))
            if self._into is None or self._out is None:
                raise DriverError("card_reader.not_found", "the USB device has no bulk endpoints")
            _util.claim_interface(device, interface)
        except (_core.USBError, DriverError) as error:
            _util.dispose_resources(device)
            raise error if isinstance(error, DriverError) else self._gone(error) from error
        self._device = device
        self.discard()

    def close(self) -> None:
        """Let go of the reader; may be called twice."""
        with self._lock:
            device, self._device = self._device, None
            if device is not None:
                try:
                    _util.dispose_resources(device)
                except _core.USBError:
                    return  # it was unplugged: there is nothing to let go of

    def check(self) -> None:
        """Raise ``DriverError`` when the reader is gone: it is asked for its USB status."""
        with self._lock:
            self._call(lambda: self._opened().ctrl_transfer(*_GET_STATUS, timeout=_SLICE_MILLISECONDS))

    def read(self, deadline: Deadline, cancel: Event | None = None) -> bytes:
        """Return what arrives first, one byte or more; empty at the deadline or when ``cancel`` is set."""
        while cancel is None or not cancel.is_set():
            data = self._take(min(round(deadline.remaining() * 1000), _SLICE_MILLISECONDS))
            if data or deadline.expired:
                return data
        return b""

    def write(self, data: bytes, deadline: Deadline) -> None:
        """Write everything by the deadline. Raises ``card_reader.no_answer`` when the reader takes no more."""
        left = data
        while left:
            with self._lock:
                self._opened()
                milliseconds = max(min(round(deadline.remaining() * 1000), _SLICE_MILLISECONDS), _SHORTEST_MILLISECONDS)
                written = self._call(lambda left=left, wait=milliseconds: self._out.write(left, wait))
            left = left[int(written or 0) :]
            if left and deadline.expired:
                raise DriverError("card_reader.no_answer", "the reader takes no bytes", f"{len(left)} unwritten")

    def discard(self) -> bytes:
        """Take what has arrived so far (at most 64 KB)."""
        taken = b""
        while len(taken) < _DISCARD_AT_MOST and (data := self._take(0)):
            taken += data
        return taken

    def _take(self, milliseconds: int) -> bytes:
        with self._lock:
            self._opened()
            data = self._call(lambda: self._into.read(_CHUNK, max(milliseconds, _SHORTEST_MILLISECONDS)))
        return bytes(data or b"")

    def _opened(self) -> Any:
        if self._device is None:
            raise DriverError("card_reader.not_found", "the USB device is not open")
        return self._device

    def _call(self, transfer: Any) -> Any:
        """Make one transfer; None when it timed out."""
        try:
            return transfer()
        except _core.USBTimeoutError:
            return None
        except _core.USBError as error:
            raise self._gone(error) from error

    def _gone(self, error: Exception | None) -> DriverError:
        number = cast("int | None", getattr(error, "errno", None))
        return DriverError(
            code_of(error, "card_reader.not_found"),
            f"USB device {self._vendor:04x}:{self._product:04x}",
            f"errno {number}" if number is not None else "" if error is None else type(error).__name__,
        )


def _bulk(interface: Any, direction: int) -> Any:
    """Return the interface's first bulk endpoint in this direction, or None."""

    def fits(endpoint: Any) -> bool:
        kind, way = _util.endpoint_type(endpoint.bmAttributes), _util.endpoint_direction(endpoint.bEndpointAddress)
        return kind == _util.ENDPOINT_TYPE_BULK and way == direction

    return _util.find_descriptor(interface, custom_match=fits)
