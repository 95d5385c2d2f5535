"""Clears away what an interrupted job left in a printer, however slow its line: no later citizen gets the rest of it."""

from __future__ import annotations

from drivers.base import Deadline
from drivers.escpos import commands
from drivers.escpos.conversation import MOST_ANSWERS, QUEUED_ANSWERS, QUEUED_STATUS, Conversation
from drivers.escpos.profile import Profile

_MOST_LOOKS = 6
"""Looks without all answers after which they are taken for lost: with the terminal's polls, half a minute."""


class Clearing:
    """One printer's clearing, carried on from call to call: zeros, a reset, a cut, and questions that prove them done.

    The interrupted job asked questions as well, and their answers may come first, or never. So more are asked here than can
    be owed for earlier ones: once as many answers have come, one of them is to a question behind the cut, and the others
    to those follow it at once.
    """

    def __init__(self, conversation: Conversation, profile: Profile, longest_command: int) -> None:
        """Use an open ``conversation``; ``longest_command`` is how many bytes the command that was cut short may lack."""
        self._conversation = conversation
        self._clears_buffers = profile.clears_buffers
        # They end whatever command was cut short, and print as white or not at all.
        self._zeros = b"\x00" * longest_command
        retract = profile.presenter.retract if profile.presenter else b""
        # What is held out is drawn back first: the piece that is cut off would push it out.
        self._ending = commands.initialise() + retract + commands.cut(profile.cut) + retract
        self._owed = QUEUED_ANSWERS
        self._begun = False
        self._zeros_sent = self._asked = self._looks = 0

    def begin_anew(self) -> None:
        """Do not go on with what was sent so far: it is lost, or may be."""
        self._owed = min(self._owed + self._asked, MOST_ANSWERS - QUEUED_ANSWERS)
        self._begun = False
        self._zeros_sent = self._asked = self._looks = 0

    def go_on(self, ready: bool, deadline: Deadline) -> bool:
        """Do what can be done by the deadline; whether all is cleared away. Raises ``DriverError``."""
        if self._clears_buffers and not (self._begun and ready):
            self.begin_anew()
            self._conversation.clear_buffers(deadline)
        if not ready:
            return False
        if not self._begun:
            self._conversation.drain(deadline)
            self._begun = True
        return self._sent(deadline) and self._answered(deadline)

    def _sent(self, deadline: Deadline) -> bool:
        if self._zeros_sent < len(self._zeros):
            zeros = self._zeros[self._zeros_sent :]
            self._zeros_sent += self._send(zeros, deadline)
        if self._zeros_sent == len(self._zeros) and not self._asked:
            questions = self._owed // QUEUED_ANSWERS + 1
            ending = self._ending + self._conversation.watching + QUEUED_STATUS * questions
            sent = self._send(ending, deadline)
            self._asked = questions * QUEUED_ANSWERS if sent else 0
            if 0 < sent < len(ending):
                self.begin_anew()  # the terminal's next question would stand within a command
        return self._asked > 0

    def _send(self, data: bytes, deadline: Deadline) -> int:
        sent = self._conversation.send(data, deadline, "clear what was cut short")
        if sent.lost:
            raise sent.lost
        return sent.accepted

    def _answered(self, deadline: Deadline) -> bool:
        if not self._conversation.await_answers(self._asked, deadline):
            self._looks += 1
            if self._looks >= _MOST_LOOKS:
                self.begin_anew()
            return False
        # Those that were owed came first; as many of ours may still be on their way.
        if not self._conversation.drain(deadline):
            return False
        self._conversation.told(deadline)
        self.begin_anew()
        self._owed = QUEUED_ANSWERS
        return True
