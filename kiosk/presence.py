"""What follows from somebody standing there or not: a sensor is believed only as long as nothing speaks against it."""

from __future__ import annotations


class Presence:
    """What the sensor said, and since when. All times are monotonic seconds; the sensor says None when it cannot be asked."""

    def __init__(self, walked_away_after: float, sleep_after: float) -> None:
        """``sleep_after`` 0: the screen never sleeps."""
        self._walked_away_after = walked_away_after
        self._sleep_after = sleep_after
        self._present: bool | None = None
        self._was_seen = False
        self._absent_since = 0.0

    def seen(self, present: bool | None, now: float) -> None:
        """Take note of what the sensor says."""
        if present is None:
            self._was_seen = False
        elif present:
            self._was_seen = True
        elif self._present is not False:
            self._absent_since = now
        self._present = present

    def touched(self, now: float) -> None:
        """Somebody touches the glass. A sensor that sees nobody then is not believed until it sees somebody."""
        self._absent_since = now
        if self._present is False:
            self._was_seen = False

    def walked_away(self, now: float) -> bool:
        """Whether somebody was there and is not any more, for long enough."""
        return self._present is False and self._was_seen and now - self._absent_since >= self._walked_away_after

    def asleep(self, now: float) -> bool:
        """Whether nobody has been there for so long that the screen need not shine."""
        return self._present is False and 0 < self._sleep_after <= now - self._absent_since


class Fan:
    """On from one temperature, off only below another, so that it does not start and stop all the time."""

    def __init__(self, on_from: float, off_below: float) -> None:
        self._on_from = on_from
        self._off_below = off_below
        self.on = False

    def feel(self, celsius: float) -> None:
        """Take note of the temperature."""
        self.on = celsius >= (self._off_below if self.on else self._on_from)
