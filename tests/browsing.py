"""What tests of the page share: a browser, pages that fail on any error in them, drawing by mouse.

Importing this skips the tests where there is no browser (`tools/get_browser.sh` gets one).
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
if not CHROMIUM:
    pytest.skip("no browser: run tools/get_browser.sh", allow_module_level=True)

from axe_playwright_python.sync_playwright import Axe  # noqa: E402
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect  # noqa: E402

from tests.drawn import DIGITS, Point  # noqa: E402

__all__ = [
    "Browser", "Page", "Route", "begin_a_1", "draw", "expect", "faults", "launched", "opened",
    "until",
]  # fmt: skip
SHOTS = os.environ.get("DIGITS_SHOTS")  # a folder: keep a picture of what each test sees at its end
FLAGS = [
    "--no-sandbox", "--disable-gpu",
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
]  # fmt: skip
expect.set_options(timeout=180_000)  # cores are often shared with a training


@contextmanager
def launched() -> Iterator[Browser]:
    """A browser."""
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def opened(context: BrowserContext, address: str, name: str) -> Iterator[Page]:
    """A page that fails its test on any error in it and any request to elsewhere."""
    wrong: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda line: wrong.append(line.text) if "Security" in line.text else None)
    page.on("request", lambda r: None if r.url.startswith((address, "data:", "blob:"))
            else wrong.append(r.url))  # fmt: skip
    page.goto(address)
    yield page
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{re.sub('[^a-z0-9]+', '_', name)}.png", full_page=True)
    page.unroute_all(behavior="wait")  # an answer under way outlives no context
    context.close()
    assert not wrong


def begin_a_1(page: Page) -> None:
    """Draw a 1, the mouse's button still down at its foot."""
    box = page.locator("#pad").bounding_box()
    assert box
    page.mouse.move(box["x"] + 300, box["y"] + 90)
    page.mouse.down()
    page.mouse.move(box["x"] + 300, box["y"] + 290, steps=20)


def draw(
    page: Page,
    text: str,
    strokes: dict[str, list[list[Point]]] = DIGITS,
    meanwhile: Callable[[], object] = lambda: None,
) -> None:
    """Draw digits side by side, with the mouse; `meanwhile` is done within each stroke."""
    box = page.locator("#pad").bounding_box()
    assert box
    height = box["height"] * 0.55
    width = min(height * 0.7, box["width"] * 0.75 / len(text))
    for i, character in enumerate(text):
        left = box["x"] + box["width"] / 2 + (i - len(text) / 2) * width * 1.3
        for points in strokes[character]:
            for k, (x, y) in enumerate(points):
                page.mouse.move(left + x * width, box["y"] + box["height"] * 0.22 + y * height)
                if k == 0:
                    page.mouse.down()
                    meanwhile()
            page.mouse.up()


def until(page: Page, asked: list[Route], count: int) -> None:
    """Wait for so many requests."""
    for _ in range(600):
        if len(asked) >= count:
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{len(asked)} requests")


def faults(page: Page, width: int) -> list[tuple[str, str]]:
    """What keeps somebody from using the page: what axe-core finds, and what is wider than the
    window of `width` pixels."""
    wide = page.evaluate("document.documentElement.scrollWidth")
    found = Axe().run(page).response["violations"]
    too_wide = [("wide", f"{wide} px in a window of {width} px")] * (wide > width)
    return too_wide + [(one["id"], one["nodes"][0]["html"]) for one in found]
