"""A real driver on a virtual printer, over TCP or a pseudo terminal, and a bare page for the encoder's bytes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from printer_bench import FONTS, Bench, MakeBench, within

from drivers.escpos.dot_font import DotFont
from drivers.escpos.encode import ReceiptEncoder
from drivers.escpos.printer import EscPosPrinter
from drivers.sim.paper import Paper, Sheet
from drivers.sim.printer import VirtualPrinter
from drivers.sim.printer_lexer import Lexer


@pytest.fixture
def fonts() -> Path:
    return FONTS


@pytest.fixture(scope="session")
def encoder() -> ReceiptEncoder:
    return ReceiptEncoder(FONTS)


@pytest.fixture(scope="session")
def covers() -> Callable[[str], bool]:
    return DotFont(FONTS).covers


@pytest.fixture
def make_bench(tmp_path: Path) -> Iterator[MakeBench]:
    """Make an opened driver over ``line`` tcp or pty; everything is ended afterwards. ``clock`` is both sides'."""
    made: list[Bench] = []

    def make(line: str = "tcp", *, profile: str = "epson", **options: object) -> Bench:
        virtual = VirtualPrinter(FONTS, model=str(options.pop("model", profile)), **options)  # type: ignore[arg-type]
        address = virtual.start_tcp() if line == "tcp" else virtual.start_pty(tmp_path / f"printer{len(made)}")
        clock = options.get("clock", time.monotonic)
        driver = EscPosPrinter(address, font_directory=FONTS, profile=profile, monotonic=clock)  # type: ignore[arg-type]
        made.append(Bench(virtual, driver, address))
        driver.open(within(5.0))
        return made[-1]

    yield make
    for bench in made:
        bench.driver.close()
        bench.virtual.stop()


@pytest.fixture(params=["tcp", "pty"])
def bench(request: pytest.FixtureRequest, make_bench: MakeBench) -> Bench:
    return make_bench(request.param)


@pytest.fixture(scope="session")
def draw() -> Callable[[bytes], Sheet]:
    """Put bytes on paper as a printer would, without any line; the last piece, cut or not."""

    def drawn(data: bytes) -> Sheet:
        lexer, paper = Lexer(), Paper(FONTS)
        for value in data:
            for command in lexer.feed(value):
                paper.execute(command)
        return paper.sheets[-1] if paper.sheets else Sheet(paper.unfinished(), paper.unfinished_lines)

    return drawn
