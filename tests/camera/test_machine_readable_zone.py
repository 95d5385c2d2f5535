"""A travel document's data page under the camera: the key in its zone, or the word for why there is none."""

from __future__ import annotations

import threading

import numpy as np
from paper_frames import FONT, paper_frame
from PIL import Image, ImageDraw, ImageFont
from scripted import ScriptedSource

from drivers.base import Deadline
from drivers.camera.document_camera import FrameDocumentCamera
from drivers.camera.ocr import TextReader
from drivers.card_reader import MrzKey
from drivers.document_camera import CaptureRefused

NEVER = threading.Event()
KEY = MrzKey("L898902C3", "740812", "120415")
ZONE = ("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10")
"""The specimen of ICAO Doc 9303 part 4."""


def _reader(lines: tuple[str, ...]) -> TextReader:
    found = [[[[0, top], [9, top], [9, top + 5], [0, top + 5]], text, 0.9] for top, text in enumerate(lines)]
    return TextReader(lambda: lambda image: (found, None))


def _read(kind: str, reader: TextReader | None) -> MrzKey | CaptureRefused | None:
    camera = FrameDocumentCamera(ScriptedSource([paper_frame(kind, 3).image]), reader=reader, capture_seconds=0.1)
    assert camera.reads_zone is (reader is not None)
    return camera.read_machine_readable_zone(Deadline.after(60), NEVER)


def test_the_key_in_the_zone_is_given() -> None:
    assert _read("plain", _reader(("UTOPIA", *ZONE))) == KEY


def test_a_page_without_a_zone_or_with_a_wrong_check_digit_gives_none() -> None:
    assert _read("plain", _reader(("UTOPIA", "PASSPORT"))) is None
    assert _read("plain", _reader((ZONE[0], ZONE[1].replace("7408122", "7408112")))) is None


def test_a_picture_that_cannot_serve_is_refused_before_anything_is_read() -> None:
    outcome = _read("empty", _reader(ZONE))
    assert isinstance(outcome, CaptureRefused)
    assert outcome.code == "photo.no_paper"


def test_a_camera_that_reads_no_text_gives_none() -> None:
    assert _read("plain", None) is None


def _data_page() -> np.ndarray:
    """A booklet's data page on a dark table, the zone in letters of one width."""
    image = Image.new("RGB", (1920, 1080), "#2b2f33")
    draw = ImageDraw.Draw(image)
    draw.rectangle((330, 100, 1590, 980), fill="#eef0ea")
    draw.rectangle((390, 220, 690, 620), fill="#9fb4c4")
    words = ImageFont.truetype(str(FONT), 40)
    for row, text in enumerate(("UTOPIA  PASSPORT", "ERIKSSON", "ANNA MARIA", "12 AUG 1974", "15 APR 2012")):
        draw.text((760, 210 + 80 * row), text, fill="#202020", font=words)
    letters = ImageFont.truetype(str(FONT), 38)
    for row, line in enumerate(ZONE):
        for place, letter in enumerate(line):
            draw.text((380 + 26.5 * place, 780 + 80 * row), letter, fill="#101010", font=letters)
    return np.ascontiguousarray(np.asarray(image)[:, :, ::-1])


def test_a_data_page_is_read_by_the_real_library() -> None:
    camera = FrameDocumentCamera(ScriptedSource([_data_page()]), reader=TextReader(), capture_seconds=0.1)
    assert camera.read_machine_readable_zone(Deadline.after(120), NEVER) == KEY
