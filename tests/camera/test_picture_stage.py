"""The stage before a virtual camera: what is put there is seen whole, at once, and without leftovers."""

from __future__ import annotations

import io
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from drivers.base import Deadline
from drivers.camera.ladder import decode_once
from drivers.camera.paper import appearance
from drivers.camera.pictures import PictureSource, decode_picture
from drivers.sim.camera import LARGEST_CODE, PictureStage


def _seen(stage: PictureStage) -> np.ndarray:
    pixels = decode_picture(stage.path.read_bytes())
    assert pixels is not None
    return pixels


def _file(
    size: tuple[int, int], kind: str, colour: tuple[int, int, int] = (200, 30, 30), turned: bool = False
) -> bytes:
    picture = Image.new("RGB", size, colour)
    buffer = io.BytesIO()
    exif = Image.Exif()
    if turned:
        exif[0x0112] = 6  # Exif 2.3, Orientation: turn by 90 degrees clockwise
    picture.save(buffer, kind, exif=exif)
    return buffer.getvalue()


def test_a_new_stage_is_empty_and_an_old_one_keeps_what_stands_there(tmp_path: Path) -> None:
    stage = PictureStage(tmp_path / "new" / "folder")
    assert appearance(_seen(stage)).fault == "photo.no_paper"
    stage.show_code("GK1:42")
    again = PictureStage(tmp_path / "new" / "folder")
    assert [code.data for code in decode_once(_seen(again))] == [b"GK1:42"]
    again.clear()
    assert decode_once(_seen(stage)) == ()


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize(
    ("size", "seen"), [((300, 200), (200, 300)), ((4000, 2250), (720, 1280)), ((900, 3600), (720, 180))]
)
def test_pictures_are_shown_whole(tmp_path: Path, kind: str, size: tuple[int, int], seen: tuple[int, int]) -> None:
    stage = PictureStage(tmp_path)
    stage.show(_file(size, kind))
    pixels = _seen(stage)
    assert pixels.shape == (720, 1280, 3)
    red = pixels[:, :, 2] > 150
    assert (int(red.any(axis=1).sum()), int(red.any(axis=0).sum())) == seen


def test_a_photograph_held_upright_is_shown_upright(tmp_path: Path) -> None:
    stage = PictureStage(tmp_path)
    stage.show(_file((600, 300), "JPEG", turned=True))
    red = _seen(stage)[:, :, 2] > 150
    assert (int(red.any(axis=1).sum()), int(red.any(axis=0).sum())) == (600, 300)


@pytest.mark.parametrize("content", [b"", b"rubbish" * 99, _file((99, 99), "GIF"), _file((500, 500), "PNG")[:-40]])
def test_what_is_no_whole_picture_is_refused_and_changes_nothing(tmp_path: Path, content: bytes) -> None:
    stage = PictureStage(tmp_path)
    before = stage.path.read_bytes()
    with pytest.raises(ValueError, match="whole"):
        stage.show(content)
    assert stage.path.read_bytes() == before


@pytest.mark.parametrize(
    "content",
    ["GK1:42", "城乡居民医保参保登记", "城乡居民".encode("gb18030"), b"\x01" * 1500, bytes(range(200)) * 14],
    ids=range(5),
)
def test_codes_are_read_from_the_stage(tmp_path: Path, content: str | bytes) -> None:
    stage = PictureStage(tmp_path)
    stage.show_code(content)
    expected = content.encode() if isinstance(content, str) else content
    assert [code.data for code in decode_once(_seen(stage))] == [expected]


def test_the_largest_code_fits_and_one_byte_more_does_not(tmp_path: Path) -> None:
    stage = PictureStage(tmp_path)
    stage.show_code(b"x" * LARGEST_CODE)
    assert [len(code.data) for code in decode_once(_seen(stage))] == [LARGEST_CODE]
    with pytest.raises(ValueError, match="2953"):
        stage.show_code(b"x" * (LARGEST_CODE + 1))


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1920, 1080), (1080, 1440)])
def test_papers_are_sharp_or_blurred_as_asked(
    tmp_path: Path, lines: tuple[str, ...], font: Path, width: int, height: int
) -> None:
    stage = PictureStage(tmp_path, width, height)
    stage.show_paper(lines, font)
    assert _seen(stage).shape == (height, width, 3)
    assert appearance(_seen(stage)).fault == ""
    stage.show_paper(lines, font, blur=6)
    assert appearance(_seen(stage)).fault == "photo.blurred"


def test_no_reader_ever_sees_half_a_picture_and_no_file_stays_behind(tmp_path: Path) -> None:
    stage = PictureStage(tmp_path)
    ended = threading.Event()

    def exchange() -> None:
        for number in range(12):
            stage.show_code(f"GK1:{number}")
        ended.set()

    writer = threading.Thread(target=exchange)
    writer.start()
    source = PictureSource(stage.path, rate=500)
    source.open(Deadline.after(10))
    while not ended.is_set():
        assert decode_picture(stage.path.read_bytes()) is not None
        assert source.read(Deadline.after(10)) is not None
    writer.join(10)
    last = source.read(Deadline.after(10))
    assert last is not None
    assert [code.data for code in decode_once(last.image)] == [b"GK1:11"]
    assert [path.name for path in tmp_path.iterdir()] == ["stage.png"]
