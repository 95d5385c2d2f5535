"""The catalogue of faults is whole and holds nothing more: every code that a driver can tell, and no code that none tells."""

from __future__ import annotations

import ast
import re

import pytest
from test_catalogues import CATALOGUE, sources

from drivers.registry import drivers
from kiosk.config import ASSETS, ROOT
from kiosk.journey.definition import DEVICE_OF_KIND

TELLING = {"DriverError", "Fault", "CardRefused", "QrRefused", "CaptureRefused"}
CODE = re.compile(r"[a-z_]+\.[a-z_]+")
DEVICE_CLASSES = {*DEVICE_OF_KIND.values(), *(driver.device_class for driver in drivers().values())}
ENTRIES = sorted(CATALOGUE.entries.items())
INTERNALS_ZH = (
    *("串口", "端口", "驱动", "日志", "接口", "协议", "线程", "进程", "内核", "固件", "数据库", "软件", "程序", "代码"),
    *("配置", "指令", "字节", "校验", "异常码", "错误码", "返回值", "线缆", "电路板", "传感器", "服务进程", "读卡器"),
)
INTERNALS_EN = (
    *("usb", "serial", "port", "tcp", "ip", "pcsc", "pcscd", "sam", "apdu", "driver", "log", "sqlite", "database"),
    *("modbus", "nut", "ups", "ipp", "cups", "esc", "errno", "timeout", "exception", "thread", "process", "kernel"),
    *(
        "firmware",
        "software",
        "python",
        "byte",
        "checksum",
        "configuration",
        "error",
        "error code",
        "null",
        "gpio",
        "dpkg",
    ),
)


def constants():
    """Every module's names for texts, as ``LOST = "printer.not_found"``, by name: the texts it stands for anywhere."""
    found = {}
    for _, tree in sources():
        for node in tree.body:
            value = getattr(node, "value", None)
            if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(value, ast.Constant):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for target in targets:
                    if isinstance(target, ast.Name) and isinstance(value.value, str):
                        found.setdefault(target.id, set()).add(value.value)
    return found


def told():
    """What every ``DriverError(...)``, ``Fault(...)`` and refusal in the drivers and the terminal is given as its code."""
    for path, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args:
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if called in TELLING:
                    first = node.args[0]
                    for each in (first.body, first.orelse) if isinstance(first, ast.IfExp) else (first,):
                        yield path, node.lineno, each


def written():
    """Every text in the program that has a code's form, and those that it puts together."""
    found = set()
    for path, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
            called = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
            if called == "SerialLine":
                prefix = node.args[2]
                assert isinstance(prefix, ast.Constant), f"{path.name}: a serial line is named plainly"
                found |= {f"{prefix.value}.{end}" for end in ("not_found", "no_answer")}
    found |= {f"{device_class}.not_configured" for device_class in DEVICE_CLASSES}
    return found | {"receipt_printer.paper_out"}  # availability and the self-test: a class and a supply that is out


def test_what_is_put_together_is_put_together_so():
    for place, form in (
        ("drivers/serial_line.py", 'f"{self._device_class}.not_found"'),
        ("kiosk/devices/availability.py", 'f"{device_class}.not_configured"'),
        ("kiosk/devices/availability.py", 'f"{device_class}.{supply.name}_out"'),
    ):
        assert form in (ROOT / place).read_text(encoding="utf-8"), place


def test_every_code_that_is_told_stands_in_the_catalogue():
    names = constants()
    lacking = []
    seen = 0
    for path, line, code in told():
        texts = set()
        if isinstance(code, ast.Constant):
            texts = {code.value}
        elif isinstance(code, ast.Name | ast.Attribute):
            texts = names.get(code.id if isinstance(code, ast.Name) else code.attr, set())
        seen += len(texts)
        lacking += [f"{path.relative_to(ROOT)}:{line}: {text}" for text in texts if text not in CATALOGUE.entries]
    assert seen > 50
    assert lacking == []


def test_every_text_in_a_driver_that_looks_like_a_code_of_a_known_family_is_one():
    families = {code.split(".")[0] for code in CATALOGUE.entries if "." in code} - {"device"}
    for path, tree in sources():
        if path.relative_to(ROOT).parts[0] == "drivers":
            for node in ast.walk(tree):
                text = getattr(node, "value", None) if isinstance(node, ast.Constant) else None
                if isinstance(text, str) and CODE.fullmatch(text) and text.split(".")[0] in families:
                    assert text in CATALOGUE.entries, f"{path.relative_to(ROOT)}:{node.lineno}"


def test_no_entry_is_left_over():
    said = written()
    assert [code for code in CATALOGUE.entries if code not in said] == []


@pytest.mark.parametrize(("code", "entry"), ENTRIES, ids=[code for code, _ in ENTRIES])
def test_the_action_fits(code, entry):
    if entry.severity == "info":
        assert entry.action in ("wait", "configuration"), "what is no trouble sends nobody out"
    if entry.severity == "error":
        assert entry.action != "wait", "an error that everybody waits for is mended by nobody"
    if code.endswith(".not_configured"):
        assert (entry.severity, entry.action) == ("error", "configuration")
    if code.endswith((".paper_out", ".paper_low", ".cover_open")):
        assert entry.action == "operator", "whoever comes with paper"
    if code.startswith("power."):
        assert entry.action != "reset", "whoever power-cycles a UPS switches the terminal off"
    if code.startswith(("card.", "code.", "photo.")):
        assert entry.severity != "error", "a citizen's card, code or paper is no fault of the terminal"
    assert (entry.action == "software") == ("software_error" in code or code == "device.driver_broken")


@pytest.mark.parametrize(("code", "entry"), ENTRIES, ids=[code for code, _ in ENTRIES])
def test_each_reader_has_words_of_their_own(code, entry):
    internals = re.compile(rf"\b({'|'.join(INTERNALS_EN)})s?\b", re.IGNORECASE)
    assert [word for word in INTERNALS_ZH if word in entry.citizen_zh] == []
    assert not internals.search(entry.citizen_en), internals.search(entry.citizen_en)
    assert not internals.search(entry.citizen_zh), internals.search(entry.citizen_zh)
    if entry.severity != "info":
        assert entry.technician_zh != entry.remedy_zh
        assert entry.technician_en != entry.remedy_en
    assert bool(entry.citizen_zh) == bool(entry.citizen_en)
    for language in ("zh", "en"):
        said = getattr(entry, f"citizen_{language}")
        if said.endswith(("。", ".")):  # a whole sentence to somebody who stands there
            assert said not in (getattr(entry, f"technician_{language}"), getattr(entry, f"operator_{language}"))


@pytest.mark.parametrize(("code", "entry"), ENTRIES, ids=[code for code, _ in ENTRIES])
def test_an_operator_reads_few_words_that_say_which_printer_it_is(code, entry):
    assert len(entry.operator_zh) <= 20, len(entry.operator_zh)
    assert len(entry.operator_en) <= 62, len(entry.operator_en)
    for family, zh, en in (("printer.", "回执", "Receipt"), ("document_printer.", "文件打印机", "A4 printer")):
        if code.startswith(family):
            assert zh in entry.operator_zh
            assert en in entry.operator_en


def test_one_thing_has_one_name():
    for path in (ASSETS / "faults", ASSETS / "texts", ROOT / "central" / "console" / "words"):
        for file in sorted(path.glob("*.toml")):
            text = file.read_text(encoding="utf-8")
            assert not re.search("文档打印机|身份证阅读器|部分可用|[Dd]ocument printer", text), file.name
            assert not re.search("[Pp]ower supply", text), file.name


def test_each_area_has_a_file_of_its_own():
    """A code is found where its name says: in the file of its family, or in the one file that several families share."""
    homes = {}
    for path in sorted((ASSETS / "faults").glob("*.toml")):
        for family in set(re.findall(r'^\[codes\."([a-z_]+)\.', path.read_text(encoding="utf-8"), re.MULTILINE)):
            homes.setdefault(family, []).append(path.name)
    assert {family: files for family, files in homes.items() if len(files) > 1} == {}
