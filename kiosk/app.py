"""The composition root: from a configuration to devices, journal, uplink, terminal and window, and back down again."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Collection
from datetime import datetime
from functools import partial
from pathlib import Path
from random import Random
from types import FrameType

from drivers import registry
from drivers.base import Deadline, Device, DriverError, Fault, Health
from drivers.conformance.bench import Bench
from kiosk import VERSION
from kiosk.background import Background
from kiosk.bus import Bus, Timers
from kiosk.config import ASSETS, Configuration, ConfigurationError
from kiosk.control import Controlled, ControlSocket
from kiosk.device_lock import DeviceLock
from kiosk.devices.availability import is_usable
from kiosk.devices.desk import DeviceDesk, DeviceEntry
from kiosk.devices.worker import JobFailed
from kiosk.documents.issuing import Issuing
from kiosk.documents.seal import Sealer
from kiosk.documents.settling import Settling
from kiosk.documents.template import load as load_document
from kiosk.faults import Catalogue
from kiosk.journal import Journal, JournalUnavailable, PrintPhase, load_key
from kiosk.journal_watch import JournalWatch
from kiosk.journey.definition import ServiceDefinition
from kiosk.journey.inspection import check
from kiosk.journey.steps.base import Tools
from kiosk.lending import Lender
from kiosk.logs import EventLog
from kiosk.receipts.template import load as load_template
from kiosk.reporting import SelfReport
from kiosk.selftest.records import Records
from kiosk.terminal import Terminal, ViewChannel
from kiosk.texts import Texts
from kiosk.uplink.catalogue import ItemCatalogue
from kiosk.uplink.client import CentralClient
from kiosk.uplink.link import Link, Reporter
from kiosk.uplink.outbox import Outbox
from kiosk.watchdog import ServiceNotifier, UiWatchdog, watchdog_seconds

FONTS = ASSETS / "fonts"
STOP_SECONDS = 3.0
CLEAR_SECONDS = 20.0
FIRST_DEVICES = frozenset({"card_reader"})
"""Quick to load, and enough for the first services to be usable."""


def services(configuration: Configuration) -> dict[str, ServiceDefinition]:
    """Load the services offered. Raises ``ConfigurationError`` naming every mistake."""
    loaded: dict[str, ServiceDefinition] = {}
    problems: list[str] = []
    for name in configuration.services.offered:
        service, findings = check(configuration.services.directory / f"{name}.toml")
        problems += [f"service {name}: {finding}" for finding in findings]
        if service is not None:
            loaded[name] = service
    if problems:
        raise ConfigurationError("\n".join(problems))
    return loaded


def device_entries(configuration: Configuration) -> tuple[DeviceEntry, ...]:
    """Return the devices configured. One whose section is wrong stands among them, tells what is wrong, and stops no other.

    Raises ``ConfigurationError`` for virtual devices in production: a terminal that only pretends must not start at all.
    """
    entries, refused = _examined(configuration)
    if refused:
        raise ConfigurationError("\n".join(refused))
    return entries


def _examined(configuration: Configuration) -> tuple[tuple[DeviceEntry, ...], list[str]]:
    """Return the devices, and a line for each that must not be there."""
    entries: list[DeviceEntry] = []
    refused: list[str] = []
    resources = registry.Resources(FONTS)
    for name, section in configuration.devices.items():
        device_class, mistake = "", None
        make: Callable[[], Device]
        try:
            driver = registry.find(section.driver)
            device_class = driver.device_class
            if driver.virtual and configuration.profile == "production":
                refused.append(f"devices.{name}: {section.driver} is a virtual device, which production refuses")
            registry.check_options(section.driver, section.options)
            make = partial(_made, driver, name, section.options, resources)
        except registry.BrokenDriverError as error:
            mistake = Fault("device.driver_broken", evidence=str(error))
            make = partial(_not_made, mistake)
        except (registry.UnknownDriverError, registry.OptionError) as error:
            mistake = Fault("device.misconfigured", evidence=str(error))
            make = partial(_not_made, mistake)
        entries.append(DeviceEntry(name, device_class or _class_by_name(name), section.driver, make, mistake))
    return tuple(entries), refused


def _made(driver: registry.Driver, name: str, options: registry.Options, resources: registry.Resources) -> Device:
    try:
        return driver.make(name, options, resources)
    except (
        registry.OptionError,
        ValueError,
    ) as error:  # a value that the driver cannot take, such as a word for a number
        raise DriverError("device.misconfigured", evidence=str(error)) from error
    except ImportError as error:  # drivers load their libraries here
        raise DriverError("device.driver_broken", evidence=f"{type(error).__name__}: {error}") from error


def _not_made(mistake: Fault) -> Device:
    raise DriverError(mistake.code, mistake.detail, mistake.evidence)


def _class_by_name(name: str) -> str:
    """Return the class that a device is named after, as ``kiosk devices discover`` does, where no driver says it."""
    stem = name.rstrip("_0123456789")
    return stem if stem in {driver.device_class for driver in registry.drivers().values()} else ""


def benches(device_classes: Collection[str]) -> tuple[Bench, ...]:
    """Return the virtual hardware of every driver of these classes, for a soak with faults."""
    found = [driver.benches for driver in registry.drivers().values() if driver.device_class in device_classes]
    return tuple(factory() for factory in dict.fromkeys(factory for factories in found for factory in factories))


class App:
    """Everything of one running terminal: ``start``, then ``start_rest`` once the home screen is on the glass, then ``stop``."""

    def __init__(self, configuration: Configuration) -> None:
        """Build it; nothing runs yet. Raises ``ConfigurationError`` and ``JournalUnavailable``."""
        self.configuration = configuration
        self.log = EventLog(sys.stderr, time.time, strict=False)
        self.views = ViewChannel()
        self.bus = Bus()
        timers = Timers()
        storage = configuration.storage
        try:
            storage.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            token = configuration.central.token_file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"storage.directory or central.token_file: {error}") from None
        training = configuration.profile == "training"
        key = load_key(storage.journal_key_file, create=training)
        self.journal = Journal.open(storage.directory / "journal.sqlite", key)
        central = configuration.central
        terminal_id = configuration.terminal.id
        self.client = CentralClient(central.url, terminal_id, token)
        self.link = Link(self.log)
        random = Random()  # noqa: S311 - spreads terminals in time, protects nothing
        self.outbox = Outbox(
            self.journal, self.client, self.link, self.log, random, send_seconds=central.timeout_seconds
        )
        self.background = Background(self.bus, self._bug)
        self.faults = Catalogue.installed(ASSETS / "faults")
        self.devices = DeviceDesk(
            device_entries(configuration), self.bus, self._device_changed, self._bug, mild=self.faults.mild
        )
        self._printers_to_clear: set[str] = set()
        self._settle_prints()
        self._documents = Settling(storage.directory, self.devices, self.log)
        self.services = services(configuration)
        texts = Texts(ASSETS / "texts" / "kiosk.toml")
        tools = Tools(
            devices=self.devices,
            background=self.background,
            timers=timers,
            texts=texts,
            faults=self.faults,
            journal=self.journal,
            outbox=self.outbox,
            inquire=partial(self.client.query, seconds=central.timeout_seconds),
            receipts={path.stem: load_template(path) for path in (ASSETS / "receipts").glob("*.toml")},
            issuing=Issuing(
                {path.stem: load_document(path) for path in (ASSETS / "documents").glob("*.toml")},
                _sealer(configuration, texts),
                storage.directory,
                FONTS,
                _now,
            ),
            now=_now,
            terminal_id=terminal_id,
            site={"zh": configuration.terminal.site, "en": configuration.terminal.site_en},
            training=training,
            finish_after=configuration.idle.finish_after,
        )
        self.terminal = Terminal(
            services=self.services,
            tools=tools,
            devices=self.devices,
            bus=self.bus,
            timers=timers,
            views=self.views,
            log=self.log,
            idle=configuration.idle,
            cabinet=configuration.cabinet,
            default_language=configuration.terminal.language,
            journal_watch=JournalWatch(self.journal, self.background, self.log, storage.keep_days),
        )
        self.catalogue = ItemCatalogue(storage.directory / "items.json", self.client, self.log)
        report = SelfReport(terminal_id, training, self.terminal, self.devices, self.outbox, self.faults)
        records = partial(Records(storage.directory).deliver, self.client.self_test)
        self.reporter = Reporter(self.client, self.link, self.log, report, self.catalogue, records, random=random)
        self.lender = Lender(self.terminal, self.devices, timers)
        self.device_lock = DeviceLock(storage.directory)
        try:
            controlled = Controlled(terminal_id, self.terminal, self.devices, self.lender)
            self.control = ControlSocket(storage.directory, controlled, self.log)
        except OSError as error:
            raise ConfigurationError(f"storage.directory: no socket can be made there: {error}") from None
        self.notifier = ServiceNotifier.from_environment()
        self._thread = threading.Thread(target=self.terminal.run, name="terminal")

    def start(self) -> None:
        """Start what the home screen needs. Devices that a self-test uses are taken once it has ended."""
        self.log.catch_uncaught()
        self.log.event(
            "program.started",
            version=VERSION,
            boot_id=self.reporter.boot_id,
            training=self.configuration.profile == "training",
        )
        self.lender.wait_for(self.device_lock)
        self.devices.start(FIRST_DEVICES)
        self._thread.start()
        self.control.start()

    def start_rest(self) -> None:
        """Start what the home screen must not wait for: devices and an uplink whose libraries are large."""
        gc.freeze()
        gc.enable()
        self.devices.start()
        self._let_technicians_in()
        self.outbox.start()
        self.reporter.start()

    def stop(self) -> None:
        """End every thread, wipe the visit, close the journal."""
        self.notifier.stopping()
        self.control.stop()
        self.terminal.stop()
        self._thread.join(STOP_SECONDS)
        self.devices.stop(Deadline.after(STOP_SECONDS))
        self.device_lock.release()
        self.reporter.stop(STOP_SECONDS)
        self.outbox.stop(STOP_SECONDS)
        self.background.stop()
        self.journal.close()

    def _let_technicians_in(self) -> None:
        from kiosk.technician.build import build

        mode, painter = build(
            self.configuration,
            self.lender,
            self.devices,
            self.background,
            self.log,
            self.services,
            self.faults,
            lambda: len(self.journal.pending_keys()),
            self.terminal.show_again,
        )
        self.bus.post("technician", lambda: self.terminal.let_in(mode, painter))

    def _device_changed(self, name: str, health: Health) -> None:
        if name in self._printers_to_clear and is_usable(health):
            self._clear_printer(name)
        self._documents.device_changed(name, health)
        self.terminal.device_changed(name, health)
        self.reporter.changed()

    def _settle_prints(self) -> None:
        """A print that a crash cut short stays unknown; one that was not begun was not printed. Neither is printed again.

        The first is settled only when the printer was cleared, so that another crash before that does not forget it.
        """
        unfinished = self.journal.unfinished_prints()
        for job in unfinished:
            if job.phase is PrintPhase.PREPARED:
                self.journal.set_print_phase(job.job_id, PrintPhase.NOT_PRINTED)
        self._cut_short = [job.job_id for job in unfinished if job.phase is PrintPhase.SENT]
        if self._cut_short:
            self._printers_to_clear = {
                entry.name for entry in self.devices.entries if entry.device_class == "receipt_printer"
            }
        self.log.event("journal.opened", pending=len(self.journal.pending_keys()), unfinished_prints=len(unfinished))

    def _clear_printer(self, name: str) -> None:
        """Half a receipt of a visit that a crash ended must not come out in front of the next citizen's."""
        self._printers_to_clear.discard(name)
        settled = () if self._printers_to_clear else tuple(self._cut_short)

        def work(printer: Device, deadline: Deadline, cancel: threading.Event) -> None:
            del cancel
            printer.reset(deadline)
            with contextlib.suppress(JournalUnavailable):  # then it stays sent, and the next start clears once more
                for job_id in settled:
                    self.journal.set_print_phase(job_id, PrintPhase.UNKNOWN)
                    self._cut_short.remove(job_id)

        def done(result: JobFailed | None) -> None:
            if result is not None:
                self._printers_to_clear.add(name)

        self.devices.ask(name, work, CLEAR_SECONDS, done)

    def _bug(self, about: str, error: BaseException) -> None:
        self.log.crash(error, about.replace(" ", "_"))


def _now() -> datetime:
    return datetime.now().astimezone()


def _sealer(configuration: Configuration, texts: Texts) -> Sealer | None:
    """Return who seals documents; None where no key is configured, and documents then say that they bear no seal."""
    section = configuration.documents
    if section.key_file is None or section.certificate_file is None:
        return None
    site, caption = configuration.terminal.site, texts.get("zh", "document.seal")
    return Sealer(section.key_file, section.certificate_file, section.chain_files, site, caption, FONTS)


def run(configuration: Configuration, headless: bool = False) -> int:
    """Run a terminal until it is told to stop (SIGTERM, SIGINT, the window closed); return the exit code."""
    try:
        app = App(configuration)
    except JournalUnavailable as error:
        sys.stderr.write(f"kiosk: the journal cannot be used: {error}\n")
        return 1
    stopping = threading.Event()
    observer = _observer(app, headless)
    app.start()
    if headless:
        _on_signals(stopping.set)
        app.start_rest()
        app.notifier.ready()
        stopping.wait()
    else:
        _show(app, stopping)
    if observer is not None:
        observer()
    app.stop()
    # Nothing is left to do: skip the interpreter's slow taking down of graphics libraries, whose own exit hooks may hang.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _on_signals(call: Callable[[], None]) -> None:
    def handle(number: int, frame: FrameType | None) -> None:
        call()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)


def _show(app: App, stopping: threading.Event) -> None:
    from screens import app as screens

    _on_signals(screens.request_stop)
    window = app.configuration.window
    settings = screens.WindowSettings(
        width=window.width,
        height=window.height,
        fullscreen=window.fullscreen,
        touch_device=window.touch_device,
        font_directory=FONTS,
        texts=ASSETS / "texts" / "screens.toml",
    )
    watchdog = UiWatchdog(app.notifier, time.monotonic, watchdog_seconds())
    began = time.monotonic()

    def ready() -> None:
        app.log.event("ui.ready", milliseconds=round((time.monotonic() - began) * 1000))
        app.start_rest()
        app.notifier.ready()

    def tick() -> None:
        if app.terminal.responsive:
            watchdog.tick()

    screens.run(settings, app.views, app.terminal.post, tick, ready)
    stopping.set()


def _observer(app: App, headless: bool) -> Callable[[], None] | None:
    """In training, let the scripted citizen see what is on the glass; return how to stop that."""
    training = app.configuration.training
    if training is None:
        return None
    from kiosk.training.observer import Observer

    if headless:
        observer = Observer(training.observer_socket, app.terminal, app.views, None)
    else:
        from screens import touch_map

        observer = Observer(training.observer_socket, app.terminal, app.views, touch_map.snapshot)
    observer.start()
    return observer.stop


def configuration_problems(configuration: Configuration) -> list[str]:
    """Return what is wrong with a configuration beyond its form: services, drivers, their options' values, files."""
    problems: list[str] = []
    try:
        services(configuration)
    except ConfigurationError as error:
        problems += str(error).splitlines()
    entries, refused = _examined(configuration)
    for entry in entries:
        try:
            entry.factory().close()  # made and not opened: a driver looks at its options when it is made
        except DriverError as error:
            problems.append(f"devices.{entry.name}: {error.fault.evidence}")
    problems += refused
    problems += Catalogue.installed(ASSETS / "faults").refused
    if not configuration.central.token_file.is_file():
        problems.append(f"central.token_file: {configuration.central.token_file} is not there")
    return problems


def default_configuration() -> Path:
    """Return where the configuration stands when none is named."""
    return Path(os.environ.get("CIVIC_KIOSK_CONFIG", "/etc/civic-kiosk/kiosk.toml"))
