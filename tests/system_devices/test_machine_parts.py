"""The machine's own parts in a made-up /sys and /proc: what is there, what is missing, what is nonsense, what never answers."""

from __future__ import annotations

import os
from threading import Event, Thread
from types import SimpleNamespace

import pytest

from drivers.base import CheckOutcome, Deadline, DeviceState, DriverError
from drivers.operator import Answer
from drivers.system import loudspeaker as loudspeaker_module
from drivers.system.clock import EARLIEST, Clock, KernelClock, ask_kernel
from drivers.system.files import read_text
from drivers.system.loudspeaker import Loudspeaker, tone
from drivers.system.storage import Storage
from drivers.system.temperature import Temperature
from drivers.system.touch_panel import TouchPanel

NOW = EARLIEST + 86400


def soon():
    return Deadline.after(10)


def write(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def codes(health):
    return [fault.code for fault in health.faults]


def refused(call):
    with pytest.raises(DriverError) as error:
        call(soon())
    return error.value.fault.code


# ---- files


def test_a_pipe_in_which_nothing_comes_is_left_by_the_deadline(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = os.open(pipe, os.O_RDWR)
    ended = Event()

    def read():
        with pytest.raises(DriverError):
            read_text(pipe, "temperature.not_found", Deadline.after(0.1))
        ended.set()

    Thread(target=read, daemon=True).start()
    assert ended.wait(30)
    os.close(writer)


def test_a_pipe_that_nobody_writes_is_an_empty_file_and_a_folder_is_none(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert read_text(tmp_path / "pipe", "a.b", soon()) == ""
    assert refused(lambda deadline: read_text(tmp_path, "a.b", deadline)) == "a.b"


# ---- touch panel

TOUCH = {
    "sys/class/input/event0/device/name": "Power Button\n",
    "sys/class/input/event0/device/properties": "0\n",
    "sys/class/input/event0/device/capabilities/abs": "0\n",
    "sys/class/input/event1/device/name": "Example Mouse Pad\n",
    "sys/class/input/event1/device/properties": "1\n",
    "sys/class/input/event1/device/capabilities/abs": "3\n",
    "sys/class/input/event7/device/name": "Example Touch\n",
    "sys/class/input/event7/device/properties": "2\n",
    "sys/class/input/event7/device/capabilities/abs": "260800000000003\n",
}


@pytest.fixture
def touch_root(tmp_path):
    write(tmp_path, TOUCH)
    (tmp_path / "dev/input/by-id").mkdir(parents=True)
    for event in ("event0", "event7"):
        (tmp_path / "dev/input" / event).touch()
    (tmp_path / "dev/input/by-id/usb-example").symlink_to("../event7")
    return tmp_path


@pytest.mark.parametrize(
    "wanted",
    [{}, {"name": "Example Touch"}, {"device": "/dev/input/by-id/usb-example"}, {"device": "/dev/input/event7"}],
)
def test_the_configured_touch_panel_is_found(touch_root, wanted):
    panel = TouchPanel(**wanted, root=touch_root)
    panel.open(soon())
    assert panel.poll(soon()).state is DeviceState.ONLINE
    assert panel.identity().model == "Example Touch"


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"name": "Other Touch"}, "touch_panel.wrong_device"),
        ({"device": "/dev/input/event0"}, "touch_panel.wrong_device"),
        ({"device": "/dev/input/event9"}, "touch_panel.not_found"),
    ],
)
def test_another_panel_is_not_the_configured_one(touch_root, wanted, code):
    assert refused(TouchPanel(**wanted, root=touch_root).open) == code


def test_a_panel_that_is_unplugged_is_missed_and_found_again(touch_root):
    panel = TouchPanel(root=touch_root)
    panel.open(soon())
    (touch_root / "sys/class/input/event7").rename(touch_root / "away")
    assert refused(panel.poll) == "touch_panel.not_found"
    (touch_root / "away").rename(touch_root / "sys/class/input/event7")
    assert panel.poll(soon()).state is DeviceState.ONLINE


@pytest.mark.parametrize("mask", ["", "not hexadecimal", "zz zz", "0"])
def test_nonsense_in_a_mask_is_no_panel(touch_root, mask):
    write(touch_root, {"sys/class/input/event7/device/capabilities/abs": mask})
    assert refused(TouchPanel(root=touch_root).open) == "touch_panel.not_found"


# ---- loudspeaker

CODEC = """Codec: Example
Node 0x02 [Audio Output] wcaps 0x41d: Stereo Amp-Out
  Amp-Out vals:  [0x57 0x57]
Node 0x14 [Pin Complex] wcaps 0x40058d: Stereo Amp-Out
  Amp-Out vals:  [{speaker} {speaker}]
  Pin Default 0x90170110: [Fixed] Speaker at Int N/A
Node 0x21 [Pin Complex] wcaps 0x40058d: Stereo Amp-Out
  Amp-Out vals:  [{headphone} {headphone}]
  Pin Default 0x0321101f: [Jack] HP Out at Ext Left
Node 0x18 [Pin Complex] wcaps 0x40058f: Stereo Amp-Out
  Amp-Out vals:  [0x80 0x80]
  Pin Default 0x01a19030: [Jack] Mic at Ext Rear
"""


def sound(root, speaker="0x00", headphone="0x80"):
    write(
        root,
        {
            "sys/class/sound/card0/id": "HDMI\n",
            "sys/class/sound/pcmC0D0c/dev": "116:1\n",
            "sys/class/sound/card1/id": "PCH\n",
            "sys/class/sound/pcmC1D0p/dev": "116:2\n",
            "proc/asound/card1/codec#0": CODEC.format(speaker=speaker, headphone=headphone),
        },
    )
    return root


@pytest.mark.parametrize("card", ["", "PCH", "1"])
def test_a_card_that_plays_is_found(tmp_path, card):
    speaker = Loudspeaker(card, root=sound(tmp_path))
    speaker.open(soon())
    assert speaker.poll(soon()).state is DeviceState.ONLINE
    assert speaker.identity().model == "PCH"


@pytest.mark.parametrize("card", ["HDMI", "0", "2"])
def test_a_card_that_cannot_play_or_is_not_there_is_missed(tmp_path, card):
    assert refused(Loudspeaker(card, root=sound(tmp_path)).open) == "loudspeaker.not_found"


def test_no_sound_at_all(tmp_path):
    assert refused(Loudspeaker(root=tmp_path).open) == "loudspeaker.not_found"


def test_muted_is_only_what_is_muted_at_every_outlet(tmp_path):
    speaker = Loudspeaker(root=sound(tmp_path))
    assert codes(speaker.poll(soon())) == []
    sound(tmp_path, speaker="0x80")
    assert codes(speaker.poll(soon())) == ["loudspeaker.muted"]
    (tmp_path / "proc/asound/card1/codec#0").unlink()  # no codec that tells: nothing is concluded
    assert codes(speaker.poll(soon())) == []


class Listener:
    def __init__(self, answer):
        self.answer, self.cancel, self.told = answer, Event(), []

    def instruct(self, code, about=""):
        self.told.append(code)
        return self.cancel

    def confirm(self, code, picture=b"", about=""):
        self.told.append(code)
        return self.answer


@pytest.fixture
def player(tmp_path, monkeypatch):
    """A program in ``aplay``'s place that keeps what it is given."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "aplay"
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/said\ncat > {tmp_path}/played\n', encoding="ascii")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return program


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [(Answer.YES, CheckOutcome.PASS), (Answer.NO, CheckOutcome.FAIL), (Answer.UNABLE, CheckOutcome.SKIP)],
)
def test_a_tone_is_played_and_asked_for(tmp_path, player, answer, outcome):
    listener = Listener(answer)
    (check,) = Loudspeaker(root=sound(tmp_path)).guided_test(listener, Deadline.after(60))
    assert (check.outcome, listener.told) == (outcome, ["selftest.listen", "selftest.is_tone_heard"])
    assert (tmp_path / "played").read_bytes() == tone()
    assert "plughw:1" in (tmp_path / "said").read_text(encoding="ascii")


def test_a_player_that_fails_is_told_and_no_player_is_skipped(tmp_path, player, monkeypatch):
    player.write_text("#!/bin/sh\necho 'device is busy' >&2\nexit 1\n", encoding="ascii")
    speaker = Loudspeaker(root=sound(tmp_path))
    (check,) = speaker.guided_test(Listener(Answer.YES), Deadline.after(60))
    assert (check.outcome, check.fault.code, check.fault.evidence) == (
        CheckOutcome.FAIL,
        "loudspeaker.silent",
        "device is busy",
    )
    monkeypatch.setattr(loudspeaker_module, "shutil", SimpleNamespace(which=lambda _name: None))
    (check,) = speaker.guided_test(Listener(Answer.YES), Deadline.after(60))
    assert (check.outcome, check.fault.code) == (CheckOutcome.SKIP, "loudspeaker.no_player")


def test_the_tone_is_a_second_of_sound():
    assert tone()[:4] == b"RIFF"
    assert len(tone()) == 44 + 2 * 22050


# ---- clock


@pytest.mark.parametrize(
    ("synchronised", "error", "now", "expected"),
    [
        (True, 0.01, NOW, []),
        (False, 16.0, NOW, ["clock.not_synchronised"]),
        (True, 9.0, NOW, ["clock.not_synchronised"]),
        (True, 0.01, 0.0, ["clock.wrong"]),
    ],
)
def test_the_clock(synchronised, error, now, expected):
    clock = Clock(lambda: KernelClock(synchronised, error), lambda: now)
    clock.open(soon())
    assert codes(clock.poll(soon())) == expected


def test_a_wrong_clock_is_told_with_its_date():
    (fault,) = Clock(lambda: KernelClock(True, 0.01), lambda: 946_684_800.0).poll(soon()).faults
    assert fault.evidence == "2000-01-01"


def refuse():
    raise PermissionError(1, "no")


def test_where_the_kernel_may_not_be_asked_the_time_daemon_says_it(tmp_path):
    clock = Clock(refuse, lambda: NOW, tmp_path)
    assert refused(clock.open) == "clock.unknown"  # another daemon's machine, or none
    (tmp_path / "run/systemd/timesync").mkdir(parents=True)
    assert codes(clock.poll(soon())) == ["clock.not_synchronised"]
    (tmp_path / "run/systemd/timesync/synchronized").touch()
    assert codes(clock.poll(soon())) == []


def test_this_machines_kernel_can_be_asked_and_agrees_with_itself():
    found = ask_kernel()
    assert isinstance(found.synchronised, bool)
    assert 0 <= found.largest_error < 1e6


# ---- storage


def disk(free_mb, files=100_000, flags=0):
    return SimpleNamespace(
        f_bavail=free_mb * 256,
        f_frsize=4096,
        f_blocks=256 * 100_000,
        f_files=files and 10**6,
        f_favail=files,
        f_flag=flags,
    )


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (disk(5000), []),
        (disk(900), ["storage.nearly_full"]),
        (disk(100), ["storage.full"]),
        (disk(5000, files=10), ["storage.full"]),
        (disk(5000, files=0), []),  # a file system that does not count files
        (disk(5000, flags=os.ST_RDONLY), ["storage.read_only"]),
    ],
)
def test_room_on_the_disk(tmp_path, found, expected):
    storage = Storage(tmp_path, ask=lambda _path: found)
    assert codes(storage.poll(soon())) == expected


@pytest.mark.parametrize(
    ("found", "evidence"),
    [
        (disk(100), "less than 200 MB free"),
        (disk(5000, files=10), "fewer than 1000 files can be made"),
        (disk(100, files=10), "less than 200 MB free"),
    ],
)
def test_a_full_disk_says_what_it_lacks(tmp_path, found, evidence):
    (fault,) = Storage(tmp_path, ask=lambda _path: found).poll(soon()).faults
    assert (fault.code, fault.evidence) == ("storage.full", evidence)


def test_a_disk_that_fills_slowly_is_told_once(tmp_path):
    first = Storage(tmp_path, ask=lambda _path: disk(900)).poll(soon()).faults
    assert Storage(tmp_path, ask=lambda _path: disk(890)).poll(soon()).faults == first


def test_this_machines_disk_and_one_that_is_not_there(tmp_path):
    Storage(tmp_path).open(soon())
    assert refused(Storage(tmp_path / "gone").open) == "storage.not_found"


# ---- temperature


def warm(root, *celsius):
    write(root, {f"sys/class/thermal/thermal_zone{i}/temp": f"{value * 1000:.0f}\n" for i, value in enumerate(celsius)})


def test_the_hottest_sensor_counts_and_nonsense_does_not(tmp_path):
    warm(tmp_path, 40, -273.2, 200)
    write(tmp_path, {"sys/class/hwmon/hwmon0/temp1_input": "55500\n", "sys/class/hwmon/hwmon0/temp2_input": "N/A\n"})
    assert Temperature(root=tmp_path).celsius(soon()) == 55.5


def test_a_fault_ends_only_some_degrees_below_where_it_began(tmp_path):
    thermometer = Temperature(75, 90, root=tmp_path)
    told = []
    for celsius in (60, 75, 71, 69, 91, 86, 84, 71, 69):
        warm(tmp_path, celsius)
        told.append("".join(codes(thermometer.poll(soon()))).removeprefix("temperature."))
    assert told == ["", "high", "high", "", "too_hot", "too_hot", "high", "high", ""]


@pytest.mark.parametrize("text", ["", "warm", "nan", "1e400", "\0"])
def test_no_sensor_that_can_be_read(tmp_path, text):
    assert refused(Temperature(root=tmp_path).open) == "temperature.not_found"
    write(tmp_path, {"sys/class/thermal/thermal_zone0/temp": text})
    assert refused(Temperature(root=tmp_path).open) == "temperature.not_found"


def test_the_self_test_warns_of_heat_and_fails_without_sensors(tmp_path):
    warm(tmp_path, 95)
    thermometer = Temperature(root=tmp_path)
    assert [(check.name, check.outcome) for check in thermometer.self_test(soon())] == [
        ("there", CheckOutcome.PASS),
        ("too_hot", CheckOutcome.WARN),
    ]
    (check,) = Temperature(root=tmp_path / "absent").self_test(soon())
    assert (check.outcome, check.fault.code) == (CheckOutcome.FAIL, "temperature.not_found")
