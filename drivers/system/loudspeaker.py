"""Is there a sound card to speak with, and is it not muted, as far as that can be known?"""

from __future__ import annotations

import io
import math
import re
import shutil
import struct
import subprocess
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

from drivers.base import Check, CheckOutcome, Deadline, DriverError, Fault
from drivers.operator import Answer, Operator
from drivers.system.files import read_text
from drivers.system.watched import Watched

TONE_SECONDS = 1.0
_TONE_HERTZ = 880
_RATE = 22050
_OUTLET = re.compile(r"Pin Default 0x\w+: \[\w+\] (Speaker|Line Out|HP Out)")
_AMPLIFIER = re.compile(r"Amp-Out vals:((?:\s*\[0x\w\w(?: 0x\w\w)?\])+)")
_MUTE = 0x80
"""The mute bit of an amplifier (Intel High Definition Audio 1.0a, section 7.3.3.7)."""


class Loudspeaker(Watched):
    """The sound card called ``card`` (its short name or number), or any that can play; all under ``root``.

    Muting is known only of HDA codecs, whose amplifiers are seen in /proc/asound, and only where that may be read (the service's
    own unit hides it); of other cards nothing is concluded.
    """

    device_class = "loudspeaker"
    driver = "loudspeaker"

    def __init__(self, card: str = "", root: Path = Path("/"), now: Callable[[], float] = time.time) -> None:
        super().__init__(now)
        self._wanted = card
        self._number = ""
        self._root = root

    def look(self, deadline: Deadline) -> tuple[Fault, ...]:
        """Find the card in /sys/class/sound and look at its amplifiers."""
        for number, name in cards(self._root, deadline):
            if not self._wanted or self._wanted in (number, name):
                self.model, self._number = name, number
                muted = self._is_muted(self._root / f"proc/asound/card{number}", deadline)
                return (Fault("loudspeaker.muted", evidence=f"card {number}"),) if muted else ()
        raise DriverError("loudspeaker.not_found", self._wanted)

    def guided_test(self, operator: Operator, deadline: Deadline) -> tuple[Check, ...]:
        """Play a tone and ask whether it was heard; skipped where there is no ``aplay``."""
        player = shutil.which("aplay")
        if player is None:
            return (Check("tone", CheckOutcome.SKIP, Fault("loudspeaker.no_player")),)
        if operator.cancel.is_set():
            return (Check("tone", CheckOutcome.SKIP),)
        self.look(deadline)
        operator.instruct("selftest.listen")
        try:
            played = subprocess.run(
                [player, "-q", "-D", f"plughw:{self._number}", "-"],
                input=tone(),
                capture_output=True,
                timeout=max(0.1, min(deadline.remaining(), TONE_SECONDS + 5)),
                check=False,
            )
        except (subprocess.TimeoutExpired, OSError) as error:
            return (Check("tone", CheckOutcome.FAIL, Fault("loudspeaker.silent", evidence=type(error).__name__)),)
        if played.returncode:
            said = played.stderr.decode("utf-8", "replace").strip()[-120:]
            return (Check("tone", CheckOutcome.FAIL, Fault("loudspeaker.silent", evidence=said)),)
        answer = operator.confirm("selftest.is_tone_heard")
        if answer is Answer.NO:
            return (Check("tone", CheckOutcome.FAIL, Fault("loudspeaker.silent")),)
        return (Check("tone", CheckOutcome.PASS if answer is Answer.YES else CheckOutcome.SKIP),)

    def _is_muted(self, folder: Path, deadline: Deadline) -> bool:
        """Whether outlets are known, and every amplifier of every one is muted."""
        amplifiers: list[int] = []
        for codec in sorted(folder.glob("codec#*")):
            text = read_text(codec, "loudspeaker.not_found", deadline)
            for node in text.split("\nNode ")[1:]:
                values = _AMPLIFIER.search(node)
                if values is not None and _OUTLET.search(node):
                    amplifiers += [int(value, 16) for value in re.findall(r"0x(\w\w)", values[1])]
        return bool(amplifiers) and all(value & _MUTE for value in amplifiers)


def cards(root: Path, deadline: Deadline) -> Iterator[tuple[str, str]]:
    """Give the number and the short name of every card that can play. Raises ``DriverError`` for one that went away."""
    sound = root / "sys/class/sound"
    for folder in sorted(sound.glob("card[0-9]*")):
        number = folder.name.removeprefix("card")
        name = read_text(folder / "id", "loudspeaker.not_found", deadline).strip()
        if any(sound.glob(f"pcmC{number}D*p")):
            yield number, name


def tone() -> bytes:
    """Return a second of a tone that swells and fades, as a WAV file."""
    count = round(_RATE * TONE_SECONDS)
    samples = (
        round(12000 * math.sin(math.pi * i / count) * math.sin(2 * math.pi * _TONE_HERTZ * i / _RATE))
        for i in range(count)
    )
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(_RATE)
        sound.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return file.getvalue()
