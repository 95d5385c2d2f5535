"""The systemd unit is valid, closed as far as promised, and keeps open what the terminal needs."""

from __future__ import annotations

import configparser
import re
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).resolve().parents[2] / "kiosk.service"
MAX_EXPOSURE = 2.0


def analyze(*arguments):
    done = subprocess.run(
        ["systemd-analyze", "--no-pager", *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_the_exposure_is_as_low_as_promised():
    _, output = analyze("security", "--offline=true", str(UNIT))
    exposure = re.search(r"Overall exposure level for kiosk\.service: ([0-9.]+)", output)
    assert exposure, output
    assert float(exposure[1]) <= MAX_EXPOSURE


def test_systemd_understands_every_line(tmp_path):
    # The program itself is not installed where the tests run, so another one stands in for it.
    copy = tmp_path / "kiosk.service"
    copy.write_text(re.sub(r"(?m)^ExecStart=.*$", "ExecStart=/bin/true", UNIT.read_text(encoding="utf-8")))
    code, output = analyze("verify", "--man=no", str(copy))
    assert (code, output.strip()) == (0, "")
    copy.write_text(copy.read_text().replace("NoNewPrivileges", "NoNewPrivilegs"))
    assert "NoNewPrivilegs" in analyze("verify", "--man=no", str(copy))[1]  # the check would notice


@pytest.fixture(scope="module")
def service():
    class Lines(dict):
        """Keeps every value of a repeated name."""

        def __setitem__(self, name, value):
            if isinstance(value, list) and name in self:
                self[name].extend(value)
            else:
                super().__setitem__(name, value)

    parser = configparser.RawConfigParser(strict=False, dict_type=Lines, delimiters=("=",))
    parser.optionxform = str
    parser.read(UNIT, encoding="utf-8")
    return {name: str(value).split("\n") for name, value in parser["Service"].items()}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Type", "notify"),
        ("WatchdogSec", "15"),
        ("Restart", "always"),
        ("User", "civic-kiosk"),
        ("ExecStart", "/opt/civic-kiosk/.venv/bin/kiosk run --config /etc/civic-kiosk/kiosk.toml"),
        ("LimitCORE", "0"),
        ("UMask", "0077"),
        ("MemoryDenyWriteExecute", "no"),
    ],
)
def test_the_settings_that_the_program_relies_on(service, name, value):
    assert service[name] == [value]


@pytest.mark.parametrize("device", ["ttyS", "ttyUSB", "ttyACM", "usb", "usb_device", "video4linux", "drm", "input"])
def test_the_devices_of_a_terminal_stay_open(service, device):
    assert service["PrivateDevices"] == ["no"]
    assert any(line.split()[0] == f"char-{device}" for line in service["DeviceAllow"])


def test_the_socket_families_of_pcscd_central_and_libusb_stay_open(service):
    assert {"AF_UNIX", "AF_INET", "AF_INET6", "AF_NETLINK"} == set(service["RestrictAddressFamilies"][0].split())


def test_the_journals_key_comes_sealed(service):
    assert service["LoadCredentialEncrypted"][0].startswith("journal-key:")
