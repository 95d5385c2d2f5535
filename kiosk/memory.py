"""Keeps a process that runs for months, with many threads, from holding ever more memory that nothing uses."""

from __future__ import annotations

import ctypes

ARENAS = 2
_M_ARENA_MAX = -8
"""malloc.h of glibc."""


def keep_few_arenas() -> None:
    """Let all threads share a few of malloc's arenas; call it before any thread is started.

    glibc makes up to eight for each processor, and each keeps what was freed in it: a photograph decoded once in each of them
    is held as often. Threads that read cards and wait for printers gain nothing by it. Does nothing with another C library.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, ARENAS)
