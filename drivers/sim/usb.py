"""A virtual USB device with one bulk endpoint each way, below pyusb: its backend is ours, pyusb and the driver are real."""

from __future__ import annotations

import errno
import time
from array import array
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from threading import Condition, Event, Thread, current_thread
from types import SimpleNamespace
from typing import Any

import usb.core as _untyped_core  # pyright: ignore[reportMissingTypeStubs]
from usb.backend import IBackend as _UntypedBackend  # pyright: ignore[reportMissingTypeStubs]

from drivers.sdt.usb_line import PRODUCT, VENDOR

_core: Any = _untyped_core
_Backend: Any = _UntypedBackend

_INTO, _OUT = 0x81, 0x02
_BULK = 0x02
_PACKET = 64


class VirtualUsbPort:
    """The device's end, with the methods of ``VirtualSerialPort``: ``received`` is called on the port's own thread."""

    def __init__(self) -> None:
        self.received: Callable[[bytes], None] = lambda data: None
        self.most_at_once: int | None = None
        """How many bytes are taken in one transfer."""
        self.backend: Any = _FakeBackend(self)
        self._changed = Condition()
        self._answers = bytearray()
        self._unplugged: Event | None = None
        self._requests: SimpleQueue[bytes | None] = SimpleQueue()
        self._thread: Thread | None = None

    @property
    def plugged(self) -> bool:
        """Whether the device is there."""
        return self._unplugged is not None

    def plug(self) -> None:
        """Make the device appear; nothing happens when it is there."""
        with self._changed:
            if self._unplugged is not None:
                return
            self._answers.clear()
            self._unplugged, self._requests = Event(), SimpleQueue()
            self._thread = Thread(target=self._serve, args=(self._requests,), name="usb device", daemon=True)
            self._thread.start()

    def unplug(self) -> None:
        """Make the device vanish; transfers under way fail."""
        with self._changed:
            unplugged, self._unplugged = self._unplugged, None
            if unplugged is None:
                return
            unplugged.set()
            self._requests.put(None)
            self._changed.notify_all()
            thread = self._thread
        if thread is not None and thread is not current_thread():
            thread.join()

    def send(self, data: bytes) -> None:
        """Send to the host; lost while unplugged."""
        with self._changed:
            if self._unplugged is not None:
                self._answers += data
                self._changed.notify_all()

    def pause(self, seconds: float) -> None:
        """Let time pass on the port's thread; ends at once when unplugged."""
        unplugged = self._unplugged
        if unplugged is not None:
            unplugged.wait(seconds)

    def take(self, length: int, milliseconds: int) -> bytes:
        """Give the host what was sent, as a bulk read does. Raises pyusb's errors."""
        limit = time.monotonic() + milliseconds / 1000
        with self._changed:
            while self.plugged and not self._answers:
                if not self._changed.wait(max(0.0, limit - time.monotonic())):
                    raise _core.USBTimeoutError("timed out", errno=errno.ETIMEDOUT)
            self._check()
            taken = bytes(self._answers[:length])
            del self._answers[:length]
            return taken

    def give(self, data: bytes) -> int:
        """Take what the host writes. Raises pyusb's errors."""
        with self._changed:
            self._check()
            self._requests.put(data[: self.most_at_once])
        return len(data[: self.most_at_once])

    def _check(self) -> None:
        if not self.plugged:
            raise _core.USBError("no such device", errno=errno.ENODEV)

    def _serve(self, requests: SimpleQueue[bytes | None]) -> None:
        while (data := requests.get()) is not None:
            self.received(data)


class _FakeBackend(_Backend):
    """What pyusb asks of libusb, for one device with one configuration, one interface and two bulk endpoints."""

    def __init__(self, port: VirtualUsbPort) -> None:
        self._port = port

    def enumerate_devices(self) -> Iterator[object]:
        if self._port.plugged:
            yield self

    def get_device_descriptor(self, dev: object) -> object:
        return SimpleNamespace(
            bLength=18, bDescriptorType=1, bcdUSB=0x0110, bDeviceClass=0, bDeviceSubClass=0, bDeviceProtocol=0,
            bMaxPacketSize0=8, idVendor=VENDOR, idProduct=PRODUCT, bcdDevice=0x0100, iManufacturer=0, iProduct=0,
            iSerialNumber=0, bNumConfigurations=1, address=1, bus=1, port_number=1, port_numbers=(1,), speed=2,
        )  # fmt: skip

    def get_configuration_descriptor(self, dev: object, config: int) -> object:
        return SimpleNamespace(
            bLength=9, bDescriptorType=2, wTotalLength=32, bNumInterfaces=1, bConfigurationValue=1, iConfiguration=0,
            bmAttributes=0x80, bMaxPower=50, extra_descriptors=b"",
        )  # fmt: skip

    def get_interface_descriptor(self, dev: object, intf: int, alt: int, config: int) -> object:
        if (intf, alt) != (0, 0):
            raise IndexError
        return SimpleNamespace(
            bLength=9, bDescriptorType=4, bInterfaceNumber=0, bAlternateSetting=0, bNumEndpoints=2, bInterfaceClass=0xFF,
            bInterfaceSubClass=0, bInterfaceProtocol=0, iInterface=0, extra_descriptors=b"",
        )  # fmt: skip

    def get_endpoint_descriptor(self, dev: object, ep: int, intf: int, alt: int, config: int) -> object:
        return SimpleNamespace(
            bLength=7, bDescriptorType=5, bEndpointAddress=(_INTO, _OUT)[ep], bmAttributes=_BULK,
            wMaxPacketSize=_PACKET, bInterval=0, bRefresh=0, bSynchAddress=0, extra_descriptors=b"",
        )  # fmt: skip

    def open_device(self, dev: object) -> object:
        if not self._port.plugged:
            raise _core.USBError("no such device", errno=errno.ENODEV)
        return self

    def close_device(self, dev_handle: object) -> None:
        pass

    def set_configuration(self, dev_handle: object, config_value: int) -> None:
        pass

    def get_configuration(self, dev_handle: object) -> int:
        return 1

    def claim_interface(self, dev_handle: object, intf: int) -> None:
        pass

    def release_interface(self, dev_handle: object, intf: int) -> None:
        pass

    def bulk_write(self, dev_handle: object, ep: int, intf: int, data: array[int], timeout: int) -> int:
        return self._port.give(data.tobytes())

    def bulk_read(self, dev_handle: object, ep: int, intf: int, buff: array[int], timeout: int) -> int:
        taken = self._port.take(len(buff), timeout)
        buff[: len(taken)] = array("B", taken)
        return len(taken)

    def ctrl_transfer(self, dev_handle: object, *request: Any) -> int:
        if not self._port.plugged:
            raise _core.USBError("no such device", errno=errno.ENODEV)
        return 2
