"""``kiosk selftest``: has the devices to itself, examines them, says in a table what is wrong and what to do, keeps a record."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from drivers.base import CheckOutcome
from kiosk.app import benches, default_configuration, device_entries, services
from kiosk.config import ASSETS, Configuration, ConfigurationError, load
from kiosk.devices.desk import DeviceEntry
from kiosk.devices_discover import connected
from kiosk.faults import Catalogue
from kiosk.selftest.borrowing import CannotBorrowError, borrowed
from kiosk.selftest.closing import closing
from kiosk.selftest.crosses import crosses
from kiosk.selftest.elsewhere import is_lost, not_configured, with_places
from kiosk.selftest.examination import GUIDED_SECONDS, Examination, Finding, Guided, Limits, Progress, Stage
from kiosk.selftest.person import ShellPerson
from kiosk.selftest.records import Records, record_of
from kiosk.selftest.shown import as_json, print_table
from kiosk.selftest.soak import run_soak
from kiosk.selftest.words import TEXTS, Words
from kiosk.texts import Texts
from kiosk.uplink.client import CentralClient

LIMITS = Limits()
ALONE_SECONDS = 180.0
"""A loan for the checks without a hand; if this command dies, the terminal sees it at once."""
SEND_SECONDS = 5.0


@dataclass(frozen=True)
class Options:
    """What was asked for on the command line. ``soak`` is seconds, 0 without; no ``language`` is the terminal's own."""

    config: Path | None = None
    device: str | None = None
    as_json: bool = False
    language: str = ""
    interactive: bool = False
    report: Path | None = None
    now: bool = False
    soak: float = 0.0
    faults: bool = False
    seed: int = 0


def run_selftest(options: Options) -> int:
    """Examine and print; return 0 if nothing failed, 1 if something did or the devices cannot be had, 2 for a wrong call."""
    try:
        configuration = load(options.config or default_configuration())
        every = device_entries(configuration)
    except ConfigurationError as error:
        sys.stderr.write(f"kiosk selftest: {error}\n")
        return 2
    entries = tuple(entry for entry in every if options.device in (None, entry.name))
    if not entries:
        names = ", ".join(entry.name for entry in every)
        sys.stderr.write(f"kiosk selftest: no device is called {options.device!r}; there are {names}\n")
        return 2
    words = _words(configuration, every, options.language or configuration.terminal.language)
    if options.report is not None and not _writable(options.report):
        sys.stderr.write(f"kiosk selftest: {words.say('report.not_writable', place=str(options.report))}\n")
        return 2
    names = tuple(entry.name for entry in entries)
    if options.soak and options.faults:
        chosen = benches({entry.device_class for entry in entries})
        return run_soak(options.soak, options.seed, (), chosen, words, options.as_json)
    seconds = ALONE_SECONDS + options.soak
    if options.interactive:
        seconds += GUIDED_SECONDS * (len(entries) + 1)
    try:
        with borrowed(configuration, names, seconds, options.now, lambda key: _say(words, key)) as loan:
            if options.soak:
                return run_soak(options.soak, options.seed, entries, (), words, options.as_json)
            examination, person = _examination(configuration, options, entries, words, loan.held)

            def time_is_up() -> None:
                _say(words, "borrow.time_up")
                examination.cancel()

            loan.on_time_up = time_is_up
            try:
                findings = _run(examination, words)
            finally:
                if person is not None:
                    person.forget()
    except CannotBorrowError as error:
        sys.stderr.write(f"kiosk selftest: {words.say(error.key)}\n")
        return 1
    findings = _with_what_is_connected(configuration, options, findings, words)
    return _conclude(configuration, options, findings, words)


def _words(configuration: Configuration, entries: Sequence[DeviceEntry], language: str) -> Words:
    texts = Texts(TEXTS)
    try:
        offered = services(configuration)
    except ConfigurationError:  # said, and the devices can be examined all the same
        offered = {}
        sys.stderr.write(texts.get(language, "services.unreadable") + "\n")
    return Words(
        texts, Catalogue.installed(ASSETS / "faults"), offered, entries, closing(configuration, entries), language
    )


def _examination(
    configuration: Configuration,
    options: Options,
    entries: tuple[DeviceEntry, ...],
    words: Words,
    held: frozenset[str],
) -> tuple[Examination, ShellPerson | None]:
    person = None
    extras: tuple[Guided, ...] = ()
    if options.interactive:
        person = ShellPerson(words, sys.stderr, _answers())
        if options.device is None:
            extras = (crosses(configuration.window),)
    shown = _Shown(words)
    examination = Examination(entries, person, shown.progress, extras, held, LIMITS)
    return examination, person


def _writable(path: Path) -> bool:
    """Whether a file can be written there; found out before the checks, which may take a technician's quarter of an hour."""
    return os.access(path if path.exists() else path.parent, os.W_OK) and not path.is_dir()


def _answers() -> int:
    """Return where the technician types; nowhere for a command that a program started without an input."""
    try:
        return sys.stdin.fileno()
    except (OSError, ValueError):
        return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)


def _run(examination: Examination, words: Words) -> tuple[Finding, ...]:
    try:
        return examination.run()
    except KeyboardInterrupt:
        examination.cancel()
        _say(words, "progress.cancelled")
        raise SystemExit(130) from None


def _with_what_is_connected(
    configuration: Configuration, options: Options, findings: tuple[Finding, ...], words: Words
) -> tuple[Finding, ...]:
    """Add what is connected, where a device was not found or the whole terminal was examined; not a virtual hall's.

    Nothing is asked, and what goes wrong here takes nothing away from what was found.
    """
    whole = options.device is None and configuration.profile == "production"
    if not whole and not any(is_lost(finding) for finding in findings):
        return findings
    try:
        there = connected(configuration.devices)
    except Exception as error:  # noqa: BLE001 - a vendor's driver looks as well
        sys.stderr.write(words.say("elsewhere.unknown", error=f"{type(error).__name__}: {error}") + "\n")
        return findings
    more = not_configured(findings, configuration.devices, there, words) if whole else ()
    return (*with_places(findings, configuration.devices, there, words), *more)


class _Shown:
    """Progress on stderr, so that stdout has the result alone."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def progress(self, progress: Progress) -> None:
        if progress.stage is Stage.TESTING:
            self._print(self._words.say("progress.testing", device=progress.device))
        elif progress.stage is Stage.GUIDED:
            self._print(self._words.say("progress.guided", device=progress.device))
        else:
            found = {finding.outcome for finding in progress.findings}
            order = (CheckOutcome.FAIL, CheckOutcome.WARN, CheckOutcome.PASS, CheckOutcome.SKIP)
            worst = next((outcome for outcome in order if outcome in found), None)
            if worst is not None:
                said = self._words.say(f"outcome.{worst.value}")
                counted = {"done": progress.done, "total": progress.total}
                self._print(self._words.say("progress.tested", device=progress.device, outcome=said, **counted))

    def _print(self, text: str) -> None:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


def _conclude(configuration: Configuration, options: Options, findings: Sequence[Finding], words: Words) -> int:
    taken_at = datetime.now().astimezone()
    if options.as_json:
        lines = [as_json(finding, findings, words) for finding in findings]
        sys.stdout.write(json.dumps(lines, ensure_ascii=False) + "\n")
    else:
        print_table(findings, words, sys.stdout)
    _keep(configuration, options, findings, words, taken_at)
    if options.report is not None:
        from kiosk.selftest.report import write_report

        try:
            write_report(options.report, findings, words, configuration, taken_at, options.interactive)
        except OSError as error:
            sys.stderr.write(f"kiosk selftest: {options.report}: {error.strerror}\n")
            return 2
    return 1 if any(finding.outcome is CheckOutcome.FAIL for finding in findings) else 0


def _keep(
    configuration: Configuration, options: Options, findings: Sequence[Finding], words: Words, taken_at: datetime
) -> None:
    """Store the record, and send it at once when central can be reached; else the terminal will."""
    records = Records(configuration.storage.directory)
    record = record_of(findings, configuration.terminal.id, taken_at, options.interactive)
    try:
        records.keep(record)
    except OSError:
        _say(words, "record.not_kept")
        return
    failure = True
    try:
        token = configuration.central.token_file.read_text(encoding="ascii").strip()
        client = CentralClient(configuration.central.url, configuration.terminal.id, token)
        failure = records.deliver(lambda each: client.self_test(each, SEND_SECONDS)) is not None
    except (OSError, ValueError):  # no token, or none that can be one: the record waits, as said below
        failure = True
    _say(words, "record.waiting" if failure else "record.kept")


def _say(words: Words, key: str) -> None:
    sys.stderr.write(words.say(key) + "\n")
    sys.stderr.flush()
