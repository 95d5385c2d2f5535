"""Every name that a driver can give a check has words in both languages, and every word for a check is some driver's."""

import ast
import tomllib

import pytest

from kiosk.config import ASSETS, ROOT
from kiosk.faults import Catalogue
from kiosk.journey.definition import DEVICE_OF_KIND
from kiosk.selftest.elsewhere import NOT_CONFIGURED
from kiosk.selftest.words import TEXTS

MAKING = {"Check", "_check", "_answered", "_seen", "_failed"}
"""What makes a check of a name."""
CODES = [code for code in Catalogue.load(ASSETS / "faults").entries if "." in code]
LOST = {
    *("not_configured", "not_found", "not_connected", "no_answer", "unexpected_answer", "access_denied", "unknown_ups"),
    *("unknown", "wrong_device", "silent", "no_player"),
}
"""What takes a part away is a failed check ``there`` or ``answers``, and names none of its own."""


def tails(*families):
    """The names of checks that are a fault's code without its family."""
    split = [code.split(".") for code in CODES]
    return {tail for family, tail in split if family in families and tail not in LOST}


PUT_TOGETHER = {
    "drivers/escpos/examination.py": {"paper", "cover", "mechanism", "confirmation", "presenter"},
    "drivers/ipp/printer.py": {"paper", "toner", "mechanism"},
    "drivers/modbus/board.py": {"door", "tamper", *(f"light_{slot}" for slot in set(DEVICE_OF_KIND.values()))},
    "drivers/nut/ups.py": tails("power"),
    "drivers/sdt/reader.py": {"port", "sam_status", "sam_id"},
    "kiosk/selftest/examination.py": {"connection", "condition"},
    "drivers/system/watched.py": tails("loudspeaker", "clock", "storage", "temperature", "touch_panel"),
}
"""The names that stand in no call as they are, by the module that puts them together."""


def given():
    """Each module with a check, the names that stand in its calls, and whether it puts others together."""
    for path in sorted([*(ROOT / "drivers").rglob("*.py"), *(ROOT / "kiosk").rglob("*.py")]):
        if not {"sim", "conformance", "training"} & set(path.parts):
            names, others = set(), False
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call) or not node.args:
                    continue
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                first = node.args[0]
                if called in MAKING and isinstance(first, ast.Constant):
                    names |= {first.value} if isinstance(first.value, str) else set()
                elif called == "Check":
                    others = True
            if names or others:
                yield path.relative_to(ROOT).as_posix(), names, others


GIVEN = list(given())
NAMES = sorted({NOT_CONFIGURED}.union(*(names for _, names, _ in GIVEN), *PUT_TOGETHER.values()))
WORDS = tomllib.loads(TEXTS.read_text(encoding="utf-8"))


def test_whoever_puts_names_together_is_known():
    assert {module for module, _, others in GIVEN if others} == set(PUT_TOGETHER)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_check_has_a_name_in_words(language):
    assert len(NAMES) > 40
    assert [name for name in NAMES if f"check.{name}" not in WORDS[language]] == []


def test_no_words_for_a_check_are_left_over():
    told = [key.removeprefix("check.") for key in WORDS["zh"] if key.startswith("check.")]
    assert sorted(set(told) - set(NAMES)) == []
