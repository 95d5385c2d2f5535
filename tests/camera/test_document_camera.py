"""Photographs of papers: the best frame of a second, and the right word for the ones that cannot serve."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from scripted import ScriptedSource

from drivers.base import Deadline, DeviceState, DriverError
from drivers.camera.document_camera import LARGEST_JPEG, FrameDocumentCamera
from drivers.camera.paper import appearance
from drivers.camera.pictures import PictureSource
from drivers.document_camera import CaptureRefused, Photograph
from drivers.sim.camera import PictureStage

NEVER = threading.Event()
NOISE = 5.0


def _noisy(image: np.ndarray, sigma: float = NOISE) -> np.ndarray:
    grain = np.random.default_rng(7).standard_normal(image.shape[:2], dtype=np.float32)
    return np.clip(image.astype(np.float32) + grain[..., None] * sigma, 0, 255).astype(np.uint8)


def _defocused(image: np.ndarray, sigma: float) -> np.ndarray:
    """Blur by ``sigma`` pixels of a frame 1280 wide."""
    return cv2.GaussianBlur(image, (0, 0), sigma * image.shape[1] / 1280)


def _moved(image: np.ndarray, pixels: float, degrees: float) -> np.ndarray:
    size = int(pixels * image.shape[1] / 1280) | 1
    kernel = np.zeros((size, size), np.float32)
    kernel[size // 2] = 1
    spin = cv2.getRotationMatrix2D((size // 2, size // 2), degrees, 1)
    kernel = cv2.warpAffine(kernel, spin, (size, size))
    return cv2.filter2D(image, -1, kernel / kernel.sum())


def _paper(folder: Path, lines: tuple[str, ...], font: Path, width: int = 1280, height: int = 720) -> np.ndarray:
    stage = PictureStage(folder, width, height)
    stage.show_paper(lines, font)
    return cv2.imread(str(stage.path))


def _capture(*images: np.ndarray) -> Photograph | CaptureRefused | None:
    source = ScriptedSource(images)
    return FrameDocumentCamera(source).capture(source.after(30), NEVER)


@pytest.fixture(scope="module", params=["title", "short", "letter", "full"])
def sheet(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, lines: tuple[str, ...], font: Path
) -> np.ndarray:
    """A whole paper, from a title alone to a full page, as a camera 1280 pixels wide sees it."""
    kinds = {"title": lines[:1], "short": lines[:2], "letter": lines, "full": lines[:1] + lines[1:2] * 9}
    return _paper(tmp_path_factory.mktemp("sheet"), kinds[request.param], font)


GOOD: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "exact": lambda paper: paper,
    "noisy": _noisy,
    "slightly soft": lambda paper: _noisy(_defocused(paper, 1.0)),
    "slightly moved": lambda paper: _noisy(_moved(paper, 4, 50)),
    "dim": lambda paper: _noisy((paper * 0.35).astype(np.uint8), 3),
    "glossy bright": lambda paper: _noisy(np.clip(paper * 1.1 + 10, 0, 255).astype(np.uint8)),
}
BAD: dict[str, tuple[str, Callable[[np.ndarray], np.ndarray]]] = {
    "defocus 2": ("photo.blurred", lambda paper: _noisy(_defocused(paper, 2))),
    "defocus 3": ("photo.blurred", lambda paper: _noisy(_defocused(paper, 3))),
    "defocus 8": ("photo.blurred", lambda paper: _noisy(_defocused(paper, 8))),
    "moved along lines": ("photo.blurred", lambda paper: _noisy(_moved(paper, 10, 0))),
    "moved across": ("photo.blurred", lambda paper: _noisy(_moved(paper, 10, 90))),
    "moved aslant": ("photo.blurred", lambda paper: _noisy(_moved(paper, 15, 35))),
    "too dark": ("photo.too_dark", lambda paper: _noisy((paper * 0.1).astype(np.uint8), 4)),
}


@pytest.mark.parametrize("kind", GOOD)
def test_a_readable_paper_is_taken(sheet: np.ndarray, kind: str) -> None:
    taken = _capture(GOOD[kind](sheet))
    assert isinstance(taken, Photograph), taken
    assert taken.height / taken.width == pytest.approx(2**0.5, rel=0.01), "the sheet alone, in its own proportions"
    assert 660 < taken.height < 700
    decoded = cv2.imdecode(np.frombuffer(taken.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert decoded.shape == (taken.height, taken.width, 3)
    for corner in (decoded[4:12, 4:12], decoded[4:12, -12:-4], decoded[-12:-4, 4:12], decoded[-12:-4, -12:-4]):
        assert corner.mean() > 0.8 * np.percentile(decoded, 90), "no table is left at the corners"


@pytest.mark.parametrize("kind", BAD)
def test_an_unreadable_paper_is_refused_with_the_reason(sheet: np.ndarray, kind: str) -> None:
    code, spoil = BAD[kind]
    refused = _capture(spoil(sheet))
    assert isinstance(refused, CaptureRefused)
    assert refused.code == code, refused.evidence


@pytest.mark.parametrize("width", [640, 1920, 3508])
def test_the_limits_hold_for_other_cameras(tmp_path: Path, lines: tuple[str, ...], font: Path, width: int) -> None:
    paper = _paper(tmp_path, lines, font, width, width * 9 // 16)
    assert appearance(_noisy(paper, 3)).fault == ""
    assert appearance(_noisy(_defocused(paper, 3), 3)).fault == "photo.blurred"
    assert appearance(_noisy(_moved(paper, 15, 20), 3)).fault == "photo.blurred"


@pytest.mark.parametrize("level", [0.0, 60.0, 140.0])
def test_an_empty_stage_of_any_colour_is_no_paper(tmp_path: Path, level: float) -> None:
    stage = PictureStage(tmp_path)
    mat = np.clip(cv2.imread(str(stage.path)).astype(np.float32) + level, 0, 255).astype(np.uint8)
    for image in (mat, _noisy(mat)):
        refused = _capture(image)
        assert isinstance(refused, CaptureRefused)
        assert refused.code == "photo.no_paper", refused.evidence


def test_a_night_without_a_lamp_is_too_dark() -> None:
    refused = _capture(_noisy(np.zeros((720, 1280, 3), np.uint8), 3))
    assert isinstance(refused, CaptureRefused)
    assert refused.code == "photo.too_dark"


def test_the_sharpest_frame_of_the_second_is_taken(tmp_path: Path, lines: tuple[str, ...], font: Path) -> None:
    sharp = _paper(tmp_path, lines, font)
    blurred = _defocused(sharp, 3)
    taken = _capture(*[blurred] * 4, sharp, *[blurred] * 4)
    assert isinstance(taken, Photograph)
    assert taken.sharpness == pytest.approx(appearance(sharp).sharpness)
    later = _capture(*[blurred] * 60, sharp)
    assert isinstance(later, CaptureRefused), "frames after the second do not count"


def test_photographs_stay_small(tmp_path: Path, lines: tuple[str, ...], font: Path) -> None:
    taken = _capture(_noisy(_paper(tmp_path, lines, font, 3508, 2480), 8))
    assert isinstance(taken, Photograph)
    assert len(taken.jpeg) < LARGEST_JPEG == 400_000
    decoded = cv2.imdecode(np.frombuffer(taken.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert decoded.shape == (taken.height, taken.width, 3)
    assert taken.height >= 1400, "legible all the same"


def test_a_paper_that_lay_there_before_does_not_count(tmp_path: Path, lines: tuple[str, ...], font: Path) -> None:
    source = ScriptedSource([np.full((720, 1280, 3), 60, np.uint8)] * 2, stale=[_paper(tmp_path, lines, font)])
    refused = FrameDocumentCamera(source).capture(source.after(30), NEVER)
    assert isinstance(refused, CaptureRefused)
    assert refused.code == "photo.no_paper"


def test_no_frame_at_all_is_a_broken_camera() -> None:
    source = ScriptedSource()
    with pytest.raises(DriverError, match=r"camera\.no_frames"):
        FrameDocumentCamera(source).capture(source.after(30), NEVER)
    assert source.time <= 5


def test_cancelling_gives_nothing(tmp_path: Path, lines: tuple[str, ...], font: Path) -> None:
    cancel = threading.Event()
    cancel.set()
    source = ScriptedSource([_paper(tmp_path, lines, font)])
    assert FrameDocumentCamera(source).capture(source.after(30), cancel) is None


def test_the_preview_is_small_and_says_what_is_missing(tmp_path: Path) -> None:
    stage = PictureStage(tmp_path)
    camera = FrameDocumentCamera(PictureSource(stage.path, rate=100))
    camera.open(Deadline.after(10))
    preview = camera.preview(Deadline.after(10))
    assert preview is not None
    assert (preview.width, preview.height, preview.hint) == (640, 360, "photo.no_paper")
    assert cv2.imdecode(np.frombuffer(preview.jpeg, np.uint8), cv2.IMREAD_COLOR).shape == (360, 640, 3)
    assert camera.poll(Deadline.after(10)).state is DeviceState.ONLINE
    assert camera.identity().device_class == "document_camera"
    stage.path.write_bytes(b"")
    assert camera.preview(Deadline.after(0.05)) is None
    camera.close()


@pytest.mark.parametrize("size", [(1, 2000), (2000, 1), (1, 1)])
def test_a_frame_of_a_single_line_of_dots_breaks_nothing(size: tuple[int, int]) -> None:
    source = ScriptedSource([np.full((*size, 3), 90, np.uint8)] * 2)
    camera = FrameDocumentCamera(source)
    preview = camera.preview(source.after(1))
    assert preview is not None
    assert preview.height >= 1
    assert isinstance(camera.capture(source.after(1), threading.Event()), CaptureRefused)


def test_small_frames_are_previewed_as_they_are() -> None:
    source = ScriptedSource([np.full((120, 160, 3), 90, np.uint8)])
    preview = FrameDocumentCamera(source).preview(source.after(1))
    assert preview is not None
    assert (preview.width, preview.height) == (160, 120)
