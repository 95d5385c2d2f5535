"""``kiosk trace`` of a device that cannot be opened: the reason and what to do, in words, also for a vendor's fault."""

import pytest

from drivers.base import DriverError
from kiosk.config import ASSETS
from kiosk.devices.desk import DeviceEntry
from kiosk.faults import Catalogue
from kiosk.selftest.trace import of_the_device
from kiosk.selftest.words import TEXTS
from kiosk.texts import Texts


def gone():
    raise DriverError("acme.hot", evidence="errno 5")


@pytest.mark.parametrize(("language", "label"), [("zh", "依据"), ("en", "seen")])
def test_a_vendor_s_fault_has_its_own_words_and_what_was_seen_its_label(monkeypatch, capsys, language, label):
    ours = Catalogue.load(ASSETS / "faults")
    hot = ours.entry("printer.overheated").model_copy(
        update={f"{who}_{each}": f"Acme {who}" for who in ("technician", "remedy") for each in ("zh", "en")}
    )
    monkeypatch.setattr(Catalogue, "installed", lambda directory: Catalogue({**ours.entries, "acme.hot": hot}))
    entry = DeviceEntry("oven", "oven", "acme", gone)
    assert of_the_device(entry, as_json=False, texts=Texts(TEXTS), language=language) == 1
    told = capsys.readouterr().err
    assert "Acme technician [acme.hot]" in told
    assert "Acme remedy" in told
    assert f"  {label} errno 5\n" in told
