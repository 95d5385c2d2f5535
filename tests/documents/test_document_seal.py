"""The page, its fonts and its seal, looked at with poppler, which is not ours."""

from __future__ import annotations

import dataclasses
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from document_setting import FONTS, MIDDLE, MOMENT, RARE, VALUES, make_sealer, sample
from typer.testing import CliRunner

from kiosk.cli import app
from kiosk.config import ASSETS
from kiosk.documents.build import build
from kiosk.documents.stock import Stock
from kiosk.documents.store import DATABASE, DocumentStore
from kiosk.documents.template import DocumentTemplateError, load
from kiosk.documents.verify import SealStanding, verify
from kiosk.training.training_seal import CERTIFICATE, KEY

CHANGES = 120


def poppler(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def sealed(tmp_path_factory):
    """A sealed document: its file, its bytes, and the root that vouches for it."""
    directory = tmp_path_factory.mktemp("sealed")
    sealer, root = make_sealer(directory / "ca")
    path = directory / "notice.pdf"
    path.write_bytes(sealer.seal(sample(), MOMENT))
    return path, path.read_bytes(), root


def test_the_text_can_be_taken_out_with_its_rare_characters(sealed):
    text = poppler("pdftotext", "-layout", str(sealed[0]), "-")
    assert f"欧阳{RARE}" in text
    for value in ("受理通知书", VALUES["service"], VALUES["project_no"], VALUES["promised_date"], "电子印章"):
        assert value in text, value


def test_the_faces_are_the_simplified_one_and_spares_embedded_as_subsets(sealed):
    rows = [line.split() for line in poppler("pdffonts", str(sealed[0])).splitlines()[2:]]
    names = {row[0].split("+")[1] for row in rows}
    assert names == {"NotoSansCJKSC", "NotoSansCJKSCBold", "HanaMinB"}
    assert all(row[-5:-2] == ["yes", "yes", "yes"] for row in rows)  # embedded, a subset, with its characters' meaning
    assert len(sealed[1]) < 200_000


def test_it_is_one_a4_page_with_free_margins(sealed, tmp_path):
    from PIL import Image

    assert re.search(r"Pages:\s+1\n", poppler("pdfinfo", str(sealed[0])))
    subprocess.run(
        ["pdftoppm", "-r", "50.8", "-gray", "-png", "-singlefile", str(sealed[0]), str(tmp_path / "page")],
        check=True,
    )
    page = Image.open(tmp_path / "page.png")  # two dots a mm
    assert page.size == (pytest.approx(420, abs=1), pytest.approx(594, abs=1))
    left, top, right, bottom = page.point(lambda value: 255 if value < 200 else 0).getbbox()
    assert (left, 420 - right) == pytest.approx((50, 50), abs=3)
    assert top >= 30
    assert bottom <= 594 - 30


def test_no_line_begins_with_a_closing_mark(sealed):
    for line in poppler("pdftotext", "-layout", str(sealed[0]), "-").splitlines():
        assert not line.strip().startswith(tuple("，。、；：）”")), line


def test_many_materials_go_on_to_a_second_page_with_the_seal(tmp_path):
    rows = "\n".join(f"{number}\t居住证明材料第{number}号\t1\t扫描件" for number in range(1, 31))
    document = sample(materials=rows)
    sealer, root = make_sealer(tmp_path / "ca")
    path = tmp_path / "long.pdf"
    path.write_bytes(sealer.seal(document, MOMENT))
    assert re.search(r"Pages:\s+2\n", poppler("pdfinfo", str(path)))
    assert verify(path.read_bytes(), [root]).standing is SealStanding.UNCHANGED
    assert "电子印章" in poppler("pdftotext", "-f", "2", str(path), "-")


def test_ours_and_poppler_agree_that_it_is_as_it_was_sealed(sealed):
    path, data, root = sealed
    assert verify(data, [root]).standing is SealStanding.UNCHANGED
    said = poppler("pdfsig", "-nocert", str(path))
    assert "Signature is Valid" in said
    assert "Total document signed" in said


def seal_place(data):
    """Where the seal itself begins and ends, in hexadecimal between < and >."""
    start, length, second, _ = map(int, re.search(rb"/ByteRange \[(\d+) (\d+) (\d+) (\d+)", data).groups())
    return start + length, second


def signed_places(data):
    """Every place in the signed range: all but the signature itself."""
    start, length, second, rest = map(int, re.search(rb"/ByteRange \[(\d+) (\d+) (\d+) (\d+)", data).groups())
    return [*range(start, start + length), *range(second, second + rest)]


def test_one_changed_byte_anywhere_in_the_signed_range_is_seen(sealed):
    _, data, root = sealed
    chance = random.Random(20261123)
    places = signed_places(data)
    for place in [places[0], places[-1], *chance.sample(places, CHANGES)]:
        changed = bytearray(data)
        changed[place] ^= 1 << chance.randrange(8)
        assert verify(bytes(changed), [root]).standing is SealStanding.CHANGED, place


def test_one_changed_byte_of_the_seal_itself_is_seen(sealed):
    """Its head says what it holds and was protected by nothing; a hexadecimal digit has two ways to be written."""
    _, data, root = sealed
    begin, end = seal_place(data)
    chance = random.Random(20261124)
    for place in [*range(begin, begin + 120), end - 1, *chance.sample(range(begin + 120, end - 1), CHANGES)]:
        otherwise = (data[place] ^ 0x20, chance.choice(b"0123456789ABCDEF"), chance.randrange(256))
        value = next(value for value in chance.sample(otherwise, 3) if value != data[place])
        changed = data[:place] + bytes((value,)) + data[place + 1 :]
        assert verify(changed, [root]).standing is SealStanding.CHANGED, (place - begin, value)


@pytest.mark.parametrize("place", [51, 52, 54, 90])
@pytest.mark.parametrize("digit", b"0123456789abcdefABCDEF")
def test_no_other_digit_passes_where_nothing_is_signed(sealed, place, digit):
    """The versions and the list of algorithms."""
    _, data, root = sealed
    begin, _ = seal_place(data)
    changed = data[: begin + place] + bytes((digit,)) + data[begin + place + 1 :]
    expected = SealStanding.UNCHANGED if changed == data else SealStanding.CHANGED
    assert verify(changed, [root]).standing is expected


def test_a_seal_holds_the_certificates_between_signer_and_root_and_no_others(tmp_path):
    sealer, root = make_sealer(tmp_path / "ca", steps=2)
    sealed = sealer.seal(sample(), MOMENT)
    assert verify(sealed, [root]).standing is SealStanding.UNCHANGED
    assert root_in(sealed, root) == 0, "it would be bytes that nothing protects"
    _, stranger = make_sealer(tmp_path / "other", "other root", steps=2)
    more = dataclasses.replace(sealer, chain_files=(*sealer.chain_files, stranger.with_name(MIDDLE)))
    assert verify(more.seal(sample(), MOMENT), [root]).standing is SealStanding.CHANGED


def root_in(sealed, root):
    """How often the root's own bytes stand in the document."""
    certificate = x509.load_pem_x509_certificate(root.read_bytes()).public_bytes(serialization.Encoding.DER)
    return sealed.count(certificate.hex().upper().encode())


@pytest.mark.parametrize("change", ["appended", "cut", "incremental", "sealed again"])
def test_anything_added_or_cut_off_is_seen(sealed, change):
    import io

    from pyhanko.pdf_utils.generic import NameObject, pdf_string
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import signers

    path, data, root = sealed
    if change == "sealed again":
        keys = path.parent / "ca"
        signer = signers.SimpleSigner.load(str(keys / KEY), str(keys / CERTIFICATE))
        out = io.BytesIO()
        signers.sign_pdf(
            IncrementalPdfFileWriter(io.BytesIO(data)), signers.PdfSignatureMetadata("Another"), signer, output=out
        )
        changed = out.getvalue()
    elif change == "incremental":
        # As an editor would, with a change to what the page's information says.
        writer = IncrementalPdfFileWriter(io.BytesIO(data))
        writer.root[NameObject("/Lang")] = pdf_string("en")
        writer.update_root()
        out = io.BytesIO()
        writer.write(out)
        changed = out.getvalue()
    else:
        changed = data + b"\n% more" if change == "appended" else data[:-40]
    assert verify(changed, [root]).standing is SealStanding.CHANGED


def test_a_strangers_seal_and_no_seal_are_told_apart(sealed, tmp_path):
    _, data, _ = sealed
    _, other = make_sealer(tmp_path / "other", "other root")
    found = verify(data, [other])
    assert found.standing is SealStanding.UNKNOWN_SIGNER
    assert "长安区政务服务中心" in found.signer
    assert verify(sample().pdf, [other]).standing is SealStanding.NO_SEAL
    assert verify(b"not a PDF", [other]).standing is SealStanding.CHANGED


def test_the_command_says_it_by_its_exit(sealed, tmp_path):
    path, data, root = sealed
    run = CliRunner().invoke
    good = run(app, ["documents", "verify", str(path), "--trusted", str(root)])
    assert (good.exit_code, "unchanged" in good.output) == (0, True)
    forged = tmp_path / "forged.pdf"
    forged.write_bytes(data.replace(b"/Type", b"/Tipe", 1))
    bad = run(app, ["documents", "verify", str(forged), "--trusted", str(root)])
    assert (bad.exit_code, "CHANGED" in bad.output) == (1, True)
    assert run(app, ["documents", "verify", str(tmp_path / "none.pdf"), "--trusted", str(root)]).exit_code == 2


def test_values_are_checked_and_never_told():
    template = load(ASSETS / "documents" / "acceptance_notice.toml")
    for values in ({**VALUES, "applicant": ""}, {**VALUES, "salary": "1"}, {**VALUES, "applicant": "张\U0010fffd"}):
        with pytest.raises(DocumentTemplateError) as error:
            build(template, values, FONTS, MOMENT)
        assert "张" not in str(error.value)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (('value = "{project_no}"', 'value = "{projekt}"'), "undeclared"),
        (('kind = "heading"', 'kind = "headline"'), "kind"),
        (('kind = "closing"', 'kind = "note"'), "seal"),
        (("indent = true", "indented = true"), "indented"),
    ],
)
def test_a_mistake_in_a_template_is_named(tmp_path, change, problem):
    text = (ASSETS / "documents" / "acceptance_notice.toml").read_text(encoding="utf-8")
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(*change), encoding="utf-8")
    with pytest.raises(DocumentTemplateError, match=problem) as error:
        load(path)
    assert "mine.toml" in str(error.value)


# ---- the ledger's command


@pytest.fixture
def configured(tmp_path):
    path = tmp_path / "kiosk.toml"
    path.write_text(
        f"""
profile = "production"
[terminal]
id = "T001"
site = "大厅"
site_en = "Hall"
[central]
url = "http://127.0.0.1:1"
token_file = "token"
[storage]
directory = "{tmp_path}"
[services]
offered = []
[documents.paper]
licence = 5
[devices]
"""
    )
    return path


def test_the_ledger_is_kept_from_the_shell(configured):
    def stock(*words):
        result = CliRunner().invoke(app, ["stock", *words, "--config", str(configured)])
        return result.exit_code, result.output

    by = ("--who", "Wang", "--why", "delivery 7")
    assert stock("load", "licence", *by, "--from", "100", "--to", "119")[0] == 0
    assert stock("load", "licence", *by, "--from", "110", "--to", "111")[0] == 1
    assert stock("load", "licence", *by)[0] == 2
    assert stock("spoil", "licence", *by, "--serial", "101")[0] == 0
    code, said = stock("show", "--ledger")
    assert code == 0
    assert "licence: 19  100-100 102-119" in said
    assert "Wang: delivery 7" in said
    assert stock("count", "licence", "--who", "Li", "--found", "18")[0] == 0
    code, said = stock("show")
    assert (code, "counted -1" in said) == (1, True)


def test_a_sheet_in_doubt_is_settled_from_the_shell(configured, tmp_path):
    def stock(*words):
        result = CliRunner().invoke(app, ["stock", *words, "--config", str(configured)])
        return result.exit_code, result.output

    by = ("--who", "Li", "--why", "looked into the tray")
    assert stock("load", "licence", *by, "--from", "100", "--to", "119")[0] == 0
    store = DocumentStore(tmp_path / DATABASE)
    with store.transaction() as connection:
        Stock(store).use(connection, "licence", 2, "doc-1", doubtful=True)
    store.close()
    assert "licence: 18  102-119  2 in doubt 100-101" in stock("show")[1]
    assert stock("settle", "licence", *by, "--serial", "100")[0] == 2, "which of the two must be said"
    assert stock("settle", "licence", *by, "--serial", "102", "--back")[0] == 1
    assert stock("settle", "licence", *by, "--serial", "100", "--back")[0] == 0
    assert stock("settle", "licence", *by, "--serial", "101", "--used")[0] == 0
    code, said = stock("show")
    assert (code, "licence: 19  100-100 102-119\n" in said) == (0, True)


def test_it_seals_and_checks_also_where_signatures_were_worked_on_before(sealed, tmp_path):
    """asn1crypto's tables may have been used, as for travel documents, before pyHanko adds its own names to them."""
    used = "from asn1crypto import cms; cms.CMSAttribute({'type': 'content_type', 'values': ['data']}).dump()\n"
    seals = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "import test_document_seal as here\n"
        "sealer, _ = here.make_sealer(Path(sys.argv[2]))\n"
        "assert sealer.seal(here.sample(), here.MOMENT).startswith(b'%PDF')\n"
    )
    checks = (
        "import sys; from pathlib import Path; from kiosk.documents.verify import verify\n"
        "found = verify(Path(sys.argv[1]).read_bytes(), [Path(sys.argv[2])])\n"
        "assert found.standing == 'unchanged', found\n"
    )
    for code, words in ((seals, (Path(__file__).parent, tmp_path)), (checks, (sealed[0], sealed[2]))):
        subprocess.run([sys.executable, "-c", used + code, *map(str, words)], check=True, timeout=100)
