"""A command that root runs leaves nothing behind that the terminal's own user cannot open."""

from __future__ import annotations

import os
from pathlib import Path


def give_to_owner(storage: Path, *places: Path) -> None:
    """Let what root wrote belong to the terminal's user, whose ``storage`` directory this is. Raises ``OSError``."""
    if os.geteuid() == 0:
        owner = storage.stat()
        for place in places:
            os.chown(place, owner.st_uid, owner.st_gid, follow_symlinks=False)
