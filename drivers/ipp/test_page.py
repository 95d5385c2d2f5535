"""The page that shows whether a printer prints straight, whole and dark: a grid, measured margins, greys and characters."""

from __future__ import annotations

from pathlib import Path

_WIDTH, _HEIGHT, _MARGIN = 210.0, 297.0, 10.0
_LEGIBLE = "骨直 张伟样 𠮷㛃䶮𪨊 ABC abc 0123456789"
_FACES = (("noto", "NotoSansSC-Regular.otf"), ("hana", "HanaMinB.ttf"))


def test_page(font_directory: Path) -> bytes:
    """Return one A4 page as PDF: frames at 5, 10 and 15 mm, a 10 mm grid, ten greys, the same line in four sizes."""
    from fpdf import FPDF

    page = FPDF(format="A4")
    page.set_auto_page_break(False)
    for name, file in _FACES:
        page.add_font(name, "", font_directory / file)
    page.set_fallback_fonts(["hana"])
    page.add_page()
    page.set_draw_color(190)
    page.set_line_width(0.1)
    for step in range(int(_MARGIN), int(_HEIGHT - _MARGIN) + 1, 10):
        page.line(_MARGIN, step, _WIDTH - _MARGIN, step)
        if step <= _WIDTH - _MARGIN:
            page.line(step, _MARGIN, step, _HEIGHT - _MARGIN)
    page.set_draw_color(0)
    page.set_line_width(0.3)
    page.set_font("noto", size=8)
    for inset in (5.0, 10.0, 15.0):
        page.rect(inset, inset, _WIDTH - 2 * inset, _HEIGHT - 2 * inset)
        page.text(inset + 1, inset + 3.5, f"{inset:.0f} mm")
    for shade in range(10):
        page.set_fill_color(255 - round(shade * 255 / 9))
        page.rect(30 + shade * 15, 40, 15, 20, style="DF")
    page.set_fill_color(255)
    for number, size in enumerate((8, 10, 14, 20)):
        page.set_font("noto", size=size)
        # Not text(): only cells take the second face for what the first one lacks.
        page.set_xy(30, 80 + number * 15)
        page.cell(150, 10, _LEGIBLE)
    return bytes(page.output())
