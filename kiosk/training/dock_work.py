"""What the dock does for each order of the page or the shell, and what it shows of the hall and the screen."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from drivers.base import Deadline
from drivers.hall import CabinetAction, DocumentPrinterAction, Hall, PowerAction, PrinterAction
from kiosk.training import citizen
from kiosk.training import display as screens
from kiosk.training.dock_upload import DockRefusalError

_FRAME_SECONDS = 0.04
_LONG_POLL_SECONDS = 10.0
_STATE_SECONDS = 0.25
_KEEP_ALIVE_SECONDS = 15.0


class _Order(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CardOrder(_Order):
    """Put a card on a reader: a citizen that came with the terminal, or a citizen file's text."""

    citizen: str = ""
    toml: str = Field(default="", max_length=20_000)
    reader: Literal["", "pcsc", "sdt"] = ""


class CodeOrder(_Order):
    """Hold a QR code with this text to the camera."""

    text: str = Field(min_length=1, max_length=8_000)


class PaperOrder(_Order):
    """Put the hall's own paper under the document camera."""

    sharp: bool = True


class PrinterOrder(_Order):
    """Do something to the printer."""

    action: PrinterAction


class DocumentPrinterOrder(_Order):
    """Do something to the A4 printer."""

    action: DocumentPrinterAction


class CabinetOrder(_Order):
    """Walk away or come back; open or close the door."""

    action: CabinetAction


class PowerOrder(_Order):
    """Do something to the mains or the battery."""

    action: PowerAction


class NetworkOrder(_Order):
    """Plug the network cable in or out."""

    up: bool


class Point(_Order):
    """One moment of a touch, in pixels of the terminal's screen."""

    kind: Literal["press", "move", "release"]
    x: float
    y: float


class TouchOrder(_Order):
    """A piece of a touch; the pieces come in order."""

    points: tuple[Point, ...] = Field(min_length=1, max_length=500)


class DockWork:
    """What the routes share: the hall, the screen, and whose card was put where."""

    def __init__(self, hall: Hall, display: screens.Display | None, citizens: Path) -> None:
        self.hall = hall
        self.display = display
        self.citizens = citizens
        self.closing = threading.Event()
        self._on_reader: dict[str, str] = {}
        self._finger = threading.Lock()
        self._frame: tuple[tuple[int, int], bytes] = ((0, 0), b"")

    def people(self) -> list[dict[str, str]]:
        """Return the invented citizens that can be chosen; a broken file is told, not hidden."""
        rows: list[dict[str, str]] = []
        for path in sorted(self.citizens.glob("*.toml")):
            try:
                person = citizen.load(path)
            except citizen.CitizenFileError as error:
                rows.append({"citizen": path.stem, "error": str(error)})
                continue
            name = " ".join(part for part in (person.card.name, person.card.name_en) if part)
            rows.append(
                {"citizen": path.stem, "name": name, "kind": person.card.kind.value, "reader": person.reader}
                | {"expires": person.card.valid_to.isoformat() if person.card.valid_to else ""}
            )
        return rows

    def put_card(self, order: CardOrder) -> None:
        """Put a citizen's card on a reader. Raises ``CitizenFileError``; ``DockRefusalError`` for an unknown name."""
        if order.toml:
            label, person = Path(order.citizen).stem, citizen.parse(order.toml, order.citizen or "citizen")
        else:
            path = self.citizens / f"{order.citizen}.toml"
            if path.parent != self.citizens or not path.is_file():
                raise DockRefusalError(404, "citizen.unknown", f"there is no citizen {order.citizen!r}")
            label, person = order.citizen, citizen.load(path)
        reader = order.reader or person.reader
        self.hall.put_card(person.card, reader)
        self._on_reader[reader] = label

    def put_plain_card(self) -> None:
        """Put a card on the PC/SC reader that gives no name."""
        self.hall.put_plain_card()
        self._on_reader.pop("pcsc", None)

    def take_card(self) -> None:
        """Take every card away."""
        self.hall.take_card()
        self._on_reader.clear()

    def hold_last_code(self) -> None:
        """Hold the last receipt's code to the camera. Raises ``DockRefusalError`` when there is none."""
        code = self.hall.last_code()
        if code is None:
            raise DockRefusalError(409, "receipt.no_code", "no receipt with a QR code has come out yet")
        self.hall.hold_code(code)

    def touch(self, order: TouchOrder) -> None:
        """Pass a piece of a touch on to the terminal's screen; points outside are taken for its edge."""
        display = self._live_display()
        with self._finger:
            previous = ""
            for point in order.points:
                x = min(max(round(point.x), 0), display.width - 1)
                y = min(max(round(point.y), 0), display.height - 1)
                if point.kind == "press":
                    display.press(x, y)
                elif point.kind == "move":
                    display.move(x, y)
                else:
                    if previous == "press":
                        # A click so short that both ends came at once: a finger always rests for a moment.
                        self.closing.wait(screens.TAP_SECONDS)
                    display.release()
                previous = point.kind

    def state(self) -> dict[str, object]:
        """Return what is where; holds names of citizen files, no other personal data."""
        shown = self.display
        screen = None if shown is None else {"width": shown.width, "height": shown.height, "live": shown.live}
        return {"hall": self.hall.state(), "citizens": dict(self._on_reader), "screen": screen}

    async def changes(self) -> AsyncIterator[str]:
        """Yield the state as server-sent events: at once, and whenever it has changed."""
        shown, silent = "", 0.0
        while not self.closing.is_set():
            text = json.dumps(await run_in_threadpool(self.state), ensure_ascii=False)
            if text != shown or silent >= _KEEP_ALIVE_SECONDS:
                yield f"data: {text}\n\n"
                shown, silent = text, 0.0
            await asyncio.sleep(_STATE_SECONDS)
            silent += _STATE_SECONDS

    async def frame(self, after: int, width: int) -> tuple[int, bytes] | None:
        """Wait for a picture newer than number ``after``; None when nothing has moved for a while."""
        display = self._live_display()
        deadline = Deadline.after(_LONG_POLL_SECONDS)
        while (number := await run_in_threadpool(display.frame_number)) == after:
            if deadline.expired or self.closing.is_set():
                return None
            await asyncio.sleep(_FRAME_SECONDS)
        if self._frame[0] != (number, width):
            picture = await run_in_threadpool(lambda: screens.jpeg(display.screenshot(), width=width))
            self._frame = ((number, width), picture)
        return number, self._frame[1]

    def screenshot(self) -> bytes:
        """Return the present picture as PNG."""
        if self.display is None:
            raise DockRefusalError(409, "screen.none", "this dock has no screen")
        return screens.png(self.display.screenshot())

    def _live_display(self) -> screens.Display:
        if self.display is None or not self.display.live:
            raise DockRefusalError(409, "screen.not_live", "the terminal's window is on the machine's own screen")
        return self.display
