"""The suite itself: an answer that was right once, or belongs to another question, is found."""

from __future__ import annotations

import threading

from toy_driver import Toy, ToyBench, found_in_some, run

from drivers.base import Deadline, DriverError, Health
from drivers.conformance.case import Kind


def test_an_answer_from_memory_is_found() -> None:
    """It asked once, long ago, and has answered with that ever since."""

    class Remembers(Toy):
        remembered: int | None = None

        def count(self, deadline: Deadline, cancel: threading.Event) -> int | None:
            self.remembered = self.remembered or super().count(deadline, cancel)
            return self.remembered

    assert "and not" in run(Remembers, Kind.GOOD, "count")


def test_the_last_good_answer_of_a_device_that_is_silent_now_is_found() -> None:
    """What one citizen showed must not become the next one's."""

    class LastGood(Toy):
        last: int | None = None
        health: Health | None = None

        def count(self, deadline: Deadline, cancel: threading.Event) -> int | None:
            try:
                self.last = super().count(deadline, cancel)
            except DriverError:
                if self.last is None:
                    raise
            return self.last

        def poll(self, deadline: Deadline) -> Health:
            try:
                self.health = super().poll(deadline)
            except DriverError:
                if self.health is None:
                    raise
            return self.health

    assert any("and not" in wrong for wrong in found_in_some(LastGood, Kind.DISTURBED))
    assert found_in_some(LastGood, Kind.NOTICED, "poll") == {"poll says nothing of hardware that suffers mute, for 0 s"}


def test_the_last_number_given_where_there_is_none_now_is_found() -> None:
    class Cache(Toy):
        last: int | None = None

        def count(self, deadline: Deadline, cancel: threading.Event) -> int | None:
            self.last = super().count(deadline, cancel) or self.last
            return self.last

    assert any("and not" in wrong for wrong in found_in_some(Cache, Kind.IDLE))


def test_a_wrong_answer_is_not_forgiven_because_the_next_one_is_right() -> None:
    class FirstIsWrong(Toy):
        opened_again = False

        def open(self, deadline: Deadline) -> None:
            self.opened_again = self.is_open or self.lost
            super().open(deadline)

        lost = False

        def close(self) -> None:
            self.lost = self.lost or self.is_open
            super().close()

        def count(self, deadline: Deadline, cancel: threading.Event) -> int | None:
            number = super().count(deadline, cancel)
            if self.opened_again and number is not None:
                self.opened_again = False
                return number - 1
            return number

    assert any("and not" in wrong for wrong in found_in_some(FirstIsWrong, Kind.CLOSED))


def test_an_answer_to_the_question_before_is_found_also_where_no_poll_comes_between() -> None:
    class Late(Toy):
        """Its last answer comes when the next question is asked, whatever that is."""

        def __init__(self, bench: ToyBench, absent: bool = False) -> None:
            super().__init__(bench, absent)
            self.late: list[int] = []

        def count(self, deadline: Deadline, cancel: threading.Event) -> int | None:
            if self.late:
                return self.late.pop()
            number = super().count(deadline, cancel)
            if number is not None and deadline.expired:
                self.late.append(number)
                return None
            return number

        def poll(self, deadline: Deadline) -> Health:
            self.late.clear()
            return super().poll(deadline)

    assert any("and not" in wrong for wrong in found_in_some(Late, Kind.HURRIED))
