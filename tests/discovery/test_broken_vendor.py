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
    with pytest.raises(registry.BrokenDriverError, match="broken"):
        registry.find("broken")
    assert "broken" not in registry.drivers()
    assert registry.find("sdt") is registry.drivers()["sdt"]


def test_what_is_no_driver_is_named(vendors):
    vendors(theirs="drivers.registry:_DRIVERS")
    with pytest.raises(registry.BrokenDriverError, match="is no drivers"):
        registry.find("theirs")


def test_a_package_that_leaves_the_program_does_not_take_it_along(vendors, tmp_path, monkeypatch):
    (tmp_path / "leaving_package.py").write_text('import sys\nsys.exit("no licence")\n', encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    vendors(leaving="leaving_package:DRIVER")
    with pytest.raises(registry.BrokenDriverError, match="SystemExit: no licence"):
        registry.find("leaving")
