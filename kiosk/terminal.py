"""The terminal at work: one thread that takes intents, device results and timers, runs the visits and publishes views."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from drivers.base import Health
from kiosk.bus import Bus, Timers
from kiosk.cabinet import Cabinet
from kiosk.config import CabinetSection, IdleSection
from kiosk.devices.desk import DeviceDesk
from kiosk.devices.worker import LENT
from kiosk.journal_watch import JournalWatch
from kiosk.journey.definition import ServiceDefinition
from kiosk.journey.steps import Tools
from kiosk.logs import LONGEST_CODE, EventLog
from kiosk.presentation import Presenter
from kiosk.texts import LANGUAGES
from kiosk.view import Intent, OpenTechnician, SetLanguage, StartService, View
from kiosk.view_channel import ViewChannel
from kiosk.visit_record import VisitRecord
from kiosk.visiting import Surroundings, Visiting

if TYPE_CHECKING:  # loaded after the home screen is drawn, with the mode itself
    from kiosk.technician.mode import TechnicianMode
    from kiosk.technician.picture import Painter

TICK_SECONDS = 1.0
HANG_SECONDS = 10.0
REMINDER_SECONDS = 20.0
"""How long the home screen reminds of the card after a visit that ended before its end."""


class Terminal:
    """Sessions one after the other. Everything but ``post`` and ``stop`` happens on the thread that calls ``run``."""

    def __init__(
        self,
        services: Mapping[str, ServiceDefinition],
        tools: Tools,
        devices: DeviceDesk,
        bus: Bus,
        timers: Timers,
        views: ViewChannel,
        log: EventLog,
        idle: IdleSection,
        default_language: str,
        clock: Callable[[], float] = time.monotonic,
        journal_watch: JournalWatch | None = None,
        first_number: int = 1,
        cabinet: CabinetSection | None = None,
    ) -> None:
        self._services = services
        self._tools = tools
        self._devices = devices
        self._bus = bus
        self._timers = timers
        self._views = views
        self._log = log
        self._idle_settings = idle
        self._default_language = default_language
        self._clock = clock
        self._journal_watch = journal_watch
        self._number = first_number - 1
        self._language = default_language
        self._current: Visiting | None = None
        self._aside = False
        self._technician: tuple[TechnicianMode, Painter] | None = None
        self._when_free: Callable[[], None] | None = None
        self._reminder: int | None = None
        self._language_timer: int | None = None
        self._beat = clock()
        self._cabinet_settings = cabinet or CabinetSection()
        self._cabinet = Cabinet(devices, self._cabinet_settings, self._presence_changed, clock)
        self._around = Surroundings(tools, timers, log, idle, clock, self._publish, self._over)
        self._stopping = threading.Event()
        self._revision = 0
        self.last_visit: VisitRecord | None = None

    # ---- from other threads

    def post(self, intent: Intent, session: int | None) -> None:
        """Hand over a touch; one that belongs to an earlier session is dropped."""
        self._bus.post("intent", lambda: self._take(intent, session))

    def after_posted(self, call: Callable[[], None]) -> None:
        """Call, on the terminal's thread, once all that was posted before is taken and its view published."""
        self._bus.post("after", call)

    def stop(self) -> None:
        """End ``run``."""
        self._stopping.set()
        self._bus.post("stop", lambda: None)

    @property
    def in_session(self) -> bool:
        """Whether a citizen is being served."""
        return self._current is not None

    @property
    def responsive(self) -> bool:
        """Whether the thread still takes events; a screen that ticks over a thread that hangs is no living terminal."""
        return self._clock() - self._beat < HANG_SECONDS

    def services_state(self) -> tuple[tuple[str, str], ...]:
        """Return each service and the code of why it is not available, empty when it is. Safe from any thread."""
        return tuple((name, self._why_not(service)) for name, service in self._services.items())

    # ---- the thread

    def begin(self) -> None:
        """Show the home screen; from now on ``work`` is to be called."""
        self._publish()
        self._timers.after(TICK_SECONDS, self._tick)

    def run(self) -> None:
        """Work until ``stop``."""
        self.begin()
        while not self._stopping.is_set():
            self.work(self._timers.seconds_to_next(TICK_SECONDS))
        if self._current is not None:
            self._current.end("terminal_stopped")

    def work(self, wait: float) -> bool:
        """Take at most one event, waiting ``wait`` seconds for it, and run what is due; whether there was one."""
        posted = self._bus.take(wait)
        self._beat = self._clock()
        try:
            if posted is not None:
                posted.call()
            self._timers.run_due()
        except Exception as error:  # noqa: BLE001 - a bug ends one visit, safely, and not the terminal
            self._crashed(error)
        return posted is not None

    def _crashed(self, error: Exception) -> None:
        """Wipe and say so; where even that fails, go home at once."""
        self._log.crash(error, "terminal")
        current = self._current
        if current is None:
            return
        try:
            current.crashed()
        except Exception as second:  # noqa: BLE001 - as above
            self._log.crash(second, "terminal")
            if self._current is current:
                current.end("software_error")

    def let_in(self, mode: TechnicianMode, painter: Painter) -> None:
        """Let technicians enter their mode from the home screen; on the terminal's thread, once."""
        self._technician = (mode, painter)

    def step_aside(self, now: bool, free: Callable[[], None]) -> None:
        """Serve nobody until ``come_back``; ``free`` is called once no visit runs: one that does is ended with ``now``."""
        self._aside = True
        self._when_free = free
        if self._current is not None and now:
            self._current.end("stepped_aside")
        elif self._current is None:
            self._publish()
            self._tell_free()

    def come_back(self) -> None:
        """Serve citizens again."""
        self._aside, self._when_free = False, None
        self._publish()

    def _tell_free(self) -> None:
        free, self._when_free = self._when_free, None
        if free is not None:
            free()

    def device_changed(self, name: str, health: Health) -> None:
        """A device's health changed; what is shown follows."""
        codes = _joined(fault.code for fault in health.faults)
        self._log.change(
            name, (health.state, codes), "device.changed", device=name, state=health.state.value, code=codes
        )
        self._mind_cabinet()
        self._settle()

    def _presence_changed(self) -> None:
        self._mind_cabinet()
        self._publish()

    def _mind_cabinet(self) -> None:
        if self._current is not None:
            within = self._cabinet_settings.walked_away_answer_within
            self._current.mind_cabinet(self._cabinet.opened, self._cabinet.walked_away, within)

    def _settle(self) -> None:
        """Let devices count as usable once they were well for long enough, and go on where one held the visit up."""
        left = self._devices.availability.settle(self._clock())
        if left is not None:
            self._timers.after(left, self._settle)
        if self._current is not None:
            self._current.devices_settled()
        self._publish()

    def _tick(self) -> None:
        self._timers.after(TICK_SECONDS, self._tick)  # first, so that a bug below does not end the ticking
        self._devices.check_hung()
        if self._current is None and self._journal_watch is not None:
            self._journal_watch.look()
        if self._technician is not None:
            self._technician[0].tick()
        self._cabinet.look()
        self._mind_cabinet()
        if self._current is not None:
            self._current.tick()
        self._publish()

    def _take(self, intent: Intent, session: int | None) -> None:
        current = self._current
        if session != (current.visit.number if current is not None else None):
            return
        self._cabinet.touched()
        if isinstance(intent, SetLanguage):
            self._speak(intent.language)
        elif current is not None:
            current.touched(intent)
        else:
            self._at_home(intent)
        self._publish()

    def _at_home(self, intent: Intent) -> None:
        if self._technician is not None:
            mode = self._technician[0]
            if mode.active:
                mode.handle(intent)
                return
            if isinstance(intent, OpenTechnician) and not self._aside:
                mode.open()
        if isinstance(intent, StartService):
            self._start(intent.service)

    def _speak(self, language: str) -> None:
        if language not in LANGUAGES:
            return
        self._language = language
        if self._current is None:
            self._restore_language_later()
            return
        self._current.visit.language = language
        self._current.touched(SetLanguage(language))

    def _start(self, name: str) -> None:
        service = self._services.get(name)
        if service is None or self._why_not(service):
            return
        self._number += 1
        self._forget_reminder()
        self._current = Visiting(self._number, service, self._language, self._cabinet.opened, self._around)
        self._current.begin()

    def _over(self, visiting: Visiting) -> None:
        """Go home, then wipe: whatever happened, nothing of the citizen stays."""
        visit, record = visiting.visit, visiting.record
        self._current = None
        self._language = self._default_language
        if visit.card_reader and record.outcome != "done":
            self._reminder = self._timers.after(REMINDER_SECONDS, self._reminded)
        self._publish()
        record.wiped = visit.wipe()
        self.last_visit = record
        self._log.event(
            "session.ended", session=record.number, outcome=record.outcome, wiped=record.wiped, seconds=record.seconds
        )
        self._tell_free()

    def _reminded(self) -> None:
        self._forget_reminder()
        self._publish()

    def _restore_language_later(self) -> None:
        """Whoever changed it and walked away must not decide for the next citizen."""
        if self._language_timer is not None:
            self._timers.cancel(self._language_timer)
        self._language_timer = self._timers.after(self._idle_settings.warn_after, self._restore_language)

    def _restore_language(self) -> None:
        self._language_timer = None
        if self._current is None:
            self._language = self._default_language
            self._publish()

    def _forget_reminder(self) -> None:
        if self._reminder is not None:
            self._timers.cancel(self._reminder)
        self._reminder = None

    # ---- views

    def _closed(self) -> str:
        """Return the code of why nothing at all can be used, empty while it can."""
        if self._aside or (self._technician is not None and self._technician[0].active):
            return LENT
        if self._journal_watch is not None and not self._journal_watch.well:
            return "journal.unavailable"
        return self._cabinet.closed

    def _why_not(self, service: ServiceDefinition) -> str:
        """Return the code of why a service cannot be used now."""
        closed = self._closed()
        if closed:
            return closed
        for group in service.requires:
            reasons = [self._devices.availability.reason(device_class) for device_class in group]
            if all(reasons):
                return reasons[0]
        return ""

    def show_again(self) -> None:
        """Draw anew what changed outside; on the terminal's thread."""
        self._publish()

    def _publish(self) -> None:
        slot = self._current.awaits_hand_at if self._current is not None else ""
        self._cabinet.light(frozenset({slot} if slot else ()))
        view = self._view()
        latest = self._views.latest()
        if latest is None or replace(latest, revision=0) != replace(view, revision=0):
            self._revision += 1
            self._views.publish(replace(view, revision=self._revision))

    def _view(self) -> View:
        why_not = {name: self._why_not(service) for name, service in self._services.items()}
        presenter = Presenter(self._tools, self._language, self._services)
        if self._technician is not None and self._technician[0].active:
            mode, painter = self._technician
            return presenter.technician(painter.picture(mode, self._language))
        view = self._current.view(presenter) if self._current is not None else None
        if view is not None:
            return view
        between = presenter.between_visits(self._closed(), why_not, self._reminder is not None)
        return replace(between, asleep=self._cabinet.asleep)


def _joined(codes: Iterable[str]) -> str:
    """Return codes joined by +, as many as a field of the log may hold."""
    joined = ""
    for code in dict.fromkeys(codes):
        longer = f"{joined}+{code}" if joined else code
        if len(longer) > LONGEST_CODE:
            break
        joined = longer
    return joined
