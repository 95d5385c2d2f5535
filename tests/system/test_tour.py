"""``kiosk tour``, the real command: a scripted citizen on the real screens, with every kind of card on both readers."""

import json
import re
import subprocess
import sys

import pytest
from PIL import Image, ImageStat
from receipts_seen import codes_on

from kiosk.config import ROOT
from kiosk.documents.verify import SealStanding, verify
from kiosk.training.citizen import CITIZENS

SIZES = {"portrait": (1080, 1920), "landscape": (1920, 1080)}
PEOPLE = {
    "resident": "zhang-weiyang",
    "hmt_permit": "lin-xugou",
    "permanent_resident_2017": "testperson-longest-name",
    "permanent_resident_2023": "sample-marie",
}
ENROLMENT_STEPS = [
    "notice",
    "identify",
    "form",
    "materials",
    "review",
    "sign",
    "submit",
    "receipt",
    "notice_of_acceptance",
    "rate",
    "finish",
]


def citizen_file(path, stem, reader, answers=None):
    """Write one of the invented citizens anew, with another reader and with answers."""
    text = (CITIZENS / f"{stem}.toml").read_text(encoding="utf-8")
    text = re.sub(r"(?m)^reader = .*$", f'reader = "{reader}"', text)
    if answers:
        text += "\n[answers]\n" + "".join(f'{name} = "{value}"\n' for name, value in answers.items())
    path.write_text(text, encoding="utf-8")
    return path


def tour(tmp_path, service, citizen, language="zh", orientation="portrait"):
    """Run the command; return its exit code, the summary and the folder."""
    out = tmp_path / "tour"
    command = [sys.executable, "-m", "kiosk.cli", "tour", service, "--citizen", str(citizen), "--out", str(out)]
    command += ["--language", language, *(["--landscape"] if orientation == "landscape" else [])]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=170)
    assert (out / "summary.json").exists(), done.stderr
    return done.returncode, json.loads((out / "summary.json").read_text(encoding="utf-8")), out


def check_steps(summary, expected):
    assert [step["id"] for step in summary["steps"]] == expected
    moment = 0
    for step in summary["steps"]:
        assert set(step) == {"id", "kind", "entered", "left"}
        assert moment <= step["entered"] <= step["left"], "steps follow one another"
        moment = step["left"]
    assert moment <= summary["seconds"] * 1000


def check_pictures(out, steps, orientation):
    """One whole picture of the right size for every step, with something on it, and home at both ends."""
    pictures = sorted(out.glob("[0-9][0-9]-*.png"))
    names = [path.stem.partition("-")[2] for path in pictures]
    assert names[0] == "home"
    assert names[-1] == "home-again"
    assert not set(steps) - set(names)
    for path in pictures:
        with Image.open(path) as picture:
            assert picture.size == SIZES[orientation], path.name
            assert min(ImageStat.Stat(picture.convert("L").reduce(4)).stddev) > 8, f"{path.name} shows nothing"


def check_document(path, project_no):
    """The notice of acceptance, as poppler reads it: one page, whole, sealed, without the Japanese face."""
    text = subprocess.run(["pdftotext", path, "-"], capture_output=True, text=True, check=True, timeout=30).stdout
    assert project_no in text
    assert "受理通知书" in text
    assert text.count("\f") == 1
    fonts = subprocess.run(["pdffonts", path], capture_output=True, text=True, check=True, timeout=30).stdout
    assert "JP" not in fonts
    assert verify(path.read_bytes(), [path.parent / "root.pem"]).standing is SealStanding.UNCHANGED


@pytest.mark.timeout(200)
@pytest.mark.parametrize(
    ("kind", "reader", "language", "orientation"),
    [
        ("resident", "pcsc", "zh", "portrait"),
        ("hmt_permit", "sdt", "en", "portrait"),
        ("permanent_resident_2017", "pcsc", "en", "landscape"),
        ("permanent_resident_2023", "sdt", "zh", "landscape"),
    ],
)
def test_enrolment(tmp_path, kind, reader, language, orientation):
    """From home to home: handed in, printed, rated, wiped; and everything that came of it is in the folder."""
    citizen = citizen_file(tmp_path / "citizen.toml", PEOPLE[kind], reader)
    code, summary, out = tour(tmp_path, "medical_insurance_enrolment", citizen, language, orientation)
    assert (code, summary["outcome"], summary["service"]) == (0, "done", "medical_insurance_enrolment"), summary
    assert summary["session_wiped"] is True
    assert set(summary) == {"service", "outcome", "project_no", "steps", "prints", "session_wiped", "seconds"}
    check_steps(summary, ENROLMENT_STEPS)
    check_pictures(out, ENROLMENT_STEPS, orientation)
    printed, sealed = summary["prints"]
    assert (printed["outcome"], printed["paper"]) == ("printed", "receipt-1.png")
    assert (sealed["outcome"], sealed["paper"]) == ("printed", "document-1.pdf")
    check_document(out / "document-1.pdf", summary["project_no"])
    accepted = (out / "receipt-1.bin").read_bytes()
    assert printed["bytes"] == len(accepted)
    assert accepted.startswith(b"\x1b@")
    (on_paper,) = codes_on((out / "receipt-1.png").read_bytes())
    assert re.fullmatch(rf"CK1:{summary['project_no']}:[A-Za-z0-9_-]+", on_paper)
    assert not [*out.glob("receipt-2*"), *out.glob("document-2*")]


@pytest.mark.timeout(200)
@pytest.mark.parametrize(
    ("kind", "reader", "language", "orientation", "how"),
    [
        ("resident", "sdt", "en", "portrait", "card"),
        ("hmt_permit", "pcsc", "zh", "landscape", "card"),
        ("permanent_resident_2017", "sdt", "zh", "portrait", "card"),
        ("permanent_resident_2023", "pcsc", "en", "landscape", "card"),
        ("resident", "pcsc", "en", "portrait", "code"),
    ],
)
def test_progress_query(tmp_path, kind, reader, language, orientation, how):
    """By the card or by the code of an earlier receipt."""
    citizen = citizen_file(tmp_path / "citizen.toml", PEOPLE[kind], reader, {"how": how})
    code, summary, out = tour(tmp_path, "progress_query", citizen, language, orientation)
    assert (code, summary["outcome"], summary["session_wiped"]) == (0, "done", True), summary
    steps = ["how", "identify" if how == "card" else "scan", "result", "finish"]
    check_steps(summary, steps)
    check_pictures(out, steps, orientation)
    assert summary["prints"] == []
    assert not list(out.glob("receipt-*"))


def test_refused_citizen(tmp_path):
    """An expired card ends the tour with its reason's code, on the home screen, with nothing left."""
    code, summary, out = tour(tmp_path, "medical_insurance_enrolment", CITIZENS / "wang-guoqi.toml")
    assert (code, summary["outcome"], summary["session_wiped"]) == (1, "card.expired", True)
    assert "lost" not in summary
    check_steps(summary, ["notice", "identify"])
    check_pictures(out, ["notice", "identify", "identify-refused"], "portrait")
    assert (summary["prints"], summary["project_no"]) == ([], "")
