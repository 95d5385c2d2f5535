"""A training terminal whose document camera is one that can freeze; everything else is the virtual hall's."""

import os
from pathlib import Path

from drivers.base import Deadline
from kiosk.training.world import World

HERE = Path(__file__).parent
DEVICE = '[devices.document_camera]\ndriver = "live_camera"\n[devices.document_camera.options]\ntold = "{told}"\n'


def start(directory, monkeypatch, seconds=60.0):
    """Return the world, started, and the file that tells its camera what to do."""
    package, told = directory / "packages", directory / "told"
    information = package / "live_camera-1.0.dist-info"
    information.mkdir(parents=True)
    (package / "live_camera.py").write_text((HERE / "live_camera.py").read_text())
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: live-camera\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[civic_kiosk.drivers]\nlive_camera = live_camera:DRIVER\n")
    told.write_text("live")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (str(package), os.environ.get("PYTHONPATH", "")))))
    world = World(directory / "world", None, headless=True)
    try:
        world.prepare(Deadline.after(seconds))
        sections = world.configuration.read_text(encoding="utf-8").split("\n\n")
        kept = [part for part in sections if not part.startswith("[devices.document_camera]")]
        assert len(kept) == len(sections) - 1
        world.configuration.write_text("\n\n".join((*kept, DEVICE.format(told=told))), encoding="utf-8")
        world.start_terminal()
    except BaseException:
        world.stop()
        raise
    return world, told
