"""The serial scanner over a real pty."""

from __future__ import annotations

import select
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Timer

import pytest

from drivers.base import CheckOutcome, Deadline, DeviceState, DriverError
from drivers.qr_scanner import QrPayload, QrRefused
from drivers.serial_scanner.framing import FRAMINGS, CodeSplitter, Framing
from drivers.serial_scanner.scanner import SerialQrScanner
from drivers.sim.serial_scanner import VirtualSerialScanner

FAR = 20.0
SOON = 0.1


@dataclass
class HandClock:
    """A clock that only moves when told."""

    at: float = 100.0

    def __call__(self) -> float:
        return self.at


@dataclass
class Bench:
    """A virtual scanner, the driver reading it, and a clock for repetitions."""

    virtual: VirtualSerialScanner
    scanner: SerialQrScanner
    clock: HandClock
    never: Event = field(default_factory=Event)

    def scan(self, seconds: float = FAR) -> QrPayload | QrRefused | None:
        return self.scanner.scan(Deadline.after(seconds), self.never)

    def wait_arrived(self) -> None:
        """Wait until something that was sent has come through the kernel."""
        poller = select.poll()
        poller.register(self.scanner._line._descriptor(), select.POLLIN)
        assert poller.poll(FAR * 1000)

    def scan_while(self, act: Callable[[], None], seconds: float = FAR) -> QrPayload | QrRefused | None:
        """Scan, and act once the scanner is known to listen."""
        reading = Event()
        inner = self.scanner._line.read

        def read(deadline: Deadline, cancel: Event | None = None) -> bytes:
            if not reading.is_set():
                reading.set()
                act()
            return inner(deadline, cancel)

        self.scanner._line.read = read  # type: ignore[method-assign]
        try:
            return self.scan(seconds)
        finally:
            self.scanner._line.read = inner  # type: ignore[method-assign]


@pytest.fixture
def make_bench(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    benches: list[Bench] = []

    def make(framing: Framing = "cr", gap_seconds: float = 5.0, byte_seconds: float = 0.0) -> Bench:
        virtual = VirtualSerialScanner(tmp_path / f"scanner{len(benches)}", framing, byte_seconds)
        virtual.start()
        clock = HandClock()
        scanner = SerialQrScanner(
            str(virtual.path),
            framing,
            repeat_seconds=2.0,
            gap_seconds=gap_seconds,
            clock=clock,
            now=lambda: 1700000000.0,
        )
        scanner.open(Deadline.after(FAR))
        benches.append(Bench(virtual, scanner, clock))
        return benches[-1]

    yield make
    for bench in benches:
        bench.scanner.close()
        bench.virtual.stop()


@pytest.fixture
def bench(make_bench: Callable[..., Bench]) -> Bench:
    return make_bench()


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_code_in_each_framing(make_bench: Callable[..., Bench], framing: Framing, encoding: str) -> None:
    bench = make_bench(framing)
    data = "办件 2024-001 𠮷".encode(encoding)
    got = bench.scan_while(lambda: bench.virtual.hold(data))
    assert got == QrPayload(data, "办件 2024-001 𠮷", "unknown", 1700000000.0)


@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_code_that_comes_in_small_pieces(make_bench: Callable[..., Bench], framing: Framing) -> None:
    bench = make_bench(framing, byte_seconds=1e-4)
    got = bench.scan_while(lambda: Timer(0.01, bench.virtual.hold, (b"SLOW" * 20,)).start())
    assert isinstance(got, QrPayload)
    assert got.text == "SLOW" * 20


def test_nothing_held_is_none_at_the_deadline(bench: Bench) -> None:
    assert bench.scan(SOON) is None
    assert bench.scan(0) is None


def test_cancel_ends_the_wait_promptly(bench: Bench) -> None:
    Timer(0.05, bench.never.set).start()
    limit = Deadline.after(FAR)
    assert bench.scanner.scan(limit, bench.never) is None
    assert limit.remaining() > FAR - 5


def test_what_was_scanned_before_is_dropped(bench: Bench) -> None:
    bench.virtual.hold(b"EARLY")
    bench.wait_arrived()
    got = bench.scan_while(lambda: bench.virtual.hold(b"ASKED FOR"))
    assert isinstance(got, QrPayload)
    assert got.text == "ASKED FOR"


def test_the_tail_of_a_code_that_began_before_is_dropped_with_its_head(bench: Bench) -> None:
    """Half a code was sent when scan was called: its second half alone must not pass for a code."""
    bench.virtual.send(b"HALF OF")
    bench.wait_arrived()
    got = bench.scan_while(lambda: bench.virtual.send(b" A CODE\rWHOLE\r"))
    assert isinstance(got, QrPayload)
    assert got.text == "WHOLE"


def test_a_partial_code_followed_by_silence_is_dropped(
    make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench(gap_seconds=0.05)
    clear = CodeSplitter.clear

    def clear_and_hold(splitter: CodeSplitter) -> None:
        clear(splitter)
        bench.virtual.hold(b"WHOLE")

    monkeypatch.setattr(CodeSplitter, "clear", clear_and_hold)
    got = bench.scan_while(lambda: bench.virtual.send(b"HALF"))
    assert isinstance(got, QrPayload)
    assert got.text == "WHOLE"


def test_a_code_is_accepted_once_not_thirty_times(bench: Bench) -> None:
    assert isinstance(bench.scan_while(lambda: bench.virtual.hold(b"CODE", times=30)), QrPayload)
    assert bench.scan(SOON) is None
    assert bench.scan_while(lambda: bench.virtual.hold(b"CODE", times=30), SOON) is None


def test_a_repetition_prolongs_the_sight_and_absence_ends_it(bench: Bench) -> None:
    assert isinstance(bench.scan_while(lambda: bench.virtual.hold(b"CODE")), QrPayload)
    for _ in range(3):
        bench.clock.at += 1.9
        assert bench.scan_while(lambda: bench.virtual.hold(b"CODE"), SOON) is None
    bench.clock.at += 2.0
    assert isinstance(bench.scan_while(lambda: bench.virtual.hold(b"CODE")), QrPayload)


def test_a_repetition_seen_while_nobody_asked_prolongs_the_sight(bench: Bench) -> None:
    assert isinstance(bench.scan_while(lambda: bench.virtual.hold(b"CODE")), QrPayload)
    bench.clock.at += 1.9
    bench.virtual.hold(b"CODE")
    assert bench.scan(SOON) is None
    bench.clock.at += 1.9
    assert bench.scan_while(lambda: bench.virtual.hold(b"CODE"), SOON) is None


def test_another_code_is_accepted_at_once(bench: Bench) -> None:
    assert isinstance(bench.scan_while(lambda: bench.virtual.hold(b"ONE")), QrPayload)
    got = bench.scan_while(lambda: bench.virtual.send(b"ONE\rTWO\r"))
    assert isinstance(got, QrPayload)
    assert got.text == "TWO"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"x" * 4096, "code.too_long"),
        (b"\x81" * 4096, "code.too_long"),
        (b"\x1b@\x00", "code.control_characters"),
        (b"\xff\xfe\xfd", "code.not_text"),
    ],
)
@pytest.mark.parametrize("framing", FRAMINGS)
def test_rubbish_is_refused_once_and_the_next_code_works(
    make_bench: Callable[..., Bench], framing: Framing, data: bytes, code: str
) -> None:
    bench = make_bench(framing)
    refused = bench.scan_while(lambda: bench.virtual.hold(data))
    assert isinstance(refused, QrRefused)
    assert refused.code == code
    assert bench.scan_while(lambda: bench.virtual.hold(data), SOON) is None
    assert isinstance(bench.scan_while(lambda: bench.virtual.hold(b"GOOD")), QrPayload)


def test_every_byte_value_sixteen_times_over_is_refused(bench: Bench) -> None:
    assert isinstance(bench.scan_while(lambda: bench.virtual.hold(bytes(range(256)) * 16)), QrRefused)


def test_health_reset_and_self_test(bench: Bench) -> None:
    limit = Deadline.after(FAR)
    assert bench.scanner.poll(limit).state is DeviceState.ONLINE
    assert [check.outcome for check in bench.scanner.self_test(limit)] == [CheckOutcome.PASS]
    assert isinstance(bench.scan_while(lambda: bench.virtual.hold(b"CODE")), QrPayload)
    bench.scanner.reset(limit)
    assert isinstance(bench.scan_while(lambda: bench.virtual.hold(b"CODE")), QrPayload)


def test_unplugged_and_plugged_in_again(bench: Bench) -> None:
    limit = Deadline.after(FAR)
    for _ in range(2):
        Timer(0.05, bench.virtual.unplug).start()
        with pytest.raises(DriverError) as raised:
            bench.scan()
        assert raised.value.fault.code == "code_scanner.not_found"
        with pytest.raises(DriverError):
            bench.scanner.poll(limit)
        (check,) = bench.scanner.self_test(limit)
        assert check.outcome is CheckOutcome.FAIL
        bench.scanner.close()
        with pytest.raises(DriverError):
            bench.scanner.open(limit)
        bench.virtual.plug()
        bench.scanner.open(limit)
        bench.clock.at += 10
        assert isinstance(bench.scan_while(lambda: bench.virtual.hold(b"AGAIN")), QrPayload)


def test_the_scanner_keeps_no_code_in_memory(bench: Bench) -> None:
    got = bench.scan_while(lambda: bench.virtual.hold(b"PERSONAL TOKEN"))
    assert isinstance(got, QrPayload)
    assert "PERSONAL" not in repr(got)
    assert "PERSONAL" not in repr(vars(bench.scanner)) + repr(vars(bench.scanner._splitter))
