"""A vendor's package is built, installed and used as a vendor would: by pip and the command, never by our own tree."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent / "example_package"
SECONDS = 100.0
CONFIGURATION = """
profile = "production"

[terminal]
id = "T-1"
site = "样例大厅"
site_en = "Sample hall"

[central]
url = "http://127.0.0.1:1"
token_file = "{directory}/token"

[storage]
directory = "{directory}/state"

[services]
offered = []

[devices.code_scanner]
driver = "example"
options = {{ host = "{host}", port = {port} }}
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package in it, put there by pip without any network."""
    place = tmp_path_factory.mktemp("vendor")
    shutil.copytree(PACKAGE, place / "source")  # a build writes into its source
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    offline = ["--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run(
        [*pip, *offline, "--target", str(place / "site"), str(place / "source")], check=True, timeout=SECONDS
    )
    return place / "site"


@pytest.fixture(scope="module")
def environment(installed: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(installed)}


@pytest.fixture(scope="module")
def scanner(installed: Path, environment: dict[str, str]):
    """The vendor's virtual scanner in a process of its own; gives its host and port."""
    script = (
        "import sys\n"
        "from example_scanner.virtual import VirtualScanner\n"
        "scanner = VirtualScanner()\n"
        "scanner.start()\n"
        "print(*scanner.address, flush=True)\n"
        "sys.stdin.read()\n"
        "scanner.stop()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        yield process.stdout.readline().split()
        process.stdin.close()
        assert process.wait(SECONDS) == 0


@pytest.fixture
def configuration(tmp_path: Path, scanner: list[str]) -> Path:
    host, port = scanner
    (tmp_path / "token").write_text("token\n", encoding="ascii")
    path = tmp_path / "kiosk.toml"
    path.write_text(CONFIGURATION.format(directory=tmp_path, host=host, port=port), encoding="utf-8")
    return path


def kiosk(environment: dict[str, str], *arguments: object) -> tuple[int, str]:
    command = [sys.executable, "-m", "kiosk.cli", *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS)
    return done.returncode, done.stdout + done.stderr


def test_only_the_installed_package_makes_the_driver_known(installed: Path, configuration: Path, environment) -> None:
    (distribution,) = importlib.metadata.distributions(name="example-devices-scanner", path=[str(installed)])
    assert {entry.value for entry in distribution.entry_points} == {"example_scanner:DRIVER", "example_scanner.faults"}
    assert kiosk(environment, "config", "check", configuration) == (0, f"{configuration}: ok\n")
    without = {name: value for name, value in environment.items() if name != "PYTHONPATH"}
    code, said = kiosk(without, "config", "check", configuration)
    assert code == 1
    assert "no driver is called 'example'" in said


def test_its_own_faults_have_its_own_words(environment, configuration: Path, installed: Path, tmp_path: Path) -> None:
    ask = "from kiosk.config import ASSETS; from kiosk.faults import Catalogue; c = Catalogue.installed(ASSETS / 'faults'); "
    said = subprocess.run(
        [sys.executable, "-c", ask + "print(c.refused, c.entry('es1.failed').operator_en)"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=SECONDS,
    )
    assert said.stdout == "() Code scanner has failed\n"
    shutil.copytree(installed, tmp_path / "site")
    words = tmp_path / "site" / "example_scanner" / "faults" / "es1.toml"
    words.write_text(words.read_text(encoding="utf-8").replace("es1.failed", "card.removed"), encoding="utf-8")
    code, said = kiosk(environment | {"PYTHONPATH": str(tmp_path / "site")}, "config", "check", configuration)
    assert code == 1
    assert (
        "the faults 'example' of example_scanner.faults: ValueError: es1.toml: the code card.removed stands twice"
        in said
    )
    code, said = kiosk(
        environment | {"PYTHONPATH": str(tmp_path / "site")}, "devices", "conform", "example", "--cases", 1
    )
    assert (code, "not used: the faults 'example'" in said) == (1, True)


def test_its_options_are_checked_like_our_own(configuration: Path, environment) -> None:
    wrong = configuration.with_name("wrong.toml")
    wrong.write_text(configuration.read_text(encoding="utf-8").replace("host =", "hots ="), encoding="utf-8")
    code, said = kiosk(environment, "config", "check", wrong)
    assert code == 1
    assert "example takes no option hots; it takes host, port" in said


def test_the_self_test_examines_it(configuration: Path, environment) -> None:
    code, said = kiosk(environment, "selftest", "--config", configuration, "--device", "code_scanner", "--json")
    assert code == 0, said
    assert '"status"' in said
    assert '"pass"' in said
    gone = configuration.with_name("gone.toml")
    port = configuration.read_text(encoding="utf-8").partition("port = ")[2].partition(" ")[0]
    # Port 1 of the loopback: nobody listens there without being root.
    gone.write_text(configuration.read_text(encoding="utf-8").replace(f"port = {port}", "port = 1"), encoding="utf-8")
    code, said = kiosk(environment, "selftest", "--config", gone, "--device", "code_scanner", "--json")
    assert code == 1, said
    assert "code_scanner.not_found" in said


def test_its_author_runs_the_conformance_suite_with_one_command(environment) -> None:
    code, said = kiosk(environment, "devices", "conform", "example", "--cases", 90)
    assert code == 0, said
    assert "example_tcp" in said
    assert kiosk(environment, "devices", "conform", "example", "--bench", "example_tcp", "--case", 63)[0] == 0
    code, said = kiosk(environment, "devices", "conform", "example", "--bench", "example_usb")
    assert code == 2
    assert "it has example_tcp" in said


POLLED = '        status = self._ask("STATUS", deadline)\n'
POLLED_WRONGLY = """\
        try:
            status = self._ask("STATUS", deadline)
        except DriverError as error:
            return Health(DeviceState.OFFLINE, (error.fault,), observed_at=self._now())
"""


def test_a_broken_driver_is_found_and_the_case_can_be_run_again(installed: Path, environment, tmp_path: Path) -> None:
    """A usual mistake: a poll that reports the lost connection, and does not raise, so that nobody opens it again."""
    shutil.copytree(installed, tmp_path / "site")
    driver = tmp_path / "site" / "example_scanner" / "driver.py"
    source = driver.read_text(encoding="utf-8")
    assert source.count(POLLED) == 1
    driver.write_text(source.replace(POLLED, POLLED_WRONGLY), encoding="utf-8")
    broken = environment | {"PYTHONPATH": str(tmp_path / "site")}
    again = ("devices", "conform", "example", "--bench", "example_tcp", "--seed", "1", "--case", "63")
    code, said = kiosk(broken, *again)
    assert code == 1, said
    assert "case 63 (disturbed unplug poll): not back 5 s after the trouble ended: poll says offline" in said
    assert f"again: kiosk {' '.join(again)}" in said


def test_its_author_runs_the_cases_that_need_nobody_on_the_real_device(configuration: Path, environment) -> None:
    device = ("devices", "conform", "example", "--config", configuration, "--device", "code_scanner")
    code, said = kiosk(environment, *device)
    assert code == 0, said
    assert "code_scanner" in said
    assert "0 │        0 │        0" in said  # nothing was armed, nothing happened, nothing was found
    code, said = kiosk(environment, *device, "--case", 4)
    assert (code, "case 4 needs a person" in said) == (2, True)
    code, said = kiosk(environment, *device, "--bench", "example_tcp")
    assert (code, "does not go with --device" in said) == (2, True)
    code, said = kiosk(environment, *device[:2], "escpos", *device[3:])
    assert code == 2
    assert "there are code_scanner (example)" in said


def test_a_real_device_that_is_not_there_is_left_after_twenty_findings(configuration: Path, environment) -> None:
    gone = configuration.with_name("gone.toml")
    port = configuration.read_text(encoding="utf-8").partition("port = ")[2].partition(" ")[0]
    gone.write_text(configuration.read_text(encoding="utf-8").replace(f"port = {port}", "port = 1"), encoding="utf-8")
    device = ("devices", "conform", "example", "--config", gone, "--device", "code_scanner")
    code, said = kiosk(environment, *device)
    assert code == 1
    assert said.count("again: kiosk ") == 20
    assert "code_scanner: left after 20 findings" in said
    first = said.partition("again: kiosk ")[2].splitlines()[0].split()
    assert first == [*map(str, device), "--seed", "1", "--case", "0"]
    assert kiosk(environment, *first)[1].count("again: kiosk ") == 1
