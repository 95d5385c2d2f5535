"""The UPS's driver against a virtual daemon, one that behaves badly, and the real upsd with its dummy driver."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from threading import Event

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivers.base import CheckOutcome, Deadline, DeviceState, DriverError, SupplyLevel
from drivers.nut.listing import supplies
from drivers.nut.ups import NutPowerSupply
from drivers.power_supply import Power
from drivers.wire import Direction


def soon():
    return Deadline.after(40)


def codes(health):
    return [fault.code for fault in health.faults]


def test_on_mains_all_is_well_and_the_supply_says_who_it_is(supply):
    assert supply.poll(soon()).state is DeviceState.ONLINE
    assert supply.power(soon()) == Power(True, False, 100.0, 1800.0, "OL CHRG")
    identity = supply.identity()
    assert (identity.device_class, identity.model, identity.serial_number) == ("power_supply", "Virtual 1000", "V0001")


def test_on_battery_low_and_back_on_mains(supply, hardware):
    hardware.set_mains(False)
    assert codes(supply.poll(soon())) == ["power.on_battery"]
    hardware.run_low()
    health = supply.poll(soon())
    assert (health.state, codes(health)) == (DeviceState.DEGRADED, ["power.battery_low"])
    assert [supply.level for supply in health.supplies] == [SupplyLevel.LOW]
    hardware.set_mains(True)
    assert (supply.poll(soon()).state, codes(supply.poll(soon()))) == (DeviceState.ONLINE, [])


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("OL LB CHRG", []),  # empty, but the mains are back
        ("OB LB RB", ["power.battery_low", "power.replace_battery"]),
        ("OL RB", ["power.replace_battery"]),
        ("OL OVER BYPASS", ["power.overloaded", "power.bypassed"]),
        ("FSD OB", ["power.battery_low"]),
        ("FSD OL", ["power.battery_low"]),  # the mains are back, and it switches off all the same
        ("OL ALARM", []),
    ],
)
def test_words_of_the_status(supply, hardware, status, expected):
    hardware.set_variables({"ups.status": status})
    assert codes(supply.poll(soon())) == expected


def test_a_fault_stays_the_same_while_the_battery_empties_slowly(supply, hardware):
    hardware.set_variables({"ups.status": "OB DISCHRG", "battery.charge": "84", "battery.runtime": "1300"})
    first = supply.poll(soon()).faults
    hardware.set_variables({"battery.charge": "83", "battery.runtime": "1290"})
    assert supply.poll(soon()).faults == first


@pytest.mark.parametrize("status", ["WAIT", "OFF", "42"])
def test_a_status_that_does_not_say_where_the_power_comes_from_is_taken_for_neither(supply, hardware, status):
    hardware.set_variables({"ups.status": status})
    assert codes(supply.poll(soon())) == ["power.not_connected"]
    with pytest.raises(DriverError):
        supply.power(soon())


@pytest.mark.parametrize("refusal", ["DATA-STALE", "DRIVER-NOT-CONNECTED"])
def test_a_supply_that_the_daemon_has_lost_is_a_fault_and_comes_back(supply, hardware, refusal):
    hardware.refusal = refusal
    health = supply.poll(soon())
    assert (health.state, codes(health)) == (DeviceState.FAULT, ["power.not_connected"])
    with pytest.raises(DriverError):
        supply.power(soon())
    hardware.refusal = ""
    assert supply.poll(soon()).state is DeviceState.ONLINE


def test_wrong_configuration_is_told_apart(make_supply, hardware):
    with pytest.raises(DriverError) as error:
        make_supply("other")
    assert error.value.fault.code == "power.unknown_ups"
    hardware.refusal = "ACCESS-DENIED"
    with pytest.raises(DriverError) as error:
        make_supply()
    assert error.value.fault.code == "power.access_denied"


def test_a_daemon_that_goes_away_is_lost_and_found_again(supply, hardware):
    hardware.unplug()
    with pytest.raises(DriverError) as error:
        supply.poll(soon())
    assert error.value.fault.code == "power.not_found"
    supply.close()
    with pytest.raises(DriverError):
        supply.open(soon())
    hardware.plug()
    supply.open(soon())
    assert supply.poll(soon()).state is DeviceState.ONLINE
    supply.close()
    supply.close()


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda answer: b"", "power.no_answer"),
        (lambda answer: answer[:-20], "power.no_answer"),
        (lambda answer: None, "power.not_found"),
        (lambda answer: b"HTTP/1.1 400 Bad Request\r\n\r\n", "power.unexpected_answer"),
        (lambda answer: b"x" * 100_000, "power.unexpected_answer"),
        (lambda answer: answer.replace(b"VAR ups", b"VAR another"), "power.unexpected_answer"),
        (lambda answer: answer.replace(b"ups.status", b"ups.mood"), "power.unexpected_answer"),
        (
            lambda answer: b"BEGIN LIST VAR ups\n" + b'VAR ups a "1"\n' * 3 + b'VAR ups b "no end\n',
            "power.unexpected_answer",
        ),
    ],
)
def test_a_daemon_that_answers_badly_is_told_by_its_code(make_supply, hardware, spoil, code):
    supply = make_supply(answer_timeout=0.3)
    hardware.spoil = spoil
    with pytest.raises(DriverError) as error:
        supply.poll(soon())
    assert error.value.fault.code == code


@pytest.mark.parametrize("block", [b"V", b'VAR ups a.b "1"\n', b"x" * 4096])
def test_a_peer_that_never_stops_is_left_by_the_deadline(block):
    with socket.create_server(("127.0.0.1", 0)) as server:
        stop = Event()

        def babble():
            connection, _ = server.accept()
            with connection:
                try:
                    connection.sendall(b"BEGIN LIST VAR ups\n")
                    while not stop.wait(0.001):
                        connection.sendall(block)
                except OSError:
                    pass

        babbling = threading.Thread(target=babble, daemon=True)
        babbling.start()
        supply = NutPowerSupply(port=server.getsockname()[1], answer_timeout=0.3)
        ended = Event()

        def ask():
            with pytest.raises(DriverError):
                supply.open(soon())
            ended.set()

        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        assert ended.wait(30)
        stop.set()
        babbling.join(30)
        supply.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answer=st.binary(max_size=300), begun=st.booleans())
def test_no_answer_breaks_the_driver(make_supply, hardware, answer, begun):
    hardware.spoil = None
    supply = make_supply(answer_timeout=0.02)
    hardware.spoil = lambda _good: (b"BEGIN LIST VAR ups\n" if begun else b"") + answer + b"\n"
    told = "power."
    try:
        supply.poll(soon())
    except DriverError as error:
        told = error.fault.code
    assert told.startswith("power.")
    supply.close()


def test_the_self_test_tells_what_is_wrong(supply, hardware):
    assert [check.outcome for check in supply.self_test(soon())] == [CheckOutcome.PASS]
    hardware.set_mains(False)
    assert [(check.name, check.outcome) for check in supply.self_test(soon())] == [
        ("answers", CheckOutcome.PASS),
        ("on_battery", CheckOutcome.WARN),
    ]
    hardware.unplug()
    (check,) = supply.self_test(soon())
    assert (check.outcome, check.fault.code) == (CheckOutcome.FAIL, "power.not_found")


def test_lines_are_told_as_they_go_over_the_wire(supply):
    seen = []
    supply.watcher = seen.append
    supply.power(soon())
    assert (seen[0].direction, seen[0].shown) == (Direction.OUT, "LIST VAR ups")
    assert (Direction.IN, 'VAR ups ups.status "OL CHRG"') in [(event.direction, event.shown) for event in seen]


# ---- the real daemon


class RealUpsd:
    """upsd and its dummy driver in a folder of their own, on a port that was free a moment ago."""

    def __init__(self, folder):
        self.folder = folder
        self.processes = []

    def say(self, **variables):
        """Change what the dummy supply says; its file is read again and again."""
        lines = [f"{name.replace('_', '.')}: {value}" for name, value in variables.items()]
        new = self.folder / "new"
        new.write_text("\n".join([*lines, "TIMER 1", ""]), encoding="ascii")
        new.replace(self.folder / "supply.dev")

    def start(self):
        self.say(ups_status="OL", battery_charge="88", battery_runtime="900", device_model="Dummy")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        user = "nut" if os.getuid() == 0 else ""
        files = {
            "ups.conf": f"maxretry = 1\n[hall]\ndriver = dummy-ups\nport = {self.folder / 'supply.dev'}\nmode = dummy-loop\n",
            "upsd.conf": f"LISTEN 127.0.0.1 {self.port}\nSTATEPATH {self.folder}\n",
            "upsd.users": "",
        }
        for name, text in files.items():
            (self.folder / name).write_text(text, encoding="ascii")
            (self.folder / name).chmod(0o640)
        if user:
            for path in (self.folder, *self.folder.iterdir()):
                shutil.chown(path, user, user)
        environment = {"NUT_CONFPATH": str(self.folder), "NUT_STATEPATH": str(self.folder), "PATH": os.environ["PATH"]}
        for command in (["/lib/nut/dummy-ups", "-a", "hall", "-F"], ["/lib/nut/upsd", "-F"]):
            self.processes.append(
                subprocess.Popen(
                    command,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )

    def stop(self):
        for process in reversed(self.processes):
            process.kill()
            process.wait()


@pytest.fixture
def real():
    if not Path("/lib/nut/upsd").exists() or not Path("/lib/nut/dummy-ups").exists():
        if sys.platform == "linux" and os.environ.get("KIOSK_REQUIRE_ALL"):
            pytest.fail("nut-server is not installed")
        pytest.skip("nut-server is not installed")
    with tempfile.TemporaryDirectory(prefix="nut-") as folder:
        daemon = RealUpsd(Path(folder))
        daemon.start()
        yield daemon
        daemon.stop()


def until(call, wanted, seconds=40):
    """Call again and again until the answer is as wanted."""
    deadline = Deadline.after(seconds)
    pause = Event()
    answer = None
    while not deadline.expired:
        try:
            answer = call()
        except DriverError as error:
            answer = error.fault.code
        if wanted(answer):
            return answer
        pause.wait(0.1)
    raise AssertionError(f"still {answer}")


def test_the_real_upsd_lists_its_supplies(real):
    def listed():
        return supplies("127.0.0.1", real.port, Deadline.after(5))

    assert list(until(listed, lambda found: not isinstance(found, str))) == ["hall"]


def test_the_driver_talks_with_the_real_upsd(real):
    supply = NutPowerSupply("hall", port=real.port)

    def health():
        try:
            return supply.poll(Deadline.after(5))
        except DriverError:
            supply.close()
            supply.open(Deadline.after(5))
            raise

    online = until(health, lambda found: not isinstance(found, str) and found.state is DeviceState.ONLINE)
    assert online.faults == ()
    assert supply.power(Deadline.after(5)).charge == 88
    real.say(ups_status="OB LB", battery_charge="7", battery_runtime="30", device_model="Dummy")
    until(health, lambda found: not isinstance(found, str) and codes(found) == ["power.battery_low"])
    real.say(ups_status="OL CHRG", battery_charge="9", battery_runtime="40", device_model="Dummy")
    until(health, lambda found: not isinstance(found, str) and found.state is DeviceState.ONLINE)
    supply.close()
    wrong = NutPowerSupply("attic", port=real.port)
    with pytest.raises(DriverError) as error:
        wrong.open(Deadline.after(5))
    assert error.value.fault.code == "power.unknown_ups"
    wrong.close()
