"""Make the README's pictures anew: screens from a tour, and the dock in headless Chromium. Needs the set-up of script/test."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "docs" / "pictures"
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SCREENS = {"home": "home", "identify": "identify", "form-filled": "form", "receipt": "receipt"}


def smaller(source: Path, target: Path, width: int) -> None:
    """Write a picture at a README's size."""
    with Image.open(source) as picture:
        size = (width, round(picture.height * width / picture.width))
        picture.convert("RGB").resize(size, Image.Resampling.LANCZOS).quantize(128).save(target, optimize=True)


def screens(folder: Path) -> None:
    """Go through the enrolment and keep four of its screens."""
    kiosk = [sys.executable, "-m", "kiosk.cli", "tour", "medical_insurance_enrolment", "--out", str(folder)]
    subprocess.run([*kiosk, "--citizen", str(ROOT / "assets/citizens/li-ceshi.toml")], check=True, cwd=ROOT)
    for name, target in SCREENS.items():
        smaller(next(folder.glob(f"[0-9][0-9]-{name}.png")), OUT / f"{target}.png", 405)
    smaller(folder / "receipt-1.png", OUT / "paper.png", 405)


def dock(folder: Path) -> None:
    """Start training mode, put a card on the reader, and take the dock's picture."""
    kiosk = [sys.executable, "-m", "kiosk.cli"]
    place = ("--training-directory", str(folder / "training"))
    with subprocess.Popen(
        [*kiosk, "run", "--training", *place], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        url = ""
        for line in process.stdout:
            if "http://" in line and not url:
                url = "http://" + line.partition("http://")[2].strip()
            if "ready after" in line:
                break
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
                page = browser.new_page(viewport={"width": 1440, "height": 900})
                page.goto(url)
                subprocess.run([*kiosk, "sim", *place, "touch", "540", "1130"], check=True, cwd=ROOT)
                page.wait_for_timeout(3000)
                page.screenshot(path=folder / "dock.png")
                browser.close()
        finally:
            process.terminate()
    smaller(folder / "dock.png", OUT / "dock.png", 1100)


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="kiosk-pictures-"))
    try:
        screens(work)
        dock(work)
    finally:
        shutil.rmtree(work)
