"""The terminal's own cabinet: who stands before it, whether it is shut and has power, its guide lights and its fan."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

from drivers.base import Deadline
from drivers.io_board import Inputs, IoBoard
from drivers.thermometer import Thermometer
from kiosk.config import CabinetSection
from kiosk.devices.desk import DeviceDesk, Request
from kiosk.devices.worker import JobFailed
from kiosk.presence import Fan, Presence

WATCH_SECONDS = 1.0
"""How long one job waits for a switch to change: between two, the board is polled."""
BOARD_SECONDS = 5.0
FEEL_SECONDS = 10.0
SWITCH_AGAIN_SECONDS = 30.0
"""A board that started anew, unnoticed, has forgotten its lights and its fan: so often they are written again."""
OPEN_CODES = ("io_board.tamper", "io_board.door_open")
BATTERY_LOW = "power.battery_low"

_Outputs = tuple[frozenset[str], bool]
"""The slots whose lights are to be lit, and whether the fan is to turn."""


def closing_codes(settings: CabinetSection) -> tuple[str, ...]:
    """Return the codes of the board and the power supply with which no visit may begin."""
    return (BATTERY_LOW, *(OPEN_CODES if settings.out_of_service_when_open else ()))


class Cabinet:
    """Works the first board, power supply and thermometer that are configured. All calls come on the terminal's thread."""

    def __init__(
        self, devices: DeviceDesk, settings: CabinetSection, on_change: Callable[[], None], clock: Callable[[], float]
    ) -> None:
        """``on_change`` is called when somebody came or went."""
        self._devices = devices
        self._settings = settings
        self._on_change = on_change
        self._clock = clock
        self._presence = Presence(settings.walked_away_after, settings.sleep_after)
        self._fan = Fan(settings.fan_on_from, settings.fan_off_below)
        self._board = self._first("io_board")
        self._thermometer = self._first("temperature")
        self._lit: frozenset[str] = frozenset()
        self._inputs: Inputs | None = None
        self._applied: _Outputs | None = None
        self._switch_again = clock()
        self._watch: Request | None = None
        self._feeling: Request | None = None
        self._next_feel = clock()

    # ---- what the terminal asks

    @property
    def walked_away(self) -> bool:
        """Whether the citizen is gone, as far as a sensor that works can know."""
        return self._presence.walked_away(self._clock())

    @property
    def asleep(self) -> bool:
        """Whether nobody has been there for long."""
        return self._presence.asleep(self._clock())

    @property
    def opened(self) -> str:
        """The code of what is open that must be shut, or an empty text."""
        return next((code for code in OPEN_CODES if code in self._codes("io_board")), "")

    @property
    def closed(self) -> str:
        """The code of why no visit may begin, or an empty text."""
        present = self._codes("power_supply") | self._codes("io_board")
        return next((code for code in closing_codes(self._settings) if code in present), "")

    # ---- what the terminal tells

    def look(self) -> None:
        """Begin to watch a board that is there, and feel the temperature from time to time. Called about once a second."""
        if self._watch is None and self._is_usable(self._board):
            self._ask_board()
        now = self._clock()
        if self._board and self._feeling is None and now >= self._next_feel and self._is_usable(self._thermometer):
            self._next_feel = now + FEEL_SECONDS
            self._feeling = self._devices.ask(self._thermometer, _feel, FEEL_SECONDS, self._felt)

    def touched(self) -> None:
        """Somebody touched the glass."""
        self._presence.touched(self._clock())

    def light(self, slots: frozenset[str]) -> None:
        """Light the slots where a hand is waited for, and no others."""
        if slots != self._lit:
            self._lit = slots
            self._switch()

    # ---- the board

    def _switch(self) -> None:
        """Let new outputs go out at once, and not when the present job ends."""
        if self._watch is not None:
            self._watch.cancel()
            self._watch = self._applied = None
            self._ask_board()

    def _ask_board(self) -> None:
        wanted, known = (self._lit, self._fan.on), self._inputs
        again = self._clock() >= self._switch_again
        to_do = None if wanted == self._applied and not again else wanted

        def work(board: IoBoard, deadline: Deadline, cancel: Event) -> Inputs | None:
            if to_do is not None:
                for slot in sorted(board.slots):
                    board.set_light(slot, slot in to_do[0], deadline)
                board.set_fan(to_do[1], deadline)
            if known is None:
                return board.inputs(deadline)
            return board.wait_change(known, deadline.within(WATCH_SECONDS), cancel)

        def done(found: Inputs | JobFailed | None) -> None:
            self._watch = None
            if isinstance(found, JobFailed):  # begun again once the board is well
                self._inputs = self._applied = None
                self._notice(None)
                return
            self._applied = wanted
            if to_do is not None:
                self._switch_again = self._clock() + SWITCH_AGAIN_SECONDS
            if found is not None:
                self._inputs = found
                self._notice(found.present)
            if self._watch is None:  # or what was noticed has switched a light
                self._ask_board()

        self._watch = self._devices.ask(self._board, work, BOARD_SECONDS, done)

    def _notice(self, present: bool | None) -> None:
        self._presence.seen(present, self._clock())
        self._on_change()

    def _felt(self, celsius: float | JobFailed) -> None:
        self._feeling = None
        if isinstance(celsius, JobFailed):
            return  # unknown is neither warm nor cold: the fan stays as it is
        before = self._fan.on
        self._fan.feel(celsius)
        if self._fan.on != before:
            self._switch()

    # ---- devices

    def _first(self, device_class: str) -> str:
        return next((entry.name for entry in self._devices.entries if entry.device_class == device_class), "")

    def _is_usable(self, name: str) -> bool:
        availability = self._devices.availability
        return bool(name) and name in availability.usable_devices(availability.device_class(name))

    def _codes(self, device_class: str) -> set[str]:
        name = self._first(device_class)
        return {fault.code for fault in self._devices.availability.health(name).faults} if name else set()


def _feel(thermometer: Thermometer, deadline: Deadline, cancel: Event) -> float:
    del cancel
    return thermometer.celsius(deadline)
