"""Every code and every key that the program can say has its words, and the Chinese is written as Chinese is."""

from __future__ import annotations

import ast
import re
import tomllib
import unicodedata
from functools import cache

import pytest

from kiosk.cabinet import BATTERY_LOW, OPEN_CODES
from kiosk.config import ASSETS, ROOT
from kiosk.faults import Catalogue
from kiosk.journey.definition import DEVICE_OF_KIND
from kiosk.journey.inspection import WORDED_ALTERNATIVES
from kiosk.presentation import STAGE_OF_KIND
from kiosk.texts import LANGUAGES, Texts, TextsError

CATALOGUE = Catalogue.load(ASSETS / "faults")
TEXTS = Texts(ASSETS / "texts" / "kiosk.toml")
CODE = re.compile(r"[a-z_]+\.[a-z_]+")
FAULTS = {"DriverError", "Fault", "CardRefused", "QrRefused", "CaptureRefused"}
NEVER_MET = {
    *("printer.paper_low", "printer.ticket_not_taken", "camera.dark", "camera.small_frames"),
    *("document_camera.text_not_installed", "document_camera.text_not_read", "card_reader.photo_decoder_broken"),
    *("card_reader.no_issuers", "card_reader.no_photo_decoder"),
}
"""Warnings of devices that work: they reach operators, and no tile or fault screen."""
ONLY_TESTED = {
    *("card_reader.no_card_seen", "card_reader.removal_not_seen", "code_scanner.no_code_seen", "camera.unclear"),
    *("printer.bad_print", "document_printer.test_page_bad"),
}
"""Found by a person at a self-test, never by a driver at work."""
CLOSING = {*OPEN_CODES, BATTERY_LOW}
"""What takes the whole terminal out of service, and says so to citizens."""


def never_met(code):
    """Whether no citizen can meet this code: of its class no service can be in need, and it closes nothing."""
    apart = ("power.", "io_board.", "touch_panel.", "loudspeaker.", "clock.", "storage.", "temperature.", "crosses.")
    return code in NEVER_MET | ONLY_TESTED or (code.startswith(apart) and code not in CLOSING)


@cache
def sources():
    """The drivers' and the terminal's modules, without virtual hardware and training."""
    found = []
    for package in ("drivers", "kiosk"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if not {"sim", "training"} & set(path.parts):
                found.append((path, ast.parse(path.read_text(encoding="utf-8"))))
    return found


def literals(tree, pattern):
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(pattern, node.value):
            yield node.value


def calls(names):
    for path, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args:
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if called in names:
                    yield path, called, node


def fault_codes():
    """Every literal of a fault's form in the drivers, and what the terminal makes faults and refusals of."""
    found = {}
    families = {code.split(".")[0] for code in CATALOGUE.entries if "." in code} - {"journal", "device"}
    for path, tree in sources():
        if path.relative_to(ROOT).parts[0] != "drivers":
            continue
        found.update({code: path.name for code in literals(tree, CODE) if code.split(".")[0] in families})
    for path, _, node in calls(FAULTS | {"left", "refuse", "_refuse"}):
        first = node.args[0]
        for each in (first.body, first.orelse) if isinstance(first, ast.IfExp) else (first,):
            if isinstance(each, ast.Constant) and isinstance(each.value, str):
                found[each.value] = path.name
    for path, tree in sources():
        if path.name == "identity.py":
            for node in ast.walk(tree):
                if isinstance(node, ast.Return) and isinstance(node.value, ast.Constant) and node.value.value:
                    found[node.value.value] = path.name
    for device_class in ("card_reader", "code_scanner"):
        for code in ("no_answer", "not_found"):  # drivers/serial_line.py puts its device's class in front
            found[f"{device_class}.{code}"] = "serial_line.py"
    for device_class in DEVICE_OF_KIND.values():
        found[f"{device_class}.not_configured"] = "availability.py"
    found["receipt_printer.paper_out"] = "availability.py"
    found["journal.unavailable"] = "terminal.py"
    return found


def test_the_search_for_codes_finds_them():
    assert {"card.removed", "printer.paper_out", "camera.not_found", "photo.blurred", "device.hung"} <= set(
        fault_codes()
    )
    assert {"software_error", "software_error_handed_in", "submission_refused", "card.expired"} <= set(fault_codes())


@pytest.mark.parametrize("code", sorted(fault_codes()))
def test_every_fault_has_an_entry_and_words_for_all_who_meet_it(code):
    assert code in CATALOGUE.entries, f"{code} of {fault_codes()[code]}"
    entry = CATALOGUE.entries[code]
    for name in ("technician", "operator", "remedy"):
        for language in LANGUAGES:
            assert getattr(entry, f"{name}_{language}")
    if not never_met(code):
        assert entry.citizen_zh
        assert entry.citizen_en


def test_a_class_that_no_citizen_hears_of_is_needed_by_no_service():
    """Only such a class may have codes without words for citizens; what a service may require has them."""
    assert not [name for name in DEVICE_OF_KIND.values() if never_met(f"{name}.any")]
    assert all(CATALOGUE.entries[code].citizen_zh for code in CLOSING)
    assert not [
        code
        for code, entry in CATALOGUE.entries.items()
        if never_met(code) and code not in NEVER_MET and entry.citizen_zh
    ]


def test_no_citizen_reads_of_internals():
    internals = re.compile(
        r"\b(usb|pcscd|sam|apdu|driver|serial|sqlite|log|python)\b|驱动|串口|日志|接口", re.IGNORECASE
    )
    for code, entry in CATALOGUE.entries.items():
        assert not internals.search(entry.citizen_zh + entry.citizen_en), code


def test_a_code_that_nobody_knows_has_words_as_well():
    assert CATALOGUE.for_citizen("toaster.burnt", "zh") == CATALOGUE.entries["unknown"].citizen_zh
    assert CATALOGUE.for_technician("toaster.burnt", "en") == (
        CATALOGUE.entries["unknown"].technician_en,
        CATALOGUE.entries["unknown"].remedy_en,
    )


# ---- texts


def keys_said():
    """Every literal of the terminal's that looks like one of the keys in assets/texts."""
    known = {key.split(".")[0] for key in texts_table()["zh"]}
    for path, tree in sources():
        if path.relative_to(ROOT).parts[0] == "kiosk":
            yield from (key for key in literals(tree, r"[a-z]+(\.[a-z_]+)+") if key.split(".")[0] in known)


@cache
def texts_table():
    return tomllib.loads((ASSETS / "texts" / "kiosk.toml").read_text(encoding="utf-8"))


NOT_TEXTS = {code for code in CATALOGUE.entries if "." in code}


def test_every_key_that_the_program_says_is_there():
    said = set(keys_said()) - NOT_TEXTS
    assert {"home.title", "receipt.printed", "submit.stored", "fault.title", "form.incomplete"} <= said
    assert said - set(texts_table()["zh"]) == set()


def test_keys_that_are_put_together_are_all_there():
    made = {f"stage.{stage}" for stage in STAGE_OF_KIND.values()}
    made |= {f"alternative.{kind}" for kind in WORDED_ALTERNATIVES}
    made |= {f"sex.{code}" for code in "0129"} | {f"rate.level.{level}" for level in range(1, 6)}
    made |= {f"rate.reason.{reason}" for reason in ("slow", "unclear", "device", "result", "other")}
    made |= {f"case.state.{state}" for state in ("accepted", "in_review", "approved", "completed", "returned")}
    assert made - set(texts_table()["zh"]) == set()


def test_no_text_is_left_over():
    source = "".join(path.read_text(encoding="utf-8") for path, _ in sources())
    families = ("stage.", "access_key.", "alternative.", "sex.", "rate.level.", "rate.reason.", "case.state.")
    assert [key for key in texts_table()["zh"] if not key.startswith(families) and f'"{key}"' not in source] == []


def test_both_languages_have_the_same_placeholders():
    for key in texts_table()["zh"]:
        found = {language: set(re.findall(r"\{(\w+)[:}]", texts_table()[language][key])) for language in ("zh", "en")}
        assert found["zh"] == found["en"], key
    assert TEXTS.get("zh", "clock.days", days="5") == "5 个工作日"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('[zh]\na = "甲"\nb = "乙"\n[en]\na = "A"\n', "only in one language: b"),
        ('[zh]\na = "甲"\n', "there is no table [en]"),
        ("[zh", "Expected"),
    ],
)
def test_a_text_file_that_is_not_whole_is_named(tmp_path, content, problem):
    path = tmp_path / "texts.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(TextsError) as error:
        Texts(path)
    assert str(path) in str(error.value)
    assert problem in str(error.value)
    with pytest.raises(TextsError):
        Texts(tmp_path / "gone.toml")


# ---- how it is written

FILES = [
    *sorted((ASSETS / "faults").glob("*.toml")),
    *sorted((ASSETS / "texts").glob("*.toml")),
    *sorted((ASSETS / "services").glob("*.toml")),
    *sorted((ASSETS / "receipts").glob("*.toml")),
]
TRADITIONAL = set(
    "證請導層讀號電話開關門進現時間機辦業務網絡單據換紙後發無處個為們這還過來訊檢測錯誤閉啟動壞壓應條將構確認簽數"
)
JAPANESE = set("発処図気検読対応経済県駅実験価様歳児円広帰転変続総覧栄覚黒観単乗権伝仮")


def chinese_texts(value, path=""):
    """Every string with Chinese in it, with its place."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from chinese_texts(each, f"{path}.{key}")
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from chinese_texts(each, f"{path}.{number}")
    elif isinstance(value, str) and re.search(r"[\u4e00-\u9fff]", value):
        yield path, value


def latin_texts(value, path=""):
    if isinstance(value, dict):
        for key, each in value.items():
            yield from latin_texts(each, f"{path}.{key}")
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from latin_texts(each, f"{path}.{number}")
    elif isinstance(value, str) and value.isprintable() and not re.search(r"[\u4e00-\u9fff]", value):
        yield path, value


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_chinese_has_its_own_punctuation_and_forms(path):
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    half_width = re.compile(r"[\u4e00-\u9fff][,:;?!]|[,:;?!(][\u4e00-\u9fff]|[\u4e00-\u9fff]\.(?!\w)")
    for place, text in chinese_texts(table):
        assert not half_width.search(text), (place, text)
        assert not set(text) & TRADITIONAL, (place, text)
        assert not set(text) & JAPANESE, (place, text)
        assert text == unicodedata.normalize("NFC", text), place
        assert not re.search(r"[\uf900-\ufaff\u2e80-\u2fdf]", text), place  # compatibility forms and radicals


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_english_has_no_full_width_punctuation(path):
    for place, text in latin_texts(tomllib.loads(path.read_text(encoding="utf-8"))):
        assert not re.search(r"[\u3000-\u303f\uff00-\uffef]", text), (place, text)


def by_language(value, place=""):
    """Every string under a key that names its language."""
    if isinstance(value, dict):
        for key, each in value.items():
            if isinstance(each, str):
                language = next((name for name in LANGUAGES if key == name or key.endswith(f"_{name}")), "")
                if language and each:
                    yield language, f"{place}.{key}", each
            yield from by_language(each, f"{place}.{key}")
    elif isinstance(value, list):
        for each in value:
            yield from by_language(each, place)


@pytest.mark.parametrize(
    "path", [path for path in FILES if path.parent.name in ("faults", "services")], ids=lambda path: path.name
)
def test_english_texts_are_english_and_chinese_texts_are_chinese(path):
    found = list(by_language(tomllib.loads(path.read_text(encoding="utf-8"))))
    assert found
    for language, place, text in found:
        assert bool(re.search(r"[\u4e00-\u9fff]", text)) == (language == "zh"), (place, text)
