"""Scanning with a camera: a code counts once, rubbish is refused once, and nothing old is taken for new."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from phone_frames import empty_frame, phone_frame
from PIL import Image
from scripted import EndlessCapture, ScriptedSource

from drivers.base import CheckOutcome, Deadline, DeviceState, DriverError
from drivers.camera.opencv import OpenCvSource
from drivers.camera.pictures import PictureSource
from drivers.camera.qr_scanner import FORGET_SECONDS, LEFT_AFTER_FRAMES, CameraQrScanner
from drivers.qr_scanner import QrPayload, QrRefused
from drivers.sim.camera import PictureStage

EMPTY = empty_frame(0)
NEVER = threading.Event()


@pytest.fixture
def stage(tmp_path: Path) -> PictureStage:
    return PictureStage(tmp_path)


def _pixels(stage: PictureStage) -> np.ndarray:
    with Image.open(stage.path) as picture:
        return np.ascontiguousarray(np.asarray(picture.convert("RGB"))[:, :, ::-1])


def _code(stage: PictureStage, content: str | bytes) -> np.ndarray:
    stage.show_code(content)
    return _pixels(stage)


def _scanner(*images: np.ndarray) -> tuple[CameraQrScanner, ScriptedSource]:
    source = ScriptedSource(images)
    return CameraQrScanner(source, now=lambda: 1_767_225_600.0), source


def _scan(scanner: CameraQrScanner, source: ScriptedSource) -> QrPayload | QrRefused | None:
    return scanner.scan(source.after(1000), NEVER)


@pytest.mark.parametrize(
    "data", [b"GK1:42", "城乡居民医保参保登记".encode(), "城乡居民医保参保登记".encode("gb18030")], ids=range(3)
)
def test_a_code_becomes_its_text(stage: PictureStage, data: bytes) -> None:
    scanner, source = _scanner(EMPTY, _code(stage, data))
    expected = data.decode("gb18030") if data.startswith("城".encode("gb18030")) else data.decode()
    assert _scan(scanner, source) == QrPayload(data, expected, "qr_code", 1_767_225_600.0)


def test_a_code_counts_once_however_long_it_is_held(stage: PictureStage) -> None:
    picture = _code(stage, "GK1:42")
    scanner, source = _scanner(*[picture] * 30)
    assert isinstance(_scan(scanner, source), QrPayload)
    assert len(source.images) == 29
    assert _scan(scanner, source) is None
    assert source.images == []


def test_a_code_counts_again_after_it_left_the_view(stage: PictureStage) -> None:
    picture = _code(stage, "GK1:42")
    scanner, source = _scanner(picture, *[EMPTY] * (LEFT_AFTER_FRAMES - 1), picture)
    assert isinstance(_scan(scanner, source), QrPayload)
    assert _scan(scanner, source) is None, "a blink is not a departure"
    source.images = [*[EMPTY] * LEFT_AFTER_FRAMES, picture]
    assert isinstance(_scan(scanner, source), QrPayload)


def test_the_next_visit_may_show_the_same_code_at_once(stage: PictureStage) -> None:
    picture = _code(stage, "GK1:42")
    source = ScriptedSource([picture] * 3)
    time_is = [100.0]
    scanner = CameraQrScanner(source, clock=lambda: time_is[0])
    assert isinstance(_scan(scanner, source), QrPayload)
    time_is[0] += FORGET_SECONDS
    assert _scan(scanner, source) is None, "the same visit still holds it up"
    source.images = [picture]
    time_is[0] += FORGET_SECONDS + 0.1
    assert isinstance(_scan(scanner, source), QrPayload)


def test_another_code_counts_at_once(stage: PictureStage) -> None:
    first, second = _code(stage, "GK1:1"), _code(stage, "GK1:2")
    scanner, source = _scanner(first, first, second, first)
    found = [_scan(scanner, source) for _ in range(3)]
    assert [payload.text for payload in found if isinstance(payload, QrPayload)] == ["GK1:1", "GK1:2"]


def test_a_hard_frame_held_for_a_second_is_read_once() -> None:
    frame = phone_frame("combined", 4)  # only one of the later rungs reads it
    scanner, source = _scanner(*[frame.image] * 40)
    payload = _scan(scanner, source)
    assert isinstance(payload, QrPayload)
    assert payload.data == frame.data
    assert _scan(scanner, source) is None


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"GK1:42\x00\x07", "code.control_characters"),
        (b"A" * 2900, "code.too_long"),
        (bytes(range(128, 256)), "code.not_text"),
    ],
)
def test_a_refused_code_is_refused_once(stage: PictureStage, content: bytes, code: str) -> None:
    scanner, source = _scanner(*[_code(stage, content)] * 5)
    refused = _scan(scanner, source)
    assert isinstance(refused, QrRefused)
    assert refused.code == code
    assert _scan(scanner, source) is None


def test_the_scan_ends_at_its_deadline_or_when_cancelled(stage: PictureStage) -> None:
    scanner = CameraQrScanner(PictureSource(stage.path, rate=100))
    scanner.open(Deadline.after(10))
    assert scanner.scan(Deadline.after(0.1), NEVER) is None
    cancel = threading.Event()
    done = threading.Event()

    def scan() -> None:
        assert scanner.scan(Deadline.after(100), cancel) is None
        done.set()

    threading.Thread(target=scan, daemon=True).start()
    cancel.set()
    assert done.wait(10)
    scanner.close()


def test_a_code_that_was_shown_before_the_scan_does_not_count(stage: PictureStage) -> None:
    source = ScriptedSource([EMPTY] * 3, stale=[_code(stage, "GK1:42")] * 2)
    assert CameraQrScanner(source).scan(source.after(1000), NEVER) is None


def test_a_camera_is_scanned_through_opencv(stage: PictureStage) -> None:
    """The whole way from the capture to the text, and health on the same source before."""
    picture = _code(stage, "GK1:42")
    shown = threading.Event()

    def view(number: int) -> np.ndarray:
        image = (picture if shown.is_set() else EMPTY).copy()
        image[0, 0, 0] = number % 256
        return image

    scanner = CameraQrScanner(OpenCvSource(0, opener=lambda: EndlessCapture(view)))
    scanner.open(Deadline.after(10))
    assert scanner.poll(Deadline.after(10)).state is DeviceState.ONLINE
    assert scanner.scan(Deadline.after(0.2), NEVER) is None
    shown.set()
    payload = scanner.scan(Deadline.after(10), NEVER)
    assert isinstance(payload, QrPayload)
    assert payload.text == "GK1:42"
    scanner.close()


def test_a_vanished_camera_is_an_error_in_a_scan_and_in_a_poll(stage: PictureStage) -> None:
    scanner = CameraQrScanner(PictureSource(stage.path, rate=100))
    scanner.open(Deadline.after(10))
    stage.path.unlink()
    for call in (lambda: scanner.scan(Deadline.after(10), NEVER), lambda: scanner.poll(Deadline.after(10))):
        with pytest.raises(DriverError, match=r"camera\.not_found"):
            call()


def test_health_tells_darkness_and_missing_frames() -> None:
    scanner, source = _scanner(EMPTY, np.zeros((720, 1280, 3), np.uint8))
    healths = [scanner.poll(source.after(5)) for _ in range(3)]
    assert [(health.state, [fault.code for fault in health.faults]) for health in healths] == [
        (DeviceState.ONLINE, []),
        (DeviceState.DEGRADED, ["camera.dark"]),
        (DeviceState.FAULT, ["camera.no_frames"]),
    ]
    assert healths[0].observed_at == 1_767_225_600.0


def test_the_self_test_measures_what_a_technician_asks() -> None:
    def outcomes(*images: np.ndarray) -> dict[str, tuple[CheckOutcome, str]]:
        scanner, source = _scanner(*images)
        checks = scanner.self_test(source.after(100))
        return {check.name: (check.outcome, check.fault.code if check.fault else check.evidence) for check in checks}

    good = outcomes(EMPTY, empty_frame(1))
    assert {name: outcome for name, (outcome, _) in good.items()} == dict.fromkeys(
        ("frame", "size", "brightness", "alive"), CheckOutcome.PASS
    )
    assert good["size"][1] == "1280x720"
    bad = outcomes(np.zeros((240, 320, 3), np.uint8), np.zeros((240, 320, 3), np.uint8))
    assert bad["size"] == (CheckOutcome.WARN, "camera.small_frames")
    assert bad["brightness"] == (CheckOutcome.WARN, "camera.dark")
    assert bad["alive"] == (CheckOutcome.FAIL, "camera.frozen")
    assert outcomes() == {"frame": (CheckOutcome.FAIL, "camera.no_frames")}
    scanner, source = _scanner()
    source.gone = True
    checks = scanner.self_test(source.after(5))
    assert [(check.name, check.fault and check.fault.code) for check in checks] == [("frame", "camera.not_found")]


def test_a_picture_is_not_asked_to_live(stage: PictureStage) -> None:
    scanner = CameraQrScanner(PictureSource(stage.path, rate=100))
    scanner.open(Deadline.after(10))
    checks = {check.name: check.outcome for check in scanner.self_test(Deadline.after(10))}
    assert checks["alive"] is CheckOutcome.SKIP
    assert checks["frame"] is CheckOutcome.PASS
    scanner.reset(Deadline.after(10))
    assert scanner.identity().device_class == "code_scanner"
    scanner.close()
    scanner.close()
