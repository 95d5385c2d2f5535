"""The receipt printer on the bench: a virtual printer that is unplugged, cut off, muted, made late or noisy at any byte."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from random import Random
from threading import Event, Timer

from drivers.base import Deadline
from drivers.conformance.bench import Bench, Disturbance, Operation
from drivers.escpos.printer import EscPosPrinter
from drivers.print_outcome import PrintOutcome
from drivers.receipt_printer import Cut, PrintResult, ReceiptDocument, Text, Ticket
from drivers.sim.babble import Babble
from drivers.sim.benches.people import RESIDENTS
from drivers.sim.printer import VirtualPrinter
from drivers.sim.printer_models import MODELS

_FONTS = Path(__file__).resolve().parents[3] / "assets" / "fonts"
_LATEST_SECONDS = 0.4
_LINES = 6


class PrinterBench(Bench):
    """An ESC/POS printer of one profile behind TCP or a pseudo terminal; each job says on paper which it is."""

    device_class = "receipt_printer"
    personal = (RESIDENTS[0].name, RESIDENTS[0].number)

    def __init__(self, line: str, profile: str) -> None:
        self.name = f"escpos_{line}" if profile == "epson" else f"escpos_{line}_{profile}"
        self._line = line
        self._profile = profile
        self._number = 0
        self._late: Timer | None = None
        self._babble = Babble()

    def start(self) -> None:
        """Switch the printer on."""
        self._directory = Path(tempfile.mkdtemp(prefix="bench"))
        self._virtual = VirtualPrinter(_FONTS, model=self._profile)
        self._virtual.engine.heard = self.steps.take
        on_pty = self._line == "serial"
        self._address = self._virtual.start_pty(self._directory / "printer") if on_pty else self._virtual.start_tcp()

    def stop(self) -> None:
        """Switch it off."""
        self.calm()
        self._virtual.stop()
        shutil.rmtree(self._directory)

    def make(self) -> EscPosPrinter:
        """Return a driver for the printer, on new paper: nothing of an earlier job is in the printer."""
        self._virtual.power_cut()
        self._virtual.engine.new_roll()
        self._virtual.plug()
        return EscPosPrinter(self._address, font_directory=_FONTS, profile=self._profile)

    def make_absent(self) -> EscPosPrinter:
        """Return a driver for a port at which nothing is."""
        return EscPosPrinter(f"serial://{self._directory}/absent", font_directory=_FONTS, profile=self._profile)

    @property
    def operations(self) -> Mapping[str, Operation]:
        """Print, and with a presenter draw back what waits in it."""
        return {"print": self._print} | ({"retract": self._retract} if MODELS[self._profile].presents else {})

    @property
    def disturbances(self) -> frozenset[Disturbance]:
        """All there are."""
        return frozenset(Disturbance)

    def prepare(self, operation: str) -> None:
        """Take away what the presenter holds out, or put something there."""
        with self._virtual.engine.changed:
            self._virtual.take_ticket()
            if operation == "retract":
                self._virtual.engine.waiting = 0

    def disturb(self, disturbance: Disturbance, random: Random) -> None:
        """Let it happen as this byte of a question or of a job arrives."""
        virtual, noise = self._virtual, random.randbytes(random.randint(1, 40))
        match disturbance:
            case Disturbance.UNPLUG:
                random.choice((virtual.unplug, virtual.power_cut))()
            case Disturbance.MUTE:
                virtual.set_mute(True)
            case Disturbance.LATE:
                virtual.engine.hold_answers()
                self._late = Timer(random.uniform(0.01, _LATEST_SECONDS), virtual.engine.release_answers)
                self._late.start()
            case Disturbance.PARTIAL:
                virtual.engine.shorten_next_answer(random.random())
            case Disturbance.GARBAGE:
                virtual.babble(noise)
            case Disturbance.BABBLE:
                self._babble.start(virtual.babble, noise)
            case Disturbance.HANG:
                virtual.set_hung(True)

    def calm(self) -> None:
        """Make the printer well, and let late answers come."""
        engine = self._virtual.engine
        engine.clear_schedule()
        self._babble.stop()
        late, self._late = self._late, None
        if late is not None:
            late.cancel()
            late.join()
        engine.release_answers()
        self._virtual.set_mute(False)
        self._virtual.set_hung(False)
        self._virtual.plug()

    def judge(self, operation: str, result: object, disturbed: bool) -> str:
        """Compare what the driver says with the paper."""
        if operation == "retract":
            return self._judge_retract(result, disturbed)
        if not isinstance(result, PrintResult):
            return f"print returned {result!r}"
        engine = self._virtual.engine
        with engine.changed:
            sheets = [sheet.lines for sheet in engine.paper.sheets]
            hanging = engine.paper.unfinished_lines
        first, last = _marks(self._number)
        whole = sum(first in lines and last in lines for lines in sheets)
        twice = [
            line for line, count in Counter(line for lines in (*sheets, hanging) for line in lines).items() if count > 1
        ]
        mixed = any(sum(line.startswith("begin") for line in lines) > 1 for lines in sheets)
        begun = any(first in lines for lines in (*sheets, hanging))
        if not disturbed and result.outcome is not PrintOutcome.PRINTED:
            return f"an undisturbed print ended {result}"
        if result.outcome is PrintOutcome.PRINTED and whole != 1:
            return f"printed, it says, and {whole} whole receipts came out"
        if result.outcome is PrintOutcome.NOT_PRINTED and begun:
            return "not printed, it says, and something came out"
        if any(line.startswith(("begin", "end")) for line in twice):
            return f"printed twice: {twice}"
        return "two receipts on one piece of paper" if mixed else ""

    def _judge_retract(self, result: object, disturbed: bool) -> str:
        waits = self._virtual.engine.waiting is not None
        if result is Ticket.RETRACTED and waits:
            return "drawn back, it says, and the ticket waits in the output"
        return "" if disturbed or result is Ticket.RETRACTED else f"an undisturbed retract ended {result!r}"

    def _print(self, device: EscPosPrinter, deadline: Deadline, cancel: Event) -> PrintResult:
        del cancel
        self._number += 1
        first, last = _marks(self._number)
        who = Text(" ".join(self.personal))
        document = ReceiptDocument(
            (Text(first), who, *(Text(f"第{line}行") for line in range(_LINES)), Text(last), Cut())
        )
        return device.print(document, f"{self._number % 10000:04d}", deadline)

    def _retract(self, device: EscPosPrinter, deadline: Deadline, cancel: Event) -> Ticket:
        del cancel
        return device.retract(deadline)


def _marks(number: int) -> tuple[str, str]:
    return f"begin {number}", f"end {number}"
