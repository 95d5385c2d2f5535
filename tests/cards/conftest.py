"""One invented holder for each of the four cards."""

from __future__ import annotations

import pytest
from invented_people import documents

from drivers.card_reader import DocumentKind, IdentityDocument


@pytest.fixture(params=list(documents()))
def document(request: pytest.FixtureRequest) -> IdentityDocument:
    return documents()[request.param]


@pytest.fixture
def resident() -> IdentityDocument:
    return documents()[DocumentKind.RESIDENT]


@pytest.fixture
def of_kind() -> dict[DocumentKind, IdentityDocument]:
    return documents()
