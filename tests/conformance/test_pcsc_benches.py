"""The benches of PC/SC readers keep in step with the device: what it has not read yet is never taken away unseen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from drivers.base import Deadline
from drivers.card_reader import AccessKey, CardHandle, CardRefused, IdentityDocument
from drivers.conformance import suite
from drivers.conformance.bench import Bench
from drivers.conformance.case import Case, Kind
from drivers.pcsc.reader import PcscCardReader
from drivers.sim.benches.pcsc_reader import PcscBench
from drivers.sim.benches.travel_document import TravelDocumentBench


@pytest.fixture(scope="module", params=[PcscBench, TravelDocumentBench])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    with suite.started(request.param()) as started:
        yield started


def test_a_reader_closed_between_finding_a_card_and_reading_it_reads_the_next_one(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its card is known but not read, and so is offered for a moment longer than it lies there."""
    read, closed = PcscCardReader.read_identity, []

    def close_first(
        reader: PcscCardReader, handle: CardHandle, deadline: Deadline, key: AccessKey | None = None
    ) -> IdentityDocument | CardRefused:
        if not closed:
            closed.append(handle)
            reader.close()
        return read(reader, handle, deadline, key)

    monkeypatch.setattr(PcscCardReader, "read_identity", close_first)
    for operation in bench.operations:
        if operation.startswith("read"):
            closed.clear()
            finding = suite.run(Case(bench.name, 0, 0, Kind.CLOSE, operation), bench).finding
            assert finding is None, str(finding)
            assert closed
