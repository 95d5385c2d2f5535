"""The terminal's configuration: one typed TOML file in which an unknown key is an error."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

ROOT = Path(__file__).resolve().parent.parent
ASSETS = ROOT / "assets"


class ConfigurationError(Exception):
    """The configuration cannot be used; the text names the file, the key and what is wrong with it."""


class Section(BaseModel):
    """A part of the file: immutable, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TerminalSection(Section):
    """Which terminal this is and where it stands."""

    id: str = Field(pattern=r"^[A-Za-z0-9-]{1,25}$")
    site: str
    site_en: str
    language: Literal["zh", "en"] = "zh"


class CentralSection(Section):
    """Where the central platform is, and the file that holds this terminal's token."""

    url: str = Field(pattern=r"^https?://")
    token_file: Path
    timeout_seconds: float = Field(default=10.0, gt=0, le=60)


class WindowSection(Section):
    """The screen: portrait 1080x1920 or landscape 1920x1080, and the input of the panel."""

    width: int = Field(default=1080, ge=320)
    height: int = Field(default=1920, ge=320)
    fullscreen: bool = True
    touch_device: str = ""


class IdleSection(Section):
    """Idle warning and wipe, in seconds (facts: government_services.md, section 4)."""

    warn_after: float = Field(default=60.0, gt=0)
    answer_within: float = Field(default=30.0, gt=0)
    extensions: int = Field(default=3, ge=0)
    finish_after: float = Field(default=8.0, gt=0)


class StorageSection(Section):
    """Where the journal and the catalogue live, and the journal's key (empty: systemd's credential).

    ``keep_days``: how long settled entries are kept, for questions that come later.
    """

    directory: Path
    journal_key_file: Path | None = None
    keep_days: int = Field(default=30, ge=1, le=3650)


class ServicesSection(Section):
    """Which services this terminal offers, in the order of the home screen."""

    directory: Path = ASSETS / "services"
    offered: tuple[str, ...]


class DeviceSection(Section):
    """One device: the driver's registered name, and options that the driver checks."""

    driver: str
    options: dict[str, str | int | float | bool] = {}


class TechnicianSection(Section):
    """Who may enter technician mode on the screen (hashes, from ``kiosk technician hash``), and for how long at most."""

    pin_hash: str = ""
    card_hashes: tuple[str, ...] = ()
    minutes: float = Field(default=15.0, gt=0, le=120)


class CabinetSection(Section):
    """Presence, door and fan, in seconds and degrees Celsius; of use only with the devices that know of them.

    ``walked_away_answer_within``: how long the warning stands after a citizen walked away. ``sleep_after`` 0: never.
    """

    walked_away_after: float = Field(default=8.0, gt=0)
    walked_away_answer_within: float = Field(default=10.0, gt=0)
    sleep_after: float = Field(default=120.0, ge=0)
    out_of_service_when_open: bool = True
    fan_on_from: float = 60.0
    fan_off_below: float = 50.0


class DocumentsSection(Section):
    """Documents on A4: the key and certificates that seal them, whose seals are known, and counted paper.

    ``paper`` gives for each kind of counted paper at how many sheets it is low.
    """

    key_file: Path | None = None
    certificate_file: Path | None = None
    chain_files: tuple[Path, ...] = ()
    trusted_files: tuple[Path, ...] = ()
    paper: dict[str, int] = {}

    @model_validator(mode="after")
    def _whole(self) -> DocumentsSection:
        if (self.key_file is None) != (self.certificate_file is None):
            raise ValueError("key_file and certificate_file go together")
        return self


class TrainingSection(Section):
    """Only in training: the socket on which the screens' state may be observed."""

    observer_socket: Path


class Configuration(Section):
    """The whole file."""

    profile: Literal["production", "training"]
    terminal: TerminalSection
    central: CentralSection
    window: WindowSection = WindowSection()
    idle: IdleSection = IdleSection()
    storage: StorageSection
    services: ServicesSection
    devices: dict[str, DeviceSection]
    cabinet: CabinetSection = CabinetSection()
    technician: TechnicianSection = TechnicianSection()
    documents: DocumentsSection = DocumentsSection()
    training: TrainingSection | None = None


def parse(data: dict[str, Any], source: str) -> Configuration:
    """Check ``data`` as read from TOML. Raises ``ConfigurationError`` naming ``source`` and every wrong key."""
    try:
        configuration = Configuration.model_validate(data)
    except ValidationError as error:
        lines = [f"{source}: {'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors()]
        raise ConfigurationError("\n".join(lines)) from None
    if (configuration.training is not None) != (configuration.profile == "training"):
        raise ConfigurationError(f'{source}: training: goes with profile = "training", and only with it')
    return configuration


def load(path: Path) -> Configuration:
    """Read and check a file. Raises ``ConfigurationError``."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: is not TOML: {error}") from None
    return parse(data, str(path))
