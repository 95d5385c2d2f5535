"""The board's driver over a pty: what is switched is switched, what is open is told, and every trouble ends by its deadline."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from threading import Event

import pytest
from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice

from drivers.base import CheckOutcome, Deadline, DeviceState, DriverError
from drivers.io_board import Inputs
from drivers.modbus.board import ModbusIoBoard
from drivers.modbus.profile import parse
from drivers.operator import Answer
from drivers.sim.io_board import BoardFault, VirtualIoBoard
from drivers.sim.pty import VirtualSerialPort
from drivers.wire import Direction

SHUT = Inputs(door_open=False, tamper=False, present=True)


def soon():
    return Deadline.after(40)


def codes(health):
    return [fault.code for fault in health.faults]


def test_the_switches_are_read_in_the_sense_of_the_profile(board, hardware):
    assert board.inputs(soon()) == SHUT
    for name in ("door_open", "tamper"):
        hardware.set_switch(name, True)
        assert board.inputs(soon()) == replace(SHUT, **{name: True})
        hardware.set_switch(name, False)
    hardware.set_switch("present", False)
    assert board.inputs(soon()) == replace(SHUT, present=False)


def test_an_open_door_is_a_fault_of_a_board_that_works_and_ends_when_it_is_shut(board, hardware):
    assert (board.poll(soon()).state, codes(board.poll(soon()))) == (DeviceState.ONLINE, [])
    hardware.set_switch("door_open", True)
    hardware.set_switch("tamper", True)
    assert board.poll(soon()).state is DeviceState.DEGRADED
    assert codes(board.poll(soon())) == ["io_board.door_open", "io_board.tamper"]
    hardware.set_switch("door_open", False)
    hardware.set_switch("tamper", False)
    assert board.poll(soon()).state is DeviceState.ONLINE


def test_lights_and_fan_are_switched_one_by_one(board, hardware):
    for slot in sorted(board.slots):
        board.set_light(slot, True, soon())
        assert hardware.lit == {slot}
        board.set_light(slot, False, soon())
    board.set_light("no_such_slot", True, soon())
    assert hardware.lit == frozenset()
    board.set_fan(True, soon())
    assert hardware.fan_on
    board.set_light("card_reader", True, soon())
    board.reset(soon())
    assert (hardware.lit, hardware.fan_on) == (frozenset(), False)


def test_waiting_ends_when_a_switch_changes(board, hardware):
    found = []
    waiting = threading.Thread(target=lambda: found.append(board.wait_change(SHUT, Deadline.after(30), Event())))
    waiting.start()
    hardware.set_switch("present", False)
    waiting.join(30)
    assert found == [replace(SHUT, present=False)]


def test_waiting_ends_at_the_deadline_and_when_it_is_cancelled(board):
    assert board.wait_change(SHUT, Deadline.after(0.05), Event()) is None
    cancel = Event()
    ended = Event()

    def wait():
        board.wait_change(SHUT, Deadline.after(60), cancel)
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    cancel.set()
    assert ended.wait(30)


def test_a_last_look_that_the_deadline_cuts_short_is_no_fault_of_the_board(make_board, hardware):
    board = make_board(answer_timeout=20.0)
    hardware.always = BoardFault(delay=0.5)
    assert board.wait_change(SHUT, Deadline.after(0.05), Event()) is None
    hardware.always = None
    assert board.inputs(Deadline.after(30)) == SHUT


# ---- troubles of the line


@pytest.mark.parametrize(
    "fault",
    [BoardFault(keep=0), BoardFault(keep=3), BoardFault(wrong_checksum=True), BoardFault(exception=6)],
    ids=["silence", "half", "wrong checksum", "busy"],
)
def test_one_spoilt_answer_is_asked_for_again(make_board, hardware, fault):
    board = make_board(answer_timeout=2.0)
    hardware.next_faults.append(fault)
    assert board.inputs(soon()) == SHUT
    hardware.next_faults.append(fault)
    board.set_light("card_reader", True, soon())
    assert hardware.lit == {"card_reader"}


def test_noise_before_an_answer_does_no_harm(make_board, hardware):
    board = make_board()
    hardware.next_faults.append(BoardFault(garbage=b"\x01\x02\xff\x00noise"))
    assert board.inputs(soon()) == SHUT


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (BoardFault(keep=0), "io_board.no_answer"),
        (BoardFault(keep=2), "io_board.no_answer"),
        (BoardFault(wrong_checksum=True), "io_board.no_answer"),
        (BoardFault(exception=6), "io_board.no_answer"),
        (BoardFault(exception=2), "io_board.wrong_profile"),
        (BoardFault(exception=4), "io_board.failed"),
    ],
)
def test_what_stays_wrong_is_told_by_its_code(make_board, hardware, fault, code):
    board = make_board(answer_timeout=0.05)
    hardware.always = fault
    for call in (board.inputs, board.poll, board.reset):
        with pytest.raises(DriverError) as error:
            call(soon())
        assert error.value.fault.code == code


def test_a_line_that_babbles_for_ever_ends_by_the_deadline(make_board, hardware):
    board = make_board(answer_timeout=0.2)
    stop = Event()

    def babble():
        while not stop.is_set():
            hardware._port.send(b"\x01\x02\x01" * 50)

    babbling = threading.Thread(target=babble, daemon=True)
    hardware.always = BoardFault(keep=0)
    babbling.start()
    ended = Event()

    def ask():
        with pytest.raises(DriverError):
            board.inputs(Deadline.after(0.3))
        ended.set()

    threading.Thread(target=ask, daemon=True).start()
    assert ended.wait(30)
    stop.set()
    babbling.join(30)


def test_a_board_that_is_pulled_out_and_put_back_is_found_again(board, hardware):
    hardware.unplug()
    with pytest.raises(DriverError) as error:
        board.inputs(soon())
    assert error.value.fault.code == "io_board.not_found"
    board.close()
    with pytest.raises(DriverError):
        board.open(soon())
    hardware.plug()
    board.open(soon())
    assert board.inputs(soon()) == SHUT
    board.close()
    board.close()


def test_another_unit_on_the_line_does_not_answer(hardware, profile):
    board = ModbusIoBoard(str(hardware.path), profile, unit=7, answer_timeout=0.05)
    with pytest.raises(DriverError) as error:
        board.open(soon())
    assert error.value.fault.code == "io_board.no_answer"


# ---- other boards


def test_a_board_of_registers_is_read_by_bits_and_switched_by_words(tmp_path):
    profile = parse(
        {
            "inputs": {
                "door_open": {"table": "holding_register", "address": 10, "bit": 3},
                "present": {"table": "holding_register", "address": 11, "bit": 15, "active": "low"},
            },
            "lights": {"card_reader": {"table": "holding_register", "address": 20, "active": "low"}},
        }
    )
    hardware = VirtualIoBoard(tmp_path / "board", profile)
    hardware.start()
    board = ModbusIoBoard(str(hardware.path), profile, answer_timeout=10.0)
    board.open(soon())
    assert board.inputs(soon()) == Inputs(door_open=False, tamper=None, present=True)
    hardware.set_switch("door_open", True)
    hardware.set_switch("present", False)
    assert board.inputs(soon()) == Inputs(door_open=True, tamper=None, present=False)
    board.set_light("card_reader", True, soon())
    assert hardware.lit == {"card_reader"}
    board.set_fan(True, soon())
    assert hardware.lit == {"card_reader"}, "there is no fan, and nothing else is switched"
    board.close()
    hardware.stop()


class SimulatedBoard:
    """pymodbus' own server and simulator, behind a second pty that is wired to the first."""

    def __init__(self, folder, profile):
        self.near = VirtualSerialPort(folder / "near", lambda data: self.far.send(data))
        self.far = VirtualSerialPort(folder / "far", lambda data: self.near.send(data))
        self.path = folder / "near"
        self.started = Event()

    def __enter__(self):
        self.near.plug()
        self.far.plug()
        self.thread = threading.Thread(target=lambda: asyncio.run(self.serve()), daemon=True)
        self.thread.start()
        assert self.started.wait(30)
        return self

    async def serve(self):
        coils = [SimData(0, values=[False] * 16, datatype=DataType.BITS)]
        inputs = [SimData(0, values=[True, True, True] + [False] * 13, datatype=DataType.BITS)]
        words = [SimData(0, count=4, values=0, datatype=DataType.REGISTERS)]
        device = SimDevice(1, simdata=(coils, inputs, words, words))
        self.loop = asyncio.get_running_loop()
        self.server = ModbusSerialServer(device, port=str(self.far.path), baudrate=9600)
        await self.server.serve_forever(background=True)
        self.ended = asyncio.Event()
        self.started.set()
        await self.ended.wait()
        await self.server.shutdown()

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.ended.set)
        self.thread.join(30)
        self.near.unplug()
        self.far.unplug()


def test_the_driver_talks_with_pymodbus_own_simulator(tmp_path, profile):
    with SimulatedBoard(tmp_path, profile) as simulated:
        board = ModbusIoBoard(str(simulated.path), profile, answer_timeout=10.0)
        board.open(Deadline.after(30))
        assert board.inputs(Deadline.after(30)) == SHUT
        board.set_light("receipt_printer", True, Deadline.after(30))
        board.set_fan(True, Deadline.after(30))
        assert board.poll(Deadline.after(30)).state is DeviceState.ONLINE
        board.close()


# ---- self-test and wire


def test_the_self_test_switches_every_output_and_leaves_it_off(board, hardware):
    checks = {check.name: check for check in board.self_test(soon())}
    assert {check.outcome for check in checks.values()} == {CheckOutcome.PASS}
    assert set(checks) == {"answers", "outputs", "door", "tamper"}
    assert (hardware.lit, hardware.fan_on) == (frozenset(), False)
    hardware.set_switch("door_open", True)
    assert {check.name: check.outcome for check in board.self_test(soon())}["door"] is CheckOutcome.WARN


def test_the_self_test_of_a_silent_board_fails_with_its_code(make_board, hardware):
    board = make_board(answer_timeout=0.05)
    hardware.always = BoardFault(keep=0)
    first, second = board.self_test(soon())
    assert (first.outcome, first.fault.code, second.outcome) == (
        CheckOutcome.FAIL,
        "io_board.no_answer",
        CheckOutcome.SKIP,
    )


class Helper:
    """Does what it is told, and says which lights it saw."""

    def __init__(self, hardware, answer=Answer.YES, obeys=True):
        self.hardware, self.answer, self.obeys = hardware, answer, obeys
        self.cancel = Event()
        self.saw = []
        self.asked_about = []

    def instruct(self, code, about=""):
        deeds = {
            "selftest.open_door": ("door_open", True),
            "selftest.close_door": ("door_open", False),
            "selftest.step_away": ("present", False),
            "selftest.walk_past": ("present", True),
        }
        if self.obeys:
            self.hardware.set_switch(*deeds[code])
        elif code == "selftest.close_door":
            self.cancel.set()
        return self.cancel

    def confirm(self, code, picture=b"", about=""):
        self.saw.append(set(self.hardware.lit))
        self.asked_about = [*self.asked_about, about]
        return self.answer


def test_the_guided_test_lights_each_lamp_and_sees_door_and_presence(board, hardware):
    helper = Helper(hardware)
    checks = board.guided_test(helper, Deadline.after(60))
    assert {check.outcome for check in checks} == {CheckOutcome.PASS}
    assert helper.saw == [{slot} for slot in sorted(board.slots)]
    assert helper.asked_about == sorted(board.slots)
    assert {check.name for check in checks} >= {"door_opens", "door_closes", "presence", "light_card_reader"}
    assert hardware.lit == frozenset()


def test_a_dark_light_and_a_dead_switch_are_told(board, hardware):
    hardware.set_switch("present", False)
    checks = {check.name: check for check in board.guided_test(Helper(hardware, Answer.NO, False), Deadline.after(1.0))}
    assert checks["light_card_reader"].fault.code == "io_board.light_dark"
    assert checks["door_opens"].fault.code == "io_board.switch_silent"


def test_a_sensor_that_always_sees_somebody_does_not_pass(board, hardware):
    class Stays(Helper):
        def instruct(self, code, about=""):
            if code != "selftest.step_away":
                return super().instruct(code)
            return self.cancel

    hardware.set_switch("present", True)
    checks = {check.name: check for check in board.guided_test(Stays(hardware), Deadline.after(1.5))}
    assert checks["absence"].fault.code == "io_board.switch_silent"
    assert "presence" not in checks


def test_what_a_person_cannot_do_is_skipped_and_the_rest_goes_on(board, hardware):
    class Limps(Helper):
        def instruct(self, code, about=""):
            if code.endswith("_door"):
                skipped = Event()
                skipped.set()
                return skipped
            return super().instruct(code)

    checks = {check.name: check.outcome for check in board.guided_test(Limps(hardware), Deadline.after(60))}
    assert checks["door_opens"] is checks["door_closes"] is CheckOutcome.SKIP
    assert checks["presence"] is CheckOutcome.PASS


def test_what_goes_over_the_wire_is_told_in_words(board, hardware):
    seen = []
    board.watcher = seen.append
    hardware.set_switch("door_open", True)
    board.inputs(soon())
    board.set_light("card_reader", True, soon())
    assert [(event.direction, event.meaning) for event in seen] == [
        (Direction.OUT, "read 3 inputs at 0"),
        (Direction.IN, "door_open yes, tamper no, present yes"),
        (Direction.OUT, "switch card_reader on"),
        (Direction.IN, "done"),
    ]
    assert seen[2].shown == "01 05 00 00 ff 00 8c 3a"
