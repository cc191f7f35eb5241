"""The page in a real browser; skipped where there is none (`tools/get_browser.sh` gets one)."""

import math
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
if not CHROMIUM:
    pytest.skip("no browser: run tools/get_browser.sh", allow_module_level=True)

from playwright.sync_api import Browser, BrowserContext, Page, expect  # noqa: E402

ROOT = Path(__file__).parents[1]
SHOTS = os.environ.get("DIGITS_SHOTS")  # a folder: keep a picture of what each test sees at its end
FLAGS = [
    "--no-sandbox", "--disable-gpu",
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
]  # fmt: skip
Point = tuple[float, float]


def arc(x: float, y: float, rx: float, ry: float, begin: float, end: float) -> list[Point]:
    """Points on an ellipse, from one angle to another, in degrees, clockwise from the right."""
    angles = [math.radians(begin + (end - begin) * i / 24) for i in range(25)]
    return [(x + rx * math.cos(a), y + ry * math.sin(a)) for a in angles]


# Strokes in a box of 1x1.
DIGITS: dict[str, list[list[Point]]] = {
    "0": [arc(0.5, 0.5, 0.32, 0.5, -90, 270)],
    "1": [[(0.35, 0.2), (0.55, 0.0), (0.55, 1.0)]],
    "2": [[*arc(0.5, 0.28, 0.32, 0.28, -170, 40), (0.15, 1.0), (0.9, 1.0)]],
    "3": [arc(0.45, 0.25, 0.35, 0.25, -150, 90) + arc(0.45, 0.75, 0.4, 0.25, -90, 150)],
    "4": [[(0.6, 0.0), (0.1, 0.65), (0.9, 0.65)], [(0.68, 0.35), (0.68, 1.0)]],
    "5": [[(0.85, 0.0), (0.25, 0.0), (0.2, 0.45), *arc(0.45, 0.69, 0.38, 0.31, -120, 150)]],
    "6": [[(0.7, 0.0), (0.35, 0.35), *arc(0.5, 0.72, 0.3, 0.28, 180, -180)]],
    "7": [[(0.1, 0.0), (0.9, 0.0), (0.4, 1.0)]],
    "8": [arc(0.5, 0.25, 0.26, 0.25, 90, -270) + arc(0.5, 0.75, 0.32, 0.25, -90, 270)],
    "9": [[*arc(0.45, 0.28, 0.3, 0.28, 0, -360), (0.72, 1.0)]],
}
SCRIBBLE = [[(0.1 + 0.8 * ((i * 7) % 11) / 10, 0.1 + 0.8 * ((i * 5) % 9) / 8) for i in range(40)]]


@pytest.fixture(scope="module")
def address(serve: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("corrections")
    return serve("--model", "reader", "--model", "tiny", "--corrections", str(folder))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    options = getattr(request, "param", {})
    context = browser.new_context(viewport={"width": 1200, "height": 860}, **options)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield from opened(context, address, request.node.name)


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
    context.close()
    assert not wrong


def draw(page: Page, text: str, strokes: dict[str, list[list[Point]]] = DIGITS) -> None:
    """Draw digits side by side, with the mouse."""
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
            page.mouse.up()


@pytest.mark.parametrize("digit", DIGITS)
def test_a_drawn_digit_is_read(page: Page, digit: str) -> None:
    draw(page, digit)
    expect(page.locator("#text")).to_have_text(digit)
    expect(page.locator("#status")).to_contain_text("Read")
    expect(page.locator("#digits .bar")).to_have_count(3)
    expect(page.locator("#spoken")).to_have_text(f"Read: {digit}")


def test_a_number_is_read_and_shown_with_boxes(page: Page) -> None:
    draw(page, "4071")
    expect(page.locator("#text")).to_have_text("4071")
    expect(page.locator("#boxes rect")).to_have_count(4)
    expect(page.locator("#digits img")).to_have_count(4)
