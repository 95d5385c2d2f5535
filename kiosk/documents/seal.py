"""Seals a document: a digital signature over every byte, with a visible box that says who sealed it and when."""

# pyHanko and asn1crypto are typed in part only; what comes out of them is typed where it enters a value here.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportMissingTypeStubs=false
from __future__ import annotations

import io
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from kiosk.documents.build import BuiltDocument, new_page, spare_faces

FIELD = "Seal"
_POINTS = 72 / 25.4
_RED = (196, 30, 30)


class SealError(Exception):
    """The configured key and certificate cannot seal; the text says why."""


@dataclass(frozen=True)
class Sealer:
    """Who seals: PEM files of an unencrypted key, its certificate, those between it and the root, and the words shown.

    Of the chain no certificate may be there that is not needed: the check calls such a document changed.
    ``issuer`` is the hall, such as 长安区政务服务中心; ``caption`` what the box says, such as 电子印章.
    """

    key_file: Path
    certificate_file: Path
    chain_files: tuple[Path, ...]
    issuer: str
    caption: str
    fonts: Path

    def seal(self, document: BuiltDocument, moment: datetime) -> bytes:
        """Return the sealed PDF. Raises ``SealError`` when the key or certificate cannot be used any more."""
        from asn1crypto import cms, x509
        from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
        from pyhanko.pdf_utils.layout import AxisAlignment, InnerScaling, Margins, SimpleBoxLayoutRule
        from pyhanko.sign import fields, signers
        from pyhanko.stamp import StaticStampStyle

        # pyHanko adds names to these tables when it is imported, but not to their reverse, which may have been made before.
        tables: tuple[Any, ...] = (cms.CMSAttributeType, x509.ExtensionId)
        for table in tables:
            table._reverse_map = {name: number for number, name in table._map.items()}
        signer = signers.SimpleSigner.load(
            str(self.key_file), str(self.certificate_file), ca_chain_files=tuple(map(str, self.chain_files))
        )
        if not isinstance(signer, signers.SimpleSigner) or signer.signing_cert is None:
            raise SealError(f"{self.key_file.name} or {self.certificate_file.name} cannot be used")
        if signer.signing_cert.not_valid_after < moment:
            raise SealError(f"{self.certificate_file.name} has expired")
        signer.embed_roots = False  # whoever checks has the root; in the document nothing would protect it
        writer = IncrementalPdfFileWriter(io.BytesIO(document.pdf))
        fields.append_signature_field(writer, fields.SigFieldSpec(FIELD, on_page=-1, box=document.seal_box))
        metadata = signers.PdfSignatureMetadata(field_name=FIELD, md_algorithm="sha256", name=self.issuer)
        with tempfile.TemporaryDirectory(prefix="seal-") as directory:
            # pyHanko takes the picture of a stamp from a file only; nothing personal is in it.
            picture = Path(directory) / "seal.pdf"
            picture.write_bytes(self._picture(document.seal_box, moment))
            style = StaticStampStyle.from_pdf_file(
                str(picture),
                border_width=0,
                background_layout=SimpleBoxLayoutRule(
                    x_align=AxisAlignment.ALIGN_MID,
                    y_align=AxisAlignment.ALIGN_MID,
                    margins=Margins(0, 0, 0, 0),
                    inner_content_scaling=InnerScaling.STRETCH_FILL,
                ),
            )
            sealed = io.BytesIO()
            signers.PdfSigner(metadata, signer, stamp_style=style).sign_pdf(writer, output=sealed)
        return sealed.getvalue()

    def _picture(self, box: tuple[int, int, int, int], moment: datetime) -> bytes:
        """Draw the box: a red frame, the caption, who and when."""
        width, height = (box[2] - box[0]) / _POINTS, (box[3] - box[1]) / _POINTS
        page = new_page(self.fonts, spare_faces(self.issuer + self.caption, self.fonts), (width, height), "", moment)
        page.set_auto_page_break(False)
        page.set_draw_color(*_RED)
        page.set_text_color(*_RED)
        page.set_line_width(0.7)
        page.rect(0.6, 0.6, width - 1.2, height - 1.2)
        page.set_line_width(0.2)
        page.rect(1.8, 1.8, width - 3.6, height - 3.6)
        size = 12.0
        page.set_font("sc", "B", size)
        while page.get_string_width(self.issuer) > width - 8:
            size -= 0.5
            page.set_font("sc", "B", size)
        for text, style, points, top, line in (
            (self.issuer, "B", size, height * 0.17, 7),
            (self.caption, "B", 14.0, height * 0.43, 7),
            (moment.strftime("%Y-%m-%d %H:%M"), "", 9.0, height * 0.72, 5),
        ):
            page.set_xy(3, top)
            page.set_font("sc", style, points)
            page.cell(width - 6, line, text, align="C")
        return bytes(page.output())
