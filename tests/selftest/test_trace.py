"""``kiosk trace`` of a device that cannot be opened: the reason and what to do, in words and in the terminal's language."""

import pytest

from drivers.base import DriverError
from kiosk.config import ASSETS
from kiosk.devices.desk import DeviceEntry
from kiosk.faults import Catalogue
from kiosk.selftest.trace import of_the_device, run_trace
from kiosk.selftest.words import TEXTS
from kiosk.texts import Texts


def gone():
    raise DriverError("acme.hot", evidence="errno 5")


@pytest.mark.parametrize(("language", "label"), [("zh", "依据"), ("en", "evidence")])
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


@pytest.mark.parametrize(
    ("configured", "asked", "reason"), [("zh", "", "zh"), ("en", "", "en"), ("zh", "en", "en"), ("en", "zh", "zh")]
)
def test_it_speaks_the_language_of_the_configuration_unless_told_otherwise(tmp_path, capsys, configured, asked, reason):
    path = tmp_path / "kiosk.toml"
    path.write_text(
        'profile = "production"\n'
        f'[terminal]\nid = "T-1"\nsite = "示例大厅"\nsite_en = "Example hall"\nlanguage = "{configured}"\n'
        f'[central]\nurl = "http://127.0.0.1:9"\ntoken_file = "{tmp_path / "token"}"\n'
        f'[storage]\ndirectory = "{tmp_path}"\n[services]\noffered = []\n'
        f'[devices.reader]\ndriver = "sdt"\noptions = {{ port = "{tmp_path / "gone"}" }}\n',
        encoding="utf-8",
    )
    assert run_trace(path, "reader", as_json=False, language=asked) == 1
    expected, _ = Catalogue.load(ASSETS / "faults").for_technician("card_reader.not_found", reason)
    assert f"{expected} [card_reader.not_found]" in capsys.readouterr().err
