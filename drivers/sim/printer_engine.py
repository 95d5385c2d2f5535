"""What a virtual printer does with bytes: buffer, status, answers and faults, behind whatever line they come over."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Condition, RLock, Thread

from drivers.sim.paper import Paper
from drivers.sim.printer_condition import PrinterCondition
from drivers.sim.printer_lexer import CLEAR_BUFFERS, CUT, INITIALISE, REAL_TIME, Command, Lexer
from drivers.sim.printer_models import MODELS

_XOFF, _XON = b"\x13", b"\x11"
_STOP_WAIT_SECONDS = 5.0
_RETRACT = 0x52
"""What FS P says shall become of a ticket after its time: drawn back. 45: let go."""


_CONFIRMATIONS = (b"\x1d(H", b"\x1dr", b"\x1da", b"\x1dG", b"\x1cP")
"""What stands behind the cut and is still a part of the job: what confirms it, presents it, and has changes told again."""


@dataclass(frozen=True)
class Scheduled:
    """An action that is due once so many bytes are accepted, or so many lines printed."""

    count: int
    action: Callable[[], None]


class PrinterEngine(PrinterCondition):
    """A printer without a line. ``answer`` sends bytes to the host. All methods may come from any thread.

    Real-time commands are seen as they arrive, ahead of the buffer and inside image data too. The mechanism prints
    ``lines_per_second`` (0: at once) from a buffer of ``buffer_bytes``. ``model`` is a key of ``MODELS``.
    """

    def __init__(
        self,
        font_directory: Path,
        answer: Callable[[bytes], None],
        *,
        buffer_bytes: int = 4096,
        lines_per_second: float = 0.0,
        model: str = "epson",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self.model = MODELS[model]
        self.changed = Condition(RLock())
        self.accepted = bytearray()
        self.jobs: list[bytes] = []
        self.paper = Paper(font_directory, self.model.dots, self.model.gb2312_only)
        self.taken: list[int] = []
        self.retracted: list[int] = []
        self.dropped: list[int] = []
        self.taken_at_once = False
        """Whether somebody stands there and takes each piece that is held out."""
        self.mute = False
        self.hung = False
        self.flow_control = False
        self.on_paper: Callable[[bytes], None] | None = None
        self.heard: Callable[[], None] = lambda: None
        """Called with each byte, before it is taken."""
        self._answer = answer
        self._buffer_bytes = buffer_bytes
        self._lines_per_second = lines_per_second
        self._clock = clock
        self._lexer = Lexer()
        self._tail = b""
        self._by_itself: tuple[float, list[int]] | None = None
        """When the ticket that waits goes by itself, and where."""
        self._queue: deque[Command] = deque()
        self._queued_bytes = 0
        self._job = bytearray()
        self._behind_cut = False
        self._held: list[bytes] | None = None
        self._next_answer_share: float | None = None
        self._asked_unasked = 0
        self._block_id = b""
        self._host_stopped = False
        self._at_bytes: list[Scheduled] = []
        self._at_lines: list[Scheduled] = []
        self._schedule = 0
        self._acting = RLock()
        self._not_before = 0.0
        self._stopping = False
        self._mechanism = Thread(target=self._print_on, name="virtual printer", daemon=True)
        self._mechanism.start()

    def stop(self) -> None:
        """End the mechanism's thread."""
        with self.changed:
            self._stopping = True
            self.changed.notify_all()
        self._mechanism.join(_STOP_WAIT_SECONDS)

    # ---- the line's side

    def receive(self, data: bytes, connected: Callable[[], bool]) -> None:
        """Take bytes from the line, waiting for room in the buffer; the rest is lost once ``connected`` says no."""
        taken = 0
        while taken < len(data):
            with self.changed:
                self.changed.wait_for(lambda: self._has_room or not self._wanted(connected))
                if not self._wanted(connected):
                    return
                due: list[Scheduled] = []
                while taken < len(data) and self._has_room and not due:
                    self.heard()
                    if not (self._has_room and self._wanted(connected)):
                        break
                    self._accept(data[taken])
                    taken += 1
                    due = _due(self._at_bytes, len(self.accepted))
                schedule = self._schedule
                self._control_flow()
                self.changed.notify_all()
            self._act(due, schedule)

    @property
    def _has_room(self) -> bool:
        return self._queued_bytes < self._buffer_bytes and not self.hung

    def _wanted(self, connected: Callable[[], bool]) -> bool:
        return not self._stopping and connected()

    def _accept(self, value: int) -> None:
        self.accepted.append(value)
        self._tail = (self._tail + bytes((value,)))[-len(CLEAR_BUFFERS) :]
        if self._tail == CLEAR_BUFFERS and self.model.clears_buffers:
            self._lose_job()
            self.answer(b"\x37\x25\x00")
            return
        if self._tail[-3:-1] == b"\x10\x04" and 1 <= value <= 4:
            self.answer(self.real_time_status(value))
        elif self._tail[-3:] == b"\x10\x04\x14" and self.model.full_status:
            self.let_time_pass()
            self.answer(self.full_status())
        for command in self._lexer.feed(value):
            if command.code == REAL_TIME:
                continue
            if command.code == INITIALISE:
                self._job.clear()
            self._queue.append(command)
            self._queued_bytes += len(command.raw)
            if self._behind_cut and command.code in _CONFIRMATIONS:
                self.jobs[-1] += command.raw
                continue
            self._job += command.raw
            self._behind_cut = command.code == CUT
            if self._behind_cut:
                self.jobs.append(bytes(self._job))
                self._job.clear()

    def forget(self) -> None:
        """Lose buffers and settings, as in a power cut; paper stays as it is."""
        with self.changed:
            self._asked_unasked = 0
            self._block_id = b""
            self._lose_job()

    def _lose_job(self) -> None:
        with self.changed:
            self._queue.clear()
            self._queued_bytes = 0
            self._lexer.reset()
            self._job.clear()
            self._behind_cut = False
            self._tail = b""
            self.paper.forget()
            self._control_flow()
            self.changed.notify_all()

    def answer(self, data: bytes) -> None:
        """Send to the host, with whatever is wrong with answers just now."""
        with self.changed:
            if self.mute:
                return
            if self._next_answer_share is not None:
                data, self._next_answer_share = data[: int(len(data) * self._next_answer_share)], None
            if self._held is not None:
                self._held.append(data)
                return
        if data:
            self._answer(data)

    def _control_flow(self) -> None:
        if not self.flow_control:
            return
        if not self._host_stopped and self._queued_bytes > self._buffer_bytes * 3 // 4:
            self._host_stopped = True
            self._answer(_XOFF)
        elif self._host_stopped and self._queued_bytes < self._buffer_bytes // 4:
            self._host_stopped = False
            self._answer(_XON)

    # ---- faults

    def hold_answers(self) -> None:
        """Keep answers back until ``release_answers``."""
        with self.changed:
            self._held = []

    def release_answers(self) -> None:
        """Send the answers that were kept back, late."""
        with self.changed:
            held, self._held = self._held, None
        for data in held or ():
            self._answer(data)

    def shorten_next_answer(self, share: float) -> None:
        """Send only the first part of the next answer: nothing at 0, all but its last byte below 1."""
        with self.changed:
            self._next_answer_share = share

    def at_bytes(self, count: int, action: Callable[[], None]) -> None:
        """Do something once ``count`` bytes in all are accepted."""
        with self.changed:
            self._at_bytes.append(Scheduled(count, action))

    def at_lines(self, count: int, action: Callable[[], None]) -> None:
        """Do something once ``count`` lines in all are printed."""
        with self.changed:
            self._at_lines.append(Scheduled(count, action))

    def clear_schedule(self) -> None:
        """Forget what was to happen, and shorten no answer any more."""
        with self._acting, self.changed:
            self._schedule += 1
            self._at_bytes.clear()
            self._at_lines.clear()
            self._next_answer_share = None

    def _act(self, due: list[Scheduled], schedule: int) -> None:
        """Do what is due, unless the schedule was cleared since: nothing of it happens once ``clear_schedule`` returned."""
        for scheduled in due:
            with self._acting:
                if schedule == self._schedule:
                    scheduled.action()

    def new_roll(self) -> None:
        """Start afresh: paper is there, none hangs out or has come out, and no byte was ever taken."""
        with self.changed:
            self.forget()
            self.paper.tear_off()
            self.paper.sheets.clear()
            self.accepted.clear()
            self.jobs.clear()
            self.waiting = self.inside = self._by_itself = None
            for pile in (self.taken, self.retracted, self.dropped):
                pile.clear()

    def change(self, action: Callable[[], None]) -> None:
        """Change the condition; tells the host unasked when it wanted that (ASB)."""
        with self.changed:
            before = self.automatic_status()
            action()
            self.changed.notify_all()
            after = self.automatic_status()
            wanted = self._asked_unasked and before != after
        if wanted:
            self.answer(after)

    # ---- the mechanism

    def _print_on(self) -> None:
        while True:
            with self.changed:
                while not self._stopping and not self._may_work():
                    pause = self._not_before - self._clock()
                    self.changed.wait(pause if self._queue and pause > 0 else None)
                if self._stopping:
                    return
                lines, sheets = self.paper.lines, len(self.paper.sheets)
                while self._may_work() and lines == self.paper.lines and sheets == len(self.paper.sheets):
                    command = self._queue.popleft()
                    self._queued_bytes -= len(command.raw)
                    self._execute(command)
                if self._lines_per_second:
                    self._not_before = self._clock() + (self.paper.lines - lines) / self._lines_per_second
                fresh = self.paper.sheets[sheets:]
                due = _due(self._at_lines, self.paper.lines)
                schedule = self._schedule
                self._control_flow()
                self.changed.notify_all()
            self._act(due, schedule)
            for sheet in fresh:
                if self.on_paper:
                    self.on_paper(sheet.png)

    def _may_work(self) -> bool:
        return bool(self._queue) and not self.offline and self._clock() >= self._not_before

    def _execute(self, command: Command) -> None:
        code, parameters = command.code, command.parameters
        model = self.model
        if code == b"\x1d(H" and model.process_ids and parameters[:2] == b"00":
            self.answer(b"\x37\x22" + parameters[2:6] + b"\x00")
        elif code == b"\x1dG" and model.job_blocks:
            if parameters[:1] == b"1":
                self._block_id = parameters[1:5]
            elif self._block_id:
                # Four status bytes that could be taken for answers: whoever reads them wrongly shall be found out.
                self.answer(b"\xff\x13" + self._block_id + b"\x12\x12\x12\x12")
                self._block_id = b""
        elif code == b"\x1dr":
            self.answer(bytes((self.sensors,)))
        elif code == b"\x1dI" and parameters[0] in model.identity:
            self.answer(b"\x5f" + model.identity[parameters[0]] + b"\x00")
        elif code == b"\x1da" and model.automatic_status:
            self._asked_unasked = parameters[0]
            if self._asked_unasked:
                self.answer(self.automatic_status())
        elif code == b"\x1de" and model.presents and parameters[0] in (2, 5):
            self.clear_output(self.retracted if parameters[0] == 2 else self.dropped, inside=True)
        elif code == b"\x1cP" and model.presents and self.inside is not None:
            self.waiting, self.inside = self.inside, None
            _, _, then, seconds = parameters
            into = self.retracted if then == _RETRACT else self.dropped
            self._by_itself = (self._clock() + seconds, into) if seconds else None
            if self.taken_at_once:
                self.clear_output(self.taken)
        else:
            if code == INITIALISE:
                self._asked_unasked = 0
            self.paper.execute(command)
            if model.presents and code == CUT:
                self.clear_output(self.dropped, inside=True)  # the next piece pushes it out
                self.inside = len(self.paper.sheets) - 1

    def clear_output(self, into: list[int], inside: bool = False) -> None:
        """Let the ticket that waits, if there is one, go into somebody's hand, back into the machine, or to the floor.

        ``inside``: the piece that is not held out yet as well.
        """
        with self.changed:
            self.let_time_pass()
            if self.waiting is not None:
                into.append(self.waiting)
            if inside and self.inside is not None:
                into.append(self.inside)
                self.inside = None
            self.waiting = self._by_itself = None
            self.changed.notify_all()

    def let_time_pass(self) -> None:
        """Clear the output by itself, if it is time: done whenever somebody asks or reaches for the ticket."""
        with self.changed:
            if self._by_itself is not None and self._clock() >= self._by_itself[0]:
                into, self._by_itself = self._by_itself[1], None
                self.clear_output(into)


def _due(schedule: list[Scheduled], count: int) -> list[Scheduled]:
    """Take out of the schedule what is due at ``count``."""
    due = [scheduled for scheduled in schedule if scheduled.count <= count]
    schedule[:] = [scheduled for scheduled in schedule if scheduled.count > count]
    return due
