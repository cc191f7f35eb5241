"""Draw the pictures of the page in docs/figures: a number drawn by mouse, one on a telephone in
dark mode, a form, and how a number was read. Needs a browser (tools/get_browser.sh). Seeded.

    python tools/draw_page.py
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, ViewportSize, expect, sync_playwright

from digits.data import strokes

ROOT = Path(__file__).parents[1]
FIGURES = ROOT / "docs" / "figures"
DESK, PHONE = ViewportSize(width=1200, height=900), ViewportSize(width=390, height=844)
STEP, HIGH = 0.21, 1.05  # from one digit to the next, of the pad; a digit's height, of that
PATIENCE_MS = 60_000


@contextmanager
def serving() -> Iterator[str]:
    """The address of a server with the shipped reader."""
    command = [sys.executable, str(ROOT / "src" / "serve.py"), "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().split()[2]
        finally:
            process.terminate()


def draw(page: Page, number: str, rng: np.random.Generator) -> None:
    """Write a number on the page with the mouse."""
    pad = page.locator("#pad").bounding_box()
    assert pad
    for k, digit in enumerate(number):
        bent = strokes.bend(strokes.STYLES[int(digit)][0], rng, strokes.slanted(rng))
        points = np.concatenate(bent)
        step = STEP * pad["width"]
        scale = HIGH * step / np.ptp(points[:, 1])
        place = pad["x"] + step * (k + 0.5), pad["y"] + (pad["height"] - HIGH * step) / 2
        for stroke in bent:
            at = (stroke - points.min(axis=0)) * scale + place
            page.mouse.move(*at[0])
            page.mouse.down()
            for x, y in at[1:]:
                page.mouse.move(x, y)
            page.mouse.up()


def shoot(page: Page, address: str, number: str, path: Path) -> None:
    """A picture of the page with a number that was drawn and read."""
    page.goto(address)
    draw(page, number, np.random.default_rng(3))
    expect(page.locator("#text")).to_have_text(number)
    page.screenshot(path=path, full_page=True)


def main() -> None:
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as p, serving() as address:
        browser = p.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        phone = browser.new_page(viewport=PHONE, color_scheme="dark", is_mobile=True)
        shoot(phone, address, "407", FIGURES / "page_phone.png")
        page = browser.new_page(viewport=DESK)
        shoot(page, address, "4071", FIGURES / "page.png")
        page.locator("#choose").set_input_files(FIGURES / "form.jpg")
        expect(page.locator("#text")).to_contain_text("3862")
        page.screenshot(path=FIGURES / "form_page.png", full_page=True)
        page.locator("#choose").set_input_files(ROOT / "test_images" / "number.png")
        expect(page.locator("#text")).to_have_text("40917")
        page.locator("#explain").click()
        expect(page.locator("#why-picture")).to_be_visible()
        page.screenshot(path=FIGURES / "page_explain.png")
        browser.close()


if __name__ == "__main__":
    main()
