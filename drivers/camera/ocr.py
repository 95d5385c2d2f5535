"""Reads the text on a photograph, where the optional rapidocr-onnxruntime is installed and the configuration asks for it.

A page takes 2.5 to 3.5 s on a small processor and the models 650 MB of memory, once used; hence the option.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from drivers.base import Deadline
from drivers.camera.pictures import decode_picture

Engine = Callable[[Any], tuple[Any, Any]]
"""Takes BGR pixels; gives ([[corners, text, confidence], ...] or None, times)."""

_LEAST_CONFIDENCE = 0.5
_CANCEL_SECONDS = 0.1


def installed() -> bool:
    """Whether the library is there; it is not imported to find out."""
    return find_spec("rapidocr_onnxruntime") is not None


def _load() -> Engine:
    from rapidocr_onnxruntime import RapidOCR  # pyright: ignore[reportMissingTypeStubs] - a second, only once it is used

    return RapidOCR(intra_op_num_threads=1, inter_op_num_threads=1)  # the screen needs the other core


class TextReader:
    """Reads one picture at a time on a thread of its own, as the library knows neither deadline nor cancelling.

    A reading that is given up ends by itself; until then there is no new one. Text is returned and never kept.
    ``installed``: whether the library is there. ``trouble``: why it could not be loaded; empty while it was not tried.
    """

    def __init__(self, load: Callable[[], Engine] = _load) -> None:
        self.installed = load is not _load or installed()
        self.trouble = ""
        self._load = load
        self._engine: Engine | None = None
        self._thread: threading.Thread | None = None

    def read(self, jpeg: bytes, deadline: Deadline, cancel: threading.Event) -> tuple[str, ...] | None:
        """Return the lines from top to bottom.

        None when the picture or the library is broken, at the deadline, when ``cancel`` is set, or while an earlier
        reading has not ended.
        """
        if self._thread is not None and self._thread.is_alive():
            return None
        found: list[tuple[str, ...]] = []
        thread = threading.Thread(target=self._work, args=(jpeg, found), name="text reader", daemon=True)
        self._thread = thread
        thread.start()
        while thread.is_alive() and not cancel.is_set() and not deadline.expired:
            thread.join(min(_CANCEL_SECONDS, deadline.remaining()))
        return found[0] if found and not cancel.is_set() else None

    def _work(self, jpeg: bytes, found: list[tuple[str, ...]]) -> None:
        image = decode_picture(jpeg)
        if image is None:
            return
        # The library brings its own runtime and models, and raises what they raise; a page that nobody could read is an
        # expected end, for which the caller has None.
        if self._engine is None:
            try:
                self._engine = self._load()
            except Exception as error:  # noqa: BLE001
                self.trouble = f"{type(error).__name__}: {error}"
                return
        try:
            lines, _ = self._engine(image)
        except Exception:  # noqa: BLE001 - what it says may quote the page
            return
        kept = [(float(corners[0][1]), str(text)) for corners, text, sure in lines or () if sure >= _LEAST_CONFIDENCE]
        found.append(tuple(text for _, text in sorted(kept, key=lambda line: line[0])))
