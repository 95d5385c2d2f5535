"""A camera that stands still while every read succeeds: told once when it is lost, once when it is back, without a restart."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from drivers.base import Deadline, Device, DeviceState, DriverError, Health
from drivers.camera.document_camera import FrameDocumentCamera
from drivers.camera.opencv import OpenCvSource
from drivers.camera.qr_scanner import CameraQrScanner
from drivers.sim.camera import VirtualCamera, paper_frame
from kiosk.devices import worker as workers
from kiosk.devices.worker import DeviceWorker

MAKERS: dict[str, Callable[[OpenCvSource], Device]] = {
    "code_scanner": CameraQrScanner,
    "document_camera": FrameDocumentCamera,
}


class _Told:
    """What a worker told of its device, in order."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.healths: list[tuple[DeviceState, str]] = []

    def __call__(self, name: str, health: Health) -> None:
        with self._changed:
            self.healths.append((health.state, health.faults[0].code if health.faults else ""))
            self._changed.notify_all()

    def wait_for(self, *wanted: tuple[DeviceState, str]) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.healths[-len(wanted) :] == list(wanted), 30), self.healths


@pytest.fixture
def camera() -> Iterator[VirtualCamera]:
    made = VirtualCamera(paper_frame(), interval=0.002)
    yield made
    made.calm()


def _source(camera: VirtualCamera) -> OpenCvSource:
    return OpenCvSource("virtual", frozen_after=0.2, opener=camera.open)


def _code_raised_by(call: Callable[[Deadline], object]) -> str:
    limit = Deadline.after(30)
    while not limit.expired:
        try:
            call(limit)
        except DriverError as error:
            return error.fault.code
    raise AssertionError("no error came")


@pytest.mark.parametrize("device_class", MAKERS)
def test_lost_once_and_back_once(device_class: str, camera: VirtualCamera, monkeypatch: pytest.MonkeyPatch) -> None:
    """While it stays frozen the worker opens it again and again, and nothing of that is told."""
    monkeypatch.setattr(workers, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(workers, "FIRST_BACK_OFF", 0.01)
    monkeypatch.setattr(workers, "LONGEST_BACK_OFF", 0.05)
    monkeypatch.setattr("drivers.camera.opencv.THAW_SECONDS", 0.05)
    opened = [0]
    several = threading.Event()

    def opener():
        opened[0] += 1
        if opened[0] >= 6:
            several.set()
        return camera.open()

    source = OpenCvSource("virtual", frozen_after=0.2, opener=opener)
    told, bugs = _Told(), []
    worker = DeviceWorker("camera", lambda: MAKERS[device_class](source), told, lambda *bug: bugs.append(bug))
    worker.start()
    try:
        told.wait_for((DeviceState.ONLINE, ""))
        camera.trouble("frozen")
        told.wait_for((DeviceState.ONLINE, ""), (DeviceState.OFFLINE, "camera.frozen"))
        assert several.wait(30), "it is tried again"
        camera.calm()
        told.wait_for((DeviceState.OFFLINE, "camera.frozen"), (DeviceState.ONLINE, ""))
    finally:
        assert worker.stop(Deadline.after(20))
    assert told.healths == [
        (DeviceState.ONLINE, ""),
        (DeviceState.OFFLINE, "camera.frozen"),
        (DeviceState.ONLINE, ""),
    ]
    assert bugs == []


def test_polls_alone_notice_it(camera: VirtualCamera) -> None:
    scanner = CameraQrScanner(_source(camera))
    scanner.open(Deadline.after(20))
    assert scanner.poll(Deadline.after(20)).state is DeviceState.ONLINE
    camera.trouble("frozen")
    assert _code_raised_by(scanner.poll) == "camera.frozen"
    scanner.close()


def test_a_frozen_camera_is_not_opened_until_it_lives(camera: VirtualCamera, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drivers.camera.opencv.THAW_SECONDS", 0.2)
    source = _source(camera)
    source.open(Deadline.after(20))
    camera.trouble("frozen")
    assert _code_raised_by(source.read) == "camera.frozen"
    source.close()
    for _ in range(2):
        with pytest.raises(DriverError, match=r"camera\.frozen"):
            source.open(Deadline.after(20))
    camera.calm()
    source.open(Deadline.after(20))
    assert source.read(Deadline.after(20)) is not None
    source.close()


def test_rubbish_for_frames_is_no_frame(camera: VirtualCamera) -> None:
    source = _source(camera)
    source.open(Deadline.after(20))
    camera.trouble("broken")
    for _ in range(6):
        frame = source.read(Deadline.after(20))
        assert frame is not None
        assert frame.image.ndim == 3
        assert frame.image.size > 0
    source.close()
