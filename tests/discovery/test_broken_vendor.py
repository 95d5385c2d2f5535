"""A vendor's package that cannot be loaded is named where it is used, and stands in nobody else's way."""

from importlib.metadata import EntryPoint

import pytest

from drivers import registry


@pytest.fixture
def vendors(monkeypatch):
    def have(**values):
        entries = [EntryPoint(name, value, registry.ENTRY_POINT_GROUP) for name, value in values.items()]
        monkeypatch.setattr(registry, "entry_points", lambda group: entries)

    return have


@pytest.mark.parametrize(
    "value", ["no_such_package:DRIVER", "drivers.registry:NO_SUCH_NAME", "drivers.registry:ENTRY_POINT_GROUP"]
)
def test_a_broken_package_is_named_and_the_others_go_on(vendors, value):
    vendors(broken=value)
    with pytest.raises(registry.UnknownDriverError, match="broken"):
        registry.find("broken")
    assert "broken" not in registry.drivers()
    assert registry.find("sdt") is registry.drivers()["sdt"]


def test_what_is_no_driver_is_named(vendors):
    vendors(theirs="drivers.registry:_DRIVERS")
    with pytest.raises(registry.UnknownDriverError, match="is no drivers"):
        registry.find("theirs")
