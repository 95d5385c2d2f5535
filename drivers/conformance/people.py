"""The people before whom a guided test is made: one who does nothing, one who cannot do it, and one who gives up at once."""

from __future__ import annotations

from threading import Event

from drivers.operator import Answer


class Silent:
    """Does nothing, and cannot say how anything looks."""

    def __init__(self) -> None:
        self.cancel = Event()
        self._unable = Event()

    def instruct(self, code: str, about: str = "") -> Event:
        """Do nothing."""
        del code, about
        return self._unable

    def confirm(self, code: str, picture: bytes = b"", about: str = "") -> Answer:
        """Be unable to say."""
        del code, picture, about
        return Answer.UNABLE


class Unable(Silent):
    """Says so whatever is asked for."""

    def instruct(self, code: str, about: str = "") -> Event:
        """Say that it cannot be done."""
        self._unable.set()
        return self._unable


class GivesUp(Silent):
    """Walks away when asked for something."""

    def instruct(self, code: str, about: str = "") -> Event:
        """Walk away."""
        self.cancel.set()
        self._unable.set()
        return self._unable

    def confirm(self, code: str, picture: bytes = b"", about: str = "") -> Answer:
        """Walk away."""
        self.cancel.set()
        return Answer.UNABLE
