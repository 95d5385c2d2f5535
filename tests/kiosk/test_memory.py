"""A process of many threads does not keep freed memory once for each of them."""

import re
import subprocess
import sys

import pytest

from kiosk.memory import ARENAS

PROGRAM = """
import ctypes, os, sys, threading
from kiosk.memory import keep_few_arenas
if sys.argv[1] == "few":
    keep_few_arenas()
c = ctypes.CDLL(None)
c.malloc.restype, c.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
together = threading.Barrier(24)
def work():
    together.wait(30)
    c.malloc(50_000)
    together.wait(30)
threads = [threading.Thread(target=work) for _ in range(24)]
for thread in threads: thread.start()
for thread in threads: thread.join()
c.fdopen.restype, c.fdopen.argtypes = ctypes.c_void_p, [ctypes.c_int, ctypes.c_char_p]
c.fflush.argtypes, c.malloc_info.argtypes = [ctypes.c_void_p], [ctypes.c_int, ctypes.c_void_p]
out = c.fdopen(os.dup(1), b"w")
c.malloc_info(0, out)
c.fflush(out)
"""


@pytest.mark.parametrize("few", [True, False])
def test_many_threads_share_a_few_arenas_of_malloc(few):
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, "few" if few else "as it is"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    arenas = len(re.findall("<heap nr=", ran.stdout))
    assert arenas == ARENAS if few else arenas > ARENAS, ran.stdout[:2000]
