"""Sources of frames: pictures that change under the reader's eyes, and cameras that lie, freeze and vanish."""

from __future__ import annotations

import io
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from scripted import EndlessCapture, ScriptedCapture

from drivers.base import Deadline, DriverError
from drivers.camera.opencv import OpenCvSource
from drivers.camera.pictures import PictureSource
from drivers.camera.source import Frame, FrameSource


def _grey(level: int, size: tuple[int, int] = (32, 24)) -> np.ndarray:
    return np.full((size[1], size[0], 3), level, np.uint8)


def _file(path: Path, image: np.ndarray) -> Path:
    fresh = path.with_suffix(".new")
    fresh.write_bytes(_png(image))
    return fresh.replace(path)


def _png(image: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image[:, :, ::-1]).save(buffer, "PNG")
    return buffer.getvalue()


def _soon() -> Deadline:
    return Deadline.after(10)


def _opened(source: FrameSource) -> FrameSource:
    source.open(_soon())
    return source


# ---- pictures


def test_a_picture_is_given_exactly_and_with_growing_numbers(tmp_path: Path) -> None:
    image = np.random.default_rng(1).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    source = _opened(PictureSource(_file(tmp_path / "p.png", image), rate=500))
    frames = [source.read(_soon()) for _ in range(3)]
    assert all(frame is not None and np.array_equal(frame.image, image) for frame in frames)
    assert [frame.sequence for frame in frames if frame] == [1, 2, 3]


def test_a_replaced_picture_is_the_next_frame(tmp_path: Path) -> None:
    path = _file(tmp_path / "p.png", _grey(10))
    source = _opened(PictureSource(path, rate=500))
    levels = []
    for level in (10, 90, 200):
        _file(path, _grey(level))
        frame = source.read(_soon())
        assert frame is not None
        levels.append(int(frame.image[0, 0, 0]))
    assert levels == [10, 90, 200]


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_truncated_picture_gives_no_frame_until_it_is_whole(tmp_path: Path, kind: str) -> None:
    buffer = io.BytesIO()
    noise = np.random.default_rng(2).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, kind)
    path = tmp_path / "p.img"
    path.write_bytes(buffer.getvalue()[: len(buffer.getvalue()) // 2])
    source = _opened(PictureSource(path, rate=500))
    assert source.read(Deadline.after(0.05)) is None
    path.write_bytes(buffer.getvalue())
    assert source.read(_soon()) is not None


def test_rubbish_and_empty_files_give_no_frame(tmp_path: Path) -> None:
    for content in (b"", b"\x89PNG\r\n\x1a\n", b"not a picture" * 50):
        path = tmp_path / "p.png"
        path.write_bytes(content)
        assert _opened(PictureSource(path, rate=500)).read(Deadline.after(0.02)) is None


def test_a_picture_that_is_gone_is_a_camera_that_is_gone(tmp_path: Path) -> None:
    path = _file(tmp_path / "p.png", _grey(10))
    source = _opened(PictureSource(path, rate=500))
    assert source.read(_soon()) is not None
    path.unlink()
    with pytest.raises(DriverError, match=r"camera\.not_found"):
        source.read(_soon())
    with pytest.raises(DriverError, match=r"camera\.not_found"):
        source.open(_soon())


def test_pictures_keep_a_cameras_pace(tmp_path: Path) -> None:
    source = _opened(PictureSource(_file(tmp_path / "p.png", _grey(1)), rate=50))
    started = time.monotonic()
    for _ in range(6):
        assert source.read(_soon()) is not None
    assert time.monotonic() - started >= 5 / 50


def test_a_read_ends_at_its_deadline_and_on_close(tmp_path: Path) -> None:
    source = _opened(PictureSource(_file(tmp_path / "p.png", _grey(1)), rate=0.01))
    assert source.read(_soon()) is not None
    assert source.read(Deadline.after(0.05)) is None
    ended: list[str] = []

    def read() -> None:
        try:
            source.read(Deadline.after(60))
        except DriverError as error:
            ended.append(error.fault.code)

    reader = threading.Thread(target=read)
    reader.start()
    source.close()
    source.close()
    reader.join(10)
    assert ended == ["camera.not_found"]


def test_frames_cannot_be_written_to(tmp_path: Path) -> None:
    frame = _opened(PictureSource(_file(tmp_path / "p.png", _grey(1)), rate=500)).read(_soon())
    assert frame is not None
    with pytest.raises(ValueError, match="read-only"):
        frame.image[0, 0] = 0


# ---- OpenCV


def test_frames_taken_before_skip_do_not_count() -> None:
    capture = ScriptedCapture()
    source = _opened(OpenCvSource(0, opener=lambda: capture))
    for level in (10, 20):
        capture.put_and_wait(_grey(level))
    source.skip()
    frames: list[Frame | None] = []
    reader = threading.Thread(target=lambda: frames.append(source.read(_soon())))
    reader.start()
    limit = _soon()
    while not source._grabber.wanted:
        assert not limit.expired
        threading.Event().wait(0.002)
    # The grab under way began before the call, so its frame is stale as well.
    capture.put_and_wait(_grey(30))
    while not source._grabber.wanted:
        assert not limit.expired
        threading.Event().wait(0.002)
    assert frames == []
    capture.put(_grey(40))
    reader.join(10)
    source.close()
    assert [int(frame.image[0, 0, 0]) for frame in frames if frame] == [40]


def test_every_read_gives_a_newer_frame() -> None:
    source = _opened(OpenCvSource(0, opener=lambda: EndlessCapture(lambda number: _grey(number % 250))))
    frames = [source.read(_soon()) for _ in range(5)]
    source.close()
    numbers = [frame.sequence for frame in frames if frame]
    assert numbers == sorted(set(numbers))
    assert len(numbers) == 5


def test_what_came_after_its_reader_had_gone_is_not_shown_to_the_next_one() -> None:
    """It would be the paper of whoever stood there then."""
    capture = EndlessCapture(lambda number: _grey(number))
    source = _opened(OpenCvSource(0, opener=lambda: capture))
    assert source.read(Deadline.after(0.0)) is None
    limit = _soon()
    while capture.grabs < 30 and not limit.expired:
        threading.Event().wait(0.01)
    before = capture.grabs
    frame = source.read(_soon())
    source.close()
    assert frame is not None
    assert 30 <= before <= frame.image[0, 0, 0]


def test_no_frame_in_time_is_none_and_not_a_fault() -> None:
    source = _opened(OpenCvSource(0, opener=ScriptedCapture))
    started = time.monotonic()
    assert source.read(Deadline.after(0.05)) is None
    assert time.monotonic() - started < 2
    source.close()


def _read_until_error(source: FrameSource) -> str:
    limit = Deadline.after(20)
    while not limit.expired:
        try:
            source.read(limit.within(0.05))
        except DriverError as error:
            return error.fault.code
    raise AssertionError("no error came")


def test_a_camera_whose_frames_stand_still_is_frozen() -> None:
    source = _opened(OpenCvSource(0, frozen_after=0.2, opener=lambda: EndlessCapture(lambda _: _grey(77))))
    assert source.read(_soon()) is not None
    assert _read_until_error(source) == "camera.frozen"
    source.close()


def test_one_changed_byte_a_frame_is_life_enough() -> None:
    def living(number: int) -> np.ndarray:
        image = _grey(77)
        image[5, 7, 1] = number % 251
        return image

    source = _opened(OpenCvSource(0, frozen_after=0.1, opener=lambda: EndlessCapture(living)))
    limit = Deadline.after(0.5)
    while not limit.expired:
        assert source.read(_soon()) is not None
    source.close()


def test_a_camera_that_reports_success_without_a_frame_is_frozen() -> None:
    source = _opened(OpenCvSource(0, frozen_after=0.2, opener=lambda: EndlessCapture(lambda _: None)))
    assert _read_until_error(source) == "camera.frozen"
    source.close()


def test_a_camera_that_hangs_is_frozen() -> None:
    source = _opened(OpenCvSource(0, frozen_after=0.2, opener=ScriptedCapture))
    assert _read_until_error(source) == "camera.frozen"
    source.close()


def test_an_unplugged_camera_is_gone_and_can_be_opened_again() -> None:
    captures = [ScriptedCapture(), EndlessCapture(lambda number: _grey(number % 250))]
    opened = iter(captures)
    source = _opened(OpenCvSource(0, opener=lambda: next(opened)))
    captures[0].unplug()
    assert _read_until_error(source) == "camera.not_found"
    assert captures[0].released.wait(10)
    source.open(_soon())
    assert source.read(_soon()) is not None
    source.close()
    source.close()
    assert captures[1].released.wait(10)
    with pytest.raises(DriverError, match=r"camera\.not_found"):
        source.read(_soon())


def test_a_camera_that_does_not_answer_while_opening_is_given_up_at_the_deadline() -> None:
    release = threading.Event()
    late = ScriptedCapture()

    def slow() -> ScriptedCapture:
        release.wait(20)
        return late

    source = OpenCvSource(0, opener=slow)
    with pytest.raises(DriverError, match=r"camera\.not_found"):
        source.open(Deadline.after(0.05))
    release.set()
    assert late.released.wait(10), "the late camera must be let go"


@pytest.mark.parametrize("device", [99, "/dev/video99", "/nowhere/film.avi"])
def test_a_device_that_is_not_there_is_not_found(device: int | str) -> None:
    source = OpenCvSource(device)
    with pytest.raises(DriverError, match=r"camera\.not_found"):
        source.open(_soon())


def test_a_video_file_plays_and_starts_over(tmp_path: Path) -> None:
    path = tmp_path / "film.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 100, (320, 240))
    for level in (20, 120, 220):
        writer.write(_grey(level, (320, 240)))
    writer.release()
    source = _opened(OpenCvSource(str(path)))
    levels = []
    for _ in range(7):
        frame = source.read(_soon())
        assert frame is not None
        levels.append(round(int(frame.image[100, 100, 0]), -1))
    source.close()
    assert set(levels) == {20, 120, 220}


def test_a_camera_that_hangs_while_it_is_opened_leaves_one_thread_behind_however_often_it_is_tried() -> None:
    back, tried = threading.Event(), []

    def hang() -> EndlessCapture:
        tried.append(threading.current_thread())
        back.wait(60)
        return EndlessCapture(lambda number: _grey(number % 200))

    source = OpenCvSource(0, opener=hang)
    for _ in range(5):
        with pytest.raises(DriverError, match=r"camera\.not_found"):
            source.open(Deadline.after(0.02))
        source.close()
    assert len(tried) == 1
    back.set()
    source.open(_soon())
    assert source.read(_soon()) is not None
    source.close()
    assert not any(thread.is_alive() for thread in tried)


def test_a_camera_that_hangs_in_a_grab_is_opened_again_once_it_lets_go() -> None:
    back, hanging = threading.Event(), threading.Event()

    class Hanging(EndlessCapture):
        def grab(self) -> bool:
            hanging.set()
            return back.wait(60)

    captures = [Hanging(lambda number: None), EndlessCapture(lambda number: _grey(number % 200))]
    source = _opened(OpenCvSource(0, frozen_after=0.05, opener=lambda: captures.pop(0)))
    assert hanging.wait(10)
    first = _read_until_error(source)
    for _ in range(3):
        with pytest.raises(DriverError) as error:
            source.open(Deadline.after(0.02))
        assert error.value.fault.code == first == "camera.frozen", "told alike all the time"
    assert len(captures) == 1
    back.set()
    source.open(_soon())
    assert source.read(_soon()) is not None
    source.close()


@pytest.mark.parametrize(
    ("device", "told"),
    [
        (2, "/dev/video2"),
        ("/dev/v4l/by-id/usb-1", "/dev/v4l/by-id/usb-1"),
        ("rtsp://192.0.2.7:554/stream1", "rtsp://192.0.2.7:554"),
        ("rtsp://admin:geheim@192.0.2.7/stream1", "rtsp://192.0.2.7"),
        ("rtsp://admin:ge@heim@192.0.2.7:554", "rtsp://192.0.2.7:554"),
        ("rtsp://admin:ge/heim@192.0.2.7/stream1", "rtsp://"),
        ("rtsp://192.0.2.7/user=admin&password=geheim", "rtsp://192.0.2.7"),
        ("http://192.0.2.7?token=geheim", "http://192.0.2.7"),
        ("http://[2001:db8::1]:80/x", "http://[2001:db8::1]:80"),
    ],
)
def test_a_camera_is_named_without_a_password(device: int | str, told: str) -> None:
    def absent() -> ScriptedCapture:
        raise DriverError("camera.not_found", "cannot be opened")

    source = OpenCvSource(device, opener=absent)
    assert source.describe() == told
    with pytest.raises(DriverError) as error:
        source.open(_soon())
    assert error.value.fault.evidence == told
