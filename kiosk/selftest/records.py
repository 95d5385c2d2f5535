"""Keeps the records of self-tests in the storage directory, a bounded number of them, until and after central has them."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from kiosk import VERSION
from kiosk.contract.self_tests import MOST_LINES, SelfTestLine, SelfTestRecord
from kiosk.ownership import give_to_owner
from kiosk.selftest.examination import Finding
from kiosk.uplink.client import Delivered, Failure, Refused

FOLDER = "selftests"
MOST_RECORDS = 50
_WAITING, _SENT, _REFUSED = ".waiting.json", ".sent.json", ".refused.json"


def record_of(findings: Sequence[Finding], terminal_id: str, taken_at: datetime, guided: bool) -> SelfTestRecord:
    """Return the record of a self-test, without its pictures."""
    return SelfTestRecord(
        record_id=str(uuid.uuid4()),
        terminal_id=terminal_id,
        taken_at=taken_at,
        software_version=VERSION,
        guided=guided,
        lines=tuple(
            SelfTestLine(
                device=line.device[:64],
                device_class=line.device_class[:64],
                driver=line.driver[:64],
                check=line.check[:64],
                outcome=line.outcome.value,
                code=line.code[:64],
                evidence=line.evidence[:200],
            )
            for line in findings[:MOST_LINES]
        ),
    )


class Records:
    """The folder of records. The command and the terminal may both use it: a record that is sent twice counts once."""

    def __init__(self, storage: Path) -> None:
        self._folder = storage / FOLDER

    def keep(self, record: SelfTestRecord) -> None:
        """Store a record and forget the oldest beyond fifty. Raises ``OSError``."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = f"{record.taken_at:%Y%m%dT%H%M%S%f}-{record.record_id[:8]}{_WAITING}"
        descriptor, unfinished = tempfile.mkstemp(prefix=".", dir=self._folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(record.model_dump_json(indent=1).encode())
                file.flush()
                os.fsync(file.fileno())
            give_to_owner(self._folder.parent, self._folder, Path(unfinished))
            Path(unfinished).replace(self._folder / name)
        finally:
            Path(unfinished).unlink(missing_ok=True)
        for old in self._files("")[:-MOST_RECORDS]:
            old.unlink(missing_ok=True)

    def all(self) -> tuple[SelfTestRecord, ...]:
        """Return every record that can be read, oldest first."""
        found = (_read(path) for path in self._files(""))
        return tuple(record for record in found if record is not None)

    def waiting(self) -> int:
        """Return how many records central does not have yet."""
        return len(self._files(_WAITING))

    def deliver(self, send: Callable[[SelfTestRecord], Delivered | Failure]) -> Failure | None:
        """Send what waits, oldest first; return why it stopped, None when nothing waits any more."""
        for path in self._files(_WAITING):
            try:
                record = SelfTestRecord.model_validate_json(path.read_bytes())
            except OSError:
                continue  # not ours to read, or taken by the other one: it stays as it is
            except ValidationError:
                self._settle(path, _REFUSED)
                continue
            outcome = send(record)
            if isinstance(outcome, Delivered):
                self._settle(path, _SENT)
            elif isinstance(outcome, Refused):
                self._settle(path, _REFUSED)
                return outcome
            else:
                return outcome
        return None

    def _settle(self, path: Path, suffix: str) -> None:
        settled = path.with_name(path.name.removesuffix(_WAITING) + suffix)
        try:
            path.replace(settled)
        except FileNotFoundError:
            return  # the other one, command or terminal, was faster

    def _files(self, suffix: str) -> list[Path]:
        try:
            return sorted(path for path in self._folder.glob("[0-9]*.json") if path.name.endswith(suffix))
        except OSError:
            return []


def _read(path: Path) -> SelfTestRecord | None:
    try:
        return SelfTestRecord.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
