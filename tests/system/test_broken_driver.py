"""A vendor's package that is installed and cannot be loaded takes its own device away from a whole terminal, and no other."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from headless_citizen import PROGRESS, HeadlessCitizen, wait_until

from drivers.base import Deadline
from kiosk.config import ROOT
from kiosk.training.world import World

PACKAGE = ROOT / "tests" / "vendor_driver" / "example_package"
SECONDS = 100.0
DEVICE = (
    '[devices.document_camera]\ndriver = "example"\n[devices.document_camera.options]\nhost = "127.0.0.1"\nport = 1\n'
)
"""The vendor's driver would be a scanner's: what it is, a package that does not load cannot say."""


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """The vendor's package, put into a folder by pip, without a library that it needs."""
    place = tmp_path_factory.mktemp("vendor")
    shutil.copytree(PACKAGE, place / "source")
    package = place / "source" / "example_scanner" / "__init__.py"
    text = package.read_text(encoding="utf-8")
    package.write_text(
        text.replace("from drivers.base", "import example_wire_library\nfrom drivers.base"), encoding="utf-8"
    )
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    offline = ["--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run(
        [*pip, *offline, "--target", str(place / "site"), str(place / "source")], check=True, timeout=SECONDS
    )
    paths = filter(None, (str(place / "site"), os.environ.get("PYTHONPATH", "")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(paths))
        yield


@pytest.fixture(scope="module")
def world(environment, tmp_path_factory):
    world = World(tmp_path_factory.mktemp("world"), None, headless=True)
    try:
        world.prepare(Deadline.after(60))
        sections = world.configuration.read_text(encoding="utf-8").split("\n\n")
        kept = [part for part in sections if not part.startswith("[devices.document_camera]")]
        assert len(kept) == len(sections) - 1
        world.configuration.write_text("\n\n".join((*kept, DEVICE)), encoding="utf-8")
        world.start_terminal()
        yield world
    finally:
        world.stop()


def kiosk(*arguments):
    command = [sys.executable, "-m", "kiosk.cli", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False)


def test_the_terminal_starts_and_only_what_needs_the_device_is_unavailable(world):
    """The query of progress goes from start to a card that is read; enrolment says what a citizen may know."""
    visitor = HeadlessCitizen(world)
    seen = {}

    def settled(glass):
        seen.update((tile["service"], tile) for tile in glass.get("tiles", ()))
        return seen.get(PROGRESS, {}).get("available") and seen

    visitor.see(settled, "the query of progress to be offered", 60.0)
    tile = seen[visitor.service]
    assert not tile["available"]
    assert "暂时不可用" in json.dumps(tile, ensure_ascii=False)
    assert "example" not in json.dumps(tile)
    querying = HeadlessCitizen(world, service=PROGRESS)
    assert querying.start()["session"] is not None
    querying.intend(querying.look(), "Cancel")
    querying.home()
    log = (world.directory / "terminal.log").read_text(encoding="utf-8")
    changes = [json.loads(line) for line in log.splitlines() if '"document_camera"' in line]
    assert [(line["state"], line["code"]) for line in changes] == [("offline", "device.driver_broken")]


def test_the_self_test_has_one_failed_line_for_it_and_examines_the_others(world):
    HeadlessCitizen(world, service=PROGRESS).offered(60.0)
    done = kiosk("selftest", "--json", "--language", "en", "--config", world.configuration)
    assert done.returncode == 1, done.stderr
    lines = json.loads(done.stdout)
    assert len({line["device"] for line in lines}) > 4
    (broken,) = [line for line in lines if line["outcome"] in ("fail", "warn")]
    assert (broken["device"], broken["code"]) == ("document_camera", "device.driver_broken")
    assert "No module named 'example_wire_library'" in broken["evidence"]
    assert "Install the package again" in broken["remedy"]
    assert "Enrol in residents' medical insurance" in broken["consequence"]
    HeadlessCitizen(world, service=PROGRESS).offered(60.0)


def test_the_check_of_the_configuration_names_it(world):
    done = kiosk("config", "check", world.configuration)
    assert done.returncode == 1
    assert "devices.document_camera: the driver 'example' cannot be loaded from example_scanner:DRIVER" in done.stdout
    wait_until(lambda: world.terminal.poll() is None, "the terminal to go on")
