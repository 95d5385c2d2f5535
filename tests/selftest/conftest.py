"""A virtual hall with more around it than training has, and the self-test run on it as a technician would."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import made_up_machine
import pytest

from drivers.base import Deadline
from drivers.modbus.profile import load
from drivers.sim.hall import VirtualHall
from drivers.sim.io_board import VirtualIoBoard
from drivers.sim.serial_scanner import VirtualSerialScanner
from kiosk.config import ASSETS, ROOT

HERE = Path(__file__).parent


class SelfTested:
    """The hall and the command; ``configure`` writes a configuration, ``run`` calls the command in a process of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.hall = VirtualHall(folder / "hall")
        self.scanner = VirtualSerialScanner(folder / "scanner")
        self.board = VirtualIoBoard(folder / "board", load("generic_8x8"))
        self.mode = folder / "mode"
        self.machine = folder / "machine"
        self.process = None

    def start(self):
        self.hall.start(Deadline.after(60))
        self.scanner.start()
        self.board.start()
        self.calm()
        package = self.folder / "packages"
        self._install(package, "acted_camera", acted_camera="DRIVER")
        machine = {f"made_up_{name}": name.upper() for name in made_up_machine.NAMES}
        self._install(package, "made_up_machine", **machine)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(package), str(ROOT))), "COLUMNS": "100"}
        environment.pop("DISPLAY", None)
        self.environment = environment
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "selftest_server.py")],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def _install(self, package, module, **drivers):
        information = package / f"{module}-1.0.dist-info"
        information.mkdir(parents=True)
        (package / f"{module}.py").write_text((HERE / f"{module}.py").read_text())
        (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        lines = [f"{name} = {module}:{place}" for name, place in drivers.items()]
        (information / "entry_points.txt").write_text("\n".join(["[civic_kiosk.drivers]", *lines, ""]))

    def stop(self):
        if self.process is not None:
            self.process.stdin.close()
            self.process.wait(20)
            self.process.stdout.close()
        self.board.stop()
        self.scanner.stop()
        self.hall.stop()

    def calm(self):
        """Make everything well again."""
        self.mode.write_text("live")
        made_up_machine.write(self.machine)

    def devices(self):
        tables = self.hall.device_tables()
        tables["document_camera"] = {"driver": "acted_camera", "options": {"mode": str(self.mode)}}
        tables["scanner_serial"] = {"driver": "serial_scanner", "options": {"port": str(self.scanner.path)}}
        tables["io_board"] = {"driver": "virtual_modbus_io", "options": {"port": str(self.board.path)}}
        tables["disk"] = {"driver": "storage", "options": {"directory": str(self.folder), "nearly_full_mb": 1}}
        for name in made_up_machine.NAMES:
            tables[name] = {"driver": f"made_up_{name}", "options": {"root": str(self.machine)}}
        return tables

    def configure(self, name="terminal.toml", devices=None, central="http://127.0.0.1:9", storage=None):
        token = self.folder / "token"
        token.write_text("a-token-for-tests", encoding="ascii")
        place = storage or self.folder / "state"
        place.mkdir(exist_ok=True)
        lines = [
            'profile = "training"',
            '[terminal]\nid = "T-1"\nsite = "示例大厅"\nsite_en = "Example hall"\nlanguage = "en"',
            f'[central]\nurl = "{central}"\ntoken_file = "{token}"',
            f'[storage]\ndirectory = "{place}"\njournal_key_file = "{self.folder / "key"}"',
            f'[services]\ndirectory = "{ASSETS / "services"}"\n'
            'offered = ["medical_insurance_enrolment", "progress_query"]',
            f'[training]\nobserver_socket = "{self.folder / "observer"}"',
        ]
        for device, table in (self.devices() if devices is None else devices).items():
            lines.append(f'[devices.{device}]\ndriver = "{table["driver"]}"\n[devices.{device}.options]')
            lines += [f"{key} = {json.dumps(value)}" for key, value in table["options"].items()]
        path = self.folder / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    def run(self, *arguments, config=None):
        """Run ``kiosk selftest``; return exit code, what it printed, and what it told on the side."""
        command = ["selftest", "--config", str(config or self.folder / "terminal.toml"), *map(str, arguments)]
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        assert not answer["trouble"], answer
        return answer

    def lines(self, *arguments, config=None):
        return json.loads(self.run("--json", *arguments, config=config)["out"])


@pytest.fixture(scope="module")
def tested():
    with tempfile.TemporaryDirectory(prefix="st-") as name:
        world = SelfTested(Path(name))
        try:
            world.start()
            world.configure()
            yield world
        finally:
            world.stop()
